"""A receiver on loopback that answers as a test says and remembers what it got."""

import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Got:
    """One request as it came."""

    method: str
    path: str
    headers: dict
    body: bytes


@dataclass
class Say:
    """One answer."""

    status: int = 204
    headers: dict = field(default_factory=dict)
    body: bytes = b""


class Receiver:
    """``answers``: said in this order, the last one again and again; each may be a
    ``Say``, a status, or a function of the request."""

    def __init__(self, *answers):
        self.answers = list(answers) or [204]
        self.got = []
        self._lock = threading.Lock()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _any(self):
                length = int(self.headers.get("Content-Length") or 0)
                got = Got(
                    self.command, self.path, dict(self.headers), self.rfile.read(length)
                )
                say = receiver._say(got)
                self.send_response(say.status)
                for name, value in say.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(say.body)))
                self.end_headers()
                self.wfile.write(say.body)

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _any

            def log_message(self, *_arguments):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def address(self):
        return f"http://127.0.0.1:{self._server.server_address[1]}/hooks"

    def _say(self, got):
        with self._lock:
            self.got.append(got)
            answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if callable(answer):
            answer = answer(got)
        return answer if isinstance(answer, Say) else Say(answer)

    def close(self):
        self._server.shutdown()
        self._server.server_close()
