"""What needs a person: one row per cause, and what each decision does (F02, F65)."""

import json
from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError, UserError

from .interface_case import InterfaceCase
from .rows import rows

UNKNOWN = "03 30 99"


class ExceptionCase(InterfaceCase):
    def setUp(self):
        super().setUp()
        self.controller = self.user("con", "project_controls")
        self.code = self.env["construction.cost.code"].create(
            {"code": "03 30 01", "name": "Cast-in-place concrete"}
        )

    def park(self, count=1, **values):
        """So many projects that name one unknown code, parked; their messages."""
        messages = self.send(
            *(
                self.project(
                    f"p{n}", f"P-{n}", fields={"cost_codes": [UNKNOWN]}, **values
                )
                for n in range(count)
            )
        )
        self.drain()
        return messages

    def by(self, exception, user=None):
        return exception.with_user(user or self.controller)


class TestUnknownValues(ExceptionCase):
    @rows("F02")
    def test_an_unknown_code_is_refused_before_any_record_exists(self):
        message = self.park()
        self.assertEqual(message.state, "exception")
        self.assertFalse(self.linked("p0", "project"))
        self.assertFalse(
            self.env["project.project"].search([("construction_number", "=", "P-0")])
        )
        exception = message.exception_id
        self.assertEqual(
            (exception.kind, exception.value, exception.value_kind, exception.pointer),
            ("reference-unknown", UNKNOWN, "cost_code", "/cost_codes/0"),
        )
        self.assertIn("P-0", exception.name)
        self.assertIn(UNKNOWN, exception.name)
        self.assertIn(self.code, [
            self.env[s.res_model].browse(s.res_id) for s in exception.suggestion_ids
        ])  # fmt: skip
        self.assertEqual(
            exception.group_id, self.env.ref("construction_sync.group_project_controls")
        )

    @rows("F02", "F65")
    def test_forty_messages_with_one_unknown_value_are_one_row(self):
        messages = self.park(40)
        exceptions = self.exceptions()
        self.assertEqual(len(exceptions), 1)
        self.assertEqual(exceptions.record_count, 40)
        self.assertEqual(
            exceptions.message_line_ids, messages.sorted("id", reverse=True)
        )

    @rows("F65", "F02")
    def test_mapping_replays_all_alike_in_their_original_order(self):
        messages = self.park(37)
        landed = self.send(self.project("q1", "Q-1"))
        self.drain()
        exception = self.exceptions()
        count = self.by(exception).action_map_to(self.code, "Same work")
        self.assertEqual(count, 37)
        self.drain()
        self.assertEqual(set(messages.mapped("state")), {"applied"})
        self.assertEqual(landed.state, "applied")
        created = self.audit(action="created", res_model="project.project")
        created = created.filtered(lambda e: e.message_id in messages)
        self.assertEqual(created.message_id.ids, sorted(messages.ids))
        self.assertEqual(
            self.linked("p36", "project").construction_cost_code_ids, self.code
        )
        exception.invalidate_recordset()
        self.assertEqual(
            (exception.state, exception.resolution, exception.resolved_by_id),
            ("resolved", "mapped", self.controller),
        )

    @rows("F02")
    def test_what_comes_later_follows_the_mapping(self):
        self.park()
        self.by(self.exceptions()).action_map_to(self.code)
        later = self.send(self.project("p9", "P-9", fields={"cost_codes": [UNKNOWN]}))
        self.drain()
        self.assertEqual(later.state, "applied")
        self.assertEqual(len(self.exceptions()), 1)

    @rows("F02", "F65")
    def test_a_retry_says_before_what_would_happen_and_changes_nothing_yet(self):
        messages = self.park(3)
        exception = self.by(self.exceptions())
        self.assertEqual(
            exception.action_retry_plan(), {"run": 0, "stuck": 3, "done": 0, "total": 3}
        )
        self.assertEqual(set(messages.mapped("state")), {"exception"})
        self.env["construction.cost.code"].create({"code": UNKNOWN, "name": "New"})
        self.assertEqual(exception.action_retry_plan()["run"], 3)
        self.assertEqual(exception.action_retry(), 3)
        self.drain()
        self.assertEqual(set(messages.mapped("state")), {"applied"})
        self.assertEqual(self.exceptions().state, "resolved")

    @rows("F65")
    def test_a_retry_in_vain_stays_on_the_same_row(self):
        message = self.park()
        self.by(self.exceptions()).action_retry()
        self.drain()
        self.assertEqual(message.state, "exception")
        self.assertEqual(len(self.exceptions()), 1)

    @rows("F65", "FA-A13", "FA-K10")
    def test_what_was_applied_is_never_set_going_again(self):
        message = self.send(self.vendor("v1", "Ace"))
        self.drain()
        written = self.linked("v1").write_date
        self.assertEqual(message.with_user(self.controller).action_replay(), 0)
        self.assertEqual(self.drain(), 0)
        self.assertEqual((message.state, self.linked("v1").write_date),
                         ("applied", written))  # fmt: skip

    @rows("F02")
    def test_the_same_cause_after_a_resolution_is_a_new_row_that_says_so(self):
        self.park()
        self.by(self.exceptions()).action_discard("Wrong project")
        self.park()
        self.assertEqual(self.exceptions().mapped("state"), ["new", "resolved"][::-1])
        self.assertTrue(self.exceptions()[1].reopened)

    @rows("F69")
    def test_a_cause_that_goes_away_by_itself_closes_its_row(self):
        self.flow("project").on_error = "data"
        self.park()
        self.send(self.project("p0", "P-0"))
        self.drain()
        self.assertEqual(self.states("p0"), ["superseded", "applied"])
        self.assertEqual(
            (self.exceptions().state, self.exceptions().resolution),
            ("resolved", "itself"),
        )


