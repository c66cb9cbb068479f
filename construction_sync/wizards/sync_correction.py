from odoo import fields, models
from odoo.exceptions import UserError

from ..models.fields import LooseMany2one


class SyncCorrection(models.TransientModel):
    """A corrected body in the place of a message that cannot be applied."""

    _name = "construction.sync.correction"
    _description = "Corrected Message"

    message_id = LooseMany2one(
        "construction.sync.message", required=True, readonly=True
    )
    exception_id = fields.Many2one(related="message_id.exception_id")
    why = fields.Text(related="exception_id.why")
    payload = fields.Text(string="Corrected message", required=True)

    def action_send(self):
        """Send it through the same checks as any message."""
        self.ensure_one()
        original = self.message_id
        if not (self.payload or "").strip():
            raise UserError(
                self.env._(
                    "The corrected message for %(name)s is empty. Discard the original "
                    "instead if it is not needed.",
                    name=original.display_name,
                )
            )
        replacement = original.action_send_corrected(self.payload)
        message_ids = getattr(replacement, "ids", None) or [original.id]
        return self.env["construction.sync.exception"]._follow(
            message_ids,
            self.env._(
                "The corrected message for %(name)s is on its way. The original is "
                "kept and points to it.",
                name=original.display_name,
            ),
        )
