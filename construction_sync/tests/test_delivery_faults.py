"""What the other side may do to a delivery, and what must come of it (FA-H)."""

import socket
import statistics

from ..pipeline import retry_plan
from .outgoing_case import OutgoingCase
from .receiver import Say
from .rows import rows


def nobody_listens():
    """An address where nobody answers."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}/hooks"


class TestDeliveryFaults(OutgoingCase):
    def try_until(self, state, most=12):
        """Let time pass and send again until the first delivery has ``state``."""
        for _time in range(most):
            (delivery, *_more) = self.deliveries()
            if delivery.state == state:
                return delivery
            self.until_due()
            self.dispatch()
        self.assertEqual(delivery.state, state)
        return delivery

    @rows("FA-H02")
    def test_the_tries_follow_the_plan_with_jitter(self):
        waits = [retry_plan.wait(3) for _time in range(2000)]
        self.assertGreater(statistics.pstdev(waits), 0.05 * 1800)
        self.assertTrue(all(0.8 * 1800 <= w <= 1.2 * 1800 for w in waits))
        self.receiver.answers = [502]
        self.new_vendor()
        self.dispatch()
        delivery = self.try_until("dead")
        self.assertEqual(delivery.attempts, 10)
        self.assertEqual(delivery.exception_id.kind, "delivery-failed")
        self.assertIn("Project Hub", delivery.exception_id.name)

    @rows("FA-H02", "F63")
    def test_people_hear_of_the_fourth_failure_and_it_goes_on_by_itself(self):
        self.receiver.answers = [500, 500, 500, 500, 204]
        self.new_vendor()
        self.dispatch()
        for number in range(3):
            self.assertFalse(self.deliveries().exception_id, number)
            self.until_due()
            self.dispatch()
        (delivery,) = self.deliveries()
        self.assertEqual(delivery.exception_id.kind, "delivery-failing")
        self.assertEqual(delivery.exception_id.severity, "2warning")
        self.until_due()
        self.dispatch()
        self.assertEqual(delivery.state, "delivered")
        self.assertEqual(delivery.exception_id.state, "resolved")

    def test_what_is_refused_for_its_content_goes_before_a_person(self):
        self.receiver.answers = [422]
        self.new_vendor()
        self.dispatch()
        delivery = self.try_until("dead")
        self.assertEqual(len(self.receiver.got), 3)
        self.assertEqual(delivery.exception_id.kind, "delivery-refused")
        self.assertEqual(self.breaker().state, "closed", "the system is not to blame")
        self.receiver.answers = [204]
        delivery.action_send_again()
        self.dispatch()
        self.assertEqual(delivery.state, "delivered")
        self.assertEqual(delivery.exception_id.state, "resolved")

    @rows("FA-H09")
    def test_an_address_that_is_gone_is_switched_off_and_nothing_is_lost(self):
        self.receiver.answers = [410]
        self.new_vendor("One")
        self.dispatch()
        self.assertEqual(self.breaker().state, "disabled")
        exceptions = self.env["construction.sync.exception"].search(
            [("system_id", "=", self.hub.id)]
        )
        self.assertEqual(exceptions.mapped("kind"), ["endpoint-gone"])
        self.new_vendor("Two")
        self.later_out(days=3)
        self.dispatch()
        self.assertEqual(len(self.receiver.got), 1)
        new = self.new_receiver()
        self.hub.address = new.address
        self.hub.action_resume_sending()
        self.later_out(days=3)
        self.dispatch()
        self.assertEqual(
            sorted(e["data"]["name"] for e in self.bodies(new)), ["One", "Two"]
        )

    @rows("FA-H17")
    def test_after_days_of_failure_it_is_switched_off_and_the_backlog_kept(self):
        self.receiver.answers = [500]
        self.new_vendor("One")
        self.dispatch()
        self.later_out(days=6)
        self.dispatch()
        self.assertEqual(self.breaker().state, "disabled")
        kinds = self.env["construction.sync.exception"].search(
            [("system_id", "=", self.hub.id)]
        )
        self.assertIn("endpoint-disabled", kinds.mapped("kind"))
        self.new_vendor("Two")
        self.dispatch()
        self.receiver.answers = [204]
        self.hub.action_resume_sending()
        self.later_out(days=1)
        self.dispatch()
        self.assertEqual(set(self.deliveries().mapped("state")), {"delivered"})

    @rows("F63", "FA-H16")
    def test_a_system_that_keeps_failing_is_left_alone_and_no_try_is_used_up(self):
        self.hub.address = nobody_listens()
        for number in range(9):
            self.new_vendor(f"Vendor {number}")
        self.dispatch()
        self.assertEqual(self.breaker().state, "open")
        tried = sum(self.deliveries().mapped("attempts"))
        self.later_out(seconds=10)
        self.dispatch()
        self.assertEqual(sum(self.deliveries().mapped("attempts")), tried)
        self.later_out(seconds=25)
        self.dispatch()
        self.assertEqual(sum(self.deliveries().mapped("attempts")), tried + 1, "probe")
        self.hub.address = self.receiver.address
        self.later_out(minutes=16)
        self.dispatch()
        self.assertEqual(self.breaker().state, "closed")
        self.later_out(minutes=16)
        self.dispatch(60)
        self.assertEqual(set(self.deliveries().mapped("state")), {"delivered"})

    @rows("F63", "FA-L04")
    def test_a_dead_system_does_not_delay_another(self):
        other = self.new_hub("other", "Other")
        other.address = self.receiver.address
        self.hub.address = nobody_listens()
        for number in range(12):
            self.new_vendor(f"Vendor {number}")
        self.dispatch()
        self.assertEqual(len(self.receiver.got), 12)
        self.assertEqual(set(self.deliveries(other).mapped("state")), {"delivered"})
        self.assertNotIn("delivered", self.deliveries().mapped("state"))

    @rows("F63", "FA-H01")
    def test_too_many_pauses_that_system_only(self):
        other = self.new_hub("other", "Other")
        second = self.new_receiver()
        other.address = second.address
        self.receiver.answers = [Say(429, {"Retry-After": "120"}), 204]
        self.hub.concurrency = 1
        for number in range(6):
            self.new_vendor(f"Vendor {number}")
        self.dispatch()
        self.assertLess(len(self.receiver.got), 6)
        self.assertEqual(len(second.got), 6)
        self.new_vendor("Later")
        self.dispatch()
        self.assertEqual(len(second.got), 7)
        before = len(self.receiver.got)
        self.later_out(seconds=60)
        self.dispatch()
        self.assertEqual(len(self.receiver.got), before, "asked for two minutes")
        self.later_out(minutes=5)
        self.dispatch()
        self.assertEqual(set(self.deliveries().mapped("state")), {"delivered"})

    @rows("FA-H01")
    def test_every_way_to_ask_for_time_is_read_and_none_is_believed_blindly(self):
        self.assertEqual(retry_plan.retry_after("120"), 120)
        self.assertEqual(retry_plan.retry_after("9" * 400), retry_plan.DAY)
        for junk in ("-5", "soon", "", "1e9", None, "12.5", "\u0661"):
            self.assertIsNone(retry_plan.retry_after(junk), junk)
        self.assertEqual(
            retry_plan.retry_after("Wed, 21 Oct 2015 07:28:00 GMT"), 0, "long ago"
        )
        for asked in (0, 10**6):
            wait = retry_plan.wait(2, asked=asked)
            self.assertTrue(0.8 * 300 <= wait <= 600, wait)

    def test_preview_shows_and_sends_nothing(self):
        flow = self.hub.flow_ids.filtered(
            lambda f: f.direction == "out" and f.entity == "vendor"
        )
        flow.action_preview()
        self.new_vendor()
        self.dispatch()
        self.assertEqual(self.receiver.got, [])
        (delivery,) = self.deliveries()
        self.assertEqual(delivery.state, "held")
        self.assertIn("Ace Concrete", delivery.payload)
        flow.action_go_live()
        self.dispatch()
        self.assertEqual(delivery.state, "delivered")

    def test_a_pause_holds_and_a_resume_goes_on(self):
        self.hub.action_pause()
        self.new_vendor()
        self.dispatch()
        self.assertEqual(self.receiver.got, [])
        self.hub.action_resume()
        self.dispatch()
        self.assertEqual(len(self.receiver.got), 1)

    def test_outside_its_window_nothing_is_sent(self):
        flow = self.hub.flow_ids.filtered(
            lambda f: f.direction == "out" and f.entity == "vendor"
        )
        flow.write({"mode": "window", "window_start": 25.0, "window_end": 26.0})
        self.new_vendor()
        self.dispatch()
        self.assertEqual(self.receiver.got, [])
        flow.write({"window_start": 0.0, "window_end": 24.0})
        self.dispatch()
        self.assertEqual(len(self.receiver.got), 1)

    @rows("F72")
    def test_another_companys_record_is_told_to_nobody_of_this_one(self):
        self.new_vendor("Theirs", company_id=self.other_company.id)
        self.new_vendor("Ours", company_id=self.company.id)
        self.new_vendor("Everybody's")
        self.dispatch()
        names = sorted(e["data"]["name"] for e in self.bodies())
        self.assertEqual(names, ["Everybody's", "Ours"])

    def test_what_is_archived_or_deleted_is_told_as_gone(self):
        one, two = self.new_vendor("One"), self.new_vendor("Two")
        never = self.new_vendor("Never told", company_id=self.other_company.id)
        self.dispatch()
        one.action_archive()
        ids = [two.id, never.id]
        (two | never).unlink()
        self.dispatch()
        gone = [e for e in self.bodies() if e["type"].endswith(".deleted.v1")]
        self.assertEqual(
            sorted(e["odooid"] for e in gone), sorted([str(one.id), str(ids[0])])
        )
        self.assertTrue(all("data" not in e for e in gone))
        one.action_unarchive()
        self.dispatch()
        self.assertEqual(self.bodies()[-1]["sequence"], "3")

    def test_a_hub_that_comes_later_is_told_everything_once(self):
        self.new_vendor("One")
        self.dispatch()
        late = self.new_hub("late", "Latecomer", ("vendor",))
        receiver = self.new_receiver()
        late.address = receiver.address
        flow = late.flow_ids.filtered(lambda f: f.direction == "out")
        count = flow.action_send_everything()
        self.assertGreaterEqual(count, 1)
        self.dispatch(60)
        self.assertIn("One", [e["data"]["name"] for e in self.bodies(receiver)])
        self.assertEqual(flow.action_send_everything(), 0)
        self.assertEqual(len(self.receiver.got), 1, "nobody else is told again")

    def test_a_change_that_cannot_be_told_is_saved_and_put_before_a_person(self):
        vendor = self.new_vendor()
        self.dispatch()
        handler = type(self.env["construction.sync.handler.vendor"])
        self.patch(handler, "export", lambda *_arguments: 1 / 0)
        with self.assertLogs("odoo.addons.construction_sync.pipeline.publish", "ERROR"):
            vendor.phone = "555-0199"
            self.commit()
        self.assertEqual(vendor.phone, "555-0199")
        exception = self.env["construction.sync.exception"].search(
            [("kind", "=", "not-published")]
        )
        self.assertEqual(exception.res_id, vendor.id)
