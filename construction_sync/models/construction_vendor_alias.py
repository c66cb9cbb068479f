"""What else a vendor is or was called."""

from odoo import api, fields, models

from .. import vendor_identity


class ConstructionVendorAlias(models.Model):
    """A former name, number or external id of a vendor.

    Merging two vendors leaves what the merged one was called, so that a later
    document that names it still finds the vendor that lives on.
    """

    _name = "construction.vendor.alias"
    _description = "Vendor Alias"
    _order = "partner_id, kind, id"
    _rec_name = "value"

    partner_id = fields.Many2one(
        "res.partner", string="Vendor", required=True, ondelete="cascade", index=True
    )
    kind = fields.Selection(
        [("name", "Name"), ("number", "Number"), ("external_id", "External id")],
        required=True,
        default="name",
    )
    value = fields.Char(required=True)
    value_key = fields.Char(
        compute="_compute_value_key",
        store=True,
        index=True,
        help="The value as it is compared.",
    )
    system_id = fields.Many2one(
        "construction.sync.system", ondelete="set null", index="btree_not_null"
    )
    merged_partner_id = fields.Many2one(
        "res.partner",
        string="From",
        ondelete="set null",
        index="btree_not_null",
        help="The merged vendor this alias comes from.",
    )
    company_id = fields.Many2one(related="partner_id.company_id", store=True)

    @api.depends("kind", "value")
    def _compute_value_key(self):
        for alias in self:
            if alias.kind == "name":
                alias.value_key = vendor_identity.name_key(alias.value)
            else:
                alias.value_key = alias.value
