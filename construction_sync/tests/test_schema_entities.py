from pydantic import ValidationError

from odoo.tests import BaseCase

from ..schemas import SCHEMAS, extend, register, retract, schema
from ..schemas.canonical import Canonical
from ..schemas.problem import problems_of
from ..schemas.texts import Code, ShortCode
from .rows import rows

MINIMAL = {
    "project": {"number": "P-1", "name": "Tower"},
    "wbs_node": {"project": "P-1", "code": "1", "name": "Ground works"},
    "cost_code": {"code": "03 30 00", "name": "Cast-in-place concrete"},
    "cost_type": {"code": "L", "name": "Labour", "class": "labour"},
    "segment_value": {"segment": "area", "code": "N", "name": "North"},
    "vendor": {"name": "Ace Concrete"},
}


def pointers(entity, data):
    """{pointer: sentence} of what is wrong with ``data``."""
    try:
        schema(entity).model_validate(data)
    except ValidationError as error:
        return {problem.pointer: problem.detail for problem in problems_of(error)}
    return {}


class TestEntities(BaseCase):
    def test_what_is_required_is_required(self):
        for entity, data in MINIMAL.items():
            self.assertEqual(pointers(entity, data), {})
            for name in data:
                rest = {key: value for key, value in data.items() if key != name}
                self.assertEqual(
                    pointers(entity, rest), {f"/{name}": "This field is required."}
                )
                self.assertIn(f"/{name}", pointers(entity, {**data, name: None}))

    def test_every_other_field_may_be_cleared(self):
        for entity, data in MINIMAL.items():
            for name, field in schema(entity).model_fields.items():
                wire = field.alias or name
                if wire in data:
                    continue
                found = schema(entity).model_validate({**data, wire: None})
                self.assertIn(name, found.model_fields_set)
                self.assertIsNone(getattr(found, name))
                self.assertNotIn(wire, schema(entity).model_validate(data).present())

    @rows("FA-C12")
    def test_an_unknown_field_is_refused_with_its_pointer(self):
        for entity, data in MINIMAL.items():
            self.assertEqual(
                list(pointers(entity, {**data, "stat/us": 1})), ["/stat~1us"]
            )
        found = pointers("vendor", {"name": "Ace", "address": {"stret": "x"}})
        self.assertEqual(list(found), ["/address/stret"])

    @rows("FA-J03")
    def test_fields_of_the_record_cannot_be_assigned_in_passing(self):
        for name in ("state", "approved", "company_id", "id", "active"):
            self.assertEqual(
                list(pointers("vendor", {"name": "A", name: 1})), [f"/{name}"]
            )

    def test_every_error_is_told_at_once_in_plain_words(self):
        found = pointers(
            "vendor",
            {
                "name": 5,
                "status": "friendly",
                "trades": ["roofing", 7],
                "bank_accounts": [{"iban": "BE71096123456760"}, {}],
                "merged_into": {"name": "x"},
                "email": "nobody",
            },
        )
        self.assertEqual(
            sorted(found),
            [
                "/bank_accounts/0/iban",
                "/bank_accounts/1",
                "/email",
                "/merged_into",
                "/name",
                "/status",
                "/trades/1",
            ],
        )
        for sentence in found.values():
            self.assertTrue(sentence.endswith("."), sentence)
            self.assertNotRegex(sentence, "(?i)pydantic|input should|type=|str_type")

    def test_the_right_kinds_are_not_guessed(self):
        for entity, name, value in (
            ("cost_code", "postable", "true"),
            ("cost_code", "postable", 1),
            ("wbs_node", "sequence", "1"),
            ("wbs_node", "sequence", True),
            ("project", "estimated_value", 100),
            ("project", "status", "Active"),
            ("cost_type", "class", "labor"),
        ):
            self.assertIn(
                f"/{name}", pointers(entity, {**MINIMAL[entity], name: value})
            )

    def test_a_bank_account_has_one_number(self):
        iban = {"iban": "be71 0961 2345 6769", "bic": "gebabebb"}
        vendor = schema("vendor").model_validate(
            {"name": "Ace", "bank_accounts": [iban, {"number": "12-3456 78"}]}
        )
        self.assertEqual(vendor.bank_accounts[0].iban, "BE71096123456769")
        self.assertEqual(vendor.bank_accounts[0].bic, "GEBABEBB")
        both = [{"iban": "BE71096123456769", "number": "1"}]
        self.assertIn(
            "/bank_accounts/0", pointers("vendor", {"name": "A", "bank_accounts": both})
        )

    def test_a_merged_vendor_needs_no_name(self):
        found = schema("vendor").model_validate({"merged_into": "V-1"})
        self.assertEqual(found.present(), {"merged_into"})
        self.assertIn("/name", pointers("vendor", {"merged_into": None}))

    def test_a_breakdown_is_a_tree(self):
        def wbs(*entries):
            return {
                **MINIMAL["project"],
                "wbs": [
                    {"id": key, "code": "01", "name": "Same code", "parent": parent}
                    for key, parent in entries
                ],
            }

        self.assertEqual(pointers("project", wbs(("b", "a"), ("a", None))), {})
        for body, pointer in (
            (wbs(("a", None), ("a", None)), "/wbs/1/id"),
            (wbs(("a", "gone")), "/wbs/0/parent"),
            (wbs(("a", "b"), ("b", "a")), "/wbs/0/parent"),
        ):
            self.assertEqual(list(pointers("project", body)), [pointer])

    @rows("F03")
    def test_at_most_ten_segments(self):
        def segments(count):
            named = {f"s{n}": {"code": "A"} for n in range(count)}
            return {**MINIMAL["project"], "segments": named}

        self.assertEqual(pointers("project", segments(10)), {})
        self.assertEqual(list(pointers("project", segments(11))), ["/segments"])

    def test_references_are_gathered_with_pointer_and_entity(self):
        project = schema("project").model_validate(
            {
                **MINIMAL["project"],
                "parent": "P-0",
                "customer": None,
                "cost_codes": ["c1", {"code": "c2"}],
                "segments": {"area": {"code": "N"}},
            }
        )
        self.assertEqual(
            [(where, entity, str(ref)) for where, entity, ref in project.references()],
            [
                ("/parent", "project", "P-0"),
                ("/cost_codes/0", "cost_code", "c1"),
                ("/cost_codes/1", "cost_code", "c2"),
                ("/segments/area", "segment_value", "N"),
            ],
        )


