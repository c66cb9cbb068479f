"""The receive log of a stand-in: JSON lines, one per call that came, readable by a
checker that knows nothing else.

A line is ``{"at", "receiver", "number", "method", "path", "id", "timestamp",
"headers", "sha256", "bytes", "subject", "type", "sequence", "odooid", "time",
"deleted", "proof", "duplicate", "received", "fault", "answer", "body"}``.

``proof`` is ``v1``, ``v1a``, ``token``, ``unchecked``, or ``refused: why``.
``received`` says whether a good receiver has taken it (``duplicate``: it had it
already); ``answer`` is the status that was given, null when none was; ``body`` is the
event, null when it is no JSON or when bodies are not kept.
"""

import json
import threading
from collections import deque
from datetime import datetime, timezone

#: headers that tell something about a delivery; none that proves who calls
TELLING = (
    "content-type",
    "user-agent",
    "idempotency-key",
    "traceparent",
    "procore-company-id",
)


class ReceiveLog:
    """Writes lines as calls come and keeps the latest for the page.

    :param path: the file (pathlib.Path), None for no file
    """

    def __init__(self, path=None, keep=400):
        self.path = path
        self.latest = deque(maxlen=keep)
        self._lock = threading.Lock()
        self._file = None
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = path.open("a", encoding="utf-8", buffering=1)

    def write(self, line):
        """Append one line; it is on its way to the disk before the answer is."""
        text = json.dumps(line, ensure_ascii=False, separators=(",", ":"))
        with self._lock:
            self.latest.append(line)
            if self._file is not None:
                self._file.write(text + "\n")

    def recent(self):
        """The latest lines, oldest first."""
        with self._lock:
            return list(self.latest)

    def close(self):
        """Close the file."""
        with self._lock:
            if self._file is not None:
                self._file.close()
                self._file = None


def stamp():
    """Now, with microseconds: calls of one millisecond keep their order."""
    now = datetime.now(timezone.utc).isoformat(timespec="microseconds")
    return now.replace("+00:00", "Z")
