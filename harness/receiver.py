"""The outside system that Odoo sends to: it takes what comes, answers as it is told,
and logs each arrival before it answers.

One server plays any number of receiving systems, each under a path with its code. What
it takes it takes once per webhook-id, as every receiver of Standard Webhooks must.
"""

import hashlib
import json
import socket
import struct
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from harness.out_checker import Receipt


@dataclass
class Mood:
    """How one receiving system behaves.

    :param delay: seconds before it answers
    :param refuse: ``(status, how often)``: not taken, and answered so
    :param lose: how many of the next arrivals are taken and their answer is lost
    :param share: of its arrivals a share is answered 500, or taken without an answer
    """

    delay: float = 0.0
    refuse: tuple = (0, 0)
    lose: int = 0
    share: float = 0.0
    counter: int = 0
    seen: set = field(default_factory=set)


class Receiver:
    """``http://127.0.0.1:port/<system>``, and the log of what came there.

    :param path: the receive log, JSON lines
    """

    def __init__(self, path):
        self.path = path
        self.moods = {}
        self._lock = threading.Lock()
        self._stream = path.open("w", encoding="utf-8")
        handler = type("Door", (_Door,), {"receiver": self})
        self._server = _Server(("127.0.0.1", 0), handler)
        self.port = self._server.server_port

    def address(self, system, port=None):
        return f"http://127.0.0.1:{port or self.port}/{system}"

    def mood(self, system):
        return self.moods.setdefault(system, Mood())

    def __enter__(self):
        threading.Thread(
            target=self._server.serve_forever, args=(0.05,), daemon=True
        ).start()
        return self

    def __exit__(self, *_exc):
        self._server.shutdown()
        self._server.server_close()
        self._stream.close()

    def arrive(self, system, message_id, raw):
        """Take or refuse one arrival and log it; returns ``(status, seconds to wait,
        whether the answer is lost)``."""
        with self._lock:
            mood = self.mood(system)
            mood.counter += 1
            status, lost = 204, False
            code, times = mood.refuse
            if times:
                mood.refuse, status = (code, times - 1), code
            elif mood.lose:
                mood.lose, lost = mood.lose - 1, True
            elif mood.share and (mood.counter * 0.618) % 1 < mood.share:
                lost = mood.counter % 2 == 0
                status = 204 if lost else 500
            taken = status < 300
            line = {
                "at": time.time(),
                "system": system,
                "id": message_id,
                "sha256": hashlib.sha256(raw).hexdigest(),
                "status": status,
                "taken": taken,
                "lost": lost,
                **_said(raw),
            }
            self._stream.write(json.dumps(line) + "\n")
            self._stream.flush()
        return status, mood.delay, lost

    def count(self, system):
        return self.mood(system).counter


def _said(raw):
    """What a body says it is about."""
    try:
        event = json.loads(raw)
        return {
            "entity": event["type"].split(".")[1],
            "object": event.get("odooid") or event.get("subject") or "",
            "sequence": int(event.get("sequence") or 0),
            "value": (event.get("data") or {}).get("name"),
        }
    except (ValueError, KeyError, IndexError):
        return {}


def read(path):
    """Receipts of a receive log."""
    with path.open(encoding="utf-8") as stream:
        lines = [json.loads(line) for line in stream]
    names = Receipt.__dataclass_fields__
    return [Receipt(**{k: v for k, v in line.items() if k in names}) for line in lines]


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request, client_address):
        """Who dies in the middle of a request is no news here."""


class _Door(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    receiver = None
    timeout = 60

    def do_POST(self):
        length = int(self.headers.get("Content-Length") or 0)
        raw = self.rfile.read(length)
        if len(raw) < length:
            # who sent it died half way: no receiver takes that for a request
            self.close_connection = True
            return
        status, delay, lost = self.receiver.arrive(
            self.path.strip("/").split("/")[0], self.headers.get("webhook-id", ""), raw
        )
        if delay:
            time.sleep(delay)
        if lost:
            self.connection.setsockopt(
                socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
            )
            self.close_connection = True
            self.connection.close()
            return
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.send_header("X-Simulator", "construction-sync harness")
        self.end_headers()

    def log_message(self, *_args):
        pass
