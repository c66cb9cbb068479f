from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import SQL


class SyncMetric(models.Model):
    """Counts per flow and minute. One narrow row per batch, summed when read:
    two workers never write the same row, so counting never makes them conflict."""

    _name = "construction.sync.metric"
    _description = "Figures per Minute"
    _log_access = False
    _order = "minute desc, id desc"

    flow_id = fields.Many2one(
        "construction.sync.flow", readonly=True, ondelete="cascade"
    )
    minute = fields.Datetime(readonly=True)
    accepted = fields.Integer(readonly=True)
    rejected = fields.Integer(readonly=True)
    applied = fields.Integer(readonly=True)
    superseded = fields.Integer(readonly=True)
    duplicate = fields.Integer(readonly=True)
    waiting = fields.Integer(readonly=True)
    retried = fields.Integer(readonly=True)
    failed = fields.Integer(readonly=True)
    within_second = fields.Integer(readonly=True, string="Applied within a second")
    within_ten = fields.Integer(readonly=True, string="within ten seconds")
    within_minute = fields.Integer(readonly=True, string="within a minute")
    within_hour = fields.Integer(readonly=True, string="within an hour")
    slower = fields.Integer(readonly=True)

    _flow_minute = models.Index("(flow_id, minute)")

    @api.model
    def _cron_roll_up(self):
        """Fold rows of finished minutes older than an hour into one a minute, and
        drop what is older than 90 days."""
        names = [
            "accepted", "rejected", "applied", "superseded", "duplicate", "waiting",
            "retried", "failed", "within_second", "within_ten", "within_minute",
            "within_hour", "slower",
        ]  # fmt: skip
        columns = SQL(", ").join(SQL.identifier(n) for n in names)
        sums = SQL(", ").join(SQL("sum(%s)", SQL.identifier(n)) for n in names)
        until = fields.Datetime.now() - timedelta(hours=1)
        self.env.cr.execute(
            SQL(
                """
                WITH gone AS (
                    DELETE FROM construction_sync_metric
                     WHERE minute < %(until)s
                       AND (flow_id, minute) IN (
                            SELECT flow_id, minute FROM construction_sync_metric
                             WHERE minute < %(until)s
                          GROUP BY 1, 2 HAVING count(*) > 1)
                 RETURNING *
                )
                INSERT INTO construction_sync_metric (flow_id, minute, %(columns)s)
                SELECT flow_id, minute, %(sums)s FROM gone GROUP BY 1, 2
                """,
                until=until,
                columns=columns,
                sums=sums,
            )
        )
        self.env.cr.execute(
            SQL(
                "DELETE FROM construction_sync_metric WHERE minute < %s",
                until - timedelta(days=90),
            )
        )
