"""What every canonical object is made of: the base model and the kinds of text.

Values are checked, never guessed: codes are plain ASCII, names are normalised to NFC,
amounts are decimal text, dates are ISO 8601. An absent field leaves the value in Odoo
as it is, ``null`` clears it; ``model_fields_set`` tells the two apart.
"""

import hashlib
import json
import re
import unicodedata
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from functools import lru_cache, partial
from typing import Annotated, Any, ClassVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    WithJsonSchema,
    model_serializer,
    model_validator,
)
from pydantic_core import PydanticCustomError

EXTERNAL_ID_LENGTH = 255
FIRST_YEAR, LAST_YEAR = 1900, 2200


def refuse(sentence, **context):
    """A refusal that a validator raises: the sentence is what the caller reads.

    ``pointer`` in the context is added to where the validator stands, ``kind`` is a
    slug of the problem catalogue.
    """
    # Braces in the sentence are outside text, not a template.
    template = sentence.replace("{", "(").replace("}", ")")
    return PydanticCustomError("refused", template, context or None)


# --------------------------------------------------------------------------- text
def _code(value, limit):
    if type(value) is not str:
        raise refuse("Text is expected here.")
    if len(value) > limit:
        raise refuse(f"The code has more than {limit} characters.")
    if not (value.isascii() and value.isprintable()):
        raise refuse(
            "A code may only hold plain letters, digits and signs (ASCII), no invisible"
            " or foreign characters."
        )
    value = value.strip(" ")
    if not value:
        raise refuse("The code is empty. Write null to clear it.")
    return value


def _external_id(value):
    if type(value) is not str:
        raise refuse("An external id is text.")
    if not value or len(value) > EXTERNAL_ID_LENGTH:
        raise refuse(f"An external id has 1 to {EXTERNAL_ID_LENGTH} characters.")
    if not (value.isascii() and value.isprintable()):
        raise refuse("An external id may only hold printable ASCII characters.")
    if value[0] == " " or value[-1] == " ":
        raise refuse("An external id may not start or end with a space.")
    return value


_REFUSED_IN_NAMES = ("Cc", "Cs", "Zl", "Zp")


def _name(value, limit):
    if type(value) is not str:
        raise refuse("Text is expected here.")
    if len(value) > limit:
        raise refuse(f"The text has more than {limit} characters.")
    if not (value.isascii() and value.isprintable()):
        value = unicodedata.normalize("NFC", value)
        if len(value) > limit:
            raise refuse(f"The text has more than {limit} characters.")
        for char in value:
            if unicodedata.category(char) in _REFUSED_IN_NAMES:
                raise refuse(
                    "The text may not hold line breaks or control characters"
                    f" (U+{ord(char):04X})."
                )
    value = value.strip()
    if not value:
        raise refuse("The text is empty. Write null to clear it.")
    return value


def code_text(limit):
    """A code of at most ``limit`` characters: printable ASCII, trimmed."""
    return Annotated[
        str,
        BeforeValidator(partial(_code, limit=limit)),
        WithJsonSchema(
            {
                "type": "string",
                "minLength": 1,
                "maxLength": limit,
                "pattern": "^[ -~]*[!-~][ -~]*$",
            }
        ),
    ]


def name_text(limit):
    """Text for people, at most ``limit`` characters: NFC, one line, trimmed."""
    return Annotated[
        str,
        BeforeValidator(partial(_name, limit=limit)),
        WithJsonSchema({"type": "string", "minLength": 1, "maxLength": limit}),
    ]


Code = code_text(64)
ShortCode = code_text(32)
Name = name_text(255)
ExternalId = Annotated[
    str,
    BeforeValidator(_external_id),
    WithJsonSchema(
        {
            "type": "string",
            "minLength": 1,
            "maxLength": EXTERNAL_ID_LENGTH,
            "pattern": "^[!-~]([ -~]*[!-~])?$",
        }
    ),
]


def _matching(pattern, sentence, change=None):
    compiled = re.compile(pattern)

    def check(value):
        if type(value) is not str:
            raise refuse("Text is expected here.")
        if change:
            value = change(value)
        if not compiled.fullmatch(value):
            raise refuse(sentence)
        return value

    return check


