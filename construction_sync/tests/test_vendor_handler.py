"""Vendors that systems send: recognised by tax id, never by likeness."""

from odoo.exceptions import AccessError
from odoo.tests import new_test_user

from .master_data_case import MasterDataCase
from .rows import rows

IBAN = "DE89370400440532013000"
OTHER_IBAN = "BE71096123456769"


class TestVendorHandler(MasterDataCase):
    def vendors(self, **conditions):
        return self.env["res.partner"].search(
            [("construction_vendor", "=", True)]
            + [(name, "=", value) for name, value in conditions.items()]
        )

    def test_every_field_comes_back_as_it_went_out(self):
        self.env["construction.trade"].create({"code": "concrete", "name": "Concrete"})
        item = self.send(
            "vendor",
            ("v1", {
                "name": "Ace Concrete Inc.", "legal_name": "Ace Concrete, Incorporated",
                "tax_id": "12-3456789", "email": "ap@ace.example", "phone": "+1 512",
                "address": {"street": "2 Quarry Rd", "city": "Austin", "state": "TX",
                            "country": "US"},
                "bank_accounts": [{"iban": IBAN, "bic": "COBADEFFXXX"}],
                "trades": ["Concrete"], "status": "approved",
            }),
        )  # fmt: skip
        partner = self.record(item)
        self.assertTrue(partner.is_company and partner.construction_vendor)
        self.assertEqual(partner.construction_tax_key, "123456789")
        self.assertEqual(partner.construction_name_key, "ace concrete")
        self.assertEqual(partner.bank_ids.sanitized_acc_number, IBAN)
        self.assertFalse(partner.bank_ids.allow_out_payment)
        data = self.assertComesBackUnchanged("vendor", item)
        self.assertEqual(data["trades"], ["concrete"])
        self.assertNotIn("bank_accounts", data)

    @rows("F04")
    def test_the_same_tax_id_is_the_same_vendor(self):
        partner = self.record(
            self.send("vendor", ("v1", {"name": "Ace", "tax_id": "US 12-345"}))
        )
        other = self.new_system("ap", "AP platform")
        item = self.send(
            "vendor", ("77", {"name": "Ace Ltd", "tax_id": "us12345"}), system=other
        )
        self.assertEqual(self.record(item), partner)
        self.assertEqual(item.linked_by, "Same tax id us12345")
        self.assertEqual(partner.vat, "US 12-345")

    @rows("F04")
    def test_a_partner_of_odoo_with_that_tax_id_becomes_the_vendor(self):
        there = self.env["res.partner"].create(
            {"name": "Ace", "is_company": True, "vat": "US12345"}
        )
        contact = self.env["res.partner"].create(
            {"name": "Mara", "parent_id": there.id, "type": "contact"}
        )
        self.assertEqual(contact.vat, there.vat)
        item = self.send("vendor", ("v1", {"name": "Ace", "tax_id": "US12345"}))
        self.assertEqual(self.record(item), there)
        self.assertTrue(there.construction_vendor)

    @rows("F04")
    def test_the_same_name_and_bank_account_is_for_a_person(self):
        self.send(
            "vendor",
            ("v1", {"name": "Ace Inc.", "bank_accounts": [{"iban": IBAN}]}),
        )
        item = self.send(
            "vendor",
            ("v2", {"name": "ACE, LLC", "bank_accounts": [{"iban": IBAN}]}),
        )
        self.assertRefused(item, "possible-match")
        self.assertIn("Same name and same bank account", item.problems[0].detail)
        self.assertNotIn(IBAN, item.problems[0].detail)
        self.assertEqual(len(self.vendors(construction_name_key="ace")), 1)

    @rows("F04")
    def test_the_same_name_alone_is_another_vendor_and_only_a_suggestion(self):
        one = self.send("vendor", ("v1", {"name": "Ace Inc."}))
        two = self.send("vendor", ("v2", {"name": "Ace Inc."}))
        self.assertNotEqual(self.record(one), self.record(two))
        handler = self.env["construction.sync.handler.vendor"]
        names = [found["name"] for found in handler.candidates("Ace", self.company)]
        self.assertEqual(names[:2], ["Ace Inc.", "Ace Inc."])

    @rows("F04")
    def test_two_new_vendors_with_one_tax_id_give_one_vendor_and_one_question(self):
        first, second = self.send(
            "vendor",
            ("v1", {"name": "Ace", "tax_id": "US1"}),
            ("v2", {"name": "Ace 2", "tax_id": "us-1"}),
        )
        self.assertRefused(second, "already-linked")
        self.assertEqual(self.vendors(construction_tax_key="US1"), self.record(first))

    def test_two_partners_with_that_tax_id_are_for_a_person(self):
        self.env["res.partner"].create(
            [{"name": "Ace", "vat": "US9"}, {"name": "Ace old", "vat": "US-9"}]
        )
        item = self.send("vendor", ("v1", {"name": "Ace", "tax_id": "US9"}))
        self.assertRefused(item, "possible-match")
        self.assertEqual(len(item.problems[0].extra["suggestions"]), 2)

    @rows("F08")
    def test_a_vendor_of_a_foreign_company_is_not_taken_without_asking(self):
        company = self.env["res.company"].create({"name": "Elsewhere"})
        self.env["res.partner"].create(
            {"name": "Ace", "vat": "US8", "company_id": company.id}
        )
        item = self.send("vendor", ("v1", {"name": "Ace", "tax_id": "US8"}))
        self.assertRefused(item, "possible-match")

    def test_an_unknown_trade_is_refused_alone(self):
        bad, good = self.send(
            "vendor",
            ("v1", {"name": "Ace", "trades": ["Béton"]}),
            ("v2", {"name": "Bay"}),
        )
        self.assertRefused(bad, "reference-unknown", "/trades/0")
        self.assertEqual(self.record(good).name, "Bay")

    def test_only_what_differs_is_written(self):
        data = {"name": "Ace", "email": "a@ace.example", "phone": "1"}
        self.send("vendor", ("v1", data))
        self.assertEqual(self.send("vendor", ("v1", data)).changes, {})
        item = self.send("vendor", ("v1", dict(data, phone="2")))
        self.assertEqual(item.changes, {"phone": "2"})
        self.assertEqual(self.send("vendor", ("v1", {"name": "Ace"})).changes, {})
        cleared = self.send("vendor", ("v1", {"name": "Ace", "email": None}))
        self.assertFalse(self.record(cleared).email)

    def test_a_removed_vendor_is_archived(self):
        partner = self.record(self.send("vendor", ("v1", {"name": "Ace"})))
        self.send("vendor", ("v1", None))
        self.assertFalse(partner.active)


