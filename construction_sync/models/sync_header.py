import re

from odoo import api, fields, models
from odoo.exceptions import ValidationError

_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}")
_VALUE = re.compile(r"[\x20-\x7e]{0,500}")
#: what the request itself says, or the login (which is kept sealed)
RESERVED = frozenset(
    {
        "host", "content-length", "transfer-encoding", "connection", "authorization",
        "cookie", "proxy-authorization", "content-type", "user-agent", "te", "upgrade",
        "expect", "trailer", "traceparent", "idempotency-key",
    }
)  # fmt: skip


class SyncHeader(models.Model):
    """A header that goes with every call to a system; nothing secret belongs here."""

    _name = "construction.sync.header"
    _description = "Custom Header"
    _order = "system_id, name"

    system_id = fields.Many2one(
        "construction.sync.system", required=True, ondelete="cascade", index=True
    )
    name = fields.Char(required=True)
    value = fields.Char(required=True)

    @api.constrains("name", "value")
    def _check_header(self):
        for header in self:
            name = header.name or ""
            taken = name.lower() in RESERVED or name.lower().startswith("webhook-")
            if not _NAME.fullmatch(name) or taken:
                raise ValidationError(
                    self.env._(
                        "%(name)s cannot be a header of your own for %(system)s. Use "
                        "another name; keys and logins belong under Access.",
                        name=name,
                        system=header.system_id.name,
                    )
                )
            if not _VALUE.fullmatch(header.value or ""):
                raise ValidationError(
                    self.env._(
                        "The value of header %(name)s holds signs that cannot be sent. "
                        "Use plain letters, digits and punctuation.",
                        name=name,
                    )
                )
