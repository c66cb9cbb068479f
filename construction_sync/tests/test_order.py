"""Order per object, through the door and the drain (FA-E)."""

import random
from datetime import datetime, timedelta, timezone
from unittest.mock import patch

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from odoo.tests import new_test_user

from ..pipeline import drain, outcome
from .interface_case import InterfaceCase
from .rows import rows

START = datetime(2026, 1, 5, tzinfo=timezone.utc)


class OrderCase(InterfaceCase):
    def version(self, number, name=None, external_id="v1", minutes=None, **attributes):
        """Version ``number`` of a vendor, made ``minutes`` after the start."""
        made = START + timedelta(minutes=number if minutes is None else minutes)
        return self.vendor(
            external_id,
            name or f"Version {number}",
            sequence=str(number),
            time=made.isoformat(),
            **attributes,
        )


class TestOrder(OrderCase):
    @rows("FA-E01", "F66")
    def test_an_older_version_after_a_newer_one_is_superseded(self):
        newest, *older = (self.send(self.version(n)) for n in (3, 1, 2))
        self.drain()
        self.assertEqual(newest.state, "applied")
        for message in older:
            self.assertEqual(message.state, "superseded")
            self.assertEqual(message.superseded_by_id, newest)
        self.assertEqual(self.linked("v1").name, "Version 3")
        self.assertEqual(self.binding("v1").version, "3")

    @rows("FA-E01", "F66")
    def test_it_is_the_same_when_each_arrives_after_the_other_was_applied(self):
        for number in (3, 1, 2):
            self.send(self.version(number))
            self.drain()
        self.assertEqual(self.states(), ["applied", "superseded", "superseded"])
        self.assertEqual(self.linked("v1").name, "Version 3")

    @rows("FA-E02", "F66")
    def test_a_change_waits_for_the_one_before_it(self):
        self.flow().ordering = "delta"
        self.send(self.version(1))
        third = self.send(self.version(3))
        self.drain()
        self.assertEqual(third.state, "waiting")
        self.assertEqual(self.linked("v1").name, "Version 1")
        self.send(self.version(2))
        self.drain()
        self.assertEqual(self.states(), ["applied"] * 3)
        self.assertEqual(self.linked("v1").name, "Version 3")
        changes = self.audit(doc_key="portal/vendor/v1", action="updated")
        self.assertEqual(
            [entry.message_id.version for entry in changes][-2:], ["2", "3"]
        )

    @rows("FA-E02")
    def test_a_change_whose_predecessor_never_comes_is_set_before_a_person(self):
        self.flow().ordering = "delta"
        self.send(self.version(1))
        third = self.send(self.version(3))
        self.drain()
        self.later(minutes=16)
        self.drain()
        self.assertEqual(third.state, "exception")
        self.assertEqual(third.exception_id.kind, "version-gap")
        self.assertIn("version 2", third.exception_id.name)
        self.assertEqual(self.linked("v1").name, "Version 1")

    @rows("FA-E03")
    def test_the_same_version_with_other_content_is_set_before_a_person(self):
        self.send(self.version(2, "One"))
        self.drain()
        other = self.send(self.version(2, "Two"))
        self.drain()
        self.assertEqual(other.state, "exception")
        self.assertEqual(other.exception_id.kind, "version-conflict")
        self.assertEqual(self.linked("v1").name, "One")

    @rows("FA-E04")
    def test_a_version_that_is_no_positive_64_bit_number_is_refused(self):
        with self.assertNothingStored():
            for sequence in ("0", "-1", "9223372036854775808", "1.0", "", 3):
                response = self.post(self.vendor(sequence=sequence))
                self.assertProblem(response, 400, "envelope-invalid", "/sequence")
        last = self.send(self.vendor(sequence="9223372036854775807"))
        self.drain()
        self.assertEqual(last.state, "applied")

    @rows("FA-E05")
    def test_a_source_that_counts_anew_is_set_before_a_person(self):
        self.send(self.version(7))
        self.drain()
        restored = self.send(self.version(1, "After the restore", minutes=60))
        self.drain()
        self.assertEqual(restored.state, "exception")
        self.assertEqual(restored.exception_id.kind, "epoch-change")
        self.assertEqual(self.linked("v1").name, "Version 7")

    @rows("FA-E06")
    def test_a_hot_object_does_not_keep_the_others_waiting(self):
        hot = [self.version(n, external_id="hot") for n in range(1, 601)]
        others = [self.vendor(f"o{n}", f"Other {n}") for n in range(100)]
        self.send(*hot[:300], *others[:50], *hot[300:], *others[50:])
        self.drain()
        self.assertEqual(set(self.states()), {"applied"})
        self.assertEqual(self.linked("hot").name, "Version 600")
        noted = self.audit(doc_key="portal/vendor/hot")
        self.assertEqual(
            [int(e.message_id.version) for e in noted], list(range(1, 601))
        )
        self.assertEqual(len(self.vendors("Other 99")), 1)

    def poisoned(self):
        """Three messages of one object, the middle one poison, and one of another."""
        first = self.project("p1", "P-1", fields={"name": "First"})
        poison = self.project("p1", "P-1", fields={"cost_codes": ["03 30 99"]})
        last = self.project("p1", "P-1", fields={"name": "Last"})
        return self.send(first, poison, last, self.project("p2", "P-2"))

    @rows("FA-E07", "F69")
    def test_poison_stops_its_object_and_no_other(self):
        first, poison, last, other = self.poisoned()
        self.drain()
        self.assertEqual(
            [m.state for m in (first, poison, last, other)],
            ["applied", "exception", "waiting", "applied"],
        )
        self.assertEqual(self.linked("p1", "project").name, "First")
        exception = poison.exception_id
        self.assertEqual((exception.record_count, exception.behind_count), (1, 1))

    @rows("FA-E08", "F65")
    def test_once_it_is_cleared_the_object_goes_on_in_order(self):
        _first, poison, last, _other = self.poisoned()
        self.drain()
        code = self.env["construction.cost.code"].create(
            {"code": "03 30 01", "name": "Concrete"}
        )
        poison.exception_id.action_map_to(code)
        self.drain()
        self.assertEqual((poison.state, last.state), ("applied", "applied"))
        project = self.linked("p1", "project")
        self.assertEqual(project.name, "Last")
        self.assertEqual(project.construction_cost_code_ids, code)
        noted = self.audit(doc_key=f"portal/project@{self.company.id}/p1")
        landed = noted.filtered(lambda e: e.action in ("created", "updated"))
        self.assertEqual(landed.message_id.ids, sorted(landed.message_id.ids))

    @rows("FA-E08")
    def test_once_it_is_discarded_what_waited_behind_goes_on(self):
        _first, poison, last, _other = self.poisoned()
        self.drain()
        poison.exception_id.action_discard("Sent by mistake")
        self.drain()
        self.assertEqual((poison.state, last.state), ("discarded", "applied"))
        self.assertEqual(self.linked("p1", "project").name, "Last")

    @rows("F66")
    def test_a_child_waits_for_its_parent_and_runs_when_it_lands(self):
        child = self.send(
            self.event(
                "w1", {"project": "p1", "code": "A", "name": "Structure"}, "wbs_node"
            )  # fmt: skip
        )
        self.drain()
        self.assertEqual(child.state, "waiting")
        self.send(self.project("p1"))
        self.drain()
        self.assertEqual(child.state, "applied")
        self.assertEqual(self.linked("w1", "wbs_node").project_id,
                         self.linked("p1", "project"))  # fmt: skip

    @rows("F66", "FA-E09")
    def test_who_parked_while_its_parent_landed_is_seen_after_the_commit(self):
        """Two workers whose transactions overlap: neither sees the other's rows."""
        child = self.send(
            self.event(
                "w1", {"project": "p1", "code": "A", "name": "Structure"}, "wbs_node"
            )  # fmt: skip
        )
        self.drain()
        self.send(self.project("p1"))
        with patch.object(outcome, "_wake", lambda *_args: set()):
            drain.run(self.registry, 60, self.flow("project").ids)
        self.env.invalidate_all()
        self.assertEqual(child.state, "ready", "not seen after the commit")
        self.drain()
        self.assertEqual(child.state, "applied")

    @rows("F66")
    def test_a_tree_that_comes_leaves_first_lands_whole(self):
        nodes = [
            self.event(f"w{n}", {"project": "p1", "code": str(n), "name": f"Node {n}",
                                 **({"parent": f"w{n - 1}"} if n > 1 else {})},
                       "wbs_node")
            for n in range(4, 0, -1)
        ]  # fmt: skip
        for event in (*nodes, self.project("p1")):
            self.send(event)
            self.drain()
        self.sweep()
        self.drain()
        self.assertEqual(set(self.states()), {"applied"})
        self.assertEqual(self.linked("w4", "wbs_node").path, "1 › 2 › 3 › 4")

    @rows("F66")
    def test_a_child_whose_parent_never_comes_is_set_before_a_person(self):
        child = self.send(
            self.event("w1", {"project": "p9", "code": "A", "name": "A"}, "wbs_node")
        )
        self.drain()
        self.later(minutes=16)
        self.drain()
        self.assertEqual(child.state, "exception")
        self.assertEqual(child.exception_id.kind, "parent-missing")
        self.assertIn("p9", child.exception_id.name)

    @rows("F66", "FA-D17")
    def test_a_deletion_and_what_follows_it_keep_their_order(self):
        self.send(
            self.version(1), self.gone("v1", sequence="2"), self.version(3, minutes=90)
        )
        self.drain()
        self.assertEqual(self.states(), ["applied"] * 3)
        partner = self.linked("v1")
        self.assertEqual((partner.active, partner.name), (True, "Version 3"))
        self.assertEqual(len(self.vendors("Version 3")), 1)

    @rows("FA-D17")
    def test_a_record_that_was_removed_in_odoo_is_never_made_again(self):
        self.send(self.version(1))
        self.drain()
        user = new_test_user(self.env, "pat", "construction_sync.group_procurement")
        self.linked("v1").with_user(user).action_archive()
        message = self.send(self.version(2))
        self.drain()
        self.assertEqual(message.state, "exception")
        self.assertEqual(message.exception_id.kind, "record-removed")
        self.assertEqual(len(self.vendors("Version 1")), 1)


