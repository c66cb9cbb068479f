"""Where JSON is wrong: the error, and the second look that finds its pointer.

The first pass of :mod:`.strict_json` only says that something is wrong. What stands
here runs when it is, and may take its time.
"""

import json
import re
from decimal import Decimal

WHITESPACE = " \t\n\r"

_MAX_NUMBER_LENGTH = 40
_INTEGER_RANGE = range(-(2**63), 2**63)
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


def pointer_of(*steps):
    """The JSON pointer (RFC 6901) that leads through ``steps``: names and positions."""
    return "".join(
        "/" + str(step).replace("~", "~0").replace("/", "~1") for step in steps
    )


class Flawed(Exception):
    """Raised inside the scanner; where it happened is found by a second pass."""


class _Flaw:
    """Stands in the parsed tree for a value that is refused."""

    def __init__(self, reason, key=None):
        self.reason = reason
        self.key = key


def pairs_once(pairs):
    """An object whose names all differ."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Flawed
    return found


def integer(text):
    """A whole number of at most 64 bits; longer ones cost time and fit no column."""
    if len(text) > 18 and (
        len(text) > _MAX_NUMBER_LENGTH or int(text) not in _INTEGER_RANGE
    ):
        raise Flawed
    return int(text)


def decimal_of(text):
    """A number with a fraction; an exponent could make it as large as it likes."""
    if len(text) > _MAX_NUMBER_LENGTH or "e" in text or "E" in text:
        raise Flawed
    return Decimal(text)


def no_constant(text):
    """NaN and the infinities are no JSON (RFC 8259, section 6)."""
    raise Flawed


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
        return integer(text)
    except Flawed:
        return _Flaw("The whole number does not fit 64 bits.")


def _flaw_decimal(text):
    try:
        return decimal_of(text)
    except Flawed:
        if len(text) > _MAX_NUMBER_LENGTH:
            return _Flaw("The number has too many digits.")
        return _Flaw("A number may not be written with an exponent.")


_flaw_scan = json.JSONDecoder(
    object_pairs_hook=_flaw_pairs,
    parse_int=_flaw_integer,
    parse_float=_flaw_decimal,
    parse_constant=lambda text: _Flaw(f"{text} is not a number that JSON knows."),
).scan_once


def located_flaw(text, start):
    """The error for the first flaw in reading order."""
    value, _end = _flaw_or_syntax(text, start)
    if isinstance(value, StrictJsonError):
        return value
    for steps, found in _walk(value, ()):
        if isinstance(found, _Flaw):
            if found.key is not None:
                steps = (*steps, found.key)
            return StrictJsonError(_printable(pointer_of(*steps)), found.reason)
    raise AssertionError("a flaw was raised that the second pass does not find")


def _flaw_or_syntax(text, start):
    # Broken syntax after a flaw is the graver finding: the text is not JSON at all.
    try:
        value, end = _flaw_scan(text, start)
    except (json.JSONDecodeError, StopIteration) as error:
        return malformed_json(text, start, error), None
    if text[end:].strip(WHITESPACE):
        return (
            StrictJsonError(
                "",
                f"Something follows the end of the JSON text{where(text, end)}.",
                offset=end,
                malformed=True,
            ),
            None,
        )
    return value, end


def _printable(pointer):
    return pointer.encode("utf-8", "replace").decode("utf-8")


def _walk(value, steps):
    """(steps, value) of every node, parents first, in reading order."""
    yield steps, value
    if isinstance(value, dict):
        for key, child in value.items():
            yield from _walk(child, (*steps, key))
    elif isinstance(value, list):
        for position, child in enumerate(value):
            yield from _walk(child, (*steps, position))


def pointer_to_text(value, pattern):
    """Pointer to the first text or name in which ``pattern`` is found, or None."""
    for steps, found in _walk(value, ()):
        if isinstance(found, str):
            if pattern.search(found):
                return _printable(pointer_of(*steps))
        elif isinstance(found, dict):
            for key in found:
                if pattern.search(key):
                    return _printable(pointer_of(*steps, key))
    return None


def where(text, position):
    """The position in words, as an editor counts it."""
    line = text.count("\n", 0, position) + 1
    column = position - text.rfind("\n", 0, position)
    return f" at line {line}, column {column}"


def malformed_json(text, start, error):
    """What the scanner stopped at, as an error with its pointer."""
    if isinstance(error, StopIteration):
        position = error.value if isinstance(error.value, int) else start
        message = "a value was expected"
    else:
        position = error.pos
        message = error.msg[:1].lower() + error.msg[1:]
    if position >= len(text.rstrip(WHITESPACE)):
        message = "it ends too early, " + message
    return StrictJsonError(
        _printable(_pointer_at(text, position)),
        f"The text is not JSON{where(text, position)}: {message}.",
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
