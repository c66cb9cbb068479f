from markupsafe import Markup

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ..pipeline import audit, sealing
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
            ("sent", "Delivered"),
            ("erased", "Values erased"),
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
    changes_table = fields.Html(
        string="Before and after, side by side",
        compute="_compute_changes_table",
        sanitize=False,
    )
    record_name = fields.Char(string="Which record", compute="_compute_record_name")
    who = fields.Char(string="By whom", compute="_compute_who")
    content = fields.Text(required=True, readonly=True)
    prev_hash = fields.Char(readonly=True)
    hash = fields.Char(required=True, readonly=True)
    seal_ids = fields.One2many("construction.sync.audit.seal", "audit_id")
    number = fields.Integer(
        string="Entry no.",
        compute="_compute_number",
        help="Its place in the sealed log; 0 until it is sealed, within two minutes.",
    )

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
                    -- values may be erased, and nothing else: their salted hash stays
                    IF TG_OP = 'UPDATE' AND TG_TABLE_NAME = 'construction_sync_audit'
                       AND to_jsonb(NEW) = to_jsonb(OLD) || '{"changes": null}' THEN
                        RETURN NEW;
                    END IF;
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

    def _compute_number(self):
        seals = self.env["construction.sync.audit.seal"].search(
            [("audit_id", "in", self.ids)]
        )
        numbers = {seal.audit_id.id: seal.id for seal in seals}
        for entry in self:
            entry.number = numbers.get(entry.id, 0)

    @api.depends("changes")
    def _compute_changes_text(self):
        for entry in self:
            entry.changes_text = "\n".join(
                self.env._(
                    "%(field)s: %(before)s → %(after)s",
                    field=label,
                    before=before,
                    after=after,
                )
                for label, before, after in entry._changes_in_words()
            )

    def _changes_in_words(self):
        """``[(label of the field, before, after)]`` as a person reads them."""
        target = self.env.get(self.res_model)
        rows = []
        for name, (before, after) in (self.changes or {}).items():
            field = target._fields.get(name) if target is not None else None
            label = field._description_string(self.env) if field else name
            rows.append((label, self._in_words(before), self._in_words(after)))
        return rows

    def _changes_table(self):
        """Field, before and after as a table with real headers."""
        self.ensure_one()
        rows = [
            Markup("<tr><td>%s</td><td>%s</td><td>%s</td></tr>") % cells
            for cells in self._changes_in_words()
        ]
        return Markup(
            "<table class='table table-sm'><thead><tr><th scope='col'>%s</th>"
            "<th scope='col'>%s</th><th scope='col'>%s</th></tr></thead>"
            "<tbody>%s</tbody></table>"
        ) % (
            self.env._("Field"),
            self.env._("Before"),
            self.env._("After"),
            Markup("").join(rows),
        )

    @api.model
    def _in_words(self, value):
        if value in (None, False, "", []):
            return self.env._("empty")
        if value is True:
            return self.env._("yes")
        return value if isinstance(value, str) else str(value)

    @api.depends("changes")
    def _compute_changes_table(self):
        for entry in self:
            entry.changes_table = entry._changes_table() if entry.changes else False

    @api.depends("res_model", "res_id")
    def _compute_record_name(self):
        """Names of the records as they are now, else what the message is about; many
        at once per model."""
        messages = self.message_id.exists()
        titles = {message.id: message.title for message in messages}
        for entry in self:
            entry.record_name = titles.get(entry.message_id.id)
        for model, entries in self.filtered("res_id").grouped("res_model").items():
            if model not in self.env:
                continue
            records = self.env[model].browse(entries.mapped("res_id")).exists()
            names = {r.id: r.display_name for r in records._filtered_access("read")}
            for entry in entries:
                entry.record_name = names.get(entry.res_id) or entry.record_name

    @api.depends("user_id", "system_id")
    def _compute_who(self):
        for entry in self:
            user = entry.sudo().user_id  # gateway: names only
            if user and not user._is_superuser():
                entry.who = user.name
            elif entry.system_id:
                entry.who = self.env._("Sync, for %(who)s", who=entry.system_id.name)
            else:
                entry.who = self.env._("Sync")

    # ---- integrity -----------------------------------------------------------------

    def action_check_integrity(self):
        """Verify all that is sealed; says the result in words."""
        self.env["construction.sync.gatekeeper"]._check("audit")
        found = sealing.check(self.env.cr)
        right = not found.findings
        words = [found.summary()] if right else found.findings[:3]
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success" if right else "danger",
                "sticky": True,
                "title": self.env._("The audit is whole")
                if right
                else self.env._("The audit is not what was sealed"),
                "message": " ".join(words),
            },
        }

    def action_export(self):
        """Everything that is sealed, as a file for verify-audit."""
        self.env["construction.sync.gatekeeper"]._check("audit")
        return {
            "type": "ir.actions.act_url",
            "url": "/construction_sync/audit/export",
            "target": "self",
        }

    def action_erase_changes(self):
        """Erase the values before and after (personal data); what was hashed of them
        stays, so that the log can still be verified (FA-K08)."""
        self.ensure_one()
        self.env["construction.sync.gatekeeper"]._check("admin")
        if not self.changes:
            raise UserError(
                self.env._("%(entry)s holds no values.", entry=self.display_name)
            )
        self.env.cr.execute(
            SQL(
                "UPDATE construction_sync_audit SET changes = NULL WHERE id = %s",
                self.id,
            )
        )
        journal = audit.Journal(self.env)
        journal.note(
            self.doc_key, "erased", system_id=self.system_id.id,
            company_id=self.company_id.id, record=(self.res_model, self.res_id),
            facts={"entry": self.hash},
        )  # fmt: skip
        journal.flush()
        self.invalidate_recordset()

    def action_open_record(self):
        """The record as it is now."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": self.res_model,
            "res_id": self.res_id,
            "view_mode": "form",
        }

    @api.model_create_multi
    def create(self, vals_list):  # pylint: disable=method-required-super; always refused
        raise UserError(self.env._("Audit entries are written by the software only."))

    def write(self, vals):  # pylint: disable=method-required-super; always refused
        raise UserError(self.env._("Audit entries are append-only."))

    def unlink(self):  # pylint: disable=method-required-super; always refused
        # pylint: disable-next=no-raise-unlink; nothing here is ever deleted
        raise UserError(self.env._("Audit entries are append-only."))
