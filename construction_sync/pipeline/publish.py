"""A change in Odoo becomes an event, in the transaction of the change (R2).

Models tell what was written (``touched``); nothing else happens then. When the cursor
is flushed for its commit each touched object is exported once, however many writes
there were, compared with what the outside was told last, and, if it differs, becomes
one event with the next sequence of the object, and one delivery with frozen bytes for
each system that subscribes. Odoo flushes at savepoints too: an event that the same
transaction made before is then made again, under the same sequence.

The drain publishes at the end of its batch by itself (``Watch``): what a system just
sent is not told to it again.
"""

import hashlib
import json
import logging
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timezone

from odoo import api
from odoo.tools import SQL

from ..schemas import SCHEMAS
from ..schemas.canonical import canonical_bytes
from ..schemas.envelope import traceparent
from ..schemas.problem import Problem, one_line
from ..schemas.times import time_text
from . import gateway, park
from .columns import arrays
from .intake import new_uuid, utc

_logger = logging.getLogger(__name__)

_KEY = "construction_sync.publish"
CONTEXT_KEY = "construction_sync_watch"
SOURCE = "odoo"
CHUNK = 1000


@dataclass(slots=True, eq=False)
class Watch:
    """What one transaction has changed so far.

    :param origin: system whose messages cause it
    :param causes: ``{(model, record id): (message id, trace id)}``
    """

    origin: int | None = None
    # gateway: the server itself is the cause until a user is known
    uid: int = api.SUPERUSER_ID
    causes: dict = field(default_factory=dict)
    records: dict = field(default_factory=lambda: defaultdict(set))


@dataclass(slots=True)
class Subscriber:
    """A flow that sends: what publishing needs of it."""

    flow_id: int
    system_id: int
    companies: frozenset
    codes: dict
    live: bool
    strict: bool


def touched(env, entity, ids):
    """Remember that objects of ``entity`` changed; they are looked at before commit."""
    watch = env.context.get(CONTEXT_KEY)
    if not isinstance(watch, Watch):
        watch = _watch_of(env)
    watch.records[entity].update(ids)


def _watch_of(env):
    watch = env.cr.precommit.data.get(_KEY)
    if watch is None:
        watch = env.cr.precommit.data[_KEY] = Watch(uid=env.uid)
        cr = env.cr
        cr.precommit.add(lambda: run(cr, cr.precommit.data.pop(_KEY, watch)))
    return watch


def run(cr, data):
    """Publish what ``data`` has noted; called before the commit."""
    env = gateway.environment(cr)
    for entity, ids in data.records.items():
        ids = sorted(ids)
        for start in range(0, len(ids), CHUNK):
            _publish(env, data, entity, ids[start : start + CHUNK])


def everything(env, flow):
    """Tell the flow's system the present state of all its objects; returns how many.

    For a system that was connected later: objects it was told already, in their
    present state, are left out.
    """
    handler = env["construction.sync.handler"]._for(flow.entity)
    data = Watch(uid=env.uid)
    env = gateway.environment(env.cr)
    target = env[handler._target]
    ids = target.search(handler.export_domain(), order="id").ids
    count = 0
    for start in range(0, len(ids), CHUNK):
        count += _publish(env, data, flow.entity, ids[start : start + CHUNK], flow.id)
    return count


def _publish(env, data, entity, ids, only_flow=None):
    subscribers = env["construction.sync.flow"]._subscribers(entity)
    if only_flow:
        subscribers = [s for s in subscribers if s.flow_id == only_flow]
    handler = env["construction.sync.handler"]._for(entity)
    if handler is None or not subscribers:
        return 0
    # who sent it is not told, but what stands now is what it knows: otherwise a later
    # return to what it was told before would look like no change
    told = [s for s in subscribers if s.system_id != data.origin]
    try:
        with env.cr.savepoint(flush=False):
            objects = _objects(env, handler, ids)
            events = _events(env, data, handler, objects, bool(only_flow))
            if only_flow:
                events = _untold(env, events, told)
            return _deliver(env, entity, events, told)
    except Exception as error:
        if getattr(error, "pgcode", None):
            raise  # a transaction in the way: the caller's is done again as a whole
        _logger.exception("Publishing %s %s failed.", entity, ids[:20])
        park.open_exception(
            env,
            Problem(
                "not-published",
                f"A change of {len(ids)} {entity.replace('_', ' ')} objects (the first "
                f"has id {ids[0]}) could not be told to other systems: "
                f"{one_line(str(error), 200)}",
                extra={"subject": str(ids[0])},
            ),
            system_id=subscribers[0].system_id,
            entity=entity,
            record=(handler._target, ids[0]),
        )
        return 0


