from odoo import api, fields, models


class SyncKeyShown(models.TransientModel):
    """Shows a new key once; only its hash is kept."""

    _name = "construction.sync.key.shown"
    _description = "New API Key"

    client_id = fields.Many2one("construction.sync.client", readonly=True)
    system_id = fields.Many2one(
        "construction.sync.system",
        readonly=True,
        help="The system that verifies what we send with this key.",
    )
    key = fields.Char(readonly=True)
    example = fields.Text(compute="_compute_example")

    @api.depends("key")
    def _compute_example(self):
        base = self.get_base_url()
        for shown in self:
            shown.example = not shown.system_id and (
                f"curl -H 'Authorization: Bearer {shown.key}' "
                f"{base}/construction_sync/v1/vendor?limit=1"
            )
