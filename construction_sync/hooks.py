"""What removing the module does beyond its records."""

from odoo.tools import SQL


def uninstall_hook(env):
    """Take away what the ORM does not know of: side tables, triggers, functions."""
    env.cr.execute(
        SQL(
            """
            DROP TABLE IF EXISTS construction_sync_heartbeat;
            DROP TABLE IF EXISTS construction_sync_rate;
            DROP TABLE IF EXISTS construction_sync_pace;
            DROP FUNCTION IF EXISTS construction_sync_identity();
            DROP FUNCTION IF EXISTS construction_sync_body_guard() CASCADE;
            DROP FUNCTION IF EXISTS construction_sync_audit_guard() CASCADE;
            """
        )
    )
