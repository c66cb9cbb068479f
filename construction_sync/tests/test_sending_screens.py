"""What a person sees of the way out, and what their buttons do."""

from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user

from ..pipeline import replay_limits, resending
from .outgoing_case import OutgoingCase
from .receiver import Say
from .rows import rows


class SendingCase(OutgoingCase):
    def setUp(self):
        super().setUp()
        self.hub.concurrency = 1  # so that the receiver's order can be told

    def again(self, **values):
        """The dialog as a person fills it in."""
        return self.env["construction.sync.send.again"].create(
            {"system_id": self.hub.id, "scope": "range", **values}
        )

    def range_done(self):
        """What the dispatcher does of ranges, step by step."""
        steps = 0
        while resending.go_on(self.env.cr):
            steps += 1
        self.env.invalidate_all()
        return steps

    def names(self):
        return [event["data"]["name"] for event in self.bodies()]


class TestSendAgain(SendingCase):
    @rows("F65", "FA-K09")
    def test_the_dry_run_says_the_number_that_is_sent(self):
        for name in ("Ace", "Bolt", "Core"):
            self.new_vendor(name)
        self.dispatch()
        wizard = self.again(states="failed")
        self.assertEqual(wizard.count, 0, "all of them arrived")
        wizard.states = "all"
        self.assertEqual(wizard.count, 3)
        self.assertIn("Project Hub", wizard.plan)
        action = wizard.action_send()
        self.range_done()
        self.dispatch()
        self.assertEqual(self.names(), ["Ace", "Bolt", "Core"] * 2)
        got = self.receiver.got
        self.assertEqual(
            [g.headers["webhook-id"] for g in got[:3]],
            [g.headers["webhook-id"] for g in got[3:]],
        )
        self.assertEqual([g.body for g in got[:3]], [g.body for g in got[3:]])
        progress = self.env[action["res_model"]].browse(action["res_id"])
        self.assertEqual(
            progress.progress(), {"total": 3, "applied": 3, "failed": 0, "moving": 0}
        )

    @rows("F65")
    def test_a_range_takes_what_changed_within_it(self):
        for name in ("Ace", "Bolt", "Core"):
            self.new_vendor(name)
        self.dispatch()
        now = fields.Datetime.now()
        for hours, delivery in zip((30, 20, 10), self.deliveries(), strict=True):
            self.env.cr.execute(
                "UPDATE construction_sync_delivery SET created_at = %s WHERE id = %s",
                [now - timedelta(hours=hours), delivery.id],
            )
        wizard = self.again(
            states="all",
            start=now - timedelta(hours=25),
            until="end",
            end=now - timedelta(hours=15),
        )
        self.assertEqual(wizard.count, 1)
        wizard.action_send()
        self.range_done()
        self.dispatch()
        self.assertEqual(self.names(), ["Ace", "Bolt", "Core", "Bolt"])

    @rows("FA-K09")
    def test_a_range_of_too_many_or_too_long_ago_is_refused(self):
        self.new_vendor("Ace")
        self.new_vendor("Bolt")
        self.dispatch()
        with patch.object(replay_limits, "MOST_ITEMS", 1):
            wizard = self.again(states="all")
            self.assertIn("at most 1", wizard.refused)
            self.assertEqual(wizard.count, 0, "there is no button")
            with self.assertRaisesRegex(UserError, "too many"):
                wizard.action_send()
            with self.assertRaisesRegex(UserError, "too many"):
                self.deliveries().action_send_again()
        wizard = self.again(
            states="all", start=fields.Datetime.now() - timedelta(days=15)
        )
        self.assertIn("14 days", wizard.refused)
        with self.assertRaisesRegex(UserError, "14 days"):
            wizard.action_send()
        self.assertEqual(len(self.receiver.got), 2)

    @rows("F65")
    def test_a_range_whose_server_died_goes_on_where_it_stood(self):
        for number in range(5):
            self.new_vendor(f"Vendor {number}")
        self.dispatch()
        with patch.object(resending, "STEP", 2):
            self.again(states="all").action_send()
            self.assertTrue(resending.go_on(self.env.cr))
            # the server dies in its second step: what it did is taken back as a whole
            with self.env.cr.savepoint() as point:
                resending.go_on(self.env.cr)
                point.rollback()
            self.env.invalidate_all()
            run = self.env["construction.sync.resending"].search([], limit=1)
            self.assertEqual((run.set_going, run.done), (2, False))
            self.range_done()
        self.dispatch()
        self.assertEqual((run.set_going, run.done), (5, True))
        self.assertEqual(self.names(), [f"Vendor {n}" for n in range(5)] * 2)

    @rows("F65")
    def test_one_chosen_is_sent_again_and_closes_its_exception(self):
        self.receiver.answers = [422, 422, 422, 204]
        self.new_vendor("Ace")
        self.dispatch()
        for _again in range(2):
            self.until_due()
            self.dispatch()
        (delivery,) = self.deliveries()
        self.assertEqual(delivery.state, "dead")
        exception = delivery.exception_id
        self.assertEqual((exception.fix, exception.delivery_count), ("send", 1))
        self.assertEqual(exception.held_text, "1 delivery")
        self.assertEqual(
            exception.action_open_held()["res_id"], delivery.id, "the count is a door"
        )
        action = exception.action_fix()
        wizard = self.env[action["res_model"]].browse(action["res_id"])
        self.assertEqual(wizard.count, 1)
        wizard.action_send()
        self.assertEqual(exception.state, "resolved")
        self.assertEqual(exception.resolution, "retried")
        self.dispatch()
        self.assertEqual(delivery.state, "delivered")
        self.assertIn("set it going again", delivery.steps)
        self.assertIn("Try 1: Refused", delivery.steps)

    def test_what_is_given_up_says_why_and_by_whom(self):
        self.receiver.answers = [500]
        vendor = self.new_vendor("Ace")
        self.dispatch()
        (delivery,) = self.deliveries()
        action = delivery.action_open_give_up()
        wizard = self.env[action["res_model"]].browse(action["res_id"])
        self.assertEqual(wizard.count, 1)
        with self.assertRaises(UserError):
            wizard.action_give_up()
        wizard.reason = "Entered there by hand"
        wizard.action_give_up()
        self.env.invalidate_all()
        self.assertEqual(delivery.state, "cancelled")
        self.assertIn("Entered there by hand", delivery.banner)
        self.assertIn("Entered there by hand", delivery.steps)
        self.receiver.answers = [204]
        vendor.phone = "555-0101"
        self.dispatch()
        self.assertEqual(self.deliveries()[-1].state, "delivered", "later ones go on")

    def test_who_may_not_decide_is_told_who_may(self):
        self.new_vendor("Ace")
        self.dispatch()
        reader = new_test_user(
            self.env,
            "sending-reader",
            groups="construction_sync.group_user",
            company_id=self.company.id,
            company_ids=[fields.Command.set(self.company.ids)],
        )
        delivery = self.deliveries().with_user(reader)
        self.assertTrue(delivery.title)
        for method in ("action_open_again", "action_open_give_up", "action_arrived"):
            with self.assertRaisesRegex(AccessError, "roles"):
                getattr(delivery, method)()
        for method in ("action_pause_sending", "action_test_connection"):
            with self.assertRaises(AccessError):
                getattr(self.hub.with_user(reader), method)()


