from odoo import fields, models


class SyncPublication(models.Model):
    """What the outside was told last of an object: sequence and content.

    One row per object that was ever published. Two transactions that change the same
    object meet here, so that sequences have no gap and no twin; an unchanged object
    says nothing. Written by ``pipeline.publish`` in SQL.
    """

    _name = "construction.sync.publication"
    _description = "Last State Told to the Outside"
    _log_access = False
    _order = "id desc"

    entity = fields.Char(required=True, readonly=True)
    res_id = fields.Integer(required=True, readonly=True)
    sequence = fields.Integer(required=True, readonly=True)
    content_hash = fields.Char(required=True, readonly=True)
    deleted = fields.Boolean(readonly=True)
    xact = fields.Char(
        string="Transaction", readonly=True, help="The transaction that told it."
    )

    _object_unique = models.UniqueIndex("(entity, res_id)")
