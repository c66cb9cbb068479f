"""Calls over HTTP, as plain as they can be: the client must not be what is measured."""

import http.client
import json
import time
from dataclasses import dataclass

from . import records

BASE = "/construction_sync/v1"


@dataclass(frozen=True)
class Answer:
    """Status, headers and body of an answer, and how many seconds it took."""

    status: int
    headers: dict
    raw: bytes
    seconds: float

    @property
    def json(self):
        """The body as a value."""
        return json.loads(self.raw)


def call(port, method, path, body=None, headers=None):
    """One call on a connection of its own (Odoo closes it after each answer)."""
    started = time.perf_counter()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=300)
    try:
        connection.request(method, path, body, headers or {})
        answer = connection.getresponse()
        raw = answer.read()
    finally:
        connection.close()
    seconds = time.perf_counter() - started
    return Answer(answer.status, dict(answer.getheaders()), raw, seconds)


def get(port, path, key=None):
    """GET ``path``."""
    return call(port, "GET", path, None, _bearer(key) if key else None)


def post_batch(port, key, body):
    """POST a batch of events; every one of them must have been accepted."""
    answer = call(
        port,
        "POST",
        f"{BASE}/events",
        body,
        {"Content-Type": "application/cloudevents-batch+json", **_bearer(key)},
    )
    counts = answer.json
    if answer.status != 202 or counts["rejected"] or counts["duplicate"]:
        raise AssertionError(f"A batch was not taken: {answer.raw[:500]!r}")
    return answer


def post_event(port, key, event):
    """POST one event."""
    answer = call(
        port,
        "POST",
        f"{BASE}/events",
        event,
        {"Content-Type": "application/cloudevents+json", **_bearer(key)},
    )
    if answer.status != 202:
        raise AssertionError(f"An event was not taken: {answer.raw[:500]!r}")
    return answer


def create_partner(port, key, number):
    """Create the same vendor through JSON-2, Odoo's own API."""
    answer = call(
        port,
        "POST",
        "/json/2/res.partner/create",
        json.dumps({"vals_list": [records.vendor_values(number)]}),
        {"Content-Type": "application/json", **_bearer(key)},
    )
    if answer.status != 200:
        raise AssertionError(f"JSON-2 refused a partner: {answer.raw[:500]!r}")
    return answer


def _bearer(key):
    return {"Authorization": f"Bearer {key}"}
