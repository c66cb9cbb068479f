"""What an adapter makes of one delivery: a list of :class:`Parsed`, one per object."""

import hashlib
from dataclasses import dataclass, field
from datetime import datetime

from ..schemas.canonical import canonical_bytes
from ..schemas.problem import Problem


@dataclass(slots=True)
class Parsed:
    """One event in canonical words, or what is known of one that cannot be read.

    ``entity`` is None when the event means nothing to this suite (yet); ``problems``
    then says why, and the event is kept and parked. ``event_id`` is the sender's id of
    the event, the same again when it is sent again. ``version`` is a whole number or
    None; ``time`` is aware, in UTC, or None. ``data`` holds JSON values that are still
    to be validated against the schema. ``raw`` is the event's own bytes, None when it
    is the whole body. ``source`` is the system that the event itself names, None in
    dialects that name none; ``delivery_id`` the id of the delivery that carried it.
    ``asks`` names something that is to be fetched: the event itself changes nothing.
    """

    entity: str | None
    event_id: str
    external_id: str = ""
    title: str = ""
    version: int | None = None
    time: datetime | None = None
    data: dict | None = None
    deleted: bool = False
    problems: list[Problem] = field(default_factory=list)
    raw: bytes | None = None
    source: str | None = None
    delivery_id: str | None = None
    traceparent: str | None = None
    asks: str | None = None

    @property
    def problem(self):
        """The first problem, or None when the event was understood."""
        return self.problems[0] if self.problems else None

    def raw_data(self):
        """The canonical data as bytes, one form for one meaning; ``null`` for none."""
        return canonical_bytes(self.data)


def body_id(raw):
    """An event id for a body that has none: equal bodies have equal ids."""
    return "sha256-" + hashlib.sha256(raw).hexdigest()
