"""A document with money is never sent again blindly (FA-H03, FA-H04)."""

import json

from odoo.addons.construction_sync.pipeline import claims, dispatch, recording
from odoo.addons.construction_sync.tests.outgoing_case import OutgoingCase
from odoo.addons.construction_sync.tests.receiver import Say
from odoo.addons.construction_sync.tests.rows import rows


def hang_up(got):
    """Books what it got and dies before it can say so."""
    raise ConnectionAbortedError


class TestUnclearMoney(OutgoingCase):
    def setUp(self):
        super().setUp()
        self.ledger = self.new_hub(
            "ledger", "Ledger", ("test_document",), adapter="test_ledger"
        )
        self.ledger.address = self.receiver.address
        self.ledger.timeout_seconds = 2

    def document(self, number="INV-1"):
        return self.env["construction.test.document"].create(
            {"name": number, "amount": 120.5}
        )

    def posted(self):
        return [g for g in self.receiver.got if g.method == "POST"]

    @rows("FA-H04", "FA-H03")
    def test_what_may_have_arrived_is_asked_for_and_not_sent_twice(self):
        self.receiver.answers = [hang_up, Say(200, body=b'{"id": "L-77"}')]
        document = self.document()
        self.dispatch()
        (delivery,) = self.deliveries(self.ledger)
        self.assertEqual(delivery.state, "unknown")
        self.later_out(minutes=30)
        self.dispatch()
        self.assertEqual(len(self.posted()), 1, "sent twice")
        self.assertEqual(delivery.state, "delivered")
        asked = self.receiver.got[-1]
        self.assertEqual(
            (asked.method, asked.path.rpartition("/")[2]), ("GET", delivery.uuid)
        )
        link = self.env["construction.sync.binding"].search(
            [("system_id", "=", self.ledger.id), ("res_id", "=", document.id)]
        )
        self.assertEqual(link.external_id, "L-77")

    @rows("FA-H04")
    def test_what_did_not_arrive_is_sent_after_it_was_asked_for(self):
        self.receiver.answers = [
            hang_up, Say(404), Say(201, body=b'{"id": "L-1"}'),
        ]  # fmt: skip
        self.document()
        self.dispatch()
        for _time in range(2):
            self.later_out(minutes=30)
            self.dispatch()
        (delivery,) = self.deliveries(self.ledger)
        self.assertEqual(delivery.state, "delivered")
        self.assertEqual(len(self.posted()), 2)
        self.assertEqual(
            {json.loads(g.body)["reference"] for g in self.posted()}, {delivery.uuid}
        )

    @rows("FA-H04")
    def test_what_cannot_be_asked_for_waits_for_a_person(self):
        self.ledger.address = self.receiver.address + "/mute"
        self.receiver.answers = [hang_up, 201]
        self.document()
        self.dispatch()
        (delivery,) = self.deliveries(self.ledger)
        for _time in range(3):
            self.later_out(days=1)
            self.dispatch()
        self.assertEqual(len(self.receiver.got), 1)
        self.assertEqual(delivery.state, "unknown")
        self.assertEqual(delivery.exception_id.kind, "delivery-unknown")
        self.assertIn("INV-1", delivery.exception_id.name)
        delivery.action_confirm_arrived()
        self.assertEqual(delivery.state, "delivered")
        self.assertEqual(delivery.exception_id.state, "resolved")

    @rows("FA-H04", "FA-F21")
    def test_a_dead_sender_leaves_a_question_and_no_second_booking(self):
        self.document()
        self.commit()
        (target, adapter), *_more = [
            pair
            for pair in dispatch.read_targets(self.env.cr)
            if pair[0].id == self.ledger.id
        ]
        flow = self.ledger.flow_ids.filtered(lambda f: f.direction == "out")
        dispatch.claim_flow(self.env.cr, target, flow.id, 1, adapter)
        # it died here; whether it had sent nobody knows
        self.later_out(hours=1)
        self.receiver.answers = [Say(200, body=b'{"id": "L-5"}')]
        self.dispatch()
        (delivery,) = self.deliveries(self.ledger)
        self.assertEqual(self.posted(), [])
        self.assertEqual(delivery.state, "delivered")
        self.assertEqual(
            delivery.attempt_ids.sorted("id").mapped("outcome"),
            ["unknown", "delivered"],
        )

    def test_a_field_too_long_for_the_target_is_never_sent(self):
        document = self.document("INV-2026-0000000000000000001")
        self.dispatch()
        self.assertEqual(self.receiver.got, [])
        (delivery,) = self.deliveries(self.ledger)
        self.assertEqual(delivery.state, "dead")
        self.assertEqual(delivery.exception_id.kind, "not-sendable")
        self.assertIn("20 signs", delivery.exception_id.name)
        document.name = "INV-1"
        delivery.action_cancel()
        self.dispatch()
        self.assertEqual(len(self.receiver.got), 1)

    @rows("FA-G09", "FA-H04")
    def test_after_a_restore_it_is_asked_for_and_not_sent_again(self):
        self.document()
        self.commit()
        (delivery,) = self.deliveries(self.ledger)
        self.assertEqual(delivery.state, "pending", "as it stands in the backup")
        self.env.cr.execute("UPDATE construction_sync_standing SET identity = 'other'")
        self.receiver.answers = [Say(200, body=b'{"id": "L-77"}')]
        self.env["construction.sync.standing.decision"].create(
            {"kind": "goes_on", "sure": True, "reason": "Restored"}
        ).action_confirm()
        self.dispatch()
        self.assertEqual(self.posted(), [], "it may have been sent before")
        self.assertEqual([g.method for g in self.receiver.got], ["GET"])
        self.env["construction.sync.delivery"].invalidate_model()
        self.assertEqual(delivery.state, "delivered")


class TestFence(OutgoingCase):
    @rows("FA-F21", "FA-G12")
    def test_who_lost_the_lease_writes_nothing(self):
        self.new_vendor()
        self.commit()
        ((target, adapter),) = dispatch.read_targets(self.env.cr)
        flow = self.hub.flow_ids.filtered(
            lambda f: f.direction == "out" and f.entity == "vendor"
        )
        ((slow,),), _looked = dispatch.claim_flow(
            self.env.cr, target, flow.id, 1, adapter
        )
        self.later_out(hours=1)
        self.dispatch()
        (delivery,) = self.deliveries()
        self.assertEqual(delivery.state, "delivered")
        late = recording.Result(slow, dispatch.Verdict("retry", "It failed."))
        self.assertEqual(recording.record(self.env.cr, target, [late]), [])
        self.env.invalidate_all()
        self.assertEqual(delivery.state, "delivered")
        self.assertEqual(
            delivery.attempt_ids.sorted("id").mapped("outcome"), ["late", "delivered"]
        )
        self.assertEqual(len({g.headers["webhook-id"] for g in self.receiver.got}), 1)

    def test_a_lease_that_holds_is_left_alone(self):
        self.new_vendor()
        self.commit()
        ((target, adapter),) = dispatch.read_targets(self.env.cr)
        flow = self.hub.flow_ids.filtered(
            lambda f: f.direction == "out" and f.entity == "vendor"
        )
        dispatch.claim_flow(self.env.cr, target, flow.id, 1, adapter)
        self.assertEqual(claims.reap(self.env.cr, []), 0)
        self.assertEqual(self.dispatch(), 0)
        self.assertEqual(self.receiver.got, [])
