"""Project: a job with its breakdown structure and the codes it books on."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from .address import Address
from .amounts import PositiveAmount, refuse_lost_decimals
from .canonical import Canonical, Part
from .references import reference
from .texts import Code, Currency, ExternalId, Name, SegmentKey, refuse
from .times import Day

MAX_SEGMENTS = 10


class WbsEntry(Part):
    """A node of the project's breakdown; ``parent`` is the ``id`` of another entry."""

    id: ExternalId
    code: Code
    name: Name
    parent: ExternalId | None = None


class Project(Canonical):
    """A project. ``wbs``, ``cost_codes`` and ``segments`` replace what was there."""

    entity: ClassVar[str] = "project"

    number: Code
    name: Name
    company: Code | None = None
    parent: reference("project") | None = None
    accounting_number: Code | None = None
    status: (
        Literal["prospect", "active", "on_hold", "soft_closed", "hard_closed"] | None
    ) = None
    currency: Currency | None = None
    start_date: Day | None = None
    completion_date: Day | None = None
    estimated_value: PositiveAmount | None = None
    contract_form: Literal["aia", "jct", "nec", "au", "other"] | None = None
    customer: reference("vendor") | None = None
    address: Address | None = None
    wbs: Annotated[list[WbsEntry], Field(max_length=5_000)] | None = None
    cost_codes: (
        Annotated[list[reference("cost_code")], Field(max_length=5_000)] | None
    ) = None
    segments: (
        Annotated[
            dict[SegmentKey, reference("segment_value")],
            Field(max_length=MAX_SEGMENTS),
        ]
        | None
    ) = None

    @model_validator(mode="after")
    def _whole(self):
        if self.estimated_value is not None and self.currency is not None:
            refuse_lost_decimals(
                self.estimated_value, self.currency, "/estimated_value"
            )
        if self.wbs:
            _refuse_broken_tree(self.wbs)
        return self


def _refuse_broken_tree(wbs):
    parents = {}
    for position, entry in enumerate(wbs):
        if entry.id in parents:
            raise refuse(
                "Two entries of the breakdown have this id.",
                pointer=f"/wbs/{position}/id",
            )
        parents[entry.id] = entry.parent
    sound = set()
    for position, entry in enumerate(wbs):
        trail = set()
        step = entry.id
        while step is not None and step not in sound:
            if step not in parents:
                raise refuse(
                    "The parent is not an entry of this breakdown.",
                    pointer=f"/wbs/{position}/parent",
                )
            if step in trail:
                raise refuse(
                    "The entry stands below itself.", pointer=f"/wbs/{position}/parent"
                )
            trail.add(step)
            step = parents[step]
        sound |= trail
