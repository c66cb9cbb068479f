"""A value of a custom segment: an area, a lot, a floor."""

from typing import ClassVar

from .canonical import Canonical
from .references import reference
from .texts import Code, Name, SegmentKey


class SegmentValue(Canonical):
    """A value; ``segment`` names the dimension it belongs to, ``parent`` a value."""

    entity: ClassVar[str] = "segment_value"
    example: ClassVar[dict] = {"segment": "area", "code": "N", "name": "North wing"}

    segment: SegmentKey
    """The dimension: area, lot, floor."""
    code: Code
    name: Name
    parent: reference("segment_value") | None = None