class TestSendingHealth(SendingCase):
    def health(self):
        self.env.invalidate_all()
        return self.hub.sending_text, self.hub.sending_level

    def test_the_form_says_in_words_how_sending_goes(self):
        text, level = self.health()
        self.assertIn("Ready", text)
        self.assertEqual(level, "success")
        self.new_vendor("Ace")
        self.dispatch()
        text, level = self.health()
        self.assertIn("Healthy", text)
        self.assertTrue(self.hub.latency_text.endswith(" ms"))
        self.assertTrue(self.hub.last_success)
        self.receiver.answers = [500]
        self.new_vendor("Bolt")
        self.dispatch()
        text, level = self.health()
        self.assertIn("1 tried again: nothing to do", text)
        self.assertEqual(level, "warning")
        self.assertEqual((self.hub.queue_count, self.hub.retry_count), (1, 1))

    @rows("F63")
    def test_a_person_pauses_sending_and_resumes_it(self):
        self.hub.action_pause_sending()
        text, level = self.health()
        self.assertIn("paused", text)
        self.assertEqual(level, "warning")
        self.assertIn(self.env.user.name, self.hub.sending_remedy)
        self.new_vendor("Ace")
        self.dispatch()
        self.assertEqual(self.receiver.got, [])
        self.assertEqual(self.deliveries().state, "pending")
        self.assertIn("1 delivery waits", self.health()[0])
        self.hub.action_resume_sending()
        self.dispatch()
        self.assertEqual(self.names(), ["Ace"])

    def test_what_rests_after_failures_says_when_it_is_tried_next(self):
        self.receiver.answers = [500]
        for number in range(6):
            self.new_vendor(f"Vendor {number}")
        self.dispatch()
        self.assertEqual(self.breaker().state, "open")
        text, level = self.health()
        self.assertIn("nothing to do", text)
        self.assertEqual(level, "warning")
        self.assertIn("6 deliveries wait", self.hub.sending_remedy)

    def test_a_gone_address_needs_a_person(self):
        self.receiver.answers = [410]
        self.new_vendor("Ace")
        self.dispatch()
        text, level = self.health()
        self.assertIn("Switched off", text)
        self.assertEqual(level, "danger")
        exception = self.deliveries().exception_id
        self.assertEqual(exception.fix, "connection")
        self.assertEqual(exception.action_fix()["res_id"], self.hub.id)

    def test_every_figure_is_the_number_of_records_behind_its_door(self):
        self.receiver.answers = [Say(422), Say(500)]
        self.new_vendor("Ace")
        self.dispatch()
        for _again in range(2):
            self.receiver.answers = [422]
            self.until_due()
            self.dispatch()
        self.receiver.answers = [500]
        self.new_vendor("Bolt")
        self.dispatch()
        self.env.invalidate_all()
        deliveries = self.env["construction.sync.delivery"]
        self.assertEqual((self.hub.needed_count, self.hub.queue_count), (1, 1))
        for count, door in (
            (self.hub.needed_count, self.hub.action_open_needed()),
            (self.hub.queue_count, self.hub.action_open_queue()),
            (self.hub.retry_count, self.hub.action_open_retries()),
        ):
            self.assertEqual(count, deliveries.search_count(door["domain"]))
        flow = self.hub.flow_ids.filtered(
            lambda f: f.direction == "out" and f.entity == "vendor"
        )
        for count, door in (
            (flow.failed_count, flow.action_open_failed()),
            (flow.ready_count, flow.action_open_waiting()),
        ):
            self.assertEqual(count, 1)
            self.assertEqual(count, deliveries.search_count(door["domain"]))
        self.assertIn("sent at once", flow.policy)

    def test_preview_is_said_and_nothing_is_sent(self):
        flows = self.hub.flow_ids.filtered(lambda f: f.direction == "out")
        flows.action_preview()
        self.new_vendor("Ace")
        self.dispatch()
        text, level = self.health()
        self.assertIn("Preview: 1 would be sent", text)
        self.assertEqual(level, "info")
        self.assertIn("Preview", self.deliveries().banner)
        self.assertEqual(self.receiver.got, [])


