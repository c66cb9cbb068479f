"""Programs of the repository that work on a running Odoo: demo, bench, faults.

Each gets the same three words: ``--config``, ``--database`` and ``--odoo-bin``, and
runs with the interpreter that can import Odoo, in the root of the repository.
"""

import importlib.util

from tools import set_up, suite
from tools.embedded_postgres import free_port
from tools.terminal import CannotGoOn

# Added for tests only: no contractor has it.
TEST_ONLY = "test_"


def run_companion(arguments, purpose, module, options, fresh=True, http_port=None):
    """Make the database ``construction_<purpose>`` and run the module on it."""
    if importlib.util.find_spec(module.partition(".")[0]) is None:
        raise CannotGoOn(
            f"The package '{module}' is not in this checkout; get the whole repository."
        )
    database = f"construction_{purpose}"
    addons = suite.addons()
    if purpose.startswith("demo"):
        addons = [name for name in addons if not name.startswith(TEST_ONLY)]
    http_port = http_port or free_port()
    with set_up.workshop(arguments) as workshop:
        configuration = workshop.configuration(
            purpose,
            db_name=database,
            dbfilter=f"^{database}$",
            http_port=http_port,
            gevent_port=free_port(),
            workers=2,
            max_cron_threads=2,
        )
        if fresh or not workshop.server.exists(database):
            subject = f"{purpose.capitalize().replace('_', ' ')} database"
            log = f"{purpose}-install.log"
            workshop.install(configuration, database, addons, subject, log)
        command = [workshop.python, "-m", module, "--config", configuration]
        command += ["--database", database, "--odoo-bin", workshop.odoo_bin]
        return workshop.call([*command, *options])
