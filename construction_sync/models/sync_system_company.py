from odoo import fields, models


class SyncSystemCompany(models.Model):
    """What an outside system calls one of our companies."""

    _name = "construction.sync.system.company"
    _description = "Company Code of a System"
    _order = "system_id, code"
    _rec_name = "code"

    system_id = fields.Many2one(
        "construction.sync.system", required=True, ondelete="cascade", index=True
    )
    code = fields.Char(required=True, help="The company's code or id in that system.")
    company_id = fields.Many2one("res.company", required=True)

    _code_unique = models.Constraint(
        "UNIQUE (system_id, code)", "A company code can stand for one company only."
    )
