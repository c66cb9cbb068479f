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

    code: Code
    name: Name
    scheme: Code | None = None
    parent: reference("cost_code") | None = None
    postable: bool | None = None
    uom: ShortCode | None = None
    valid_from: Day | None = None
    valid_to: Day | None = None

    @model_validator(mode="after")
    def _validity(self):
        if self.valid_from and self.valid_to and self.valid_to < self.valid_from:
            raise refuse("The code ends before it begins.", pointer="/valid_to")
        return self
