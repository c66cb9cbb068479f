import json
import re

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..pipeline import connection_check

STEPS = ["kind", "name", "where", "types", "ready"]
LOGINS = ("header", "bearer", "basic", "oauth2")


class SyncConnection(models.TransientModel):
    """Guided first steps: from nothing to a first call.

    Step 2 stores the system as *being set up*, so that a person can stop and go on
    later where they left; nothing is written to Odoo before a data type is live.
    """

    _name = "construction.sync.connection"
    _description = "Connect a System"

    step = fields.Selection(
        [
            ("kind", "Kind of system"),
            ("name", "Name and company"),
            ("where", "Address and login"),
            ("types", "Data types"),
            ("ready", "First call"),
        ],
        default="kind",
        required=True,
    )
    step_text = fields.Char(compute="_compute_step_text")
    adapter = fields.Selection(
        selection=lambda self: self.env[
            "construction.sync.system"
        ]._selection_adapter(),
        string="How does it speak?",
        default="canonical",
        required=True,
    )
    adapter_help = fields.Char(compute="_compute_adapter_help")
    name = fields.Char(help="What your people call the system.")
    code = fields.Char(
        compute="_compute_code",
        store=True,
        readonly=False,
        help="Short name in lower case, part of its address. It cannot change later.",
    )
    company_id = fields.Many2one(
        "res.company", default=lambda self: self.env.company, required=True
    )
    environment = fields.Selection(
        [("production", "Production"), ("test", "Test")],
        default="production",
        required=True,
    )
    line_ids = fields.One2many(
        "construction.sync.connection.line", "connection_id", string="Data types"
    )
    system_id = fields.Many2one("construction.sync.system", ondelete="cascade")
    system_state = fields.Selection(related="system_id.state")
    client_id = fields.Many2one("construction.sync.client", ondelete="cascade")
    key = fields.Char(readonly=True, groups="construction_sync.group_admin")
    webhook_address = fields.Char(related="system_id.webhook_address")
    example = fields.Text(compute="_compute_example")
    secret_kind = fields.Selection(
        [
            ("hmac", "Standard Webhooks secret (whsec_...)"),
            ("ed25519", "Standard Webhooks public key (whpk_...)"),
            ("token", "Authorization header"),
        ],
        default="token",
        string="Kind of key",
    )
    secret = fields.Char(
        string="Webhook key",
        help="The key that the system shows you, or that you type on both sides. It "
        "proves that a webhook really comes from there.",
    )

    address = fields.Char(help="Where the system's interface is.")
    login_kind = fields.Selection(
        [
            ("none", "None"),
            ("header", "API key in a header"),
            ("bearer", "Bearer token"),
            ("basic", "User and password"),
            ("oauth2", "OAuth2 client credentials"),
        ],
        string="Login",
        default="none",
        required=True,
    )
    login_name = fields.Char()
    login_value = fields.Char(help="Kept encrypted; it is not shown again.")
    token_address = fields.Char(help="Where OAuth2 gives tokens.")
    credential_id = fields.Many2one("construction.sync.credential", ondelete="set null")
    procore_company = fields.Integer(string="Company number in Procore")
    procore_code_list = fields.Integer(
        string="Cost code list in Procore", help="Only to send cost codes."
    )
    tested = fields.Selection([("ok", "It answered"), ("failed", "It did not answer")])
    tested_words = fields.Char()

    def _steps(self):
        """The steps for this kind of system."""
        dialect = self.env[f"construction.sync.adapter.{self.adapter}"]
        left_out = set() if dialect._called else {"where"}
        if self.adapter == "rest":
            # its lists say which data types there are
            left_out.add("types")
        return [step for step in STEPS if step not in left_out]

    @api.depends("step", "adapter")
    def _compute_step_text(self):
        names = dict(self._fields["step"]._description_selection(self.env))
        for wizard in self:
            steps = wizard._steps()
            wizard.step_text = self.env._(
                "Step %(number)s of %(count)s: %(name)s",
                number=steps.index(wizard.step) + 1 if wizard.step in steps else 1,
                count=len(steps),
                name=names[wizard.step],
            )

    @api.depends("adapter")
    def _compute_adapter_help(self):
        helps = {
            "canonical": self.env._(
                "For your own program, a middleware, or any system that somebody can "
                "let call a web address: it sends JSON as the documentation says."
            ),
            "procore": self.env._(
                "For Procore: its ERP events and webhooks are understood as they are."
            ),
            "procore_erp": self.env._(
                "For Procore with ERP integration: what accounting approvers accept "
                "there comes to Odoo, what Odoo knows is put before them."
            ),
            "rest": self.env._(
                "For a system with a web interface of its own: Odoo asks it for its "
                "lists and tells it of changes, as you describe in forms."
            ),
        }
        for wizard in self:
            wizard.adapter_help = helps.get(wizard.adapter, False)

    @api.depends("name")
    def _compute_code(self):
        for wizard in self:
            if wizard.name and not wizard.system_id:
                code = re.sub(r"[^a-z0-9]+", "-", wizard.name.lower()).strip("-")
                wizard.code = code[:32].strip("-")

    @api.depends("key", "code", "system_id")
    def _compute_example(self):
        for wizard in self:
            event = {
                "specversion": "1.0",
                "id": "first-call-1",
                "source": wizard.code,
                "type": "construction.vendor.v1",
                "subject": "V-1001",
                "time": fields.Datetime.now().isoformat() + "Z",
                "data": {"name": "Ace Concrete Ltd"},
            }
            base = wizard.system_id.get_base_url() if wizard.system_id else ""
            wizard.example = (
                f"curl -X POST {base}/construction_sync/v1/events \\\n"
                f"  -H 'Authorization: Bearer {wizard.key or '<your key>'}' \\\n"
                "  -H 'Content-Type: application/cloudevents+json' \\\n"
                f"  -d '{json.dumps(event)}'"
            )

    @api.model
    def default_get(self, names):
        values = super().default_get(names)
        if "line_ids" in names and "line_ids" not in values:
            flows = self.env["construction.sync.flow"]
            values["line_ids"] = [
                fields.Command.create({"entity": entity})
                for entity, _label in flows._selection_entity()
                if not self.env["construction.sync.handler"]._for(entity)._raw
            ]
        return values

    @api.model
    def _continue(self, system):
        """Open the steps for a system that is being set up, where they were left."""
        wizard = self.create(
            {
                "system_id": system.id,
                "adapter": system.adapter,
                "name": system.name,
                "code": system.code,
                "company_id": system.company_id.id,
                "environment": system.environment,
                "client_id": system.client_ids[:1].id,
                "address": system.address,
                "procore_company": system.procore_company,
                "procore_code_list": system.procore_code_list,
            }
        )
        wizard.code = system.code
        login = system.credential_ids.filtered(lambda c: c.kind in LOGINS)[:1]
        wizard.write(
            {
                "credential_id": login.id,
                "login_kind": login.kind or "none",
                "login_name": login.name,
                "token_address": login.token_address,
            }
        )
        flows = system.flow_ids.filtered(lambda f: f.direction == "in" and not f.intake)
        if not flows.filtered(lambda f: f.state != "off"):
            # nothing was chosen yet: the defaults stand
            flows = flows.browse()
        for line in wizard.line_ids:
            flow = flows.filtered(lambda f, e=line.entity: f.entity == e)
            if flow:
                line.write({"state": flow.state, "owner": flow.owner})
            elif flows:
                line.state = "off"
        if flows.filtered(lambda f: f.state != "off"):
            wizard.step = "ready"
        elif "where" in wizard._steps() and not system.address:
            wizard.step = "where"
        else:
            wizard.step = "types" if "types" in wizard._steps() else "ready"
        return wizard._show()

    def _show(self):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Connect a system"),
            "res_model": self._name,
            "res_id": self.id,
            "view_mode": "form",
            "target": "new",
        }

    # ---- buttons -------------------------------------------------------------------

    def action_back(self):
        self.ensure_one()
        steps = self._steps()
        self.step = steps[max(0, steps.index(self.step) - 1)]
        return self._show()

    def action_next(self):
        """Keep what this step asked for and show the next one."""
        self.ensure_one()
        self.env["construction.sync.gatekeeper"]._check("admin")
        if self.step == "name":
            self._keep_system()
        elif self.step == "where":
            self._keep_where()
        elif self.step == "types":
            self._keep_flows()
        steps = self._steps()
        self.step = steps[steps.index(self.step) + 1]
        if self.step == "where" and not self.address:
            self.write(self.env[f"construction.sync.adapter.{self.adapter}"]._usual)
        return self._show()

    def action_test(self):
        """Call the system now, and say here what came of it."""
        self.ensure_one()
        self.env["construction.sync.gatekeeper"]._check("admin")
        self._keep_where()
        found = connection_check.run(self.env, self.system_id)
        failed = next((c for c in found.checks if c.state == "failed"), None)
        words = failed and f"{failed.words} {failed.remedy}".strip()
        self.write(
            {
                "tested": "failed" if failed else "ok",
                "tested_words": words or found.checks[-1].words,
            }
        )
        return self._show()

    def action_describe(self):
        """Describe the first list of a REST system: what Odoo reads."""
        self.ensure_one()
        self.env["construction.sync.gatekeeper"]._check("admin")
        self._keep_secret()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("What Odoo reads from %s", self.system_id.name),
            "res_model": "construction.sync.rest.fetch",
            "view_mode": "form",
            "target": "current",
            "context": {"default_system_id": self.system_id.id},
        }

    def _keep_system(self):
        if not (self.name and self.code):
            raise UserError(
                self.env._("Give the system a name and a code before you go on.")
            )
        values = {
            "name": self.name,
            "adapter": self.adapter,
            "company_id": self.company_id.id,
            "environment": self.environment,
        }
        if self.system_id:
            self.system_id.write({**values, "code": self.code})
        else:
            self.system_id = self.env["construction.sync.system"].create(
                {**values, "code": self.code}
            )

    def _keep_where(self):
        """Address and login on the system."""
        if not self.address:
            raise UserError(
                self.env._(
                    "Enter the address of %(system)s before you go on.",
                    system=self.name,
                )
            )
        if self.adapter == "procore_erp" and not self.procore_company:
            raise UserError(
                self.env._(
                    "Enter the number of the company: it stands in the address of "
                    "Procore's pages, app.procore.com/<number>/company/..."
                )
            )
        self.system_id.write(
            {
                "address": self.address,
                "procore_company": self.procore_company,
                "procore_code_list": self.procore_code_list,
            }
        )
        self.tested = self.tested_words = False
        self._keep_login()

    def _keep_login(self):
        if self.login_kind == "none":
            self.credential_id.unlink()
            return
        values = {
            "kind": self.login_kind,
            "name": self.login_name,
            "token_address": self.token_address,
        }
        if self.login_value:
            values["value"] = self.login_value
        if self.credential_id:
            self.credential_id.write(values)
        elif not self.login_value:
            raise UserError(
                self.env._("Enter the key or password of the login, or choose None.")
            )
        else:
            self.credential_id = self.env["construction.sync.credential"].create(
                {"system_id": self.system_id.id, **values}
            )
        self.login_value = False

    def _keep_flows(self):
        if not self.line_ids.filtered(lambda line: line.state != "off"):
            raise UserError(
                self.env._(
                    "Every data type of %(system)s is off, so it could send nothing. "
                    "Set at least one to Preview.",
                    system=self.name,
                )
            )
        flows = self.env["construction.sync.flow"]
        known = {
            flow.entity: flow
            for flow in self.system_id.flow_ids
            if flow.direction == "in"
        }
        fresh = []
        for line in self.line_ids:
            if flow := known.get(line.entity):
                flow.write({"state": line.state, "owner": line.owner})
            elif line.state != "off":
                fresh.append(
                    {
                        "system_id": self.system_id.id,
                        "entity": line.entity,
                        "state": line.state,
                        "owner": line.owner,
                    }
                )
        there = {(flow.entity, flow.direction) for flow in self.system_id.flow_ids}
        fresh += [
            {"system_id": self.system_id.id, "state": "live", **values}
            for values in self.system_id._adapter()._own_flows
            if (values["entity"], values["direction"]) not in there
        ]
        flows.create(fresh)

    def action_make_key(self):
        """Register the system as a client and show its key, once."""
        self.ensure_one()
        self.env["construction.sync.gatekeeper"]._check("admin")
        if not self.client_id:
            self.client_id = self.env["construction.sync.client"].create(
                {"name": self.name, "system_ids": [self.system_id.id]}
            )
        self.key = self.client_id._make_key()
        return self._show()

    def action_finish(self):
        """Switch the system on: what is in preview is shown and not written."""
        self.ensure_one()
        self.env["construction.sync.gatekeeper"]._check("admin")
        self._keep_secret()
        self.system_id.action_go_live()
        return self._leave()

    def action_later(self):
        """Keep everything and leave the system off for now."""
        self.ensure_one()
        self._keep_secret()
        return self._leave()

    def _keep_secret(self):
        if self.secret:
            self.env["construction.sync.secret"].create(
                {
                    "system_id": self.system_id.id,
                    "kind": self.secret_kind,
                    "value": self.secret,
                }
            )

    def _leave(self):
        self.write({"key": False, "secret": False})
        return self.env["ir.actions.act_window"]._for_xml_id(
            "construction_sync.action_sync_overview"
        )


class SyncConnectionLine(models.TransientModel):
    """One data type in the guided first steps: who leads, and how far it is on."""

    _name = "construction.sync.connection.line"
    _description = "Data Type of a Connection"

    connection_id = fields.Many2one(
        "construction.sync.connection", required=True, ondelete="cascade"
    )
    entity = fields.Selection(
        selection=lambda self: self.env["construction.sync.flow"]._selection_entity(),
        string="Data type",
        required=True,
    )
    owner = fields.Selection(
        [("source", "The outside system"), ("odoo", "Odoo")],
        string="Led by",
        required=True,
        default="source",
    )
    state = fields.Selection(
        [("off", "Off"), ("preview", "Preview"), ("live", "Live")],
        string="Mode",
        required=True,
        default="preview",
    )
