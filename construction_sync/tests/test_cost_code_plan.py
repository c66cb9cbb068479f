"""Cost codes and types have their counterparts in analytic plans."""

from psycopg2 import IntegrityError

from odoo.exceptions import ValidationError
from odoo.tests import TransactionCase
from odoo.tools import mute_logger

from .rows import rows


class TestCostCodePlan(TransactionCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.codes = cls.env["construction.cost.code"]
        cls.concrete = cls.env.ref("construction_sync.masterformat_03")
        cls.code = cls.codes.create(
            {
                "code": "03 30 00",
                "name": "Cast-in-Place Concrete",
                "parent_id": cls.concrete.id,
            }
        )
        cls.subcontract = cls.env.ref("construction_sync.cost_type_subcontract")
        cls.project = cls.env["project.project"].create(
            {"name": "Tower A", "construction_number": "P-100"}
        )

    def test_every_division_ships_once_and_takes_no_cost(self):
        divisions = self.codes.search([("code", "=like", "__ 00 00")])
        self.assertEqual(len(divisions), 35)
        self.assertFalse(any(divisions.mapped("postable")))
        self.assertEqual(len(divisions.analytic_account_id), 35)

    def test_a_batch_of_codes_gets_its_accounts_in_the_cost_code_plan(self):
        created = self.codes.create(
            [
                {"code": "03 11 00", "name": "Forming"},
                {"code": "03 20 00", "name": "Reinforcing"},
            ]
        )
        plan = self.env.ref("construction_sync.analytic_plan_cost_code")
        self.assertEqual(created.analytic_account_id.plan_id, plan)
        self.assertEqual(
            created.analytic_account_id.mapped("code"), ["03 11 00", "03 20 00"]
        )

    def test_rename_and_archive_follow_in_the_plan(self):
        self.code.write({"name": "Structural concrete", "code": "03 31 00"})
        account = self.code.analytic_account_id
        self.assertEqual(
            (account.name, account.code), ("Structural concrete", "03 31 00")
        )
        self.code.action_archive()
        self.assertFalse(account.active)

    @rows("F02")
    def test_one_distribution_carries_project_code_and_type(self):
        distribution = self.code._distribution(self.project, self.subcontract)
        (key,) = distribution
        accounts = self.env["account.analytic.account"].browse(
            [int(account_id) for account_id in key.split(",")]
        )
        self.assertEqual(len(accounts.root_plan_id), 3)
        line = self.env["account.analytic.line"].create(
            {
                "name": "Concrete pour",
                "amount": -1250.0,
                "company_id": self.project.company_id.id,
                **{a.root_plan_id._column_name(): a.id for a in accounts},
            }
        )
        self.assertEqual(
            set(line._get_distribution_key().split(",")), set(key.split(","))
        )
        self.assertEqual(self.code.analytic_account_id.balance, -1250.0)
        self.assertEqual(self.subcontract.analytic_account_id.balance, -1250.0)

    def test_a_mandatory_plan_is_satisfied_by_the_distribution(self):
        for xmlid in ("analytic_plan_cost_code", "analytic_plan_cost_type"):
            plan = self.env.ref(f"construction_sync.{xmlid}")
            plan.default_applicability = "mandatory"
        model = self.env["account.analytic.distribution.model"].create(
            {
                "analytic_distribution": self.code._distribution(
                    self.project, self.subcontract
                )
            }
        )
        model = model.with_context(validate_analytic=True)
        model._validate_distribution(business_domain="general")
        model.analytic_distribution = self.code._distribution(self.project)
        with self.assertRaises(ValidationError):
            model._validate_distribution(business_domain="general")

    @mute_logger("odoo.sql_db")
    def test_another_notation_of_a_known_code_is_refused_by_the_database(self):
        with self.assertRaises(IntegrityError), self.cr.savepoint():
            self.codes.create({"code": "03-300", "name": "Twin"}).flush_recordset()

    def test_a_text_that_is_no_code_is_refused(self):
        with self.assertRaisesRegex(ValidationError, "HVAC is not a code"):
            self.codes.create({"code": "HVAC", "name": "Air"})

    def test_a_code_refuses_with_its_own_reason(self):
        day = "2026-03-01"
        self.assertIn("groups other codes", self.concrete._refusal())
        self.assertIsNone(self.code._refusal())
        self.code.valid_from = "2026-06-01"
        from_day = self.env["construction.cost.code"]._fields["valid_from"]
        self.assertIn("2026-06-01", self.code._refusal(from_day.to_date(day)))
        self.code.write({"valid_from": False, "valid_to": "2026-02-01"})
        self.assertIn("until 2026-02-01", self.code._refusal(from_day.to_date(day)))
        self.code.write({"valid_to": False, "active": False})
        self.assertIn("archived", self.code._refusal())

    def test_a_code_in_use_is_known_as_used(self):
        self.assertFalse(self.code._is_used())
        self.project.construction_cost_code_ids = self.code
        self.assertEqual(self.code._is_used(), self.code)

    def test_rules_of_a_system_go_before_the_grammar(self):
        system = self.env["construction.sync.system"].create(
            {"code": "ledger", "name": "Ledger", "adapter": "canonical"}
        )
        self.env["construction.cost.code.rule"].create(
            {
                "name": "Names of the ledger",
                "system_id": system.id,
                "kind": "lookup",
                "lookup": "CONC = 03 30 00, S",
            }
        )
        company = self.env.company
        found = self.codes._find_written(["CONC", "033000", "QQ"], company, system)
        self.assertEqual(found["CONC"], (self.code.id, self.subcontract.id))
        self.assertEqual(found["033000"], (self.code.id, False))
        self.assertNotIn("QQ", found)
        self.assertEqual(self.codes._find_written(["CONC"], company), {})

    def test_a_rule_that_cannot_work_is_refused_with_the_reason(self):
        for vals, words in (
            ({"kind": "regex", "pattern": "("}, "cannot be read"),
            ({"kind": "regex", "pattern": "x"}, "group named code"),
            ({"kind": "split"}, "needs the delimiter"),
            ({"kind": "pad", "widths": "a"}, "lengths of its groups"),
            ({"kind": "lookup", "lookup": "x"}, "needs lines like"),
        ):
            with self.assertRaisesRegex(ValidationError, words):
                self.env["construction.cost.code.rule"].create(dict(vals, name="R"))
