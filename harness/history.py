"""What the senders did and what was done to the software, as JSON lines.

The history is the senders' own log: the checker believes it and the database, and
nothing that the software says of itself. Kinds of lines:

``send``    an event before its first try: ``system``, ``event``, ``entity``,
            ``object``, ``version`` (None: order is the order of sending), ``ordinal``
            (place among the object's sends), ``value`` (what the object must then
            say), ``poison`` (it is meant to be set before a person)
``answer``  its 2xx: ``event``, ``status``, ``outcome``, ``message``; the first one
            is the promise that it is never lost (P1)
``refused`` an answer that no further try will change
``failed``  a try without a final answer: ``events``, ``why``
``fault``   what was killed: ``target``, ``pid``
"""

import json
import threading
import time


class History:
    """A list of lines that many threads add to, written to a file as it grows."""

    def __init__(self, path=None):
        self.lines = []
        self._lock = threading.Lock()
        self._stream = path.open("w", encoding="utf-8") if path else None

    def add(self, kind, **values):
        line = {"kind": kind, "at": round(time.time(), 3), **values}
        with self._lock:
            self.lines.append(line)
            if self._stream:
                self._stream.write(json.dumps(line) + "\n")

    def of(self, kind):
        with self._lock:
            return [line for line in self.lines if line["kind"] == kind]

    def close(self):
        if self._stream:
            self._stream.close()
