from odoo import api, fields, models
from odoo.exceptions import ValidationError

FETCH_CRON = "construction_sync.cron_fetch"


class SyncFlowFetch(models.Model):
    """The part of a data type that fetches: how often, how far back, how far it is."""

    _inherit = "construction.sync.flow"

    fetches = fields.Boolean(
        string="Fetch it",
        help="Odoo asks the system for changes, beside what the system sends itself.",
    )
    fetch_minutes = fields.Integer(string="Fetch every (minutes)", default=15)
    fetch_overlap_minutes = fields.Integer(
        string="Ask back (minutes)",
        default=10,
        help="Each fetch asks for changes from this long before the newest one known: "
        "clocks differ, and a change may become visible late. What comes again "
        "unchanged costs nothing.",
    )
    watermark_ids = fields.One2many(
        "construction.sync.watermark", "flow_id", string="Progress of fetching"
    )
    fetch_text = fields.Char(compute="_compute_fetch_text", string="Fetching")

    @api.constrains("fetch_minutes", "fetch_overlap_minutes", "fetches")
    def _check_fetch(self):
        for flow in self:
            if flow.fetches and (
                flow.fetch_minutes < 1 or flow.fetch_overlap_minutes < 0
            ):
                raise ValidationError(
                    self.env._(
                        "%(flow)s: fetch at most once a minute, and ask back 0 minutes "
                        "or more.",
                        flow=flow.display_name,
                    )
                )

    @api.depends("fetches", "fetch_minutes", "watermark_ids.last_words")
    def _compute_fetch_text(self):
        for flow in self:
            mark = flow.watermark_ids[:1]
            if not flow.fetches:
                flow.fetch_text = self.env._("Not fetched: the system sends it")
            elif not mark.last_run:
                flow.fetch_text = self.env._(
                    "Every %(minutes)s minutes; not fetched yet",
                    minutes=flow.fetch_minutes,
                )
            else:
                flow.fetch_text = mark.last_words

    def action_fetch_now(self):
        """Fetch at once what the clock would fetch later."""
        self.env["construction.sync.gatekeeper"]._check("admin", self)
        # gateway: progress is written by fetching alone; a person only moves the clock
        self.sudo().watermark_ids.due_at = False
        cron = self.env.ref(FETCH_CRON, raise_if_not_found=False)
        if cron:
            # gateway: administrators of the suite have no right on crons
            cron.sudo()._trigger()
        return self._fetch_notice(
            self.env._(
                "%(flow)s is fetched now. What it brings appears under Messages.",
                flow=self[:1].display_name,
            )
        )

    def action_fetch_all(self):
        """Forget how far it is and read everything again."""
        self.env["construction.sync.gatekeeper"]._check("admin", self)
        # gateway: progress is written by fetching alone; here it starts anew
        self.sudo().watermark_ids.unlink()
        return self.action_fetch_now()

    def _fetch_notice(self, message):
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {"message": message, "type": "success"},
        }
