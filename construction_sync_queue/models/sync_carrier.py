from odoo import api, models

CHANNEL = "root.construction_sync"


class SyncCarrier(models.AbstractModel):
    _inherit = "construction.sync.carrier"

    @api.model
    def _ring(self, flow_ids, lanes=1):
        """Enqueue one drain job per flow; a job that already waits is enough.

        The minute's lane crons stay as they are: with a dead runner a message waits
        about a minute and not for ever. Rings without flows go to the crons at once.
        """
        flows = self.env["construction.sync.flow"].browse(flow_ids)
        for flow in flows:
            flow.with_delay(
                channel=CHANNEL,
                identity_key=f"construction_sync.drain.{flow.id}",
                description=f"Apply what arrived for flow {flow.id}",
            )._job_drain()
        return None if flows else super()._ring(flow_ids, lanes)
