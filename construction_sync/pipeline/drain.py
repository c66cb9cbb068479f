"""Apply what stands in the inbox: one lane at a time, in order, in batches.

For each batch: lanes are locked and a heartbeat is left on the lane session, then one
working transaction selects, gates, resolves, applies and records. Message state,
business write, exception and audit entry commit together (R2); a crash at any point
leaves either all of it or none. Who calls (cron, queue job, PUT) does not matter:
they only ring.
"""

import contextlib
import logging
import random
import time

from psycopg2 import DatabaseError, InterfaceError, OperationalError
from psycopg2.errorcodes import (
    DEADLOCK_DETECTED,
    SERIALIZATION_FAILURE,
    UNIQUE_VIOLATION,
)
from psycopg2.errors import UniqueViolation

from odoo import fields
from odoo.tools import SQL

from . import batch as batches
from . import gateway, intervention, lanes, rows, signals
from .rows import Moved

_logger = logging.getLogger(__name__)

#: a run of the cron ends after this many seconds and asks to be called again
BUDGET = 20.0
TRIES = 5


def run_cron(env):
    """Drain all flows until nothing is ready or the time is up."""
    registry = env.registry
    env.cr.commit()
    done, left = run(registry, BUDGET)
    env["ir.cron"]._commit_progress(done, remaining=1 if left else 0)


def run(registry, budget=BUDGET, flow_ids=None):
    """Drain flows round robin, a batch each, so that a flood in one system does not
    keep another waiting (P7).

    :param flow_ids: only these flows
    :return: ``(messages finished with, whether something ready is left)``
    """
    try:
        session = lanes.session(registry.db_name)
    except lanes.LanesUnavailable as error:
        _logger.error("%s", error)
        return 0, False
    _bury(registry, session)
    _short(registry, signals.wake_due)
    end = time.monotonic() + budget
    total = 0
    while time.monotonic() < end:
        progress = 0
        flows = _short(registry, due_flows, flow_ids)
        for flow_id, ready in flows:
            # asked for anew: one that was cut is replaced
            session = lanes.session(registry.db_name)
            # before each batch: its lanes may be those of one that died just now
            _bury(registry, session)
            progress += drain_flow(registry, session, flow_id, ready)
            if time.monotonic() >= end:
                break
        total += progress
        if not progress:
            return total, False
    return total, True


def _short(registry, function, *arguments):
    """``function(cr, ...)`` in a transaction of its own; once more when another
    worker changed the same rows."""
    for attempt in range(TRIES):
        try:
            with registry.cursor() as cr:
                return function(cr, *arguments)
        except OperationalError as error:
            if attempt == TRIES - 1 or not _passing(error):
                raise
            time.sleep(random.uniform(0, 0.02 * 2**attempt))
    return None


def due_flows(cr, flow_ids=None):
    """``[(flow id, ready messages, counted up to a limit)]`` of the flows that may be
    applied now, by priority. Finished interval runs are stamped."""
    env = gateway.environment(cr)
    cr.execute(
        SQL(
            """
            SELECT f.id, r.ready
              FROM construction_sync_flow f
        CROSS JOIN LATERAL (
                    SELECT count(*) AS ready FROM (
                        SELECT 1 FROM construction_sync_message m
                         WHERE m.flow_id = f.id AND m.state = 'ready'
                         LIMIT 2000) x) r
             WHERE r.ready > 0 AND f.active
          ORDER BY f.priority, f.id
            """
        )
    )
    ready = dict(cr.fetchall())
    flows = env["construction.sync.flow"].browse(ready)
    now = fields.Datetime.now()
    due = [
        (f.id, ready[f.id])
        for f in flows
        if f._due(now) and (flow_ids is None or f.id in flow_ids)
    ]
    env.cr.execute(
        SQL(
            """
            UPDATE construction_sync_flow SET last_run = now() AT TIME ZONE 'UTC'
             WHERE mode = 'interval' AND state <> 'off'
               AND NOT (id = ANY(%s))
               AND (last_run IS NULL OR last_run < (now() AT TIME ZONE 'UTC')
                                        - interval_minutes * interval '1 minute')
            """,
            list(ready) or [0],
        )
    )
    return due


def drain_flow(registry, session, flow_id, ready=1):
    """One batch of one flow, from the lanes that are free; returns how many messages
    got a new state.

    Of a handful a worker takes every lane; with more waiting it takes one half, so
    that a second worker finds the other.
    """
    with registry.cursor() as cr:
        size = batches.size_of(gateway.environment(cr), flow_id)
    parts = [range(lanes.SLOTS)]
    if ready >= lanes.SHARED:
        parts = _halves(session, flow_id)
    for part in parts:
        if slots := session.take(flow_id, part):
            count = _drain_lanes(registry, session, flow_id, slots, size)
            if count:
                return count
    return 0


def _halves(session, flow_id):
    """Both halves of the lanes, first the one where more lanes have something ready:
    a half that holds nothing but a flood for one object does not go before the
    objects of the other."""
    busy = {
        row[0]
        for row in session.execute(
            "SELECT s FROM generate_series(0, %s) s WHERE EXISTS ("
            "SELECT FROM construction_sync_message WHERE flow_id = %s AND slot = s "
            "AND state = 'ready')",
            lanes.SLOTS - 1,
            flow_id,
        )
    }
    half = lanes.SLOTS // 2
    halves = [range(half), range(half, lanes.SLOTS)]
    random.shuffle(halves)
    return sorted(halves, key=lambda part: -len(busy.intersection(part)))