Currency = Annotated[
    str,
    BeforeValidator(
        _matching("[A-Z]{3}", "A currency is its three-letter code, as EUR.")
    ),
    WithJsonSchema({"type": "string", "pattern": "^[A-Z]{3}$", "examples": ["EUR"]}),
]
Country = Annotated[
    str,
    BeforeValidator(
        _matching("[A-Z]{2}", "A country is its two-letter code (ISO 3166-1), as BE.")
    ),
    WithJsonSchema({"type": "string", "pattern": "^[A-Z]{2}$", "examples": ["BE"]}),
]
_EMAIL = r"[!-?A-~]{1,64}@[A-Za-z0-9.-]{1,189}"
Email = Annotated[
    str,
    BeforeValidator(_matching(_EMAIL, "This is not an e-mail address.", str.strip)),
    WithJsonSchema({"type": "string", "pattern": f"^{_EMAIL}$", "maxLength": 254}),
]
SegmentKey = Annotated[
    str,
    BeforeValidator(
        _matching(
            "[a-z][a-z0-9_]{0,31}",
            "A segment is named in lower-case letters, digits and _, as area.",
        )
    ),
    WithJsonSchema({"type": "string", "pattern": "^[a-z][a-z0-9_]{0,31}$"}),
]


# ------------------------------------------------------------------------ amounts
_AMOUNT = re.compile(r"-?[0-9]{1,15}(?:\.[0-9]{1,6})?")
# ISO 4217: currencies whose minor unit is not a hundredth.
_MINOR_UNITS = {
    **dict.fromkeys(
        "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF".split(), 0
    ),
    **dict.fromkeys("BHD IQD JOD KWD LYD OMR TND".split(), 3),
    **dict.fromkeys("CLF UYW".split(), 4),
}


def _amount(value):
    if type(value) is not str:
        raise refuse('An amount is text, as "1250.00", so that no digit is lost.')
    if not _AMOUNT.fullmatch(value):
        raise refuse(
            "An amount is written with digits and a point, without exponent, blanks or"
            " separators: at most 15 digits and 6 decimals."
        )
    return Decimal(value) + 0  # + 0 turns a negative zero into zero


def amount_text(value):
    """A Decimal as the canonical form writes it: no exponent, no idle zeros."""
    text = format(value, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


Amount = Annotated[
    Decimal,
    BeforeValidator(_amount),
    PlainSerializer(amount_text, return_type=str),
    WithJsonSchema(
        {
            "type": "string",
            "pattern": r"^-?[0-9]{1,15}(\.[0-9]{1,6})?$",
            "examples": ["1250.00"],
        }
    ),
]


def _not_negative(value):
    if value < 0:
        raise refuse("The amount may not be negative.")
    return value


PositiveAmount = Annotated[
    Amount,
    AfterValidator(_not_negative),
    WithJsonSchema(
        {
            "type": "string",
            "pattern": r"^(-0(\.0{1,6})?|[0-9]{1,15}(\.[0-9]{1,6})?)$",
            "examples": ["1250.00"],
        }
    ),
]


def minor_unit(currency):
    """Decimals that amounts in ``currency`` have (ISO 4217); two when not listed."""
    return _MINOR_UNITS.get(currency, 2)


def refuse_lost_decimals(amount, currency, pointer):
    """Refuse an amount that its currency cannot hold; idle zeros do not count (R9).

    :raises PydanticCustomError: with kind ``currency-decimals``
    """
    digits = -amount.normalize().as_tuple().exponent
    if digits > minor_unit(currency):
        raise refuse(
            f"The amount has {digits} decimals; {currency} has"
            f" {minor_unit(currency)}. Nothing is rounded here.",
            pointer=pointer,
            kind="currency-decimals",
        )


# -------------------------------------------------------------------------- dates
_DATE = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")
_TIME = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})[Tt ]([0-9]{2}):([0-9]{2}):([0-9]{2})"
    r"(?:\.([0-9]{1,9}))?([Zz]|[+-][0-9]{2}:[0-9]{2})?"
)
_UTC = timezone.utc


def _date(value):
    match = _DATE.fullmatch(value) if type(value) is str else None
    if not match:
        raise refuse("A date is written as 2026-02-28.")
    return _in_calendar(lambda: date(int(match[1]), int(match[2]), int(match[3])))


def _in_calendar(make):
    try:
        found = make()
    except (ValueError, OverflowError):
        raise refuse("There is no such day or time in the calendar.") from None
    if not FIRST_YEAR <= found.year <= LAST_YEAR:
        raise refuse(f"The year must be between {FIRST_YEAR} and {LAST_YEAR}.")
    return found


def read_time(value):
    """RFC 3339 text as an aware datetime in UTC.

    :raises PydanticCustomError: when it is not, or has no zone (a naive time means
        another moment to every reader), or lies outside 1900 to 2200
    """
    match = _TIME.fullmatch(value) if type(value) is str else None
    if not match:
        raise refuse("A time is written as 2026-02-28T09:30:00Z.")
    year, month, day, hour, minute, second, fraction, zone = match.groups()
    if zone is None:
        raise refuse("The time has no zone. End it with Z or with +02:00.")
    # A leap second is a moment like any other; Python counts it to the next minute.
    leap = second == "60"
    found = _in_calendar(
        lambda: datetime(
            int(year),
            int(month),
            int(day),
            int(hour),
            int(minute),
            59 if leap else int(second),
            int((fraction or "0")[:6].ljust(6, "0")),
            _UTC,
        )
    )
    if leap:
        found += timedelta(seconds=1)
    if zone not in "Zz":
        hours, minutes = int(zone[1:3]), int(zone[4:6])
        if hours > 23 or minutes > 59:
            raise refuse("There is no such time zone.")
        offset = timedelta(hours=hours, minutes=minutes)
        found = found + offset if zone[0] == "-" else found - offset
    return found


