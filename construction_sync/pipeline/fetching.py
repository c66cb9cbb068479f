"""Fetch what systems do not send themselves: page by page, by cron.

For each page: a short transaction reads the setting and how far it is; the page is
asked for while no transaction is open (R1); one short transaction stores what it
brought together with the place after it (FA-H13). A crash at any point leaves either
the page with its place or neither, and the next run goes on from the place.

What comes again unchanged is recognised by its id (entity, external id, version and
content) against the newest message of the object and is not stored. Against the newest
only: an object that changes and is changed back is two changes.
"""

import logging
import random
import time
from collections import Counter
from datetime import datetime, timedelta, timezone

from psycopg2 import OperationalError

from odoo.tools import SQL

from ..adapters import rest_shape
from ..adapters.fetched import FetchFailed
from ..schemas.problem import Problem, one_line
from . import audit, gateway, intake, lanes, park, standing
from .dispatch import short

_logger = logging.getLogger(__name__)

#: a run of the cron ends after this many seconds and asks to be called again
BUDGET = 45.0
#: one list goes on for this many seconds before the next has its turn
TURN = 15.0
FETCH_SPACE = 1_129_300_000
#: minutes to wait after failures in a row
WAITS = (1, 2, 5, 10, 20, 40, 60)
#: failures in a row before a person is told; a refused login is told at once
PATIENCE = 3


def run_cron(env):
    """Fetch all lists that are due until nothing is left or the time is up."""
    registry = env.registry
    env.cr.commit()
    done, left = run(registry, BUDGET)
    env["ir.cron"]._commit_progress(done, remaining=1 if left else 0)


def run(registry, budget=BUDGET, flow_ids=None):
    """Fetch the lists that are due.

    :param flow_ids: only these flows
    :return: ``(pages fetched, whether a list is left in the middle)``
    """
    try:
        session = lanes.session(registry.db_name)
    except lanes.LanesUnavailable as error:
        _logger.error("%s", error)
        return 0, False
    end = time.monotonic() + budget
    total, unfinished = 0, False
    for flow_id in short(registry, due, flow_ids):
        if time.monotonic() >= end:
            return total, True
        locked = session.execute(
            "SELECT pg_try_advisory_lock(%s, %s)", FETCH_SPACE, flow_id
        )
        if not locked[0][0]:
            # another process reads this list right now
            continue
        try:
            pages, left = fetch_flow(
                registry, flow_id, min(end, time.monotonic() + TURN)
            )
        finally:
            _unlock(session, flow_id)
        total += pages
        unfinished |= left
    return total, unfinished


def _unlock(session, flow_id):
    try:
        session.execute("SELECT pg_advisory_unlock(%s, %s)", FETCH_SPACE, flow_id)
    except OperationalError:
        # the session was cut and its lock went with it
        lanes.forget()


def due(cr, flow_ids=None):
    """Ids of the flows to fetch now, the one that waits longest first."""
    if _held(gateway.environment(cr)):
        return []
    cr.execute(
        SQL(
            """
            SELECT f.id
              FROM construction_sync_flow f
              JOIN construction_sync_system s ON s.id = f.system_id
         LEFT JOIN construction_sync_watermark w ON w.flow_id = f.id
             WHERE f.active AND f.fetches AND f.direction = 'in'
               AND f.state IN ('preview', 'live') AND s.active AND s.state = 'live'
               AND (w.due_at IS NULL OR w.due_at <= now() AT TIME ZONE 'UTC')
               AND (%s::int[] IS NULL OR f.id = ANY(%s))
          ORDER BY f.priority, w.due_at NULLS FIRST, f.id
            """,
            flow_ids,
            flow_ids,
        )
    )
    return [row[0] for row in cr.fetchall()]


def _held(env):
    """Whether this database may not call anybody (a copy that nobody confirmed)."""
    return standing.may_send(env) is not None


def fetch_flow(registry, flow_id, end):
    """Pages of one list until it ends or the time is up.

    :param end: ``time.monotonic()`` value after which no further page is asked for
    :return: ``(pages fetched, whether more are left)``
    """
    pages = 0
    while True:
        try:
            start = short(registry, prepare, flow_id)
            if start is None:
                return pages, False
            adapter, source, cursor = start
            page = adapter.fetch(source, cursor)
        except FetchFailed as error:
            short(registry, note_failure, flow_id, error)
            return pages, False
        except OperationalError:
            raise
        except Exception as error:
            _logger.exception("Fetching flow %s failed.", flow_id)
            failure = FetchFailed(
                "answer",
                "What came was not foreseen here; the server's log says more.",
                detail=one_line(repr(error), 500),
            )
            short(registry, note_failure, flow_id, failure)
            return pages, False
        kept = short(registry, store_page, flow_id, source, cursor, page)
        pages += 1
        if not kept or page.cursor is None:
            return pages, False
        if time.monotonic() >= end:
            return pages, True


