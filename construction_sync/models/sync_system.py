import json
import re

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import SQL

from ..pipeline import (
    addresses,
    breaker,
    credentials,
    overview_cards,
    overview_figures,
)

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
    address = fields.Char(
        string="Address to send to",
        tracking=True,
        help="Where changes made in Odoo are sent. It is checked when it is saved and "
        "again at every call.",
    )
    concurrency = fields.Integer(
        string="Calls at once",
        default=4,
        help="How many deliveries to this system may be under way at the same time.",
    )
    send_per_minute = fields.Integer(
        string="Most calls a minute", default=0, help="0: no limit of ours."
    )
    timeout_seconds = fields.Integer(
        string="Longest wait (seconds)",
        default=20,
        help="A call that takes longer is given up. Nobody knows then whether it "
        "arrived; it is sent again under the same id.",
    )
    credential_ids = fields.One2many(
        "construction.sync.credential", "system_id", string="Access"
    )
    header_ids = fields.One2many(
        "construction.sync.header", "system_id", string="Custom headers"
    )
    breaker_ids = fields.One2many(
        "construction.sync.breaker", "system_id", readonly=True
    )
    sends = fields.Boolean(compute="_compute_sends")
    note = fields.Html()
    webhook_address = fields.Char(
        compute="_compute_webhook_address",
        help="Where the system sends its own webhooks. They are verified with the "
        "keys below.",
    )
    dashboard = fields.Text(compute="_compute_dashboard")
    dashboard_graph = fields.Text(compute="_compute_dashboard_graph")
    attention = fields.Boolean(
        string="Needs you first",
        compute="_compute_attention",
        help="Only to sort by: what needs a person comes first.",
    )
    exception_count = fields.Integer(compute="_compute_counts", string="Open causes")
    link_count = fields.Integer(compute="_compute_counts", string="Records linked")
    mode = fields.Selection(
        [
            ("setup", "Being set up"),
            ("paused", "Paused"),
            ("preview", "Preview"),
            ("live", "Live"),
        ],
        compute="_compute_mode",
        help="Preview: no data type is live yet, so nothing is written.",
    )

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
            system.company_ids = system.company_id | system.company_code_ids.company_id

    @api.depends("code")
    def _compute_webhook_address(self):
        base = self.get_base_url() if self else ""
        for system in self:
            system.webhook_address = (
                f"{base}/construction_sync/v1/hooks/{system.code}"
                if system.code
                else False
            )

    @api.depends("adapter")
    def _compute_sends(self):
        for system in self:
            system.sends = bool(system.adapter) and system._adapter()._sends

    @api.constrains("address", "environment")
    def _check_address(self):
        """Judged when it is saved, and again at every call (FA-I01)."""
        for system in self.filtered("address"):
            try:
                addresses.check_at_save(system.address, credentials.policy_of(system))
            except addresses.AddressRefused as error:
                raise ValidationError(
                    self.env._(
                        "The address of %(name)s cannot be used. %(problem)s",
                        name=system.name,
                        problem=error.words,
                    )
                ) from error

    @api.constrains("concurrency", "send_per_minute", "timeout_seconds")
    def _check_sending(self):
        for system in self:
            if not (
                1 <= system.concurrency <= 32
                and 0 <= system.send_per_minute <= 100_000
                and 1 <= system.timeout_seconds <= 120
            ):
                raise ValidationError(
                    self.env._(
                        "%(name)s: 1 to 32 calls at once, at most 100,000 a minute, "
                        "and a longest wait of 1 to 120 seconds.",
                        name=system.name,
                    )
                )

    def _compute_dashboard(self):
        cards = overview_cards.cards(self.env, self)
        for system in self:
            system.dashboard = json.dumps(cards[system.id])

    def _compute_dashboard_graph(self):
        graphs = overview_cards.graphs(self.env, self)
        for system in self:
            system.dashboard_graph = graphs[system.id]

    def _compute_counts(self):
        causes = overview_figures.open_causes(self.env, self)
        rows = self.env["construction.sync.binding"]._read_group(
            [("system_id", "in", self.ids), ("state", "=", "linked")],
            ["system_id"],
            ["__count"],
        )
        links = {system.id: count for system, count in rows}
        for system in self:
            system.exception_count = causes.get(system.id, 0)
            system.link_count = links.get(system.id, 0)

    @api.depends("state")
    def _compute_attention(self):
        self.attention = False

    def _order_field_to_sql(self, alias, field_name, direction, nulls, query):
        """Let ``attention desc`` put first the systems with most open causes."""
        if field_name == "attention":
            return SQL(
                "(SELECT count(*) FROM construction_sync_exception e "
                "WHERE e.system_id = %s AND e.state IN ('new', 'assigned')) %s",
                SQL.identifier(alias, "id"),
                direction,
            )
        return super()._order_field_to_sql(alias, field_name, direction, nulls, query)

    @api.depends("state", "flow_ids.state")
    def _compute_mode(self):
        for system in self:
            if system.state == "live":
                live = system._writing_flows()
                system.mode = "live" if live else "preview"
            else:
                system.mode = "setup" if system.state == "draft" else "paused"

    def _writing_flows(self):
        """Data types that are live; the intake of webhooks writes nothing itself."""
        return self.flow_ids.filtered(lambda f: f.state == "live" and not f.intake)

    @api.model_create_multi
    def create(self, vals_list):
        systems = super().create(vals_list)
        self.env["construction.sync.flow"].create(
            [
                {
                    "system_id": system.id,
                    "entity": "hook",
                    "state": "live",
                    "on_error": "skip",
                    "priority": 1,
                }
                for system in systems
            ]
        )
        return systems

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
        result = super().write(vals)
        if {"company_id", "state", "active"} & vals.keys():
            self.env.registry.clear_cache()
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_except_used(self):
        messages = self.env["construction.sync.message"]
        deliveries = self.env["construction.sync.delivery"]
        for system in self:
            if messages.search_count([("system_id", "=", system.id)], limit=1):
                raise UserError(
                    self.env._(
                        "%(name)s has sent messages and must stay for the audit. "
                        "Archive it instead.",
                        name=system.name,
                    )
                )
            if deliveries.search_count([("system_id", "=", system.id)], limit=1):
                raise UserError(
                    self.env._(
                        "%(name)s was sent changes and must stay for the audit. "
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
            if not system.flow_ids.filtered(
                lambda f: f.state != "off" and not f.intake
            ):
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
        self.env["construction.sync.carrier"]._ring_dispatch()

    def action_resume_sending(self):
        """After a failure was repaired: try now, whatever the breaker says."""
        self.env["construction.sync.gatekeeper"]._check("admin", self)
        breaker.reset(self.env.cr, self.ids)
        self.env["construction.sync.breaker"].invalidate_model()
        self.env["construction.sync.carrier"]._ring_dispatch()

    # ---- doors of the overview and the form ------------------------------------------

    def _open(self, xmlid, domain, **context):
        """An action of this module, cut down to this system."""
        self.ensure_one()
        overview = self.env["construction.sync.overview"]
        action = overview._door(xmlid, None, [("system_id", "=", self.id), *domain])
        name = f"{self.name}: {action['name']}"
        return {**action, "name": name, "display_name": name, "context": context}

    def action_next_step(self):
        """What the first button of the card does: the next right thing."""
        self.ensure_one()
        admin = self.env["construction.sync.gatekeeper"]._may("admin")
        if self.state == "draft" and admin:
            return self.action_continue_setup()
        if self.state == "paused" and admin:
            return self.action_resume()
        if self.exception_count:
            return self.action_open_exceptions()
        return self.action_open_messages()

    def action_continue_setup(self):
        """Go on with the guided first steps where they were left."""
        self.ensure_one()
        return self.env["construction.sync.connection"]._continue(self)

    def action_open_messages(self):
        return self._open("action_sync_message", [])

    def action_open_exceptions(self):
        return self._open("action_sync_exception", [], search_default_unresolved=1)

    def action_open_links(self):
        return self._open("action_sync_binding", [])

    def action_open_mappings(self):
        return self._open("action_sync_crosswalk", [], default_system_id=self.id)

    def action_open_matches(self):
        return self._open("action_sync_match", [], search_default_open=1)
