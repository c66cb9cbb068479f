from odoo import api, fields, models


class SyncDiscard(models.TransientModel):
    """Give messages up for good, with a reason that stays on record."""

    _name = "construction.sync.discard"
    _description = "Discard Messages"

    exception_ids = fields.Json(readonly=True)
    message_ids = fields.Json(readonly=True)
    reason = fields.Char(help="Stays with the messages, with your name.")
    effect = fields.Char(compute="_compute_effect")

    @api.depends("exception_ids", "message_ids")
    def _compute_effect(self):
        exceptions = self.env["construction.sync.exception"]
        for wizard in self:
            held = exceptions.browse(wizard.exception_ids or []).message_line_ids
            count = len(held) + len(wizard.message_ids or [])
            wizard.effect = self.env._(
                "Messages that will never be applied: %(count)s. They stay readable, "
                "with your reason and name. What is needed after all has to be sent "
                "again.",
                count=count,
            )

    def action_discard(self):
        self.ensure_one()
        exceptions = self.env["construction.sync.exception"].browse(
            self.exception_ids or []
        )
        for exception in exceptions:
            exception.action_discard(self.reason)
        if self.message_ids:
            self.env["construction.sync.message"].browse(
                self.message_ids
            ).action_discard(self.reason)
        return {"type": "ir.actions.act_window_close"}
