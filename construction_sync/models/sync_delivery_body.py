import json

from odoo import api, fields, models
from odoo.tools import SQL


class SyncDeliveryBody(models.Model):
    """The frozen bytes of a delivery, under the delivery's id."""

    _name = "construction.sync.delivery.body"
    _description = "Delivery Body"
    _log_access = False

    raw = fields.Binary(attachment=False, readonly=True)
    sha256 = fields.Char(readonly=True)

    @api.model
    def _cron_purge(self):
        """Take bodies of finished deliveries past their flow's time (hashes stay) and
        attempts after 90 days."""
        self.env.cr.execute(
            SQL(
                """
                UPDATE construction_sync_delivery_body b SET raw = NULL
                  FROM construction_sync_delivery d
                  JOIN construction_sync_flow f ON f.id = d.flow_id
                 WHERE b.id = d.id AND b.raw IS NOT NULL AND f.purge_days > 0
                   AND d.state IN ('delivered', 'cancelled')
                   AND d.done_at < (now() AT TIME ZONE 'UTC')
                                   - f.purge_days * interval '1 day'
                """
            )
        )
        self.env.cr.execute(
            SQL(
                """
                DELETE FROM construction_sync_attempt
                 WHERE outcome IS NOT NULL
                   AND started_at < (now() AT TIME ZONE 'UTC') - interval '90 days'
                """
            )
        )

    def _bytes(self):
        self.ensure_one()
        self.env.cr.execute(
            SQL(
                "SELECT raw FROM construction_sync_delivery_body WHERE id = %s", self.id
            )
        )
        row = self.env.cr.fetchone()
        return bytes(row[0]) if row and row[0] is not None else b""

    def _event(self):
        return json.loads(self._bytes() or b"{}")
