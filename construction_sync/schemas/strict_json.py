"""Strict JSON: bytes in, Python objects out, every refusal with a JSON pointer.

Why not ``json.loads`` as it is: it takes NaN and Infinity, keeps the last of two equal
keys, takes a byte order mark, UTF-16, NUL and half of a surrogate pair, expands
``1e999999999`` and recurses as deep as the sender likes. PostgreSQL refuses some of
these later, with a server error. Here they are refused at the door (FAULTS.md, C01 to
C09 and C13; I-JSON, RFC 7493; pointers as RFC 6901 writes them).

How it stays fast: the C scanner of :mod:`json` does the work, and Python only looks
closer when a cheap test on the bytes (count of brackets and commas, presence of an
escape) says that there may be something to find.
"""

import json
import re

from .json_faults import (
    WHITESPACE,
    Flawed,
    StrictJsonError,
    decimal_of,
    integer,
    located_flaw,
    malformed_json,
    no_constant,
    pairs_once,
    pointer_of,
    pointer_to_text,
    where,
)

MAX_EVENT_BYTES = 1 << 20
MAX_BATCH_BYTES = 16 << 20
MAX_BATCH_EVENTS = 1_000
MAX_NODES = 10_000
MAX_DEPTH = 32

# What no sender reaches by accident; past it a batch is not even cut into events.
_HOPELESS_DEPTH = 1_000
_STRING = rb'"[^"\\]*(?:\\.[^"\\]*)*"?'
_STRINGS = re.compile(_STRING, re.DOTALL)
# Escapes that may stand for NUL or for half of a surrogate pair.
_DUBIOUS_ESCAPE = re.compile(rb"\\u(?:0000|[dD][89a-fA-F])")
_DUBIOUS_TEXT = re.compile("[\x00\ud800-\udfff]")
_NOT_BRACKETS = bytes(c for c in range(256) if c not in b"[]{}")
# Up to the next bracket that is not inside a string. Repetition is limited because
# the regular expression engine keeps a frame for each.
_TO_BRACKET = re.compile(
    rb'[^"{}\[\]]*(?:"[^"\\]*(?:\\.[^"\\]*)*"[^"{}\[\]]*){0,64}([{}\[\]])?',
    re.DOTALL,
)
_SCALAR = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"|[^\s,\[\]{}"]+', re.DOTALL)
_SPACE = re.compile(rb"[ \t\n\r]*")


_scan = json.JSONDecoder(
    object_pairs_hook=pairs_once,
    parse_int=integer,
    parse_float=decimal_of,
    parse_constant=no_constant,
).scan_once


def parse(raw, *, max_bytes=MAX_EVENT_BYTES, max_nodes=MAX_NODES, max_depth=MAX_DEPTH):
    """The value that ``raw`` (bytes, UTF-8) stands for.

    Numbers with a fraction become :class:`~decimal.Decimal`, whole ones ``int`` within
    64 bits. A node is a value: object, list, text, number or literal. Limits hold
    before anything is built in memory.

    :raises StrictJsonError: and nothing else, whatever the bytes are
    """
    if len(raw) > max_bytes:
        raise StrictJsonError(
            "",
            f"The body has {len(raw)} bytes; at most {max_bytes} are taken.",
            too_large=True,
        )
    text = _decode(raw)
    opened = raw.count(b"{") + raw.count(b"[")
    if opened > max_depth or opened + raw.count(b",") >= max_nodes:
        refuse_oversize(raw, max_nodes, max_depth)
    start = 0
    if text[:1] in WHITESPACE:
        start = len(text) - len(text.lstrip(WHITESPACE))
    try:
        value, end = _scan(text, start)
        if end != len(text) and text[end:].strip(WHITESPACE):
            end += len(text[end:]) - len(text[end:].lstrip(WHITESPACE))
            raise StrictJsonError(
                "",
                f"Something follows the end of the JSON text{where(text, end)}.",
                offset=end,
                malformed=True,
            )
    except Flawed:
        raise located_flaw(text, start) from None
    except (json.JSONDecodeError, StopIteration) as error:
        raise malformed_json(text, start, error) from None
    if b"\\u" in raw and _DUBIOUS_ESCAPE.search(raw):
        pointer = pointer_to_text(value, _DUBIOUS_TEXT)
        if pointer is not None:
            raise StrictJsonError(
                pointer, "The text holds a NUL or half of a surrogate pair."
            )
    return value


def _decode(raw):
    if raw[:3] == b"\xef\xbb\xbf":
        raise StrictJsonError(
            "", "The body starts with a byte order mark.", offset=0, malformed=True
        )
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\x00" in raw[:4]:
        raise StrictJsonError(
            "", "The body is not UTF-8 but UTF-16 or UTF-32.", offset=0, malformed=True
        )
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise StrictJsonError(
            "",
            f"The body is not valid UTF-8 at byte {error.start}.",
            offset=error.start,
            malformed=True,
        ) from None
    if not text or not text.strip(WHITESPACE):
        raise StrictJsonError("", "The body is empty.", offset=0, malformed=True)
    return text


