"""Messages as the drain reads them."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from odoo.tools import SQL

#: of a lane that one object fills: messages of each object that go first, and how far
#: into the lane other objects are looked for
FEW = 4
DEPTH = 5_000


class Moved(Exception):
    """Something changed under the batch; it is undone and looked at anew."""


@dataclass(slots=True)
class Row:
    """A message as the drain reads it, and what becomes of it."""

    id: int
    uuid: str
    external_id: str
    company_id: int | None
    client_id: int | None
    version: int | None
    event_time: datetime | None
    received_at: datetime
    deleted: bool
    attempts: int
    crash_count: int
    overdue: bool
    content_type: str
    raw: bytes
    title: str = ""
    exception_id: int | None = None
    trace_id: str | None = None
    state: str = ""
    note: str = ""
    waits_on: str | None = None
    next_at: datetime | None = None
    problems: list = field(default_factory=list)
    superseded_by: int | None = None
    item: Any = None
    action: str = ""
    content_hash: str = ""

    @property
    def made_at(self):
        """When the source made it. What names no time of its own (PUT) was made by the
        time it came: with an older version's time in its place, a late one in between
        would look like a new epoch (R8). It never proves a new epoch itself."""
        return self.event_time or self.received_at

    def wait_behind(self, first_id):
        """Wait for an earlier message of the same object."""
        self.state = "waiting"
        self.waits_on = f"behind:{first_id}"
        self.note = "Waits behind an earlier message of the same object"
        self.item = None


@dataclass(slots=True)
class Result:
    """What a batch left behind.

    ``landed``: names (ids and codes) of objects that got their first link, for which
    others may wait.
    """

    woken: Iterable = ()
    waiting: bool = False
    landed: Iterable = ()
    moved: bool = False


COLUMNS = """
    m.id, m.uuid, m.external_id, m.company_id, m.client_id, m.version, m.event_time,
    m.received_at, m.deleted, m.attempts, m.crash_count,
    m.next_at IS NOT NULL AND m.next_at <= now() AT TIME ZONE 'UTC',
    b.content_type, b.raw, m.title, m.exception_id, m.trace_id
"""


def select(cr, flow_id, slots, size):
    """The next ready messages in these lanes, oldest first.

    A flood of messages for one object does not keep other objects waiting (R4): of a
    lane at most half as much again as its part of the batch is taken, and of a lane
    that one object fills, the first few of each object. More of a lane only when that
    would leave the batch nearly empty. Of each object it is always the oldest.
    """
    share = -(-3 * size // (2 * len(slots)))
    while True:
        lanes = _oldest_of_each(cr, flow_id, slots, share)
        if flooded := [slot for slot, lane in lanes.items() if _flooded(lane, share)]:
            lanes.update(_spread(cr, flow_id, flooded, share))
        ids = sorted(message_id for ids, _names in lanes.values() for message_id in ids)
        more = any(len(ids) == share for ids, _names in lanes.values())
        if len(ids) >= size // 4 or not more:
            return read_rows(cr, ids[:size])
        share *= 8


def _flooded(lane, share):
    """Whether one object fills the lane's share."""
    ids, names = lane
    return len(ids) == share and 2 * max(Counter(names).values()) > share


def _oldest_of_each(cr, flow_id, slots, most):
    """``{lane: (ids, external ids)}`` of the oldest ready messages of each lane."""
    cr.execute(
        SQL(
            """
            SELECT s, array_agg(m.id), array_agg(m.external_id)
              FROM unnest(%s) s
        CROSS JOIN LATERAL (
                    SELECT id, external_id FROM construction_sync_message
                     WHERE flow_id = %s AND slot = s AND state = 'ready'
                  ORDER BY id LIMIT %s) m
          GROUP BY s
            """,
            list(slots),
            flow_id,
            most,
        )
    )
    return {slot: (ids, names) for slot, ids, names in cr.fetchall()}


def _spread(cr, flow_id, slots, most):
    """As ``_oldest_of_each``, but the first ``FEW`` messages of each object before
    the rest, as far as the lane's oldest ``DEPTH`` messages show them."""
    cr.execute(
        SQL(
            """
            SELECT s, array_agg(m.id), array_agg(m.external_id)
              FROM unnest(%s) s
        CROSS JOIN LATERAL (
                    SELECT id, external_id FROM (
                        SELECT id, external_id, row_number() OVER (
                                   PARTITION BY external_id ORDER BY id) AS nth
                          FROM (SELECT id, external_id FROM construction_sync_message
                                 WHERE flow_id = %s AND slot = s AND state = 'ready'
                              ORDER BY id LIMIT %s) oldest) counted
                  ORDER BY nth > %s, id LIMIT %s) m
          GROUP BY s
            """,
            list(slots),
            flow_id,
            DEPTH,
            FEW,
            most,
        )
    )
    return {slot: (ids, names) for slot, ids, names in cr.fetchall()}


def select_object(cr, flow_id, external_id, last_id):
    """Ready messages of one object, up to and including ``last_id``."""
    cr.execute(
        SQL(
            f"""
            SELECT {COLUMNS}
              FROM construction_sync_message m
              JOIN construction_sync_message_body b ON b.id = COALESCE(m.body_id, m.id)
             WHERE m.flow_id = %s AND m.state = 'ready'
               AND m.external_id = %s AND m.id <= %s
          ORDER BY m.id
            """,
            flow_id,
            external_id,
            last_id,
        )
    )
    return [_row(values) for values in cr.fetchall()]


def read_rows(cr, ids):
    """Rows of these messages, whatever their state, oldest first."""
    cr.execute(
        SQL(
            f"""
            SELECT {COLUMNS}
              FROM construction_sync_message m
              JOIN construction_sync_message_body b ON b.id = COALESCE(m.body_id, m.id)
             WHERE m.id = ANY(%s) ORDER BY m.id
            """,
            list(ids),
        )
    )
    return [_row(values) for values in cr.fetchall()]


def _row(values):
    values = list(values)
    values[5] = int(values[5]) if values[5] is not None else None
    values[13] = bytes(values[13]) if values[13] is not None else b""
    return Row(*values)


def suspects_first(rows):
    """After a crash, messages that were in it go alone, and their object's earlier
    ones before them. Those with the fewest crashes go first: the innocent are through
    before the one that kills is tried again."""
    suspects = [row for row in rows if row.crash_count]
    if not suspects:
        return rows
    suspect = min(suspects, key=lambda row: (row.crash_count, row.id))
    return [next(r for r in rows if r.external_id == suspect.external_id)]
