from odoo import fields, models


class SyncConflict(models.Model):
    """One field that both sides changed: both values, side by side (F07)."""

    _name = "construction.sync.conflict"
    _description = "Difference"
    _order = "exception_id, id"

    exception_id = fields.Many2one(
        "construction.sync.exception", required=True, ondelete="cascade", index=True
    )
    message_id = fields.Integer(readonly=True)
    field = fields.Char(required=True, readonly=True)
    label = fields.Char(readonly=True)
    source_value = fields.Char(string="In the system", readonly=True)
    odoo_value = fields.Char(string="In Odoo", readonly=True)
    pending = fields.Json(readonly=True)
    decided = fields.Selection(
        [("source", "The outside's"), ("odoo", "Odoo's")], readonly=True
    )
