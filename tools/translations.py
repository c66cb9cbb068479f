"""The .pot file of each addon: exporting it, and telling whether it is stale."""

import ast
import re

from tools import places
from tools.program import ProgramFailed, run_logged
from tools.terminal import CannotGoOn

ENTRY = re.compile(r'^msgid ((?:".*"\n)+)', re.MULTILINE)


def pot_file(addon):
    """Return where an addon keeps its template."""
    return places.REPO / addon / "i18n" / f"{addon}.pot"


def export(workshop, configuration, database, addons):
    """Return {addon: text of its .pot} as the code in ``database`` has it now."""
    folder = places.VAR / "translations"
    folder.mkdir(exist_ok=True)
    texts = {}
    for addon in addons:
        target = folder / f"{addon}.pot"
        command = [workshop.odoo_bin, "i18n", "export", "--config", configuration]
        command += ["--database", database, "--output", target, addon]
        target.unlink(missing_ok=True)
        try:
            run_logged(command, "Translations", env=workshop.environ)
        except ProgramFailed as failure:
            raise CannotGoOn(
                f"Odoo could not export the terms of {addon}: "
                f"{failure.output.splitlines()[-1:]}.",
                code=1,
            ) from failure
        texts[addon] = target.read_text("utf-8") if target.exists() else ""
    return texts


def terms(text):
    """Return the set of terms (msgid) in the text of a .pot file."""
    found = {
        "".join(ast.literal_eval(line) for line in block.splitlines())
        for block in ENTRY.findall(text)
    }
    return found - {""}


def stale(exported):
    """Return {addon: what differs} for each addon whose .pot is not what it has."""
    found = {}
    for addon, text in exported.items():
        path = pot_file(addon)
        want, have = terms(text), set()
        if path.exists():
            have = terms(path.read_text("utf-8"))
        if want != have:
            example = sorted(want ^ have)[0]
            found[addon] = (
                f"{len(want - have)} terms missing, {len(have - want)} left over, "
                f"for example {example[:60]!r}"
            )
    return found