class TestDecisions(ExceptionCase):
    def test_a_discarded_message_keeps_its_reason(self):
        message = self.park()
        exception = self.by(self.exceptions())
        with self.assertRaises(UserError):
            exception.action_discard("  ")
        exception.action_discard("Sent by mistake")
        self.env.invalidate_all()
        self.assertEqual(
            (message.state, message.note), ("discarded", "Sent by mistake")
        )
        self.drain()
        self.assertFalse(self.linked("p0", "project"))
        noted = self.audit(doc_key=f"message:{message.uuid}")
        self.assertEqual(
            (noted.action, noted.reason, noted.user_id),
            ("discarded", "Sent by mistake", self.controller),
        )

    def test_ignored_until_a_day_it_comes_back_by_itself(self):
        self.park()
        exception = self.by(self.exceptions())
        today = fields.Date.context_today(exception)
        with self.assertRaises(UserError):
            exception.action_ignore_until(today, "Later")
        exception.action_ignore_until(today + timedelta(days=3), "After the close")
        self.assertEqual(exception.state, "ignored")
        exceptions = self.env["construction.sync.exception"]
        exceptions._cron_wake_ignored()
        self.assertEqual(exception.state, "ignored")
        exception.sudo().ignore_until = today
        exceptions._cron_wake_ignored()
        self.assertEqual((exception.state, exception.reopened), ("new", True))

    def test_a_corrected_message_takes_the_place_and_the_original_stays(self):
        message = self.park()
        admin = self.user("adm", "admin")
        data = {"number": "P-0", "name": "Tower", "cost_codes": ["03 30 01"]}
        with self.assertRaises(AccessError):
            message.with_user(self.controller).action_send_corrected(json.dumps(data))
        for wrong in ("{", '{"number": "1", "number": "2"}', '{"name": "No number"}'):
            with self.assertRaises(UserError):
                message.with_user(admin).action_send_corrected(wrong)
        message.with_user(admin).action_send_corrected(json.dumps(data))
        self.drain()
        self.assertEqual(message.state, "applied")
        self.assertEqual(self.linked("p0", "project").name, "Tower")
        original = self.env["construction.sync.message.body"].browse(message.id)
        self.assertIn(UNKNOWN.encode(), original._bytes())
        self.assertEqual(message.submitted_by_id, admin)
        self.assertTrue(
            self.audit(doc_key=f"message:{message.uuid}", action="corrected")
        )

    @rows("FA-J08")
    def test_who_sent_it_cannot_decide_on_it(self):
        sender = self.user("sender", "project_controls")
        self.client.user_id = sender
        message = self.park()
        exception = self.by(self.exceptions(), sender)
        for decide in (
            lambda: exception.action_map_to(self.code.with_user(sender)),
            lambda: exception.action_discard("Mine"),
            lambda: exception.action_retry(),
            lambda: exception.action_ignore_until(
                fields.Date.context_today(exception) + timedelta(days=1), "x"
            ),
            lambda: message.with_user(sender).action_discard("Mine"),
        ):
            with self.assertRaisesRegex(UserError, "second person"):
                decide()
        self.assertEqual(message.state, "exception")
        self.by(exception).action_map_to(self.code)
        self.drain()
        self.assertEqual(message.state, "applied")

    @rows("FA-J08")
    def test_who_corrected_it_cannot_decide_on_it(self):
        message = self.park()
        admin = self.user("adm", "admin")
        data = {"number": "P-0", "name": "Tower", "cost_codes": [UNKNOWN]}
        message.with_user(admin).action_send_corrected(json.dumps(data))
        self.drain()
        with self.assertRaisesRegex(UserError, "second person"):
            self.by(self.exceptions(), admin).action_discard("Mine")

    @rows("FA-J08")
    def test_only_who_may_decide_decides(self):
        self.park()
        for number, groups in enumerate(
            (["user"], ["auditor"], ["auditor", "project_controls"])
        ):
            user = self.user(f"u{number}", *groups)
            with self.assertRaises(AccessError):
                self.by(self.exceptions(), user).action_discard("No")
        self.assertEqual(self.exceptions().state, "new")

    def test_what_is_decided_is_not_decided_twice(self):
        self.park()
        exception = self.by(self.exceptions())
        exception.action_map_to(self.code)
        with self.assertRaisesRegex(UserError, "was resolved by"):
            exception.action_discard("Again")

    @rows("F08")
    def test_an_exception_of_another_company_is_not_seen_nor_decided(self):
        self.park()
        stranger = self.user("far", "project_controls", companies=self.other_company)
        found = (
            self.env["construction.sync.exception"]
            .with_user(stranger)
            .search([("system_id", "=", self.system.id)])
        )
        self.assertFalse(found)
        with self.assertRaises(AccessError):
            self.by(self.exceptions(), stranger).action_discard("No")


