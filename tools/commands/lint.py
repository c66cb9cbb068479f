"""The house checks: ruff, pylint-odoo, the OCA's hooks, and our own.

With --fix, ruff repairs what it can first.
"""

import os

from tools import house_checks, places, set_up, suite
from tools.program import ProgramFailed, run_logged
from tools.terminal import say


def add_arguments(sub):
    """Add this command's options."""
    sub.add_argument("--fix", action="store_true", help="let ruff repair and format")


def main(arguments):
    """Run every check, also after one has found something; 1 when any has."""
    environment = set_up.side_environment(".venv-lint", "lint", "Lint tools")
    programs = environment.folder / "bin"
    addons = suite.addons()
    catalogues = sorted(places.REPO.glob("*/i18n/*.po*"))
    ruff = programs / "ruff"
    if arguments.fix:
        _check("ruff --fix", [ruff, "check", "--fix", "--quiet", "."])
        _check("ruff format", [ruff, "format", "--quiet", "."])
    results = [
        _check("ruff", [ruff, "check", "."]),
        _check("ruff format", [ruff, "format", "--check", "."]),
        _check("pylint-odoo", [programs / "pylint", "--rcfile=.pylintrc", *addons]),
        _check("OCA's module hooks", [programs / "oca-checks-odoo-module", *addons]),
    ]
    if catalogues:
        hook = programs / "oca-checks-po"
        results.append(_check("OCA's translation hooks", [hook, *catalogues]))
    findings = house_checks.check_all()
    for finding in findings:
        say(str(finding))
    say(f"house checks: {f'{len(findings)} findings' if findings else 'clean'}")
    return 0 if all(results) and not findings else 1


def _check(name, command):
    environ = {**os.environ, "PATH": f"{command[0].parent}{os.pathsep}{os.defpath}"}
    try:
        run_logged(command, name, "lint.log", cwd=places.REPO, env=environ)
    except ProgramFailed as failure:
        say(failure.output)
        say(f"{name}: found the above")
        return False
    say(f"{name}: clean")
    return True
