"""The send log of a stand-in: JSON lines, one per try, readable by a checker.

A line is ``{"at", "system", "call", "attempt", "method", "path", "status",
"milliseconds", "answer", "events"}``; ``status`` is null when no answer came, and
``answer`` then says why. Each event is ``{"id", "outcome", "records"}`` and each
record ``{"entity", "external_id", "version", "deleted", "data", "person",
"kept_out"}``.
"""

import json
import threading
from collections import deque

from .event import utc_now


class Journal:
    """Writes lines to a file as they happen and keeps the latest for the page.

    :param path: the file (pathlib.Path); lines are appended
    :param keep: how many lines stay in memory
    """

    def __init__(self, path, keep=400):
        self.path = path
        self.latest = deque(maxlen=keep)
        self._lock = threading.Lock()
        path.parent.mkdir(parents=True, exist_ok=True)

    def write(self, system, call, status, answer, milliseconds, outcomes):
        """Note one try.

        :param outcomes: what became of each event of the call, in its order
        """
        line = {
            "at": utc_now(),
            "system": system,
            "call": call.number,
            "attempt": call.attempts,
            "method": call.method,
            "path": call.path,
            "status": status,
            "milliseconds": milliseconds,
            "answer": answer,
            "events": [
                {
                    "id": event.id,
                    "outcome": outcome,
                    "records": [_record(record) for record in event.records],
                }
                for event, outcome in zip(call.events, outcomes, strict=True)
            ],
        }
        text = json.dumps(line, ensure_ascii=False)
        with self._lock:
            self.latest.append(line)
            with self.path.open("a", encoding="utf-8") as log:
                log.write(text + "\n")

    def recent(self):
        """The latest lines, oldest first."""
        with self._lock:
            return list(self.latest)


def read(path):
    """All lines of a send log, oldest first; none when there is no such file."""
    if not path.exists():
        return []
    with path.open(encoding="utf-8") as log:
        return [json.loads(line) for line in log]


def _record(record):
    return {
        "entity": record.entity,
        "external_id": record.external_id,
        "version": record.version,
        "deleted": record.deleted,
        "data": record.data,
        "person": record.person,
        "kept_out": list(record.kept_out),
    }
