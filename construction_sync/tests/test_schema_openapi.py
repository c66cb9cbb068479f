import json

from odoo.tests import BaseCase

from ..schemas import SCHEMAS, extend, retract, schema, to_wire
from ..schemas.envelope import Envelope, judge
from ..schemas.openapi import BASE, openapi_document
from ..schemas.openapi_operations import example_event
from ..schemas.problem import problem_type
from ..schemas.problem_kinds import CATALOGUE
from ..schemas.texts import Code


def walk(node, path=""):
    """(path, node) of everything in a JSON value."""
    yield path, node
    if isinstance(node, dict):
        for key, child in node.items():
            yield from walk(child, f"{path}/{key}")
    elif isinstance(node, list):
        for position, child in enumerate(node):
            yield from walk(child, f"{path}/{position}")


class TestOpenApi(BaseCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.document = openapi_document()

    def operations(self):
        for path, item in self.document["paths"].items():
            for method in ("get", "put", "post"):
                if method in item:
                    yield path, method, item[method]

    def test_it_is_plain_json(self):
        self.assertEqual(json.loads(json.dumps(self.document)), self.document)
        self.assertEqual(self.document["openapi"], "3.1.0")
        self.assertEqual(self.document["servers"], [{"url": BASE}])

    def test_every_reference_leads_somewhere(self):
        count = 0
        for path, node in walk(self.document):
            if not (isinstance(node, dict) and isinstance(node.get("$ref"), str)):
                continue
            count += 1
            target = self.document
            for step in node["$ref"].removeprefix("#/").split("/"):
                self.assertIn(step, target, f"{path}: {node['$ref']}")
                target = target[step]
        self.assertGreater(count, 200)

    def test_every_call_has_a_name_of_its_own_and_says_its_problems(self):
        names = [operation["operationId"] for _p, _m, operation in self.operations()]
        self.assertEqual(len(names), len(set(names)))
        for path, method, operation in self.operations():
            answers = operation["responses"]
            self.assertIn("default", answers, path)
            if "security" not in operation:
                self.assertLessEqual({"401", "403", "429", "503"}, set(answers), path)
            if method != "get":
                self.assertLessEqual({"400", "413", "415"}, set(answers), path)
            for name in (part for part in path.split("/") if part.startswith("{")):
                known = json.dumps(
                    [*operation.get("parameters", ()), self.document["paths"][path]]
                )
                self.assertIn(name.strip("{}"), known)

    def test_every_entity_can_be_sent_put_read_and_walked(self):
        for entity in SCHEMAS:
            self.assertIn("get", self.document["paths"][f"/{entity}"])
            item = self.document["paths"][f"/{entity}/{{id}}"]
            self.assertIn("get", item)
            content = item["put"]["requestBody"]["content"]["application/json"]
            schema_name = content["schema"]["$ref"].rpartition("/")[2]
            described = self.document["components"]["schemas"][schema_name]
            fields = {
                info.alias or name for name, info in schema(entity).model_fields.items()
            }
            self.assertEqual(set(described["properties"]), fields)
            self.assertIs(described["additionalProperties"], False)

    def test_examples_are_sound(self):
        for entity, cls in SCHEMAS.items():
            if not cls.example:
                continue
            self.assertEqual(
                set(to_wire(cls.model_validate(cls.example))), set(cls.example)
            )
            raw = json.dumps(example_event(entity)).encode()
            self.assertIsInstance(judge(raw), Envelope)

    def test_what_a_module_adds_is_described(self):
        extend("vendor", "test_openapi", terms=(Code | None, None))
        self.addCleanup(retract, "vendor", "test_openapi")
        described = openapi_document()["components"]["schemas"]["Vendor"]
        self.assertIn("terms", described["properties"])
        self.assertIn("description", described)

    def test_leaving_a_field_out_is_not_described_as_clearing_it(self):
        for name in ("Vendor", "Project", "CostCode"):
            for _path, node in walk(self.document["components"]["schemas"][name]):
                if isinstance(node, dict):
                    self.assertNotIn("default", node)

    def test_every_kind_of_problem_is_listed(self):
        listed = {entry["kind"]: entry for entry in self.document["x-problems"]}
        self.assertEqual(set(listed), set(CATALOGUE))
        entry = listed["schema-invalid"]
        self.assertEqual(entry["type"], problem_type("schema-invalid"))
        self.assertTrue(entry["type"].startswith(BASE))
