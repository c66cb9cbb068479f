from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..pipeline import replay_limits, resending


class SyncSendAgain(models.TransientModel):
    """Send deliveries again: how many that would be, before it is done.

    What is chosen (``delivery_ids``), or a range of a system by the time of the change.
    The receiver gets the same bytes under the same id, so it can tell what it has.
    """

    _name = "construction.sync.send.again"
    _description = "Send Deliveries Again"

    scope = fields.Selection(
        [("chosen", "What was chosen"), ("range", "A range")],
        required=True,
        default="range",
    )
    delivery_ids = fields.Json(readonly=True)
    system_id = fields.Many2one("construction.sync.system", ondelete="cascade")
    until = fields.Selection(
        [("now", "Everything since then"), ("end", "Up to a moment")],
        string="Range",
        required=True,
        default="now",
    )
    start = fields.Datetime(
        string="Changes from",
        default=lambda self: fields.Datetime.now() - timedelta(hours=24),
        help="When the change happened in Odoo.",
    )
    end = fields.Datetime(string="Until")
    states = fields.Selection(
        [
            ("failed", "Only what has not arrived"),
            ("all", "Everything, also what arrived"),
        ],
        string="What",
        required=True,
        default="failed",
        help="Everything: for a system that lost what it had, or was restored from a "
        "backup. What it still has, it knows by its id.",
    )
    count = fields.Integer(compute="_compute_plan")
    refused = fields.Char(compute="_compute_plan")
    plan = fields.Text(compute="_compute_plan")

    def _deliveries(self):
        return self.env["construction.sync.delivery"].browse(self.delivery_ids or [])

    @api.depends(
        "scope", "delivery_ids", "system_id", "until", "start", "end", "states"
    )
    def _compute_plan(self):
        for wizard in self:
            if wizard.scope == "chosen":
                count, lines, start = *wizard._plan_chosen(), None
            else:
                count, lines, start = *wizard._plan_range(), wizard.start
            wizard.refused = replay_limits.refusal(self.env, count, start) or False
            wizard.count = 0 if wizard.refused else count
            wizard.plan = "\n".join(lines)

    def _plan_chosen(self):
        deliveries = self._deliveries()
        ready = deliveries.filtered(lambda d: d.state in resending.AGAIN)
        arrived = ready.filtered(lambda d: d.state == "delivered")
        unclear = ready.filtered(lambda d: d.state == "unknown")
        moving = len(deliveries) - len(ready)
        lines = [self.env._("Can be sent again: %(count)s", count=len(ready))]
        if arrived:
            lines.append(
                self.env._("Of these arrived before: %(count)s", count=len(arrived))
            )
        if unclear:
            lines.append(
                self.env._(
                    "Of these nobody knows whether they arrived: %(count)s. Look in "
                    "the other system first",
                    count=len(unclear),
                )
            )
        if moving:
            lines.append(self.env._("Already on their way: %(count)s", count=moving))
        return len(ready), [*lines, self._same()]

    def _plan_range(self):
        if not (self.system_id and self.start):
            return 0, [self.env._("Say from when.")]
        end = self.end if self.until == "end" else None
        if self.until == "end" and (not end or end <= self.start):
            return 0, [self.env._("Say until when: later than the start.")]
        count = resending.count(self.env, self.system_id, self.start, end, self.states)
        lines = [
            self.env._(
                "Would be sent to %(system)s again: %(count)s",
                system=self.system_id.name,
                count=count,
            )
        ]
        if left := resending.one_by_one(self.system_id):
            lines.append(
                self.env._(
                    "Left out, because %(system)s cannot tell a second one from the "
                    "first: %(what)s. Send these again one by one",
                    system=self.system_id.name,
                    what=", ".join(left.mapped("display_name")),
                )
            )
        lines.append(
            self.env._(
                "Left out in any case: what was given up, what is in preview, and "
                "what nobody knows to have arrived"
            )
        )
        return count, [*lines, self._same()]

    def _same(self):
        return self.env._(
            "Each goes as it was, under the same id, in its old order. A receiver "
            "that has it already knows it by that id"
        )

    def action_send(self):
        """Set them going and show how they arrive."""
        self.ensure_one()
        self.env["construction.sync.gatekeeper"]._check("resolve")
        values = {"done": self.env._("They are sent again.")}
        if self.scope == "chosen":
            deliveries = self._deliveries()
            if not deliveries.action_send_again():
                raise UserError(self.env._("There was nothing left to send again."))
            values["delivery_ids"] = deliveries.ids
        else:
            self.system_id.check_access("read")
            run = resending.range(
                self.env,
                self.system_id,
                self.start,
                self.end if self.until == "end" else None,
                self.states,
            )
            values["resending_id"] = run.id
        return self.env["construction.sync.exception"]._wizard(
            "construction.sync.send.progress", self.env._("Sent again"), **values
        )


class SyncSendProgress(models.TransientModel):
    """How far deliveries are that a person set going: counted until none moves."""

    _name = "construction.sync.send.progress"
    _description = "Progress of Deliveries"

    done = fields.Char(readonly=True, help="What was decided, in one sentence.")
    delivery_ids = fields.Json(readonly=True)
    resending_id = fields.Many2one(
        "construction.sync.resending", readonly=True, ondelete="cascade"
    )

    def _domain(self):
        if self.resending_id:
            return [("resending_id", "=", self.resending_id.id)]
        return [("id", "in", self.delivery_ids or [])]

    @api.readonly
    def progress(self):
        """Figures for the screen, asked for every two seconds while some move.

        :return: ``{total, applied, moving, failed}``
        """
        self.ensure_one()
        self.check_access("read")
        rows = self.env["construction.sync.delivery"]._read_group(
            self._domain(), ["state"], ["__count"]
        )
        found = dict(rows)
        failed = sum(found.get(s, 0) for s in ("dead", "unknown", "cancelled", "held"))
        applied = found.get("delivered", 0)
        total = self.resending_id.total or sum(found.values())
        if self.resending_id.done:
            total = sum(found.values())
        return {
            "total": total,
            "applied": applied,
            "failed": failed,
            "moving": total - applied - failed,
        }

    def action_open_deliveries(self):
        """All of them, those that need a person first."""
        self.ensure_one()
        return self.env["construction.sync.overview"]._door(
            "action_sync_delivery", self.env._("Sent again"), self._domain()
        )


class SyncGiveUp(models.TransientModel):
    """Give deliveries up for good, with a reason that stays on record."""

    _name = "construction.sync.give.up"
    _description = "Give Deliveries Up"

    delivery_ids = fields.Json(readonly=True)
    reason = fields.Char(help="Stays with the deliveries, with your name.")
    count = fields.Integer(compute="_compute_effect")
    effect = fields.Char(compute="_compute_effect")

    @api.depends("delivery_ids")
    def _compute_effect(self):
        for wizard in self:
            deliveries = self.env["construction.sync.delivery"].browse(
                wizard.delivery_ids or []
            )
            open_ = deliveries.filtered(lambda d: d.state in resending.OPEN)
            wizard.count = len(open_)
            wizard.effect = self.env._(
                "Changes that the other system will never hear of: %(count)s. They "
                "stay readable, with your reason and name. Later changes of the same "
                "records go on and carry their whole state.",
                count=len(open_),
            )

    def action_give_up(self):
        self.ensure_one()
        if not (self.reason or "").strip():
            raise UserError(self.env._("Say why they are given up."))
        self.env["construction.sync.delivery"].browse(
            self.delivery_ids or []
        ).action_cancel(self.reason.strip())
        return {"type": "ir.actions.act_window_close"}
