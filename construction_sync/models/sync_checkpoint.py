import base64

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..pipeline import sealing, watch


class SyncCheckpoint(models.Model):
    """A signed statement of how many entries the audit had and what they were.

    ``note`` is a C2SP tlog-checkpoint. ``edge`` is the right edge of the Merkle tree to
    go on from; ``floor_id`` and what follows tell where to look for entries that are
    not sealed (see ``pipeline.sealing``).
    """

    _name = "construction.sync.checkpoint"
    _description = "Audit Checkpoint"
    _log_access = False
    _order = "size desc"
    _rec_name = "size"

    size = fields.Integer(string="Entries", required=True, readonly=True)
    at = fields.Datetime(string="Signed", required=True, readonly=True)
    root = fields.Char(required=True, readonly=True)
    note = fields.Text(string="Checkpoint", required=True, readonly=True)
    edge = fields.Json(readonly=True)
    floor_id = fields.Integer(readonly=True)
    next_floor_id = fields.Integer(readonly=True)
    next_floor_xid = fields.Char(readonly=True)
    anchored_at = fields.Datetime(string="Left this database", readonly=True)
    anchor = fields.Selection(
        [("acknowledgement", "With an answer to a system"), ("file", "Into a file")],
        string="How",
        readonly=True,
    )
    packed = fields.Char(
        string="As answers carry it",
        compute="_compute_packed",
        help="Keep it outside of this database; verify-audit takes it as --anchor.",
    )

    _size_unique = models.UniqueIndex("(size)")

    @api.depends("note")
    def _compute_packed(self):
        for checkpoint in self:
            checkpoint.packed = base64.b64encode(checkpoint.note.encode()).decode()

    @api.model
    def _cron_seal(self):
        """Number, seal and sign what was written (see ``pipeline.sealing``)."""
        sealing.run(self.env.registry)
        watch.look_at_crons(self.env)

    def unlink(self):  # pylint: disable=method-required-super; always refused
        # pylint: disable-next=no-raise-unlink; nothing here is ever deleted
        raise UserError(self.env._("Checkpoints of the audit are kept."))
