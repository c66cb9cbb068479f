"""Cost code: where a cost belongs, by MasterFormat or a scheme of one's own."""

from typing import ClassVar

from pydantic import model_validator

from .canonical import Canonical
from .references import reference
from .texts import Code, Name, ShortCode, refuse
from .times import Day


class CostCode(Canonical):
    """A cost code. A heading (division) has ``postable`` false."""

    entity: ClassVar[str] = "cost_code"
    example: ClassVar[dict] = {
        "code": "03 30 00",
        "name": "Cast-in-place concrete",
        "scheme": "masterformat",
        "parent": {"code": "03"},
        "postable": True,
        "uom": "m3",
    }

    code: Code
    """The code as people write it; spaces, dots and dashes do not tell codes apart."""
    name: Name
    scheme: Code | None = None
    """Code of the scheme, as masterformat; the company's own if absent."""
    parent: reference("cost_code") | None = None
    """The heading that it stands under."""
    postable: bool | None = None
    """Whether cost may be booked on it; false for a heading."""
    uom: ShortCode | None = None
    """Unit of measure as the sending system writes it; Odoo maps it."""
    valid_from: Day | None = None
    """First day on which it may be used."""
    valid_to: Day | None = None
    """Last day on which it may be used."""

    @model_validator(mode="after")
    def _validity(self):
        if self.valid_from and self.valid_to and self.valid_to < self.valid_from:
            raise refuse("The code ends before it begins.", pointer="/valid_to")
        return self