class TestAnyOrder(OrderCase):
    @rows("FA-E10", "F66")
    @settings(
        max_examples=12, deadline=None,
        suppress_health_check=[HealthCheck.differing_executors],
    )  # fmt: skip
    @given(st.randoms(use_true_random=False))
    def test_every_order_in_any_batches_ends_in_the_same_state(self, chance):
        """Versions of three vendors, shuffled and doubled, drained in between."""
        mark = next(self.numbers)
        ids = [f"x{mark}-{n}" for n in range(3)]
        events = [
            self.version(n, f"{x} version {n}", x) for x in ids for n in range(1, 5)
        ]
        events += [dict(chance.choice(events), id=f"twin-{mark}-{n}") for n in range(6)]
        chance.shuffle(events)
        while events:
            cut = chance.randint(1, len(events))
            self.send(*events[:cut])
            events = events[cut:]
            if chance.random() < 0.7:
                self.drain()
        self.drain()
        for x in ids:
            self.assertEqual(self.linked(x).name, f"{x} version 4")
            self.assertEqual(self.binding(x).version, "4")
            self.assertLessEqual(
                set(self.states(x)), {"applied", "superseded", "duplicate"}
            )

    @rows("FA-E10", "FA-E02")
    def test_changes_in_any_order_are_all_applied_in_theirs(self):
        self.flow().ordering = "delta"
        chance = random.Random(7)
        for round_ in range(4):
            x = f"d{round_}"
            self.send(self.version(1, external_id=x))
            numbers = list(range(2, 8))
            chance.shuffle(numbers)
            for number in numbers:
                self.send(self.version(number, external_id=x))
                if chance.random() < 0.5:
                    self.drain()
            self.drain()
            self.assertEqual(set(self.states(x)), {"applied"}, numbers)
            self.assertEqual(self.linked(x).name, "Version 7")
