from odoo import api, models
from odoo.exceptions import AccessError, UserError


class SyncGatekeeper(models.AbstractModel):
    """Who may decide what: asked by every button before it acts."""

    _name = "construction.sync.gatekeeper"
    _description = "Construction Sync: permissions of decisions"

    _GROUPS = {
        "read": (
            "construction_sync.group_user",
            "construction_sync.group_auditor",
        ),
        "resolve": (
            "construction_sync.group_project_controls",
            "construction_sync.group_procurement",
            "construction_sync.group_finance",
        ),
        "audit": (
            "construction_sync.group_admin",
            "construction_sync.group_auditor",
        ),
        "admin": ("construction_sync.group_admin",),
    }

    @api.model
    def _check(self, right, records=None):
        """Raise AccessError unless the user holds ``right`` and may see ``records``;
        an auditor never decides, whatever other groups they hold."""
        user = self.env.user
        if self.env.su:
            return
        if records:
            records.check_access("read")
        if right not in ("read", "audit") and user.has_group(
            "construction_sync.group_auditor"
        ):
            raise AccessError(
                self.env._(
                    "%(user)s is an auditor: auditors read everything and change "
                    "nothing.",
                    user=user.name,
                )
            )
        if not any(user.has_group(group) for group in self._GROUPS[right]):
            raise AccessError(
                self.env._(
                    "%(user)s may not do this. Ask for one of these roles: %(roles)s.",
                    user=user.name,
                    roles=", ".join(
                        self.env.ref(g).sudo().name for g in self._GROUPS[right]
                    ),
                )
            )

    @api.model
    def _may(self, right):
        """Whether the user holds ``right``: for buttons that should not be offered."""
        try:
            self._check(right)
        except AccessError:
            return False
        return True

    @api.model
    def _check_four_eyes(self, messages, name):
        """Refuse a decision on one's own submission; ``name`` is what is decided."""
        # gateway: who sent it matters, not whether the user may read clients
        messages = messages.sudo()
        senders = messages.client_id.user_id | messages.submitted_by_id
        if self.env.user in senders and not self.env.user._is_superuser():
            raise UserError(
                self.env._(
                    "%(name)s holds messages that %(user)s sent. A second person must "
                    "decide.",
                    name=name,
                    user=self.env.user.name,
                )
            )
