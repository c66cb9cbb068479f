from odoo import api, fields, models


class SyncFlowField(models.Model):
    """Who leads one field, where that differs from the rest of the object (F07)."""

    _name = "construction.sync.flow.field"
    _description = "Lead of a Field"
    _rec_name = "field"

    flow_id = fields.Many2one(
        "construction.sync.flow", required=True, ondelete="cascade", index=True
    )
    field = fields.Char(
        required=True, help="Name of the field in the data type's description."
    )
    owner = fields.Selection(
        [("source", "The outside system"), ("odoo", "Odoo")],
        string="Led by",
        required=True,
    )

    label = fields.Char(compute="_compute_label", string="Field name")
    choices = fields.Json(compute="_compute_choices")

    _field_unique = models.Constraint(
        "UNIQUE (flow_id, field)", "A field can be led by one side only."
    )

    @api.depends("flow_id.entity")
    def _compute_choices(self):
        for line in self:
            line.choices = line.flow_id._field_labels()

    @api.depends("field", "flow_id.entity")
    def _compute_label(self):
        for line in self:
            labels = dict(line.flow_id._field_labels())
            line.label = labels.get(line.field, line.field)

    @api.model_create_multi
    def create(self, vals_list):
        self.env.registry.clear_cache()
        return super().create(vals_list)

    def write(self, vals):
        self.env.registry.clear_cache()
        return super().write(vals)

    def unlink(self):
        self.env.registry.clear_cache()
        return super().unlink()
