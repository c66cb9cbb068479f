from odoo import fields, models

from .fields import LooseMany2one


class SyncResending(models.Model):
    """A range of deliveries that a person sends again, and how far it is.

    ``cursor`` is the last delivery looked at; it moves in the transaction that sets
    the deliveries going (``pipeline.resending``), so that a range whose server died is
    gone on with where it stood (C14).
    """

    _name = "construction.sync.resending"
    _description = "Sending Again"
    _log_access = False
    _order = "id desc"

    system_id = fields.Many2one(
        "construction.sync.system", required=True, readonly=True, ondelete="cascade"
    )
    start = fields.Datetime(string="Changes from", required=True, readonly=True)
    end = fields.Datetime(string="Until", readonly=True)
    states = fields.Selection(
        [("failed", "What has not arrived"), ("all", "Everything")],
        string="What",
        required=True,
        readonly=True,
    )
    total = fields.Integer(string="To send again", readonly=True)
    set_going = fields.Integer(readonly=True)
    cursor = fields.Integer(readonly=True)
    done = fields.Boolean(string="All set going", readonly=True)
    user_id = LooseMany2one("res.users", string="By", readonly=True)

    _undone = models.Index("(id) WHERE done IS NOT TRUE")
