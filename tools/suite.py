"""Which addons and test folders the repository has."""

import ast

from tools import places
from tools.terminal import CannotGoOn

# Folders with tests of plain Python, run without an Odoo registry.
PLAIN_FOLDERS = ("tools", "simulator", "benchmarks")
# Folders whose tests start Odoo themselves, on copies of the test database. (Those of
# the examples are run by the demo's check, on the server that it has.)
PROCESS_FOLDERS = ("harness",)


def addons():
    """Return the names of the installable addons at the top of the repository."""
    found = []
    for manifest in sorted(places.REPO.glob("*/__manifest__.py")):
        if ast.literal_eval(manifest.read_text("utf-8")).get("installable", True):
            found.append(manifest.parent.name)
    return found


def chosen(names):
    """Return (addons, folders) that the user named, or all of them.

    Refuses what does not exist. Folders are those with tests outside the addons.
    """
    addons_here = addons()
    folders_here = [x for x in PLAIN_FOLDERS + PROCESS_FOLDERS if has_tests(x)]
    for name in names:
        if name not in addons_here + folders_here:
            raise CannotGoOn(
                f"There is nothing to test under the name '{name}'; there is "
                f"{', '.join(addons_here + folders_here)}."
            )
    if not names:
        return addons_here, folders_here
    return (
        [name for name in addons_here if name in names],
        [name for name in folders_here if name in names],
    )


def has_tests(folder):
    """Tell whether a folder has a folder ``tests`` with something in it."""
    return any((places.REPO / folder / "tests").glob("test_*.py"))
