"""Odoo with the suite on its addons path and its job runner.

The database is made on first use. What stands after -- goes to Odoo:
./run server -- --workers=0 --dev=all
"""

import socket

from tools import cli, places, set_up, suite
from tools.terminal import CannotGoOn, say


def add_arguments(sub):
    """Add this command's options."""
    cli.add_database_arguments(sub)
    sub.add_argument("--port", type=int, default=8069, help="HTTP port (8069)")
    sub.add_argument("--database", default="construction", help="(construction)")
    sub.add_argument("--fresh", action="store_true", help="begin with a new database")
    sub.add_argument("--update", action="store_true", help="update the suite first")
    sub.add_argument("odoo", nargs="*", metavar="-- ODOO_OPTION")


def need_port(port):
    """Stop when somebody listens on the port already."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise CannotGoOn(
                f"Port {port} is taken by another program; stop that one, or choose "
                "another with --port."
            ) from error


def prepare(workshop, arguments):
    """Return the configuration of a server whose database is ready."""
    gevent_port = arguments.port + 3
    configuration = workshop.configuration(
        "server",
        http_port=arguments.port,
        gevent_port=gevent_port,
        workers=2,
        max_cron_threads=2,
        dbfilter=f"^{arguments.database}$",
    )
    missing = not workshop.server.exists(arguments.database)
    addons = suite.addons()
    if missing or arguments.fresh:
        log = "server-install.log"
        workshop.install(configuration, arguments.database, addons, "Server", log)
    elif arguments.update:
        log = "server-update.log"
        workshop.update(configuration, arguments.database, addons, "Server", log)
    return configuration


def main(arguments):
    """Serve until the user ends it."""
    need_port(arguments.port)
    need_port(arguments.port + 3)
    with set_up.workshop(arguments) as workshop:
        configuration = prepare(workshop, arguments)
        log = places.LOGS / "server.log"
        say(f"Odoo: http://127.0.0.1:{arguments.port} (admin / admin), log in {log}")
        return workshop.call(
            [workshop.odoo_bin, "--config", configuration]
            + ["--database", arguments.database, "--logfile", log, *arguments.odoo]
        )