def refuse_oversize(raw, max_nodes, max_depth):
    """Exact count of nodes and depth, text inside strings left out."""
    bare = _STRINGS.sub(b"", raw)
    depth = 0
    brackets = bare.translate(None, _NOT_BRACKETS)
    for bracket in brackets[: 2 * max_nodes]:
        if bracket in b"{[":
            depth += 1
            if depth > max_depth:
                raise StrictJsonError(
                    "", f"The body is nested deeper than {max_depth} levels."
                )
        else:
            depth -= 1
    # Every value but the first of a list or object follows a comma.
    nodes = 1 + bare.count(b",") + bare.count(b"{") + bare.count(b"[")
    if nodes - bare.count(b"{}") - bare.count(b"[]") > max_nodes:
        raise StrictJsonError("", f"The body holds more than {max_nodes} values.")


def slice_array(
    raw,
    *,
    max_bytes=MAX_BATCH_BYTES,
    max_items=MAX_BATCH_EVENTS,
    max_item_bytes=MAX_EVENT_BYTES,
    max_nodes=MAX_NODES,
):
    """Where each element of a JSON list stands: ``[(start, end), ...]``, in bytes.

    Only the list itself is judged here, without building anything: elements are found
    by their brackets, so that each can be parsed, and refused, alone with its bytes as
    they were sent. An element that is not JSON is found by :func:`parse`.

    :raises StrictJsonError: when the body is not a list, or over a limit that would
        make cutting it costly
    """
    if len(raw) > max_bytes:
        raise StrictJsonError(
            "",
            f"The body has {len(raw)} bytes; at most {max_bytes} are taken.",
            too_large=True,
        )
    if raw[:1] != b"[":
        _decode(raw)
    position = _SPACE.match(raw).end()
    if raw[position : position + 1] != b"[":
        raise StrictJsonError("", "The body is not a list of events.", malformed=False)
    position = _SPACE.match(raw, position + 1).end()
    slices = []
    if raw[position : position + 1] == b"]":
        position += 1
    else:
        while True:
            end = _end_of_element(raw, position, len(slices), max_item_bytes, max_nodes)
            slices.append((position, end))
            if len(slices) > max_items:
                raise StrictJsonError(
                    "",
                    f"The list holds more than {max_items} events.",
                    too_large=True,
                )
            position = _SPACE.match(raw, end).end()
            mark = raw[position : position + 1]
            position += 1
            if mark == b"]":
                break
            if mark != b",":
                raise _broken_list(raw, position - 1, len(slices) - 1)
            position = _SPACE.match(raw, position).end()
    if _SPACE.match(raw, position).end() != len(raw):
        raise StrictJsonError(
            "",
            f"Something follows the end of the list at byte {position}.",
            offset=position,
            malformed=True,
        )
    return slices


def _broken_list(raw, position, index):
    what = "it ends too early" if position >= len(raw) else "a comma or ] was expected"
    return StrictJsonError(
        pointer_of(index),
        f"The list is broken at byte {position}: {what}.",
        offset=position,
        malformed=True,
    )


def _end_of_element(raw, start, index, max_bytes, max_nodes):
    limit = min(len(raw), start + max_bytes + 1)
    if raw[start : start + 1] not in (b"{", b"["):
        match = _SCALAR.match(raw, start, limit)
        if not match:
            if raw[start : start + 1] == b'"' and limit < len(raw):
                raise _element_too_large(index, max_bytes)
            raise _broken_list(raw, start, index)
        end = match.end()
    else:
        end = _closing_bracket(raw, start, limit, index, max_nodes)
    if end - start > max_bytes:
        raise _element_too_large(index, max_bytes)
    return end


def _element_too_large(index, max_bytes):
    return StrictJsonError(
        pointer_of(index),
        f"The event has more than {max_bytes} bytes.",
        too_large=True,
    )


def _closing_bracket(raw, start, limit, index, max_nodes):
    jump = _TO_BRACKET.match
    depth = 0
    position = start
    brackets_left = 2 * max_nodes + 2
    while True:
        match = jump(raw, position, limit)
        bracket = match[1]
        if bracket is None:
            if match.end() > position:
                position = match.end()
                continue
            if limit < len(raw):
                raise _element_too_large(index, limit - start - 1)
            raise StrictJsonError(
                pointer_of(index),
                "The list ends too early: an event is not closed.",
                offset=len(raw),
                malformed=True,
            )
        position = match.end()
        if bracket in b"{[":
            depth += 1
            brackets_left -= 1
            if depth > _HOPELESS_DEPTH or brackets_left < 0:
                raise StrictJsonError(
                    pointer_of(index),
                    "The event is nested too deeply or holds too many values.",
                )
        else:
            depth -= 1
            if not depth:
                return position
