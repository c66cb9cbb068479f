"""What a stand-in sends: records, events that carry them, calls that carry those."""

import itertools
import threading
import time
import uuid
from dataclasses import dataclass, field
from datetime import datetime, timezone

_count = itertools.count()
_count_lock = threading.Lock()
_last_version = 0


def next_version():
    """A number that only grows, over restarts too: milliseconds since 1970."""
    global _last_version
    with _count_lock:
        _last_version = max(_last_version + 1, time.time_ns() // 1_000_000)
        return _last_version


def utc_now():
    """The time as CloudEvents wants it (RFC 3339, UTC, milliseconds)."""
    now = datetime.now(timezone.utc).isoformat(timespec="milliseconds")
    return now.replace("+00:00", "Z")


#: nothing of a record may land before a person has decided
EVERYTHING = ("*",)


@dataclass(frozen=True)
class Record:
    """One object as its system knows it, in the canonical words of the interface.

    :param entity: canonical entity, such as ``vendor``
    :param external_id: the id in the sending system
    :param data: canonical fields; a field that is absent is left as it is
    :param version: the object's version, or None where the dialect has none
    :param deleted: the object is gone in the sending system
    :param person: what a person has to decide; empty when nothing stands in its
        way. Only the checker reads it: it is never sent.
    :param kept_out: fields that must not land by themselves, because Odoo leads
        them or a person decides, or ``EVERYTHING``. Only the checker reads it.
    """

    entity: str
    external_id: str
    data: dict
    version: int | None = field(default_factory=next_version)
    deleted: bool = False
    person: str = ""
    kept_out: tuple = ()


@dataclass(frozen=True)
class Event:
    """What keeps one id through every repetition.

    :param records: what the event means, in canonical words
    :param payload: the body in the dialect of the sending system, if it is not
        the canonical one
    """

    records: tuple
    payload: object = None
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    time: str = field(default_factory=utc_now)

    @property
    def label(self):
        """A few words for the status page."""
        first = self.records[0]
        rest = f" and {len(self.records) - 1} more" if len(self.records) > 1 else ""
        return f"{first.entity} {first.external_id}{rest}"


@dataclass
class Call:
    """One HTTP request to Odoo; its bytes are the same on every try."""

    method: str
    path: str
    body: bytes
    headers: dict
    events: tuple
    number: int = field(default_factory=lambda: next(_count))
    attempts: int = 0
