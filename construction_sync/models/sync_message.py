import json
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL, format_datetime

from ..pipeline import intervention, redaction, resend, signals
from ..pipeline.intake import RECORD_TYPE
from .fields import LooseMany2one

#: every state a message can be in (DESIGN, States); nothing else is ever written
STATES = [
    ("ready", "Received"),
    ("applied", "Applied"),
    ("superseded", "Superseded"),
    ("duplicate", "Duplicate"),
    ("waiting", "Waiting"),
    ("retry", "Trying again"),
    ("exception", "Needs you"),
    ("dead", "Quarantined"),
    ("discarded", "Discarded"),
]
FINAL = ("applied", "superseded", "duplicate", "discarded")


class SyncMessage(models.Model):
    """An entry of the inbox: where one message stands.

    Invariants: a row exists before its sender is answered 2xx (P1); ``(system,
    event)`` is unique, so that a second delivery finds the first; state, business
    write and audit entry change in one transaction (R2); a row in a final state
    never changes again. Rows are inserted by ``pipeline.intake`` and their states
    written by ``pipeline.outcome`` in SQL; the body lies apart, under the same id.
    """

    _name = "construction.sync.message"
    _description = "Message"
    _log_access = False
    _order = "id desc"
    _rec_name = "title"

    uuid = fields.Char(string="Message id", required=True, readonly=True)
    system_id = LooseMany2one("construction.sync.system", required=True, readonly=True)
    flow_id = LooseMany2one("construction.sync.flow", required=True, readonly=True)
    client_id = LooseMany2one("construction.sync.client", readonly=True)
    company_id = LooseMany2one("res.company", readonly=True)
    entity = fields.Char(required=True, readonly=True)
    external_id = fields.Char(string="External id", required=True, readonly=True)
    slot = fields.Integer(required=True, readonly=True)
    event_id = fields.Char(string="Event id", required=True, readonly=True)
    title = fields.Char(readonly=True)
    deleted = fields.Boolean(string="Deletion", readonly=True)
    version = fields.Char(readonly=True)
    event_time = fields.Datetime(readonly=True)
    received_at = fields.Datetime(readonly=True)
    applied_at = fields.Datetime(string="Finished at", readonly=True)
    state = fields.Selection(STATES, required=True, readonly=True)
    note = fields.Char(readonly=True, help="What happened, in one sentence.")
    waits_on = fields.Char(readonly=True)
    attempts = fields.Integer(readonly=True)
    crash_count = fields.Integer(readonly=True)
    next_at = fields.Datetime(string="Next try", readonly=True)
    exception_id = LooseMany2one("construction.sync.exception", readonly=True)
    superseded_by_id = LooseMany2one("construction.sync.message", readonly=True)
    submitted_by_id = LooseMany2one(
        "res.users", readonly=True, help="The person who sent a corrected message."
    )
    parent_id = LooseMany2one(
        "construction.sync.message",
        string="Came with",
        readonly=True,
        help="The webhook this message was taken from.",
    )
    res_model = fields.Char(readonly=True)
    res_id = fields.Many2oneReference(
        string="Record in Odoo", model_field="res_model", readonly=True
    )
    trace_id = fields.Char(string="Correlation id", readonly=True)
    body_id = LooseMany2one(
        "construction.sync.message.body",
        string="Corrected body",
        readonly=True,
        help="The body a person put in the place of the one that came.",
    )
    partner_id = fields.Many2one(
        "res.partner", compute="_compute_record", search="_search_partner"
    )
    project_id = fields.Many2one(
        "project.project", compute="_compute_record", search="_search_project"
    )
    entity_label = fields.Char(string="Data type", compute="_compute_entity_label")
    attention = fields.Boolean(
        string="Needs you first",
        compute="_compute_attention",
        help="Only to sort by: what needs a person comes first.",
    )
    banner = fields.Char(compute="_compute_banner")
    changes_table = fields.Html(
        string="Changes", compute="_compute_changes_table", sanitize=False
    )
    kept_until = fields.Date(
        compute="_compute_kept_until",
        help="After this day the body is removed; its hash stays.",
    )
    payload = fields.Text(
        compute="_compute_payload", help="Secrets and bank details are masked."
    )
    original = fields.Text(compute="_compute_payload", string="As received")
    history_ids = fields.One2many(
        "construction.sync.audit", "message_id", string="What happened", readonly=True
    )

    _event_unique = models.UniqueIndex("(system_id, event_id)")
    _uuid_unique = models.UniqueIndex("(uuid)")
    _ready = models.Index("(flow_id, slot, id) WHERE state = 'ready'")
    _open = models.Index(
        "(flow_id, external_id, id) "
        "WHERE state IN ('waiting', 'retry', 'exception', 'dead')"
    )
    _waits = models.Index("(waits_on) WHERE state = 'waiting'")
    _retry = models.Index("(next_at) WHERE state = 'retry'")
    _crashed = models.Index("(flow_id) WHERE state = 'ready' AND crash_count > 0")
    _exception = models.Index("(exception_id) WHERE exception_id IS NOT NULL")
    _flow_received = models.Index("(flow_id, received_at)")
    _object = models.Index("(external_id, entity)")
    _record = models.Index("(res_model, res_id) WHERE res_id IS NOT NULL")
    _trace = models.Index("(trace_id) WHERE trace_id IS NOT NULL")

    def init(self):
        """Keep updates narrow and vacuum eager: the table is a queue (R5).

        Beside it two small unlogged tables that only the lane sessions write (see
        ``pipeline.lanes`` and ``pipeline.rate``); dropped by the uninstall hook.
        """
        self.env.cr.execute(
            SQL(
                """
                ALTER TABLE construction_sync_message SET (
                    fillfactor = 70,
                    autovacuum_vacuum_scale_factor = 0.01,
                    autovacuum_vacuum_cost_delay = 0
                );
                CREATE UNLOGGED TABLE IF NOT EXISTS construction_sync_heartbeat (
                    backend integer PRIMARY KEY,
                    flow_id integer NOT NULL,
                    message_ids integer[] NOT NULL,
                    since timestamptz NOT NULL
                );
                CREATE UNLOGGED TABLE IF NOT EXISTS construction_sync_rate (
                    client_id integer PRIMARY KEY,
                    due timestamptz NOT NULL
                );
                """
            )
        )

    @api.depends("res_model", "res_id")
    def _compute_record(self):
        for message in self:
            message.partner_id = (
                message.res_model == "res.partner" and message.res_id
            ) or False
            message.project_id = (
                message.res_model == "project.project" and message.res_id
            ) or False

    def _search_record(self, model, operator, value):
        if operator in ("ilike", "like", "=ilike") and isinstance(value, str):
            ids = self.env[model]._search([("display_name", operator, value)])
        elif operator in ("in", "="):
            ids = value if isinstance(value, (list, tuple, set)) else [value]
        else:
            return NotImplemented
        return [("res_model", "=", model), ("res_id", "in", ids)]

    def _search_partner(self, operator, value):
        return self._search_record("res.partner", operator, value)

    def _search_project(self, operator, value):
        return self._search_record("project.project", operator, value)

    def _compute_payload(self):
        bodies = self.env["construction.sync.message.body"]
        known = bodies.browse(self.ids + self.body_id.ids).exists()
        for message in self:
            received = bodies.browse(message.id) & known
            used = (message.body_id & known) or received
            message.payload = used and redaction.pretty(used._bytes())
            origin = received if message.body_id else received.origin_id
            message.original = origin and redaction.pretty(origin._bytes())

    def _compute_display_name(self):
        labels = dict(self.env["construction.sync.flow"]._entity_labels())
        kinds = self.env["construction.sync.crosswalk"]._kinds()
        labels.update({kind: label for kind, (label, _model) in kinds.items()})
        for message in self:
            label = labels.get(message.entity, message.entity)
            message.display_name = f"{label}: {message.title or message.external_id}"

    @api.depends("entity")
    def _compute_entity_label(self):
        labels = dict(self.env["construction.sync.flow"]._entity_labels())
        for message in self:
            message.entity_label = labels.get(
                message.entity, (message.entity or "").replace("_", " ").capitalize()
            )

    @api.depends("state")
    def _compute_attention(self):
        for message in self:
            message.attention = message.state in ("exception", "dead")

    def _order_field_to_sql(self, alias, field_name, direction, nulls, query):
        """Let ``attention desc`` put first what needs a person; no column needed."""
        if field_name == "attention":
            return SQL(
                "(%s IN ('exception', 'dead')) %s",
                SQL.identifier(alias, "state"),
                direction,
            )
        return super()._order_field_to_sql(alias, field_name, direction, nulls, query)

    @api.depends("state", "note", "next_at", "waits_on")
    def _compute_banner(self):
        for message in self:
            note = message.note or ""
            if message.state == "retry" and message.next_at:
                note = self.env._(
                    "Tried %(count)s times, next at %(when)s. Nothing to do.",
                    count=message.attempts,
                    when=format_datetime(self.env, message.next_at, dt_format="short"),
                )
            elif message.state == "waiting" and not note:
                note = (
                    self.env._(
                        "Held back: its data type is in preview, nothing is written."
                    )
                    if (message.waits_on or "").startswith("preview:")
                    else self.env._(
                        "Waits for something that has not arrived yet. It goes on by "
                        "itself."
                    )
                )
            message.banner = False if message.state in ("ready", "applied") else note

    @api.depends("history_ids.changes")
    def _compute_changes_table(self):
        for message in self:
            entry = message.history_ids.filtered("changes")[:1]
            message.changes_table = entry._changes_table() if entry else False

    @api.depends("received_at", "flow_id.purge_days")
    def _compute_kept_until(self):
        for message in self:
            days = message.sudo().flow_id.purge_days  # gateway: a figure of the policy
            message.kept_until = (
                message.received_at.date() + timedelta(days=days)
                if message.received_at and days
                else False
            )

    @api.model_create_multi
    def create(self, vals_list):  # pylint: disable=method-required-super; always refused
        raise UserError(self.env._("Messages come in through the interface only."))

    def write(self, vals):  # pylint: disable=method-required-super; always refused
        raise UserError(
            self.env._("A message is kept as it came. Use its buttons instead.")
        )

    def unlink(self):  # pylint: disable=method-required-super; always refused
        # pylint: disable-next=no-raise-unlink; nothing here is ever deleted
        raise UserError(
            self.env._("A message is kept for the audit and cannot be deleted.")
        )

    # ---- buttons -------------------------------------------------------------------

    def action_replay(self):
        """Send parked messages through the same gate again, in original order.

        What was applied is not touched (a replay of it does nothing). Returns how
        many of the selected ones were set going.
        """
        self.env["construction.sync.gatekeeper"]._check("resolve", self)
        return intervention.replay(self.env, self)

    def action_discard(self, reason):
        """Give parked messages up for good, with a reason that stays on record."""
        gatekeeper = self.env["construction.sync.gatekeeper"]
        gatekeeper._check("resolve", self)
        gatekeeper._check_four_eyes(self, self[:1].display_name)
        return intervention.discard(self.env, self, reason)

    def action_send_corrected(self, payload):
        """Put a corrected body in the place of a parked message; the original stays
        and points to its replacement."""
        self.ensure_one()
        self.env["construction.sync.gatekeeper"]._check("admin", self)
        return resend.corrected(self.env, self, payload)

    def action_open_correction(self):
        """Open the editor for a corrected body."""
        self.ensure_one()
        self.env["construction.sync.gatekeeper"]._check("admin", self)
        return self.env["construction.sync.exception"]._wizard(
            "construction.sync.correction",
            self.env._("Send a corrected message in its place"),
            message_id=self.id,
            payload=self._editable_payload(),
        )

    def action_open_replay(self):
        self.env["construction.sync.gatekeeper"]._check("resolve", self)
        return self.env["construction.sync.exception"]._wizard(
            "construction.sync.replay", self.env._("Try again"), message_ids=self.ids
        )

    def action_open_discard(self):
        self.env["construction.sync.gatekeeper"]._check("resolve", self)
        return self.env["construction.sync.exception"]._wizard(
            "construction.sync.discard",
            self.env._("Discard with a reason"),
            message_ids=self.ids,
        )

    def action_open_exception(self):
        """The cause that holds this message up."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "construction.sync.exception",
            "res_id": self.exception_id.id,
            "view_mode": "form",
        }

    def action_open_same_record(self):
        """Every message about the same outside object."""
        self.ensure_one()
        return self.env["construction.sync.overview"]._door(
            "action_sync_message",
            self.env._("All about %(name)s", name=self.display_name),
            [
                ("system_id", "=", self.system_id.id),
                ("entity", "=", self.entity),
                ("external_id", "=", self.external_id),
            ],
        )

    def _editable_payload(self):
        """The body as text to correct. Unmasked: only for who may correct it."""
        bodies = self.env["construction.sync.message.body"]
        body = (self.body_id or bodies.browse(self.id)).exists()
        text = body._bytes().decode("utf-8", "replace") if body else ""
        if body.content_type == RECORD_TYPE:
            # what is corrected is the canonical object, not the foreign record
            read = self.system_id._adapter().reader(self.flow_id)
            data, _problems = read(text.encode())
            return json.dumps(data, indent=2, ensure_ascii=False)
        try:
            return json.dumps(json.loads(text), indent=2, ensure_ascii=False)
        except ValueError:
            return text

    def action_open_record(self):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": self.res_model,
            "res_id": self.res_id,
            "view_mode": "form",
        }

    @api.model
    def _cron_wake(self):
        """Safety net, each minute: what waits for something that has arrived, what
        waited too long, what is due for another try."""
        signals.sweep(self.env)
