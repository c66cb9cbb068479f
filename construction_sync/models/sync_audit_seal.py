from odoo import fields, models
from odoo.tools import SQL

from .fields import LooseMany2one


class SyncAuditSeal(models.Model):
    """The place of an audit entry in the sealed log: ``id`` is its number, without a
    gap; ``leaf`` its leaf in the Merkle tree. Written by ``pipeline.sealing``; triggers
    refuse UPDATE, DELETE and TRUNCATE."""

    _name = "construction.sync.audit.seal"
    _description = "Seal of an Audit Entry"
    _log_access = False
    _order = "id desc"

    audit_id = LooseMany2one("construction.sync.audit", required=True, readonly=True)
    leaf = fields.Char(required=True, readonly=True)

    _audit_unique = models.UniqueIndex("(audit_id)")

    def init(self):
        self.env.cr.execute(
            SQL(
                """
                DROP TRIGGER IF EXISTS construction_sync_seal_guard
                    ON construction_sync_audit_seal;
                CREATE TRIGGER construction_sync_seal_guard
                    BEFORE UPDATE OR DELETE ON construction_sync_audit_seal
                    FOR EACH ROW EXECUTE FUNCTION construction_sync_audit_guard();
                DROP TRIGGER IF EXISTS construction_sync_seal_keep
                    ON construction_sync_audit_seal;
                CREATE TRIGGER construction_sync_seal_keep
                    BEFORE TRUNCATE ON construction_sync_audit_seal
                    FOR EACH STATEMENT
                    EXECUTE FUNCTION construction_sync_audit_guard();
                """
            )
        )
