from odoo import fields, models

from .fields import LooseMany2one

OUTCOMES = [
    ("delivered", "Delivered"),
    ("retry", "Not taken, tried again"),
    ("refused", "Refused"),
    ("gone", "Address is gone"),
    ("unknown", "Nobody knows"),
    ("late", "Came back too late"),
    ("unsent", "Not sent"),
]


class SyncAttempt(models.Model):
    """One try to deliver: begun before anything is sent, closed with what came back.

    A try without an outcome whose lease has passed is one of which nobody knows
    whether it arrived. Request and response are masked and cut before they are kept.
    """

    _name = "construction.sync.attempt"
    _description = "Try to Deliver"
    _log_access = False
    _order = "id desc"

    delivery_id = LooseMany2one(
        "construction.sync.delivery", required=True, readonly=True
    )
    system_id = LooseMany2one("construction.sync.system", required=True, readonly=True)
    number = fields.Integer(string="Try", required=True, readonly=True)
    token = fields.Char(readonly=True)
    started_at = fields.Datetime(required=True, readonly=True)
    ended_at = fields.Datetime(readonly=True)
    outcome = fields.Selection(OUTCOMES, readonly=True)
    status = fields.Integer(string="HTTP status", readonly=True)
    milliseconds = fields.Integer(string="Took (ms)", readonly=True)
    words = fields.Char(string="What happened", readonly=True)
    request = fields.Text(
        string="What was sent", readonly=True, help="Secrets and bank details masked."
    )
    response = fields.Text(
        string="What came back", readonly=True, help="The first 4 KiB, masked."
    )

    _delivery = models.Index("(delivery_id, id)")
    _system = models.Index("(system_id, started_at)")
    _open = models.Index("(started_at) WHERE outcome IS NULL")
