"""What fails, fails alone (F69)."""

from contextlib import contextmanager
from unittest.mock import patch

from odoo.exceptions import UserError
from odoo.tools import mute_logger

from .interface_case import InterfaceCase
from .rows import rows


class TestIsolation(InterfaceCase):
    def failing(self, *names, error=UserError):
        """Let Odoo refuse every batch that creates one of these vendors, as a
        constraint of another module would."""
        partners = type(self.env["res.partner"])
        create = partners.create

        def guarded(records, vals_list):
            if bad := {v.get("name") for v in vals_list} & set(names):
                raise error(f"{', '.join(sorted(bad))} is on the blacklist.")
            return create(records, vals_list)

        return patch.object(partners, "create", guarded)

    @rows("F69")
    def test_one_bad_of_two_hundred_fails_alone(self):
        messages = self.send(*(self.vendor(f"v{n}", f"Vendor {n}") for n in range(200)))
        with self.failing("Vendor 77"):
            self.drain()
        bad = messages[77]
        self.assertEqual(bad.state, "exception")
        self.assertIn("blacklist", bad.exception_id.name)
        self.assertEqual(set((messages - bad).mapped("state")), {"applied"})
        self.assertFalse(self.linked("v77"))
        created = self.audit(system_id=self.system.id, action="created")
        self.assertEqual(len(created), 199)

    @rows("F69", "F65")
    def test_the_bad_one_lands_once_its_cause_is_gone(self):
        self.send(self.vendor("v1", "Ace"), self.vendor("v2", "Bolt"))
        with self.failing("Bolt"):
            self.drain()
        self.exceptions().action_retry()
        self.drain()
        self.assertEqual(self.states(), ["applied", "applied"])
        self.assertEqual(len(self.vendors("Ace")), 1)
        self.assertEqual(self.exceptions().state, "resolved")

    @rows("F69")
    def test_several_bad_ones_are_found_each(self):
        bad = {3, 41, 42, 119}
        messages = self.send(*(self.vendor(f"v{n}", f"Vendor {n}") for n in range(120)))
        with self.failing(*(f"Vendor {n}" for n in bad)):
            self.drain()
        states = {n: messages[n].state for n in range(120)}
        self.assertEqual({n for n, s in states.items() if s == "exception"}, bad)
        self.assertEqual({s for n, s in states.items() if n not in bad}, {"applied"})
        self.assertEqual(len(self.exceptions()), 4)

    @rows("F69", "F08")
    def test_a_broken_project_does_not_stop_others(self):
        messages = self.send(
            self.project("p1", "P-1"),
            self.project("p2", "P-2", fields={"currency": "XTS"}),
            self.project("p3", "P-3", fields={"cost_codes": ["03 30 99"]}),
            self.project("p4", "P-4", fields={"company": "nowhere"}),
            self.project("p5", "P-5", fields={"customer": "unknown"}),
            self.project("p6", "P-6"),
        )  # fmt: skip
        self.drain()
        self.assertEqual(
            messages.mapped("state"),
            ["applied", "exception", "exception", "exception", "waiting", "applied"],
        )
        self.assertEqual(len(self.exceptions()), 3)

    @contextmanager
    def refusing(self, name):
        """Let Odoo refuse every write and every create of vendors with this name."""
        partners = type(self.env["res.partner"])
        write = partners.write

        def guarded(records, vals):
            if vals.get("name") == name:
                sentence = f"{name} is on the blacklist."
                raise UserError(sentence)
            return write(records, vals)

        with self.failing(name), patch.object(partners, "write", guarded):
            yield

    @rows("F69")
    def test_of_changes_of_one_object_the_good_ones_before_the_bad_land(self):
        self.flow().on_error = "skip"
        messages = self.send(
            *(
                self.vendor("v1", name, sequence=str(n))
                for n, name in enumerate(("First", "Second", "Bad"), 1)
            )
        )
        with self.refusing("Bad"):
            self.drain()
        self.assertEqual(messages.mapped("state"), ["applied", "applied", "exception"])
        self.assertEqual(self.linked("v1").name, "Second")
        self.assertEqual(len(self.vendors("Second")), 1)
        self.assertEqual(self.binding("v1").version, "2")
        self.send(self.vendor("v1", "Third", sequence="4"))
        self.drain()
        self.assertEqual((self.linked("v1").name, self.binding("v1").version),
                         ("Third", "4"))  # fmt: skip

    @rows("F69", "F66")
    def test_of_changes_of_one_object_those_behind_the_bad_one_wait(self):
        self.send(self.vendor("v1", "First"))
        self.drain()
        messages = self.send(
            *(self.vendor("v1", name) for name in ("Second", "Bad", "Last"))
        )
        with self.refusing("Last"):
            self.drain()
        self.assertEqual(messages.mapped("state"), ["applied", "applied", "exception"])
        self.assertEqual(self.linked("v1").name, "Bad")
        messages = self.send(*(self.vendor("v1", name) for name in ("Third", "Fourth")))
        self.drain()
        self.assertEqual(messages.mapped("state"), ["waiting", "waiting"])
        self.exceptions().action_discard("Never mind")
        self.drain()
        self.assertEqual(messages.mapped("state"), ["applied", "applied"])
        self.assertEqual(self.linked("v1").name, "Fourth")

    @rows("F69", "F63")
    def test_an_error_that_nobody_foresaw_is_that_of_its_message_alone(self):
        messages = self.send(
            self.vendor("v1", "Ace"),
            self.vendor("v2", "Bolt"),
            self.vendor("v3", "Cap"),
        )
        with (
            self.failing("Bolt", error=RuntimeError),
            mute_logger("odoo.addons.construction_sync.pipeline.applying"),
        ):
            self.drain()
        self.assertEqual(messages.mapped("state"), ["applied", "retry", "applied"])

    @rows("F69")
    def test_a_system_that_floods_does_not_keep_another_waiting(self):
        other = self.new_system("other", "Other")
        _client, key = self.new_client("Other's", other)
        self.flow().batch_size = 10
        self.send(*(self.vendor(f"v{n}", f"Vendor {n}") for n in range(200)))
        late = self.send(self.vendor("o1", "Late", source="other"), key=key)
        self.drain()
        before = self.audit(action="created", res_model="res.partner").filtered(
            lambda e: e.message_id.id < late.id
        )
        landed = self.audit(message_id=late.id, action="created")
        self.assertGreater(len(before.filtered(lambda e: e.id > landed.id)), 150)
