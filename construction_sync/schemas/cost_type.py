"""Cost type: labour, material, equipment and so on, under a code of the source."""

from typing import ClassVar, Literal

from pydantic import Field

from .canonical import Canonical
from .texts import Code, Name


class CostType(Canonical):
    """A cost type; ``class`` on the wire is ``class_`` in Python."""

    entity: ClassVar[str] = "cost_type"
    example: ClassVar[dict] = {
        "code": "S",
        "name": "Subcontract",
        "class": "subcontract",
    }

    code: Code
    name: Name
    class_: Literal[
        "labour", "material", "equipment", "subcontract", "other", "overhead"
    ] = Field(alias="class")
    """What kind of cost it is."""
