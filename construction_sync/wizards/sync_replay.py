from odoo import api, fields, models


class SyncReplay(models.TransientModel):
    """Try again: what would happen, before it does."""

    _name = "construction.sync.replay"
    _description = "Try Messages Again"

    exception_ids = fields.Json(readonly=True)
    message_ids = fields.Json(readonly=True)
    ready_count = fields.Integer(compute="_compute_plan")
    blocked_count = fields.Integer(compute="_compute_plan")
    done_count = fields.Integer(compute="_compute_plan")
    plan = fields.Text(compute="_compute_plan")

    def _exceptions(self):
        return self.env["construction.sync.exception"].browse(self.exception_ids or [])

    def _messages(self):
        messages = self.env["construction.sync.message"].browse(self.message_ids or [])
        return messages | self._exceptions().message_line_ids

    @api.depends("exception_ids", "message_ids")
    def _compute_plan(self):
        for wizard in self:
            figures = wizard._plan()
            wizard.ready_count = figures["ready"]
            wizard.blocked_count = figures["blocked"]
            wizard.done_count = figures["done"]
            lines = []
            if figures["ready"]:
                lines.append(
                    self.env._(
                        "Can run now, with today's mappings: %(count)s",
                        count=figures["ready"],
                    )
                )
            if figures["blocked"]:
                lines.append(
                    self.env._(
                        "Still miss a decision first: %(count)s",
                        count=figures["blocked"],
                    )
                )
            if figures["done"]:
                lines.append(
                    self.env._("Already done: %(count)s", count=figures["done"])
                )
            lines.append(
                self.env._("Nothing that is already written is written again.")
            )
            wizard.plan = "\n".join(lines)

    def _plan(self):
        """Counts of what a retry would do: ``{ready, blocked, done}``."""
        self.ensure_one()
        if self.exception_ids:
            plan = self._exceptions().action_retry_plan()
            return {
                "ready": plan["run"],
                "blocked": plan["stuck"],
                "done": plan["done"],
            }
        messages = self._messages()
        parked = messages.filtered(lambda m: m.state in ("exception", "dead"))
        return {
            "ready": len(parked),
            "blocked": 0,
            "done": len(messages) - len(parked),
        }

    def action_retry(self):
        """Send them through the same gate again, in their original order."""
        self.ensure_one()
        messages = self._messages()
        if self.exception_ids:
            self._exceptions().action_retry()
        if self.message_ids:
            messages.action_replay()
        return self.env["construction.sync.exception"]._follow(
            messages.ids, self.env._("They are tried again.")
        )
