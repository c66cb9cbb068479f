import logging

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools import format_date

from ..pipeline import vault

_logger = logging.getLogger(__name__)


class SyncSealed(models.AbstractModel):
    """For rows that hold a secret: write-only for people, sealed with the server's
    master key and bound to the row (see ``pipeline.vault``). Copied to another row it
    cannot be read (FA-B18)."""

    _name = "construction.sync.sealed"
    _description = "Sealed Secret"

    value = fields.Char(
        string="Key",
        compute="_compute_value",
        inverse="_inverse_value",
        groups="construction_sync.group_admin",
        help="Write-only: paste it to set or replace it. It is never shown again.",
    )
    sealed = fields.Binary(
        attachment=False, readonly=True, groups="base.group_system", copy=False
    )
    set_by_id = fields.Many2one("res.users", readonly=True, copy=False)
    set_at = fields.Datetime(readonly=True, copy=False)
    status = fields.Char(compute="_compute_status")

    def _binding(self):
        """What the sealed bytes are bound to: this row and its purpose."""
        raise NotImplementedError(self._name)

    def _problem_of(self, value):
        """Why ``value`` must not be accepted, in words; None when it is fine."""
        return None

    def _owner_name(self):
        """Whose secret it is, for sentences."""
        return self.display_name

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
            problem = secret._problem_of(secret.value)
            if problem:
                raise ValidationError(
                    self.env._(
                        "The key for %(system)s was not saved: %(problem)s.",
                        system=secret._owner_name(),
                        problem=problem,
                    )
                )
            secret._seal(secret.value)
        # what was typed is not kept for whoever reads the row next in this transaction
        self.invalidate_recordset(["value"], flush=False)

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

    def _unsealed(self):
        """The secret in clear; None when none is set.

        :raises SecretUnreadable: other master key, or not its row
        """
        self.ensure_one()
        sealed = self.sudo().sealed  # gateway: only the server reads it
        return vault.unseal(sealed, self._binding()) if sealed else None

    @api.model
    def _rotate(self, limit=100):
        """Seal with today's master key up to ``limit`` rows that are sealed with one
        before; returns how many are left that it could do. Each call is to be committed
        by itself. Rows that cannot be opened are named in the log and left."""
        rows = self.sudo().search([("sealed", "!=", False)])  # gateway: as above
        old = [row for row in rows if vault.outdated(row.sealed)]
        done = 0
        for row in old:
            if done == limit:
                break
            try:
                value = vault.unseal(row.sealed, row._binding())
            except vault.SecretUnreadable:
                _logger.warning(
                    "%s %s stays as it is: no key that this server has opens it.",
                    row._name,
                    row.id,
                )
                continue
            row.write({"sealed": vault.seal(value, row._binding())})
            done += 1
        return len(old) - done if done else 0
