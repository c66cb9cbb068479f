from odoo import api, models

from ..pipeline import sending_health


class SyncFlowSending(models.Model):
    """Data types that go out: their figures, words and doors."""

    _inherit = "construction.sync.flow"

    def _compute_figures(self):
        result = super()._compute_figures()
        out = self.filtered(lambda f: f.direction == "out")
        figures = sending_health.of_flows(self.env, out)
        for flow in out:
            mine = figures[flow.id]
            flow.ready_count = mine["waiting"] + mine["held"]
            flow.failed_count = mine["needed"]
            flow.last_received = mine["last"]
        return result

    @api.depends("direction", "send_order")
    def _compute_policy(self):
        result = super()._compute_policy()
        for flow in self.filtered(lambda f: f.direction == "out"):
            flow.policy = flow._policy_out()
        return result

    def _policy_out(self):
        if self.state == "off":
            return self.env._("Switched off: changes are not sent")
        parts = [
            self.env._("Each change in its order")
            if self.send_order == "strict"
            else self.env._("Changes as they come, with their sequence")
        ]
        if self.mode == "interval":
            parts.append(
                self.env._(
                    "sent every %(minutes)s minutes", minutes=self.interval_minutes
                )
            )
        elif self.mode == "window":
            parts.append(
                self.env._(
                    "sent from %(start)s to %(end)s UTC",
                    start=sending_health.clock(self.window_start),
                    end=sending_health.clock(self.window_end),
                )
            )
        else:
            parts.append(self.env._("sent at once"))
        if self.state == "preview":
            parts.append(self.env._("nothing is sent yet"))
        return ", ".join(parts)

    # ---- doors ---------------------------------------------------------------------

    def _open_deliveries(self, name, domain):
        self.ensure_one()
        return self.env["construction.sync.overview"]._door(
            "action_sync_delivery",
            f"{self.display_name}: {name}",
            [("flow_id", "=", self.id), *domain],
        )

    def action_open_messages(self):
        self.ensure_one()
        if self.direction == "out":
            return self._open_deliveries(self.env._("deliveries"), [])
        return super().action_open_messages()

    def action_open_waiting(self):
        self.ensure_one()
        if self.direction == "out":
            return self._open_deliveries(
                self.env._("waiting"), sending_health.WAITING_DOMAIN
            )
        return super().action_open_waiting()

    def action_open_failed(self):
        self.ensure_one()
        if self.direction == "out":
            return self._open_deliveries(
                self.env._("need you"), sending_health.NEEDED_DOMAIN
            )
        return super().action_open_failed()

    def action_open_send_everything(self):
        """Send the present state of everything the system was not told, and show it."""
        self.ensure_one()
        count = self.action_send_everything()
        action = self._open_deliveries(self.env._("everything"), [])
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success" if count else "info",
                "message": self._everything_text(count),
                "next": action if count else {"type": "ir.actions.act_window_close"},
            },
        }

    def _everything_text(self, count):
        system = self.system_id.name
        if not count:
            return self.env._(
                "%(system)s has been told everything already.", system=system
            )
        if self.state == "preview":
            return self.env._(
                "%(count)s would be sent to %(system)s. Go live to send them.",
                count=count,
                system=system,
            )
        return self.env._(
            "%(count)s are on their way to %(system)s.", count=count, system=system
        )
