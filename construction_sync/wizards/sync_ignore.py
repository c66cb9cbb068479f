from datetime import timedelta

from odoo import fields, models


class SyncIgnore(models.TransientModel):
    """Put causes aside until a day; there is no ignoring without an end."""

    _name = "construction.sync.ignore"
    _description = "Ignore Until a Day"

    exception_ids = fields.Json(readonly=True)
    until = fields.Date(
        required=True,
        default=lambda self: fields.Date.context_today(self) + timedelta(days=7),
    )
    reason = fields.Char(help="Stays in the notes of the exception.")

    def action_ignore(self):
        self.ensure_one()
        exceptions = self.env["construction.sync.exception"].browse(
            self.exception_ids or []
        )
        for exception in exceptions:
            exception.action_ignore_until(self.until, self.reason)
        return {"type": "ir.actions.act_window_close"}