def time_text(value):
    """An aware datetime as RFC 3339 text in UTC."""
    return value.astimezone(_UTC).isoformat().replace("+00:00", "Z")


Day = Annotated[
    date,
    BeforeValidator(_date),
    WithJsonSchema({"type": "string", "format": "date", "examples": ["2026-02-28"]}),
]
Time = Annotated[
    datetime,
    BeforeValidator(read_time),
    PlainSerializer(time_text, return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]


# --------------------------------------------------------------------- references
class Part(BaseModel):
    """A piece of a canonical object (an address, a bank account)."""

    model_config = ConfigDict(extra="forbid", strict=True, hide_input_in_errors=True)


class Reference(BaseModel):
    """What a field points to. On the wire one of four shapes:

    the external id of the same system as text; ``{"code": ...}``, the natural key;
    ``{"odoo_id": ...}``; ``{"system": ..., "id": ...}``, the id in another system.
    Frozen, so that references can be gathered in a set.
    """

    model_config = ConfigDict(
        extra="forbid", strict=True, frozen=True, hide_input_in_errors=True
    )

    id: ExternalId | None = None
    code: Code | None = None
    odoo_id: Annotated[int, Field(ge=1, le=2**31 - 1)] | None = None
    system: ShortCode | None = None

    @model_validator(mode="before")
    @classmethod
    def _from_wire(cls, value):
        if type(value) is str:
            return {"id": value}
        if isinstance(value, cls):
            return value
        if not isinstance(value, dict):
            raise refuse(
                "A reference is an external id as text, or an object with code, with"
                " odoo_id, or with system and id."
            )
        shape = frozenset(value)
        if shape not in _REFERENCE_SHAPES:
            raise refuse(
                "A reference object has code, or odoo_id, or system and id, and"
                " nothing else."
            )
        if None in value.values():
            raise refuse("A reference holds a value, not null.")
        return value

    @model_serializer
    def to_wire(self) -> Any:
        """The shape it came in."""
        if self.system is not None:
            return {"system": self.system, "id": self.id}
        if self.code is not None:
            return {"code": self.code}
        if self.odoo_id is not None:
            return {"odoo_id": self.odoo_id}
        return self.id

    def __str__(self):
        if self.system is not None:
            return f"{self.id} ({self.system})"
        return str(self.id or self.code or f"#{self.odoo_id}")


_REFERENCE_SHAPES = frozenset(
    {
        frozenset({"code"}),
        frozenset({"odoo_id"}),
        frozenset({"system", "id"}),
    }
)
_ID_SCHEMA = {
    "type": "string",
    "minLength": 1,
    "maxLength": EXTERNAL_ID_LENGTH,
    "pattern": "^[!-~]([ -~]*[!-~])?$",
}
_CODE_SCHEMA = {
    "type": "string",
    "minLength": 1,
    "maxLength": 64,
    "pattern": "^[ -~]*[!-~][ -~]*$",
}


def _reference_object(**properties):
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


REFERENCE_SCHEMA = {
    "oneOf": [
        {"description": "External id in the same system", **_ID_SCHEMA},
        _reference_object(code=_CODE_SCHEMA),
        _reference_object(
            odoo_id={"type": "integer", "minimum": 1, "maximum": 2**31 - 1}
        ),
        _reference_object(system={**_CODE_SCHEMA, "maxLength": 32}, id=_ID_SCHEMA),
    ]
}


class PointsTo:
    """Names the entity that a reference field points to (``vendor``, ``cost_code``)."""

    def __init__(self, entity):
        self.entity = entity


def reference(entity):
    """The type of a field that refers to an object of ``entity``."""
    return Annotated[
        Reference,
        WithJsonSchema({**REFERENCE_SCHEMA, "x-entity": entity}),
        PointsTo(entity),
    ]


# --------------------------------------------------------------------- base model
class Canonical(BaseModel):
    """Base of every canonical object.

    ``entity`` is the name in addresses and event types, ``version`` the schema's,
    ``money`` whether a PUT needs an ``Idempotency-Key``. Unknown fields are refused.
    """

    model_config = ConfigDict(extra="forbid", strict=True, hide_input_in_errors=True)

    entity: ClassVar[str] = ""
    version: ClassVar[str] = "v1"
    money: ClassVar[bool] = False

    def references(self):
        """Every reference that is present: ``[(pointer, entity, Reference), ...]``."""
        found = []
        _gather_references(self, "", found)
        return found

    @property
    def suspicious(self):
        """Pointers of names that may deceive a reader; empty when there are none.

        Invisible or direction-changing characters, or one word written in two scripts
        (a Cyrillic а in a Latin name). Flagged, not refused: real names have them.
        """
        return [
            pointer
            for pointer, text in _names_of(self, "")
            if not text.isascii() and _deceives(text)
        ]

    def present(self):
        """Wire names of the fields that were sent, null or not."""
        fields = type(self).model_fields
        return {fields[name].alias or name for name in self.model_fields_set}


def _names_of(value, pointer):
    if isinstance(value, str):
        yield pointer, value
    elif isinstance(value, Reference):
        return
    elif isinstance(value, BaseModel):
        fields = type(value).model_fields
        for name in value.model_fields_set:
            yield from _names_of(
                getattr(value, name), f"{pointer}/{fields[name].alias or name}"
            )
    elif isinstance(value, list):
        for position, child in enumerate(value):
            yield from _names_of(child, f"{pointer}/{position}")


def _deceives(text):
    if any(unicodedata.category(char) == "Cf" for char in text):
        return True
    return any(len(_scripts(word)) > 1 for word in re.findall(r"\w+", text))


@lru_cache(4096)
def _script(char):
    name = unicodedata.name(char, "")
    for script in ("LATIN", "CYRILLIC", "GREEK"):
        if name.startswith((script, f"FULLWIDTH {script}")):
            return script if not name.startswith("FULLWIDTH") else "FULLWIDTH"
    return None


def _scripts(word):
    return {script for char in word if (script := _script(char))}


@lru_cache(256)
def _reference_fields(cls):
    """[(name, alias, entity)] of the fields that hold references, one or many."""
    found = []
    for name, info in cls.model_fields.items():
        entity = _entity_in(info.annotation, info.metadata)
        found.append((name, info.alias or name, entity))
    return found


def _entity_in(annotation, metadata=()):
    for item in (*metadata, *getattr(annotation, "__metadata__", ())):
        if isinstance(item, PointsTo):
            return item.entity
    for argument in getattr(annotation, "__args__", ()):
        if entity := _entity_in(argument):
            return entity
    return None


def _gather_references(model, pointer, found):
    present = model.model_fields_set
    for name, alias, entity in _reference_fields(type(model)):
        if name not in present:
            continue
        value = getattr(model, name)
        if value is not None and (entity or isinstance(value, (BaseModel, list))):
            _gather_from(value, f"{pointer}/{alias}", entity, found)


def _gather_from(value, pointer, entity, found):
    if isinstance(value, Reference):
        found.append((pointer, entity, value))
    elif isinstance(value, BaseModel):
        _gather_references(value, pointer, found)
    elif isinstance(value, list):
        for position, child in enumerate(value):
            _gather_from(child, f"{pointer}/{position}", entity, found)
    elif isinstance(value, dict):
        for key, child in value.items():
            _gather_from(child, f"{pointer}/{key}", entity, found)


# ------------------------------------------------------------------ canonical form
def _plain(value):
    if isinstance(value, Decimal):
        return amount_text(value)
    if isinstance(value, datetime):
        return time_text(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, BaseModel):
        return to_wire(value)
    raise TypeError(f"{type(value).__name__} has no canonical form")


_encode = json.JSONEncoder(
    sort_keys=True,
    separators=(",", ":"),
    ensure_ascii=False,
    allow_nan=False,
    default=_plain,
).encode


def to_wire(model):
    """The object as it goes over the wire: fields that were set, JSON values only."""
    return model.__pydantic_serializer__.to_python(
        model, mode="json", by_alias=True, exclude_unset=True
    )


def canonical_bytes(value):
    """One byte string for one meaning: what hashes and audit entries are made from.

    RFC 8785 with every amount as decimal text (its number rule is IEEE double): sorted
    names, no blanks, UTF-8. Takes a :class:`Canonical` or plain JSON values with
    Decimal and dates; binary fractions are refused because they have no one form.

    :raises TypeError: for a float or any other type
    """
    if isinstance(value, BaseModel):
        value = to_wire(value)
    else:
        _refuse_floats(value)
    return _encode(value).encode()


def _refuse_floats(value):
    if isinstance(value, float):
        raise TypeError("a float has no canonical form; write the amount as text")
    if isinstance(value, dict):
        for child in value.values():
            _refuse_floats(child)
    elif isinstance(value, (list, tuple)):
        for child in value:
            _refuse_floats(child)


def content_hash(value):
    """SHA-256 of :func:`canonical_bytes`, as 64 hexadecimal digits."""
    return hashlib.sha256(canonical_bytes(value)).hexdigest()
