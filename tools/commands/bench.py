"""Measurements, each beside its peer and its floor in the same run.

Prints one JSON object a line. Name benches to run only those.
"""

from tools import cli
from tools.companion import run_companion


def add_arguments(sub):
    """Add this command's options."""
    cli.add_database_arguments(sub)
    sub.add_argument("names", nargs="*", metavar="NAME", help="a bench; else all")


def main(arguments):
    """Run the package ``benchmarks`` on a database of its own."""
    return run_companion(arguments, "bench", "benchmarks", arguments.names)
