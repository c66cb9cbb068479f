"""Values as foreign interfaces write them, as canonical objects want them.

Nothing is guessed: a value that does not fit its format is a :class:`ValueRefused`
with a sentence, never a default.
"""

import json
import re
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal, InvalidOperation

from ..schemas.amounts import amount_text
from ..schemas.json_faults import StrictJsonError
from ..schemas.problem import shown
from ..schemas.strict_json import refuse_oversize
from ..schemas.times import FIRST_YEAR, LAST_YEAR, time_text

#: limits of one page of a foreign list
MAX_VALUES = 400_000
MAX_DEPTH = 32
MAX_NUMBER = 60

_TIME = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)"
    r"(?:[Tt ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?\s*"
    r"([Zz]|UTC|GMT|[+-]\d\d:?(?:\d\d)?)?)?"
)
_TRUE = frozenset({"true", "t", "yes", "y", "1", "active", "on"})
_FALSE = frozenset({"false", "f", "no", "n", "0", "inactive", "off", ""})
_MARK = "\ue000"
_NUMBER = re.compile(r'"\\ue000(-?[0-9][0-9.eE+-]*)\\ue000"')


class ValueRefused(ValueError):
    """A value does not fit its format; the message is a sentence."""


def read_answer(raw):
    """The JSON of an answer, fractions as ``Decimal``.

    :raises StrictJsonError: it is cut, is no JSON, or is too deep or too large
    """
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise StrictJsonError(
            "", f"It is not valid UTF-8 at byte {error.start}.", malformed=True
        ) from error
    refuse_oversize(raw, MAX_VALUES, MAX_DEPTH)
    try:
        return json.loads(
            text, parse_float=_decimal, parse_int=_whole, parse_constant=_no_number
        )
    except (ValueError, RecursionError) as error:
        reason = "It is cut off or no JSON"
        if isinstance(error, json.JSONDecodeError):
            reason = f"{reason} ({error.msg} at character {error.pos})"
        raise StrictJsonError("", f"{reason}.", malformed=True) from error


def _decimal(text):
    if len(text) > MAX_NUMBER:
        raise ValueError("a number is too long")
    found = Decimal(text)
    if found and abs(found.adjusted()) > MAX_NUMBER:
        raise ValueError("a number is too large")
    return found


def _whole(text):
    if len(text) > MAX_NUMBER:
        raise ValueError("a number is too long")
    return int(text)


def _no_number(text):
    raise ValueError(f"{text} is no JSON")


def write_record(record):
    """``record`` as bytes that ``read_answer`` reads back with the same numbers."""
    text = json.dumps(_marked(record), separators=(",", ":"))
    return _NUMBER.sub(r"\1", text).encode()


def _marked(value):
    if isinstance(value, Decimal):
        return f"{_MARK}{value}{_MARK}"
    if isinstance(value, dict):
        return {str(name): _marked(child) for name, child in value.items()}
    if isinstance(value, list):
        return [_marked(child) for child in value]
    return value


def plain(value):
    """As it came, but numbers as text (canonical amounts and codes are text)."""
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return value
    if isinstance(value, (int, Decimal)):
        return amount_text(Decimal(value))
    if isinstance(value, float):
        return amount_text(Decimal(repr(value)))
    if isinstance(value, dict):
        return {name: plain(child) for name, child in value.items()}
    if isinstance(value, list):
        return [plain(child) for child in value]
    return str(value)


def text(value, pattern=None):
    """One line of text, trimmed; None for an empty one."""
    value = plain(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, str):
        raise ValueRefused(f"text is expected, {shown(value)} came")
    return " ".join(value.split()) or None


def amount(value, pattern=None):
    """A number as decimal text; ``pattern`` ``,`` is a decimal comma."""
    if isinstance(value, bool) or isinstance(value, (dict, list)):
        raise ValueRefused(f"an amount is expected, {shown(value)} came")
    if isinstance(value, str):
        written = value.replace(" ", "").replace("\u00a0", "").replace("'", "")
        if pattern == ",":
            written = written.replace(".", "").replace(",", ".")
        else:
            written = written.replace(",", "")
    else:
        written = str(value)
    try:
        found = Decimal(written)
    except InvalidOperation as error:
        raise ValueRefused(f"an amount is expected, {shown(value)} came") from error
    if not found.is_finite() or (found and abs(found.adjusted()) > MAX_NUMBER):
        raise ValueRefused(f"an amount is expected, {shown(value)} came")
    return amount_text(found)


