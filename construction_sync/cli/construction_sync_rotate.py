"""``odoo --addons-path=... construction_sync_rotate -d DATABASE``: new seals."""

import logging

from odoo.cli import Command
from odoo.modules.registry import Registry
from odoo.tools import config

_logger = logging.getLogger(__name__)


class Construction_Sync_Rotate(Command):  # noqa: N801 - the command's name
    """Seal every secret of a database anew with the server's master key.

    Set the new key as CONSTRUCTION_SYNC_KEY (or ``key``) and the one before as
    CONSTRUCTION_SYNC_KEY_OLD (or ``old_keys``), run this, then take the old one away.
    It may be stopped at any moment and run again.
    """

    name = "construction_sync_rotate"

    def run(self, args):
        config.parse_config([*args, "--no-http"], setup_logging=True)
        for database in config["db_name"] or ():
            registry = Registry(database)
            from ..pipeline import gateway, rotation

            rotation.rotate(registry, gateway.environment)
            _logger.info("All secrets of %s are sealed with today's key.", database)
