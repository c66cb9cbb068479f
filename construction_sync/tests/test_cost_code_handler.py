"""Cost codes, types and segments that systems send."""

from .master_data_case import MasterDataCase
from .rows import rows


class TestCostCodeHandler(MasterDataCase):
    @rows("F03")
    def test_a_code_in_any_notation_is_the_same_code(self):
        item = self.send("cost_code", ("c1", {"code": "03-300", "name": "Concrete"}))
        code = self.record(item)
        self.assertEqual(code.code, "03 30 00")
        self.assertEqual(code.parent_id.code, "03 00 00")
        other = self.new_system("erp", "ERP")
        again = self.send(
            "cost_code", ("77", {"code": "033000", "name": "Concrete"}), system=other
        )
        self.assertEqual(self.record(again), code)
        self.assertEqual(again.linked_by, "Same code 03 30 00")

    def test_a_shipped_division_is_linked_and_not_created_again(self):
        item = self.send(
            "cost_code", ("d", {"code": "03", "name": "Concrete", "postable": False})
        )
        self.assertEqual(
            self.record(item), self.env.ref("construction_sync.masterformat_03")
        )
        self.assertFalse(item.created)

    def test_a_division_that_is_new_takes_no_cost(self):
        item = self.send("cost_code", ("d", {"code": "49 00 00", "name": "Own"}))
        self.assertFalse(self.record(item).postable)

    def test_a_parent_comes_by_code_or_by_external_id(self):
        self.send("cost_code", ("a", {"code": "03 30 00", "name": "Concrete"}))
        child, other = self.send(
            "cost_code",
            ("b", {"code": "03 30 53", "name": "Misc.", "parent": "a"}),
            (
                "c",
                {
                    "code": "03 31 00",
                    "name": "Structural",
                    "parent": {"code": "03-30-00"},
                },
            ),
        )
        self.assertEqual(self.record(child).parent_id.code, "03 30 00")
        self.assertEqual(self.record(other).parent_id.code, "03 30 00")

    def test_a_missing_parent_is_waited_for(self):
        item = self.send(
            "cost_code", ("b", {"code": "03 30 53", "name": "Misc.", "parent": "a"})
        )
        self.assertTrue(item.waits_on)
        self.assertFalse(item.failed)

    def test_two_new_objects_with_one_code_give_one_record_and_one_question(self):
        first, second = self.send(
            "cost_code",
            ("a", {"code": "03 30 00", "name": "Concrete"}),
            ("b", {"code": "033000", "name": "Concrete"}),
        )
        self.assertTrue(self.record(first))
        self.assertRefused(second, "already-linked")

    def test_what_is_no_code_and_an_unknown_scheme_are_refused_alone(self):
        bad, scheme, good = self.send(
            "cost_code",
            ("a", {"code": "HVAC", "name": "Air"}),
            ("b", {"code": "03 30 00", "name": "X", "scheme": "uniformat"}),
            ("c", {"code": "04 20 00", "name": "Unit Masonry"}),
        )
        self.assertRefused(bad, "business-rule", "/code")
        self.assertRefused(scheme, "value-unmapped", "/scheme")
        self.assertEqual(self.record(good).name, "Unit Masonry")

    def test_an_unknown_unit_is_put_before_a_person_until_it_is_mapped(self):
        data = {"code": "03 30 00", "name": "Concrete", "uom": "KUBIK"}
        self.assertRefused(
            self.send("cost_code", ("a", data)), "reference-unknown", "/uom"
        )
        unit = self.env.ref("uom.product_uom_cubic_meter")
        self.env["construction.sync.crosswalk"].create(
            {
                "system_id": self.system.id,
                "kind": "uom",
                "source_value": "KUBIK",
                "target": f"uom.uom,{unit.id}",
            }
        )
        self.assertEqual(self.record(self.send("cost_code", ("a", data))).uom_id, unit)

    def test_a_code_comes_back_as_it_went_out(self):
        self.send("cost_code", ("p", {"code": "03 30 00", "name": "Concrete"}))
        item = self.send(
            "cost_code",
            ("a", {
                "code": "03 30 53.13", "name": "Misc.", "parent": "p", "uom": "kg",
                "scheme": "masterformat", "postable": True,
                "valid_from": "2026-01-01", "valid_to": "2027-01-01",
            }),
        )  # fmt: skip
        data = self.assertComesBackUnchanged("cost_code", item)
        self.assertEqual(data["valid_to"], "2027-01-01")

    def test_the_same_again_changes_nothing_and_a_new_name_renames(self):
        data = {"code": "03 30 00", "name": "Concrete"}
        self.send("cost_code", ("a", data))
        self.assertEqual(self.send("cost_code", ("a", data)).changes, {})
        item = self.send("cost_code", ("a", dict(data, name="Cast in place")))
        self.assertEqual(item.changes, {"name": "Cast in place"})
        self.assertEqual(self.record(item).analytic_account_id.name, "Cast in place")

    def test_a_removed_code_is_archived(self):
        item = self.send("cost_code", ("a", {"code": "03 30 00", "name": "Concrete"}))
        self.send("cost_code", ("a", None))
        self.assertFalse(self.record(item).active)

    @rows("F03")
    def test_a_category_is_a_cost_type_by_its_spelling(self):
        item = self.send(
            "cost_type",
            ("SUB", {"code": "SUB", "name": "Subcontract", "class": "subcontract"}),
        )
        kind = self.record(item)
        self.assertEqual(kind, self.env.ref("construction_sync.cost_type_subcontract"))
        self.assertEqual(kind.code, "S")
        self.assertComesBackUnchanged("cost_type", item)

    def test_an_unknown_cost_type_is_created_with_its_account(self):
        item = self.send(
            "cost_type", ("X", {"code": "X", "name": "Escalation", "class": "other"})
        )
        kind = self.record(item)
        self.assertEqual(
            kind.analytic_account_id.plan_id,
            self.env.ref("construction_sync.analytic_plan_cost_type"),
        )

    def test_look_alikes_are_only_suggested(self):
        self.send("cost_code", ("a", {"code": "03 30 00", "name": "Concrete"}))
        handler = self.env["construction.sync.handler.cost_code"]
        found = handler.candidates("03-30-01", self.company)
        self.assertEqual(found[0]["name"], "03 30 00 Concrete")
        self.assertEqual(handler.resolve_codes({("03-30-01", None)}, self.company), {})