def day(value, pattern=None):
    """A day as ``2026-02-28``; ``pattern`` as in ``strptime`` (``%d/%m/%Y``)."""
    if isinstance(value, str) and pattern:
        try:
            return datetime.strptime(value.strip(), pattern).date().isoformat()
        except ValueError as error:
            raise ValueRefused(
                f"a day like {date(2026, 2, 28).strftime(pattern)} is expected, "
                f"{shown(value)} came"
            ) from error
    if isinstance(value, str) and re.match(r"\d{4}-\d\d-\d\d", value.strip()):
        # the day as it is written there, whatever the zone makes of it here
        return moment(value.strip()[:10]).date().isoformat()
    return moment(value).date().isoformat()


def point(value, pattern=None):
    """A moment as RFC 3339 text in UTC."""
    if isinstance(value, str) and pattern:
        try:
            found = datetime.strptime(value.strip(), pattern)
        except ValueError as error:
            raise ValueRefused(f"{shown(value)} is not written as {pattern}") from error
        if found.tzinfo is None:
            found = found.replace(tzinfo=timezone.utc)
        return time_text(found)
    return time_text(moment(value))


def boolean(value, pattern=None):
    """True or false, from the words and numbers that systems use for them."""
    if isinstance(value, bool):
        return value
    word = str(plain(value)).strip().lower()
    if pattern:
        return word == pattern.strip().lower()
    if word in _TRUE:
        return True
    if word in _FALSE:
        return False
    raise ValueRefused(f"yes or no is expected, {shown(value)} came")


FORMATS = {
    "text": text,
    "amount": amount,
    "date": day,
    "datetime": point,
    "boolean": boolean,
}


def moment(value):
    """A moment in UTC from ISO text (without zone: UTC) or seconds or milliseconds
    since 1970.

    :raises ValueRefused: when it is neither
    """
    try:
        if isinstance(value, str) and re.fullmatch(r"-?\d{9,14}(\.\d+)?", value):
            value = Decimal(value)
        if isinstance(value, (int, Decimal)) and not isinstance(value, bool):
            seconds = Decimal(value)
            if abs(seconds) >= 10**11:
                seconds = seconds / 1000
            found = datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(
                microseconds=int(seconds * 1_000_000)
            )
        else:
            found = _written(value)
    except (ValueError, OverflowError, ArithmeticError) as error:
        raise ValueRefused(f"a time is expected, {shown(value)} came") from error
    if not FIRST_YEAR <= found.year <= LAST_YEAR:
        raise ValueRefused(f"{shown(value)} is no time of these centuries")
    return found


def _written(value):
    match = _TIME.fullmatch(value.strip()) if isinstance(value, str) else None
    if not match:
        raise ValueError(value)
    year, month, dom, hour, minute, second, fraction, zone = match.groups()
    found = datetime(
        int(year), int(month), int(dom), int(hour or 0), int(minute or 0),
        min(int(second or 0), 59), int((fraction or "0")[:6].ljust(6, "0")),
        timezone.utc,
    )  # fmt: skip
    if zone and zone[0] in "+-":
        digits = zone[1:].replace(":", "").ljust(4, "0")
        offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
        found = found - offset if zone[0] == "+" else found + offset
    return found


def version(value):
    """A version as a whole number: one that counts, or a time in milliseconds."""
    if isinstance(value, int) and not isinstance(value, bool):
        found = value
    elif isinstance(value, str) and re.fullmatch(r"\d{1,18}", value.strip()):
        found = int(value)
    elif isinstance(value, Decimal) and value == value.to_integral_value():
        found = int(value)
    else:
        found = int(moment(value).timestamp() * 1000)
    if not 0 < found < 2**63:
        raise ValueRefused(f"{shown(value)} is no version: one counts from 1 up")
    return found


def asked_since(found, kind):
    """The watermark (aware datetime) as a parameter of kind ``kind``."""
    found = found.astimezone(timezone.utc)
    if kind == "date":
        return found.date().isoformat()
    if kind == "seconds":
        return str(int(found.timestamp()))
    if kind == "milliseconds":
        return str(int(found.timestamp() * 1000))
    return found.strftime("%Y-%m-%dT%H:%M:%SZ")
