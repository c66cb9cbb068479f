from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import format_datetime

from ..pipeline import breaker, sending_health


class SyncSystemSending(models.Model):
    """How sending to the system goes, at a glance, and what a person can do."""

    _inherit = "construction.sync.system"

    sends_now = fields.Boolean(
        compute="_compute_sends_now",
        help="Some data type goes out to it, or is held back.",
    )
    breaker_state = fields.Selection(
        selection=lambda self: (
            self.env["construction.sync.breaker"]
            ._fields["state"]
            ._description_selection(self.env)
        ),
        string="Sending is",
        compute="_compute_sending",
    )
    sending_level = fields.Char(compute="_compute_sending")
    sending_text = fields.Char(string="Sending", compute="_compute_sending")
    sending_remedy = fields.Char(compute="_compute_sending")
    last_success = fields.Datetime(string="Last delivery", compute="_compute_sending")
    latency_text = fields.Char(
        string="It answers within",
        compute="_compute_sending",
        help="Half of the last 100 deliveries were answered faster.",
    )
    next_try_text = fields.Char(string="Next try", compute="_compute_sending")
    queue_count = fields.Integer(string="Deliveries waiting", compute="_compute_queue")
    retry_count = fields.Integer(string="Tried again", compute="_compute_queue")
    needed_count = fields.Integer(
        string="Deliveries that need you", compute="_compute_queue"
    )

    @api.depends("flow_ids.direction", "flow_ids.state", "adapter")
    def _compute_sends_now(self):
        for system in self:
            system.sends_now = bool(
                system.sends and sending_health.out_flows(system)
            ) or bool(system.queue_count or system.needed_count)

    def _figures(self):
        """``{system id: figures}`` of the way out, in one pass."""
        flows = self.flow_ids.filtered(lambda f: f.direction == "out")
        by_flow = sending_health.of_flows(self.env, flows)
        return {
            system.id: sending_health.together(
                by_flow[flow.id] for flow in system.flow_ids if flow.id in by_flow
            )
            for system in self
        }

    def _compute_queue(self):
        figures = self._figures()
        for system in self:
            mine = figures[system.id]
            system.queue_count = mine["waiting"] + mine["held"]
            system.retry_count = mine["retry"]
            system.needed_count = mine["needed"]

    def _compute_sending(self):
        figures = self._figures()
        for system in self:
            mine = figures[system.id]
            health = sending_health.of(self.env, system, mine, keys=True)
            row = system.breaker_ids[:1]
            system.breaker_state = row.state or "closed"
            system.sending_level = health.level
            system.sending_text = health.text
            system.sending_remedy = health.remedy
            system.last_success = max(
                filter(None, (row.last_success, mine["last"])), default=False
            )
            took = sending_health.latency(self.env, system)
            system.latency_text = (
                self.env._("%(time)s ms", time=round(took)) if took is not None else ""
            )
            due = row.open_until or row.paused_until or mine["next"]
            system.next_try_text = self._next_try(due if mine["waiting"] else None)

    def _next_try(self, due):
        if not due:
            return self.env._("Nothing waits")
        if due <= fields.Datetime.now():
            return self.env._("Now")
        return format_datetime(self.env, due, dt_format="short")

    # ---- buttons -------------------------------------------------------------------

    def action_pause_sending(self):
        """Hold back what goes out; what comes in goes on."""
        self.env["construction.sync.gatekeeper"]._check("admin", self)
        breaker.hold(
            self.env.cr,
            self.ids,
            self.env._("%(who)s paused it", who=self.env.user.name),
        )
        self.env["construction.sync.breaker"].invalidate_model()
        for system in self:
            system.message_post(body=self.env._("Sending paused."))

    def action_resume_sending(self):
        """After a failure was repaired: try now, whatever the breaker says."""
        result = super().action_resume_sending()
        for system in self:
            system.message_post(body=self.env._("Sending resumed."))
        return result

    def action_open_send_again(self):
        """Send a range, or everything since a moment, again."""
        self.ensure_one()
        self.env["construction.sync.gatekeeper"]._check("resolve", self)
        if not self.flow_ids.filtered(lambda f: f.direction == "out"):
            raise UserError(
                self.env._(
                    "Nothing was ever sent to %(system)s. Switch a data type that "
                    "goes out to preview or live first.",
                    system=self.name,
                )
            )
        return self.env["construction.sync.exception"]._wizard(
            "construction.sync.send.again",
            self.env._("Send again to %(system)s", system=self.name),
            system_id=self.id,
            scope="range",
        )

    def action_test_connection(self):
        """Call it harmlessly, and say check by check what came of it."""
        self.ensure_one()
        self.env["construction.sync.gatekeeper"]._check("admin", self)
        return self.env["construction.sync.connection.test"]._run(self, "hello")

    def action_send_test(self):
        """Send a test event, and show what came back."""
        self.ensure_one()
        self.env["construction.sync.gatekeeper"]._check("admin", self)
        return self.env["construction.sync.connection.test"]._run(self, "event")

    # ---- doors ---------------------------------------------------------------------

    def action_open_deliveries(self):
        return self._open("action_sync_delivery", [])

    def action_open_queue(self):
        """The deliveries that the count of waiting ones names."""
        return self._open("action_sync_delivery", sending_health.WAITING_DOMAIN)

    def action_open_retries(self):
        return self._open("action_sync_delivery", [("state", "=", "retry")])

    def action_open_needed(self):
        """The deliveries that the count of those that need you names."""
        return self._open("action_sync_delivery", sending_health.NEEDED_DOMAIN)
