"""A record that has its counterpart in an analytic plan."""

from odoo import api, fields, models


class ConstructionAnalyticMirror(models.AbstractModel):
    """Gives each record an analytic account in one plan, and keeps name, code,
    company and archiving of the two alike.

    With it one ``analytic_distribution`` key carries project, cost code and cost
    type, and Odoo's own analytic reports show job cost. The account is the
    follower: it is never edited for its own sake.
    """

    _name = "construction.analytic.mirror"
    _description = "Counterpart in an analytic plan"

    #: XML id of the plan the counterparts live in
    _construction_plan = None

    name = fields.Char(required=True)
    code = fields.Char(required=True)
    active = fields.Boolean(default=True)
    company_id = fields.Many2one("res.company")
    analytic_account_id = fields.Many2one(
        "account.analytic.account",
        readonly=True,
        copy=False,
        ondelete="restrict",
        index="btree_not_null",
        help="The counterpart in the analytic plan. Costs booked on this account "
        "are costs of this record.",
    )

    @api.model
    def _construction_account_values(self, values):
        """Values of the counterpart of a record with ``values``."""
        return {
            "name": values["name"],
            "code": values["code"],
            "active": values.get("active", True),
            "company_id": values.get("company_id") or False,
            "plan_id": self.env.ref(self._construction_plan).id,
        }

    @api.model
    def _construction_create_accounts(self, vals_list):
        """Counterparts for ``vals_list`` in one create; sudo because a keeper of
        cost codes need not be allowed to edit the analytic ledger."""
        accounts = self.env["account.analytic.account"].sudo()
        return accounts.with_context(
            tracking_disable=True, mail_create_nosubscribe=True
        ).create([self._construction_account_values(vals) for vals in vals_list])

    @api.model_create_multi
    def create(self, vals_list):
        vals_list = [
            dict(vals, company_id=vals.get("company_id", self._default_company_id()))
            for vals in vals_list
        ]
        missing = [vals for vals in vals_list if not vals.get("analytic_account_id")]
        accounts = self._construction_create_accounts(missing)
        for vals, account in zip(missing, accounts, strict=True):
            vals["analytic_account_id"] = account.id
        return super().create(vals_list)

    @api.model
    def _default_company_id(self):
        """Master data is shared by all companies unless it is given one."""
        return False

    def write(self, vals):
        result = super().write(vals)
        followed = {
            name: vals[name]
            for name in ("name", "code", "active", "company_id")
            if name in vals
        }
        if followed:
            self.sudo().analytic_account_id.with_context(tracking_disable=True).write(
                followed
            )
        return result

    def unlink(self):
        accounts = self.sudo().analytic_account_id
        result = super().unlink()
        accounts.unlink()
        return result
