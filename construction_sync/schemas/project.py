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
    """Id of the node in the sending system, unique in this list."""
    code: Code
    """Short code; it may repeat under another parent."""
    name: Name
    parent: ExternalId | None = None
    """``id`` of the entry above; none for the top."""


class Project(Canonical):
    """A project. ``wbs``, ``cost_codes`` and ``segments`` replace what was there."""

    entity: ClassVar[str] = "project"
    example: ClassVar[dict] = {
        "number": "2026-014",
        "name": "Riverside Tower",
        "status": "active",
        "currency": "EUR",
        "start_date": "2026-03-02",
        "completion_date": "2028-06-30",
        "estimated_value": "48500000.00",
        "contract_form": "nec",
        "address": {"street": "Quay 12", "city": "Antwerp", "country": "BE"},
        "wbs": [
            {"id": "w1", "code": "1", "name": "Substructure"},
            {"id": "w2", "code": "1.1", "name": "Piling", "parent": "w1"},
        ],
        "cost_codes": [{"code": "03 30 00"}, {"code": "31 63 29"}],
        "segments": {"region": {"code": "NORTH"}},
    }

    number: Code
    """Project number; unique in its company."""
    name: Name
    company: Code | None = None
    """Code of the legal entity as set on the system's form; its default if absent."""
    parent: reference("project") | None = None
    """The project that this one is part of."""
    accounting_number: Code | None = None
    """Number under which the accounts know it, where it differs."""
    status: (
        Literal["prospect", "active", "on_hold", "soft_closed", "hard_closed"] | None
    ) = None
    currency: Currency | None = None
    """Three-letter code, ISO 4217."""
    start_date: Day | None = None
    completion_date: Day | None = None
    estimated_value: PositiveAmount | None = None
    """Expected contract value, with no more decimals than the currency has."""
    contract_form: Literal["aia", "jct", "nec", "au", "other"] | None = None
    customer: reference("vendor") | None = None
    """Whom the project is built for: a party known to the sending system."""
    address: Address | None = None
    wbs: Annotated[list[WbsEntry], Field(max_length=5_000)] | None = None
    """The whole breakdown; nodes that are missing from it are archived."""
    cost_codes: (
        Annotated[list[reference("cost_code")], Field(max_length=5_000)] | None
    ) = None
    """The codes that the project books on."""
    segments: (
        Annotated[
            dict[SegmentKey, reference("segment_value")],
            Field(max_length=MAX_SEGMENTS),
        ]
        | None
    ) = None
    """Values of custom segments, by segment; at most ten."""

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
