"""Amounts of money: decimal text on the wire, Decimal in Python, never a float (R9)."""

import re
from decimal import Decimal
from typing import Annotated

from pydantic import (
    AfterValidator,
    BeforeValidator,
    PlainSerializer,
    WithJsonSchema,
)

from .texts import refuse

_AMOUNT = re.compile(r"-?[0-9]{1,15}(?:\.[0-9]{1,6})?")
# ISO 4217: currencies whose minor unit is not a hundredth.
_MINOR_UNITS = {
    **dict.fromkeys(
        [
            "BIF",
            "CLP",
            "DJF",
            "GNF",
            "ISK",
            "JPY",
            "KMF",
            "KRW",
            "PYG",
            "RWF",
            "UGX",
            "UYI",
            "VND",
            "VUV",
            "XAF",
            "XOF",
            "XPF",
        ],
        0,
    ),
    **dict.fromkeys(["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"], 3),
    **dict.fromkeys(["CLF", "UYW"], 4),
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
