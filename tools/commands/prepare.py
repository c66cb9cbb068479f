"""Only set up: Odoo 19, Python packages, PostgreSQL; print where they are.

Every other command does this by itself.
"""

from tools import cli, set_up
from tools.terminal import say


def add_arguments(sub):
    """Add this command's options."""
    cli.add_database_arguments(sub)


def main(arguments):
    """Set up and say what is where."""
    with set_up.workshop(arguments) as workshop:
        configuration = workshop.configuration("server")
        say(f"Odoo's command: {workshop.odoo_bin} --config {configuration}")
    return 0
