"""Which set of cost codes a code belongs to, and how its codes are written."""

from odoo import fields, models

from .. import cost_code_notation


class ConstructionCostCodeScheme(models.Model):
    """A set of cost codes: CSI MasterFormat, or a contractor's own."""

    _name = "construction.cost.code.scheme"
    _description = "Cost Code Scheme"
    _order = "sequence, id"

    name = fields.Char(required=True, translate=True)
    code = fields.Char(
        required=True,
        help="What outside systems call this scheme, for instance masterformat.",
    )
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
    grammar = fields.Selection(
        [
            ("masterformat", "MasterFormat (03 30 00.13)"),
            ("plain", "As written (delimiters count)"),
        ],
        required=True,
        default="plain",
        help="How the codes of this scheme are written. MasterFormat codes are "
        "recognised in all their usual notations; codes of an own scheme must "
        "agree character by character, apart from case and spaces.",
    )
    cost_code_ids = fields.One2many("construction.cost.code", "scheme_id")
    rule_ids = fields.One2many("construction.cost.code.rule", "scheme_id")

    _code_uniq = models.Constraint(
        "UNIQUE (code)", "Another cost code scheme already has this code."
    )

    def _normalised(self, code):
        """Canonical spelling of ``code`` in this scheme, or None if it is none."""
        self.ensure_one()
        written = cost_code_notation.GRAMMARS[self.grammar](code)
        return written and written.code

    def _default_scheme(self):
        """The scheme of codes that come without one: the first in order."""
        return self.search([], limit=1)
