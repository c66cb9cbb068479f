"""Which rows of the feature list the tests claim, and how these tests ended."""

import ast
import re
from collections import Counter
from dataclasses import dataclass

from tools import junit, places
from tools.feature_titles import TITLES

DECORATOR = "rows"


@dataclass
class Row:
    """A claimed row: its tests as (name, outcome) pairs."""

    code: str
    title: str
    tests: list

    @property
    def state(self):
        """One word over all its tests; a skipped test proves nothing."""
        outcomes = {outcome for _test, outcome in self.tests}
        for word in ("failed", "not run", "skipped"):
            if word in outcomes:
                return word
        return "passed"

    @property
    def summary(self):
        """How many tests there are and how they ended, in words."""
        counted = Counter(outcome for _test, outcome in self.tests)
        noun = "test" if len(self.tests) == 1 else "tests"
        if set(counted) == {"passed"}:
            return f"{len(self.tests)} {noun}"
        parts = ", ".join(
            f"{number} {word}" for word, number in sorted(counted.items())
        )
        return f"{len(self.tests)} {noun}: {parts}"


def order(code):
    """Sort key: features first, then faults, numbers as numbers."""
    letters, number = re.match(r"(\D*)(\d*)", code).groups()
    return (not re.fullmatch(r"F\d+", code), letters, int(number or 0), code)


def rows_of_file(path):
    """Yield (row code, class name, test name) for the decorated tests of a file.

    A decorator on a class counts for each test in it.
    """
    tree = ast.parse(path.read_text("utf-8"), str(path))
    yield from _of_body(tree.body, "", [])


def _of_body(body, group, inherited):
    for node in body:
        if isinstance(node, ast.ClassDef):
            yield from _of_body(node.body, node.name, inherited + _codes(node))
        elif isinstance(node, ast.FunctionDef) and node.name.startswith("test"):
            for code in [*inherited, *_codes(node)]:
                yield code, group, node.name


def _codes(node):
    found = []
    for call in node.decorator_list:
        if not isinstance(call, ast.Call):
            continue
        name = getattr(call.func, "id", getattr(call.func, "attr", None))
        if name == DECORATOR:
            found += [x.value for x in call.args if isinstance(x, ast.Constant)]
    return found


def test_files():
    """Return every test file of the repository."""
    return sorted(places.REPO.glob("*/tests/**/test_*.py"))


def last_outcomes():
    """Return {(file stem, class, test): outcome} of the last ``./run test``.

    The variants of a parametrised test count as one, the worst outcome wins.
    """
    rank = {"passed": 0, "skipped": 1, "failed": 2}
    found = {}
    for report in sorted((places.VAR / "junit").glob("*.xml")):
        for case in junit.cases(report):
            name = case.name.partition("[")[0]
            key = (case.module.rpartition(".")[2], case.group, name)
            before = found.get(key, "passed")
            found[key] = max(before, case.outcome, key=rank.__getitem__)
    return found


def claimed():
    """Return the Rows that tests name, in the order of the list."""
    outcomes = last_outcomes()
    found = {}
    for path in test_files():
        for code, group, name in rows_of_file(path):
            outcome = outcomes.get((path.stem, group, name), "not run")
            place = f"{path.relative_to(places.REPO)}::{group}::{name}"
            title = TITLES.get(code, "(no such row)")
            row = found.setdefault(code, Row(code, title, []))
            row.tests.append((place.replace("::::", "::"), outcome))
    return [found[code] for code in sorted(found, key=order)]
