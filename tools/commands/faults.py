"""The fault harness: kill -9 under load, then the history checker.

Options that stand after -- go to the harness as they are.
"""

from tools import cli
from tools.companion import run_companion


def add_arguments(sub):
    """Add this command's options."""
    cli.add_database_arguments(sub)
    sub.add_argument("--kills", type=int, default=50, metavar="N", help="(50)")
    sub.add_argument("--seconds", type=int, metavar="S", help="end after S seconds")
    sub.add_argument("harness", nargs="*", metavar="-- HARNESS_OPTION")


def main(arguments):
    """Run the package ``harness`` on a database of its own."""
    options = ["--kills", str(arguments.kills)]
    if arguments.seconds:
        options += ["--seconds", str(arguments.seconds)]
    return run_companion(arguments, "faults", "harness", options + arguments.harness)
