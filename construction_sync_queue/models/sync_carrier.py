from odoo import api, models

CHANNEL = "root.construction_sync"


class SyncCarrier(models.AbstractModel):
    _inherit = "construction.sync.carrier"

    @api.model
    def _ring(self, flow_ids, lanes=1):
        """Enqueue one drain job per flow, unless one waits already, and ring the lane
        crons as well.

        A waiting job may start, and end, before this transaction is committed, and
        the runner may be dead: the cron's own bell is safe against both.
        """
        for flow in self.env["construction.sync.flow"].browse(flow_ids):
            flow.with_delay(
                channel=CHANNEL,
                identity_key=f"construction_sync.drain.{flow.id}",
                description=f"Apply what arrived for flow {flow.id}",
            )._job_drain()
        return super()._ring(flow_ids, lanes)
