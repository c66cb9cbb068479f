"""The chaos proxy does what it is told, seen from a client's side."""

import os
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import psycopg2
import pytest
import requests

from harness.chaos_proxy import ChaosProxy
from harness.installation import Installation

BODY = b"x" * 1000


class Echo(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.server.asked += 1
        self.send_response(200)
        self.send_header("Content-Length", str(len(BODY)))
        self.end_headers()
        self.wfile.write(BODY)

    def log_message(self, *_args):
        pass


@pytest.fixture
def far():
    """A web server on the loopback that counts what reached it."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    server.asked = 0
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def proxy(far):
    with ChaosProxy("127.0.0.1", far.server_port) as running:
        yield running


def get(proxy, timeout=3):
    return requests.get(f"http://127.0.0.1:{proxy.port}/", timeout=timeout)


def test_it_lets_through_what_it_was_told_nothing_about(proxy):
    assert get(proxy).content == BODY


def test_an_answer_that_is_lost_reached_the_server(proxy, far):
    proxy.cut_answers(after=0)
    with pytest.raises(requests.ConnectionError):
        get(proxy)
    assert far.asked == 1
    assert get(proxy).ok


def test_an_answer_is_cut_after_so_many_bytes(proxy):
    proxy.cut_answers(after=400)
    with pytest.raises(
        (requests.ConnectionError, requests.exceptions.ChunkedEncodingError)
    ):
        get(proxy)
    assert get(proxy).content == BODY


def test_nobody_listens_while_it_refuses(proxy, far):
    with proxy.refusing():
        with pytest.raises(requests.ConnectionError):
            get(proxy)
    assert get(proxy).ok
    assert far.asked == 1


def test_a_half_open_connection_says_nothing(proxy):
    with proxy.half_open():
        with pytest.raises(requests.ReadTimeout):
            get(proxy, timeout=0.5)
    assert get(proxy).ok


def test_a_delay_delays(proxy):
    proxy.delay = 0.3
    start = time.monotonic()
    assert get(proxy).ok
    assert time.monotonic() - start > 0.3


@pytest.fixture
def database():
    """``(proxy in front of PostgreSQL, connection through it, direct one)``."""
    config = os.environ.get("CONSTRUCTION_SYNC_CONFIG")
    if not config:
        pytest.skip("no PostgreSQL given; ./run test gives one")
    place = Installation(Path(config), "postgres", Path("odoo"), Path("var/harness"))
    with place.proxy() as running:
        yield running, place


def test_a_commit_stands_though_its_acknowledgement_is_lost(database):
    proxy, place = database
    table = f"chaos_{os.getpid()}"
    # not every role may make tables in the database that is there
    place.database = table
    place.copy_of("template1")
    place.query(f"CREATE TABLE {table} (n int)")
    try:
        through = place.connect_through(proxy)
        rule = proxy.lose_commit(f"INSERT INTO {table}")
        with through.cursor() as cursor:
            cursor.execute("SELECT 1")
            through.commit()
            cursor.execute(f"INSERT INTO {table} VALUES (1)")
            with pytest.raises(psycopg2.OperationalError):
                through.commit()
        assert rule.done == 1
        assert place.query(f"SELECT n FROM {table}") == [(1,)]
    finally:
        place.drop()


def test_a_statement_gets_the_error_that_was_ordered(database):
    proxy, place = database
    through = place.connect_through(proxy)
    proxy.answer_with("40001", "SELECT 7", times=2)
    with through.cursor() as cursor:
        for _time in range(2):
            with pytest.raises(psycopg2.errors.SerializationFailure):
                cursor.execute("SELECT 7")
            through.rollback()
        cursor.execute("SELECT 7")
        assert cursor.fetchone() == (7,)
    through.close()


def test_newcomers_are_turned_away_without_free_connections(database):
    proxy, place = database
    with proxy.without_connections():
        with pytest.raises(psycopg2.OperationalError, match="too many clients"):
            place.connect_through(proxy)
    place.connect_through(proxy).close()
