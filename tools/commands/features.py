"""Each claimed row of the feature list, its tests, and how they ended last.

A test names its rows with the decorator @rows("F01", "FA-A03"); the outcome is that
of the last ./run test.
"""

from tools import feature_rows
from tools.terminal import say


def add_arguments(sub):
    """Add this command's options."""
    sub.add_argument("--tests", action="store_true", help="also list the tests")


def main(arguments):
    """Print the table; end with 1 when a claimed row has a failed test."""
    claimed = feature_rows.claimed()
    for row in claimed:
        say(f"{row.code:<8} {row.state:<9} {row.summary:<26} {row.title}")
        if arguments.tests:
            for test, outcome in row.tests:
                say(f"{'':<9}{outcome:<9} {test}")
    passed = sum(row.state == "passed" for row in claimed)
    say(f"{len(claimed)} rows claimed, {passed} of them passed in the last ./run test")
    return 1 if any(row.state == "failed" for row in claimed) else 0
