from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools import format_date

from ..pipeline import vault


class SyncSecret(models.Model):
    """A key that verifies what a system sends to its webhook address.

    The value is encrypted with the server's master key (see ``pipeline.vault``; never
    in the database) and bound to its row: copied to another row it cannot be read
    (FA-B18).
    """

    _name = "construction.sync.secret"
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
    value = fields.Char(
        string="Key",
        compute="_compute_value",
        inverse="_inverse_value",
        groups="construction_sync.group_admin",
        help="Write-only: paste the key the system shows you. It is never shown again.",
    )
    sealed = fields.Binary(
        attachment=False, readonly=True, groups="base.group_system", copy=False
    )
    set_by_id = fields.Many2one("res.users", readonly=True)
    set_at = fields.Datetime(readonly=True)
    status = fields.Char(compute="_compute_status")

    @api.depends("set_at", "set_by_id")
    def _compute_status(self):
        for secret in self:
            if secret.set_at:
                secret.status = self.env._(
                    "Set %(day)s by %(user)s",
                    day=format_date(self.env, secret.set_at),
                    user=secret.set_by_id.name,
                )
            else:
                secret.status = self.env._("Not set yet")

    def _compute_value(self):
        self.value = False

    def _inverse_value(self):
        for secret in self:
            if not secret.value:
                continue
            problem = vault.weakness(secret.kind, secret.value)
            if problem:
                raise ValidationError(
                    self.env._(
                        "The key for %(system)s was not saved: %(problem)s.",
                        system=secret.system_id.name,
                        problem=problem,
                    )
                )
            secret._seal(secret.value)

    def _seal(self, value):
        """Encrypt and store ``value``; needs the row's id, so after create."""
        self.ensure_one()
        # gateway: nobody but the server reads or writes the sealed bytes
        self.sudo().write(
            {
                "sealed": vault.seal(value, self._binding()),
                "set_by_id": self.env.uid,
                "set_at": fields.Datetime.now(),
            }
        )

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
            if secret.sealed:
                value = vault.unseal(secret.sealed, secret._binding())
                keys.append((secret.kind, vault.key_bytes(secret.kind, value)))
        return keys
