"""Vendors: what makes a contact one, and how two of them become one."""

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError

from .. import vendor_identity


class ResPartner(models.Model):
    _name = "res.partner"
    _inherit = ["res.partner", "construction.sync.owned"]

    construction_vendor = fields.Boolean(
        help="Subcontractors and suppliers that construction systems work with.",
    )
    construction_vendor_status = fields.Selection(
        [("prospect", "Prospect"), ("approved", "Approved"), ("blocked", "Blocked")],
        string="Vendor Status",
        index="btree_not_null",
        tracking=True,
        help="A blocked vendor gets no new orders.",
    )
    construction_legal_name = fields.Char(
        string="Legal Name",
        help="The name in the register, if it differs from the usual one.",
    )
    construction_trade_ids = fields.Many2many(
        "construction.trade",
        "construction_partner_trade_rel",
        string="Trades",
        help="The kinds of work this vendor does.",
    )
    construction_alias_ids = fields.One2many(
        "construction.vendor.alias", "partner_id", string="Also Known As"
    )
    construction_tax_key = fields.Char(
        string="Tax ID as Compared",
        compute="_compute_construction_tax_key",
        store=True,
        index="btree_not_null",
        help="The tax id as it is compared: capital letters and digits only.",
    )
    construction_name_key = fields.Char(
        string="Name as Compared",
        compute="_compute_construction_name_key",
        store=True,
        index="btree_not_null",
        help="The name as it is compared: without legal form and punctuation.",
    )
    construction_merged_into_id = fields.Many2one(
        "res.partner",
        string="Merged Into",
        readonly=True,
        copy=False,
        ondelete="set null",
        index="btree_not_null",
        help="The vendor that lives on after a merge.",
    )
    construction_bank_change_ids = fields.One2many(
        "construction.bank.change", "partner_id", string="Changes of Bank Details"
    )
    construction_bank_change_pending = fields.Boolean(
        compute="_compute_construction_bank_change_pending",
        search="_search_construction_bank_change_pending",
        string="Bank Details Wait for Approval",
    )

    _construction_vendor = models.Index("(id) WHERE construction_vendor IS TRUE")
    # R6: same tax id, same vendor, also when two workers create at the same time
    _construction_tax_uniq = models.UniqueIndex(
        "(construction_tax_key, COALESCE(company_id, 0)) WHERE construction_vendor "
        "IS TRUE AND active IS TRUE AND construction_tax_key IS NOT NULL",
        "Another construction vendor has the same tax id: merge the two, or correct "
        "the tax id.",
    )

    @api.depends("vat")
    def _compute_construction_tax_key(self):
        for partner in self:
            partner.construction_tax_key = vendor_identity.tax_key(partner.vat)

    @api.depends("name")
    def _compute_construction_name_key(self):
        for partner in self:
            partner.construction_name_key = vendor_identity.name_key(partner.name)

    @api.depends("construction_bank_change_ids.state")
    def _compute_construction_bank_change_pending(self):
        waiting = self.env["construction.bank.change"].sudo()._pending(self)
        for partner in self:
            partner.construction_bank_change_pending = partner in waiting.partner_id

    def _search_construction_bank_change_pending(self, operator, value):
        if operator != "in":
            return NotImplemented
        return [("construction_bank_change_ids.state", "=", "pending")]

    # ---- merging -----------------------------------------------------------------

    def _construction_merge_records(self, master):
        """Move what is still open from these duplicates to ``master``.

        Modules above extend it for their documents (commitments, claims) with
        super(). Posted documents stay with the vendor they were posted for.
        """
        contacts = self.child_ids.with_context(_partners_skip_fields_sync=True)
        contacts.filtered(lambda child: child.type == "contact").write(
            {"parent_id": master.id}
        )
        projects = self.env["project.project"].with_context(active_test=False)
        projects.search([("partner_id", "in", self.ids)]).write(
            {"partner_id": master.id}
        )

    def _construction_live(self):
        """The vendor that lives on after all merges: itself, or its last master."""
        self.ensure_one()
        partner, seen = self, set()
        while partner.construction_merged_into_id and partner.id not in seen:
            seen.add(partner.id)
            partner = partner.construction_merged_into_id
        return partner

    def construction_merge_into(self, master):
        """Merge these duplicate vendors into ``master``.

        Open documents move, posted ones stay; links of outside systems lead to the
        master from now on; the duplicate is archived and its names remain as aliases.

        :raises UserError: a vendor cannot be merged into itself, or into one of
            another company
        """
        master = master._construction_live()
        if not self.env.su:
            if not self.env.user.has_group("construction_sync.group_procurement"):
                raise AccessError(
                    self.env._("Merging vendors needs the role Procurement.")
                )
            (self | master).check_access("write")
        duplicates = self.filtered(
            lambda partner: partner.construction_merged_into_id != master
        )
        for duplicate in duplicates:
            duplicate._construction_check_merge(master)
        if not duplicates:
            return
        duplicates.sudo()._construction_merge_records(master.sudo())
        for duplicate in duplicates.sudo():
            duplicate._construction_leave_alias(master.sudo())
        duplicates.sudo()._construction_move_bindings(master)
        duplicates.sudo().write(
            {"construction_merged_into_id": master.id, "active": False}
        )
        for duplicate in duplicates:
            master.sudo().message_post(
                body=self.env._(
                    "%(name)s was merged into this vendor. Open documents moved here, "
                    "posted ones stay where they were.",
                    name=duplicate.name,
                )
            )
            duplicate.sudo().message_post(
                body=self.env._("Merged into %(name)s.", name=master.name)
            )

    def _construction_check_merge(self, master):
        self.ensure_one()
        if self == master:
            raise UserError(
                self.env._(
                    "%(name)s cannot be merged into itself: choose another vendor.",
                    name=self.name,
                )
            )
        if self.company_id and master.company_id not in (
            self.company_id,
            self.env["res.company"],
        ):
            raise UserError(
                self.env._(
                    "%(name)s and %(master)s belong to different companies and cannot "
                    "be merged.",
                    name=self.name,
                    master=master.name,
                )
            )

    def _construction_leave_alias(self, master):
        """Write down on ``master`` what this duplicate was called."""
        self.ensure_one()
        self.construction_alias_ids.write({"partner_id": master.id})
        named = [("name", self.name), ("number", self.ref)]
        known = {(alias.kind, alias.value) for alias in master.construction_alias_ids}
        vals_list = [
            {"kind": kind, "value": value}
            for kind, value in named
            if value and (kind, value) not in known
        ]
        for binding in self._construction_bindings():
            vals_list.append(
                {
                    "kind": "external_id",
                    "value": binding.external_id,
                    "system_id": binding.system_id.id,
                }
            )
        self.env["construction.vendor.alias"].create(
            [
                dict(vals, partner_id=master.id, merged_partner_id=self.id)
                for vals in vals_list
            ]
        )

    def _construction_bindings(self):
        return self.env["construction.sync.binding"].search(
            [("res_model", "=", self._name), ("res_id", "in", self.ids)]
        )

    def _construction_move_bindings(self, master):
        """Links of outside systems to the duplicates lead to ``master``."""
        self._construction_bindings().write({"res_id": master.id, "state": "alias"})

    def action_open_construction_bank_changes(self):
        """Open the changes of bank details that were asked for."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "construction_sync.action_bank_change"
        )
        action["domain"] = [("partner_id", "=", self.id)]
        action["context"] = {}
        return action
