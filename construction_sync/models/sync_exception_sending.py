from odoo import api, fields, models

#: kinds whose deliveries a person sends again, and those that need the connection
SEND = ("delivery-failing", "delivery-failed", "delivery-refused", "not-sendable")
CONNECTION = ("endpoint-gone", "endpoint-disabled")


class SyncExceptionSending(models.Model):
    """Causes on the way out: the deliveries they hold, and what clears them."""

    _inherit = "construction.sync.exception"

    delivery_ids = fields.One2many(
        "construction.sync.delivery", "exception_id", readonly=True
    )
    delivery_count = fields.Integer(string="Deliveries", compute="_compute_counts")
    held_count = fields.Integer(
        string="Held up",
        compute="_compute_counts",
        help="Messages and deliveries that this cause holds up.",
    )
    fix = fields.Selection(
        selection_add=[
            ("send", "Send again"),
            ("arrived", "Say whether it arrived"),
            ("connection", "Repair the connection"),
            ("database", "Say what this database is"),
        ]
    )

    def _compute_counts(self):
        result = super()._compute_counts()
        rows = self.env["construction.sync.delivery"]._read_group(
            [("exception_id", "in", self.ids)], ["exception_id"], ["__count"]
        )
        counts = {exception.id: count for exception, count in rows}
        for exception in self:
            exception.delivery_count = counts.get(exception.id, 0)
            exception.held_count = exception.record_count + exception.delivery_count
        return result

    @api.depends("delivery_count")
    def _compute_held_text(self):
        result = super()._compute_held_text()
        for exception in self.filtered("delivery_count"):
            exception.held_text = (
                self.env._("1 delivery")
                if exception.delivery_count == 1
                else self.env._("%(count)s deliveries", count=exception.delivery_count)
            )
        return result

    def _compute_fix(self):
        result = super()._compute_fix()
        for exception in self:
            if exception.kind in CONNECTION:
                exception.fix = "connection"
            elif exception.kind == "delivery-unknown":
                exception.fix = "arrived"
            elif exception.kind == "database-unconfirmed":
                exception.fix = "database"
            elif exception.kind in SEND:
                exception.fix = "send"
        return result

    def action_fix(self):
        self.ensure_one()
        if self.fix == "send":
            return self.action_open_send_again()
        if self.fix == "arrived":
            return self.action_open_deliveries()
        if self.fix == "connection":
            return self.action_open_system()
        if self.fix == "database":
            return self.env["construction.sync.standing"].action_decide()
        return super().action_fix()

    # ---- doors ---------------------------------------------------------------------

    def action_open_held(self):
        """What the count names: deliveries on the way out, else messages."""
        self.ensure_one()
        return (
            self.action_open_deliveries()
            if self.delivery_count
            else self.action_open_messages()
        )

    def action_open_deliveries(self):
        """The deliveries that this cause holds; the one itself when it is one."""
        self.ensure_one()
        if len(self.delivery_ids) == 1:
            return {
                "type": "ir.actions.act_window",
                "res_model": "construction.sync.delivery",
                "res_id": self.delivery_ids.id,
                "view_mode": "form",
            }
        return self.env["construction.sync.overview"]._door(
            "action_sync_delivery",
            self.env._("Held up by: %(name)s", name=self.name),
            [("exception_id", "=", self.id)],
        )

    def action_open_send_again(self):
        """Say how many would be sent again, before it is done."""
        return self.delivery_ids.action_open_again()

    def action_open_system(self):
        """The form where the connection is tested and sending resumed."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "construction.sync.system",
            "res_id": self.system_id.id,
            "view_mode": "form",
        }