class TestLookAlikes(ExceptionCase):
    def setUp(self):
        super().setUp()
        self.buyer = self.user("buyer", "procurement")
        self.there = self.env["res.partner"].create(
            {"name": "Ace Concrete", "is_company": True, "construction_vendor": True,
             "bank_ids": [(0, 0, {"acc_number": "DE89370400440532013000"})]}
        )  # fmt: skip

    def look_alike(self):
        bank = {"bank_accounts": [{"iban": "DE89370400440532013000"}]}
        message = self.send(self.vendor("v1", "Ace Concrete", fields=bank))
        self.drain()
        return message

    @rows("F04")
    def test_same_name_and_same_bank_is_asked_and_linked_by_a_person(self):
        message = self.look_alike()
        exception = message.exception_id
        self.assertEqual(
            (message.state, exception.kind), ("exception", "possible-match")
        )
        self.assertEqual(exception.suggestion_ids.res_id, self.there.id)
        self.by(exception, self.buyer).suggestion_ids.action_choose()
        self.drain()
        self.assertEqual(message.state, "applied")
        self.assertEqual(self.linked("v1"), self.there)
        self.assertEqual(len(self.vendors("Ace Concrete")), 1)

    @rows("F04")
    def test_it_can_be_created_as_a_vendor_of_its_own(self):
        message = self.look_alike()
        self.by(message.exception_id, self.buyer).action_create_new()
        self.drain()
        self.assertEqual(message.state, "applied")
        self.assertNotEqual(self.linked("v1"), self.there)
        self.assertEqual(len(self.vendors("Ace Concrete")), 2)


class TestArrivalsAndVersions(ExceptionCase):
    @rows("F66", "F02")
    def test_an_unknown_code_that_arrives_sets_its_messages_going(self):
        messages = self.park(3)
        self.send(
            self.event("c9", {"code": UNKNOWN, "name": "Site concrete"}, "cost_code")
        )
        self.drain()
        self.drain()
        self.assertEqual(set(messages.mapped("state")), {"applied"})
        self.assertEqual(
            (self.exceptions().state, self.exceptions().resolution),
            ("resolved", "itself"),
        )

    @rows("FA-E05", "FA-E03")
    def test_an_administrator_takes_the_versions_of_a_restored_source(self):
        self.send(self.vendor("v1", "Before", sequence="9"))
        self.drain()
        message = self.send(self.vendor("v1", "Restored", sequence="1"))
        self.drain()
        exception = message.exception_id
        self.assertEqual((exception.kind, exception.fix), ("epoch-change", "version"))
        with self.assertRaises(AccessError):
            self.by(exception).action_accept_version()
        self.by(exception, self.user("adm", "admin")).action_accept_version()
        self.drain()
        self.assertEqual((message.state, exception.state), ("applied", "resolved"))
        self.assertEqual(
            (self.linked("v1").name, self.binding("v1").version), ("Restored", "1")
        )
        self.send(self.vendor("v1", "Next", sequence="2"))
        self.drain()
        self.assertEqual(self.linked("v1").name, "Next")
