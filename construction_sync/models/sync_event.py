from odoo import fields, models

from .fields import LooseMany2one


class SyncEvent(models.Model):
    """A change in Odoo that some system wants to hear of.

    Made in the transaction of the change (R2), once per object and transaction however
    many writes there were. ``sequence`` counts per object without a gap; ``uuid`` is
    the id under which every receiver may recognise it, on every try. What exactly is
    sent to a system lies frozen beside its delivery.
    """

    _name = "construction.sync.event"
    _description = "Outgoing Event"
    _log_access = False
    _order = "id desc"
    _rec_name = "title"

    uuid = fields.Char(string="Event id", required=True, readonly=True)
    entity = fields.Char(required=True, readonly=True)
    res_model = fields.Char(required=True, readonly=True)
    res_id = fields.Many2oneReference(
        string="Record in Odoo", model_field="res_model", readonly=True
    )
    company_id = LooseMany2one("res.company", readonly=True)
    sequence = fields.Integer(required=True, readonly=True)
    deleted = fields.Boolean(string="Deletion", readonly=True)
    title = fields.Char(readonly=True)
    created_at = fields.Datetime(string="Happened", required=True, readonly=True)
    user_id = LooseMany2one("res.users", string="Changed by", readonly=True)
    origin_id = LooseMany2one(
        "construction.sync.system",
        string="Came from",
        readonly=True,
        help="The system whose message made the change; it is not told of it.",
    )
    message_id = LooseMany2one(
        "construction.sync.message", string="Caused by", readonly=True
    )
    trace_id = fields.Char(string="Correlation id", readonly=True)
    delivery_ids = fields.One2many(
        "construction.sync.delivery", "event_id", readonly=True
    )

    _uuid_unique = models.UniqueIndex("(uuid)")
    _object_unique = models.UniqueIndex("(entity, res_id, sequence)")
    _record = models.Index("(res_model, res_id)")
    _created = models.Index("USING brin (created_at)")