class TestVendorMerge(MasterDataCase):
    @rows("F04")
    def test_a_merge_leaves_an_alias_and_leads_the_link_to_the_master(self):
        master = self.record(self.send("vendor", ("m", {"name": "Ace"})))
        item = self.send("vendor", ("d", {"name": "Ace (old)", "tax_id": "US5"}))
        duplicate = self.record(item)
        job = self.record(
            self.send("project", ("p", {"number": "1", "name": "T", "customer": "d"}))
        )
        self.send("vendor", ("d", {"name": "Ace (old)", "merged_into": "m"}))
        self.assertFalse(duplicate.active)
        self.assertEqual(duplicate.construction_merged_into_id, master)
        self.assertEqual(job.partner_id, master)
        aliases = {(a.kind, a.value) for a in master.construction_alias_ids}
        self.assertEqual(aliases, {("name", "Ace (old)"), ("external_id", "d")})
        binding = self.env["construction.sync.binding"].search(
            [("system_id", "=", self.system.id), ("external_id", "=", "d")]
        )
        self.assertEqual((binding.res_id, binding.state), (master.id, "alias"))
        self.assertIn("Ace (old)", master.message_ids[:1].body)

    @rows("F04")
    def test_a_later_vendor_with_the_merged_tax_id_is_the_master(self):
        master = self.record(self.send("vendor", ("m", {"name": "Ace"})))
        duplicate = self.record(
            self.send("vendor", ("d", {"name": "Ace old", "tax_id": "US5"}))
        )
        duplicate.construction_merge_into(master)
        other = self.new_system("ap", "AP platform")
        item = self.send(
            "vendor", ("9", {"name": "Ace", "tax_id": "US5"}), system=other
        )
        self.assertEqual(self.record(item), master)

    def test_what_named_the_duplicate_finds_the_master(self):
        master = self.record(self.send("vendor", ("m", {"name": "Ace"})))
        duplicate = self.record(self.send("vendor", ("d", {"name": "Ace old"})))
        duplicate.construction_merge_into(master)
        item = self.send(
            "project", ("p", {"number": "1", "name": "T", "customer": "d"})
        )
        self.assertEqual(self.record(item).partner_id, master)

    def test_a_merge_into_itself_is_refused(self):
        self.send("vendor", ("v", {"name": "Ace"}))
        item = self.send("vendor", ("v", {"name": "Ace", "merged_into": "v"}))
        self.assertRefused(item, "business-rule", "/merged_into")

    def test_a_chain_of_merges_ends_at_the_last_master(self):
        one, two, three = (
            self.record(self.send("vendor", (key, {"name": key}))) for key in "abc"
        )
        one.construction_merge_into(two)
        two.construction_merge_into(three)
        self.assertEqual(one._construction_live(), three)

    def test_a_person_of_procurement_merges_and_nobody_else(self):
        master = self.record(self.send("vendor", ("m", {"name": "Ace"})))
        duplicate = self.record(self.send("vendor", ("d", {"name": "Ace old"})))
        finance = new_test_user(self.env, "fin", "construction_sync.group_finance")
        buyer = new_test_user(self.env, "buy", "construction_sync.group_procurement")
        with self.assertRaisesRegex(AccessError, "role Procurement"):
            duplicate.with_user(finance).construction_merge_into(master)
        wizard = self.env["construction.vendor.merge"].with_user(buyer)
        merge = wizard.create({"partner_id": duplicate.id, "master_id": master.id})
        self.assertEqual(merge.action_merge()["res_id"], master.id)
        self.assertFalse(duplicate.active)


class TestVendorTaxIdCheck(MasterDataCase):
    def test_a_tax_id_that_odoo_would_refuse_fails_its_own_vendor_only(self):
        if not hasattr(self.env["res.partner"], "_run_vat_checks"):
            self.skipTest("the module base_vat is not installed")
        address = {"country": "BE"}
        bad, good = self.send(
            "vendor",
            ("v1", {"name": "Ace", "tax_id": "BE0000000000", "address": address}),
            ("v2", {"name": "Bay", "tax_id": "BE0477472701", "address": address}),
        )
        self.assertRefused(bad, "business-rule", "/tax_id")
        partner = self.record(good)
        again = self.send(
            "vendor", ("v2", {"name": "Bay", "tax_id": "BE 0477.472.701"})
        )
        self.assertEqual(again.changes, {})
        self.assertEqual(partner.construction_tax_key, "BE0477472701")
