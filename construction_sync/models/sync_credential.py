import base64
import os

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

from ..pipeline import addresses, certificates, credentials, vault

SIGNING = ("hmac", "ed25519")


class SyncCredential(models.Model):
    """What we show a system: a login, or a key that signs what we send.

    All signing keys that are valid now sign, so that a receiver can change keys
    without missing anything. Of logins the newest valid one is used.
    """

    _name = "construction.sync.credential"
    _inherit = "construction.sync.sealed"
    _description = "Access to a System"
    _order = "system_id, not_before desc, id desc"

    system_id = fields.Many2one(
        "construction.sync.system", required=True, ondelete="cascade", index=True
    )
    kind = fields.Selection(
        [
            ("hmac", "Signs webhooks: shared secret (whsec_...)"),
            ("ed25519", "Signs webhooks: our private key"),
            ("header", "API key in a header"),
            ("bearer", "Bearer token"),
            ("basic", "User and password"),
            ("oauth2", "OAuth2 client credentials"),
            ("mtls", "Client certificate"),
        ],
        required=True,
        default="hmac",
    )
    name = fields.Char(
        help="The header of an API key, the user of a password, the client id of "
        "OAuth2.",
    )
    token_address = fields.Char(help="Where OAuth2 gives tokens.")
    scope = fields.Char(help="What the token is asked for, if the system wants it.")
    public_part = fields.Text(
        readonly=True,
        help="The public key that the receiver verifies with, or the certificate.",
    )
    not_before = fields.Datetime(default=fields.Datetime.now, required=True)
    expires_at = fields.Datetime(
        help="For signing keys: until here the old one signs along with the new one."
    )
    token_sealed = fields.Binary(
        attachment=False, readonly=True, groups="base.group_system", copy=False
    )
    token_until = fields.Datetime(readonly=True, copy=False)

    def _binding(self):
        return f"{self._name}:{self.system_id.id}:{self.id}:{self.kind}"

    def _owner_name(self):
        return self.system_id.name

    def _problem_of(self, value):
        if self.kind == "hmac":
            return vault.weakness("hmac", value)
        if self.kind == "mtls":
            return certificates.problem_of(value)
        if self.kind in ("header", "bearer", "basic", "oauth2"):
            if any(ord(c) < 32 or ord(c) > 126 for c in value) or len(value) > 4000:
                return self.env._("it holds signs that cannot be sent")
        return None

    @api.constrains("kind", "name", "token_address")
    def _check_names(self):
        for credential in self:
            if credential.kind in ("header", "basic", "oauth2") and not credential.name:
                raise ValidationError(
                    self.env._(
                        "Access to %(system)s: fill in the name (the header, the user "
                        "or the client id).",
                        system=credential.system_id.name,
                    )
                )
            if credential.kind == "oauth2":
                try:
                    addresses.check_at_save(
                        credential.token_address or "",
                        credentials.policy_of(credential.system_id),
                    )
                except addresses.AddressRefused as error:
                    raise ValidationError(
                        self.env._(
                            "The token address of %(system)s: %(problem)s",
                            system=credential.system_id.name,
                            problem=error.words,
                        )
                    ) from error

    def _seal(self, value):
        result = super()._seal(value)
        if self.kind == "mtls":
            certificate, _key = certificates.split(value)
            self.write(
                {
                    "public_part": certificate,
                    "expires_at": certificates.expires_at(certificate),
                }
            )
        # gateway: a token that was got with the old value is worth nothing
        self.sudo().write({"token_sealed": False, "token_until": False})
        return result

    def write(self, vals):
        if {"system_id", "kind"} & vals.keys():
            changed = self.filtered(
                lambda c: (
                    any(
                        c[n] != (c._fields[n].convert_to_record(vals[n], c))
                        if n == "kind"
                        else c.system_id.id != vals[n]
                        for n in ("system_id", "kind")
                        if n in vals
                    )
                    and c.set_at
                )
            )
            if changed:
                raise UserError(
                    self.env._(
                        "A key is bound to its system and kind. Add a new one for "
                        "%(system)s and remove this.",
                        system=changed[0].system_id.name,
                    )
                )
        return super().write(vals)

    def action_new_key(self):
        """Make a new signing key, shown once (its public part for ed25519)."""
        self.ensure_one()
        self.env["construction.sync.gatekeeper"]._check("admin", self.system_id)
        if self.kind == "hmac":
            shown = "whsec_" + base64.b64encode(os.urandom(32)).decode()
            self._seal(shown)
        elif self.kind == "ed25519":
            private = os.urandom(32)
            public = Ed25519PrivateKey.from_private_bytes(private).public_key()
            raw = public.public_bytes(Encoding.Raw, PublicFormat.Raw)
            shown = "whpk_" + base64.b64encode(raw).decode()
            self.public_part = shown
            self._seal(base64.b64encode(private).decode())
        else:
            raise UserError(
                self.env._(
                    "The key of %(system)s is made there. Paste it here.",
                    system=self.system_id.name,
                )
            )
        wizard = self.env["construction.sync.key.shown"].create(
            {"system_id": self.system_id.id, "key": shown}
        )
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("New key for %(system)s", system=self.system_id.name),
            "res_model": wizard._name,
            "res_id": wizard.id,
            "view_mode": "form",
            "target": "new",
        }
