"""Projects that systems send: once, with their account, in their company."""

from .master_data_case import MasterDataCase
from .rows import rows

WBS = [
    {"id": "n1", "code": "A", "name": "Structure"},
    {"id": "n2", "code": "10", "name": "Foundations", "parent": "n1"},
    {"id": "n3", "code": "1", "name": "Piles", "parent": "n2"},
    {"id": "n4", "code": "B", "name": "Envelope"},
    {"id": "n5", "code": "10", "name": "Roof", "parent": "n4"},
]


class TestProjectHandler(MasterDataCase):
    def wbs_of(self, project):
        return {node.path: node.name for node in project.construction_wbs_ids}

    @rows("F01")
    def test_a_project_with_three_levels_appears_once_with_its_account(self):
        data = {"number": "P-1", "name": "Tower A", "wbs": WBS}
        item = self.send("project", ("p1", data))
        project = self.record(item)
        self.assertEqual(project.account_id.code, "P-1")
        self.assertEqual(project.account_id.company_id, self.company)
        self.assertEqual(project.company_id, self.company)
        self.assertEqual(
            self.wbs_of(project),
            {
                "A": "Structure",
                "A › 10": "Foundations",
                "A › 10 › 1": "Piles",
                "B": "Envelope",
                "B › 10": "Roof",
            },
        )
        self.assertEqual(max(project.construction_wbs_ids.mapped("level")), 3)
        again = self.send("project", ("p1", data))
        self.assertFalse(again.created)
        self.assertEqual(again.changes, {})
        found = self.env["project.project"].search(
            [("construction_number", "=", "P-1")]
        )
        self.assertEqual(found, project)

    @rows("F01")
    def test_renaming_outside_renames_and_never_duplicates(self):
        project = self.record(
            self.send("project", ("p1", {"number": "P-1", "name": "Tower A"}))
        )
        self.send("project", ("p1", {"number": "P-9", "name": "Tower Alpha"}))
        self.assertEqual(project.name, "Tower Alpha")
        self.assertEqual(project.construction_number, "P-9")
        self.assertEqual(project.account_id.name, "Tower Alpha")
        self.assertEqual(project.account_id.code, "P-9")

    @rows("F01", "F08")
    def test_the_same_number_in_a_second_company_is_a_second_project(self):
        north, south = self.send(
            "project",
            ("p1", {"number": "P-1", "name": "Tower"}),
            ("p1", {"number": "P-1", "name": "Bridge", "company": "south"}),
        )
        one, two = self.record(north), self.record(south)
        self.assertNotEqual(one, two)
        self.assertEqual(two.company_id, self.other_company)
        self.assertNotEqual(one.account_id, two.account_id)
        self.send(
            "project", ("p1", {"number": "P-1", "name": "Bridge 2", "company": "south"})
        )
        self.assertEqual((one.name, two.name), ("Tower", "Bridge 2"))

    def test_two_projects_renamed_alike_in_one_batch(self):
        self.send(
            "project",
            ("a", {"number": "1", "name": "One"}),
            ("b", {"number": "2", "name": "Two"}),
        )
        items = self.send(
            "project",
            ("a", {"number": "1", "name": "Tower"}),
            ("b", {"number": "2", "name": "Tower"}),
        )
        self.assertEqual({self.record(i).account_id.name for i in items}, {"Tower"})

    def test_a_project_that_is_in_odoo_already_is_linked_by_its_number(self):
        there = self.env["project.project"].create(
            {
                "name": "Tower",
                "construction_number": "P-1",
                "company_id": self.company.id,
            }
        )
        item = self.send("project", ("p1", {"number": "P-1", "name": "Tower A"}))
        self.assertEqual(self.record(item), there)
        self.assertIn("P-1", item.linked_by)

    def test_every_field_comes_back_as_it_went_out(self):
        self.send("vendor", ("owner", {"name": "City Council"}))
        self.send("cost_code", ("c", {"code": "03 30 00", "name": "Concrete"}))
        self.send("project", ("main", {"number": "P-0", "name": "Campus"}))
        item = self.send(
            "project",
            ("p1", {
                "number": "P-1", "name": "Tower A", "parent": "main",
                "accounting_number": "7001", "status": "active", "currency": "USD",
                "start_date": "2026-01-05", "completion_date": "2027-06-30",
                "estimated_value": "1250000.50", "contract_form": "aia",
                "customer": "owner", "wbs": WBS, "cost_codes": ["c"],
                "address": {"street": "1 Main St", "city": "Austin", "zip": "78701",
                            "state": "TX", "country": "US"},
            }),
        )  # fmt: skip
        project = self.record(item)
        self.assertEqual(project.construction_estimated_value, 1250000.50)
        self.assertEqual(project.construction_state_id.name, "Texas")
        self.assertEqual(project.partner_id.name, "City Council")
        self.assertEqual(project.construction_parent_id.name, "Campus")
        data = self.assertComesBackUnchanged("project", item)
        self.assertEqual(data["estimated_value"], "1250000.5")
        self.assertEqual(
            [entry["id"] for entry in data["wbs"]], ["n1", "n2", "n3", "n4", "n5"]
        )
        self.assertEqual(data["wbs"][2]["parent"], "n2")

    def test_one_date_alone_lands_and_can_be_cleared(self):
        base = {"number": "P-1", "name": "Tower"}
        item = self.send("project", ("p1", base))
        self.send("project", ("p1", dict(base, start_date="2026-01-05")))
        project = self.record(item)
        self.assertEqual(str(project.date_start), "2026-01-05")
        self.send("project", ("p1", dict(base, completion_date="2026-12-31")))
        self.send("project", ("p1", dict(base, start_date=None)))
        self.assertFalse(project.date_start)
        self.assertEqual(str(project.date), "2026-12-31")
        late = self.send("project", ("p1", dict(base, start_date="2027-01-01")))
        self.assertRefused(late, "business-rule", "/completion_date")

    def test_an_absent_field_stays_and_null_clears(self):
        base = {"number": "P-1", "name": "Tower"}
        item = self.send(
            "project",
            (
                "p1",
                dict(
                    base, status="active", address={"city": "Austin", "country": "US"}
                ),
            ),
        )
        project = self.record(item)
        self.send("project", ("p1", dict(base, address={"city": None})))
        self.assertEqual(project.construction_status, "active")
        self.assertFalse(project.construction_city)
        self.assertEqual(project.construction_country_id.code, "US")
        self.send("project", ("p1", dict(base, status=None, address=None)))
        self.assertFalse(project.construction_status)
        self.assertFalse(project.construction_country_id)

    @rows("F02")
    def test_each_unknown_code_is_a_problem_of_its_own_and_nothing_is_written(self):
        item = self.send(
            "project",
            ("p1", {"number": "P-1", "name": "Tower", "cost_codes": [
                {"code": "03 30 99"}, {"code": "03 31 99"}]}),
        )  # fmt: skip
        self.assertEqual(
            [(p.kind, p.pointer, p.extra["value"]) for p in item.problems],
            [
                ("reference-unknown", "/cost_codes/0", "03 30 99"),
                ("reference-unknown", "/cost_codes/1", "03 31 99"),
            ],
        )
        self.assertFalse(
            self.env["project.project"].search([("construction_number", "=", "P-1")])
        )

    @rows("F02")
    def test_headings_and_codes_out_of_use_are_refused_with_their_own_sentence(self):
        old, gone, good = self.send(
            "cost_code",
            ("old", {"code": "03 30 10", "name": "Old", "valid_to": "2020-01-01"}),
            ("gone", {"code": "03 30 20", "name": "Gone"}),
            ("good", {"code": "03 30 00", "name": "Concrete"}),
        )
        self.record(gone).action_archive()
        heading, expired, archived, fine = self.send(
            "project",
            ("a", {"number": "1", "name": "A", "cost_codes": [{"code": "03"}]}),
            ("b", {"number": "2", "name": "B", "cost_codes": ["old"]}),
            ("c", {"number": "3", "name": "C", "cost_codes": ["gone"]}),
            ("d", {"number": "4", "name": "D", "cost_codes": [{"code": "03-300"}]}),
        )
        self.assertRefused(heading, "code-not-postable", "/cost_codes/0")
        self.assertRefused(expired, "code-inactive", "/cost_codes/0")
        self.assertRefused(archived, "code-inactive", "/cost_codes/0")
        self.assertIn("only groups other codes", heading.problems[0].detail)
        self.assertIn("until 2020-01-01", expired.problems[0].detail)
        self.assertIn("archived", archived.problems[0].detail)
        self.assertEqual(
            self.record(fine).construction_cost_code_ids, self.record(good)
        )

    @rows("F02")
    def test_after_the_mapping_the_same_message_lands(self):
        code = self.record(
            self.send("cost_code", ("c", {"code": "03 30 00", "name": "Concrete"}))
        )
        data = {"number": "1", "name": "A", "cost_codes": ["CONC-7"]}
        self.assertRefused(self.send("project", ("a", data)), "reference-unknown")
        self.env["construction.sync.crosswalk"].create(
            {
                "system_id": self.system.id,
                "kind": "cost_code",
                "source_value": "CONC-7",
                "target": f"construction.cost.code,{code.id}",
            }
        )
        project = self.record(self.send("project", ("a", data)))
        self.assertEqual(project.construction_cost_code_ids, code)

    def test_an_unknown_state_or_currency_is_refused(self):
        state, currency = self.send(
            "project",
            ("a", {"number": "1", "name": "A",
                   "address": {"country": "US", "state": "Bavaria"}}),
            ("b", {"number": "2", "name": "B", "currency": "XXX"}),
        )  # fmt: skip
        self.assertRefused(state, "reference-unknown", "/address/state")
        self.assertRefused(currency, "reference-unknown", "/currency")

    @rows("F08")
    def test_a_parent_in_another_company_is_refused(self):
        south = self.record(
            self.send(
                "project", ("s", {"number": "S", "name": "S", "company": "south"})
            )
        )
        item = self.send(
            "project",
            ("n", {"number": "N", "name": "N", "parent": {"odoo_id": south.id}}),
        )
        self.assertRefused(item, "company-crossed", "/parent")
