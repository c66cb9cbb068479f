from odoo import api, fields, models

from ..pipeline import vault


class SyncSecret(models.Model):
    """A key that verifies what a system sends to its webhook address.

    The value is encrypted with the server's master key (see ``pipeline.vault``; never
    in the database) and bound to its row: copied to another row it cannot be read
    (FA-B18).
    """

    _name = "construction.sync.secret"
    _inherit = "construction.sync.sealed"
    _description = "Webhook Key"
    _order = "system_id, not_before desc, id desc"

    system_id = fields.Many2one(
        "construction.sync.system", required=True, ondelete="cascade", index=True
    )
    kind = fields.Selection(
        [
            ("hmac", "Standard Webhooks secret (whsec_...)"),
            ("ed25519", "Standard Webhooks public key (whpk_...)"),
            ("token", "Authorization header"),
        ],
        required=True,
        default="hmac",
    )
    not_before = fields.Datetime(default=fields.Datetime.now, required=True)
    expires_at = fields.Datetime(
        help="During a rotation both keys are valid; the old one until here."
    )

    def _problem_of(self, value):
        return vault.weakness(self.kind, value)

    def _owner_name(self):
        return self.system_id.name

    def _binding(self):
        return f"{self._name}:{self.system_id.id}:{self.id}:{self.kind}"

    @api.model
    def _keys(self, system):
        """Typed keys that are valid now for ``system``: ``[(kind, bytes)]``."""
        now = fields.Datetime.now()
        keys = []
        for secret in system.secret_ids:
            if secret.not_before > now or (
                secret.expires_at and secret.expires_at <= now
            ):
                continue
            if value := secret._unsealed():
                keys.append((secret.kind, vault.key_bytes(secret.kind, value)))
        return keys
