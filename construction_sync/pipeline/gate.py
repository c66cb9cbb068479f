"""The version gate (DESIGN R8): may this message change that object?

Plain and total: every pair of stored state and message has exactly one verdict.
For a snapshot flow the end state is the same for every order and duplication of
the same messages (property-tested).
"""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum


class Verdict(Enum):
    APPLY = "apply"
    DUPLICATE = "duplicate"
    SUPERSEDED = "superseded"
    CONFLICT = "version-conflict"
    EPOCH = "epoch-change"
    GAP = "gap"


@dataclass(frozen=True, slots=True)
class Stamp:
    """What is known of an object's state: at the gate, or inside a message.

    :param version: integer, or None when the source does not count
    :param hash: content hash of the canonical data (None: never applied)
    :param time: when the source made it, UTC
    :param arrival: id of the message, the order of arrival
    """

    version: int | None
    hash: str | None
    time: datetime | None
    arrival: int = 0


def judge(stored, incoming, ordering):
    """Verdict for ``incoming`` on an object whose last applied state is ``stored``.

    :param stored: Stamp, or None for an object never seen
    :param incoming: Stamp of the message
    :param ordering: ``snapshot`` (a newer version replaces) or ``delta`` (each
        version builds on the one before)
    """
    if stored is None or stored.hash is None:
        return Verdict.APPLY
    if incoming.version is None or stored.version is None:
        return _by_arrival(stored, incoming)
    if incoming.version == stored.version:
        if incoming.hash == stored.hash:
            return Verdict.DUPLICATE
        return Verdict.CONFLICT
    if incoming.version < stored.version:
        if stored.time and incoming.time and incoming.time > stored.time:
            return Verdict.EPOCH
        return Verdict.SUPERSEDED
    if ordering == "delta" and incoming.version != stored.version + 1:
        return Verdict.GAP
    return Verdict.APPLY


def _by_arrival(stored, incoming):
    """Without a version, order is the order of arrival."""
    if incoming.arrival < stored.arrival:
        return Verdict.SUPERSEDED
    if incoming.hash == stored.hash:
        return Verdict.DUPLICATE
    return Verdict.APPLY
