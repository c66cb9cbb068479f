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
from decimal import Decimal

MAX_EVENT_BYTES = 1 << 20
MAX_BATCH_BYTES = 16 << 20
MAX_BATCH_EVENTS = 1_000
MAX_NODES = 10_000
MAX_DEPTH = 32

# What no sender reaches by accident; past it a batch is not even cut into events.
_HOPELESS_DEPTH = 1_000
_MAX_NUMBER_LENGTH = 40
_INTEGER_RANGE = range(-(2**63), 2**63)

_WHITESPACE = " \t\n\r"
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
_TOKEN = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"?|[\[\]{},:]', re.DOTALL)


class StrictJsonError(ValueError):
    """A body that is refused.

    ``pointer`` is a JSON pointer to the value that is wrong ("" is the whole body),
    ``reason`` a sentence, ``offset`` the byte or character where reading stopped, if
    known. ``malformed`` is true when the text is not JSON at all, false when it is JSON
    that this interface does not take (two equal keys, NaN, too deep). ``too_large``
    tells a size limit from the rest.
    """

    def __init__(
        self, pointer, reason, *, offset=None, malformed=False, too_large=False
    ):
        super().__init__(f"{reason} ({pointer or 'whole body'})")
        self.pointer = pointer
        self.reason = reason
        self.offset = offset
        self.malformed = malformed
        self.too_large = too_large


class _Flawed(Exception):
    """Raised inside the scanner; where it happened is found by a second pass."""


class _Flaw:
    """Stands in the parsed tree for a value that is refused."""

    def __init__(self, reason, key=None):
        self.reason = reason
        self.key = key


def _pairs(pairs):
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _Flawed
    return found


def _integer(text):
    if len(text) > 18 and (
        len(text) > _MAX_NUMBER_LENGTH or int(text) not in _INTEGER_RANGE
    ):
        raise _Flawed
    return int(text)


def _decimal(text):
    if len(text) > _MAX_NUMBER_LENGTH or "e" in text or "E" in text:
        raise _Flawed
    return Decimal(text)


def _constant(text):
    raise _Flawed


_scan = json.JSONDecoder(
    object_pairs_hook=_pairs,
    parse_int=_integer,
    parse_float=_decimal,
    parse_constant=_constant,
).scan_once


def _flaw_pairs(pairs):
    found = dict(pairs)
    if len(found) != len(pairs):
        seen = set()
        for key, _value in pairs:
            if key in seen:
                return _Flaw("The same name stands twice in one object.", key)
            seen.add(key)
    return found


def _flaw_integer(text):
    try:
        return _integer(text)
    except _Flawed:
        return _Flaw("The whole number does not fit 64 bits.")


def _flaw_decimal(text):
    try:
        return _decimal(text)
    except _Flawed:
        if len(text) > _MAX_NUMBER_LENGTH:
            return _Flaw("The number has too many digits.")
        return _Flaw("A number may not be written with an exponent.")


_flaw_scan = json.JSONDecoder(
    object_pairs_hook=_flaw_pairs,
    parse_int=_flaw_integer,
    parse_float=_flaw_decimal,
    parse_constant=lambda text: _Flaw(f"{text} is not a number that JSON knows."),
).scan_once


def pointer_of(*steps):
    """The JSON pointer (RFC 6901) that leads through ``steps``: names and positions."""
    return "".join(
        "/" + str(step).replace("~", "~0").replace("/", "~1") for step in steps
    )


