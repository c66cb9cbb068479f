from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ..pipeline import advice, decisions, intervention, watch
from ..schemas import problem

#: kind -> (who it goes to, days until due); the others go to the administrator
ROUTES = {
    "reference-unknown": ("construction_sync.group_project_controls", 1),
    "reference-ambiguous": ("construction_sync.group_project_controls", 1),
    "value-unmapped": ("construction_sync.group_project_controls", 1),
    "code-inactive": ("construction_sync.group_project_controls", 1),
    "code-not-postable": ("construction_sync.group_project_controls", 1),
    "parent-missing": ("construction_sync.group_project_controls", 2),
    "owner-conflict": ("construction_sync.group_project_controls", 2),
    "possible-match": ("construction_sync.group_procurement", 2),
    "already-linked": ("construction_sync.group_procurement", 2),
    "company-crossed": ("construction_sync.group_finance", 1),
    "quarantined": ("construction_sync.group_admin", 1),
    "epoch-change": ("construction_sync.group_admin", 1),
    "audit-late": ("construction_sync.group_admin", 1),
    "audit-broken": ("construction_sync.group_admin", 0),
    "database-unconfirmed": ("construction_sync.group_admin", 1),
    "cron-stopped": ("construction_sync.group_admin", 0),
    "calls-refused": ("construction_sync.group_admin", 0),
}


