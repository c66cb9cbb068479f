import json

from odoo import fields, models
from odoo.tools import SQL


class SyncDeliveryBody(models.Model):
    """The frozen bytes of a delivery, under the delivery's id."""

    _name = "construction.sync.delivery.body"
    _description = "Delivery Body"
    _log_access = False

    raw = fields.Binary(attachment=False, readonly=True)
    sha256 = fields.Char(readonly=True)

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
