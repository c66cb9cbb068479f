from odoo import fields, models


class SyncSystemRest(models.Model):
    """The calls of a system whose dialect is REST."""

    _inherit = "construction.sync.system"

    rest_fetch_ids = fields.One2many(
        "construction.sync.rest.fetch", "system_id", string="What Odoo reads there"
    )
    rest_send_ids = fields.One2many(
        "construction.sync.rest.send", "system_id", string="What Odoo sends there"
    )