class TestExtension(BaseCase):
    def setUp(self):
        super().setUp()
        for module in ("test_terms", "test_accounts"):
            self.addCleanup(retract, "vendor", module)

    def test_a_module_above_adds_fields(self):
        self.assertIn("/terms", pointers("vendor", {"name": "A", "terms": "30D"}))
        extend("vendor", "test_terms", terms=(Code | None, None))
        self.assertEqual(pointers("vendor", {"name": "A", "terms": "30D"}), {})
        self.assertEqual(pointers("vendor", {"name": "A"}), {})
        self.assertTrue(issubclass(schema("vendor"), Canonical))
        retract("vendor", "test_terms")
        self.assertIn("/terms", pointers("vendor", {"name": "A", "terms": "30D"}))

    def test_the_order_of_imports_does_not_show(self):
        extend("vendor", "test_terms", terms=(Code | None, None))
        extend("vendor", "test_accounts", account=(ShortCode | None, None))
        first = list(schema("vendor").model_fields)
        retract("vendor", "test_terms")
        extend("vendor", "test_terms", terms=(Code | None, None))
        self.assertEqual(list(schema("vendor").model_fields), first)

    def test_an_extension_may_come_before_its_entity(self):
        extend("test_later", "test_terms", terms=(Code | None, None))
        self.addCleanup(SCHEMAS.pop, "test_later", None)

        class Later(Canonical):
            entity = "test_later"
            code: Code

        register(Later)
        self.assertEqual(pointers("test_later", {"code": "a", "terms": "30D"}), {})

    def test_what_would_refuse_what_others_send_is_not_added(self):
        with self.assertRaisesRegex(ValueError, "optional"):
            extend("vendor", "test_terms", terms=(Code, ...))
        with self.assertRaisesRegex(ValueError, "there already"):
            extend("vendor", "test_terms", name=(Code | None, None))
        self.assertEqual(pointers("vendor", {"name": "Ace"}), {})
