"""A receiver on loopback, in a process of its own: answers after a delay and keeps when
what arrived. ``python -m benchmarks.receiver DELAY``; prints its port."""

import asyncio
import contextlib
import json
import re
import subprocess
import sys
import time
import urllib.request

_LENGTH = re.compile(rb"content-length: *([0-9]+)", re.IGNORECASE)
_ID = re.compile(rb"webhook-id: *([^\r]+)", re.IGNORECASE)


class Receiver:
    """The process and its address."""

    def __init__(self, delay):
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.receiver", str(delay)],
            stdout=subprocess.PIPE,
            text=True,
        )
        self.port = int(self._process.stdout.readline())

    @property
    def address(self):
        return f"http://127.0.0.1:{self.port}/hook"

    def arrivals(self):
        """``[(webhook-id, seconds since 1970)]`` since it was asked last."""
        with urllib.request.urlopen(
            f"http://127.0.0.1:{self.port}/arrivals", timeout=60
        ) as answer:
            return json.load(answer)

    def answer(self, status):
        """From now on answer with this status."""
        address = f"http://127.0.0.1:{self.port}/status/{status}"
        urllib.request.urlopen(address, timeout=10).close()

    def close(self):
        self._process.terminate()
        self._process.wait(10)
        self._process.stdout.close()

    def __enter__(self):
        return self

    def __exit__(self, *_error):
        self.close()


class _Server:
    def __init__(self, delay):
        self.delay = delay
        self.status = 204
        self.arrived = []

    async def serve(self, reader, writer):
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = _LENGTH.search(head)
                if length:
                    await reader.readexactly(int(length.group(1)))
                body = self._special(head)
                if body is None:
                    found = _ID.search(head)
                    self.arrived.append(
                        (found and found.group(1).decode(), time.time())
                    )
                    await asyncio.sleep(self.delay)
                    status, body = self.status, b""
                else:
                    status = 200
                head = f"HTTP/1.1 {status} X\r\nContent-Length: {len(body)}\r\n\r\n"
                writer.write(head.encode() + body)
                await writer.drain()
        writer.close()

    def _special(self, head):
        if head.startswith(b"GET /arrivals"):
            found, self.arrived = self.arrived, []
            return json.dumps(found).encode()
        if head.startswith(b"GET /status/"):
            self.status = int(head.split()[1].rpartition(b"/")[2])
            return b"ok"
        return None


async def _main(delay):
    own = _Server(delay)
    server = await asyncio.start_server(own.serve, "127.0.0.1", 0, limit=2**20)
    print(server.sockets[0].getsockname()[1], flush=True)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_main(float(sys.argv[1])))
