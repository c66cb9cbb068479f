"""The base of every canonical object, and its canonical form.

Values are checked, never guessed. An absent field leaves the value in Odoo as it is,
``null`` clears it; ``model_fields_set`` tells the two apart.
"""

import hashlib
import json
from datetime import date, datetime
from decimal import Decimal
from typing import ClassVar

from pydantic import BaseModel, ConfigDict

from .amounts import amount_text
from .references import Reference, gather_references
from .texts import deceives
from .times import time_text

# The text below a field is its description in the interface.
_STRICT = ConfigDict(
    extra="forbid",
    strict=True,
    hide_input_in_errors=True,
    use_attribute_docstrings=True,
)


class Part(BaseModel):
    """A piece of a canonical object (an address, a bank account)."""

    model_config = _STRICT


class Canonical(BaseModel):
    """Base of every canonical object.

    ``entity`` is the name in addresses and event types, ``version`` the schema's,
    ``money`` whether a PUT needs an ``Idempotency-Key``, ``example`` a sound object
    for the interface description. Unknown fields are refused.
    """

    model_config = _STRICT

    entity: ClassVar[str] = ""
    version: ClassVar[str] = "v1"
    money: ClassVar[bool] = False
    example: ClassVar[dict] = {}

    def references(self):
        """Every reference that is present: ``[(pointer, entity, Reference), ...]``."""
        found = []
        gather_references(self, "", found)
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
            if not text.isascii() and deceives(text)
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
