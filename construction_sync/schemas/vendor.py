"""Vendor: a supplier or subcontractor, with the bank accounts it is paid on."""

import re
from typing import Annotated, ClassVar, Literal

from pydantic import (
    BeforeValidator,
    ConfigDict,
    Field,
    WithJsonSchema,
    model_validator,
)

from .address import Address
from .canonical import Canonical, Part
from .references import reference
from .texts import Code, Email, Name, code_text, name_of, name_schema, name_text, refuse

_IBAN = re.compile("[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}")
_BIC = re.compile("[A-Z0-9]{4}[A-Z]{2}[A-Z0-9]{2}(?:[A-Z0-9]{3})?")


def _iban(value):
    if type(value) is not str:
        raise refuse("Text is expected here.")
    value = value.replace(" ", "").upper()
    # ISO 13616: moved to the end and read as digits, the number is 1 modulo 97.
    if not _IBAN.fullmatch(value) or (
        int("".join(str(int(c, 36)) for c in value[4:] + value[:4])) % 97 != 1
    ):
        raise refuse("This is not an IBAN: its check digits do not fit.")
    return value


def _bic(value):
    if type(value) is str and _BIC.fullmatch(value.strip().upper()):
        return value.strip().upper()
    raise refuse("A BIC has 8 or 11 letters and digits, as GEBABEBB.")


Iban = Annotated[
    str,
    BeforeValidator(_iban),
    WithJsonSchema(
        {
            "type": "string",
            "description": "ISO 13616, check digits included; blanks are taken out",
            "maxLength": 42,
            "examples": ["BE71096123456769"],
        }
    ),
]
Bic = Annotated[
    str,
    BeforeValidator(_bic),
    WithJsonSchema({"type": "string", "minLength": 8, "examples": ["GEBABEBB"]}),
]


def _vendor_name(value, info):
    if value is None:
        if info.data.get("merged_into") is None:
            raise refuse("This field is required.")
        return None
    return name_of(value, 255)


class BankAccount(Part):
    """An account: either ``iban``, or ``number`` as the country writes it."""

    model_config = ConfigDict(
        json_schema_extra={
            "oneOf": [
                {"required": [name], "properties": {name: {"type": "string"}}}
                for name in ("iban", "number")
            ]
        }
    )

    iban: Iban | None = None
    """International number, check digits included."""
    number: code_text(40) | None = None
    """Domestic number, with the bank's code where the country puts one before it."""
    bic: Bic | None = None
    """Bank identifier, 8 or 11 characters."""

    @model_validator(mode="after")
    def _one_number(self):
        if (self.iban is None) == (self.number is None):
            raise refuse("A bank account has either an iban or a number.")
        return self


class Vendor(Canonical):
    """A vendor. A change of ``bank_accounts`` waits for a second person in Odoo.

    ``name`` is required, except that a vendor merged into another may be named by
    ``merged_into`` alone: systems report a merge with ids only.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "anyOf": [
                {"required": ["name"]},
                {
                    "required": ["merged_into"],
                    "properties": {"merged_into": {"not": {"type": "null"}}},
                },
            ]
        }
    )

    entity: ClassVar[str] = "vendor"
    example: ClassVar[dict] = {
        "name": "Ace Concrete",
        "legal_name": "Ace Concrete NV",
        "tax_id": "BE0477472701",
        "email": "accounts@ace.example",
        "phone": "+32 2 555 01 00",
        "address": {
            "street": "Quarry Road 1",
            "city": "Brussels",
            "zip": "1000",
            "country": "BE",
        },
        "bank_accounts": [{"iban": "BE71096123456769", "bic": "GKCCBEBB"}],
        "trades": ["Concrete"],
        "status": "approved",
    }

    # Before the name, whose check looks at it.
    merged_into: reference("vendor") | None = None
    """The vendor that this one was merged into; it lives on as an alias."""
    name: Annotated[
        str | None,
        BeforeValidator(_vendor_name),
        Field(default=None, validate_default=True),
        WithJsonSchema(name_schema(255)),
    ]
    """What the vendor is called."""
    legal_name: Name | None = None
    """Registered name, where it differs."""
    tax_id: Code | None = None
    """Tax or VAT number with country prefix; equal numbers are one vendor."""
    email: Email | None = None
    phone: name_text(40) | None = None
    address: Address | None = None
    bank_accounts: Annotated[list[BankAccount], Field(max_length=20)] | None = None
    """All accounts; a change waits in Odoo until a second person has agreed."""
    trades: Annotated[list[name_text(64)], Field(max_length=100)] | None = None
    """Trades as the sending system names them; Odoo maps them."""
    status: Literal["prospect", "approved", "blocked"] | None = None
