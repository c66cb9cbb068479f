"""Store what came, once, before anyone is told that it was taken (P1).

One short transaction: rows into the inbox, bodies beside them, then commit, then the
doorbell. A second delivery of the same event meets the unique index and finds the
first. Everything is decided for all events of a call together; nothing here looks at
what the data means.
"""

import contextlib
import hashlib
import io
import json
import os
import random
import time
import uuid
from dataclasses import dataclass, field
from datetime import datetime, timezone

from psycopg2 import OperationalError
from psycopg2.errorcodes import DEADLOCK_DETECTED, SERIALIZATION_FAILURE

from odoo.tools import SQL

from ..schemas.problem import Problem, one_line
from . import audit, gateway, metrics, park
from .lanes import SHARED, slot_of

TRIES = 6
EVENT_TYPE = "application/cloudevents+json"
DATA_TYPE = "application/json"
#: a record as a foreign list gave it; the dialect makes canonical words of it
RECORD_TYPE = "application/vnd.construction-sync.record+json"

MESSAGE_COLUMNS = {
    "uuid": "text", "system_id": "int", "flow_id": "int", "client_id": "int",
    "company_id": "int", "entity": "text", "external_id": "text", "slot": "int",
    "event_id": "text", "title": "text", "deleted": "bool", "version": "text",
    "event_time": "timestamp", "received_at": "timestamp", "trace_id": "text",
    "parent_id": "int", "submitted_by_id": "int",
}  # fmt: skip


@dataclass(slots=True)
class Entry:
    """One message to be stored.

    ``raw`` are the bytes as they came (canonical event, canonical data, or a foreign
    body), ``data`` the validated canonical model when there is one, ``event_time`` in
    UTC without zone. After ``store``: ``status`` is ``accepted``, ``duplicate`` or
    ``rejected``; ``uuid`` names the message that stands for it.
    """

    system_id: int
    flow_id: int
    entity: str
    external_id: str
    event_id: str
    raw: bytes
    content_type: str = EVENT_TYPE
    data: object = None
    deleted: bool = False
    version: int | None = None
    event_time: datetime | None = None
    trace_id: str | None = None
    client_id: int | None = None
    company_id: int | None = None
    headers: dict | None = None
    origin_id: int | None = None
    parent_id: int | None = None
    submitted_by_id: int | None = None
    title: str = ""
    status: str = "accepted"
    problems: list = field(default_factory=list)
    uuid: str = ""
    message_id: int | None = None
    sha256: str = ""


def new_uuid():
    """A UUID that grows with time (version 7), so that its index stays compact."""
    millis = int(time.time() * 1000)
    bits = int.from_bytes(os.urandom(10), "big")
    value = (
        millis << 80 | 0x7 << 76 | (bits >> 68) << 64 | 0b10 << 62 | bits & (2**62 - 1)
    )
    return str(uuid.UUID(int=value))


def utc(moment):
    """An aware moment as UTC without zone, as the database keeps it."""
    return moment.astimezone(timezone.utc).replace(tzinfo=None)


def title_of(data, fallback):
    """How a person calls the object."""
    for name in ("name", "number", "code"):
        value = getattr(data, name, None)
        if isinstance(value, str):
            return one_line(value, 80)
    return one_line(fallback, 80)


def store(registry, entries, *, ring=True, idempotency=None, cr=None):
    """Store entries in one committed transaction; sets each entry's outcome.

    :param idempotency: client, key and fingerprint of a
        ``construction_sync_idempotency`` row that is to exist if and only if the
        (single) message does
    :param cr: a cursor with nothing else to commit, used instead of a new one (which
        costs a tenth of a call with one event)
    """
    for attempt in range(TRIES):
        try:
            with _committed(registry, cr) as cursor:
                _store(cursor, entries, ring, idempotency)
            return entries
        except OperationalError as error:
            if attempt == TRIES - 1 or error.pgcode not in (
                SERIALIZATION_FAILURE,
                DEADLOCK_DETECTED,
            ):
                raise
            # somebody stores the same event right now: look again at what stands
            time.sleep(random.uniform(0, 0.02 * 2**attempt))
    return entries


