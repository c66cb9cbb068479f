from odoo import api, fields, models
from odoo.tools import SQL


class SyncProgress(models.TransientModel):
    """What became of messages that a person set going: counted until all are done."""

    _name = "construction.sync.progress"
    _description = "Progress of Messages"

    done = fields.Char(readonly=True, help="What was decided, in one sentence.")
    message_ids = fields.Json(readonly=True)
    total = fields.Integer(compute="_compute_figures")
    applied = fields.Integer(compute="_compute_figures")
    moving = fields.Integer(string="Still going", compute="_compute_figures")
    failed = fields.Integer(string="Need you again", compute="_compute_figures")

    @api.depends("message_ids")
    def _compute_figures(self):
        for progress in self:
            figures = progress._figures()
            progress.total = figures["total"]
            progress.applied = figures["applied"]
            progress.moving = figures["moving"]
            progress.failed = figures["failed"]

    def _figures(self):
        self.ensure_one()
        figures = {"total": 0, "applied": 0, "moving": 0, "failed": 0}
        ids = self.message_ids or []
        if ids:
            self.env.cr.execute(
                SQL(
                    """
                    SELECT count(*),
                           count(*) FILTER (WHERE state IN
                               ('applied', 'superseded', 'duplicate', 'discarded')),
                           count(*) FILTER (WHERE state IN
                               ('ready', 'waiting', 'retry')),
                           count(*) FILTER (WHERE state IN ('exception', 'dead'))
                      FROM construction_sync_message WHERE id = ANY(%s)
                    """,
                    ids,
                )
            )
            figures = dict(zip(figures, self.env.cr.fetchone(), strict=True))
        return figures

    @api.readonly
    def progress(self):
        """Figures for the screen, asked for every two seconds while some move."""
        return self._figures()

    def action_open_messages(self):
        """All of them, those that need a person first."""
        self.ensure_one()
        return self.env["construction.sync.overview"]._door(
            "action_sync_message",
            self.env._("Set going"),
            [("id", "in", self.message_ids or [])],
        )
