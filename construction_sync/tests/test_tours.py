"""What a person does in the browser, end to end."""

import json

from odoo.tests import HttpCase, tagged

from .. import schemas
from ..pipeline import drain, intake


class TourCase(HttpCase):
    """A system whose two projects name a cost code that nobody knows."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.system = cls.env["construction.sync.system"].create(
            {"name": "Tour system", "code": "tour-system", "state": "live"}
        )
        cls.flow = cls.env["construction.sync.flow"].create(
            {"system_id": cls.system.id, "entity": "project", "state": "live"}
        )
        cls.scheme = cls.env["construction.cost.code.scheme"].search([], limit=1)
        cls.code = cls.env["construction.cost.code"].create(
            {
                "code": "03 30 00",
                "name": "Cast-in-Place Concrete",
                "scheme_id": cls.scheme.id,
            }
        )

    def receive(self, number):
        """One project that books on the unknown code, stored as the door stores it."""
        data = {"number": number, "name": f"Site {number}", "cost_codes": ["99 88 77"]}
        model = schemas.SCHEMAS["project"].model_validate(data)
        entry = intake.Entry(
            system_id=self.system.id,
            flow_id=self.flow.id,
            entity="project",
            external_id=number,
            event_id=f"event-{number}",
            raw=json.dumps(data).encode(),
            content_type=intake.DATA_TYPE,
            title=intake.title_of(model, number),
        )
        intake.store(self.env.registry, [entry], ring=False)
        self.assertEqual(entry.status, "accepted")

    def carry(self):
        """What the carrier does in the background."""
        drain.run(self.env.registry, 20)
        self.env.invalidate_all()


@tagged("post_install", "-at_install")
class TestTours(TourCase):
    def test_an_unknown_cost_code_is_mapped_and_its_messages_land(self):
        self.receive("T-1")
        self.receive("T-2")
        self.carry()
        exception = self.env["construction.sync.exception"].search(
            [("system_id", "=", self.system.id)]
        )
        self.assertEqual(len(exception), 1, "two messages, one cause")
        self.start_tour(
            "/odoo/construction-sync-exceptions",
            "construction_sync_resolve_unknown_code",
            login="admin",
        )
        self.carry()
        self.start_tour(
            f"/odoo/construction-sync-exceptions/{exception.id}",
            "construction_sync_messages_landed",
            login="admin",
        )
        self.start_tour(
            f"/odoo/construction-sync-messages/{exception.message_line_ids[0].id}",
            "construction_sync_message_history",
            login="admin",
        )
        projects = self.env["project.project"].search(
            [("construction_number", "in", ["T-1", "T-2"])]
        )
        self.assertEqual(len(projects), 2)
        self.assertEqual(projects.construction_cost_code_ids, self.code)

    def test_a_client_is_registered_and_its_key_opens_the_interface(self):
        self.start_tour(
            "/odoo/construction-sync-clients",
            "construction_sync_register_client",
            login="admin",
        )
        shown = self.env["construction.sync.key.shown"].search([], limit=1)
        self.assertEqual(shown.client_id.name, "Estimating middleware")
        url = self.base_url() + "/construction_sync/v1/project?limit=1"
        answer = self.opener.get(url, headers={"Authorization": f"Bearer {shown.key}"})
        self.assertEqual(answer.status_code, 200)
        self.assertIn("items", answer.json())
        refused = self.opener.get(url, headers={"Authorization": "Bearer csk_wrong"})
        self.assertEqual(refused.status_code, 401)

    def test_the_counts_of_the_overview_open_the_records_they_count(self):
        self.receive("T-1")
        self.receive("T-2")
        self.carry()
        self.start_tour(
            "/odoo/construction-sync",
            "construction_sync_read_overview",
            login="admin",
        )
