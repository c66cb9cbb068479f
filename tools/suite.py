"""Which addons and test folders the repository has."""

import ast

from tools import places
from tools.terminal import CannotGoOn

# Folders with tests of plain Python, run without an Odoo registry.
PLAIN_FOLDERS = ("tools", "simulator", "benchmarks")


def addons():
    """Return the names of the installable addons at the top of the repository."""
    found = []
    for manifest in sorted(places.REPO.glob("*/__manifest__.py")):
        if ast.literal_eval(manifest.read_text("utf-8")).get("installable", True):
            found.append(manifest.parent.name)
    return found


def chosen(names):
    """Return the addons that the user named, or all; refuse what does not exist."""
    known = addons()
    for name in names:
        if name not in known:
            raise CannotGoOn(
                f"There is no addon '{name}'; the addons are {', '.join(known)}."
            )
    return list(names) or known
