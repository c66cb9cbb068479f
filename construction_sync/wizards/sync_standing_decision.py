from odoo import api, fields, models
from odoo.exceptions import UserError

from ..pipeline import gateway, standing


class SyncStandingDecision(models.TransientModel):
    """An administrator says whether this database goes on sending or is a copy."""

    _name = "construction.sync.standing.decision"
    _description = "What This Database Is"

    present = fields.Char(compute="_compute_present")
    held = fields.Boolean(compute="_compute_present")
    kind = fields.Selection(
        [
            ("goes_on", "It goes on: restored from a backup, or moved here"),
            ("copy", "It is a copy, for tests or training: it stays silent"),
        ],
        string="This database",
        required=True,
    )
    everything = fields.Boolean(
        string="Tell all systems the present state of everything",
        default=True,
        help="They may know of changes that this database has lost. What carries money "
        "to a system that cannot tell a second from a first is left out.",
    )
    sure = fields.Boolean(
        string="The original no longer sends",
        help="Two databases that both send would give every system two truths.",
    )
    reason = fields.Char(required=True)

    @api.depends("kind")
    def _compute_present(self):
        words = standing.may_send(gateway.environment(self.env.cr))
        for wizard in self:
            wizard.held = words is not None
            wizard.present = words or self.env._(
                "This database sends and fetches as its systems are set."
            )

    def action_confirm(self):
        self.ensure_one()
        self.env["construction.sync.gatekeeper"]._check("admin")
        if self.kind == "goes_on" and not self.sure:
            raise UserError(
                self.env._(
                    "Stop the original database first, then tick that it no longer "
                    "sends."
                )
            )
        count = standing.confirm(self.env, self.kind, self.reason, self.everything)
        if self.kind == "copy":
            words = self.env._("This database stays silent.")
        elif count:
            words = self.env._(
                "This database sends again; %(count)s changes are on their way.",
                count=count,
            )
        else:
            words = self.env._("This database sends again.")
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success",
                "message": words,
                "next": {"type": "ir.actions.client", "tag": "soft_reload"},
            },
        }
