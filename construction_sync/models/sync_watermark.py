from odoo import api, fields, models

from ..pipeline import fetching


class SyncWatermark(models.Model):
    """How far fetching one data type has come.

    Written in the same transaction as the messages a page brought (FA-H13): the page
    and the place after it are kept together or not at all.
    """

    _name = "construction.sync.watermark"
    _description = "Progress of Fetching"
    _log_access = False
    _rec_name = "flow_id"

    flow_id = fields.Many2one(
        "construction.sync.flow", required=True, ondelete="cascade", readonly=True
    )
    company_id = fields.Many2one(related="flow_id.company_id")
    watermark = fields.Datetime(
        string="Everything until",
        readonly=True,
        help="Changes until here are known; the next fetch asks for later ones.",
    )
    cursor = fields.Json(readonly=True, help="The page that comes next in this run.")
    newest = fields.Datetime(
        readonly=True, help="Latest change seen in the run that is not finished."
    )
    run_started = fields.Datetime(
        readonly=True, help="When the run that is not finished began, by their clock."
    )
    pages = fields.Integer(readonly=True, help="Pages of the run so far.")
    brought = fields.Integer(
        readonly=True, help="New or changed records of the run so far."
    )
    etag = fields.Char(readonly=True)
    last_modified = fields.Char(readonly=True)
    conditional_url = fields.Char(readonly=True)
    shape = fields.Json(readonly=True, help="What the records look like.")
    shape_known = fields.Boolean(readonly=True)
    due_at = fields.Datetime(string="Next fetch", readonly=True)
    last_run = fields.Datetime(string="Last try", readonly=True)
    last_success = fields.Datetime(string="Last success", readonly=True)
    last_words = fields.Char(string="Last result", readonly=True)
    failures = fields.Integer(string="Failures in a row", readonly=True)

    _flow_unique = models.UniqueIndex("(flow_id)")

    @api.model
    def _cron_fetch(self):
        """Fetch what is due; called by its cron (see ``pipeline.fetching``)."""
        fetching.run_cron(self.env)
