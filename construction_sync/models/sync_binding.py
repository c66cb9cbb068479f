from odoo import api, fields, models
from odoo.exceptions import UserError


class SyncBinding(models.Model):
    """External id <-> Odoo record: the cross-reference registry (F06).

    One row per (system, company, entity, external id). It carries what the version
    gate compares with (version, content hash, time and message last applied), and it
    survives the record as a tombstone.
    """

    _name = "construction.sync.binding"
    _description = "Link to an Outside Record"
    _log_access = False
    _order = "id desc"
    _rec_name = "external_id"

    system_id = fields.Many2one(
        "construction.sync.system", required=True, readonly=True, ondelete="restrict"
    )
    company_id = fields.Many2one(
        "res.company",
        readonly=True,
        ondelete="restrict",
        help="Empty for what is shared between companies.",
    )
    entity = fields.Selection(
        selection=lambda self: self.env["construction.sync.flow"]._selection_entity(),
        string="Data type",
        required=True,
        readonly=True,
    )
    external_id = fields.Char(string="External id", required=True, readonly=True)
    res_model = fields.Char(required=True, readonly=True)
    res_id = fields.Many2oneReference(
        string="Record in Odoo", model_field="res_model", readonly=True
    )
    state = fields.Selection(
        [
            ("linked", "Linked"),
            ("alias", "Alias"),
            ("tombstone", "Gone"),
        ],
        required=True,
        readonly=True,
        default="linked",
        help="Alias: the outside record was merged into another; what still names it "
        "lands on the other. Gone: deleted at the source or in Odoo.",
    )
    version = fields.Char(readonly=True)
    content_hash = fields.Char(readonly=True)
    event_time = fields.Datetime(readonly=True)
    last_message_id = fields.Integer(
        readonly=True, help="The message applied last: order of arrival."
    )
    first_seen = fields.Datetime(readonly=True)
    last_seen = fields.Datetime(readonly=True)
    linked_by = fields.Char(
        readonly=True, help="Why this record was taken: the key that was equal, or who."
    )
    record_name = fields.Char(compute="_compute_record_name", string="In Odoo")

    _object_unique = models.UniqueIndex(
        "(system_id, entity, external_id, COALESCE(company_id, 0))"
    )
    _record = models.Index("(res_model, res_id, system_id)")
    _company = models.Index("(company_id) WHERE company_id IS NOT NULL")

    @api.depends("res_model", "res_id")
    def _compute_record_name(self):
        for model, bindings in self.grouped("res_model").items():
            records = self.env[model].browse(bindings.mapped("res_id")).exists()
            names = {r.id: r.display_name for r in records}
            for binding in bindings:
                binding.record_name = names.get(
                    binding.res_id, self.env._("Deleted in Odoo")
                )

    def write(self, vals):
        if not self.env.su:
            raise UserError(
                self.env._("A link follows what the systems send. Unlink it instead.")
            )
        return super().write(vals)

    @api.model
    def _linked(self, records):
        """Bindings of ``records`` (any state), newest first."""
        return self.search(
            [("res_model", "=", records._name), ("res_id", "in", records.ids)]
        )

    def action_open_record(self):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": self.res_model,
            "res_id": self.res_id,
            "view_mode": "form",
        }
