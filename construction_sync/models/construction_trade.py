"""Trades: what kind of work a vendor does."""

from odoo import api, fields, models


class ConstructionTrade(models.Model):
    """A trade, such as concrete or electrical work."""

    _name = "construction.trade"
    _description = "Trade"
    _order = "code, name, id"
    _rec_names_search = ["code", "name"]

    name = fields.Char(required=True, translate=True)
    code = fields.Char(required=True, help="What outside systems send for the trade.")
    active = fields.Boolean(default=True)
    color = fields.Integer()
    partner_ids = fields.Many2many(
        "res.partner", "construction_partner_trade_rel", string="Vendors"
    )
    vendor_count = fields.Integer(
        compute="_compute_vendor_count", string="Number of Vendors"
    )

    _code_uniq = models.Constraint(
        "UNIQUE (code)", "Another trade already has this code."
    )

    @api.depends("partner_ids")
    def _compute_vendor_count(self):
        for trade in self:
            trade.vendor_count = len(trade.partner_ids)

    @api.depends("code", "name")
    def _compute_display_name(self):
        for trade in self:
            trade.display_name = trade.name or trade.code
