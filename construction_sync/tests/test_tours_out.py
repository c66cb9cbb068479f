"""What a person does in the browser with systems that Odoo calls."""

from ..pipeline import dispatch, drain, fetching
from .foreign_server import ForeignServer, Reply
from .outgoing_case import OutgoingCase
from .rows import rows

RECORDS = [
    {"id": 1, "company_name": "Ace Concrete"},
    {"id": 2, "company_name": "Bolt Steel"},
]


class TestToursOut(OutgoingCase):
    def setUp(self):
        super().setUp()
        admin = self.env.ref("base.user_admin")
        admin.write(
            {"company_ids": [(4, self.company.id)], "company_id": self.company.id}
        )

    def test_a_rest_system_is_connected_and_its_first_records_land(self):
        server = ForeignServer(lambda call: Reply({"data": RECORDS}))
        self.addCleanup(server.close)
        self.start_tour(
            f"/odoo/construction-sync#{server.address}",
            "construction_sync_connect_rest",
            login="admin",
        )
        system = self.env["construction.sync.system"].search(
            [("name", "=", "Batching Plant")]
        )
        self.assertEqual((system.adapter, system.address), ("rest", server.address))
        self.assertTrue(
            all(
                call.headers["Authorization"] == "Bearer plant-key-0123456789"
                for call in server.calls
            )
        )
        system.action_go_live()
        flow = system.flow_ids.filtered("fetches")
        flow.action_go_live()
        self.env.flush_all()
        fetching.run(self.registry, 60, flow.ids)
        drain.run(self.registry, 20)
        self.env.invalidate_all()
        links = self.env["construction.sync.binding"].search(
            [("system_id", "=", system.id)]
        )
        names = self.env["res.partner"].browse(links.mapped("res_id")).mapped("name")
        self.assertEqual(sorted(names), ["Ace Concrete", "Bolt Steel"])

    @rows("F63", "F65")
    def test_an_endpoint_fails_recovers_and_is_replayed(self):
        self.receiver.answers = [500]
        self.new_vendor("Ace Concrete")
        self.dispatch()
        (delivery,) = self.deliveries()
        for _time in range(12):
            if delivery.state == "dead":
                break
            self.until_due()
            self.dispatch()
        self.start_tour(
            f"/odoo/construction-sync-systems/{self.hub.id}",
            "construction_sync_endpoint_fails",
            login="admin",
        )
        self.receiver.answers = [204]
        before = len(self.receiver.got)
        self.start_tour(
            f"/odoo/construction-sync-deliveries/{delivery.id}",
            "construction_sync_endpoint_replay",
            login="admin",
        )
        self.later_out(hours=2)
        dispatch.run(self.registry, 20)
        self.env.invalidate_all()
        self.start_tour(
            f"/odoo/construction-sync-deliveries/{delivery.id}",
            "construction_sync_endpoint_well",
            login="admin",
        )
        self.assertEqual(len(self.receiver.got), before + 1)
        again = self.receiver.got[-1]
        self.assertEqual(
            again.headers["webhook-id"], self.receiver.got[0].headers["webhook-id"]
        )
        self.assertEqual(again.body, self.receiver.got[0].body, "the same bytes")
