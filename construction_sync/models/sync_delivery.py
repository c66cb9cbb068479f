from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ..pipeline import dispatch, redaction, resending
from .fields import LooseMany2one

#: every state a delivery can be in (DESIGN, States); nothing else is ever written
STATES = [
    ("pending", "Waiting"),
    ("leased", "Being sent"),
    ("delivered", "Delivered"),
    ("retry", "Trying again"),
    ("unknown", "Nobody knows"),
    ("held", "Held"),
    ("dead", "Needs you"),
    ("cancelled", "Given up"),
]
UNDONE = ("pending", "leased", "retry", "unknown", "held", "dead")


class SyncDelivery(models.Model):
    """An event on its way to one system.

    Invariants: one per event and system; the bytes are frozen beside it under the
    same id; it is sent only under a lease that was committed before (crash points C8
    to C10), and what came back is written only by who still holds that lease (C11).
    ``key`` orders: with strict order a later delivery of a key waits for the earlier.
    States are written by ``pipeline.claims`` and ``pipeline.recording``.
    """

    _name = "construction.sync.delivery"
    _description = "Delivery"
    _log_access = False
    _order = "id desc"
    _rec_name = "title"

    event_id = LooseMany2one("construction.sync.event", required=True, readonly=True)
    system_id = LooseMany2one("construction.sync.system", required=True, readonly=True)
    flow_id = LooseMany2one("construction.sync.flow", required=True, readonly=True)
    company_id = LooseMany2one("res.company", readonly=True)
    key = fields.Char(string="Object", required=True, readonly=True)
    external_id = fields.Char(string="Its id there", readonly=True)
    title = fields.Char(readonly=True)
    state = fields.Selection(STATES, required=True, readonly=True)
    note = fields.Char(readonly=True, help="What happened, in one sentence.")
    attempts = fields.Integer(string="Tries so far", readonly=True)
    created_at = fields.Datetime(readonly=True)
    next_at = fields.Datetime(string="Next try", readonly=True)
    done_at = fields.Datetime(string="Finished at", readonly=True)
    lease_token = fields.Char(readonly=True)
    lease_until = fields.Datetime(readonly=True)
    exception_id = LooseMany2one("construction.sync.exception", readonly=True)
    replayed_at = fields.Datetime(string="Sent again", readonly=True)
    replayed_by_id = LooseMany2one("res.users", string="Sent again by", readonly=True)
    resending_id = LooseMany2one(
        "construction.sync.resending", string="Sent again with", readonly=True
    )
    uuid = fields.Char(related="event_id.uuid", string="Event id")
    sequence = fields.Integer(related="event_id.sequence")
    entity = fields.Char(related="event_id.entity")
    res_model = fields.Char(related="event_id.res_model")
    res_id = fields.Many2oneReference(related="event_id.res_id", string="Record")
    payload = fields.Text(compute="_compute_payload", help="Bank details are masked.")
    attempt_ids = fields.One2many(
        "construction.sync.attempt", "delivery_id", string="Tries", readonly=True
    )

    _event_unique = models.UniqueIndex("(event_id, system_id)")
    _due = models.Index(
        "(flow_id, next_at, id) WHERE state IN ('pending', 'retry', 'unknown')"
    )
    _undone = models.Index(
        "(flow_id, key, id) WHERE state IN "
        "('pending', 'leased', 'retry', 'unknown', 'held', 'dead')"
    )
    _leased = models.Index("(lease_until) WHERE state = 'leased'")
    _system = models.Index("(system_id, id)")
    _object = models.Index("(key, system_id)")
    _exception = models.Index("(exception_id) WHERE exception_id IS NOT NULL")
    _resending = models.Index("(resending_id) WHERE resending_id IS NOT NULL")

    def init(self):
        """Keep updates narrow and vacuum eager, as for the inbox; the pace of sending
        stands in a small unlogged table (see ``pipeline.pace``)."""
        self.env.cr.execute(
            SQL(
                """
                ALTER TABLE construction_sync_delivery SET (
                    fillfactor = 70,
                    autovacuum_vacuum_scale_factor = 0.01,
                    autovacuum_vacuum_cost_delay = 0
                );
                CREATE UNLOGGED TABLE IF NOT EXISTS construction_sync_pace (
                    system_id integer PRIMARY KEY,
                    due timestamptz NOT NULL
                );
                """
            )
        )

    def _compute_payload(self):
        bodies = self.env["construction.sync.delivery.body"].browse(self.ids).exists()
        for delivery in self:
            body = bodies.filtered(lambda b, d=delivery: b.id == d.id)
            delivery.payload = body and redaction.pretty(body._bytes())

    @api.depends("title", "system_id")
    def _compute_display_name(self):
        labels = dict(self.env["construction.sync.flow"]._entity_labels())
        for delivery in self:
            label = labels.get(delivery.entity, delivery.entity or "")
            delivery.display_name = (
                f"{label}: {delivery.title or delivery.key} → {delivery.system_id.name}"
            )

    @api.model
    def _cron_dispatch(self):
        """Send what is due; called by the dispatch cron (see ``pipeline.dispatch``)."""
        dispatch.run_cron(self.env)

    @api.model
    def _release_preview(self, flows):
        """What was only shown while these flows were in preview is sent now."""
        self.env.cr.execute(
            SQL(
                """
                UPDATE construction_sync_delivery
                   SET state = 'pending', note = NULL,
                       next_at = now() AT TIME ZONE 'UTC'
                 WHERE flow_id = ANY(%s) AND state = 'held'
                """,
                flows.ids,
            )
        )
        if self.env.cr.rowcount:
            self.invalidate_model()
            self.env["construction.sync.carrier"]._ring_dispatch()

    # ---- buttons -------------------------------------------------------------------

    def action_send_again(self):
        """Send these again, as they were: same id, same bytes."""
        self.env["construction.sync.gatekeeper"]._check("resolve", self.flow_id)
        count = resending.again(self.env, self)
        if not count:
            raise UserError(
                self.env._(
                    "None of these can be sent again: they are still on their way."
                )
            )
        return count

    def action_cancel(self, reason=None):
        """Give these up; what waited behind them goes on."""
        self.env["construction.sync.gatekeeper"]._check("resolve", self.flow_id)
        return resending.cancel(self.env, self, reason)

    def action_confirm_arrived(self):
        """A person has looked: it did arrive."""
        self.env["construction.sync.gatekeeper"]._check("resolve", self.flow_id)
        return resending.confirm_arrived(self.env, self)
