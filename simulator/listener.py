"""A small HTTP/1.1 server on loopback that can be as bad as a real one.

One thread, one event loop, standard library only: 200 calls at once that are answered
after 50 ms cost it next to nothing. What is answered is the business of ``handle``;
how it is answered (slowly, cut off, never) that of ``misconduct``.
"""

import asyncio
import socket
import threading
from dataclasses import dataclass, field
from http import HTTPStatus
from urllib.parse import parse_qs, urlsplit

from . import SIMULATOR_HEADER, misconduct

LARGEST_HEAD = 65536
LARGEST_BODY = 32 << 20
START_LIMIT = 10


@dataclass(slots=True)
class Asked:
    """One request; header names are in lower case, ``body`` is empty while only the
    head was read."""

    method: str
    target: str
    headers: dict
    body: bytes = b""
    #: a header of the same name came twice
    repeated: frozenset = frozenset()

    @property
    def path(self):
        return urlsplit(self.target).path

    @property
    def query(self):
        """The query, the last value of each name."""
        found = parse_qs(urlsplit(self.target).query, keep_blank_values=True)
        return {name: values[-1] for name, values in found.items()}


@dataclass(slots=True)
class Said:
    """One answer.

    :param after: seconds to wait before it is given
    :param conduct: how it is given (``misconduct.CONDUCTS``)
    """

    status: int = 204
    body: bytes = b""
    headers: dict = field(default_factory=dict)
    after: float = 0.0
    conduct: str = "proper"


class Listener:
    """Listens on loopback only; ``start``, ``address``, ``stop``.

    :param handle: ``Asked -> Said``, called in the listener's thread
    :param early: ``Asked -> Said or None``, called when only the head has come; an
        answer is given without reading the body
    """

    def __init__(self, handle, early=None, name="listener"):
        self.handle = handle
        self.early = early or (lambda _asked: None)
        self.name = name
        self.port = 0
        self.tls = None
        self.connections = set()
        self._loop = None
        self._server = None

    @property
    def address(self):
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}"

    def start(self, port=0, tls=None):
        """Listen; port 0 takes any free one.

        :param tls: an ``ssl.SSLContext``, None for plain HTTP
        """
        self.port, self.tls = port, tls
        ready = threading.Event()
        thread = threading.Thread(
            target=self._run, args=(ready,), name=self.name, daemon=True
        )
        thread.start()
        if not ready.wait(START_LIMIT):
            raise TimeoutError(f"{self.name} did not start to listen.")
        self._do(self._open)

    def stop(self):
        """Close the door and every connection."""
        if self._loop is None:
            return
        self._do(self._shut)
        self._loop.call_soon_threadsafe(self._loop.stop)

    def close_door(self):
        """Refuse connections (the system is down) and cut those that stand."""
        self._do(self._shut)

    def open_door(self, tls=None):
        """Listen again on the same port, perhaps with another certificate."""
        self.tls = tls
        self._do(self._open)

    def _run(self, ready):
        self._loop = asyncio.new_event_loop()
        asyncio.set_event_loop(self._loop)
        self._loop.call_soon(ready.set)
        self._loop.run_forever()
        self._loop.close()

    def _do(self, coroutine):
        future = asyncio.run_coroutine_threadsafe(coroutine(), self._loop)
        return future.result(START_LIMIT)

    async def _open(self):
        door = socket.create_server(("127.0.0.1", self.port), backlog=1024)
        self.port = door.getsockname()[1]
        self._server = await self._loop.create_server(
            lambda: Connection(self), sock=door, ssl=self.tls, backlog=1024
        )

    async def _shut(self):
        if self._server is not None:
            self._server.close()
            self._server = None
        for connection in list(self.connections):
            connection.transport.abort()


class Connection(asyncio.Protocol):
    """One connection; requests on it are answered one after the other."""

    def __init__(self, listener):
        self.listener = listener
        self.transport = None
        self.received = bytearray()
        self.asked = None
        self.missing = 0
        self.busy = False
        self.last = False

    def connection_made(self, transport):
        self.transport = transport
        self.listener.connections.add(self)

    def connection_lost(self, _error):
        self.listener.connections.discard(self)
        self.busy = True

    def data_received(self, data):
        self.received += data
        if not self.busy:
            self.read()

    def read(self):
        """Take the next request from what has come, if it is whole."""
        if self.asked is None and not self._read_head():
            return
        if len(self.received) < self.missing:
            return
        asked, self.asked = self.asked, None
        asked.body = bytes(self.received[: self.missing])
        del self.received[: self.missing]
        self.answer(self.listener.handle(asked))

    def _read_head(self):
        """Whether the head has come and the body is wanted."""
        end = self.received.find(b"\r\n\r\n")
        if end < 0:
            if len(self.received) > LARGEST_HEAD:
                self._refuse(431)
            return False
        lines = self.received[:end].decode("latin-1").split("\r\n")
        del self.received[: end + 4]
        first = lines[0].split(" ")
        headers, repeated = {}, set()
        for line in lines[1:]:
            name, colon, value = line.partition(":")
            name = name.strip().lower()
            if not colon or not name:
                self._refuse(400)
                return False
            if name in headers:
                repeated.add(name)
            headers[name] = value.strip()
        length = headers.get("content-length", "0")
        if len(first) != 3 or not length.isdigit():
            self._refuse(400)
            return False
        self.last = headers.get("connection", "").lower() == "close"
        asked = Asked(first[0], first[1], headers, repeated=frozenset(repeated))
        if "transfer-encoding" in headers or int(length) > LARGEST_BODY:
            self._refuse(411 if "transfer-encoding" in headers else 413)
            return False
        if headers.get("expect", "").lower() == "100-continue":
            self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        said = self.listener.early(asked)
        if said is not None:
            self.last = True
            self.answer(said)
            return False
        self.asked, self.missing = asked, int(length)
        return True

    def _refuse(self, status):
        self.last = True
        self.answer(Said(status, b"This simulator could not read the request.\n"))

    def answer(self, said):
        """Give the answer when its time has come, in its manner."""
        self.busy = True
        if said.after or said.conduct != "proper":
            asyncio.get_running_loop().create_task(self._later(said))
        else:
            self.give(whole(said))

    async def _later(self, said):
        if said.after:
            await asyncio.sleep(said.after)
        if said.conduct == "proper":
            self.give(whole(said))
        else:
            await misconduct.CONDUCTS[said.conduct](self.transport, said, head(said))

    def give(self, answer):
        """Write an answer and go on with the next request."""
        if self.transport.is_closing():
            return
        self.transport.write(answer)
        if self.last:
            self.transport.close()
            return
        self.busy = False
        if self.received:
            asyncio.get_running_loop().call_soon(self._go_on)

    def _go_on(self):
        if self.received and not self.busy:
            self.read()


def head(said, length=None):
    """Status line and headers as bytes; ``length`` instead of the body's own."""
    try:
        phrase = HTTPStatus(said.status).phrase
    except ValueError:
        phrase = "Simulated"
    lines = [f"HTTP/1.1 {said.status} {phrase}", ": ".join(SIMULATOR_HEADER)]
    lines += [f"{name}: {value}" for name, value in said.headers.items()]
    if said.status != 204:
        lines.append(f"Content-Length: {len(said.body) if length is None else length}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace")


def whole(said):
    """The answer as a well-behaved server gives it."""
    return head(said) + (b"" if said.status == 204 else said.body)
