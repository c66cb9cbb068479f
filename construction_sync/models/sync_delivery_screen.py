from markupsafe import Markup

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL, format_datetime

#: states that a person must decide on
NEEDED = ("dead", "unknown")


class SyncDeliveryScreen(models.Model):
    """What a delivery shows to a person, and the doors from it."""

    _inherit = "construction.sync.delivery"

    attention = fields.Boolean(
        string="Needs you first",
        compute="_compute_attention",
        help="Only to sort by: what needs a person comes first.",
    )
    entity_label = fields.Char(string="Data type", compute="_compute_entity_label")
    cause = fields.Char(
        compute="_compute_cause", help="What stands in the way, in one sentence."
    )
    banner = fields.Char(compute="_compute_banner")
    steps = fields.Html(
        string="What happened", compute="_compute_steps", sanitize=False
    )
    user_id = fields.Many2one(related="event_id.user_id", string="Changed by")
    deleted = fields.Boolean(related="event_id.deleted")
    event_message_id = fields.Many2one(
        related="event_id.message_id", string="Caused by the message"
    )
    trace_id = fields.Char(related="event_id.trace_id")
    environment = fields.Selection(related="system_id.environment")
    flow_state = fields.Selection(related="flow_id.state", string="Data type is")

    @api.depends("state")
    def _compute_attention(self):
        for delivery in self:
            delivery.attention = delivery.state in NEEDED

    def _order_field_to_sql(self, alias, field_name, direction, nulls, query):
        """Let ``attention desc`` put first what needs a person; no column needed."""
        if field_name == "attention":
            return SQL(
                "(%s IN ('dead', 'unknown')) %s",
                SQL.identifier(alias, "state"),
                direction,
            )
        return super()._order_field_to_sql(alias, field_name, direction, nulls, query)

    @api.depends("event_id")
    def _compute_entity_label(self):
        labels = dict(self.env["construction.sync.flow"]._entity_labels())
        for delivery in self:
            delivery.entity_label = labels.get(
                delivery.entity, (delivery.entity or "").replace("_", " ").capitalize()
            )

    @api.depends("note", "exception_id")
    def _compute_cause(self):
        for delivery in self:
            delivery.cause = delivery.note or delivery.exception_id.name

    @api.depends("state", "note", "next_at", "attempts")
    def _compute_banner(self):
        for delivery in self:
            delivery.banner = delivery._banner()

    def _banner(self):
        """What is the matter, in one sentence; empty when all is well."""
        system, note = self.system_id.name, (self.note or "").rstrip(".")
        when = self.next_at and format_datetime(
            self.env, self.next_at, dt_format="short"
        )
        words = {
            "dead": self.env._(
                "%(system)s does not have it. %(note)s. Remove the cause, then send "
                "it again.",
                system=system,
                note=note or self.env._("It was not taken"),
            ),
            "unknown": self.env._(
                "It may have arrived at %(system)s. %(note)s. Look there, then say "
                "here whether it arrived.",
                system=system,
                note=note or self.env._("No answer came"),
            ),
            "retry": self.env._(
                "Tried %(count)s times, next at %(when)s. %(note)s. Nothing to do.",
                count=self.attempts,
                when=when,
                note=note or self.env._("It was not taken"),
            ),
            "held": self.env._(
                "%(note)s. It goes when the data type goes live.",
                note=note or self.env._("Held"),
            ),
            "pending": self.note and f"{note}.",
            "cancelled": f"{note}." if note else self.env._("Given up."),
        }
        return words.get(self.state) or False

    def _compute_steps(self):
        for delivery in self:
            rows = [
                Markup(
                    "<li class='d-flex flex-wrap gap-2 py-1 border-bottom'>"
                    "<span class='text-muted'>%s</span><span>%s</span></li>"
                )
                % (
                    format_datetime(self.env, at, dt_format="d MMM, HH:mm:ss"),
                    words,
                )
                for at, words in delivery._steps()
            ]
            delivery.steps = Markup("<ol class='list-unstyled mb-0'>%s</ol>") % (
                Markup("").join(rows)
            )

    def _steps(self):
        """``[(moment in UTC, words)]``: what happened to the delivery, oldest first."""
        self.ensure_one()
        event = self.event_id
        user = event.sudo().user_id  # gateway: names only
        if event.message_id:
            began = self.env._("A message changed it in Odoo.")
        elif user and not user._is_superuser():
            began = self.env._("%(who)s changed it in Odoo.", who=user.name)
        else:
            began = self.env._("It changed in Odoo.")
        if event.deleted:
            began = self.env._("It was deleted or archived in Odoo.")
        steps = [(event.created_at or self.created_at, began)]
        outcomes = dict(
            self.env["construction.sync.attempt"]
            ._fields["outcome"]
            ._description_selection(self.env)
        )
        for attempt in self.attempt_ids.sorted("id"):
            result = outcomes.get(attempt.outcome, self.env._("Under way"))
            words = self.env._(
                "Try %(number)s: %(result)s.", number=attempt.number, result=result
            )
            if attempt.words:
                words = f"{words} {attempt.words}"
            steps.append((attempt.started_at, words))
        steps += self._decisions()
        return sorted(steps, key=lambda step: step[0])

    def _decisions(self):
        """What people decided about it, from the audit."""
        entries = self.env["construction.sync.audit"].search(
            [
                ("system_id", "=", self.system_id.id),
                ("res_model", "=", self.res_model),
                ("res_id", "=", self.res_id),
                ("action", "in", ("replayed", "discarded", "decided")),
            ]
        )
        said = {
            "replayed": self.env._("set it going again"),
            "discarded": self.env._("gave it up"),
            "decided": self.env._("said that it arrived"),
        }
        steps = []
        for entry in entries.filtered(lambda e: f'"{self.uuid}"' in e.content):
            words = f"{entry.who} {said[entry.action]}."
            if entry.reason:
                words = f"{words} {entry.reason}"
            steps.append((entry.at, words))
        return steps

    # ---- buttons -------------------------------------------------------------------

    def _open_wizard(self, model, name, **defaults):
        return self.env["construction.sync.exception"]._wizard(
            model, name, delivery_ids=self.ids, **defaults
        )

    def action_open_again(self):
        """Say how many would be sent again, before it is done."""
        self.env["construction.sync.gatekeeper"]._check("resolve", self.flow_id)
        return self._open_wizard(
            "construction.sync.send.again", self.env._("Send again"), scope="chosen"
        )

    def action_open_give_up(self):
        """Ask for the reason."""
        self.env["construction.sync.gatekeeper"]._check("resolve", self.flow_id)
        return self._open_wizard(
            "construction.sync.give.up", self.env._("Give up with a reason")
        )

    def action_arrived(self):
        """Button: a person has looked there, and it did arrive."""
        if not self.action_confirm_arrived():
            raise UserError(
                self.env._(
                    "%(name)s is known to have arrived or is on its way. There is "
                    "nothing to say.",
                    name=self[:1].display_name,
                )
            )

    # ---- doors ---------------------------------------------------------------------

    def action_open_record(self):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": self.res_model,
            "res_id": self.res_id,
            "view_mode": "form",
        }

    def action_open_exception(self):
        """The cause that waits for a decision."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "construction.sync.exception",
            "res_id": self.exception_id.id,
            "view_mode": "form",
        }

    def action_open_same_record(self):
        """Everything that was sent of the same object, to whomever."""
        self.ensure_one()
        return self.env["construction.sync.overview"]._door(
            "action_sync_delivery",
            self.env._("Sent of %(name)s", name=self.title or self.key),
            [("key", "=", self.key)],
        )

    def action_open_message(self):
        """The message that made the change."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "construction.sync.message",
            "res_id": self.event_message_id.id,
            "view_mode": "form",
        }
