from odoo import fields, models
from odoo.tools import SQL

from ..pipeline import standing
from .fields import LooseMany2one


class SyncStanding(models.Model):
    """What administrators said this database is: the one that sends, or a copy.

    The newest row counts while its ``identity`` is that of the database it stands in
    (see ``pipeline.standing``). Rows are only added.
    """

    _name = "construction.sync.standing"
    _description = "Standing of this Database"
    _log_access = False
    _order = "id desc"
    _rec_name = "place"

    at = fields.Datetime(string="When", required=True, readonly=True)
    kind = fields.Selection(
        [
            ("first", "Installed here"),
            ("goes_on", "Goes on: it sends"),
            ("copy", "A copy: it sends nothing"),
        ],
        string="What it is",
        required=True,
        readonly=True,
    )
    place = fields.Char(string="Database", required=True, readonly=True)
    identity = fields.Char(required=True, readonly=True)
    reason = fields.Char(readonly=True)
    user_id = LooseMany2one("res.users", string="By", readonly=True)

    def init(self):
        """The first row, on installation; and who this database is, as one function
        for the server, the tools and the tests."""
        self.env.cr.execute(
            SQL(
                """
                CREATE OR REPLACE FUNCTION construction_sync_identity() RETURNS text
                LANGUAGE sql STABLE AS $$
                    SELECT c.system_identifier::text || '-' || d.oid::text
                      FROM pg_control_system() c, pg_database d
                     WHERE d.datname = current_database()
                $$;
                INSERT INTO construction_sync_standing (at, kind, place, identity)
                SELECT now() AT TIME ZONE 'UTC', 'first', current_database(),
                       construction_sync_identity()
                 WHERE NOT EXISTS (SELECT FROM construction_sync_standing)
                """
            )
        )

    def _note(self, kind, reason, user_id):
        self.env.cr.execute(
            SQL(
                "INSERT INTO construction_sync_standing "
                "(at, kind, place, identity, reason, user_id) VALUES "
                "(now() AT TIME ZONE 'UTC', %s, current_database(), "
                "construction_sync_identity(), %s, %s)",
                kind,
                reason,
                user_id,
            )
        )
        self.invalidate_model()

    def action_decide(self):
        """Open the question what this database is."""
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("What is this database?"),
            "res_model": "construction.sync.standing.decision",
            "view_mode": "form",
            "target": "new",
        }

    def _words(self):
        """None, or why this database sends nothing."""
        return standing.may_send(self.env)
