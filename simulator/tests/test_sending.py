"""A stand-in keeps what it has to say until it is taken, with the same id and bytes."""

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import requests

from simulator import journal as send_log
from simulator import system as systems
from simulator.event import Record
from simulator.fieldbook import Fieldbook
from simulator.journal import Journal
from simulator.ledgerline import Ledgerline
from simulator.scheduler import Scheduler


class Receiver:
    """A stand-in for Odoo that gives the answers it is told to, then 202."""

    def __init__(self):
        self.answers = []
        self.requests = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def _take(self):
                length = int(self.headers["Content-Length"])
                body = self.rfile.read(length)
                receiver.requests.append((self.path, dict(self.headers), body))
                status, headers = (
                    receiver.answers.pop(0) if receiver.answers else (202, {})
                )
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"{}")

            do_POST = do_PUT = _take

            def log_message(self, *arguments):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.address = f"http://127.0.0.1:{self.server.server_address[1]}"

    def close(self):
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def receiver():
    receiver = Receiver()
    yield receiver
    receiver.close()


@pytest.fixture
def start(receiver, tmp_path, monkeypatch):
    monkeypatch.setattr(systems, "pause_before", lambda attempt, retry_after="": 0.01)
    started = []

    def make(kind, **keywords):
        journal = Journal(tmp_path / f"{kind.code}.jsonl")
        system = kind(receiver.address, journal, **keywords)
        system.start()
        started.append(system)
        return system

    yield make
    for system in started:
        system.stop()


def until_sent(system):
    deadline = time.monotonic() + 10
    while system.waiting() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not system.waiting()
    return send_log.read(system.journal.path)


def vendor(number=1):
    return Record("vendor", f"V-{number}", {"name": f"Vendor {number}"})


def test_an_event_is_repeated_with_the_same_id_and_bytes_until_it_is_taken(
    receiver, start
):
    receiver.answers = [(503, {}), (429, {}), (202, {})]
    ledgerline = start(Ledgerline)
    ledgerline.tell([vendor()])
    lines = until_sent(ledgerline)
    assert [line["status"] for line in lines] == [503, 429, 202]
    assert [line["attempt"] for line in lines] == [1, 2, 3]
    assert len({body for _path, _headers, body in receiver.requests}) == 1


def test_a_refusal_is_noted_and_not_repeated(receiver, start):
    receiver.answers = [(422, {})]
    ledgerline = start(Ledgerline)
    ledgerline.tell([vendor()])
    assert [line["status"] for line in until_sent(ledgerline)] == [422]


def test_nobody_there_counts_as_a_try_and_is_repeated(receiver, start, tmp_path):
    ledgerline = start(Ledgerline)
    ledgerline.odoo = "http://127.0.0.1:9"
    ledgerline.tell([vendor()])
    while not send_log.read(ledgerline.journal.path):
        time.sleep(0.01)
    ledgerline.odoo = receiver.address
    lines = until_sent(ledgerline)
    assert lines[0]["status"] is None
    assert lines[-1]["status"] == 202


def test_a_duplicate_has_the_same_id_and_the_same_bytes(receiver, start):
    ledgerline = start(Ledgerline)
    ledgerline.faults.duplicate_every = 1
    ledgerline.tell([vendor()])
    until_sent(ledgerline)
    first, second = (body for _path, _headers, body in receiver.requests)
    assert first == second


def test_a_system_that_is_down_sends_its_backlog_afterwards(receiver, start):
    ledgerline = start(Ledgerline)
    ledgerline.faults.down_for(0.3)
    ledgerline.tell([vendor(1), vendor(2)])
    time.sleep(0.1)
    assert not receiver.requests
    assert ledgerline.waiting() == 2
    assert len(until_sent(ledgerline)) == 2


def test_the_field_system_sends_batches(receiver, start):
    fieldbook = start(Fieldbook)
    fieldbook.tell([vendor(number) for number in range(60)])
    until_sent(fieldbook)
    sizes = [len(json.loads(body)) for _path, _headers, body in receiver.requests]
    assert sizes == [25, 25, 10]


def test_the_scheduler_puts_objects_whose_ids_have_slashes(receiver, start):
    scheduler = start(Scheduler)
    scheduler.tell([Record("wbs_node", "RMC/20/A", {"code": "A"}, version=7)])
    until_sent(scheduler)
    path, headers, _body = receiver.requests[0]
    assert path.endswith("/wbs_node/RMC%2F20%2FA")
    assert headers["Sync-Sequence"] == "7"


def test_every_request_and_every_page_says_that_it_is_a_simulator(receiver, start):
    ledgerline = start(Ledgerline)
    ledgerline.tell([Record("vendor", "<b>V</b>", {"name": "<script>"})])
    until_sent(ledgerline)
    assert receiver.requests[0][1]["X-Simulator"] == "construction-sync"
    for path in ("/", "/log", "/health", "/nothing"):
        page = requests.get(ledgerline.address + path, timeout=5)
        assert page.headers["X-Simulator"] == "construction-sync"
    page = requests.get(ledgerline.address, timeout=5).text
    assert "simulator" in page
    assert "<b>V</b>" not in page
    assert "&lt;b&gt;V&lt;/b&gt;" in page


def test_the_switches_can_be_set_on_the_page_but_not_from_another_site(start):
    ledgerline = start(Ledgerline)
    form = {"duplicate_every": "4", "order": "reversed"}
    requests.post(f"{ledgerline.address}/faults", data=form, timeout=5)
    assert (ledgerline.faults.duplicate_every, ledgerline.faults.order) == (
        4,
        "reversed",
    )
    refused = requests.post(
        f"{ledgerline.address}/faults",
        data={"down": "60"},
        headers={"Origin": "http://elsewhere.example"},
        timeout=5,
    )
    assert refused.status_code == 403
    assert ledgerline.faults.down_seconds == 0


def test_the_pause_doubles_up_to_half_a_minute_and_heeds_the_receiver():
    def pause(attempt, asked=""):
        return systems.pause_before(attempt, asked, jitter=lambda: 0.5)

    assert [pause(attempt) for attempt in (2, 3, 4)] == [0.5, 1.0, 2.0]
    assert pause(20) == 30
    assert pause(2, "7") == 7
    assert pause(2, "Wed, 21 Oct 2026 07:28:00 GMT") == 0.5