@dataclass(slots=True)
class _Object:
    """An object as it stands before commit."""

    id: int
    company_id: int | None
    data: dict | None
    title: str
    digest: str
    event: tuple = ()
    sequence: int = 0


def _objects(env, handler, ids):
    """What stands in Odoo: data of what the handler shows, None of what is gone,
    archived or not its business any more."""
    env.flush_all()
    target = env[handler._target].with_context(active_test=False)
    domain = [("id", "in", ids), *handler.export_domain()]
    if "active" in target._fields:
        domain.append(("active", "=", True))
    records = target.search(domain, order="id")
    own_company = "company_id" in target._fields
    objects = {}
    for record, data in zip(
        records, handler.export(records) if records else (), strict=True
    ):
        title = next(
            (data[n] for n in ("name", "number", "code") if data.get(n)), record.id
        )
        objects[record.id] = _Object(
            record.id,
            (record.company_id.id or None) if own_company else None,
            data,
            one_line(str(title), 120),
            hashlib.sha256(canonical_bytes(data)).hexdigest(),
        )
    gone = _last_told(env, handler._entity, [i for i in ids if i not in objects])
    return [*objects.values(), *gone]


def _last_told(env, entity, ids):
    """What is gone, with the name and company that the outside was told last."""
    if not ids:
        return []
    env.cr.execute(
        SQL(
            """
            SELECT DISTINCT ON (res_id) res_id, company_id, title
              FROM construction_sync_event
             WHERE entity = %s AND res_id = ANY(%s)
          ORDER BY res_id, sequence DESC
            """,
            entity,
            ids,
        )
    )
    return [
        _Object(record_id, company_id, None, title or "", "deleted")
        for record_id, company_id, title in env.cr.fetchall()
    ]


def _events(env, data, handler, objects, again=False):
    """Give each object that differs from what was told its next sequence, and insert
    its event; returns the objects that got one.

    :param again: also those that do not differ get their event looked up
    """
    entity = handler._entity
    _take_back(env, entity, [o.id for o in objects])
    present = [o for o in objects if o.data is not None]
    gone = [o for o in objects if o.data is None]
    rows = [(o.id, o.digest, False) for o in present]
    changed = {}
    if rows:
        env.cr.execute(
            SQL(
                """
                INSERT INTO construction_sync_publication AS p
                       (entity, res_id, content_hash, deleted, sequence, xact)
                SELECT %s, u.*, 1, txid_current()::text FROM unnest(%s) u
                ON CONFLICT (entity, res_id) DO UPDATE
                   SET sequence = p.sequence + 1, content_hash = EXCLUDED.content_hash,
                       deleted = FALSE, xact = txid_current()::text
                 WHERE p.content_hash <> EXCLUDED.content_hash
             RETURNING res_id, sequence
                """,
                entity,
                arrays(rows, ("int", "text", "bool")),
            )
        )
        changed.update(env.cr.fetchall())
    if gone:
        env.cr.execute(
            SQL(
                """
                UPDATE construction_sync_publication
                   SET sequence = sequence + 1, content_hash = 'deleted',
                       deleted = TRUE, xact = txid_current()::text
                 WHERE entity = %s AND res_id = ANY(%s) AND NOT COALESCE(deleted, FALSE)
             RETURNING res_id, sequence
                """,
                entity,
                [o.id for o in gone],
            )
        )
        changed.update(env.cr.fetchall())
    told = [o for o in objects if o.id in changed]
    for one in told:
        one.sequence = changed[one.id]
    _insert_events(env, data, handler, told)
    if again:
        told += _last_events(env, entity, [o for o in present if o.id not in changed])
    return told


def _take_back(env, entity, ids):
    """Take back the events that this very transaction made of these objects before a
    savepoint: nobody has seen them, and what stands now is said in their place."""
    env.cr.execute(
        SQL(
            """
            WITH event AS (
                DELETE FROM construction_sync_event e
                 USING construction_sync_publication p
                 WHERE p.entity = %(entity)s AND p.res_id = ANY(%(ids)s)
                   AND p.xact = txid_current()::text AND e.entity = p.entity
                   AND e.res_id = p.res_id AND e.sequence = p.sequence
                   AND NOT EXISTS (
                        SELECT FROM construction_sync_delivery d
                         WHERE d.event_id = e.id
                           AND (d.state NOT IN ('pending', 'held') OR d.attempts > 0))
             RETURNING e.id, p.id AS publication_id),
            delivery AS (
                DELETE FROM construction_sync_delivery d
                 USING event WHERE d.event_id = event.id RETURNING d.id),
            body AS (
                DELETE FROM construction_sync_delivery_body b
                 USING delivery WHERE b.id = delivery.id)
            UPDATE construction_sync_publication p
               SET sequence = p.sequence - 1, content_hash = '', deleted = FALSE
              FROM event WHERE p.id = event.publication_id
            """,
            entity=entity,
            ids=ids,
        )
    )


