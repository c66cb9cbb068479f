"""Uninstalling a used database leaves nothing behind; updating it says nothing."""

import os
import subprocess
from pathlib import Path

import pytest

from harness.installation import Installation

NEEDED = (
    "CONSTRUCTION_SYNC_CONFIG",
    "CONSTRUCTION_SYNC_TEMPLATE",
    "CONSTRUCTION_SYNC_ODOO_BIN",
)
ADDONS = ("construction_sync", "construction_sync_queue", "test_construction_sync")
USE = """
from odoo.addons.construction_sync.pipeline import drain, intake
system = env["construction.sync.system"].create({"name": "Used", "code": "used"})
flow = env["construction.sync.flow"].create(
    {"system_id": system.id, "entity": "vendor", "state": "live"})
system.action_go_live()
env.cr.commit()
entry = intake.Entry(
    system_id=system.id, flow_id=flow.id, entity="vendor", external_id="v1",
    event_id="e1", raw=b'{"name": "Ace Concrete"}', content_type="application/json")
intake.store(env.registry, [entry])
drain.run(env.registry)
messages = env["construction.sync.message"].search([("system_id", "=", system.id)])
print("left", messages.mapped("state"))
"""
UNINSTALL = """
env["ir.module.module"].search(
    [("name", "in", %r), ("state", "=", "installed")]).button_immediate_uninstall()
print("uninstalled")
"""
RESIDUE = """
    SELECT 'table ' || relname FROM pg_class
     WHERE relname LIKE '%%construction%%' AND relkind IN ('r', 'v', 'i', 'S')
 UNION SELECT 'function ' || proname FROM pg_proc WHERE proname LIKE 'construction%%'
 UNION SELECT 'column ' || table_name || '.' || column_name
      FROM information_schema.columns WHERE column_name LIKE '%%construction%%'
 UNION SELECT 'xml id ' || module || '.' || name FROM ir_model_data
      WHERE module = ANY(%s)
 UNION SELECT 'cron ' || cron_name FROM ir_cron WHERE cron_name LIKE 'Construction%%'
"""

pytestmark = pytest.mark.skipif(
    not all(os.environ.get(name) for name in NEEDED),
    reason="no Odoo and PostgreSQL given; ./run test gives them",
)


@pytest.fixture(scope="module")
def used():
    """A database in which a message has been applied."""
    config, template, odoo_bin = (os.environ[name] for name in NEEDED)
    installation = Installation(
        Path(config), "construction_uninstall", Path(odoo_bin), Path("var/uninstall")
    )
    installation.copy_of(template)
    try:
        assert "left ['applied']" in _shell(installation, USE)
        yield installation
    finally:
        installation.drop()


def _shell(installation, script):
    done = subprocess.run(
        installation.command("shell", "--no-http", "--log-level=error"),
        input=script,
        env=installation.environ(),
        capture_output=True,
        text=True,
    )
    return done.stdout + done.stderr


def test_an_update_of_a_used_database_is_silent(used):
    log = used.folder / "update.log"
    log.unlink(missing_ok=True)
    done = subprocess.run(
        used.command(
            "-u", "construction_sync", "--stop-after-init", f"--logfile={log}"
        ),
        env=used.environ(),
    )
    assert done.returncode == 0
    loud = [
        line
        for line in log.read_text("utf-8").splitlines()
        if (" WARNING " in line or " ERROR " in line) and "py.warnings" not in line
    ]
    assert loud == []


def test_an_uninstall_leaves_nothing_behind(used):
    assert "uninstalled" in _shell(used, UNINSTALL % (list(ADDONS),))
    assert used.query(RESIDUE, list(ADDONS)) == []