class TestSentOfARecord(SendingCase):
    def test_a_vendor_tells_to_whom_it_was_sent_and_what_came_of_it(self):
        vendor = self.new_vendor("Ace Concrete")
        other = self.new_vendor("Bolt Steel")
        self.dispatch()
        vendor.name = "Ace Concrete Works"
        self.dispatch()
        self.assertEqual(
            (vendor.construction_sync_sent_count, other.construction_sync_sent_count),
            (2, 1),
        )
        action = vendor.action_construction_sync_sent()
        self.assertEqual(action["name"], "Sent of Ace Concrete Works")
        shown = self.env[action["res_model"]].search(action["domain"])
        self.assertEqual(shown.system_id, self.hub)
        self.assertEqual(set(shown.mapped("state")), {"delivered"})
        view = vendor.get_view(view_type="form")["arch"]
        self.assertIn("action_construction_sync_sent", view)


class TestConnectionTest(SendingCase):
    def result(self, action):
        return self.env[action["res_model"]].browse(action["res_id"])

    def states(self, test):
        return {line.label: line.state for line in test.line_ids}

    def test_a_system_that_answers_passes_every_check(self):
        self.receiver.answers = [405]
        test = self.result(self.hub.action_test_connection())
        self.assertTrue(test.ok)
        self.assertEqual(set(self.states(test).values()), {"ok"})
        self.assertEqual(self.receiver.got[0].method, "GET")

    @rows("F72")
    def test_the_value_of_a_login_is_masked_whatever_its_header(self):
        self.env["construction.sync.credential"].create(
            {
                "system_id": self.hub.id,
                "kind": "header",
                "name": "X-Site-Pass",
                "value": "opaque-value",
            }
        )
        test = self.result(self.hub.action_test_connection())
        self.assertIn("X-Site-Pass", test.request)
        self.assertNotIn("opaque-value", test.request)
        self.assertEqual(self.receiver.got[-1].headers["X-Site-Pass"], "opaque-value")

    def test_a_refused_login_is_named_and_what_to_do(self):
        self.receiver.answers = [401]
        test = self.result(self.hub.action_test_connection())
        self.assertFalse(test.ok)
        states = self.states(test)
        self.assertEqual((states["Connection"], states["Login"]), ("ok", "failed"))
        line = test.line_ids.filtered(lambda c: c.state == "failed")
        self.assertIn("Compare keys", line.remedy)
        self.assertIn("Compare keys", test.outcome)

    def test_nobody_there_is_not_a_wrong_login(self):
        self.receiver.close()
        test = self.result(self.hub.action_test_connection())
        states = self.states(test)
        self.assertEqual(states["Connection"], "failed")
        self.assertEqual(states["Login"], "open")
        self.assertIn("firewall", test.outcome)

    def test_a_test_event_arrives_and_changes_nothing_here(self):
        test = self.result(self.hub.action_send_test())
        self.assertTrue(test.ok)
        (event,) = self.bodies()
        self.assertEqual(event["type"], "construction.test.v1")
        self.assertEqual(event["id"], self.receiver.got[0].headers["webhook-id"])
        self.assertIn("construction.test.v1", test.request)
        self.assertFalse(self.deliveries())
        self.receiver.answers = [Say(400, body=b"unknown type")]
        test = self.result(test.action_again())
        self.assertFalse(test.ok)
        self.assertIn("unknown type", test.response)
