from dataclasses import dataclass

from odoo import api, fields, models, tools
from odoo.exceptions import UserError, ValidationError
from odoo.tools import SQL

from ..pipeline import drain, publish, signals


def _clock(hours):
    """``20.5`` hours as ``20:30``."""
    minutes = round(hours * 60)
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


@dataclass(frozen=True, slots=True)
class Route:
    """What the door needs to know of a flow: an immutable copy, cached per process.

    :param companies: ``{code: company id}`` as pairs; ``default`` is the company of an
        object that names none, None for what is shared between companies
    """

    id: int
    state: str
    default: int | None
    companies: tuple

    def company_of(self, code):
        """Id of the company an object belongs to, None while it is not known."""
        if not code:
            return self.default
        return dict(self.companies).get(code)


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
    intake = fields.Boolean(
        compute="_compute_intake",
        help="It only carries, or asks for, what other data types are made of.",
    )
    direction = fields.Selection(
        [("in", "Into Odoo"), ("out", "Out of Odoo")],
        required=True,
        default="in",
        help="Into Odoo: what the system sends is applied here. Out of Odoo: changes "
        "made here are sent to the system.",
    )
    send_order = fields.Selection(
        [
            ("strict", "Each object's changes one after the other"),
            ("relaxed", "As they come; the sequence tells the order"),
        ],
        string="Order of sending",
        required=True,
        default="strict",
        tracking=True,
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
    freeze_ids = fields.One2many(
        "construction.sync.freeze", "flow_id", string="Freezes"
    )
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

    policy = fields.Char(
        compute="_compute_policy", help="What happens with this data type, in words."
    )
    match_count = fields.Integer(
        string="Proposed links", compute="_compute_match_count"
    )

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
            ("procore_request", self.env._("Procore ERP requests")),
        ]

    @api.depends("entity")
    def _compute_intake(self):
        handlers = self.env["construction.sync.handler"]
        for flow in self:
            handler = handlers._for(flow.entity)
            flow.intake = handler is not None and handler._raw

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

    @api.depends(
        "owner",
        "field_ids.owner",
        "field_ids.field",
        "mode",
        "state",
        "interval_minutes",
        "window_start",
        "window_end",
        "system_id.name",
    )
    def _compute_policy(self):
        for flow in self:
            system = flow.system_id.name or self.env._("The outside system")
            sides = {"source": system, "odoo": self.env._("Odoo")}
            leads = self.env._("%(who)s leads", who=sides[flow.owner or "source"])
            other = [
                f"{line.label}: {sides[line.owner]}"
                for line in flow.field_ids
                if line.owner and line.owner != flow.owner
            ]
            parts = [f"{leads} ({', '.join(other)})" if other else leads]
            if flow.mode == "interval":
                parts.append(
                    self.env._(
                        "applied every %(minutes)s minutes",
                        minutes=flow.interval_minutes,
                    )
                )
            elif flow.mode == "window":
                parts.append(
                    self.env._(
                        "applied from %(start)s to %(end)s UTC",
                        start=_clock(flow.window_start),
                        end=_clock(flow.window_end),
                    )
                )
            else:
                parts.append(self.env._("applied as it arrives"))
            if flow.intake:
                parts = [self.env._("Taken in and read as they arrive")]
            elif flow.state == "preview":
                parts.append(self.env._("nothing is written yet"))
            elif flow.state == "off":
                parts = [self.env._("Switched off: messages are refused")]
            flow.policy = ", ".join(parts)

    def _compute_match_count(self):
        rows = self.env["construction.sync.match"]._read_group(
            [("flow_id", "in", self.ids), ("state", "in", ("proposed", "unmatched"))],
            ["flow_id"],
            ["__count"],
        )
        counts = {flow.id: count for flow, count in rows}
        for flow in self:
            flow.match_count = counts.get(flow.id, 0)

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
            known = set(handler._fills) if handler is not None else set()
            for line in flow.field_ids:
                if line.field not in known:
                    raise ValidationError(
                        self.env._(
                            "%(flow)s has no field called %(field)s. It has: "
                            "%(known)s.",
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
        names = {
            "state", "owner", "active", "system_id", "entity", "direction",
            "send_order",
        }  # fmt: skip
        if names & vals.keys():
            self.env.registry.clear_cache()
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_except_used(self):
        messages = self.env["construction.sync.message"]
        deliveries = self.env["construction.sync.delivery"]
        for flow in self:
            if deliveries.search_count([("flow_id", "=", flow.id)], limit=1):
                raise UserError(
                    self.env._(
                        "%(flow)s has sent changes and must stay for the audit. "
                        "Switch it off instead.",
                        flow=flow.display_name,
                    )
                )
            if messages.search_count([("flow_id", "=", flow.id)], limit=1):
                raise UserError(
                    self.env._(
                        "%(flow)s has received messages and must stay for the audit. "
                        "Switch it off instead.",
                        flow=flow.display_name,
                    )
                )

    def _field_labels(self):
        """``[[canonical field, label in words]]`` of the data type, by label."""
        handler = self.env["construction.sync.handler"]._for(self.entity)
        if handler is None:
            return []
        target = self.env[handler._target]._fields if handler._target else {}
        labels = []
        for name, odoo_names in handler._fills.items():
            known = [target[n] for n in odoo_names if n in target]
            labels.append(
                [
                    name,
                    known[0]._description_string(self.env)
                    if len(known) == 1
                    else name.replace("_", " ").capitalize(),
                ]
            )
        return sorted(labels, key=lambda pair: pair[1].lower())

    @api.model
    @tools.ormcache("entity")
    def _subscribers(self, entity):
        """Flows that send changes of ``entity``, as ``pipeline.publish`` needs them."""
        # gateway: who changes a record need not see who is told of it
        flows = self.sudo().search(
            [
                ("direction", "=", "out"),
                ("entity", "=", entity),
                ("state", "in", ("preview", "live")),
                ("system_id.active", "=", True),
            ]
        )
        handler = self.env["construction.sync.handler"]._for(entity)
        return tuple(
            publish.Subscriber(
                flow_id=flow.id,
                system_id=flow.system_id.id,
                companies=frozenset(flow.system_id.company_ids.ids),
                codes={
                    line.company_id.id: line.code
                    for line in flow.system_id.company_code_ids
                }
                if handler is not None and handler._per_company
                else {},
                live=flow.state == "live",
                strict=flow.send_order == "strict",
            )
            for flow in flows
        )

    @api.model
    @tools.ormcache()
    def _routes(self):
        """``{(system id, entity): Route}`` of all incoming flows."""
        routes = {}
        handlers = self.env["construction.sync.handler"]
        for flow in self.search([("direction", "=", "in")]):
            system = flow.system_id
            handler = handlers._for(flow.entity)
            per_company = handler is not None and handler._per_company
            routes[system.id, flow.entity] = Route(
                id=flow.id,
                state=flow.state,
                default=system.company_id.id if per_company else None,
                companies=tuple(
                    (line.code, line.company_id.id) for line in system.company_code_ids
                ),
            )
        return routes

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
        self.env["construction.sync.delivery"]._release_preview(self)

    def action_switch_off(self):
        self.state = "off"

    def action_send_everything(self):
        """Tell the system the present state of all objects it has not been told."""
        self.ensure_one()
        self.env["construction.sync.gatekeeper"]._check("admin", self)
        return publish.everything(self.env, self)

    def action_apply_now(self):
        """Apply what waits, whatever the interval or window says."""
        self.write({"last_run": False})
        self._ring()

    @api.model
    def _cron_drain(self):
        """Apply what is ready; called by the lane crons (see ``pipeline.drain``)."""
        drain.run_cron(self.env)

    # ---- doors ---------------------------------------------------------------------

    def _open_messages(self, name, domain):
        self.ensure_one()
        return self.env["construction.sync.overview"]._door(
            "action_sync_message",
            f"{self.display_name}: {name}",
            [("flow_id", "=", self.id), *domain],
        )

    def action_open_messages(self):
        return self._open_messages(self.env._("messages"), [])

    def action_open_waiting(self):
        """The messages that the count of waiting ones names."""
        return self._open_messages(
            self.env._("waiting"), [("state", "in", ("ready", "waiting", "retry"))]
        )

    def action_open_failed(self):
        """The messages that the count of those that need you names."""
        return self._open_messages(
            self.env._("need you"), [("state", "in", ("exception", "dead"))]
        )

    def action_find_matches(self):
        """Look again for existing records of what waits in preview, and show them."""
        self.ensure_one()
        self.env["construction.sync.gatekeeper"]._check("resolve", self)
        self.env["construction.sync.match"]._refresh(self)
        return self.action_open_matches()

    def action_open_matches(self):
        self.ensure_one()
        return self.env["construction.sync.overview"]._door(
            "action_sync_match",
            self.env._("%(flow)s: proposed links", flow=self.display_name),
            [("flow_id", "=", self.id)],
            {"search_default_open": 1},
        )
