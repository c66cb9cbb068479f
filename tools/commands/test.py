"""All tests, browser tours included, on a fresh database.

Name addons or folders to run only theirs. Afterwards the log is read: a warning that
no test expected fails the run. The last line sums up every pytest that ran.
"""

from tools import cli, set_up
from tools.test_run import TestRun


def add_arguments(sub):
    """Add this command's options."""
    cli.add_database_arguments(sub)
    sub.add_argument("names", nargs="*", metavar="NAME", help="an addon or a folder")
    sub.add_argument("-k", dest="expression", help="pytest's choice of tests by name")
    sub.add_argument(
        "--odoo-pins",
        action="store_true",
        help="use the library versions that Odoo 19 pins (Python 3.11)",
    )
    sub.add_argument("--no-tours", action="store_true", help="leave out browser tours")
    sub.add_argument(
        "--no-contract", action="store_true", help="leave out Schemathesis"
    )
    sub.add_argument(
        "--schemathesis-examples",
        type=int,
        default=10,
        metavar="N",
        help="examples per operation of the API's contract test (10)",
    )
    sub.add_argument(
        "--reuse",
        action="store_true",
        help="update the database of the last run instead of making a fresh one",
    )


def main(arguments):
    """Run the tests; the exit code is 1 when anything at all is wrong."""
    with set_up.workshop(arguments, "scratch", arguments.odoo_pins) as workshop:
        return TestRun(workshop, arguments).run()
