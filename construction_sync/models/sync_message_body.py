from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from .fields import LooseMany2one


class SyncMessageBody(models.Model):
    """The bytes of a message, exactly as they came; its id is the message's id.

    Immutable: a trigger refuses every change but the purge, which takes the bytes
    and leaves the hash (F77).
    """

    _name = "construction.sync.message.body"
    _description = "Body of a Message"
    _log_access = False

    raw = fields.Binary(attachment=False, readonly=True)
    sha256 = fields.Char(readonly=True, required=True)
    content_type = fields.Char(readonly=True)
    headers = fields.Json(readonly=True)
    origin_id = LooseMany2one(
        "construction.sync.message.body",
        string="Taken from",
        readonly=True,
        help="The webhook body this one was translated from.",
    )
    purged_at = fields.Datetime(readonly=True)

    def init(self):
        self.env.cr.execute(
            SQL(
                """
                CREATE OR REPLACE FUNCTION construction_sync_body_guard()
                RETURNS trigger AS $$
                BEGIN
                    IF TG_OP = 'UPDATE'
                       AND NEW.raw IS NULL
                       AND NEW.purged_at IS NOT NULL
                       AND NEW.sha256 = OLD.sha256
                    THEN
                        RETURN NEW;
                    END IF;
                    RAISE EXCEPTION
                        'The body of message %% is kept as it came.', OLD.id;
                END
                $$ LANGUAGE plpgsql;
                DROP TRIGGER IF EXISTS construction_sync_body_guard
                    ON construction_sync_message_body;
                CREATE TRIGGER construction_sync_body_guard
                    BEFORE UPDATE OR DELETE ON construction_sync_message_body
                    FOR EACH ROW EXECUTE FUNCTION construction_sync_body_guard();
                """
            )
        )

    def _bytes(self):
        """The body's bytes, or b"" when it was purged."""
        self.ensure_one()
        self.env.cr.execute(
            SQL("SELECT raw FROM construction_sync_message_body WHERE id = %s", self.id)
        )
        row = self.env.cr.fetchone()
        return bytes(row[0]) if row and row[0] is not None else b""

    @api.model_create_multi
    def create(self, vals_list):  # pylint: disable=method-required-super; always refused
        raise UserError(self.env._("Bodies come in through the interface only."))

    def write(self, vals):  # pylint: disable=method-required-super; always refused
        raise UserError(self.env._("The body of a message is kept as it came."))

    def unlink(self):  # pylint: disable=method-required-super; always refused
        # pylint: disable-next=no-raise-unlink; nothing here is ever deleted
        raise UserError(self.env._("The body of a message is kept as it came."))

    @api.model
    def _cron_purge(self):
        """Take bodies of finished messages past their flow's time; hashes stay."""
        self.env.cr.execute(
            SQL(
                """
                UPDATE construction_sync_message_body b
                   SET raw = NULL, purged_at = now() AT TIME ZONE 'UTC'
                  FROM construction_sync_message m
                  JOIN construction_sync_flow f ON f.id = m.flow_id
                 WHERE b.id = m.id
                   AND b.raw IS NOT NULL
                   AND f.purge_days > 0
                   AND m.state IN ('applied', 'superseded', 'duplicate', 'discarded')
                   AND m.received_at < (now() AT TIME ZONE 'UTC')
                                       - f.purge_days * interval '1 day'
                """
            )
        )
        return self.env.cr.rowcount
