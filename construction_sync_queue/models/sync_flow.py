from psycopg2 import OperationalError

from odoo import models

from odoo.addons.construction_sync.pipeline import drain
from odoo.addons.queue_job.exception import RetryableJobError

#: seconds one job may drain before it makes way for the next
BUDGET = 50.0


class SyncFlow(models.Model):
    _inherit = "construction.sync.flow"

    def _job_drain(self):
        """Apply what is ready in this flow. A doorbell: whoever holds the lanes does
        the work, so a job too many changes nothing."""
        self.ensure_one()
        try:
            done, left = drain.run(self.env.registry, BUDGET, self.ids)
        except OperationalError as error:
            # soon: while this job waits its key keeps other rings from being heard
            raise RetryableJobError(
                "The database was in the way.", seconds=5, ignore_retry=True
            ) from error
        if left:
            self._ring()
        return f"{done} messages"
