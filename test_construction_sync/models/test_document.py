from odoo import fields, models


class TestDocument(models.Model):
    """A document with money; ``writes`` counts how often the outside changed it."""

    _name = "construction.test.document"
    _inherit = "construction.sync.owned"
    _description = "Test Document"

    name = fields.Char(required=True)
    amount = fields.Float(digits=(16, 2))
    behaviour = fields.Char()
    parent_id = fields.Many2one("construction.test.document")
    company_id = fields.Many2one("res.company")
    active = fields.Boolean(default=True)

    _name_unique = models.Constraint(
        "UNIQUE (name, company_id)", "This document is already here."
    )
    # documents without a company are one company's here: NULLs would all differ
    _number_unique = models.UniqueIndex(
        "(name, COALESCE(company_id, 0))", "This document is already here."
    )
