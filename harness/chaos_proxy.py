"""A TCP proxy that does to a connection what networks and servers do to it.

It stands between Odoo and PostgreSQL, or between Odoo and an outside system, and is
told what to do while connections run through it: cut after so many bytes of the
answer, swallow an answer, wait, refuse, or go silent without closing (half-open). In
front of PostgreSQL it also reads the protocol (simple queries, which is what psycopg2
sends): it lets a COMMIT through and loses its acknowledgement, answers a statement
with an error in the server's place, or turns every newcomer away as a server without
free connections does.
"""

import asyncio
import contextlib
import socket
import struct
import threading
from collections import deque
from dataclasses import dataclass

SSL_REQUEST, GSS_REQUEST = 80877103, 80877104
READY = b"Z\x00\x00\x00\x05I"
CHUNK = 65536
#: so much of a statement is looked at for a rule's mark
HEAD = 4096


@dataclass
class Rule:
    """What is to be done to the next transaction or statement that fits.

    :param mark: text that a statement of the transaction begins with or holds early
    :param code: SQLSTATE to answer in the server's place; None: the COMMIT of the
        transaction goes through and its acknowledgement is lost
    :param left: how many times
    :param done: how many times it was done
    """

    mark: bytes
    code: str | None
    left: int
    done: int = 0

    def take(self):
        self.left -= 1
        self.done += 1