class SyncException(models.Model):
    """One cause that a person must decide on, with all messages it holds up.

    Grouped by cause, not by message: four hundred messages that name one unknown
    cost code are one row. ``cause`` is unique among open rows (enforced by a partial
    unique index); the same cause after a resolution reopens a new row, flagged.
    """

    _name = "construction.sync.exception"
    _description = "Exception"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _order = "severity, date_deadline, id"

    name = fields.Char(string="What happened", required=True, readonly=True)
    why = fields.Text(readonly=True)
    remedy = fields.Text(string="What to do", readonly=True)
    cause = fields.Char(required=True, readonly=True, index=True)
    kind = fields.Selection(
        selection="_selection_kind", required=True, readonly=True, index=True
    )
    severity = fields.Selection(
        [("1danger", "Stops work"), ("2warning", "Needs a look"), ("3info", "Notice")],
        required=True,
        readonly=True,
        default="1danger",
    )
    state = fields.Selection(
        [
            ("new", "New"),
            ("assigned", "Assigned"),
            ("waiting", "Waiting on others"),
            ("resolved", "Resolved"),
            ("ignored", "Ignored for now"),
        ],
        required=True,
        default="new",
        tracking=True,
        index=True,
    )
    reopened = fields.Boolean(readonly=True)
    system_id = fields.Many2one(
        "construction.sync.system", readonly=True, ondelete="cascade", index=True
    )
    flow_id = fields.Many2one(
        "construction.sync.flow", readonly=True, ondelete="set null"
    )
    company_id = fields.Many2one("res.company", readonly=True, index=True)
    entity = fields.Char(readonly=True)
    value_kind = fields.Char(readonly=True, help="What kind of thing is unknown.")
    value = fields.Char(readonly=True, help="The value as the system sent it.")
    pointer = fields.Char(string="Where", readonly=True)
    res_model = fields.Char(readonly=True)
    res_id = fields.Many2oneReference(model_field="res_model", readonly=True)
    project_id = fields.Many2one("project.project", readonly=True)
    partner_id = fields.Many2one("res.partner", string="Vendor", readonly=True)
    user_id = fields.Many2one("res.users", string="Owner", tracking=True, index=True)
    group_id = fields.Many2one("res.groups", string="For", readonly=True)
    date_deadline = fields.Date(string="Due", tracking=True)
    ignore_until = fields.Date(tracking=True)
    first_seen = fields.Datetime(readonly=True)
    last_seen = fields.Datetime(readonly=True)
    age_days = fields.Integer(compute="_compute_age")
    message_line_ids = fields.Many2many(
        "construction.sync.message",
        "construction_sync_exception_message",
        "exception_id",
        "message_id",
        string="Messages held up",
        readonly=True,
    )
    record_count = fields.Integer(string="Held messages", compute="_compute_counts")
    behind_count = fields.Integer(string="Waiting behind", compute="_compute_counts")
    fix = fields.Selection(
        [
            ("map", "Map"),
            ("link", "Link"),
            ("decide", "Compare"),
            ("version", "Take it as it came"),
            ("retry", "Retry"),
        ],
        compute="_compute_fix",
        help="What usually clears an exception of this kind.",
    )
    explanation = fields.Char(string="Why it happened", compute="_compute_advice")
    advice = fields.Char(string="What to do now", compute="_compute_advice")
    similar_ids = fields.Many2many(
        "construction.sync.exception",
        string="Similar, solved",
        compute="_compute_similar_ids",
        help="How the last ones of this kind were solved.",
    )
    held_text = fields.Char(string="Holds up", compute="_compute_held_text")
    mine_or_free = fields.Boolean(
        compute="_compute_mine_or_free", search="_search_mine_or_free"
    )
    suggestion_ids = fields.One2many(
        "construction.sync.suggestion", "exception_id", string="Suggestions"
    )
    conflict_ids = fields.One2many(
        "construction.sync.conflict", "exception_id", string="Differences"
    )
    resolution = fields.Selection(
        [
            ("mapped", "Mapped"),
            ("linked", "Linked"),
            ("source", "Took the outside's value"),
            ("odoo", "Kept Odoo's value"),
            ("retried", "Tried again"),
            ("corrected", "Corrected message sent"),
            ("discarded", "Discarded"),
            ("itself", "Resolved by itself"),
        ],
        readonly=True,
        tracking=True,
    )
    resolution_reason = fields.Char(readonly=True, tracking=True)
    resolved_by_id = fields.Many2one("res.users", readonly=True)
    resolved_at = fields.Datetime(readonly=True)

    _open_cause = models.UniqueIndex("(cause) WHERE state NOT IN ('resolved')")

    @api.model
    def _selection_kind(self):
        return self._kind_labels()

    @api.model
    def _kind_labels(self):
        """Kinds of exception in words: the catalogue of problems, one vocabulary for
        the interface and the screens."""
        return [(kind.slug, kind.title) for kind in problem.CATALOGUE.values()]

    def _compute_age(self):
        now = fields.Datetime.now()
        for exception in self:
            exception.age_days = (now - (exception.first_seen or now)).days

    @api.depends("kind", "value_kind", "conflict_ids")
    def _compute_fix(self):
        mappable = self.env["construction.sync.crosswalk"]._kinds()
        for exception in self:
            if exception.kind == "possible-match":
                exception.fix = "link"
            elif exception.kind == "owner-conflict":
                exception.fix = "decide"
            elif exception.kind in ("epoch-change", "version-conflict"):
                exception.fix = "version"
            elif exception.kind == "company-unknown" and exception.value:
                exception.fix = "map"
            elif (
                exception.kind in decisions.MAPPABLE
                and exception.value
                and exception.value_kind in mappable
            ):
                exception.fix = "map"
            else:
                exception.fix = "retry"

    @api.depends(
        "kind", "value", "value_kind", "why", "remedy", "system_id.name", "fix"
    )
    def _compute_advice(self):
        for exception in self:
            exception.explanation, exception.advice = advice.of(exception)

    @api.depends("kind", "system_id")
    def _compute_similar_ids(self):
        """The last three of the same kind and system; only the form asks for them."""
        for exception in self:
            exception.similar_ids = self.search(
                [
                    ("kind", "=", exception.kind),
                    ("system_id", "=", exception.system_id.id),
                    ("state", "=", "resolved"),
                    ("id", "!=", exception._origin.id),
                ],
                order="resolved_at desc",
                limit=3,
            )

    @api.depends("record_count", "behind_count")
    def _compute_held_text(self):
        for exception in self:
            held, behind = exception.record_count, exception.behind_count
            text = (
                self.env._("1 message")
                if held == 1
                else self.env._("%(count)s messages", count=held)
            )
            if behind:
                text = self.env._(
                    "%(held)s, and %(behind)s more wait behind",
                    held=text,
                    behind=behind,
                )
            exception.held_text = text

    @api.depends_context("uid")
    @api.depends("user_id")
    def _compute_mine_or_free(self):
        for exception in self:
            exception.mine_or_free = exception.user_id in (
                self.env.user,
                self.env["res.users"],
            )

    def _search_mine_or_free(self, operator, value):
        if operator != "in" or list(value) != [True]:
            return NotImplemented
        return [("user_id", "in", [False, self.env.uid])]

    def _compute_counts(self):
        """Messages held by the cause, and those that wait behind them."""
        held, behind = {}, {}
        if self.ids:
            cr = self.env.cr
            cr.execute(
                SQL(
                    """
                    SELECT exception_id, count(*)
                      FROM construction_sync_exception_message
                     WHERE exception_id = ANY(%s)
                  GROUP BY 1
                    """,
                    self.ids,
                )
            )
            held = dict(cr.fetchall())
            cr.execute(
                SQL(
                    """
                    SELECT r.exception_id, count(*)
                      FROM construction_sync_exception_message r
                      JOIN construction_sync_message m ON m.id = r.message_id
                      JOIN construction_sync_message later
                        ON later.state = 'waiting'
                       AND later.waits_on = 'behind:' || m.id
                     WHERE r.exception_id = ANY(%s)
                       AND m.state IN ('exception', 'dead')
                  GROUP BY 1
                    """,
                    self.ids,
                )
            )
            behind = dict(cr.fetchall())
        for exception in self:
            exception.record_count = held.get(exception.id, 0)
            exception.behind_count = behind.get(exception.id, 0)

    def write(self, vals):
        if "user_id" in vals and "state" not in vals:
            fresh = self.filtered(lambda e: e.state == "new")
            if vals["user_id"] and fresh:
                super(SyncException, fresh).write({"state": "assigned"})
        return super().write(vals)

    @api.model
    def _route(self, kind, company):
        """Group, owner and due date for a new exception of ``kind``."""
        xmlid, days = ROUTES.get(kind, ("construction_sync.group_admin", 2))
        group = self.env.ref(xmlid)
        return {
            "group_id": group.id,
            "date_deadline": fields.Date.context_today(self) + timedelta(days=days),
        }

    # ---- decisions -----------------------------------------------------------------

    def _decide(self):
        """Lock the exception for a decision of this user; refuse what is decided,
        and a person who would decide on what they sent themselves (FA-J08)."""
        self.ensure_one()
        self.env["construction.sync.gatekeeper"]._check("resolve", self)
        self.lock_for_update()
        if self.state == "resolved":
            raise UserError(
                self.env._(
                    "%(name)s was resolved by %(who)s. There is nothing left to do.",
                    name=self.name,
                    who=self.resolved_by_id.name or self.env._("itself"),
                )
            )
        self.env["construction.sync.gatekeeper"]._check_four_eyes(
            self.message_line_ids, self.name
        )

    def action_map_to(self, target, note=False):
        """Map the unknown value to ``target`` (a record or a text) from now on, and
        send every message it held up through the gate again, in original order.

        :return: how many messages go on
        """
        self._decide()
        return decisions.map_to(self, target, note)

    def action_link_to(self, record):
        """Link the outside record to ``record`` and go on."""
        self._decide()
        return decisions.link_to(self, record)

    def action_create_new(self):
        """It is not the one that looks alike: create it, and remember that."""
        self._decide()
        return decisions.create_new(self)

    def action_take_source(self):
        """Take the outside's values for the fields in conflict."""
        self._decide()
        return decisions.take_source(self)

    def action_keep_odoo(self):
        """Keep Odoo's values; the difference is remembered as decided."""
        self._decide()
        return decisions.keep_odoo(self)

    def action_retry(self):
        """Send every parked message of these causes through the same gate again."""
        total = 0
        for exception in self:
            exception._decide()
            total += intervention.replay(self.env, exception.message_line_ids)
        return total

    def action_retry_plan(self):
        """What a retry would do, before it is done: counts by what will happen."""
        self.env["construction.sync.gatekeeper"]._check("read")
        return decisions.plan(self)

    def action_discard(self, reason):
        """Give the messages of this cause up for good; the reason stays."""
        self._decide()
        if not (reason or "").strip():
            raise UserError(
                self.env._("Say why %(name)s is discarded.", name=self.name)
            )
        intervention.discard(self.env, self.message_line_ids, reason)
        self._close("discarded", reason)

    def action_ignore_until(self, date, reason):
        """Put it aside until a date; it comes back by itself."""
        self._decide()
        if not date or date <= fields.Date.context_today(self):
            raise UserError(
                self.env._(
                    "Choose a day after today: %(name)s comes back on that day.",
                    name=self.name,
                )
            )
        self.write({"state": "ignored", "ignore_until": date})
        self.message_post(body=reason or "")

    def action_assign_to_me(self):
        self.env["construction.sync.gatekeeper"]._check("resolve", self)
        for exception in self:
            exception.user_id = self.env.user
            exception.activity_schedule(
                "mail.mail_activity_data_warning",
                date_deadline=exception.date_deadline,
                user_id=self.env.uid,
                summary=exception.name[:200],
            )

    # ---- doors ---------------------------------------------------------------------

    def _wizard(self, model, name, **defaults):
        """Open a wizard on these causes."""
        wizard = self.env[model].create(defaults)
        return {
            "type": "ir.actions.act_window",
            "name": name,
            "res_model": model,
            "res_id": wizard.id,
            "view_mode": "form",
            "target": "new",
        }

    def action_accept_version(self):
        """The system has started counting again, or means what it sent last: take
        the messages held as the state that counts, in their order."""
        self.env["construction.sync.gatekeeper"]._check("admin", self)
        self._decide()
        return decisions.accept_version(self)

    def action_fix(self):
        """Open what usually clears this kind of exception."""
        self.ensure_one()
        if self.fix in ("map", "link"):
            return self.action_open_map()
        if self.fix in ("decide", "version"):
            return {
                "type": "ir.actions.act_window",
                "res_model": self._name,
                "res_id": self.id,
                "view_mode": "form",
            }
        return self.action_open_retry()

    def action_open_map(self):
        self.ensure_one()
        self.env["construction.sync.gatekeeper"]._check("resolve", self)
        best = self.suggestion_ids[:1]
        return self._wizard(
            "construction.sync.map",
            self.env._("What does %(value)s stand for?", value=self.value or self.name),
            exception_id=self.id,
            res_id=best.res_id if best.score >= 100 else False,
        )

    def action_open_retry(self):
        self.env["construction.sync.gatekeeper"]._check("resolve", self)
        return self._wizard(
            "construction.sync.replay",
            self.env._("Try again"),
            exception_ids=self.ids,
        )

    def action_open_discard(self):
        self.env["construction.sync.gatekeeper"]._check("resolve", self)
        return self._wizard(
            "construction.sync.discard",
            self.env._("Discard with a reason"),
            exception_ids=self.ids,
        )

    def action_open_ignore(self):
        self.env["construction.sync.gatekeeper"]._check("resolve", self)
        return self._wizard(
            "construction.sync.ignore",
            self.env._("Ignore until a day"),
            exception_ids=self.ids,
        )

    def action_open_correction(self):
        """Correct the oldest message that this cause holds up."""
        self.ensure_one()
        held = self.message_line_ids.filtered(
            lambda m: m.state in ("exception", "dead")
        ).sorted("id")
        if not held:
            raise UserError(
                self.env._(
                    "%(name)s holds no message any more. There is nothing to correct.",
                    name=self.name,
                )
            )
        return held[0].action_open_correction()

    def action_open_messages(self):
        """The messages that the count names."""
        self.ensure_one()
        return self.env["construction.sync.overview"]._door(
            "action_sync_message",
            self.env._("Held up by: %(name)s", name=self.name),
            [("id", "in", self.message_line_ids.ids)],
        )

    def action_wait_on_others(self):
        """Somebody else has been asked; it stays open and leaves the first tile."""
        self.env["construction.sync.gatekeeper"]._check("resolve", self)
        self.filtered(lambda e: e.state in ("new", "assigned")).state = "waiting"

    def action_reopen(self):
        """Take up again what was ignored or left to others."""
        self.env["construction.sync.gatekeeper"]._check("resolve", self)
        for exception in self.filtered(lambda e: e.state in ("ignored", "waiting")):
            exception.write(
                {
                    "state": "assigned" if exception.user_id else "new",
                    "ignore_until": False,
                }
            )

    def action_decide_source(self):
        """Button of a conflict: the outside's values."""
        messages = self.message_line_ids.ids
        self.action_take_source()
        return self._follow(
            messages,
            self.env._("%(system)s's values are taken.", system=self._sender()),
        )

    def action_decide_odoo(self):
        """Button of a conflict: Odoo's values."""
        messages = self.message_line_ids.ids
        self.action_keep_odoo()
        return self._follow(messages, self.env._("Odoo's values are kept."))

    def _sender(self):
        return self.system_id.name or self.env._("The outside system")

    @api.model
    def _follow(self, message_ids, done):
        """Show how the messages that were set going land."""
        return self._wizard(
            "construction.sync.progress",
            self.env._("Done"),
            done=done,
            message_ids=message_ids,
        )

    def _close(self, resolution, reason=False, by=None):
        """Mark resolved; the activities go with it."""
        now = fields.Datetime.now()
        for exception in self:
            exception.write(
                {
                    "state": "resolved",
                    "resolution": resolution,
                    "resolution_reason": reason,
                    "resolved_by_id": by if by is not None else self.env.uid,
                    "resolved_at": now,
                }
            )
        self.activity_unlink(["mail.mail_activity_data_warning"])

    @api.model
    def _cron_watch(self):
        """Open exceptions for what is wrong with the machinery, close what is over."""
        watch.run(self.env)

    @api.model
    def _cron_wake_ignored(self):
        """Bring back what was ignored until today."""
        self.search(
            [
                ("state", "=", "ignored"),
                ("ignore_until", "<=", fields.Date.context_today(self)),
            ]
        ).write({"state": "new", "ignore_until": False, "reopened": True})
