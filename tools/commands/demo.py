"""A contractor with projects and four simulated systems in a running Odoo.

Prints the address, the logins and what to look at. With --check it plays the day
without a person, prints what was sent and what stands in Odoo, and ends non-zero on
any difference.
"""

from tools import cli
from tools.commands.server import need_port
from tools.companion import run_companion
from tools.embedded_postgres import free_port


def add_arguments(sub):
    """Add this command's options."""
    cli.add_database_arguments(sub)
    sub.add_argument("--check", action="store_true", help="play, compare and end")
    sub.add_argument(
        "--port", type=int, help="HTTP port (8069; with --check any that is free)"
    )
    sub.add_argument("--fresh", action="store_true", help="begin with a new database")


def main(arguments):
    """Run ``simulator.demo``, which starts Odoo and the simulated systems."""
    port = arguments.port or (free_port() if arguments.check else 8069)
    need_port(port)
    options = ["--port", str(port), *(["--check"] if arguments.check else [])]
    fresh = arguments.fresh or arguments.check
    purpose = "demo_check" if arguments.check else "demo"
    return run_companion(
        arguments, purpose, "simulator.demo", options, fresh, http_port=port
    )
