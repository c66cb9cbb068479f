from odoo import api, fields, models


class SyncClientKey(models.Model):
    """One key of a client: 256 random bits, kept as a SHA-256 hash."""

    _name = "construction.sync.client.key"
    _description = "API Key"
    _order = "create_date desc, id desc"
    _rec_name = "prefix"

    client_id = fields.Many2one(
        "construction.sync.client", required=True, ondelete="cascade", index=True
    )
    prefix = fields.Char(readonly=True, help="How the key begins, to tell keys apart.")
    key_hash = fields.Char(
        readonly=True, required=True, copy=False, groups="base.group_system"
    )
    expires_at = fields.Datetime()
    revoked_at = fields.Datetime(readonly=True)
    last_used_at = fields.Datetime(readonly=True, help="Kept to the hour.")
    usable = fields.Boolean(compute="_compute_usable")

    _hash_unique = models.UniqueIndex("(key_hash)")

    @api.depends("expires_at", "revoked_at")
    def _compute_usable(self):
        now = fields.Datetime.now()
        for key in self:
            key.usable = not key.revoked_at and (
                not key.expires_at or key.expires_at > now
            )

    def write(self, vals):
        result = super().write(vals)
        self.env.registry.clear_cache()
        return result

    def unlink(self):
        self.env.registry.clear_cache()
        return super().unlink()

    def action_revoke(self):
        """From the next call on the key is refused; what was accepted finishes."""
        self.filtered(lambda k: not k.revoked_at).revoked_at = fields.Datetime.now()
