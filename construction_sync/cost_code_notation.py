"""How one cost code is written in many ways, and the one way it is kept.

A job-cost key travels as ``03 30 00.S``, ``03-300-S``, ``033000`` beside ``SUB``,
``03 30 00`` beside ``Subcontract``. The functions here bring a written code to its
canonical form and split off the cost type, by rule and never by likeness: what does
not fit the rule gives None, and a person decides.

Invariants (property-tested): a canonical code maps to itself; two different
canonical codes never become one; nothing is guessed. Where two readings are
possible (``33000``: division 33 in five digits, or ``033000`` without its leading
zero) the answer is None.

MasterFormat (CSI/CSC, 2004 and later): ``XX YY ZZ``, optionally ``.nn`` once or
twice; divisions 00 to 49. The edition of 1995 wrote five digits, division and
three: ``03300`` is ``03 30 00``.
"""

import re
import unicodedata
from typing import NamedTuple

#: longest code that is looked at; anything longer is not a code
MAX_LENGTH = 64

#: how systems write the six classes of cost (Sage category, Vista cost type, Procore
#: line item type) -> code of the cost type shipped with the module
TYPE_WORDS = {
    "L": "L", "LAB": "L", "LABOR": "L", "LABOUR": "L",
    "M": "M", "MAT": "M", "MATERIAL": "M", "MATERIALS": "M",
    "E": "E", "EQ": "E", "EQP": "E", "EQUIP": "E", "EQUIPMENT": "E",
    "S": "S", "SC": "S", "SUB": "S", "SUBCONTRACT": "S", "SUBCONTRACTS": "S",
    "O": "O", "OTH": "O", "OTHER": "O",
    "H": "H", "OH": "H", "OVH": "H", "OVERHEAD": "H",
}  # fmt: skip

_DELIMITERS = re.compile(r"[\s\-_./:|\u2010-\u2015]+")
_WITH_LETTERS = re.compile(r"^(?P<body>[0-9].*?)(?P<letters>[A-Z]+)?$")


class Written(NamedTuple):
    """A code taken apart: canonical ``code``; ``cost_type`` as code of the type, or
    None when the text named none."""

    code: str
    cost_type: str | None = None


def clean(text):
    """``text`` in NFKC, upper case, single spaces, trimmed; None if it is no code
    (empty, too long, or with control characters)."""
    if not isinstance(text, str) or len(text) > MAX_LENGTH:
        return None
    text = unicodedata.normalize("NFKC", text)
    if any(unicodedata.category(char) in ("Cc", "Cf", "Cs") for char in text):
        return None
    return re.sub(r"\s+", " ", text).strip().upper() or None


def cost_type(text, words=None):
    """Code of the cost type that ``text`` names, or None.

    :param words: further spellings, ``{UPPER CASE WORD: code}``; they go first
    """
    word = clean(text)
    if word is None:
        return None
    return (words or {}).get(word) or TYPE_WORDS.get(word)


def masterformat(text, words=None):
    """``Written`` for a MasterFormat code in any of its usual notations, or None.

    >>> masterformat("03 30 00.S")
    Written(code='03 30 00', cost_type='S')
    >>> masterformat("03-300-S")
    Written(code='03 30 00', cost_type='S')
    >>> masterformat("033000")
    Written(code='03 30 00', cost_type=None)
    >>> masterformat("33000") is None
    True
    """
    cleaned = clean(text)
    found = cleaned and _WITH_LETTERS.match(cleaned)
    if not found:
        return None
    kind = None
    if letters := found["letters"]:
        kind = cost_type(letters, words)
        if kind is None:
            return None
    groups = [g for g in _DELIMITERS.split(found["body"]) if g]
    if not groups or not all(g.isascii() and g.isdigit() for g in groups):
        return None
    parts = _parts(groups)
    if parts is None or int(parts[0]) > 49:
        return None
    head, tail = parts[:3], parts[3:]
    return Written(".".join([" ".join(head), *tail]), kind)


def _parts(groups):
    """Two-digit parts (three, then up to two of detail) of the groups of digits a
    code is written in; None when there is no single reading."""
    first, rest = groups[0], groups[1:]
    if len(first) > 2:
        head, detail = _solid(first), rest
    else:
        head, detail = _grouped(first.zfill(2), rest)
    if head is None:
        return None
    parts = head + detail
    if len(parts) > 5 or any(len(part) != 2 for part in parts):
        return None
    return parts


