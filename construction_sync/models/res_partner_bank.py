"""Bank accounts as lists of plain values, and back."""

from odoo import api, models

from .. import vendor_identity


class ResPartnerBank(models.Model):
    _inherit = "res.partner.bank"

    @api.model
    def _construction_accounts(self, partners):
        """``{partner id: [{"iban" | "number", "bic"}, ...]}`` of active accounts."""
        result = {partner_id: [] for partner_id in partners.ids}
        accounts = self.search([("partner_id", "in", partners.ids)])
        for account in accounts:
            result[account.partner_id.id].append(account._construction_account())
        return result

    def _construction_account(self):
        """This account as ``{"iban" | "number", "bic"}``."""
        self.ensure_one()
        compact = self.sanitized_acc_number or ""
        kind = "iban" if vendor_identity.is_iban(compact) else "number"
        result = {kind: compact if kind == "iban" else self.acc_number}
        if self.bank_id.bic:
            result["bic"] = self.bank_id.bic
        return result

    @api.model
    def _construction_banks(self, bics):
        """``{bic: res.bank id}``; a bank not known yet is created under its BIC."""
        bics = {bic.upper() for bic in bics if bic}
        banks = self.env["res.bank"].search([("bic", "in", list(bics))])
        result = {bank.bic.upper(): bank.id for bank in banks}
        missing = sorted(bics - set(result))
        created = self.env["res.bank"].create(
            [{"name": bic, "bic": bic} for bic in missing]
        )
        result.update(zip(missing, created.ids, strict=True))
        return result

    @api.model
    def _construction_enter(self, accounts_by_partner):
        """Create accounts in one batch, untrusted.

        Odoo raises on an account that the partner already has archived, so those are
        taken back into use instead.

        :param accounts_by_partner: ``{partner id: [{"iban" | "number", "bic"}, ...]}``
        """
        twins = {
            (account.partner_id.id, account.sanitized_acc_number): account
            for account in self.with_context(active_test=False).search(
                [("partner_id", "in", list(accounts_by_partner))]
            )
        }
        banks = self._construction_banks(
            account.get("bic")
            for accounts in accounts_by_partner.values()
            for account in accounts
        )
        vals_list, returning = [], self.browse()
        for partner_id, accounts in accounts_by_partner.items():
            for sequence, account in enumerate(accounts):
                key = vendor_identity.account_key(account)
                bank_id = banks.get((account.get("bic") or "").upper(), False)
                twin = twins.get((partner_id, key))
                if twin:
                    if bank_id and twin.bank_id.id != bank_id:
                        twin.bank_id = bank_id
                    returning |= twin
                    continue
                twins[partner_id, key] = self.browse()
                vals_list.append(
                    {
                        "partner_id": partner_id,
                        "acc_number": account.get("iban") or account.get("number"),
                        "bank_id": bank_id,
                        "sequence": sequence + 1,
                        "allow_out_payment": False,
                    }
                )
        archived = returning.filtered(lambda account: not account.active)
        if archived:
            archived.write({"active": True, "allow_out_payment": False})
        return self.create(vals_list)

    @api.model
    def _construction_replace(self, partner, accounts):
        """Give ``partner`` exactly these accounts; the others are archived."""
        wanted = {vendor_identity.account_key(account) for account in accounts}
        current = self.search([("partner_id", "=", partner.id)])
        current.filtered(lambda a: a.sanitized_acc_number not in wanted).write(
            {"active": False}
        )
        self._construction_enter({partner.id: accounts})
