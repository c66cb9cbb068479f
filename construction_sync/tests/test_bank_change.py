"""Bank details from outside never take effect by themselves."""

from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user

from .master_data_case import MasterDataCase
from .rows import rows

OLD = "DE89370400440532013000"
NEW = "BE71096123456769"


class TestBankChange(MasterDataCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.finance = new_test_user(
            cls.env, "mara", "construction_sync.group_finance", name="Mara"
        )
        cls.colleague = new_test_user(
            cls.env, "noor", "construction_sync.group_finance", name="Noor"
        )
        cls.buyer = new_test_user(
            cls.env, "bo", "construction_sync.group_procurement", name="Bo"
        )

    def setUp(self):
        super().setUp()
        self.partner = self.vendor({"iban": OLD})

    def vendor(self, *accounts, name="Ace"):
        data = {"name": name, "bank_accounts": list(accounts)}
        return self.record(self.send("vendor", ("v1", data)))

    def change(self):
        return self.partner.construction_bank_change_ids.filtered(
            lambda change: change.state == "pending"
        )

    @rows("F04")
    def test_a_new_account_of_a_known_vendor_waits_with_both_values(self):
        self.vendor({"iban": NEW})
        self.assertEqual(self.partner.bank_ids.sanitized_acc_number, OLD)
        change = self.change()
        self.assertEqual(change.with_user(self.finance).old_full, OLD)
        self.assertEqual(change.with_user(self.finance).new_full, NEW)
        self.assertTrue(self.partner.construction_bank_change_pending)
        self.assertIn(change.activity_ids.user_id, self.finance | self.colleague)

    @rows("F04")
    def test_a_second_person_of_finance_puts_it_in_place(self):
        self.vendor({"iban": NEW})
        self.change().with_user(self.finance).action_approve()
        self.assertEqual(self.partner.bank_ids.sanitized_acc_number, NEW)
        self.assertFalse(self.partner.bank_ids.allow_out_payment)
        change = self.partner.construction_bank_change_ids
        self.assertEqual(
            (change.state, change.decided_by_id), ("approved", self.finance)
        )
        self.assertFalse(change.activity_ids)
        self.assertNotIn(NEW, self.partner.message_ids[:1].body)

    def test_a_removed_account_waits_too(self):
        self.vendor()
        self.assertEqual(self.partner.bank_ids.sanitized_acc_number, OLD)
        self.change().with_user(self.finance).action_approve()
        self.assertFalse(self.partner.bank_ids)

    def test_a_rejected_change_leaves_everything_as_it_is(self):
        self.vendor({"iban": NEW})
        self.change().with_user(self.finance).action_reject()
        self.assertEqual(self.partner.bank_ids.sanitized_acc_number, OLD)

    def test_an_account_that_was_archived_before_can_come_back(self):
        self.vendor({"iban": NEW})
        self.change().with_user(self.finance).action_approve()
        self.vendor({"iban": OLD})
        self.change().with_user(self.finance).action_approve()
        self.assertEqual(self.partner.bank_ids.sanitized_acc_number, OLD)

    def test_the_same_accounts_again_ask_for_nothing(self):
        self.vendor({"iban": "DE89 3704 0044 0532 0130 00", "bic": "COBADEFFXXX"})
        self.assertFalse(self.partner.construction_bank_change_ids)
        self.send("vendor", ("v1", {"name": "Ace"}))
        self.assertFalse(self.partner.construction_bank_change_ids)

    def test_a_newer_change_takes_the_place_of_the_pending_one(self):
        self.vendor({"iban": NEW})
        first = self.change()
        self.vendor({"number": "000123456"})
        self.assertEqual(first.state, "superseded")
        self.assertEqual(first.superseded_by_id, self.change())
        self.vendor({"number": "000123456"})
        self.assertEqual(len(self.partner.construction_bank_change_ids), 2)
        self.vendor({"iban": OLD})
        self.assertFalse(self.change())

    def test_who_asked_or_edited_cannot_approve(self):
        self.system.user_id = self.finance
        self.vendor({"iban": NEW})
        change = self.change()
        with self.assertRaisesRegex(AccessError, "second person"):
            change.with_user(self.finance).action_approve()
        change.with_user(self.colleague).write({"new_accounts": [{"number": "9"}]})
        with self.assertRaisesRegex(AccessError, "edited"):
            change.with_user(self.colleague).action_approve()
        self.assertEqual(self.partner.bank_ids.sanitized_acc_number, OLD)

    def test_nobody_decides_without_the_role_or_past_the_buttons(self):
        self.vendor({"iban": NEW})
        change = self.change()
        with self.assertRaisesRegex(AccessError, "role Finance"):
            change.with_user(self.buyer).action_approve()
        with self.assertRaises(AccessError):
            change.with_user(self.env.ref("base.user_root")).action_approve()
        for vals in ({"state": "approved"}, {"requested_by_id": False},
                     {"edited_by_ids": [(5,)]}, {"partner_id": 1}):  # fmt: skip
            with self.assertRaises(UserError):
                change.with_user(self.finance).write(vals)
        change.with_user(self.finance).action_approve()
        with self.assertRaisesRegex(AccessError, "already decided"):
            change.with_user(self.colleague).action_reject()

    def test_a_change_a_person_enters_is_asked_for_by_that_person(self):
        change = (
            self.env["construction.bank.change"]
            .with_user(self.finance)
            .create(
                {
                    "partner_id": self.partner.id,
                    "new_accounts": [{"iban": NEW}],
                    "requested_by_id": self.colleague.id,
                    "state": "approved",
                }
            )
        )
        self.assertEqual(change.requested_by_id, self.finance)
        self.assertEqual(change.state, "pending")

    def test_numbers_are_masked_for_all_but_finance(self):
        self.vendor({"iban": NEW})
        change = self.change().with_user(self.buyer)
        self.assertEqual(change.new_masked, "•••• 6769")
        with self.assertRaises(AccessError):
            change.read(["new_full"])
        with self.assertRaises(AccessError):
            change.read(["new_accounts"])

    def test_a_vendor_linked_to_a_second_system_keeps_its_accounts(self):
        self.send("vendor", ("v1", {"name": "Ace", "tax_id": "US77"}))
        other = self.new_system("ap", "AP platform")
        item = self.send(
            "vendor",
            ("9", {"name": "Ace", "tax_id": "US77",
                   "bank_accounts": [{"iban": NEW}]}),
            system=other,
        )  # fmt: skip
        self.assertEqual(self.record(item), self.partner)
        self.assertEqual(self.partner.bank_ids.sanitized_acc_number, OLD)
        self.assertEqual(self.change().system_id, other)
