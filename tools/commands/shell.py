"""Odoo's Python shell on the database of ./run server.

What stands after -- goes to Odoo.
"""

from tools import cli, set_up
from tools.commands import server


def add_arguments(sub):
    """Add this command's options."""
    cli.add_database_arguments(sub)
    sub.add_argument("--database", default="construction", help="(construction)")
    sub.add_argument("odoo", nargs="*", metavar="-- ODOO_OPTION")
    sub.set_defaults(port=8069, fresh=False, update=False)


def main(arguments):
    """Open the shell; the database is made when it is missing."""
    with set_up.workshop(arguments) as workshop:
        configuration = server.prepare(workshop, arguments)
        command = [workshop.odoo_bin, "shell", "--config", configuration, "--no-http"]
        command += ["--database", arguments.database, *arguments.odoo]
        return workshop.call(command)
