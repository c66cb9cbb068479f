"""Cost codes: what kind of work a cost is for."""

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.fields import Domain

from .. import cost_code_notation


class ConstructionCostCode(models.Model):
    """A cost code of a scheme, in a tree: division, section, detail.

    ``normalised_code`` is the one spelling that codes are compared by; it is unique
    within scheme and company. A code takes cost only while it is postable, active
    and inside its dates.
    """

    _name = "construction.cost.code"
    _inherit = ["construction.analytic.mirror", "construction.sync.owned"]
    _description = "Cost Code"
    _parent_name = "parent_id"
    _parent_store = True
    _order = "scheme_id, normalised_code, id"
    _rec_names_search = ["code", "normalised_code", "name"]
    _check_company_auto = True
    _construction_plan = "construction_sync.analytic_plan_cost_code"

    name = fields.Char(required=True, translate=True)
    code = fields.Char(
        required=True, help="The code as people write it, for instance 03 30 00."
    )
    normalised_code = fields.Char(
        compute="_compute_normalised_code",
        store=True,
        index=True,
        help="The one spelling by which codes are compared, whatever notation a "
        "system uses.",
    )
    scheme_id = fields.Many2one(
        "construction.cost.code.scheme",
        required=True,
        ondelete="restrict",
        default=lambda self: self.env[
            "construction.cost.code.scheme"
        ]._default_scheme(),
        help="The set this code belongs to, for instance CSI MasterFormat.",
    )
    parent_id = fields.Many2one(
        "construction.cost.code",
        string="Part of",
        ondelete="restrict",
        index="btree_not_null",
        check_company=True,
        domain="[('scheme_id', '=', scheme_id)]",
        help="The division or section this code is a detail of.",
    )
    parent_path = fields.Char(index=True)
    child_ids = fields.One2many("construction.cost.code", "parent_id", string="Details")
    division_id = fields.Many2one(
        "construction.cost.code",
        compute="_compute_division_id",
        store=True,
        index="btree_not_null",
        help="The code at the top of the tree that this one is in.",
    )
    postable = fields.Boolean(
        default=True,
        help="Cost may be booked on this code. A division only groups its codes.",
    )
    valid_from = fields.Date(help="First day on which cost may be booked.")
    valid_to = fields.Date(help="Last day on which cost may be booked.")
    uom_id = fields.Many2one(
        "uom.uom",
        string="Default Unit",
        ondelete="restrict",
        help="The unit in which quantities of this work are usually measured.",
    )
    company_id = fields.Many2one(
        "res.company",
        index="btree_not_null",
        help="Leave empty to share the code between all companies.",
    )

    _code_uniq = models.UniqueIndex(
        "(scheme_id, normalised_code, COALESCE(company_id, 0))",
        "This scheme already has that cost code, perhaps written in another way.",
    )
    _dates_order = models.Constraint(
        "CHECK (valid_to >= valid_from)",
        "A cost code cannot end before it begins: check its dates.",
    )

    @api.depends("code", "scheme_id.grammar")
    def _compute_normalised_code(self):
        for record in self:
            record.normalised_code = (
                record.scheme_id and record.scheme_id._normalised(record.code)
            ) or cost_code_notation.clean(record.code)

    @api.depends("parent_path", "parent_id")
    def _compute_division_id(self):
        for record in self:
            top = (record.parent_path or "").split("/")[0]
            record.division_id = int(top) if top else record

    @api.depends("code", "name")
    def _compute_display_name(self):
        for record in self:
            record.display_name = f"{record.code or ''} {record.name or ''}".strip()

    @api.constrains("code", "scheme_id")
    def _check_code(self):
        for record in self:
            if record.scheme_id._normalised(record.code) is None:
                raise ValidationError(
                    self.env._(
                        "%(code)s is not a code of the scheme %(scheme)s. A "
                        "MasterFormat code looks like 03 30 00 or 03 30 00.13, in "
                        "divisions 00 to 49.",
                        code=record.code,
                        scheme=record.scheme_id.name,
                    )
                )

    @api.constrains("parent_id", "scheme_id")
    def _check_parent(self):
        if self._has_cycle():
            raise ValidationError(
                self.env._("A cost code cannot be a detail of itself.")
            )
        for record in self:
            if record.parent_id and record.parent_id.scheme_id != record.scheme_id:
                raise ValidationError(
                    self.env._(
                        "%(code)s and %(parent)s are of different schemes: choose a "
                        "parent of the same scheme.",
                        code=record.code,
                        parent=record.parent_id.code,
                    )
                )

    # ---- finding -----------------------------------------------------------------

    @api.model
    def _find_written(self, texts, company, system=None, scheme=None):
        """Cost codes (and cost types) that written codes name.

        The rules of ``system`` go first, then the rules of no system, then the
        grammar of the scheme. A code of the company goes before a shared one.
        Division-level and archived codes are found too: whether a code may be used
        is ``_refusal``'s question, so that a person is told the right reason.

        :param texts: iterable of codes as written
        :param company: res.company the documents belong to
        :param system: construction.sync.system that wrote them, or None
        :param scheme: limit to this scheme (default: the one of the rule, else all,
            in their order)
        :return: ``{text: (construction.cost.code id, construction.cost.type id or
            False)}``; texts that name nothing are absent
        """
        rules = self.env["construction.cost.code.rule"]._applicable(system, scheme)
        schemes = scheme or self.env["construction.cost.code.scheme"].search([])
        words = self.env["construction.cost.type"]._words()
        readings = {}
        for text in set(texts):
            found = rules._read_code(text, words)
            for candidate in schemes:
                grammar = cost_code_notation.GRAMMARS[candidate.grammar]
                if written := grammar(text, words):
                    found.append((candidate.id, written))
            if found:
                readings[text] = found
        wanted = {written.code for found in readings.values() for _s, written in found}
        known = self._by_normalised(wanted, company)
        types = self.env["construction.cost.type"]._by_code(company)
        result = {}
        for text, found in readings.items():
            for scheme_id, written in found:
                code_id = known.get((scheme_id, written.code))
                type_id = types.get(written.cost_type, False)
                if code_id and (type_id or not written.cost_type):
                    result[text] = (code_id, type_id)
                    break
        return result

    @api.model
    def _by_normalised(self, codes, company):
        """``{(scheme id, normalised code): id}``, a company's own code before a
        shared one, an active one before an archived one."""
        records = self.with_context(active_test=False).search_fetch(
            [
                ("normalised_code", "in", list(codes)),
                ("company_id", "in", [False, *company.ids]),
            ],
            ["normalised_code", "scheme_id", "company_id", "active"],
        )
        result = {}
        for record in records.sorted(lambda r: (r.active, bool(r.company_id))):
            result[record.scheme_id.id, record.normalised_code] = record.id
        return result

    def _refusal(self, on_date=None):
        """Why no cost may be booked on this code on that day (a sentence), or None.

        :param on_date: date of the document; today when not given
        """
        self.ensure_one()
        on_date = on_date or fields.Date.context_today(self)
        name = self.display_name
        if not self.active:
            return self.env._(
                "Cost code %(code)s is archived. Use another code, or ask project "
                "controls to take it back into use.",
                code=name,
            )
        if not self.postable:
            return self.env._(
                "Cost code %(code)s only groups other codes. Use one of its details.",
                code=name,
            )
        if self.valid_from and on_date < self.valid_from:
            return self.env._(
                "Cost code %(code)s may be used from %(date)s on. Use another code, "
                "or change its dates.",
                code=name,
                date=fields.Date.to_string(self.valid_from),
            )
        if self.valid_to and on_date > self.valid_to:
            return self.env._(
                "Cost code %(code)s could be used until %(date)s. Use another code, "
                "or change its dates.",
                code=name,
                date=fields.Date.to_string(self.valid_to),
            )
        return None

    @api.model
    def _usable_domain(self, on_date=None):
        """Domain of the codes that take cost on that day."""
        on_date = on_date or fields.Date.context_today(self)
        return (
            Domain("postable", "=", True)
            & (Domain("valid_from", "=", False) | Domain("valid_from", "<=", on_date))
            & (Domain("valid_to", "=", False) | Domain("valid_to", ">=", on_date))
        )

    # ---- job cost ----------------------------------------------------------------

    def _distribution(self, project, cost_type=None, percentage=100.0):
        """``analytic_distribution`` of a cost of ``project`` on this code and type."""
        self.ensure_one()
        accounts = project.account_id | self.analytic_account_id
        if cost_type:
            accounts |= cost_type.analytic_account_id
        key = ",".join(str(account_id) for account_id in sorted(accounts.ids))
        return {key: percentage}

    def action_open_details(self):
        """Open the codes below this one."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "construction_sync.action_cost_code"
        )
        action["domain"] = [("id", "child_of", self.id), ("id", "!=", self.id)]
        action["context"] = {
            "default_parent_id": self.id,
            "default_scheme_id": self.scheme_id.id,
        }
        return action

    def _is_used(self):
        """Those of the codes that documents or projects use; a module above adds
        its own with super()."""
        projects = self.env["project.project"].sudo().with_context(active_test=False)
        used = set(
            projects.search(
                [("construction_cost_code_ids", "in", self.ids)]
            ).construction_cost_code_ids.ids
        )
        lines = self.env["account.analytic.line"].sudo()
        for record in self.filtered(lambda record: record.id not in used):
            account = record.sudo().analytic_account_id
            if lines.search_count([("auto_account_id", "=", account.id)], limit=1):
                used.add(record.id)
        return self.filtered(lambda record: record.id in used)