def parse(
    raw, *, max_bytes=MAX_EVENT_BYTES, max_nodes=MAX_NODES, max_depth=MAX_DEPTH
):
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
        _refuse_if_too_big(raw, max_nodes, max_depth)
    start = 0
    if text[:1] in _WHITESPACE:
        start = len(text) - len(text.lstrip(_WHITESPACE))
    try:
        value, end = _scan(text, start)
        if end != len(text) and text[end:].strip(_WHITESPACE):
            end += len(text[end:]) - len(text[end:].lstrip(_WHITESPACE))
            raise StrictJsonError(
                "",
                f"Something follows the end of the JSON text{_where(text, end)}.",
                offset=end,
                malformed=True,
            )
    except _Flawed:
        raise _located_flaw(text, start) from None
    except (json.JSONDecodeError, StopIteration) as error:
        raise _malformed(text, start, error) from None
    if b"\\u" in raw and _DUBIOUS_ESCAPE.search(raw):
        for pointer, found in _texts(value):
            if _DUBIOUS_TEXT.search(found):
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
    if not text or not text.strip(_WHITESPACE):
        raise StrictJsonError("", "The body is empty.", offset=0, malformed=True)
    return text


def _refuse_if_too_big(raw, max_nodes, max_depth):
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


def _where(text, position):
    line = text.count("\n", 0, position) + 1
    column = position - text.rfind("\n", 0, position)
    return f" at line {line}, column {column}"


def _malformed(text, start, error):
    if isinstance(error, StopIteration):
        position = error.value if isinstance(error.value, int) else start
        message = "a value was expected"
    else:
        position = error.pos
        message = error.msg[:1].lower() + error.msg[1:]
    if position >= len(text.rstrip(_WHITESPACE)):
        message = "it ends too early, " + message
    return StrictJsonError(
        _pointer_at(text, position),
        f"The text is not JSON{_where(text, position)}: {message}.",
        offset=position,
        malformed=True,
    )


def _pointer_at(text, position):
    """Pointer to the innermost value that was being read at ``position``."""
    steps = []
    in_object = []
    name = None
    for match in _TOKEN.finditer(text, 0, position):
        token = match.group()
        if token[0] == '"':
            name = token
        elif token == "{":
            steps.append(None)
            in_object.append(True)
        elif token == "[":
            steps.append(0)
            in_object.append(False)
        elif not steps:
            continue
        elif token in "}]":
            steps.pop()
            in_object.pop()
        elif token == ":" and in_object[-1]:
            steps[-1] = _name_of(name)
        elif token == ",":
            steps[-1] = None if in_object[-1] else (steps[-1] or 0) + 1
    return pointer_of(*(step for step in steps if step is not None))


def _name_of(token):
    try:
        return json.loads(token)
    except (ValueError, TypeError):
        return None


def _located_flaw(text, start):
    """The error for the first flaw in reading order."""
    value, _end = _flaw_or_syntax(text, start)
    if isinstance(value, StrictJsonError):
        return value
    for pointer, found in _walk(value, ()):
        if isinstance(found, _Flaw):
            if found.key is not None:
                pointer += pointer_of(found.key)
            return StrictJsonError(_printable(pointer), found.reason)
    raise AssertionError("a flaw was raised that the second pass does not find")


def _flaw_or_syntax(text, start):
    # Broken syntax after a flaw is the graver finding: the text is not JSON at all.
    try:
        value, end = _flaw_scan(text, start)
    except (json.JSONDecodeError, StopIteration) as error:
        return _malformed(text, start, error), None
    if text[end:].strip(_WHITESPACE):
        return (
            StrictJsonError(
                "",
                f"Something follows the end of the JSON text{_where(text, end)}.",
                offset=end,
                malformed=True,
            ),
            None,
        )
    return value, end


def _printable(pointer):
    return pointer.encode("utf-8", "replace").decode("utf-8")


def _walk(value, steps):
    """(pointer, value) of every node, parents first, in reading order."""
    yield pointer_of(*steps), value
    if isinstance(value, dict):
        for key, child in value.items():
            yield from _walk(child, (*steps, key))
    elif isinstance(value, list):
        for position, child in enumerate(value):
            yield from _walk(child, (*steps, position))


def _texts(value):
    for pointer, found in _walk(value, ()):
        if isinstance(found, str):
            yield _printable(pointer), found
        elif isinstance(found, dict):
            for key in found:
                yield _printable(pointer + pointer_of(key)), key


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
