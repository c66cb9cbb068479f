from odoo import api, models

LANE_CRONS = ("construction_sync.cron_lane_1", "construction_sync.cron_lane_2")


class SyncCarrier(models.AbstractModel):
    """Carries background work. A doorbell, not a ledger: losing or doubling a ring
    costs time, never an effect; what is to be done stands in the inbox."""

    _name = "construction.sync.carrier"
    _description = "Construction Sync: carrier of background work"

    @api.model
    def _ring(self, flow_ids, lanes=1):
        """Wake ``lanes`` workers when the current transaction commits.

        :param flow_ids: flows that have something ready (a carrier may ignore them)
        """
        for xmlid in LANE_CRONS[:lanes]:
            cron = self.env.ref(xmlid, raise_if_not_found=False)
            if cron:
                cron.sudo()._trigger()  # gateway: senders have no right on crons
