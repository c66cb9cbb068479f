import base64
import os

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..pipeline import sealing


class SyncAuditKey(models.Model):
    """A key that signs checkpoints of the audit; the newest that is not retired signs.

    The first checkpoint after a change is signed by both, then the old one retires.
    Public parts are kept for good: what a key signed stays verifiable.
    """

    _name = "construction.sync.audit.key"
    _inherit = "construction.sync.sealed"
    _description = "Signing Key of the Audit"
    _order = "id desc"

    name = fields.Char(required=True, readonly=True)
    public_part = fields.Char(
        string="Public key",
        required=True,
        readonly=True,
        help="Keep it outside of this database; verify-audit takes it as --key.",
    )
    retired_at = fields.Datetime(readonly=True)

    def _binding(self):
        return f"{self._name}:{self.id}"

    @api.model
    def _make(self):
        """A new signing key."""
        private = os.urandom(32)
        name, public = sealing.new_key_line(self.env, private)
        key = self.sudo().create(  # gateway: keys are made by the server only
            {"name": name, "public_part": public}
        )
        key._seal(base64.b64encode(private).decode())
        return key

    def _retire_all_but_newest(self):
        current = self.search([("retired_at", "=", False)], order="id desc")
        current[1:].write({"retired_at": fields.Datetime.now()})

    def action_new_key(self):
        """Sign with a new key from now on."""
        self.env["construction.sync.gatekeeper"]._check("admin")
        key = self._make()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Key of the audit"),
            "res_model": key._name,
            "res_id": key.id,
            "view_mode": "form",
        }

    def unlink(self):  # pylint: disable=method-required-super; always refused
        # pylint: disable-next=no-raise-unlink; what it signed must stay verifiable
        raise UserError(self.env._("Keys of the audit are kept: they prove the past."))
