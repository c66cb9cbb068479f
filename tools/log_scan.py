"""Finding what an Odoo log complains about.

A test that expects a warning catches it (``assertLogs``, ``mute_logger``), and then
it never reaches the log file. So each line at WARNING or above that did is one
that nobody expected.
"""

import re
from dataclasses import dataclass

LINE = re.compile(
    r"^\d{4}-\d\d-\d\d [\d:,]+ \d+ "
    r"(?P<level>DEBUG|INFO|WARNING|ERROR|CRITICAL|RUNBOT|TEST) "
    r"(?P<database>\S+) (?P<logger>[^:]+): (?P<message>.*)$"
)
LEVELS = {"WARNING": 1, "ERROR": 2, "CRITICAL": 3}
# Complaints of others that we cannot mend, each with its reason.
FOREIGN = (
    # Odoo's test browser, about a page that was still loading when its test had ended.
    re.compile(r"\.browser: Error received after termination"),
    # Odoo 19 itself imports the package of that name.
    re.compile(r"PyPDF2 is deprecated"),
    # Odoo's own use of a library that has moved on (newest versions only).
    re.compile(r"py\.warnings: \S+/site-packages/(?!odoo/addons/construction)"),
    re.compile(r"py\.warnings: \S+/odoo/(addons/(?!construction)|tools|orm|http)"),
)


@dataclass(frozen=True)
class Complaint:
    """One line at WARNING or above, with the lines that belong to it."""

    number: int
    level: str
    logger: str
    text: str


def complaints(lines, at_least="WARNING"):
    """Yield a Complaint for each entry at that level that is not somebody else's."""
    entry = None
    for number, line in enumerate(lines, start=1):
        line = line.rstrip("\n")
        found = LINE.match(line)
        if not found:
            if entry:
                entry[3].append(line)
            continue
        yield from _finished(entry)
        entry = None
        if LEVELS.get(found["level"], 0) >= LEVELS[at_least]:
            entry = (number, found["level"], found["logger"], [line])
    yield from _finished(entry)


def _finished(entry):
    if entry is None:
        return
    number, level, logger, lines = entry
    if any(foreign.search(lines[0]) for foreign in FOREIGN):
        return
    yield Complaint(number, level, logger, "\n".join(lines[:12]))


def scan(path, at_least="WARNING"):
    """Return the complaints in a log file; none in a file that is not there."""
    if not path.exists():
        return []
    with path.open(encoding="utf-8", errors="replace") as stream:
        return list(complaints(stream, at_least))
