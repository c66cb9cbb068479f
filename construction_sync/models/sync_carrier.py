from psycopg2.errors import SerializationFailure

from odoo import api, models
from odoo.tools import SQL, mute_logger

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
        data = self.env["ir.model.data"]
        for xmlid in LANE_CRONS[:lanes]:
            cron_id = data._xmlid_to_res_id(xmlid, raise_if_not_found=False)
            if cron_id and not self._rung(cron_id):
                # gateway: senders have no right on crons
                self.env["ir.cron"].browse(cron_id).sudo()._trigger()

    @api.model
    def _ring_dispatch(self):
        """Wake the dispatcher when the current transaction commits.

        That transaction has read before, so the look at the triggers may meet one that
        changed since: then it counts as not rung.
        """
        cron_id = self.env["ir.model.data"]._xmlid_to_res_id(
            "construction_sync.cron_dispatch", raise_if_not_found=False
        )
        try:
            with mute_logger("odoo.sql_db"), self.env.cr.savepoint(flush=False):
                rung = not cron_id or self._rung(cron_id)
        except SerializationFailure:
            rung = False
        if not rung:
            # gateway: who changes a record has no right on crons
            self.env["ir.cron"].browse(cron_id).sudo()._trigger()

    @api.model
    def _rung(self, cron_id):
        """Whether the cron was rung already and has not answered yet.

        Each ring costs a connection of its own to wake the cron workers: a third of
        a small call. A trigger that the cron is answering is locked by it until it
        ends and does not count; one that we find stays locked until we commit, so
        that the cron, which removes it first, sees what we stored. A ring that is old
        was not heard: whoever should have answered was not up yet.
        """
        self.env.cr.execute(
            SQL(
                """
                SELECT FROM ir_cron_trigger
                 WHERE cron_id = %s AND call_at <= now() AT TIME ZONE 'UTC'
                   AND call_at > (now() AT TIME ZONE 'UTC') - interval '10 seconds'
                 LIMIT 1
                   FOR KEY SHARE SKIP LOCKED
                """,
                cron_id,
            )
        )
        return bool(self.env.cr.rowcount)
