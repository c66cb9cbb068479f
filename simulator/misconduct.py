"""Ways to answer that no server should have and some do.

Each is ``(transport, said, head) -> coroutine``: it writes what it wants and leaves the
connection as it is after that. Every whole head names the simulator.
"""

import asyncio
import gzip
import io
import socket
import struct

#: seconds between two bytes of a slow answer
SLOW_BEAT = 0.25
#: bytes a gzip bomb has when it is unpacked
BOMB_BYTES = 64 << 20
#: an endless answer ends here all the same: the simulator is no weapon
ENDLESS_BYTES = 1 << 30
#: a silent or slow connection is given up after this many seconds
PATIENCE = 120
CHUNK = b"." * 65536


async def reset(transport, _said, _head):
    """Reset the connection (RST): the client sees a broken pipe, not an end."""
    connection = transport.get_extra_info("socket")
    if connection is not None:
        connection.setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
        )
    transport.abort()


async def truncated(transport, said, head):
    """Promise the whole body, send half of it, close."""
    transport.write(head + said.body[: len(said.body) // 2])
    transport.close()


async def silent(transport, _said, _head):
    """Say nothing until the client gives up."""
    await _until_closed(transport, PATIENCE)
    transport.abort()


async def closed(transport, _said, _head):
    """Close without a word."""
    transport.close()


async def slow_loris(transport, said, head):
    """One byte at a time: each comes before any timeout between two reads."""
    for byte in head + said.body:
        if transport.is_closing():
            return
        transport.write(bytes([byte]))
        await asyncio.sleep(SLOW_BEAT)
    transport.close()


async def endless(transport, said, head):
    """A body without an end (and without a length)."""
    transport.write(_without_length(head))
    sent = 0
    while not transport.is_closing() and sent < ENDLESS_BYTES:
        transport.write(CHUNK)
        sent += len(CHUNK)
        while transport.get_write_buffer_size() > 4 * len(CHUNK):
            if transport.is_closing():
                return
            await asyncio.sleep(0.01)
        await asyncio.sleep(0)
    transport.close()


async def gzip_bomb(transport, _said, head):
    """A few kilobytes that become many megabytes."""
    packed = bomb()
    first, _break, rest = _without_length(head).partition(b"\r\n")
    more = f"Content-Encoding: gzip\r\nContent-Length: {len(packed)}\r\n".encode()
    transport.write(first + b"\r\n" + more + rest + packed)
    transport.close()


async def not_http(transport, _said, _head):
    """Something that is no HTTP at all (a wrong port, a captive portal)."""
    transport.write(b"220 simulator.example ESMTP construction-sync simulator\r\n")
    transport.close()


async def huge_head(transport, said, _head):
    """Headers without an end in sight."""
    transport.write(b"HTTP/1.1 200 OK\r\nX-Simulator: construction-sync\r\n")
    for number in range(400):
        transport.write(f"X-Padding-{number}: {'p' * 1000}\r\n".encode())
    transport.write(b"Content-Length: 0\r\n\r\n")
    transport.close()


def bomb():
    """The packed bytes of ``gzip_bomb``."""
    out = io.BytesIO()
    with gzip.GzipFile(fileobj=out, mode="wb", compresslevel=9, mtime=0) as packed:
        for _part in range(BOMB_BYTES // len(CHUNK)):
            packed.write(CHUNK)
    return out.getvalue()


def _without_length(head):
    lines = head.split(b"\r\n")
    kept = [x for x in lines if not x.lower().startswith(b"content-length:")]
    return b"\r\n".join(kept)


async def _until_closed(transport, seconds):
    for _beat in range(int(seconds / 0.1)):
        if transport.is_closing():
            return
        await asyncio.sleep(0.1)


CONDUCTS = {
    "reset": reset,
    "truncated": truncated,
    "silent": silent,
    "closed": closed,
    "slow_loris": slow_loris,
    "endless": endless,
    "gzip_bomb": gzip_bomb,
    "not_http": not_http,
    "huge_head": huge_head,
}
