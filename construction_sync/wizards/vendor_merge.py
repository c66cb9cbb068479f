"""Merge a vendor into another one, by a person."""

from odoo import fields, models


class ConstructionVendorMerge(models.TransientModel):
    """Asks which vendor lives on."""

    _name = "construction.vendor.merge"
    _description = "Merge a Vendor"

    partner_id = fields.Many2one(
        "res.partner", string="Duplicate", required=True, readonly=True
    )
    master_id = fields.Many2one(
        "res.partner",
        string="Vendor That Lives On",
        required=True,
        domain="[('construction_vendor', '=', True), ('id', '!=', partner_id)]",
        help="Open documents and links move to this vendor.",
    )

    def action_merge(self):
        """Merge and open the vendor that lives on."""
        self.ensure_one()
        self.partner_id.construction_merge_into(self.master_id)
        return {
            "type": "ir.actions.act_window",
            "res_model": "res.partner",
            "res_id": self.master_id.id,
            "view_mode": "form",
        }