def prepare(cr, flow_id):
    """``(adapter, Source, cursor)`` of the next page, or None when nothing is due."""
    if flow_id not in due(cr, [flow_id]):
        return None
    env = gateway.environment(cr)
    flow = env["construction.sync.flow"].browse(flow_id)
    mark = _mark(env, flow)
    source = flow.system_id._adapter().source(flow)
    if source is None:
        return None
    source.overlap = timedelta(minutes=flow.fetch_overlap_minutes)
    source.since = _aware(mark.watermark)
    source.etag = mark.etag or ""
    source.modified = mark.last_modified or ""
    source.conditional_url = mark.conditional_url or ""
    return flow.system_id._adapter(), source, mark.cursor or None


def _mark(env, flow):
    marks = env["construction.sync.watermark"]
    return marks.search([("flow_id", "=", flow.id)]) or marks.create(
        {"flow_id": flow.id}
    )


def _aware(moment):
    return moment.replace(tzinfo=timezone.utc) if moment else None


def _now():
    return datetime.now(timezone.utc).replace(tzinfo=None, microsecond=0)


# ---- what a page brought -------------------------------------------------------------


def store_page(cr, flow_id, source, cursor, page):
    """Keep what a page brought and the place after it, in this transaction.

    :return: False when the progress was changed meanwhile and the page is dropped
    """
    env = gateway.environment(cr)
    flow = env["construction.sync.flow"].browse(flow_id)
    mark = _mark(env, flow)
    if (mark.cursor or None) != cursor:
        return False
    entries = _entries(env, flow, page.parsed)
    if entries:
        intake.store_in(cr, entries)
    brought = sum(1 for entry in entries if entry.status == "accepted")
    _report(env, flow, source, page)
    values = _shape_values(env, flow, source, mark, page)
    values.update(_progress(flow, mark, page, brought))
    mark.write(values)
    _settle(env, flow)
    return True


def _entries(env, flow, parsed):
    """Entries of what is new: neither the newest state known, nor a second time on
    the page."""
    known = _newest_known(env.cr, flow, [p.external_id for p in parsed if p.entity])
    handler = env["construction.sync.handler"]._for(flow.entity)
    per_company = handler is not None and handler._per_company
    company_id = flow.system_id.company_id.id if per_company else None
    entries = []
    for found in parsed:
        if found.entity != flow.entity:
            continue
        before = known.get(found.external_id)
        event_id = found.event_id
        if before is not None:
            number, last = before
            if last.partition("#")[0] == event_id:
                continue
            event_id = f"{event_id}#{number}"
        known[found.external_id] = (len(entries), event_id)
        entries.append(
            intake.Entry(
                system_id=flow.system_id.id,
                flow_id=flow.id,
                entity=found.entity,
                external_id=found.external_id,
                event_id=event_id,
                raw=found.raw_data() if found.raw is None else found.raw,
                content_type=(
                    intake.DATA_TYPE if found.raw is None else intake.RECORD_TYPE
                ),
                deleted=found.deleted,
                version=found.version,
                event_time=intake.utc(found.time) if found.time else None,
                company_id=company_id,
                title=found.title or found.external_id,
            )
        )
    return entries


def _newest_known(cr, flow, external_ids):
    """``{external id: (message id, event id)}`` of each object's newest message."""
    cr.execute(
        SQL(
            """
            SELECT DISTINCT ON (external_id) external_id, id, event_id
              FROM construction_sync_message
             WHERE external_id = ANY(%s) AND entity = %s AND system_id = %s
          ORDER BY external_id, id DESC
            """,
            list(set(external_ids)),
            flow.entity,
            flow.system_id.id,
        )
    )
    return {name: (number, event) for name, number, event in cr.fetchall()}


def _progress(flow, mark, page, brought):
    """Where the run stands after this page."""
    now = _now()
    there = intake.utc(page.now).replace(microsecond=0) if page.now else now
    seen = [m for m in (mark.newest, page.newest and intake.utc(page.newest)) if m]
    newest = max(seen) if seen else None
    values = {"last_run": now, "last_success": now, "failures": 0}
    if page.unchanged:
        words = "Nothing has changed."
        return {**values, **_rested(flow, now), "last_words": words}
    pages, total = mark.pages + 1, mark.brought + brought
    started = mark.run_started or there
    values.update(
        pages=pages,
        brought=total,
        newest=newest or False,
        run_started=started,
        cursor=page.cursor or False,
    )
    if page.cursor is not None:
        words = f"Reading: {_pages(pages)}, {total} new or changed so far."
        return {**values, "last_words": words}
    # a clock that is ahead must not make us skip what comes until then
    until = min(newest, there) if newest else started
    if mark.watermark and mark.watermark > until:
        until = mark.watermark
    whole = pages == 1
    return {
        **values,
        **_rested(flow, now),
        "watermark": until,
        "newest": False,
        "run_started": False,
        "pages": 0,
        "brought": 0,
        "etag": page.etag if whole else False,
        "last_modified": page.modified if whole else False,
        "conditional_url": page.url if whole else False,
        "last_words": f"Read {_pages(pages)}: {total} new or changed.",
    }


