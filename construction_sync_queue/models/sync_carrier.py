from odoo import api, models
from odoo.tools import SQL

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
        waiting = self._waiting_jobs(flow_ids)
        for flow in self.env["construction.sync.flow"].browse(flow_ids):
            if _identity(flow.id) in waiting:
                continue
            flow.with_delay(
                channel=CHANNEL,
                identity_key=_identity(flow.id),
                description=f"Apply what arrived for flow {flow.id}",
            )._job_drain()
        return super()._ring(flow_ids, lanes)

    @api.model
    def _waiting_jobs(self, flow_ids):
        """Identity keys of drain jobs that wait already: making a job only to find
        that it is not needed costs a quarter of a small call."""
        self.env.cr.execute(
            SQL(
                "SELECT identity_key FROM queue_job WHERE identity_key = ANY(%s) "
                "AND state IN ('pending', 'enqueued')",
                [_identity(flow_id) for flow_id in flow_ids],
            )
        )
        return {row[0] for row in self.env.cr.fetchall()}


def _identity(flow_id):
    return f"construction_sync.drain.{flow_id}"
