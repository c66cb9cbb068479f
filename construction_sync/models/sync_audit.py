from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from .fields import LooseMany2one


class SyncAudit(models.Model):
    """What was done, to what, by whom and why: append-only, chained per object.

    ``hash`` = SHA-256 of the previous entry's hash of the same object and of
    ``content`` (canonical JSON of the entry). Rows are written by ``pipeline.audit``
    in the transaction of the effect; triggers refuse UPDATE, DELETE and TRUNCATE.
    """

    _name = "construction.sync.audit"
    _description = "Audit Entry"
    _log_access = False
    _order = "id desc"
    _rec_name = "doc_key"

    doc_key = fields.Char(string="Object", required=True, readonly=True)
    at = fields.Datetime(string="When", required=True, readonly=True)
    action = fields.Selection(
        [
            ("created", "Created"),
            ("updated", "Changed"),
            ("linked", "Linked"),
            ("unchanged", "Found unchanged"),
            ("archived", "Archived"),
            ("superseded", "Superseded"),
            ("duplicate", "Duplicate"),
            ("parked", "Put before a person"),
            ("conflict", "Kept as a conflict"),
            ("waiting", "Waiting"),
            ("retry", "To be tried again"),
            ("replayed", "Set going again"),
            ("discarded", "Discarded"),
            ("corrected", "Replaced by a corrected message"),
            ("understood", "Understood"),
            ("decided", "Decided"),
            ("refused", "Refused"),
            ("exported", "Exported"),
        ],
        required=True,
        readonly=True,
    )
    system_id = LooseMany2one("construction.sync.system", readonly=True)
    company_id = LooseMany2one("res.company", readonly=True)
    message_id = LooseMany2one("construction.sync.message", readonly=True)
    user_id = LooseMany2one("res.users", string="Who", readonly=True)
    res_model = fields.Char(readonly=True)
    res_id = fields.Many2oneReference(
        string="Record", model_field="res_model", readonly=True
    )
    reason = fields.Char(string="Why", readonly=True)
    changes = fields.Json(readonly=True)
    changes_text = fields.Text(
        string="Before and after", compute="_compute_changes_text"
    )
    content = fields.Text(required=True, readonly=True)
    prev_hash = fields.Char(readonly=True)
    hash = fields.Char(required=True, readonly=True)

    _doc = models.Index("(doc_key, id)")
    _message = models.Index("(message_id) WHERE message_id IS NOT NULL")
    _record = models.Index("(res_model, res_id) WHERE res_id IS NOT NULL")
    _at = models.Index("USING brin (at)")

    def init(self):
        self.env.cr.execute(
            SQL(
                """
                CREATE OR REPLACE FUNCTION construction_sync_audit_guard()
                RETURNS trigger AS $$
                BEGIN
                    RAISE EXCEPTION 'Audit entries are append-only.';
                END
                $$ LANGUAGE plpgsql;
                DROP TRIGGER IF EXISTS construction_sync_audit_guard
                    ON construction_sync_audit;
                CREATE TRIGGER construction_sync_audit_guard
                    BEFORE UPDATE OR DELETE ON construction_sync_audit
                    FOR EACH ROW EXECUTE FUNCTION construction_sync_audit_guard();
                DROP TRIGGER IF EXISTS construction_sync_audit_keep
                    ON construction_sync_audit;
                CREATE TRIGGER construction_sync_audit_keep
                    BEFORE TRUNCATE ON construction_sync_audit
                    FOR EACH STATEMENT EXECUTE FUNCTION construction_sync_audit_guard();
                """
            )
        )

    @api.depends("changes")
    def _compute_changes_text(self):
        for entry in self:
            entry.changes_text = "\n".join(
                f"{name}: {before} → {after}"
                for name, (before, after) in (entry.changes or {}).items()
            )

    @api.model_create_multi
    def create(self, vals_list):
        raise UserError(self.env._("Audit entries are written by the software only."))

    def write(self, vals):
        raise UserError(self.env._("Audit entries are append-only."))

    def unlink(self):
        raise UserError(self.env._("Audit entries are append-only."))
