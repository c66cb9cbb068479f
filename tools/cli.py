"""The commands of ``./run``: which there are, and how an error is told."""

import argparse
import importlib
import sys

from tools.terminal import CannotGoOn

COMMANDS = (
    "demo",
    "test",
    "features",
    "server",
    "shell",
    "bench",
    "faults",
    "verify-audit",
    "lint",
    "i18n",
    "postgres",
    "prepare",
)

INTRODUCTION = """\
Construction Sync: native Odoo 19 addons that keep construction systems and Odoo in
step. The first start sets everything up (Odoo 19, PostgreSQL, Python packages) and
takes some minutes; the next ones take seconds.
"""

CLOSING = """\
'./run COMMAND --help' tells the options of a command. Start with './run demo'.

What you can set in the environment:
  ODOO_SOURCE               an Odoo 19 that you have (the folder that holds 'odoo')
  PGHOST, PGPORT, PGUSER    your own PostgreSQL instead of the embedded one
  CONSTRUCTION_SYNC_CACHE   where downloads are kept (else below ~/.cache)
  CONSTRUCTION_SYNC_KEY     key of stored credentials (base64 of 32 bytes)
"""


class _Help(argparse.RawDescriptionHelpFormatter):
    """Commands and what they do on one line each."""

    def __init__(self, prog):
        super().__init__(prog, max_help_position=28)
        # it counts the indentation of commands two signs short
        self._action_max_length = 20


def parser():
    """Return the command line's parser; a command describes itself in its module."""
    top = argparse.ArgumentParser(
        prog="./run",
        description=INTRODUCTION,
        epilog=CLOSING,
        formatter_class=_Help,
    )
    commands = top.add_subparsers(metavar="COMMAND", title="commands", dest="command")
    for name in COMMANDS:
        module = importlib.import_module(f"tools.commands.{name.replace('-', '_')}")
        summary, _blank, rest = module.__doc__.strip().partition("\n")
        sub = commands.add_parser(
            name,
            help=summary.rstrip("."),
            description=f"{summary}\n{rest}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        module.add_arguments(sub)
        sub.set_defaults(main=module.main)
    return top


def add_database_arguments(sub):
    """Add the options of every command that needs a database server."""
    sub.add_argument(
        "--db-host",
        metavar="HOST[:PORT]",
        help="use this PostgreSQL instead of the embedded one (else PGHOST)",
    )


def main(arguments):
    """Run one command and return the exit code: 2 when it could not even begin."""
    top = parser()
    parsed = top.parse_args(arguments)
    if parsed.command is None:
        top.print_help()
        return 0
    try:
        return parsed.main(parsed) or 0
    except CannotGoOn as stop:
        sys.stdout.flush()
        print(stop, file=sys.stderr)
        return stop.code
    except PermissionError as error:
        sentence = (
            f"{error.filename} may not be written by this user; start ./run as the "
            "user who did before, or remove it."
        )
        print(sentence, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
