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
    note = fields.Char(related="message_id.note", string="What is wrong")
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
        original.action_send_corrected(self.payload)
        return self.env["construction.sync.exception"]._follow(
            original.ids,
            self.env._(
                "The corrected message for %(name)s is on its way. What came first is "
                "kept beside it.",
                name=original.display_name,
            ),
        )
