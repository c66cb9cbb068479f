"""Fetching lists from a REST system: nothing missed, nothing twice (FA-H05 to H18)."""

import json
from unittest.mock import patch

from ..pipeline import fetching, lanes
from .foreign_server import Reply
from .rest_case import RestCase
from .rows import rows


class TestFetching(RestCase):
    def names(self):
        return [m.external_id for m in self.messages()]

    def dies(self):
        """The process dies while fetching; what was committed stands."""
        try:
            self.fetch()
        except MemoryError:
            self.env.invalidate_all()
        else:
            self.fail("it did not die")

    def test_a_list_becomes_vendors_and_coming_again_costs_nothing(self):
        self.records = [
            self.record(1, contact={"email": "a@b.example"}), self.record(2)
        ]  # fmt: skip
        self.fetch()
        self.drain()
        self.assertEqual(self.linked("1").name, "Vendor 1")
        self.assertEqual(self.linked("1").email, "a@b.example")
        self.assertIn("2 new or changed", self.mark().last_words)
        self.again()
        self.assertEqual(self.names(), ["1", "2"])
        self.assertEqual(self.states(), ["applied", "applied"])

    def test_a_change_that_is_taken_back_is_two_changes(self):
        for name in ("Ace", "Ace Concrete", "Ace"):
            self.records = [self.record(1, company_name=name)]
            self.again() if self.mark() else self.fetch()
            self.drain()
            self.assertEqual(self.linked("1").name, name)
        self.assertEqual(self.states(), ["applied"] * 3)

    def test_a_field_that_is_absent_stays_and_null_clears(self):
        self.records = [self.record(1, contact={"email": "a@b.example"}, vat="BE1")]
        self.fetch()
        self.drain()
        self.records = [self.record(1, contact={"email": None})]
        self.again()
        self.drain()
        self.assertFalse(self.linked("1").email)
        self.assertEqual(self.linked("1").vat, "BE1")

    @rows("FA-H13")
    def test_a_crash_between_pages_keeps_the_pages_and_goes_on_from_there(self):
        self.list.write({"paging": "page", "page_size": 2})
        pages = {"1": [1, 2], "2": [3, 4], "3": [5]}

        def answer(call):
            numbers = pages.get(call.parameters["page"], [])
            return Reply({"data": [self.record(n) for n in numbers]})

        self.server.answer = answer
        real, stored = fetching.store_page, []

        def dies(cr, *arguments):
            if len(stored) == 2:
                raise MemoryError("killed")
            stored.append(1)
            return real(cr, *arguments)

        with patch.object(fetching, "store_page", dies):
            self.dies()
        self.assertEqual(self.names(), ["1", "2", "3", "4"])
        self.assertEqual(self.mark().cursor["page"], 3)
        asked = len(self.server.calls)
        self.fetch()
        self.assertEqual(self.names(), ["1", "2", "3", "4", "5"])
        self.assertEqual(self.server.calls[asked].parameters["page"], "3")
        self.assertFalse(self.mark().cursor)

    @rows("FA-H13")
    def test_a_cursor_that_has_expired_begins_the_list_again(self):
        self.list.write({"paging": "cursor", "next_at": "next"})
        expired = True

        def answer(call):
            if call.parameters.get("cursor") and expired:
                return Reply(status=400)
            if call.parameters.get("cursor"):
                return Reply({"data": [self.record(2)]})
            return Reply({"data": [self.record(1)], "next": "c2"})

        self.server.answer = answer
        self.fetch()
        self.again()
        self.assertTrue(self.mark().cursor)
        self.again()
        self.assertFalse(self.mark().cursor)
        expired = False
        self.again()
        self.assertEqual(self.names(), ["1", "2"])

    @rows("FA-H13")
    def test_the_place_is_not_kept_when_the_page_is_not(self):
        self.list.write({"paging": "page", "page_size": 2})
        self.records = [self.record(1)]
        real = fetching.intake.store_in

        def refuses(cr, entries):
            real(cr, entries)
            raise MemoryError("killed")

        with patch.object(fetching.intake, "store_in", refuses):
            self.dies()
        self.assertFalse(self.messages())
        self.assertFalse(self.mark().cursor)

    @rows("FA-H13")
    def test_changes_are_asked_for_from_before_the_newest_one_known(self):
        self.list.write({"time_at": "changed", "since_parameter": "since"})
        self.flow().fetch_overlap_minutes = 10
        self.records = [self.record(1, changed="2026-03-01T10:00:00Z"),
                        self.record(2, changed="2026-03-01T08:00:00Z")]  # fmt: skip
        self.fetch()
        self.assertNotIn("since", self.server.calls[0].parameters)
        # one that became visible late, and one that comes again
        self.records = [self.record(1, changed="2026-03-01T10:00:00Z"),
                        self.record(3, changed="2026-03-01T09:55:00Z")]  # fmt: skip
        self.again()
        self.assertEqual(
            self.server.calls[-1].parameters["since"], "2026-03-01T09:50:00Z"
        )
        self.assertEqual(self.names(), ["1", "2", "3"])

    @rows("FA-H13")
    def test_a_clock_ahead_of_the_world_skips_nothing(self):
        self.list.write({"time_at": "changed", "since_parameter": "since"})
        self.records = [self.record(1, changed="2199-01-01T00:00:00Z")]
        self.fetch()
        self.assertLess(self.mark().watermark.year, 2199)

    @rows("FA-H13")
    def test_records_that_move_between_two_pages_are_not_skipped(self):
        self.list.write({"paging": "offset", "page_size": 20, "size_parameter": "n"})
        everyone = list(range(1, 31))

        def answer(call):
            start = int(call.parameters["offset"])
            page = everyone[start : start + 20]
            if start == 0:
                everyone.remove(1)
            return Reply({"data": [self.record(n) for n in page]})

        self.server.answer = answer
        self.fetch()
        self.assertEqual({int(n) for n in self.names()}, set(range(1, 31)))

    @rows("FA-H13")
    def test_two_processes_never_read_one_list_at_once(self):
        other = lanes.LaneSession(self.env.cr.dbname)
        self.addCleanup(other.close)
        other.execute(
            "SELECT pg_advisory_lock(%s, %s)", fetching.FETCH_SPACE, self.flow().id
        )
        self.records = [self.record(1)]
        self.assertEqual(self.fetch(), (0, False))
        self.assertFalse(self.server.calls)

    def test_an_unchanged_list_is_asked_for_with_its_tag(self):
        def answer(call):
            if call.headers.get("If-None-Match") == '"v1"':
                return Reply(status=304)
            return Reply({"data": [self.record(1)]}, headers={"ETag": '"v1"'})

        self.server.answer = answer
        self.fetch()
        self.again()
        self.assertEqual(self.mark().last_words, "Nothing has changed.")
        self.assertEqual(self.names(), ["1"])

    def test_a_page_that_names_itself_or_a_circle_ends(self):
        self.list.write({"paging": "next_link", "next_at": "next"})
        base = self.server.address
        nexts = {"/v1/vendors": "/a", "/a": "/b", "/b": "/c", "/c": "/a", "/s": "/s"}

        def answer(call):
            return Reply({"data": [self.record(1)], "next": base + nexts[call.path]})

        self.server.answer = answer
        pages, left = self.fetch()
        self.assertLess(pages, 12)
        self.assertFalse(left)
        self.list.list_path = "/s"
        self.flow().action_fetch_all()
        self.assertEqual(self.fetch(), (2, False))
        self.assertEqual(self.server.calls[-1].target, "/s")

    def test_a_next_page_on_another_host_is_refused(self):
        self.list.write({"paging": "link_header"})
        self.server.answer = lambda call: Reply(
            {"data": [self.record(1)]},
            headers={"Link": '<http://169.254.169.254/latest>; rel="next"'},
        )
        self.fetch()
        self.assertFalse(self.messages())
        self.assertIn("another host", self.mark().last_words)

    def test_link_header_and_cursor_are_followed(self):
        self.list.write({"paging": "link_header"})
        link = f'<{self.server.address}/v1/vendors?p=2>; rel="next", <x>; rel="last"'

        def answer(call):
            if "p" in call.parameters:
                return Reply({"data": [self.record(2)]})
            return Reply({"data": [self.record(1)]}, headers={"Link": link})

        self.server.answer = answer
        self.fetch()
        self.assertEqual(self.names(), ["1", "2"])
        self.list.write({"paging": "cursor", "next_at": "meta.next"})

        def by_cursor(call):
            at = call.parameters.get("cursor")
            following = {None: "x1", "x1": "x2"}.get(at)
            return Reply({"data": [self.record(f"c{at}")], "meta": {"next": following}})

        self.server.answer = by_cursor
        self.again()
        self.assertEqual(self.names()[2:], ["cNone", "cx1", "cx2"])

    @rows("FA-H06")
    def test_half_an_answer_stores_nothing_and_is_asked_for_again(self):
        whole = json.dumps({"data": [self.record(n) for n in range(50)]}).encode()
        for reply in (
            Reply(whole, cut=700),
            Reply(whole[:700], length=False),
            Reply(whole[:700]),
        ):
            with self.subTest(length=reply.length, cut=reply.cut):
                self.server.answer = lambda call, reply=reply: reply
                self.again() if self.mark() else self.fetch()
                self.assertFalse(self.messages())
                self.assertTrue(self.mark().failures)
        self.records = [self.record(1)]
        self.server.answer = self.answer
        self.again()
        self.assertEqual(self.names(), ["1"])
        self.assertEqual(self.mark().failures, 0)

    @rows("FA-H05")
    def test_a_dripping_answer_is_cut_at_the_deadline(self):
        self.system.timeout_seconds = 1
        self.server.answer = lambda call: Reply(
            json.dumps({"data": [self.record(1)]}).encode(), drip=0.2
        )
        self.fetch()
        self.assertFalse(self.messages())
        self.assertEqual(self.mark().failures, 1)

    @rows("FA-H05")
    def test_an_answer_without_end_is_cut(self):
        self.server.answer = lambda call: Reply(b" " * (9 << 20))
        self.fetch()
        self.assertFalse(self.messages())
        self.assertEqual(self.mark().failures, 1)

    @rows("FA-H07")
    def test_a_200_that_says_it_is_an_error_is_one(self):
        self.list.error_at = "errors"
        self.server.answer = lambda call: Reply(
            {"data": [self.record(1)], "errors": ["The session has ended"]}
        )
        self.fetch()
        self.assertFalse(self.messages())
        self.assertIn("The session has ended", self.mark().last_words)

    def test_a_system_that_asks_to_wait_is_left_alone_as_a_whole(self):
        other = self.env["construction.sync.flow"].create(
            {"system_id": self.system.id, "entity": "project", "state": "live",
             "fetches": True}
        )  # fmt: skip
        self.server.answer = lambda call: Reply(
            status=429, headers={"Retry-After": "120"}
        )
        self.fetch()
        self.assertEqual(len(self.server.calls), 1)
        self.assertEqual(self.fetch(self.flow(), other), (0, False))
        self.assertEqual(len(self.server.calls), 1)
        wait = (self.mark().due_at - self.mark().last_run).total_seconds()
        self.assertAlmostEqual(wait, 120, delta=2)
        self.assertFalse(self.exceptions())

    def test_a_person_is_told_when_it_keeps_failing_and_no_more_when_it_works(self):
        self.server.answer = lambda call: Reply(status=500)
        self.fetch()
        self.again()
        self.assertFalse(self.exceptions())
        self.again()
        told = self.exceptions(kind="fetch-failed")
        self.assertIn("500", told.name)
        self.server.answer = self.answer
        self.again()
        self.assertEqual(told.state, "resolved")

    def test_a_refused_login_is_told_at_once(self):
        self.server.answer = lambda call: Reply(status=401)
        self.fetch()
        self.assertEqual(self.exceptions().mapped("kind"), ["fetch-failed"])

    @rows("FA-H14")
    def test_records_of_somebody_else_are_refused_and_reported(self):
        self.list.write({"scope_at": "owner.id", "scope_values": "77"})
        self.records = [
            self.record(1, owner={"id": 77}), self.record(2, owner={"id": 78}),
            self.record(3),
        ]  # fmt: skip
        self.fetch()
        self.assertEqual(self.names(), ["1"])
        told = self.exceptions(kind="foreign-record")
        self.assertIn("78", told.name)
        self.assertEqual(
            self.audit(system_id=self.system.id, action="refused").mapped("reason"),
            [told.name],
        )

    @rows("FA-H14")
    def test_another_object_than_the_one_asked_for_is_refused(self):
        self.list.write({"item_path": "/v1/vendors/{id}", "items_at": "ids"})

        def answer(call):
            if call.path == "/v1/vendors":
                return Reply({"ids": [1, 2]})
            return Reply(self.record(1))

        self.server.answer = answer
        self.fetch()
        self.assertFalse(self.messages())
        self.assertIn("another object", self.mark().last_words)

    @rows("FA-H18")
    def test_a_field_that_comes_goes_or_turns_is_reported_and_stops_nothing(self):
        self.records = [self.record(n, vat=f"BE{n}", rate=5) for n in (1, 2)]
        self.fetch()
        self.assertFalse(self.exceptions())
        self.records = [
            {"id": n, "company_name": f"Vendor {n}", "rate": "five", "tier": "A"}
            for n in (1, 2, 3)
        ]
        self.again()
        told = self.exceptions(kind="schema-drift")
        for words in ("tier is new", "vat is gone", "rate is text, was number"):
            self.assertIn(words, told.name)
        self.drain()
        self.assertEqual(self.linked("3").name, "Vendor 3")
        self.again()
        self.assertEqual(len(self.exceptions()), 1, "the same drift is told once")

    @rows("F69", "FA-H18")
    def test_one_bad_record_fails_alone(self):
        self.records = [
            self.record(1), {"company_name": "No id"}, self.record(3, company_name=5),
            self.record(4, company_name=["x"]), self.record(5),
        ]  # fmt: skip
        self.fetch()
        self.drain()
        self.assertEqual(
            {m.external_id: m.state for m in self.messages()},
            {"1": "applied", "3": "applied", "4": "exception", "5": "applied"},
        )
        self.assertEqual(self.linked("3").name, "5")
        kinds = self.exceptions().mapped("kind")
        self.assertCountEqual(kinds, ["record-unreadable", "schema-invalid"])

    def test_a_deleted_record_is_a_deletion(self):
        self.list.deleted_at = "state == 'removed'"
        self.records = [self.record(1, state="ok")]
        self.fetch()
        self.drain()
        vendor = self.linked("1")
        self.records = [self.record(1, state="removed")]
        self.again()
        self.drain()
        self.assertFalse(vendor.active)

    def test_preview_fetches_and_writes_nothing_and_off_fetches_nothing(self):
        self.flow().action_preview()
        self.records = [self.record(1)]
        self.fetch()
        self.drain()
        self.assertEqual(self.states(), ["waiting"])
        self.assertFalse(self.vendors("Vendor 1"))
        self.flow().action_switch_off()
        calls = len(self.server.calls)
        self.again()
        self.assertEqual(len(self.server.calls), calls)

    def test_everything_is_read_again_on_demand(self):
        self.list.write({"time_at": "changed", "since_parameter": "since"})
        self.records = [self.record(1, changed="2026-03-01T10:00:00Z")]
        self.fetch()
        self.flow().action_fetch_all()
        self.fetch()
        self.assertNotIn("since", self.server.calls[-1].parameters)
        self.assertEqual(self.names(), ["1"])

    def test_no_transaction_is_open_while_the_system_is_called(self):
        pids, open_ = [], []
        real = self.registry.cursor

        def counted(*arguments, **options):
            cursor = real(*arguments, **options)
            open_.append(cursor)
            return cursor

        def answer(call):
            pids.append([c for c in open_ if not c.closed])
            return Reply({"data": []})

        self.server.answer = answer
        with patch.object(type(self.registry), "cursor", lambda r, *a, **k: counted()):
            self.fetch()
        self.assertEqual(pids, [[]])
