"""Vendors: canonical to Odoo and back."""

from odoo import models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Command

from .. import vendor_identity
from ..pipeline.item import Match, Reference
from ..schemas.problem import Problem, shown
from . import (
    legal_entity,
    natural_values,
    postal_address,
    suggestions,
    twins,
    vendor_accounts,
)


class VendorHandler(models.AbstractModel):
    """The same tax id is the same vendor, in whatever company. The same name with the
    same bank account is a question for a person; the same name alone a suggestion.

    Bank details of a vendor that Odoo already knows never change from here: they
    become a ``construction.bank.change`` (see ``vendor_accounts``). ``export`` leaves
    them out: who may read vendors need not read where they are paid.
    """

    _name = "construction.sync.handler.vendor"
    _inherit = "construction.sync.handler"
    _description = "Construction Sync: vendors"
    _entity = "vendor"
    _target = "res.partner"
    _link_policy = "link"
    _publishes_also = ("active", "company_id", "construction_vendor")
    _fills = {
        "name": ("name",),
        "legal_name": ("construction_legal_name",),
        "tax_id": ("vat",),
        "email": ("email",),
        "phone": ("phone",),
        "address": postal_address.odoo_fields(),
        "bank_accounts": (),
        "trades": ("construction_trade_ids",),
        "status": ("construction_vendor_status",),
        "merged_into": ("construction_merged_into_id",),
    }
    _plain = {
        "legal_name": "construction_legal_name",
        "email": "email",
        "phone": "phone",
        "status": "construction_vendor_status",
    }

    def references(self, items):
        present = [item for item in items if not item.deleted]
        trades = [
            (item, f"/trades/{position}", trade, None)
            for item in present
            for position, trade in enumerate(item.data.trades or ())
        ]
        found = natural_values.resolve(self.env, "trade", trades)
        found += postal_address.references(self.env, present, self._target)
        found += [
            (item, Reference("/merged_into", "vendor", item.data.merged_into, True))
            for item in present
            if item.data.merged_into is not None
        ]
        self._check_tax_ids(present)
        return found

    def _check_tax_ids(self, items):
        """Refuse a tax id that Odoo (module base_vat) would refuse, which otherwise
        fails the whole batch. The country may be one a later reference resolves, so
        this runs after the addresses are."""
        partners = self.env[self._target]
        if not hasattr(partners, "_run_vat_checks"):
            return
        known = {
            partner.id: partner.country_id
            for partner in partners.browse([i.record_id for i in items if i.record_id])
        }
        for item in items:
            country = self.env["res.country"].browse(
                item.refs.get("/address/country") or ()
            )
            country = country or known.get(item.record_id) or country
            if not item.data.tax_id or not country:
                continue
            try:
                partners._run_vat_checks(country, item.data.tax_id, item.data.name)
            except ValidationError:
                item.fail(
                    Problem(
                        "business-rule",
                        f"{shown(item.data.tax_id)} is not a tax id of "
                        f"{country.name}. Correct the tax id of {item.data.name}, or "
                        f"its country, at the source.",
                        pointer="/tax_id",
                    )
                )

    # ---- recognising -------------------------------------------------------------

    def resolve_codes(self, codes, company):
        """A vendor's code is its tax id, its reference in Odoo or a number it had
        before a merge; whatever is not unique names nobody."""
        texts = {code for code, _scope in codes}
        keys = {vendor_identity.tax_key(text): text for text in texts}
        partners = self.env[self._target]
        named = {}
        for partner in partners.search_fetch(
            [("construction_tax_key", "in", list(keys)), ("parent_id", "=", False)],
            ["construction_tax_key"],
        ):
            text = keys[partner.construction_tax_key]
            named.setdefault(text, set()).add(partner.id)
        for partner in partners.search_fetch(
            [("ref", "in", list(texts)), ("parent_id", "=", False)], ["ref"]
        ):
            named.setdefault(partner.ref, set()).add(partner.id)
        for alias in self.env["construction.vendor.alias"].search_fetch(
            [("kind", "=", "number"), ("value", "in", list(texts))],
            ["value", "partner_id"],
        ):
            named.setdefault(alias.value, set()).add(alias.partner_id.id)
        return {
            (code, scope): next(iter(named[code]))
            for code, scope in codes
            if len(named.get(code, ())) == 1
        }

    def check_reference(self, item, reference, record_id):
        partner = self.env[self._target].browse(record_id)
        if crossed := legal_entity.crossed(item, partner):
            return crossed
        if reference.pointer == "/merged_into" and record_id == item.record_id:
            return Problem(
                "business-rule",
                f"{partner.name} cannot be merged into itself: correct the event at "
                f"the source.",
            )
        return None

    def match(self, items):
        result = self._same_tax_id(items)
        rest = [item for item in items if id(item) not in result]
        nameless = [item for item in rest if not item.data.name]
        for item in nameless:
            # merged before it ever arrived: a person makes it an alias of the master
            evidence = self.env._("The system merged it into this vendor")
            if master_id := item.refs.get("/merged_into"):
                result[id(item)] = [Match(master_id, "merged_into", evidence, False)]
        rest = [item for item in rest if item.data.name]
        result.update(vendor_accounts.same_name_and_account(self.env, rest))
        return result

    def _same_tax_id(self, items):
        keys = {id(item): vendor_identity.tax_key(item.data.tax_id) for item in items}
        wanted = {key for key in keys.values() if key}
        if not wanted:
            return {}
        found = {}
        partners = (
            self.env[self._target]
            .with_context(active_test=False)
            .search_fetch(
                [
                    ("construction_tax_key", "in", list(wanted)),
                    # contacts of a company repeat its tax id
                    ("parent_id", "=", False),
                ],
                ["construction_tax_key", "construction_vendor", "active", "company_id"],
            )
        )
        for partner in partners:
            live = partner._construction_live()
            found.setdefault(partner.construction_tax_key, set()).add(live)
        result = {}
        for item in items:
            candidates = found.get(keys[id(item)])
            if candidates:
                result[id(item)] = self._tax_matches(item, candidates)
        return result

    def _tax_matches(self, item, partners):
        """One active vendor is the vendor; several, archived ones or those of another
        company are for a person."""
        partners = sorted(partners, key=lambda p: (not p.construction_vendor, p.id))
        vendors = [p for p in partners if p.construction_vendor and p.active]
        alone = vendors if len(vendors) == 1 else partners
        matches = []
        for partner in alone:
            crossed = legal_entity.crossed(item, partner)
            evidence = self.env._("Same tax id %(tax_id)s", tax_id=item.data.tax_id)
            if not partner.active:
                evidence = self.env._("%(evidence)s, archived", evidence=evidence)
            exact = len(alone) == 1 and partner.active and not crossed
            matches.append(Match(partner.id, "tax_id", evidence, exact))
        return matches

    # ---- applying ----------------------------------------------------------------

    def values(self, item):
        data = item.data
        # a merge may name its vendor by id alone
        result = {"name": {"name": data.name}} if data.name else {}
        for canonical, name in self._plain.items():
            if item.sent(canonical):
                result[canonical] = {name: getattr(data, canonical) or False}
        if item.sent("tax_id"):
            result["tax_id"] = {"vat": self._tax_id(item)}
        if item.sent("address"):
            result["address"] = postal_address.values(item)
        if item.sent("trades"):
            ids = sorted(
                {
                    value
                    for key, value in item.refs.items()
                    if key.startswith("/trades/")
                }
            )
            result["trades"] = {"construction_trade_ids": [Command.set(ids)]}
        if item.record_id:
            # a partner that Odoo knew before becomes a vendor when it is linked
            result["vendor"] = {"construction_vendor": True}
        return result

    def _tax_id(self, item):
        """The tax id as Odoo has it when only the notation differs: base_vat writes
        spaces and prefixes of its own."""
        if item.record_id:
            current = self.env[self._target].browse(item.record_id)
            sent = vendor_identity.tax_key(item.data.tax_id)
            if sent and sent == current.construction_tax_key:
                return current.vat
        return item.data.tax_id or False

    def insert(self, items):
        return twins.create_once(
            self,
            items,
            lambda item: vendor_identity.tax_key(item.data.tax_id),
            self._create_firsts,
            self.env._("the same tax id"),
        )

    def _create_firsts(self, items):
        vals_list = []
        for item in items:
            vals = self._new_vendor()
            for part in self.values(item).values():
                vals.update(part)
            vals_list.append(vals)
        partners = self.env[self._target].with_context(_partners_skip_fields_sync=True)
        return partners.create(vals_list).ids

    def _new_vendor(self):
        """Values of every new vendor. Fields that Odoo would compute with a record of
        their own each are given (measured: 631 to 826 vendors a second)."""
        return {
            "is_company": True,
            "construction_vendor": True,
            "construction_vendor_status": "prospect",
            "user_id": False,
            "properties": {},
        }

    def after(self, items):
        landed = [item for item in items if item.open]
        vendor_accounts.bring(
            self.env,
            [
                item
                for item in landed
                if item.sent("bank_accounts")
                and (item.created or item.flow._owner_of("bank_accounts") == "source")
            ],
        )
        for item in landed:
            if master_id := item.refs.get("/merged_into"):
                self._merge(item, master_id)

    def _merge(self, item, master_id):
        partners = self.env[self._target].with_context(active_test=False)
        try:
            partners.browse(item.record_id).construction_merge_into(
                partners.browse(master_id)
            )
        except UserError as error:
            item.fail(Problem("business-rule", str(error), pointer="/merged_into"))
        else:
            item.alias_of = partners.browse(item.record_id)._construction_live().id

    # ---- showing -----------------------------------------------------------------

    def candidates(self, value, company, limit=5):
        partners = self.env[self._target].search(
            [
                ("parent_id", "=", False),
                ("is_company", "=", True),
                ("company_id", "in", [False, *(company.ids if company else [])]),
            ],
            limit=20000,
        )
        return suggestions.ranked(
            partners, value, lambda p: (p.name, p.vat, p.ref), limit
        )

    def export_domain(self):
        return [("construction_vendor", "=", True)]

    def export(self, records):
        result = []
        for partner in records:
            data = {"name": partner.name}
            if partner.vat:
                data["tax_id"] = partner.vat
            for canonical, name in self._plain.items():
                if partner[name]:
                    data[canonical] = partner[name]
            if address := postal_address.export(partner):
                data["address"] = address
            if partner.construction_trade_ids:
                data["trades"] = partner.construction_trade_ids.mapped("code")
            result.append(data)
        return result
