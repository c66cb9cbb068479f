"""A foreign REST interface for tests: real HTTP on loopback, with faults on demand."""

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit


class Reply:
    """An answer of the server.

    ``body`` is bytes or anything JSON can write. ``cut`` sends so many bytes of it and
    hangs up; ``pause`` waits before the answer, ``drip`` between its bytes (seconds);
    ``length`` False leaves Content-Length out.
    """

    def __init__(self, body=b"", status=200, headers=None, *, cut=None, pause=0.0,
                 drip=0.0, length=True):  # fmt: skip
        self.body = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.status = status
        self.headers = headers or {}
        self.cut = cut
        self.pause = pause
        self.drip = drip
        self.length = length


class Call:
    """What the server was asked: method, path, parameters, headers, body."""

    def __init__(self, method, target, headers, body):
        parts = urlsplit(target)
        self.method = method
        self.target = target
        self.path = parts.path
        self.parameters = {n: v[-1] for n, v in parse_qs(parts.query).items()}
        self.headers = headers
        self.body = body

    def json(self):
        return json.loads(self.body)


class ForeignServer:
    """Answers with what ``answer(call)`` gives; keeps every call in ``calls``."""

    def __init__(self, answer):
        self.answer = answer
        self.calls = []
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_any(self):
                length = int(self.headers.get("Content-Length") or 0)
                body = self.rfile.read(length)
                call = Call(self.command, self.path, self.headers, body)
                server.calls.append(call)
                self._send(server.answer(call))

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = handle_any

            def _send(self, reply):
                time.sleep(reply.pause)
                self.send_response(reply.status)
                for name, value in reply.headers.items():
                    self.send_header(name, value)
                if reply.length:
                    self.send_header("Content-Length", str(len(reply.body)))
                else:
                    self.send_header("Connection", "close")
                    self.close_connection = True
                self.end_headers()
                body = reply.body if reply.cut is None else reply.body[: reply.cut]
                if reply.cut is not None:
                    self.close_connection = True
                if not reply.drip:
                    self.wfile.write(body)
                    return
                for byte in body:
                    self.wfile.write(bytes([byte]))
                    self.wfile.flush()
                    time.sleep(reply.drip)

            def log_message(self, *arguments):
                pass

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self._http.handle_error = lambda *arguments: None
        self.address = f"http://127.0.0.1:{self._http.server_address[1]}"
        threading.Thread(target=self._http.serve_forever, daemon=True).start()

    def close(self):
        self._http.shutdown()
        self._http.server_close()
