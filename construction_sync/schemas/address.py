"""Postal address, as part of projects and vendors."""

from .canonical import Part
from .texts import Country, Name, name_text


class Address(Part):
    """A postal address; ``state`` is the code of the state or its name."""

    street: Name | None = None
    """Street and number."""
    street2: Name | None = None
    """Building, unit, floor."""
    city: Name | None = None
    zip: name_text(24) | None = None
    state: name_text(64) | None = None
    """Code or name of the state or county."""
    country: Country | None = None
    """Two-letter code, ISO 3166-1."""
