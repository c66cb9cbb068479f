"""Master data from the door to the record and back (F01, F03, F04, F08)."""

from .interface_case import InterfaceCase
from .rows import rows

WBS = [
    {"id": "n3", "code": "1", "name": "Piles", "parent": "n2"},
    {"id": "n1", "code": "A", "name": "Structure"},
    {"id": "n2", "code": "10", "name": "Foundations", "parent": "n1"},
]


class TestMasterData(InterfaceCase):
    def projects(self, number):
        return self.env["project.project"].search(
            [("construction_number", "=", number)]
        )

    @rows("F01")
    def test_a_project_with_three_levels_appears_once_and_a_new_name_renames(self):
        for event in (
            self.project("p1", "P-1", sequence="1", fields={"wbs": WBS}),
            self.project("p1", "P-1", sequence="1", fields={"wbs": WBS}),
        ):
            self.send(event)
            self.drain()
        project = self.projects("P-1")
        self.assertEqual(len(project), 1)
        self.assertEqual(project.account_id.name, project.name)
        paths = sorted(project.construction_wbs_ids.mapped("path"))
        self.assertEqual(paths, ["A", "A › 10", "A › 10 › 1"])
        self.send(self.project("p1", "P-1", sequence="2", fields={"name": "Tower B"}))
        self.drain()
        self.assertEqual(self.projects("P-1"), project)
        self.assertEqual(
            (project.name, project.account_id.name), ("Tower B", "Tower B")
        )
        self.assertEqual(len(project.construction_wbs_ids), 3)

    @rows("F01", "F08")
    def test_the_same_number_in_a_second_company_stays_separate(self):
        self.system.company_code_ids = [
            (0, 0, {"code": "south", "company_id": self.other_company.id})
        ]
        self.send(
            self.project("p1", "P-1"),
            self.project("p2", "P-1", fields={"company": "south"}),
        )
        self.drain()
        found = self.projects("P-1")
        self.assertEqual(found.company_id, self.company | self.other_company)
        self.assertEqual(len(found.account_id), 2)

    @rows("F08")
    def test_a_company_that_nobody_has_named_is_asked_once_and_mapped(self):
        messages = self.send(
            self.project("p1", "P-1", fields={"company": "77"}),
            self.project("p2", "P-2", fields={"company": "77"}),
        )
        self.drain()
        exception = self.exceptions()
        self.assertEqual(
            (exception.kind, exception.record_count), ("company-unknown", 2)
        )
        both = self.company | self.other_company
        exception.with_user(self.user("adm", "admin", companies=both)).action_map_to(
            self.other_company
        )
        self.drain()
        self.assertEqual(set(messages.mapped("state")), {"applied"})
        self.assertEqual(self.projects("P-2").company_id, self.other_company)

    @rows("F03")
    def test_three_writings_of_a_code_are_one_code(self):
        self.put("cost_code", "c1", {"code": "03 30 00", "name": "Concrete"})
        for number, written in enumerate(("03 30 00", "033000", "03-30-00")):
            response = self.put(
                "project", f"p{number}",
                {"number": f"P-{number}", "name": "T",
                 "cost_codes": [{"code": written}]},
            )  # fmt: skip
            self.assertEqual(response.status_code, 201, response.text)
            self.assertEqual(
                self.linked(f"p{number}", "project").construction_cost_code_ids,
                self.linked("c1", "cost_code"),
            )

    @rows("F02")
    def test_a_heading_and_an_inactive_code_are_refused_before_any_record(self):
        self.put("cost_code", "div", {"code": "03 00 00", "name": "Concrete",
                                      "postable": False})  # fmt: skip
        self.put("cost_code", "old", {"code": "03 11 00", "name": "Forming",
                                      "valid_to": "2020-12-31"})  # fmt: skip
        for code, kind in (("div", "code-not-postable"), ("old", "code-inactive")):
            response = self.put(
                "project", "p1", {"number": "P-1", "name": "T", "cost_codes": [code]}
            )
            self.assertProblem(response, 422, kind, "/cost_codes/0")
            self.exceptions(kind=kind).action_discard("Wrong code")
        self.assertFalse(self.projects("P-1"))

    @rows("F03")
    def test_a_custom_segment_survives_the_round_trip(self):
        self.put(
            "segment_value", "a1", {"segment": "area", "code": "N", "name": "North"}
        )
        self.put("project", "p1", {"number": "P-1", "name": "T",
                                   "segments": {"area": "a1"}})  # fmt: skip
        found = self.get("/project/p1").json()
        self.assertEqual(list(found["data"]["segments"]), ["area"])
        again = self.put("project", "p1", found["data"])
        self.assertEqual(again.json()["outcome"], "unchanged")
        value = self.get("/segment_value/a1").json()["data"]
        self.assertEqual((value["segment"], value["code"]), ("area", "N"))

    @rows("F04")
    def test_the_same_tax_id_is_the_same_vendor(self):
        there = self.env["res.partner"].create(
            {"name": "Ace NV", "vat": "BE0477472701", "is_company": True,
             "construction_vendor": True}
        )  # fmt: skip
        response = self.put(
            "vendor", "v1", {"name": "Ace", "tax_id": "BE 0477.472.701"}
        )
        self.assertEqual(response.status_code, 200, response.text)
        self.assertEqual(self.linked("v1"), there)

    @rows("F04")
    def test_a_vendor_that_comes_as_merged_is_an_alias_from_the_start(self):
        self.put("vendor", "v1", {"name": "Ace"})
        response = self.put("vendor", "v2", {"name": "Ace Two", "merged_into": "v1"})
        self.assertEqual(response.status_code, 201, response.text)
        self.assertEqual(
            (self.linked("v2"), self.binding("v2").state), (self.linked("v1"), "alias")
        )
        self.put("vendor", "v2", {"name": "Too late"})
        self.assertEqual(self.linked("v1").name, "Ace")

    @rows("FA-K02")
    def test_what_the_database_says_of_a_refused_row_is_not_repeated(self):
        self.put("vendor", "v1", {"name": "Ace"})
        self.put("vendor", "v2", {"merged_into": "v1", "email": "private@example.com"})
        self.exceptions().action_create_new()
        self.drain()
        exception = self.exceptions(kind="business-rule")
        self.assertTrue(exception)
        self.assertNotIn("private@example.com", exception.name)

    @rows("F04")
    def test_a_bank_account_from_outside_waits_for_a_second_person(self):
        self.put(
            "vendor",
            "v1",
            {"name": "Ace", "bank_accounts": [{"iban": "DE89370400440532013000"}]},
        )
        self.put(
            "vendor",
            "v1",
            {"name": "Ace", "bank_accounts": [{"iban": "BE71096123456769"}]},
        )
        partner = self.linked("v1")
        self.assertEqual(
            partner.bank_ids.sanitized_acc_number, "DE89370400440532013000"
        )
        change = partner.construction_bank_change_ids.filtered(
            lambda c: c.state == "pending"
        )
        self.assertEqual(len(change), 1)
        change.with_user(self.user("fin", "finance")).action_approve()
        self.assertEqual(partner.bank_ids.sanitized_acc_number, "BE71096123456769")

    @rows("F10")
    def test_every_example_of_the_description_lands_and_comes_back(self):
        examples = self.get("/openapi.json").json()["components"]["schemas"]
        self.assertIn("vendor", {name.lower() for name in examples})
        for entity, data in (
            ("cost_type", {"code": "LX", "name": "Labour", "class": "labour"}),
            ("cost_code", {"code": "31 63 29", "name": "Drilled piers"}),
            ("vendor", {"name": "Ace", "status": "approved"}),
            ("project", {"number": "P-1", "name": "T", "status": "active"}),
            ("wbs_node", {"project": "x", "code": "1", "name": "Node"}),
        ):
            created = self.put(entity, "x", data)
            self.assertIn(created.status_code, (200, 201), created.text)
            found = self.get(f"/{entity}/x").json()["data"]
            again = self.put(entity, "x", found)
            self.assertEqual(again.json()["outcome"], "unchanged", entity)
