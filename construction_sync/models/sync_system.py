import re

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

CODE = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}")


class SyncSystem(models.Model):
    """A connected outside system: who it is, how it speaks, for which companies."""

    _name = "construction.sync.system"
    _description = "Connected System"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _order = "sequence, name"

    name = fields.Char(required=True, tracking=True)
    code = fields.Char(
        required=True,
        index=True,
        tracking=True,
        help="Short name in lower case. It is the source of the system's events and "
        "part of its webhook address, so it cannot change once messages arrived.",
    )
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
    adapter = fields.Selection(
        selection="_selection_adapter",
        string="Dialect",
        required=True,
        default="canonical",
        help="How the system speaks: the format of what it sends.",
    )
    environment = fields.Selection(
        [("production", "Production"), ("test", "Test")],
        required=True,
        default="production",
        tracking=True,
    )
    state = fields.Selection(
        [
            ("draft", "Being set up"),
            ("live", "Live"),
            ("paused", "Paused"),
        ],
        required=True,
        default="draft",
        tracking=True,
        help="While a system is paused what it sends is stored and waits; nothing is "
        "lost and nothing is applied.",
    )
    company_id = fields.Many2one(
        "res.company",
        required=True,
        default=lambda self: self.env.company,
        tracking=True,
        help="The company of an object that names none.",
    )
    company_code_ids = fields.One2many(
        "construction.sync.system.company", "system_id", string="Company codes"
    )
    company_ids = fields.Many2many(
        "res.company",
        string="Companies",
        compute="_compute_company_ids",
        store=True,
        help="Companies this system may write to: its own and those with a code.",
    )
    user_id = fields.Many2one(
        "res.users",
        string="Acts as",
        required=True,
        default=lambda self: self.env.ref("base.user_root"),
        help="The user that records created by this system are attributed to.",
    )
    flow_ids = fields.One2many("construction.sync.flow", "system_id", string="Flows")
    client_ids = fields.Many2many("construction.sync.client", string="Clients")
    secret_ids = fields.One2many(
        "construction.sync.secret", "system_id", string="Webhook keys"
    )
    note = fields.Html()

    _code_unique = models.Constraint(
        "UNIQUE (code)", "Another system already has this code."
    )

    @api.model
    def _selection_adapter(self):
        prefix = "construction.sync.adapter."
        return [
            (name.removeprefix(prefix), self.env[name]._description)
            for name in sorted(self.env.registry)
            if name.startswith(prefix)
        ]

    @api.constrains("code")
    def _check_code(self):
        for system in self:
            if not CODE.fullmatch(system.code or ""):
                raise ValidationError(
                    self.env._(
                        "The code %(code)s of system %(name)s cannot be part of an "
                        "address. Use lower-case letters, digits, - and _ only.",
                        code=system.code,
                        name=system.name,
                    )
                )

    @api.depends("company_id", "company_code_ids.company_id")
    def _compute_company_ids(self):
        for system in self:
            system.company_ids = (
                system.company_id | system.company_code_ids.company_id
            )

    def write(self, vals):
        if "code" in vals:
            moved = self.filtered(lambda s: s.code != vals["code"])
            if moved and self.env["construction.sync.message"].search_count(
                [("system_id", "in", moved.ids)], limit=1
            ):
                raise UserError(
                    self.env._(
                        "The code of %(name)s cannot change: messages that name it "
                        "have arrived. Connect a new system instead.",
                        name=moved[0].name,
                    )
                )
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_used(self):
        messages = self.env["construction.sync.message"]
        for system in self:
            if messages.search_count([("system_id", "=", system.id)], limit=1):
                raise UserError(
                    self.env._(
                        "%(name)s has sent messages and must stay for the audit. "
                        "Archive it instead.",
                        name=system.name,
                    )
                )

    def _company_for(self, code):
        """Company that this system calls ``code`` (empty code: its own company);
        an empty record when the system has no such code."""
        self.ensure_one()
        if not code:
            return self.company_id
        for line in self.company_code_ids:
            if line.code == code:
                return line.company_id
        return self.env["res.company"]

    def _adapter(self):
        """The dialect's code."""
        return self.env[f"construction.sync.adapter.{self.adapter}"]

    def action_go_live(self):
        for system in self:
            if not system.flow_ids.filtered(lambda f: f.state != "off"):
                raise UserError(
                    self.env._(
                        "%(name)s has no data type switched on. Switch at least one "
                        "to preview or live first.",
                        name=system.name,
                    )
                )
        self.state = "live"
        self.flow_ids._ring()

    def action_pause(self):
        self.state = "paused"

    def action_resume(self):
        self.state = "live"
        self.flow_ids._ring()