def _insert_events(env, data, handler, objects):
    if not objects:
        return
    now = datetime.now(timezone.utc)
    rows = []
    for one in objects:
        message_id, trace_id = data.causes.get((handler._target, one.id), (None, None))
        parent = traceparent(f"00-{trace_id}-{trace_id[:16]}-01" if trace_id else None)
        one.event = (new_uuid(), now, parent)
        rows.append(
            (
                one.event[0], handler._entity, handler._target, one.id, one.company_id,
                one.sequence, one.data is None, one.title, utc(now), data.uid,
                data.origin, message_id, parent[3:35],
            )
        )  # fmt: skip
    env.cr.execute(
        SQL(
            """
            INSERT INTO construction_sync_event
                   (uuid, entity, res_model, res_id, company_id, sequence, deleted,
                    title, created_at, user_id, origin_id, message_id, trace_id)
            SELECT * FROM unnest(%s) RETURNING id, uuid
            """,
            arrays(
                rows,
                (
                    "text", "text", "text", "int", "int", "int", "bool", "text",
                    "timestamp", "int", "int", "int", "text",
                ),
            ),
        )
    )  # fmt: skip
    ids = {uuid: event_id for event_id, uuid in env.cr.fetchall()}
    for one in objects:
        one.event = (ids[one.event[0]], *one.event)


def _last_events(env, entity, objects):
    """Objects that were told before, with the event that told their present state."""
    if not objects:
        return []
    env.cr.execute(
        SQL(
            """
            SELECT DISTINCT ON (res_id) res_id, sequence, id, uuid, created_at, trace_id
              FROM construction_sync_event
             WHERE entity = %s AND res_id = ANY(%s)
          ORDER BY res_id, sequence DESC
            """,
            entity,
            [o.id for o in objects],
        )
    )
    last = {row[0]: row[1:] for row in env.cr.fetchall()}
    for one in objects:
        sequence, event_id, uuid, at, trace_id = last[one.id]
        one.sequence = sequence
        parent = traceparent(f"00-{trace_id}-{trace_id[:16]}-01")
        one.event = (event_id, uuid, at.replace(tzinfo=timezone.utc), parent)
    return objects


def _untold(env, objects, subscribers):
    """Those whose event has no delivery to the subscriber yet."""
    if not objects or not subscribers:
        return []
    env.cr.execute(
        SQL(
            "SELECT event_id FROM construction_sync_delivery "
            "WHERE system_id = %s AND event_id = ANY(%s)",
            subscribers[0].system_id,
            [o.event[0] for o in objects],
        )
    )
    told = {row[0] for row in env.cr.fetchall()}
    return [o for o in objects if o.event[0] not in told]


def _deliver(env, entity, objects, subscribers):
    """One delivery per object and system, with the bytes that it will be sent."""
    if not objects or not subscribers:
        return 0
    names = _names(env, entity, objects, subscribers)
    rows, bodies = [], []
    for subscriber in subscribers:
        for one in objects:
            company = one.company_id
            if company and company not in subscriber.companies:
                continue
            external_id = names.get((subscriber.system_id, entity, one.id))
            raw = _frozen(entity, one, external_id, subscriber, names)
            rows.append(
                (
                    one.event[0], subscriber.system_id, subscriber.flow_id, company,
                    f"{entity}:{one.id}", external_id, one.title,
                    "pending" if subscriber.live else "held",
                    None if subscriber.live else "Preview: would be sent",
                )
            )  # fmt: skip
            bodies.append(raw)
    if rows:
        _insert_deliveries(env, rows, bodies)
        if any(s.live for s in subscribers):
            env["construction.sync.carrier"]._ring_dispatch()
    return len(rows)


