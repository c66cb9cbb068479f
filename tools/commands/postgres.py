"""Start or stop the embedded PostgreSQL by hand.

It starts with the first ./run that needs it and stops with the last; 'start' lets it
stay, for a debugger or another program, until 'stop'. While it runs,
'eval $(./run postgres env)' tells psql how to reach it.
"""

import contextlib
import shlex
import sys

from tools import cli, environments, odoo_source, places
from tools.embedded_postgres import EmbeddedPostgres
from tools.terminal import say


def add_arguments(sub):
    """Add this command's options."""
    cli.add_database_arguments(sub)
    sub.add_argument("action", choices=("start", "stop", "env"))
    sub.add_argument(
        "--kind",
        choices=("durable", "scratch"),
        default="durable",
        help="'scratch' is the one of ./run test, which forgets after a crash",
    )


def main(arguments):
    """Start, stop, or tell the variables of the embedded server."""
    # Only the variables go to standard output, for eval.
    with contextlib.redirect_stdout(sys.stderr):
        places.make_folders()
        environment = environments.odoo_environment(odoo_source.find())
        postgres = EmbeddedPostgres(environment, arguments.kind)
        if arguments.action == "stop":
            postgres.stay(False)
            postgres.stop_now()
            say("PostgreSQL: stopped")
            return 0
        server = postgres.start()
        if arguments.action == "start":
            postgres.stay(True)
    if arguments.action == "env":
        for name, value in server.environ.items():
            say(f"export {name}={shlex.quote(value)}")
    postgres.stop()
    return 0
