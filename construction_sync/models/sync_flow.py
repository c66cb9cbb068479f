from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import SQL

from ..pipeline import drain, signals


class SyncFlow(models.Model):
    """One kind of object, in one direction, with one system: the policy record.

    States: ``off`` (refused at the door), ``preview`` (everything is computed and
    shown, nothing is written; messages wait) and ``live``.
    """

    _name = "construction.sync.flow"
    _description = "Data Type of a System"
    _inherit = ["mail.thread"]
    _order = "system_id, priority, entity"

    system_id = fields.Many2one(
        "construction.sync.system", required=True, ondelete="cascade", index=True
    )
    company_id = fields.Many2one(related="system_id.company_id", store=True)
    entity = fields.Selection(
        selection="_selection_entity", string="Data type", required=True
    )
    direction = fields.Selection(
        [("in", "Into Odoo")], required=True, default="in", readonly=True
    )
    active = fields.Boolean(default=True)
    state = fields.Selection(
        [("off", "Off"), ("preview", "Preview"), ("live", "Live")],
        required=True,
        default="off",
        tracking=True,
        help="Off: messages are refused. Preview: messages are stored and what they "
        "would do is shown, nothing is written. Live: messages are applied.",
    )
    owner = fields.Selection(
        [("source", "The outside system"), ("odoo", "Odoo")],
        string="Led by",
        required=True,
        default="source",
        tracking=True,
        help="Who wins: fields led by the outside system are locked in Odoo; a change "
        "from outside to a field led by Odoo is kept as a conflict for a person.",
    )
    field_ids = fields.One2many(
        "construction.sync.flow.field", "flow_id", string="Exceptions by field"
    )
    mode = fields.Selection(
        [
            ("event", "As it arrives"),
            ("interval", "Every so many minutes"),
            ("window", "In a daily window"),
        ],
        required=True,
        default="event",
        tracking=True,
    )
    interval_minutes = fields.Integer(default=60)
    window_start = fields.Float(default=20.0, help="Start of the window, UTC.")
    window_end = fields.Float(default=23.0, help="End of the window, UTC.")
    last_run = fields.Datetime(readonly=True, copy=False)
    priority = fields.Integer(default=10, help="Lower runs first.")
    ordering = fields.Selection(
        [("snapshot", "Full state"), ("delta", "Each change builds on the last")],
        required=True,
        default="snapshot",
        help="Full state: a newer version replaces an older one. Change: version n + 1 "
        "waits until version n has been applied.",
    )
    freshness_minutes = fields.Integer(
        string="Fresh within (minutes)",
        default=1440,
        help="The overview warns when nothing arrived for longer than this.",
    )
    freeze_ids = fields.One2many("construction.sync.freeze", "flow_id", string="Freezes")
    on_error = fields.Selection(
        [
            ("block", "Later messages of the object wait"),
            ("skip", "Later messages of the object go on"),
            ("data", "A newer full state takes its place"),
        ],
        string="When a person must decide",
        required=True,
        default="block",
        tracking=True,
    )
    wait_minutes = fields.Integer(
        string="Wait for a parent (minutes)",
        default=15,
        help="How long a message waits for something it names that has not arrived "
        "yet, before a person is asked.",
    )
    purge_days = fields.Integer(
        string="Keep bodies (days)",
        default=400,
        help="After this many days the bodies of finished messages are removed; their "
        "hashes stay.",
    )
    link_policy = fields.Selection(
        [("link", "Link it"), ("ask", "Ask a person")],
        string="Same key already in Odoo",
        required=True,
        compute="_compute_link_policy",
        store=True,
        readonly=False,
        precompute=True,
    )
    batch_size = fields.Integer(
        default=0, help="Messages applied in one go. 0: what suits the data type."
    )
    last_received = fields.Datetime(compute="_compute_figures")
    ready_count = fields.Integer(string="Waiting", compute="_compute_figures")
    failed_count = fields.Integer(string="Need you", compute="_compute_figures")
    fresh = fields.Boolean(compute="_compute_figures")

    _entity_unique = models.Constraint(
        "UNIQUE (system_id, entity, direction)",
        "This data type is already set up for the system.",
    )

    @api.model
    def _selection_entity(self):
        """Entities with a handler, plus the raw webhook intake."""
        labels = dict(self._entity_labels())
        entities = self.env["construction.sync.handler"]._entities()
        return [(e, labels.get(e, e.replace("_", " ").capitalize())) for e in entities]

    @api.model
    def _entity_labels(self):
        """Words for entities; modules above add theirs."""
        return [
            ("project", self.env._("Projects")),
            ("wbs_node", self.env._("WBS nodes")),
            ("cost_code", self.env._("Cost codes")),
            ("cost_type", self.env._("Cost types")),
            ("segment_value", self.env._("Segment values")),
            ("vendor", self.env._("Vendors")),
            ("hook", self.env._("Incoming webhooks")),
        ]

    @api.depends("entity", "system_id.name")
    def _compute_display_name(self):
        labels = dict(self._selection_entity())
        for flow in self:
            flow.display_name = (
                f"{flow.system_id.name}: {labels.get(flow.entity, flow.entity)}"
            )

    @api.depends("entity")
    def _compute_link_policy(self):
        for flow in self:
            handler = self.env["construction.sync.handler"]._for(flow.entity)
            flow.link_policy = handler._link_policy if handler is not None else "ask"

    def _compute_figures(self):
        """One pass over the partial indexes for all flows on the screen."""
        figures = {}
        if self.ids:
            self.env.cr.execute(
                SQL(
                    """
                    SELECT f.id,
                           (SELECT max(received_at) FROM construction_sync_message m
                             WHERE m.flow_id = f.id),
                           (SELECT count(*) FROM construction_sync_message m
                             WHERE m.flow_id = f.id AND m.state = 'ready')
                         + (SELECT count(*) FROM construction_sync_message m
                             WHERE m.flow_id = f.id
                               AND m.state IN ('retry', 'waiting')),
                           (SELECT count(*) FROM construction_sync_message m
                             WHERE m.flow_id = f.id
                               AND m.state IN ('exception', 'dead'))
                      FROM construction_sync_flow f WHERE f.id = ANY(%s)
                    """,
                    self.ids,
                )
            )
            figures = {row[0]: row[1:] for row in self.env.cr.fetchall()}
        now = fields.Datetime.now()
        for flow in self:
            last, ready, failed = figures.get(flow.id, (None, 0, 0))
            flow.last_received = last and last.replace(microsecond=0)
            flow.ready_count = ready
            flow.failed_count = failed
            flow.fresh = bool(last) and (
                (now - last).total_seconds() <= flow.freshness_minutes * 60
            )

    @api.constrains("interval_minutes", "mode", "batch_size", "wait_minutes")
    def _check_numbers(self):
        for flow in self:
            if flow.mode == "interval" and flow.interval_minutes < 1:
                raise ValidationError(
                    self.env._(
                        "%(flow)s runs every 0 minutes. Give it at least one minute.",
                        flow=flow.display_name,
                    )
                )
            if not 0 <= flow.batch_size <= 2000 or flow.wait_minutes < 0:
                raise ValidationError(
                    self.env._(
                        "%(flow)s: the batch size goes from 0 to 2,000 and the waiting "
                        "time cannot be negative.",
                        flow=flow.display_name,
                    )
                )

    @api.constrains("field_ids", "entity")
    def _check_fields(self):
        for flow in self:
            handler = self.env["construction.sync.handler"]._for(flow.entity)
            known = set(handler._fields) if handler is not None else set()
            for line in flow.field_ids:
                if line.field not in known:
                    raise ValidationError(
                        self.env._(
                            "%(flow)s has no field called %(field)s. It has: %(known)s.",
                            flow=flow.display_name,
                            field=line.field,
                            known=", ".join(sorted(known)),
                        )
                    )

    @api.model_create_multi
    def create(self, vals_list):
        flows = super().create(vals_list)
        self.env.registry.clear_cache()
        return flows

    def write(self, vals):
        result = super().write(vals)
        if {"state", "owner", "active", "system_id", "entity"} & vals.keys():
            self.env.registry.clear_cache()
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_except_used(self):
        messages = self.env["construction.sync.message"]
        for flow in self:
            if messages.search_count([("flow_id", "=", flow.id)], limit=1):
                raise UserError(
                    self.env._(
                        "%(flow)s has received messages and must stay for the audit. "
                        "Switch it off instead.",
                        flow=flow.display_name,
                    )
                )

    def _owner_of(self, field):
        """``source`` or ``odoo``: who leads the canonical ``field``."""
        self.ensure_one()
        for line in self.field_ids:
            if line.field == field:
                return line.owner
        return self.owner

    def _frozen_until(self, now=None):
        """End of the freeze that holds this flow now, or None."""
        self.ensure_one()
        now = now or fields.Datetime.now()
        ends = [f.ends_at for f in self.freeze_ids if f.starts_at <= now < f.ends_at]
        return max(ends) if ends else None

    def _due(self, now=None):
        """Whether messages of this flow may be applied now: system live, flow not
        off, no freeze, and its interval or window has come (F61)."""
        self.ensure_one()
        now = now or fields.Datetime.now()
        if self.state == "off" or self.system_id.state != "live":
            return False
        if self._frozen_until(now):
            return False
        if self.mode == "interval" and self.last_run:
            return (now - self.last_run).total_seconds() >= self.interval_minutes * 60
        if self.mode == "window":
            hour = now.hour + now.minute / 60
            if self.window_start <= self.window_end:
                return self.window_start <= hour < self.window_end
            return hour >= self.window_start or hour < self.window_end
        return True

    def _ring(self):
        """Wake the carrier for these flows, when this transaction commits."""
        if self:
            self.env["construction.sync.carrier"]._ring(self.ids)

    # ---- buttons -------------------------------------------------------------------

    def action_preview(self):
        self.state = "preview"
        self._ring()

    def action_go_live(self):
        self.state = "live"
        signals.wake(self.env.cr, [f"preview:{flow.id}" for flow in self])
        self._ring()

    def action_switch_off(self):
        self.state = "off"

    def action_apply_now(self):
        """Apply what waits, whatever the interval or window says."""
        self.write({"last_run": False})
        self._ring()

    @api.model
    def _cron_drain(self):
        """Apply what is ready; called by the lane crons (see ``pipeline.drain``)."""
        drain.run_cron(self.env)
