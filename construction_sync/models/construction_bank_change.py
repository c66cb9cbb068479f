"""A change of a vendor's bank details that waits for a second person.

Changed bank details are the most common payment fraud in construction. What a
system sends about a vendor that Odoo already knows never takes effect by itself:
it waits here, old and new side by side, until a person of finance who neither asked
for it nor edited it approves it.
"""

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError

from .. import vendor_identity


class ConstructionBankChange(models.Model):
    """Bank accounts a vendor is to have, beside those it has.

    ``old_accounts`` and ``new_accounts`` are lists of ``{"iban" | "number", "bic"}``.
    One change per vendor is pending; a newer one takes its place.
    """

    _name = "construction.bank.change"
    _description = "Change of Bank Details"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _order = "requested_at desc, id desc"
    _rec_name = "partner_id"

    partner_id = fields.Many2one(
        "res.partner",
        string="Vendor",
        required=True,
        readonly=True,
        ondelete="cascade",
        index=True,
    )
    company_id = fields.Many2one(related="partner_id.company_id", store=True)
    system_id = fields.Many2one(
        "construction.sync.system",
        string="Asked by System",
        readonly=True,
        ondelete="set null",
        index="btree_not_null",
    )
    message_ref = fields.Char(
        string="Message",
        readonly=True,
        help="The message that asked for the change.",
    )
    requested_at = fields.Datetime(
        required=True, readonly=True, default=fields.Datetime.now
    )
    requested_by_id = fields.Many2one(
        "res.users",
        string="Asked By",
        readonly=True,
        default=lambda self: self.env.user,
        ondelete="set null",
    )
    edited_by_ids = fields.Many2many(
        "res.users",
        readonly=True,
        help="Who changed the new accounts by hand. They cannot approve them.",
    )
    old_accounts = fields.Json(readonly=True, groups="construction_sync.group_finance")
    new_accounts = fields.Json(groups="construction_sync.group_finance")
    old_full = fields.Text(
        string="Accounts Now",
        compute="_compute_full",
        compute_sudo=True,
        groups="construction_sync.group_finance",
        help="The accounts Odoo has, in full. Compare them with a document of the "
        "vendor, not with an e-mail.",
    )
    new_full = fields.Text(
        string="Accounts Asked For",
        compute="_compute_full",
        compute_sudo=True,
        groups="construction_sync.group_finance",
        help="The accounts the system wants, in full. Call the vendor on a number you "
        "already know before you approve.",
    )
    old_masked = fields.Char(string="Now", compute="_compute_masked", compute_sudo=True)
    new_masked = fields.Char(
        string="Asked For", compute="_compute_masked", compute_sudo=True
    )
    state = fields.Selection(
        [
            ("pending", "Waits for approval"),
            ("approved", "Approved"),
            ("rejected", "Rejected"),
            ("superseded", "Replaced by a newer one"),
        ],
        required=True,
        readonly=True,
        default="pending",
        tracking=True,
        index=True,
    )
    decided_by_id = fields.Many2one("res.users", readonly=True, ondelete="set null")
    decided_at = fields.Datetime(readonly=True)
    superseded_by_id = fields.Many2one(
        "construction.bank.change",
        string="Replaced By",
        readonly=True,
        ondelete="set null",
    )
    may_decide = fields.Boolean(compute="_compute_may_decide")
    why_not = fields.Char(
        compute="_compute_may_decide",
        help="Why you cannot approve or reject this change.",
    )

    _one_pending = models.UniqueIndex(
        "(partner_id) WHERE state = 'pending'",
        "This vendor already has a change of bank details that waits for approval.",
    )

    @api.depends("old_accounts", "new_accounts")
    def _compute_full(self):
        for change in self:
            change.old_full = change._written(change.old_accounts)
            change.new_full = change._written(change.new_accounts)

    @api.depends("old_accounts", "new_accounts")
    def _compute_masked(self):
        for change in self:
            change.old_masked = change._written(change.old_accounts, masked=True)
            change.new_masked = change._written(change.new_accounts, masked=True)

    @api.depends("state", "requested_by_id", "edited_by_ids")
    @api.depends_context("uid")
    def _compute_may_decide(self):
        for change in self:
            change.why_not = change._obstacle() or False
            change.may_decide = not change.why_not

    @api.depends("partner_id", "requested_at")
    def _compute_display_name(self):
        for change in self:
            change.display_name = self.env._(
                "Bank details of %(vendor)s", vendor=change.partner_id.display_name
            )

    def _written(self, accounts, masked=False):
        """Accounts as a person reads them, one a line (or in one line if masked)."""
        lines = []
        for account in accounts or []:
            number = account.get("iban") or account.get("number") or ""
            if masked:
                lines.append(vendor_identity.masked(number))
            else:
                lines.append(f"{number} {account.get('bic') or ''}".strip())
        if not lines:
            return self.env._("No account")
        return (", " if masked else "\n").join(lines)

    def _obstacle(self):
        """Why the current user may not decide on this change, or None."""
        self.ensure_one()
        change, user = self.sudo(), self.env.user
        if change.state != "pending":
            return self.env._("This change is already decided.")
        if user._is_superuser() or not user.has_group(
            "construction_sync.group_finance"
        ):
            return self.env._("Only a person with the role Finance can decide this.")
        if user == change.requested_by_id:
            return self.env._(
                "You asked for this change: a second person has to decide."
            )
        if user in change.edited_by_ids:
            return self.env._(
                "You edited the new accounts: a second person has to decide."
            )
        return None

    @api.model
    def _pending(self, partners):
        """Changes of ``partners`` that wait for approval."""
        return self.search(
            [("partner_id", "in", partners.ids), ("state", "=", "pending")]
        )

    @api.model
    def _request(self, vals_list):
        """Ask for changes, one per partner, in a batch.

        A pending change of the same vendor is superseded, and its activity goes; one
        that asks for the same accounts is left as it is.

        :param vals_list: dicts with partner_id, old_accounts, new_accounts and, if
            known, system_id, message_ref, requested_by_id
        """
        partners = self.env["res.partner"].browse([v["partner_id"] for v in vals_list])
        waiting = {change.partner_id.id: change for change in self._pending(partners)}
        fresh, replaced = [], self.browse()
        for vals in vals_list:
            former = waiting.get(vals["partner_id"])
            if former and former.new_accounts == vals["new_accounts"]:
                continue
            if former:
                replaced |= former
            fresh.append(vals)
        replaced.write({"state": "superseded"})
        replaced.activity_unlink(["construction_sync.activity_bank_change"])
        # written first: the unique index allows one pending change per vendor
        replaced.flush_recordset(["state"])
        changes = self.create(fresh)
        created = {change.partner_id: change for change in changes}
        for former in replaced:
            former.superseded_by_id = created[former.partner_id]
        changes._notify_finance()
        return changes

    def _withdraw(self, partners):
        """The source sends again what Odoo has: nothing is left to decide."""
        waiting = self._pending(partners)
        waiting.write({"state": "superseded"})
        waiting.activity_unlink(["construction_sync.activity_bank_change"])

    def _notify_finance(self):
        """One activity per change for a person of finance who may decide."""
        if not self:
            return
        finance = self.env.ref("construction_sync.group_finance").all_user_ids
        people = finance.filtered(
            lambda user: user.active and not user._is_superuser() and not user.share
        )
        for change in self:
            able = people - change.requested_by_id
            if change.company_id:
                able = able.filtered(lambda u, c=change: c.company_id in u.company_ids)
            if able:
                change.activity_schedule(
                    "construction_sync.activity_bank_change",
                    user_id=able.sorted("id")[-1].id,
                    summary=self.env._("Approve or reject new bank details"),
                )

    @api.model_create_multi
    def create(self, vals_list):
        if not self.env.su:
            vals_list = [
                dict(vals, requested_by_id=self.env.uid, state="pending")
                for vals in vals_list
            ]
        return super().create(vals_list)

    def write(self, vals):
        if not self.env.su:
            self._check_edit(vals)
            if "new_accounts" in vals:
                vals = dict(vals, edited_by_ids=[fields.Command.link(self.env.uid)])
        return super().write(vals)

    def _check_edit(self, vals):
        """Through the client only the new accounts of a pending change can be
        edited (and then somebody else has to approve)."""
        free = {name for name in vals if name.startswith(("message_", "activity_"))}
        if set(vals) - free - {"new_accounts"}:
            raise UserError(
                self.env._(
                    "A change of bank details is decided with its buttons Approve and "
                    "Reject."
                )
            )
        if "new_accounts" in vals and self.filtered(lambda c: c.state != "pending"):
            raise UserError(self.env._("This change is already decided."))

    # ---- deciding ----------------------------------------------------------------

    def action_approve(self):
        """Put the new accounts in place. For a second person of finance."""
        for change in self:
            change._check_second_person()
            change.sudo()._apply()
            change.sudo()._decide("approved", self.env.user)

    def action_reject(self):
        """Leave the accounts as they are. For a second person of finance."""
        for change in self:
            change._check_second_person()
            change.sudo()._decide("rejected", self.env.user)

    def _check_second_person(self):
        # read again under a lock: two people may press the button at the same time
        self.lock_for_update()
        obstacle = self._obstacle()
        if obstacle:
            raise AccessError(obstacle)

    def _decide(self, state, user):
        self.write(
            {
                "state": state,
                "decided_by_id": user.id,
                "decided_at": fields.Datetime.now(),
            }
        )
        self.activity_unlink(["construction_sync.activity_bank_change"])
        self.partner_id.message_post(
            body=self.env._(
                "New bank details were approved by %(user)s: %(accounts)s.",
                user=user.name,
                accounts=self.new_masked,
            )
            if state == "approved"
            else self.env._(
                "New bank details were rejected by %(user)s: %(accounts)s.",
                user=user.name,
                accounts=self.new_masked,
            )
        )

    def _apply(self):
        """Archive the accounts that go, take back or create those that come. A new
        account may not be paid to until somebody marks it as trusted."""
        self.ensure_one()
        self.env["res.partner.bank"]._construction_replace(
            self.partner_id, self.new_accounts or []
        )
