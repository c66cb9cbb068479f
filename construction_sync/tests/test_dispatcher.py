"""What the dispatcher does after a death: nobody hides behind another, nobody sends
what is no longer his."""

import time

from ..pipeline import dispatch
from .outgoing_case import OutgoingCase
from .rows import rows


class TestDispatcher(OutgoingCase):
    @rows("C8", "FA-F17")
    def test_changes_behind_dead_leases_do_not_hide_what_can_go(self):
        vendors = [self.new_vendor(f"Vendor {n}") for n in range(30)]
        self.commit()
        # a sender died with the first changes; the later ones are due for longer
        self.env.cr.execute(
            "UPDATE construction_sync_delivery SET state = 'leased', "
            "lease_token = 'gone', "
            "lease_until = now() AT TIME ZONE 'UTC' - interval '1 second'"
        )
        for vendor in vendors:
            vendor.name = f"{vendor.name} again"
        self.commit()
        self.env.cr.execute(
            "UPDATE construction_sync_delivery SET next_at = next_at "
            "- interval '1 day' WHERE state = 'pending'"
        )
        self.dispatch()
        self.assertEqual(set(self.deliveries().mapped("state")), {"delivered"})
        told = [body["data"]["name"] for body in self.bodies()]
        for number in range(30):
            first, again = f"Vendor {number}", f"Vendor {number} again"
            self.assertLess(told.index(first), told.index(again))

    @rows("C11", "FA-F21")
    def test_who_was_stopped_past_his_lease_sends_nothing(self):
        self.new_vendor()
        self.commit()
        ((target, adapter),) = dispatch.read_targets(self.env.cr)
        flow = self.deliveries().flow_id
        ((claim,),), _looked = dispatch.claim_flow(
            self.env.cr, target, flow.id, 1, adapter
        )
        claim.until = time.monotonic()
        result = dispatch.send(target, adapter, claim)
        self.assertEqual(result.verdict.outcome, "unsent")
        self.assertFalse(self.receiver.got)