def _insert_deliveries(env, rows, bodies):
    kinds = ("int", "int", "int", "int", "text", "text", "text", "text", "text")
    env.cr.execute(
        SQL(
            """
            WITH delivery AS (
                INSERT INTO construction_sync_delivery
                       (event_id, system_id, flow_id, company_id, key, external_id,
                        title, state, note, attempts, created_at, next_at)
                SELECT u.*, 0, now() AT TIME ZONE 'UTC', now() AT TIME ZONE 'UTC'
                  FROM unnest(%(rows)s) u
                ON CONFLICT (event_id, system_id) DO NOTHING
             RETURNING id, event_id, system_id)
            INSERT INTO construction_sync_delivery_body (id, raw, sha256)
            SELECT d.id, b.raw, encode(sha256(b.raw), 'hex')
              FROM delivery d
              JOIN unnest(%(events)s::int[], %(systems)s::int[], %(raw)s::bytea[])
                   AS b (event_id, system_id, raw)
                ON b.event_id = d.event_id AND b.system_id = d.system_id
            """,
            rows=arrays(rows, kinds),
            events=[row[0] for row in rows],
            systems=[row[1] for row in rows],
            raw=bodies,
        )
    )


def _names(env, entity, objects, subscribers):
    """``{(system, entity, record id): external id}`` of the objects and of all that
    they name, as each subscriber calls them."""
    wanted = {(entity, one.id) for one in objects}
    schema = SCHEMAS.get(entity)
    for one in objects:
        if one.data is not None and _names_others(one.data) and schema is not None:
            for _pointer, other, ref in schema.model_validate(one.data).references():
                if ref.odoo_id:
                    wanted.add((other, ref.odoo_id))
    return _bound(env, wanted, [s.system_id for s in subscribers])


def _bound(env, wanted, system_ids):
    """``{(system, entity, record id): external id}`` of the pairs ``wanted``."""
    env.cr.execute(
        SQL(
            """
            SELECT DISTINCT ON (b.system_id, b.entity, b.res_id)
                   b.system_id, b.entity, b.res_id, b.external_id
              FROM construction_sync_binding b
              JOIN unnest(%s::text[], %s::int[]) AS w (entity, res_id)
                ON w.entity = b.entity AND w.res_id = b.res_id
             WHERE b.system_id = ANY(%s) AND b.state <> 'alias'
          ORDER BY b.system_id, b.entity, b.res_id, b.id
            """,
            [w[0] for w in wanted],
            [w[1] for w in wanted],
            system_ids,
        )
    )
    return {(row[0], row[1], row[2]): row[3] for row in env.cr.fetchall()}


def _names_others(value):
    """Whether something in ``value`` is named by its id in Odoo."""
    if isinstance(value, dict):
        return "odoo_id" in value or any(_names_others(v) for v in value.values())
    if isinstance(value, list):
        return any(_names_others(v) for v in value)
    return False


def _frozen(entity, one, external_id, subscriber, names):
    """The CloudEvents bytes of one delivery: never made again, never changed."""
    _event_id, uuid, at, parent = one.event
    event = {
        "specversion": "1.0",
        "id": uuid,
        "source": SOURCE,
        "type": f"construction.{entity}.{'deleted.' if one.data is None else ''}v1",
        "subject": external_id or f"odoo:{one.id}",
        "time": time_text(at),
        "sequence": str(one.sequence),
        "traceparent": parent,
        "datacontenttype": "application/json",
        "odooid": str(one.id),
    }
    if one.data is not None:
        data = _in_own_words(entity, one.data, subscriber.system_id, names)
        if code := subscriber.codes.get(one.company_id):
            data = {**data, "company": code}
        event["data"] = data
    return json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode()


def in_own_words(env, entity, data, system_id):
    """``data`` with the ids that the system has for what it names as of now."""
    if data is None or not _names_others(data) or entity not in SCHEMAS:
        return data
    wanted = {
        (other, ref.odoo_id)
        for _pointer, other, ref in SCHEMAS[entity].model_validate(data).references()
        if ref.odoo_id
    }
    names = _bound(env, wanted, [system_id])
    return _in_own_words(entity, data, system_id, names)


def _in_own_words(entity, data, system_id, names):
    """``data`` with the receiver's own ids in place of Odoo's, where it has them."""
    if not _names_others(data):
        return data
    schema = SCHEMAS.get(entity)
    if schema is None:
        return data
    result = json.loads(json.dumps(data))
    for pointer, other, ref in schema.model_validate(data).references():
        name = names.get((system_id, other, ref.odoo_id)) if ref.odoo_id else None
        if name is None:
            continue
        *path, last = pointer.strip("/").split("/")
        place = result
        for step in path:
            place = place[int(step) if isinstance(place, list) else step]
        place[int(last) if isinstance(place, list) else last] = name
    return result
