from odoo import fields, models

STATES = [
    ("closed", "Healthy"),
    ("open", "Resting after failures"),
    ("half_open", "Trying one"),
    ("forced_open", "Held by a person"),
    ("disabled", "Switched off after days of failure"),
]


class SyncBreaker(models.Model):
    """Whether a system is called now: one row per system, shared by all processes.

    Open means that deliveries wait and no try is used up. Written by
    ``pipeline.breaker``; a row of its own, so that dispatchers never collide with a
    person who edits the system.
    """

    _name = "construction.sync.breaker"
    _description = "Breaker of a System"
    _log_access = False
    _rec_name = "system_id"

    system_id = fields.Many2one(
        "construction.sync.system", required=True, readonly=True, ondelete="cascade"
    )
    state = fields.Selection(STATES, required=True, readonly=True, default="closed")
    failures = fields.Integer(string="Failures in a row", readonly=True)
    step = fields.Integer(readonly=True, help="How often it opened without success.")
    open_until = fields.Datetime(string="Next try", readonly=True)
    probe_until = fields.Datetime(readonly=True)
    paused_until = fields.Datetime(
        readonly=True, help="The system asked us to wait until then."
    )
    failing_since = fields.Datetime(readonly=True)
    last_success = fields.Datetime(readonly=True)
    last_words = fields.Char(string="Last failure", readonly=True)
    normal_rate = fields.Float(
        readonly=True, help="Deliveries a minute before it failed."
    )
    catching_up = fields.Boolean(
        readonly=True, help="After an outage: at most twice the normal rate."
    )

    _system_unique = models.UniqueIndex("(system_id)")