@contextlib.contextmanager
def _committed(registry, cr):
    """A transaction on ``cr``, or on a cursor of its own: committed in the end, or
    undone."""
    if cr is None:
        with registry.cursor() as own:
            yield own
        return
    try:
        yield cr
        cr.commit()  # pylint: disable=invalid-commit; stored before anyone is told (P1)
    except Exception:
        cr.rollback()
        raise


def store_in(cr, entries):
    """As ``store``, inside the caller's transaction (webhook bodies, corrections)."""
    _store(cr, entries, True, None)


def _store(cr, entries, ring, idempotency):
    env = gateway.environment(cr)
    fresh = _fold_twins(entries)
    if idempotency:
        # the message's name is only known now: each try to store gives a new one
        _insert_idempotency(cr, {**idempotency, "message_uuid": fresh[0].uuid})
    alone = len(entries) == 1
    landed = _insert_one(cr, entries[0]) if alone else _insert_messages(cr, fresh)
    missed = [e for e in fresh if e.message_id is None]
    if landed and not alone:
        _copy_bodies(cr, landed)
    if missed:
        _compare_with_stored(env, missed)
    for twin, first in _twins(entries):
        twin.uuid, twin.message_id = first.uuid, first.message_id
    if missed or not alone:
        metrics.count_intake(cr, entries)
    flows = {e.flow_id for e in landed}
    if ring and flows:
        workers = 2 if len(landed) >= SHARED else 1
        env["construction.sync.carrier"]._ring(sorted(flows), workers)


def _key(entry):
    return entry.system_id, entry.event_id


def _fold_twins(entries):
    """Mark events that stand twice in one call; returns the distinct ones."""
    first = {}
    for entry in entries:
        entry.sha256 = hashlib.sha256(entry.raw).hexdigest()
        entry.uuid = new_uuid()
        entry.message_id = None
        entry.status, entry.problems = "accepted", []
        known = first.setdefault(_key(entry), entry)
        if known is entry:
            continue
        if known.sha256 == entry.sha256:
            entry.status = "duplicate"
        else:
            _reject_reuse(entry)
    return list(first.values())


def _twins(entries):
    first = {}
    for entry in entries:
        known = first.setdefault(_key(entry), entry)
        if known is not entry and entry.status == "duplicate":
            yield entry, known


def _reject_reuse(entry):
    entry.status = "rejected"
    entry.problems = [
        Problem(
            "event-id-reused",
            f"The id {entry.event_id} was used before with another body.",
            "/id",
        )
    ]


def _values(entry, received):
    """What the entry's message holds, in the order of ``MESSAGE_COLUMNS``."""
    return (
        entry.uuid,
        entry.system_id,
        entry.flow_id,
        entry.client_id,
        entry.company_id,
        entry.entity,
        entry.external_id,
        slot_of(entry.external_id),
        entry.event_id,
        entry.title or title_of(entry.data, entry.external_id),
        entry.deleted,
        str(entry.version) if entry.version is not None else None,
        entry.event_time,
        received,
        entry.trace_id,
        entry.parent_id,
        entry.submitted_by_id,
    )


# Message, body and count of one event in one statement: three ways to the database
# would be a fifth of a call.
_ONE = f"""
    WITH message AS (
        INSERT INTO construction_sync_message
               ({", ".join(MESSAGE_COLUMNS)}, state, attempts, crash_count)
        VALUES ({", ".join(["%s"] * len(MESSAGE_COLUMNS))}, 'ready', 0, 0)
        ON CONFLICT (system_id, event_id) DO NOTHING
        RETURNING id, flow_id),
    body AS (
        INSERT INTO construction_sync_message_body
               (id, raw, sha256, content_type, headers, origin_id)
        SELECT id, %s, %s, %s, %s::jsonb, %s FROM message),
    metric AS (
        INSERT INTO construction_sync_metric (flow_id, minute, accepted)
        SELECT flow_id, date_trunc('minute', now() AT TIME ZONE 'UTC'), 1 FROM message)
    SELECT id FROM message
"""