class ChaosProxy:
    """``127.0.0.1:port`` in the place of ``host:target``.

    :param postgres: whether what runs through is PostgreSQL's protocol
    """

    def __init__(self, host, target, postgres=False):
        self.host, self.target, self.postgres = host, target, postgres
        self.port = None
        self.connections = 0
        self.bytes_in = 0
        #: seconds that each piece of an answer is held back
        self.delay = 0.0
        #: newcomers to PostgreSQL are told that there is no connection free
        self.exhausted = False
        self._rules = []
        self._cuts = deque()
        self._open = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._server = None
        self._flow = None

    # ---- life ----------------------------------------------------------------------

    def __enter__(self):
        self._thread.start()
        self._run(self._listen())
        return self

    def __exit__(self, *_exc):
        self._run(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _run(self, awaitable):
        return asyncio.run_coroutine_threadsafe(awaitable, self._loop).result(30)

    async def _listen(self):
        if self._flow is None:
            self._flow = asyncio.Event()
            self._flow.set()
        self._server = await asyncio.start_server(
            self._serve, "127.0.0.1", self.port or 0, reuse_address=True
        )
        self.port = self._server.sockets[0].getsockname()[1]

    async def _close(self):
        self._flow.set()
        if self._server is not None:
            self._server.close()
            self._server = None
        await self._abort()
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _abort(self):
        for connection in list(self._open):
            connection.cut()

    # ---- faults --------------------------------------------------------------------

    def cut_all(self):
        """Reset every connection; returns how many there were."""
        count = len(self._open)
        self._run(self._abort())
        return count

    def cut_answers(self, after=0, times=1):
        """Cut the next ``times`` connections after so many bytes of an answer; with 0
        the request arrives and not a byte of its answer does."""
        self._cuts.extend([after] * times)

    @contextlib.contextmanager
    def refusing(self):
        """Nobody listens while the block runs; what is open is reset."""

        async def shut():
            self._server.close()
            self._server = None
            await self._abort()

        self._run(shut())
        try:
            yield
        finally:
            self._run(self._listen())

    @contextlib.contextmanager
    def half_open(self):
        """Connections stay, and nothing goes through any more while the block runs;
        then what was under way is reset."""
        self._loop.call_soon_threadsafe(self._flow.clear)
        try:
            yield
        finally:
            self._run(self._abort())
            self._loop.call_soon_threadsafe(self._flow.set)

    @contextlib.contextmanager
    def without_connections(self):
        """PostgreSQL has no connection free while the block runs (53300)."""
        self.exhausted = True
        self.cut_all()
        try:
            yield
        finally:
            self.exhausted = False

    def lose_commit(self, mark="", times=1):
        """Lose the acknowledgement of the COMMIT of the next transactions in which a
        statement holds ``mark``; returns the Rule, which counts."""
        return self._rule(mark, None, times)

    def answer_with(self, code, mark, times=1):
        """Answer the next statements that hold ``mark`` with an error of this
        SQLSTATE; returns the Rule, which counts."""
        return self._rule(mark, code, times)

    def _rule(self, mark, code, times):
        rule = Rule(mark.encode(), code, times)
        self._rules.append(rule)
        return rule

    def calm(self):
        """Forget every order that was not carried out."""
        self._rules.clear()
        self._cuts.clear()
        self.delay = 0.0

    # ---- traffic -------------------------------------------------------------------

    async def _serve(self, reader, writer):
        self.connections += 1
        connection = _Connection(self, reader, writer)
        self._open.add(connection)
        try:
            await connection.run()
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            # cut, or the proxy ends: nobody waits for this one
            pass
        finally:
            self._open.discard(connection)
            connection.cut()

    async def _reach(self):
        """A connection to what stands behind; PostgreSQL may be a socket in a folder,
        as psycopg2 has it."""
        if self.host.startswith("/"):
            path = f"{self.host}/.s.PGSQL.{self.target}"
            return await asyncio.open_unix_connection(path)
        return await asyncio.open_connection(self.host, self.target)

    def _next_rule(self, commit, statements):
        """The rule that fits a statement, or with ``commit`` the transaction."""
        for rule in self._rules:
            if rule.left > 0 and commit == (rule.code is None):
                if any(rule.mark in statement for statement in statements):
                    rule.take()
                    return rule
        return None


class _Connection:
    """One connection through the proxy, in both directions."""

    def __init__(self, proxy, reader, writer):
        self.proxy = proxy
        self.reader, self.writer = reader, writer
        self.far_reader = self.far_writer = None
        self.losing = False
        self.left = None
        self.statements = []
        self.inside = False

    def cut(self):
        """Reset both ends at once."""
        for writer in (self.writer, self.far_writer):
            if writer is None or writer.transport.is_closing():
                continue
            with contextlib.suppress(OSError, AttributeError):
                writer.get_extra_info("socket").setsockopt(
                    socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
                )
            writer.transport.abort()

    async def run(self):
        if self.proxy.postgres:
            startup = await self._startup()
            if self.proxy.exhausted:
                self.writer.write(_error("53300", "sorry, too many clients already"))
                await self.writer.drain()
                self.writer.close()
                return
        self.far_reader, self.far_writer = await self.proxy._reach()
        if self.proxy.postgres:
            self.far_writer.write(startup)
        ahead = self._statements if self.proxy.postgres else self._bytes
        tasks = [asyncio.ensure_future(ahead()), asyncio.ensure_future(self._back())]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _startup(self):
        """The startup packet; TLS is declined, for its inside could not be read."""
        while True:
            head = await self.reader.readexactly(8)
            length, code = struct.unpack("!II", head)
            rest = await self.reader.readexactly(length - 8)
            if code not in (SSL_REQUEST, GSS_REQUEST):
                return head + rest
            self.writer.write(b"N")

    async def _bytes(self):
        while chunk := await self.reader.read(CHUNK):
            await self.proxy._flow.wait()
            self.proxy.bytes_in += len(chunk)
            self.far_writer.write(chunk)
            await self.far_writer.drain()
        if self.far_writer.can_write_eof():
            self.far_writer.write_eof()
        await asyncio.sleep(3600)

    async def _statements(self):
        while True:
            head = await self.reader.readexactly(5)
            (length,) = struct.unpack("!I", head[1:])
            body = await self.reader.readexactly(length - 4)
            await self.proxy._flow.wait()
            self.proxy.bytes_in += length + 1
            if head[:1] == b"Q" and self._answered_here(body):
                continue
            self.far_writer.write(head + body)
            await self.far_writer.drain()

    def _answered_here(self, body):
        """Note a statement; whether the proxy answered it in the server's place."""
        text = body[:HEAD]
        if text.startswith((b"BEGIN", b"ROLLBACK\0", b"COMMIT\0")):
            self.inside = text.startswith(b"BEGIN")
            if text.startswith(b"COMMIT\0"):
                self.losing = bool(self.proxy._next_rule(True, self.statements))
            self.statements = []
            return False
        self.statements.append(text)
        rule = self.proxy._next_rule(False, [text])
        if rule is None:
            return False
        self.writer.write(_error(rule.code, "the fault harness says so", fatal=False))
        self.writer.write(READY[:-1] + (b"E" if self.inside else b"I"))
        return True

    async def _back(self):
        tail = b""
        while chunk := await self.far_reader.read(CHUNK):
            await self.proxy._flow.wait()
            if self.proxy.delay:
                await asyncio.sleep(self.proxy.delay)
            if self.losing:
                tail = (tail + chunk)[-64:]
                if tail.endswith(READY):
                    # it is committed; nobody here will ever hear of it
                    self.cut()
                    return
                continue
            if self.left is None and self.proxy._cuts:
                self.left = self.proxy._cuts.popleft()
            if self.left is not None:
                self.writer.write(chunk[: self.left])
                await self.writer.drain()
                self.left -= len(chunk)
                if self.left <= 0:
                    if len(chunk) + self.left > 0:
                        # let what was allowed arrive before the reset
                        await asyncio.sleep(0.05)
                    self.cut()
                    return
                continue
            self.writer.write(chunk)
            await self.writer.drain()


def _error(code, text, fatal=True):
    """An ErrorResponse of PostgreSQL."""
    severity = "FATAL" if fatal else "ERROR"
    fields = [("S", severity), ("V", severity), ("C", code), ("M", text)]
    body = b"".join(k.encode() + v.encode() + b"\0" for k, v in fields) + b"\0"
    return b"E" + struct.pack("!I", len(body) + 4) + body
