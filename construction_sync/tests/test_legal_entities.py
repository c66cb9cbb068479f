"""No record crosses companies; people see those of theirs."""

from odoo.exceptions import ValidationError
from odoo.tests import new_test_user

from .master_data_case import MasterDataCase
from .rows import rows


class TestLegalEntities(MasterDataCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.north = new_test_user(
            cls.env,
            "north",
            "construction_sync.group_project_controls",
            company_id=cls.company.id,
            company_ids=[(6, 0, cls.company.ids)],
        )

    def seen(self, model, records):
        found = (
            self.env[model].with_user(self.north).search([("id", "in", records.ids)])
        )
        return found.sudo()

    @rows("F08")
    def test_people_see_what_is_shared_and_what_is_of_their_companies(self):
        codes = self.env["construction.cost.code"].create(
            [
                {"code": f"03 30 0{n}", "name": "C", "company_id": company}
                for n, company in enumerate(
                    (False, self.company.id, self.other_company.id)
                )
            ]
        )
        self.assertEqual(self.seen("construction.cost.code", codes), codes[:2])
        kinds = self.env["construction.cost.type"].create(
            [
                {"code": f"X{n}", "name": "X", "company_id": company}
                for n, company in enumerate((False, self.other_company.id))
            ]
        )
        self.assertEqual(self.seen("construction.cost.type", kinds), kinds[:1])

    @rows("F08")
    def test_a_breakdown_of_another_company_is_not_seen(self):
        wbs = [{"id": "1", "code": "A", "name": "A"}]
        north, south = self.send(
            "project",
            ("n", {"number": "1", "name": "N", "wbs": wbs}),
            ("s", {"number": "1", "name": "S", "company": "south", "wbs": wbs}),
        )
        nodes = (self.record(north) | self.record(south)).construction_wbs_ids
        self.assertEqual(len(nodes), 2)
        seen = self.seen("construction.wbs", nodes)
        self.assertEqual(seen.project_id, self.record(north))

    @rows("F08")
    def test_the_same_code_may_be_kept_by_each_company(self):
        codes = self.env["construction.cost.code"]
        both = codes.create(
            [
                {"code": "03 30 00", "name": "N", "company_id": self.company.id},
                {"code": "03 30 00", "name": "S", "company_id": self.other_company.id},
            ]
        )
        accounts = both.analytic_account_id
        self.assertEqual(accounts.company_id, self.company | self.other_company)
        found = codes._find_written(["03-300"], self.other_company)
        self.assertEqual(found["03-300"][0], both[1].id)

    @rows("F08")
    def test_a_project_uses_no_code_of_another_company(self):
        code = self.env["construction.cost.code"].create(
            {"code": "03 30 00", "name": "S", "company_id": self.other_company.id}
        )
        project = self.env["project.project"].create(
            {
                "name": "N",
                "construction_number": "2",
                "company_id": self.company.id,
            }
        )
        with self.assertRaisesRegex(ValidationError, "cannot use codes"):
            project.construction_cost_code_ids = code
        item = self.send(
            "project",
            ("n", {"number": "1", "name": "N", "cost_codes": [{"odoo_id": code.id}]}),
        )
        self.assertRefused(item, "company-crossed", "/cost_codes/0")

    @rows("F08")
    def test_a_numbered_project_belongs_to_a_company(self):
        project = self.env["project.project"].create(
            {"name": "N", "construction_number": "1"}
        )
        self.assertEqual(project.company_id, self.env.company)
        self.assertEqual(project.account_id.company_id, self.env.company)
        with self.assertRaisesRegex(ValidationError, "needs a company"):
            project.company_id = False
            project.flush_recordset()
