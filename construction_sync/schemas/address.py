"""Postal address, as part of projects and vendors."""

from .canonical import Part
from .texts import Country, Name, name_text


class Address(Part):
    """A postal address; ``state`` is the code of the state or its name."""

    street: Name | None = None
    street2: Name | None = None
    city: Name | None = None
    zip: name_text(24) | None = None
    state: name_text(64) | None = None
    country: Country | None = None
