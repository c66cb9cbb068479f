"""Cost types: labour, material, equipment, subcontract, other, overhead."""

from odoo import api, fields, models

from .. import cost_code_notation


class ConstructionCostType(models.Model):
    """What a cost consists of. Other names of it: category (Sage), line item type
    (Procore)."""

    _name = "construction.cost.type"
    _inherit = ["construction.analytic.mirror", "construction.sync.owned"]
    _description = "Cost Type"
    _order = "sequence, code, id"
    _rec_names_search = ["code", "name"]
    _construction_plan = "construction_sync.analytic_plan_cost_type"

    name = fields.Char(required=True, translate=True)
    code = fields.Char(required=True, help="Short code, for instance S.")
    sequence = fields.Integer(default=10)
    cost_class = fields.Selection(
        [
            ("labour", "Labour"),
            ("material", "Material"),
            ("equipment", "Equipment"),
            ("subcontract", "Subcontract"),
            ("other", "Other"),
            ("overhead", "Overhead"),
        ],
        string="Class",
        required=True,
        default="other",
        help="The class decides how forecasts and allocations treat the cost.",
    )
    spellings = fields.Char(
        string="Other Spellings",
        help="What systems write for this type, separated by commas: SUB, SC.",
    )
    company_id = fields.Many2one(
        "res.company",
        index="btree_not_null",
        help="Leave empty to share the type between all companies.",
    )

    _code_uniq = models.UniqueIndex(
        "(code, COALESCE(company_id, 0))",
        "Another cost type already has this code.",
    )

    @api.depends("code", "name")
    def _compute_display_name(self):
        for record in self:
            record.display_name = f"{record.code or ''} {record.name or ''}".strip()

    @api.model
    def _words(self):
        """``{UPPER CASE SPELLING: code}`` of all active types."""
        return {
            word: record.code
            for record in self.search([])
            for word in record._words_of()
        }

    def _words_of(self):
        """Spellings of this type, in upper case, its code among them."""
        self.ensure_one()
        words = [self.code, *(self.spellings or "").split(",")]
        return {clean for word in words if (clean := cost_code_notation.clean(word))}

    @api.model
    def _by_code(self, company):
        """``{code: id}``, a company's own type before a shared one."""
        records = self.search([("company_id", "in", [False, *company.ids])])
        return {r.code: r.id for r in records.sorted(lambda r: bool(r.company_id))}
