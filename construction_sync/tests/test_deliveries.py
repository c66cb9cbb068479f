"""A change in Odoo reaches the systems that want to hear of it (the way out)."""

import hashlib

from .outgoing_case import OutgoingCase
from .receiver import Say
from .rows import rows


class TestDeliveries(OutgoingCase):
    @rows("F63")
    def test_a_new_vendor_arrives_once(self):
        vendor = self.new_vendor(vat="US12-3456789")
        vendor.email = "office@ace.test"
        self.assertEqual(self.dispatch(), 1)
        (event,) = self.bodies()
        self.assertEqual(event["type"], "construction.vendor.v1")
        self.assertEqual(event["sequence"], "1")
        self.assertEqual(event["data"]["name"], "Ace Concrete")
        self.assertEqual(event["data"]["email"], "office@ace.test")
        (delivery,) = self.deliveries()
        self.assertEqual((delivery.state, delivery.attempts), ("delivered", 1))
        self.assertEqual(self.dispatch(), 0)

    def test_a_transaction_says_one_thing_however_often_it_writes(self):
        vendor = self.new_vendor()
        self.dispatch()
        for number in range(5):
            vendor.phone = f"555-010{number}"
        vendor.comment = "Not told to anybody"
        self.dispatch()
        self.assertEqual(
            [e["sequence"] for e in self.bodies()], ["1", "2"], "one event a commit"
        )
        vendor.phone = "555-0104"
        vendor.comment = "Still nobody's business"
        self.assertEqual(self.dispatch(), 0, "nothing that is told has changed")

    def test_what_a_system_sent_is_not_told_to_it_again(self):
        other = self.new_hub("other", "Other Hub")
        other.address = self.receiver.address + "/other"
        flow = self.env["construction.sync.flow"].create(
            {
                "system_id": self.system.id,
                "entity": "vendor",
                "direction": "out",
                "state": "live",
            }
        )
        self.system.write(
            {"address": self.receiver.address + "/back", "environment": "test"}
        )
        message = self.send(self.vendor("v1"))
        self.drain()
        self.dispatch()
        self.assertEqual(
            sorted(got.path for got in self.receiver.got), ["/hooks", "/hooks/other"]
        )
        self.assertFalse(self.deliveries(self.system))
        event = self.env["construction.sync.event"].search([], limit=1)
        self.assertEqual(event.origin_id, self.system)
        self.assertEqual(event.message_id, message)
        self.assertEqual(event.trace_id, message.trace_id)
        partner = self.linked("v1")
        partner.with_context(**{}).comment = "x"
        flow.owner = "odoo"
        self.flow("vendor").owner = "odoo"
        partner.phone = "555-0100"
        self.dispatch()
        self.assertEqual(self.bodies()[-1]["data"]["phone"], "555-0100")
        back = [g for g in self.receiver.got if g.path == "/hooks/back"]
        self.assertEqual(len(back), 1)
        self.assertIn(b'"subject":"v1"', back[0].body, "in the receiver's own id")

    def test_every_try_has_the_same_id_and_the_same_bytes(self):
        self.receiver.answers = [500, 503, 204]
        self.new_vendor()
        self.dispatch()
        for _again in range(2):
            self.later_out(minutes=20)
            self.dispatch()
        self.assertEqual(len(self.receiver.got), 3)
        self.assertEqual(len({g.headers["webhook-id"] for g in self.receiver.got}), 1)
        self.assertEqual(len({g.body for g in self.receiver.got}), 1)
        (delivery,) = self.deliveries()
        self.assertEqual(delivery.state, "delivered")
        self.assertEqual(
            delivery.attempt_ids.sorted("id").mapped("status"), [500, 503, 204]
        )
        body = self.env["construction.sync.delivery.body"].browse(delivery.id)
        self.assertEqual(
            body.sha256, hashlib.sha256(self.receiver.got[0].body).hexdigest()
        )

    def test_an_objects_later_change_waits_for_the_earlier(self):
        self.receiver.answers = [500, 204]
        vendor = self.new_vendor()
        self.dispatch()
        vendor.phone = "555-0101"
        other = self.new_vendor("Bolt Steel")
        self.dispatch()
        self.assertEqual(
            [e["data"]["name"] for e in self.bodies()], ["Ace Concrete", "Bolt Steel"]
        )
        self.later_out(minutes=10)
        self.dispatch()
        self.dispatch()
        mine = [e for e in self.bodies() if e["odooid"] == str(vendor.id)]
        self.assertEqual([e["sequence"] for e in mine], ["1", "1", "2"])
        self.assertTrue(other)

    @rows("FA-H01")
    def test_what_it_asks_for_is_honoured_within_reason(self):
        self.receiver.answers = [
            Say(429, {"Retry-After": "999999999"}),
        ]
        self.new_vendor()
        self.dispatch()
        (delivery,) = self.deliveries()
        self.assertEqual(delivery.state, "retry")
        self.env.cr.execute(
            "SELECT extract(epoch FROM next_at - now() AT TIME ZONE 'UTC'), "
            "(SELECT extract(epoch FROM paused_until - now() AT TIME ZONE 'UTC') "
            "   FROM construction_sync_breaker WHERE system_id = %s) "
            "FROM construction_sync_delivery WHERE id = %s",
            [self.hub.id, delivery.id],
        )
        wait, pause = self.env.cr.fetchone()
        self.assertGreaterEqual(wait, 45)
        self.assertLessEqual(wait, 145)
        self.assertLessEqual(pause, 900)