def _insert_one(cr, entry):
    """Insert one event with all that belongs to it; ``[]`` when its id is known."""
    cr.execute(
        _ONE,
        (
            *_values(entry, datetime.now(timezone.utc).replace(tzinfo=None)),
            entry.raw,
            entry.sha256,
            entry.content_type,
            json.dumps(entry.headers) if entry.headers else None,
            entry.origin_id,
        ),
    )
    row = cr.fetchone()
    entry.message_id = row[0] if row else None
    return [entry] if row else []


def _insert_messages(cr, entries):
    received = datetime.now(timezone.utc).replace(tzinfo=None)
    rows = [_values(entry, received) for entry in entries]
    if not rows:
        return []
    names = SQL(", ").join(SQL.identifier(c) for c in MESSAGE_COLUMNS)
    arrays = SQL(", ").join(
        SQL(f"%s::{kind}[]", list(column))
        for kind, column in zip(
            MESSAGE_COLUMNS.values(), zip(*rows, strict=True), strict=True
        )
    )
    cr.execute(
        SQL(
            """
            INSERT INTO construction_sync_message
                   (%s, state, attempts, crash_count)
            SELECT *, 'ready', 0, 0 FROM unnest(%s)
            ON CONFLICT (system_id, event_id) DO NOTHING
            RETURNING id, uuid
            """,
            names,
            arrays,
        )
    )
    ids = {found: message_id for message_id, found in cr.fetchall()}
    for entry in entries:
        entry.message_id = ids.get(entry.uuid)
    return [e for e in entries if e.message_id is not None]


def _copy_bodies(cr, entries):
    """Bodies go in by COPY: as fast as the disk, whatever they hold."""
    out = io.StringIO()
    for e in entries:
        headers = (
            _escape(json.dumps(e.headers, ensure_ascii=True)) if e.headers else "\\N"
        )
        origin = str(e.origin_id) if e.origin_id else "\\N"
        out.write(
            f"{e.message_id}\t\\\\x{e.raw.hex()}\t{e.sha256}\t"
            f"{_escape(e.content_type)}\t{headers}\t{origin}\n"
        )
    out.seek(0)
    cr.copy_expert(
        "COPY construction_sync_message_body "
        "(id, raw, sha256, content_type, headers, origin_id) FROM STDIN",
        out,
    )


def _escape(text):
    """Text as COPY's text format wants it."""
    return (
        text.replace("\\", "\\\\")
        .replace("\t", "\\t")
        .replace("\n", "\\n")
        .replace("\r", "\\r")
    )


def _compare_with_stored(env, entries):
    """Events whose id is known: the same body again, or another one (FA-A12)."""
    by_key = {_key(e): e for e in entries}
    env.cr.execute(
        SQL(
            """
            SELECT m.system_id, m.event_id, m.id, m.uuid, b.sha256
              FROM construction_sync_message m
              JOIN construction_sync_message_body b ON b.id = m.id
              JOIN unnest(%s::int[], %s::text[]) AS k (system_id, event_id)
                ON k.system_id = m.system_id AND k.event_id = m.event_id
            """,
            [k[0] for k in by_key],
            [k[1] for k in by_key],
        )
    )
    reused = []
    for system_id, event_id, message_id, found, sha256 in env.cr.fetchall():
        entry = by_key[system_id, event_id]
        entry.uuid, entry.message_id = found, message_id
        if sha256 == entry.sha256:
            entry.status = "duplicate"
        else:
            _reject_reuse(entry)
            reused.append(entry)
    if reused:
        journal = audit.Journal(env)
        for entry in reused:
            park.open_exception(
                env,
                entry.problems[0],
                system_id=entry.system_id,
                flow_id=entry.flow_id,
                entity=entry.entity,
                cause=f"reuse:{entry.system_id}:{entry.event_id}",
            )
            journal.note(
                f"message:{entry.uuid}",
                "refused",
                system_id=entry.system_id,
                message=(entry.message_id, entry.uuid),
                reason=entry.problems[0].detail,
            )
        journal.flush()


def _insert_idempotency(cr, values):
    cr.execute(
        SQL(
            """
            INSERT INTO construction_sync_idempotency
                   (client_id, key, fingerprint, message_uuid, created_at)
            VALUES (%(client_id)s, %(key)s, %(fingerprint)s, %(message_uuid)s,
                    now() AT TIME ZONE 'UTC')
            """,
            **values,
        )
    )
