import ipaddress
import re
from dataclasses import dataclass

from odoo import api, fields, models, tools
from odoo.exceptions import ValidationError

from ..pipeline import keys

SCOPE = re.compile(r"(\*|[a-z][a-z0-9_]*):(read|write)")


@dataclass(frozen=True, slots=True)
class Caller:
    """Who is calling: an immutable copy of a client, cached per process.

    :param systems: ``{code: id}`` of the systems it may speak for (P4)
    :param companies: ids it may see; empty: those of its systems
    :param projects: ids it may see; empty: all of its companies
    :param vendors: partner ids it may see; empty: all of its companies
    :param rate: calls per minute, 0 without limit
    """

    client_id: int
    name: str
    user_id: int
    systems: tuple
    scopes: frozenset
    companies: tuple
    projects: tuple
    vendors: tuple
    rate: int
    networks: tuple
    expires_at: object

    def may(self, entity, action):
        """Whether a scope allows it; ``*`` stands for data types, not for metrics."""
        every = entity != "metrics" and f"*:{action}" in self.scopes
        return every or f"{entity}:{action}" in self.scopes

    @property
    def system_ids(self):
        return dict(self.systems)


class SyncClient(models.Model):
    """A registered consumer of the HTTP interface: what it may say and see."""

    _name = "construction.sync.client"
    _description = "API Client"
    _inherit = ["mail.thread"]
    _order = "name"

    name = fields.Char(required=True, tracking=True)
    active = fields.Boolean(default=True, tracking=True)
    system_ids = fields.Many2many(
        "construction.sync.system",
        string="Speaks for",
        required=True,
        help="Events that name another source are refused.",
    )
    user_id = fields.Many2one(
        "res.users",
        string="Acts as",
        required=True,
        default=lambda self: self.env.ref("base.user_root"),
    )
    scopes = fields.Char(
        required=True,
        default="*:read *:write",
        tracking=True,
        help="What it may do, separated by spaces: vendor:read, project:write, or "
        "*:read for every data type. metrics:read opens the health details.",
    )
    company_ids = fields.Many2many(
        "res.company", string="Only companies", help="Empty: those of its systems."
    )
    project_ids = fields.Many2many("project.project", string="Only projects")
    vendor_ids = fields.Many2many("res.partner", string="Only vendors")
    key_ids = fields.One2many(
        "construction.sync.client.key", "client_id", string="Keys"
    )
    key_count = fields.Integer(compute="_compute_key_count")
    rate_per_minute = fields.Integer(
        string="Calls per minute", default=0, help="0: no limit."
    )
    allowed_addresses = fields.Char(
        help="Addresses or networks it may call from, separated by spaces. Empty: any."
    )
    last_used_at = fields.Datetime(related="key_ids.last_used_at", string="Last call")
    note = fields.Text()

    @api.depends("key_ids.revoked_at", "key_ids.expires_at")
    def _compute_key_count(self):
        for client in self:
            client.key_count = len(client.key_ids.filtered("usable"))

    @api.constrains("scopes")
    def _check_scopes(self):
        for client in self:
            for scope in (client.scopes or "").split():
                if not SCOPE.fullmatch(scope):
                    raise ValidationError(
                        self.env._(
                            "%(scope)s is not a scope that %(client)s can have. Write "
                            "a data type, a colon and read or write: vendor:read.",
                            scope=scope,
                            client=client.name,
                        )
                    )

    @api.constrains("allowed_addresses")
    def _check_addresses(self):
        for client in self:
            for address in (client.allowed_addresses or "").split():
                try:
                    ipaddress.ip_network(address, strict=False)
                except ValueError as error:
                    raise ValidationError(
                        self.env._(
                            "%(address)s is not an address or network. Write for "
                            "instance 192.0.2.7 or 192.0.2.0/24.",
                            address=address,
                        )
                    ) from error

    @api.model_create_multi
    def create(self, vals_list):
        clients = super().create(vals_list)
        self.env.registry.clear_cache()
        return clients

    def write(self, vals):
        result = super().write(vals)
        self.env.registry.clear_cache()
        return result

    @api.model
    @tools.ormcache("digest")
    def _caller(self, digest):
        """The caller that presents the key with this SHA-256 hex digest, or None.

        Cached: registering, changing and revoking clear the cache of every process
        before its next request; expiry is compared on each call by the gateway.
        """
        key = (
            self.env["construction.sync.client.key"]
            .sudo()  # gateway: nobody is signed in yet
            .search([("key_hash", "=", digest)], limit=1)
        )
        client = key.client_id
        if not key or key.revoked_at or not client.active:
            return None
        systems = client.system_ids
        return Caller(
            client_id=client.id,
            name=client.name,
            user_id=client.user_id.id,
            systems=tuple((s.code, s.id) for s in systems),
            scopes=frozenset((client.scopes or "").split()),
            companies=tuple((client.company_ids or systems.company_ids).ids),
            projects=tuple(client.project_ids.ids),
            vendors=tuple(client.vendor_ids.commercial_partner_id.ids),
            rate=client.rate_per_minute,
            networks=tuple((client.allowed_addresses or "").split()),
            expires_at=key.expires_at,
        )

    def _make_key(self):
        """A new key of this client, in clear for the last time."""
        self.ensure_one()
        plain = keys.new_key()
        self.check_access("write")
        # gateway: nobody but the server reads or writes hashes of keys
        self.env["construction.sync.client.key"].sudo().create(
            {
                "client_id": self.id,
                "prefix": keys.prefix(plain),
                "key_hash": keys.digest(plain),
            }
        )
        return plain

    def action_new_key(self):
        """Make a key and show it once."""
        plain = self._make_key()
        wizard = self.env["construction.sync.key.shown"].create(
            {"client_id": self.id, "key": plain}
        )
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("New key for %(client)s", client=self.name),
            "res_model": wizard._name,
            "res_id": wizard.id,
            "view_mode": "form",
            "target": "new",
        }
