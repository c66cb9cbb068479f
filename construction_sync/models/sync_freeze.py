from odoo import api, fields, models
from odoo.exceptions import ValidationError


class SyncFreeze(models.Model):
    """A time in which a flow stores what arrives and applies nothing."""

    _name = "construction.sync.freeze"
    _description = "Freeze of a Data Type"
    _order = "starts_at desc"
    _rec_name = "reason"

    flow_id = fields.Many2one(
        "construction.sync.flow", required=True, ondelete="cascade", index=True
    )
    starts_at = fields.Datetime(required=True)
    ends_at = fields.Datetime(required=True)
    reason = fields.Char(required=True, help="For instance: year-end close.")

    @api.constrains("starts_at", "ends_at")
    def _check_span(self):
        for freeze in self:
            if freeze.starts_at >= freeze.ends_at:
                raise ValidationError(
                    self.env._(
                        "The freeze %(reason)s ends before it starts. Correct it.",
                        reason=freeze.reason,
                    )
                )
