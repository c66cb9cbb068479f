from odoo.addons.construction_sync.tests.interface_case import InterfaceCase
from odoo.addons.construction_sync.tests.rows import rows
from odoo.addons.queue_job.tests.common import trap_jobs


class TestCarrier(InterfaceCase):
    @rows("F61")
    def test_what_arrives_rings_one_job_per_flow(self):
        flow = self.env["construction.sync.flow"].create(
            {
                "system_id": self.env["construction.sync.system"]
                .create({"name": "Queue", "code": "queue-test"})
                .id,
                "entity": "vendor",
                "state": "live",
            }
        )
        with trap_jobs() as trap:
            flow._ring()
            flow._ring()
            trap.assert_jobs_count(1, only=flow._job_drain)
            (job,) = trap.enqueued_jobs
            self.assertEqual(job.identity_key, f"construction_sync.drain.{flow.id}")
            self.assertEqual(job.channel, "root.construction_sync")