def _pages(count):
    return "1 page" if count == 1 else f"{count} pages"


def _rested(flow, now):
    return {"due_at": now + timedelta(minutes=max(flow.fetch_minutes, 1))}


def _shape_values(env, flow, source, mark, page):
    """What the records look like, compared with what was learned (FA-H18)."""
    if not page.shape:
        return {}
    known = mark.shape or {}
    values = {}
    if mark.shape_known:
        changes = rest_shape.drift(known, page.shape)
        if changes:
            _warn_drift(env, flow, source, changes)
    elif page.cursor is None and page.count:
        values["shape_known"] = True
    merged = rest_shape.learned(known, page.shape)
    if merged != known:
        values["shape"] = merged
    return values


def _warn_drift(env, flow, source, changes):
    shown = "; ".join(changes[:8]) + ("; ..." if len(changes) > 8 else "")
    park.open_exception(
        env,
        Problem(
            "schema-drift",
            f"{source.name} writes its {_words(flow)} in another way than before: "
            f"{shown}.",
        ),
        system_id=flow.system_id.id,
        flow_id=flow.id,
        company_id=flow.company_id.id,
        entity=flow.entity,
        cause=f"schema-drift:{flow.id}:{'|'.join(changes)[:400]}",
    )


def _words(flow):
    labels = dict(flow._selection_entity())
    return labels.get(flow.entity, flow.entity).lower()


def _report(env, flow, source, page):
    """What of the page was refused or could not be read, before a person."""
    unreadable = [p.problems[0] for p in page.parsed if p.entity is None and p.problems]
    if unreadable:
        first = unreadable[0]
        more = f" {len(unreadable)} records of the page." if unreadable[1:] else ""
        _open(env, flow, "record-unreadable", f"{source.name}: {first.detail}{more}",
              first.pointer)  # fmt: skip
    if page.foreign:
        said = ", ".join(
            f"{value} ({count})"
            for value, count in Counter(page.foreign).most_common(5)
        )
        detail = (
            f"{source.name} gave {len(page.foreign)} records of its {_words(flow)} "
            f"that belong to somebody else: {said}. They were refused."
        )
        _open(env, flow, "foreign-record", detail)
        journal = audit.Journal(env)
        journal.note(
            audit.doc_key(source.system, flow.entity, "list", None),
            "refused",
            system_id=flow.system_id.id,
            company_id=flow.company_id.id,
            reason=one_line(detail, 500),
        )
        journal.flush()


def _open(env, flow, kind, detail, pointer=""):
    return park.open_exception(
        env,
        Problem(kind, detail, pointer),
        system_id=flow.system_id.id,
        flow_id=flow.id,
        company_id=flow.company_id.id,
        entity=flow.entity,
        cause=f"{kind}:{flow.id}",
    )


# ---- what did not work ---------------------------------------------------------------


def note_failure(cr, flow_id, error):
    """Keep that a page could not be read, and when to try again.

    A system that asks us to wait is left alone as a whole; a person is told when it
    has gone on for a while, or at once when our login is refused.
    """
    env = gateway.environment(cr)
    flow = env["construction.sync.flow"].browse(flow_id)
    mark = _mark(env, flow)
    now, failures = _now(), mark.failures + 1
    wait = WAITS[min(failures, len(WAITS)) - 1] * 60 * random.uniform(0.9, 1.1)
    pace = error.check == "pace"
    if pace:
        wait = max(error.retry_after or wait, 1)
        # how many seconds the system asks for is its business: no failure of ours
        failures = mark.failures
    later = now + timedelta(seconds=wait)
    values = {
        "failures": failures,
        "last_run": now,
        "due_at": later,
        "last_words": one_line(error.words, 250),
    }
    if mark.cursor and not pace and failures >= PATIENCE:
        # cursors expire: the run begins again, what is known costs nothing
        values.update(cursor=False, pages=0, brought=0, newest=False, run_started=False)
    mark.write(values)
    if pace:
        _pause_system(env, flow.system_id, later)
    elif failures >= PATIENCE or error.check == "login":
        _open(env, flow, "fetch-failed", error.words)
    _logger.info(
        "Fetching %s of %s: %s %s", flow.entity, flow.system_id.code, error.words,
        one_line(error.detail, 200),
    )  # fmt: skip


def _pause_system(env, system, until):
    """No list of this system is asked for before ``until``; other systems go on."""
    for flow in system.flow_ids.filtered("fetches"):
        mark = _mark(env, flow)
        if not mark.due_at or mark.due_at < until:
            mark.due_at = until


def _settle(env, flow):
    """It works again: what told of failures is done."""
    env["construction.sync.exception"].search(
        [("cause", "=", f"fetch-failed:{flow.id}"), ("state", "!=", "resolved")]
    )._close("itself", by=False)
