from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.fields import Domain


class SyncCrosswalk(models.Model):
    """What a value of an outside system means here; an unknown value never guesses."""

    _name = "construction.sync.crosswalk"
    _description = "Value Mapping"
    _inherit = ["mail.thread"]
    _order = "system_id, kind, source_value"
    _rec_name = "source_value"

    system_id = fields.Many2one(
        "construction.sync.system", required=True, ondelete="cascade", index=True
    )
    company_id = fields.Many2one(related="system_id.company_id", store=True)
    kind = fields.Selection(selection="_selection_kind", required=True, tracking=True)
    source_value = fields.Char(
        string="In the system", required=True, tracking=True, index=True
    )
    target = fields.Reference(
        selection="_selection_target", string="In Odoo", tracking=True
    )
    target_value = fields.Char(
        string="Value in Odoo",
        tracking=True,
        help="For values that are not records, such as a status.",
    )
    valid_from = fields.Date(tracking=True)
    valid_to = fields.Date(tracking=True)
    active = fields.Boolean(default=True, tracking=True)
    owner_id = fields.Many2one(
        "res.users", default=lambda self: self.env.user, tracking=True
    )
    note = fields.Char(string="Why")

    _source_index = models.Index("(system_id, kind, source_value) WHERE active")

    @api.model
    def _kinds(self):
        """``{kind: (label, target model or None)}``; modules above add theirs."""
        return {
            "project": (self.env._("Project"), "project.project"),
            "wbs_node": (self.env._("WBS node"), "construction.wbs"),
            "cost_code": (self.env._("Cost code"), "construction.cost.code"),
            "cost_type": (self.env._("Cost type"), "construction.cost.type"),
            "vendor": (self.env._("Vendor"), "res.partner"),
            "customer": (self.env._("Customer"), "res.partner"),
            "trade": (self.env._("Trade"), "construction.trade"),
            "uom": (self.env._("Unit of measure"), "uom.uom"),
            "currency": (self.env._("Currency"), "res.currency"),
            "country": (self.env._("Country"), "res.country"),
            "state": (self.env._("State or province"), "res.country.state"),
            "status": (self.env._("Status"), None),
        }

    @api.model
    def _selection_kind(self):
        return [(kind, label) for kind, (label, _model) in self._kinds().items()]

    @api.model
    def _selection_target(self):
        models = {m: label for label, m in self._kinds().values() if m}
        return [(m, label) for m, label in models.items() if m in self.env]

    @api.constrains("kind", "target", "target_value")
    def _check_target(self):
        kinds = self._kinds()
        for line in self:
            model = kinds[line.kind][1]
            if model and (not line.target or line.target._name != model):
                raise ValidationError(
                    self.env._(
                        "%(value)s stands for a %(kind)s: choose one in Odoo.",
                        value=line.source_value,
                        kind=kinds[line.kind][0],
                    )
                )
            if not model and not line.target_value:
                raise ValidationError(
                    self.env._(
                        "Say what %(value)s means in Odoo.", value=line.source_value
                    )
                )

    @api.constrains("valid_from", "valid_to", "source_value", "system_id", "kind")
    def _check_overlap(self):
        for line in self.filtered("active"):
            twins = self.search(
                [
                    ("id", "!=", line.id),
                    ("system_id", "=", line.system_id.id),
                    ("kind", "=", line.kind),
                    ("source_value", "=", line.source_value),
                ]
            )
            for twin in twins:
                starts = max(
                    filter(None, (line.valid_from, twin.valid_from)), default=None
                )
                ends = min(filter(None, (line.valid_to, twin.valid_to)), default=None)
                if starts is None or ends is None or starts <= ends:
                    raise ValidationError(
                        self.env._(
                            "%(value)s is already mapped for that time. End the other "
                            "mapping first.",
                            value=line.source_value,
                        )
                    )

    @api.model
    def _lookup(self, system, kind, values, on=None):
        """``{source value: crosswalk}`` valid on a date (default: today)."""
        on = on or fields.Date.context_today(self)
        lines = self.search(
            Domain("system_id", "=", system.id)
            & Domain("kind", "=", kind)
            & Domain("source_value", "in", list(values))
            & (Domain("valid_from", "=", False) | Domain("valid_from", "<=", on))
            & (Domain("valid_to", "=", False) | Domain("valid_to", ">=", on))
        )
        return {line.source_value: line for line in lines}