def _solid(digits):
    """Parts of digits written without a break."""
    if len(digits) in (6, 8, 10):
        return [digits[i : i + 2] for i in range(0, len(digits), 2)]
    if len(digits) in (4, 5) and digits[0] == "0":
        # five digits of 1995, or four; a leading zero shows that none was lost
        padded = digits.ljust(6, "0")
        return [padded[0:2], padded[2:4], padded[4:6]]
    return None


def _grouped(division, rest):
    """Parts of a code whose division stands apart, and the groups left over."""
    if not rest:
        return [division, "00", "00"], []
    second = rest[0]
    if len(second) == 2:
        third = rest[1:2] or ["00"]
        return [division, second, *third], rest[2:]
    if len(second) in (3, 4) and len(rest) == 1:
        padded = second.ljust(4, "0")
        return [division, padded[:2], padded[2:]], []
    return None, []


def plain(text, words=None):
    """``Written`` for a code of a contractor's own scheme: delimiters are part of
    the code (``1.23`` is not ``12.3``), only case and spaces are evened out.

    >>> plain(" 10-200a ")
    Written(code='10-200A', cost_type=None)
    """
    cleaned = clean(text)
    return Written(cleaned) if cleaned else None


GRAMMARS = {"masterformat": masterformat, "plain": plain}


def by_regex(text, pattern, grammar="plain", words=None):
    """Read ``text`` with a pattern that has the group ``code`` (or ``code1``,
    ``code2`` ..., put together in that order) and may have ``type``. The whole text
    must match."""
    cleaned = clean(text)
    found = cleaned and re.fullmatch(pattern, cleaned, re.IGNORECASE)
    if not found:
        return None
    named = found.groupdict()
    code = "".join(
        value or "" for name, value in sorted(named.items()) if name.startswith("code")
    )
    return _joined(code, named.get("type"), grammar, words)


def by_split(text, delimiter, grammar="plain", words=None):
    """Read ``text`` as code, delimiter, cost type; the last delimiter counts."""
    cleaned = clean(text)
    if not cleaned or not delimiter or delimiter.upper() not in cleaned:
        return None
    code, _mark, kind = cleaned.rpartition(delimiter.upper())
    return _joined(code, kind, grammar, words)


def by_pad(text, widths, grammar="plain", words=None):
    """Read ``text`` as groups of digits, each filled up with zeros on the left.

    ``widths`` are the lengths the groups have when complete: with (2, 2, 2)
    ``3-30-0`` is ``03 30 00``. The number of groups must be exact.
    """
    cleaned = clean(text)
    groups = [g for g in _DELIMITERS.split(cleaned or "") if g]
    if len(groups) != len(widths):
        return None
    if any(len(g) > w or not g.isdigit() for g, w in zip(groups, widths, strict=True)):
        return None
    code = " ".join(g.zfill(w) for g, w in zip(groups, widths, strict=True))
    return _joined(code, None, grammar, words)


def by_lookup(text, table, grammar="plain", words=None):
    """Read ``text`` from a table ``{written: (code, cost type or None)}``."""
    cleaned = clean(text)
    if cleaned is None or cleaned not in table:
        return None
    return _joined(*table[cleaned], grammar, words)


def _joined(code, kind, grammar, words):
    """What the scheme's own grammar makes of a code that a rule has cut out; a type
    that the rule cut out too must be known and may not contradict the code's."""
    written = GRAMMARS[grammar](code, words)
    if written is None or not kind:
        return written
    named = cost_type(kind, words)
    if named is None or written.cost_type not in (None, named):
        return None
    return Written(written.code, named)


def masterformat_parents(code):
    """Codes above a canonical MasterFormat code, nearest first.

    >>> list(masterformat_parents("03 30 53.13"))
    ['03 30 53', '03 30 00', '03 00 00']
    """
    head, *details = code.split(".")
    while details:
        details.pop()
        yield ".".join([head, *details])
    division, second, third = head.split(" ")
    if third != "00":
        yield f"{division} {second} 00"
    if (second, third) != ("00", "00"):
        yield f"{division} 00 00"