def _drain_lanes(registry, session, flow_id, slots, size):
    """One batch from lanes that this worker has taken; frees them."""
    try:
        count, rings = _with_retries(
            registry,
            session,
            flow_id,
            lambda cr: rows.select(cr, flow_id, slots, size),
        )
    finally:
        _free(session, flow_id, slots)
    _ring(registry, rings)
    return count


def drain_object(registry, flow_id, external_id, message_id, timeout=5.0):
    """Apply one object's messages up to ``message_id`` in its lane, for a caller who
    waits; returns the message's state then.

    Takes the object's lane like everyone else, so it cannot overtake what waits there.
    """
    slot = lanes.slot_of(external_id)
    end = time.monotonic() + timeout
    while True:
        state, due = _state(registry, flow_id, message_id)
        if state != "ready" and state != "waiting" or not due:
            return state
        session = lanes.session(registry.db_name)
        if state == "ready" and session.take_one(flow_id, slot):
            try:
                _count, rings = _with_retries(
                    registry,
                    session,
                    flow_id,
                    lambda cr: rows.select_object(cr, flow_id, external_id, message_id),
                )
            finally:
                _free(session, flow_id, [slot])
            _ring(registry, rings)
            state, _due = _state(registry, flow_id, message_id)
            if state not in ("ready", "waiting"):
                return state
        if time.monotonic() >= end:
            return state
        time.sleep(0.05)


def _state(registry, flow_id, message_id):
    with registry.cursor() as cr:
        flow = gateway.environment(cr)["construction.sync.flow"].browse(flow_id)
        cr.execute(
            SQL("SELECT state FROM construction_sync_message WHERE id = %s", message_id)
        )
        return cr.fetchone()[0], flow._due() and flow.state == "live"


def _with_retries(registry, session, flow_id, select):
    """Run a batch; when another transaction was in the way, undo and look again."""
    for attempt in range(TRIES):
        try:
            return _batch(registry, session, flow_id, select, first=attempt == 0)
        except (OperationalError, UniqueViolation, Moved) as error:
            if attempt == TRIES - 1 or not _passing(error):
                raise
            _logger.info("Batch of flow %s met another transaction: again.", flow_id)
            time.sleep(random.uniform(0, 0.02 * 2**attempt))
    return 0, set()


def _wake_for(cr, flow_id, names):
    flow = gateway.environment(cr)["construction.sync.flow"].browse(flow_id)
    return signals.wake_for(cr, flow.system_id.id, flow.entity, names)


def _unforeseen(registry, flow_id, found):
    """A fault that nobody foresaw, outside the handlers' own: as after a crash, each
    message of the batch is tried alone from now on, and the one that brings it is set
    before a person after the third time. The other flows go on (P6, P7)."""
    _logger.exception("Batch of flow %s failed; its messages go on alone.", flow_id)
    with registry.cursor() as cr:
        intervention.count_crash(cr, [row.id for row in found])
    return len(found), {flow_id}


def _passing(error):
    """Whether the same batch may well succeed the next time."""
    return isinstance(error, Moved) or error.pgcode in (
        SERIALIZATION_FAILURE,
        DEADLOCK_DETECTED,
        UNIQUE_VIOLATION,
    )


def _batch(registry, session, flow_id, select, first=True):
    """One working transaction; returns ``(messages handled, flows to ring)``.

    :param first: the batch has not been undone before
    """
    beating, found = False, []
    try:
        with registry.cursor() as cr:
            found = rows.suspects_first(select(cr))
            if not found:
                return 0, set()
            session.beat(flow_id, [row.id for row in found])
            beating = True
            env = gateway.environment(cr)
            result = batches.process(env, flow_id, found, first)
            if result.moved:
                raise Moved
        rings = set(result.woken)
        if result.waiting:
            # a parent may have landed while we looked: once more, with fresh eyes
            rings |= _short(registry, signals.wake_landed)
        if result.landed:
            # and who parked while we were at it could not be seen from in there
            rings |= _short(registry, _wake_for, flow_id, result.landed)
        return len(found), rings
    except (DatabaseError, InterfaceError, Moved, AssertionError):
        raise
    except Exception:
        return _unforeseen(registry, flow_id, found)
    finally:
        if beating:
            _rest(session)


def _free(session, flow_id, slots):
    try:
        session.free(flow_id, slots)
    except (OperationalError, InterfaceError):
        # the session was cut: its locks went with it, what was committed stands
        lanes.forget()


def _rest(session):
    try:
        session.rest()
    except (OperationalError, InterfaceError):
        # the session was cut and its locks went with it; we live, so what it held was
        # in no crash. If this fails too, whoever comes next buries it.
        lanes.forget()
        with contextlib.suppress(OperationalError, InterfaceError):
            lanes.session(session.dbname).disown(session.backend)


def _bury(registry, session):
    """Count one crash for each message a dead worker held."""
    for ids in session.bury():
        _logger.info("A worker died with %s messages in its hands.", len(ids))
        with registry.cursor() as cr:
            intervention.count_crash(cr, ids)


def _ring(registry, flow_ids):
    if flow_ids:
        with registry.cursor() as cr:
            gateway.environment(cr)["construction.sync.carrier"]._ring(sorted(flow_ids))
