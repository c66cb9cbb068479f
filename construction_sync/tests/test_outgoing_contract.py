"""What leaves Odoo keeps its published form (F10): each object of these against the
body that receivers were promised, in ``contracts/``.

A change here breaks receivers. A new field is added to the file; one that would go, or
mean something else, is a new version of the type.
"""

import json

from odoo.tests import tagged
from odoo.tools import file_open

from .. import schemas
from .outgoing_case import OutgoingCase
from .rows import rows

FOLDER = "construction_sync/tests/contracts"
#: what differs from run to run
VARYING = ("id", "time", "source", "odooid", "subject", "traceparent")


@tagged("post_install", "-at_install")
class TestOutgoingContract(OutgoingCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.contract_hub = cls.new_hub(
            "contracts", "Contracts", entities=("vendor", "project", "cost_code")
        )

    def setUp(self):
        super().setUp()
        self.contract_hub.address = self.receiver.address
        self.hub.action_pause()

    def assertContract(self, entity, record):
        """What is told of ``record`` is what stands in the contract's file, and the
        schema that judges what comes in would take it."""
        self.dispatch()
        told = [e for e in self.bodies() if e["type"] == f"construction.{entity}.v1"]
        event = told[-1]
        self.assertEqual(str(event["odooid"]), str(record.id))
        data = event["data"]
        schemas.SCHEMAS[entity].model_validate(data)
        with file_open(f"{FOLDER}/{entity}.v1.json") as file:
            promised = json.load(file)
        found = {k: v for k, v in event.items() if k not in VARYING}
        self.assertEqual(found, promised)

    @rows("F10")
    def test_a_vendor(self):
        country = self.env.ref("base.us")
        vendor = self.new_vendor(
            "Ace Concrete",
            email="ap@ace.example",
            phone="+1 555 0100",
            street="1 Pier Road",
            city="Concord",
            zip="03301",
            country_id=country.id,
            state_id=country.state_ids.filtered(lambda s: s.code == "NH").id,
        )
        self.assertContract("vendor", vendor)

    @rows("F10")
    def test_a_project(self):
        project = self.env["project.project"].create(
            {
                "name": "Eastgate Logistics Hub",
                "company_id": self.company.id,
                "construction_number": "ELH-1",
                "construction_estimated_value": 1250000.1,
            }
        )
        self.assertContract("project", project)

    @rows("F10")
    def test_a_cost_code(self):
        scheme = self.env["construction.cost.code.scheme"].create(
            {"name": "Own codes", "code": "contract", "grammar": "plain"}
        )
        code = self.env["construction.cost.code"].create(
            {"code": "97-300", "name": "Cast in place", "scheme_id": scheme.id}
        )
        self.assertContract("cost_code", code)
