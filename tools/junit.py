"""Reading pytest's junit reports: which test ended how."""

from collections import Counter
from dataclasses import dataclass
from xml.etree import ElementTree

EMPTY_REASONS = ("", "unconditional skip", "Skipped", "got empty parameter set")


@dataclass(frozen=True)
class Case:
    """One test: "passed", "failed" or "skipped", and why in the last two."""

    module: str
    group: str
    name: str
    outcome: str
    reason: str = ""


def cases(path):
    """Return the cases of a report; an error in set-up or tear-down is a failure."""
    if not path.exists():
        return []
    found = []
    for element in ElementTree.parse(path).getroot().iter("testcase"):
        outcome, reason = "passed", ""
        for kind, name in (
            ("skipped", "skipped"),
            ("error", "failed"),
            ("failure", "failed"),
        ):
            mark = element.find(kind)
            if mark is not None:
                outcome, reason = name, mark.get("message") or ""
        place = element.get("classname", "")
        module, _dot, group = place.rpartition(".")
        if not group[:1].isupper():
            module, group = place, ""
        found.append(Case(module, group, element.get("name"), outcome, reason))
    return found


def count(found):
    """Return a Counter of outcomes."""
    return Counter(case.outcome for case in found)


def skipped_without_reason(found):
    """Return the cases that were skipped and do not say why."""
    return [
        case
        for case in found
        if case.outcome == "skipped"
        and case.reason.removeprefix("Skipped:").strip() in EMPTY_REASONS
    ]


def closing_line(totals):
    """Return the line by which a run ends: ``12 passed, 0 failed, 1 skipped``."""
    return ", ".join(
        f"{totals[name]} {name}" for name in ("passed", "failed", "skipped")
    )
