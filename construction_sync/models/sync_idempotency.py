from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import SQL


class SyncIdempotency(models.Model):
    """Answers to calls with an Idempotency-Key, per client (FA-A).

    Written in the transaction that stores the message, so that either both or none
    exist. ``status`` is empty while the call runs; the answer is kept 30 days, the
    fingerprint 13 months.
    """

    _name = "construction.sync.idempotency"
    _description = "Answered Call"
    _log_access = False

    client_id = fields.Many2one(
        "construction.sync.client", required=True, readonly=True, ondelete="cascade"
    )
    key = fields.Char(required=True, readonly=True)
    fingerprint = fields.Char(required=True, readonly=True)
    message_uuid = fields.Char(readonly=True)
    status = fields.Integer(readonly=True)
    answer = fields.Text(readonly=True)
    headers = fields.Json(readonly=True)
    created_at = fields.Datetime(required=True, readonly=True)

    _key_unique = models.UniqueIndex("(client_id, key)")
    _created = models.Index("(created_at)")

    @api.model
    def _cron_expire(self):
        """Drop answers after 30 days and fingerprints after 13 months."""
        now = fields.Datetime.now()
        self.env.cr.execute(
            SQL(
                "UPDATE construction_sync_idempotency "
                "SET answer = NULL, headers = NULL "
                "WHERE answer IS NOT NULL AND created_at < %s",
                now - timedelta(days=30),
            )
        )
        self.env.cr.execute(
            SQL(
                "DELETE FROM construction_sync_idempotency WHERE created_at < %s",
                now - timedelta(days=396),
            )
        )
