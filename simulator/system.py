"""The common part of every stand-in: it keeps what it has to say, sends it to
Odoo until Odoo has taken it, and shows on a page of its own what happened."""

import heapq
import json
import random
import threading
import time

import requests

from . import API, SIMULATOR_HEADER
from .event import Call, Event
from .faults import Faults
from .page import serve

TRY_AGAIN = frozenset({408, 409, 425, 429})
LONGEST_WAIT = 30.0
TIMEOUT = (5, 60)


class System:
    """A connected system.

    :param odoo: Odoo's address, such as ``http://127.0.0.1:8069``
    :param journal: its send log
    :param database: named to Odoo in a header where it serves several
    :param faults: its switches
    """

    code = ""
    title = ""
    describes = ""

    def __init__(self, odoo, journal, database="", faults=None):
        self.odoo = odoo.rstrip("/")
        self.journal = journal
        self.faults = faults or Faults()
        self.key = ""
        self.database = database
        self.address = ""
        self._due = []
        self._under_way = 0
        self._changed = threading.Condition()
        self._stopping = False
        self._threads = []
        self._server = None

    # What a stand-in of one kind decides

    def event(self, record):
        """One record as an event in this system's dialect."""
        return Event((record,))

    def pack(self, events):
        """Events as the calls that carry them; one each unless it can batch."""
        return [self.call(event) for event in events]

    def call(self, event):
        """The request for one event."""
        raise NotImplementedError

    def credentials(self, call):
        """Headers that prove who is calling, made anew for every try."""
        return {"Authorization": f"Bearer {self.key}"}

    def outcomes(self, call, status, answer):
        """What became of each event of a call that was answered."""
        return [str(status)] * len(call.events)

    def one_more(self):
        """Records for a small change made by hand on the status page."""
        return []

    # Saying things

    def tell(self, records):
        """Something changed in this system: put it in line for Odoo."""
        self.put([self.event(record) for record in records])

    def put(self, events):
        """Put events in line, with this system's faults."""
        calls = self.pack(self.faults.arrange(events))
        now = time.monotonic()
        with self._changed:
            for call in calls:
                heapq.heappush(self._due, (now, call.number, call))
            self._changed.notify_all()

    def waiting(self):
        """How many calls Odoo has not yet taken."""
        with self._changed:
            return len(self._due) + self._under_way

    def wake(self):
        """Look at the switches again: they were changed."""
        with self._changed:
            self._changed.notify_all()

    # Life

    def start(self, port=0):
        """Start sending, and serve the status page on loopback."""
        self._server = serve(self, port)
        self.address = f"http://127.0.0.1:{self._server.server_address[1]}"
        for number in range(self.faults.burst):
            thread = threading.Thread(
                target=self._send, name=f"{self.code}-{number}", daemon=True
            )
            thread.start()
            self._threads.append(thread)

    def stop(self):
        """Stop after the calls under way; what is still in line is left unsent."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join(timeout=TIMEOUT[1])
        if self._server:
            self._server.shutdown()
            self._server.server_close()

    def _next(self):
        """The next call whose time has come, or None when stopping."""
        with self._changed:
            while not self._stopping:
                wait = self.faults.down_seconds
                if not wait and self._due:
                    wait = self._due[0][0] - time.monotonic()
                    if wait <= 0:
                        self._under_way += 1
                        return heapq.heappop(self._due)[2]
                self._changed.wait(wait or None)
        return None

    def _send(self):
        with requests.Session() as session:
            session.trust_env = False
            while call := self._next():
                pause = self._try(session, call)
                with self._changed:
                    self._under_way -= 1
                    if pause is not None:
                        due = time.monotonic() + pause
                        heapq.heappush(self._due, (due, call.number, call))
                    self._changed.notify_all()

    def _try(self, session, call):
        """Send once; the seconds until the next try, or None when it is over."""
        call.attempts += 1
        started = time.monotonic()
        headers = dict([SIMULATOR_HEADER], **call.headers, **self.credentials(call))
        if self.database:
            headers["X-Odoo-Database"] = self.database
        try:
            response = session.request(
                call.method,
                self.odoo + call.path,
                data=call.body,
                headers=headers,
                timeout=TIMEOUT,
                allow_redirects=False,
            )
        except requests.RequestException as error:
            status, answer, retry_after = None, f"{type(error).__name__}: {error}", ""
            outcomes = ["no answer"] * len(call.events)
        else:
            status = response.status_code
            answer = readable(response)
            retry_after = response.headers.get("Retry-After", "")
            outcomes = self.outcomes(call, status, answer)
        spent = round((time.monotonic() - started) * 1000)
        self.journal.write(self.code, call, status, answer, spent, outcomes)
        if status is not None and not self.try_again(call, status, answer):
            return None
        return pause_before(call.attempts + 1, retry_after)

    def try_again(self, call, status, answer):
        """Whether a real sender would repeat the call after this answer."""
        return status in TRY_AGAIN or status >= 500


def pause_before(attempt, retry_after="", jitter=random.random):
    """Seconds to wait before the n-th try: half a second, doubled every time, at
    most 30, give or take a fifth; never less than the receiver asked for."""
    pause = min(LONGEST_WAIT, 0.5 * 2 ** (attempt - 2)) * (0.8 + 0.4 * jitter())
    if retry_after.isdigit():
        pause = max(pause, min(LONGEST_WAIT, int(retry_after)))
    return pause


def readable(response):
    """The answer's body as JSON where it is JSON, else as text cut short."""
    try:
        return response.json()
    except ValueError:
        return response.text[:2000]


def canonical_event(event, source):
    """A CloudEvents 1.0 event (JSON format) for an event with one record."""
    (record,) = event.records
    deletion = ".deleted" if record.deleted else ""
    attributes = {
        "specversion": "1.0",
        "id": event.id,
        "source": source,
        "type": f"construction.{record.entity}{deletion}.v1",
        "subject": record.external_id,
        "time": event.time,
        "datacontenttype": "application/json",
    }
    if record.version is not None:
        attributes["sequence"] = str(record.version)
    if not record.deleted:
        attributes["data"] = record.data
    return attributes


def json_bytes(value):
    """JSON as it goes on the wire."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def batch_call(events, source):
    """``POST /events`` with a batch of canonical events."""
    return Call(
        "POST",
        f"{API}/events",
        json_bytes([canonical_event(event, source) for event in events]),
        {"Content-Type": "application/cloudevents-batch+json"},
        tuple(events),
    )


def single_call(event, source):
    """``POST /events`` with one canonical event."""
    return Call(
        "POST",
        f"{API}/events",
        json_bytes(canonical_event(event, source)),
        {"Content-Type": "application/cloudevents+json"},
        (event,),
    )


def event_outcomes(call, status, answer):
    """The status that ``POST /events`` gave each event, by position."""
    listed = answer.get("events") if isinstance(answer, dict) else None
    if not listed or len(listed) != len(call.events):
        return [str(status)] * len(call.events)
    return [one.get("status", str(status)) for one in listed]
