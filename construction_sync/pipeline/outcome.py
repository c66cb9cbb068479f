"""Record what became of messages: states, links, exceptions, audit, figures.

``record`` writes the outcome of a batch in the batch's own transaction; with
``intervention`` it is the only writer of message states.
"""

import random
from datetime import timedelta

from odoo import fields
from odoo.tools import SQL

from ..schemas.problem import Problem
from . import audit, chatter, links, metrics, park, signals
from .columns import arrays
from .rows import Result

FINAL = frozenset({"applied", "superseded", "duplicate", "discarded"})
PARKED = ("exception", "dead")
ACTION = {
    "superseded": "superseded", "duplicate": "duplicate", "exception": "parked",
    "dead": "parked", "waiting": "waiting", "retry": "retry",
}  # fmt: skip
TRIES = 6
BACKOFF = (5, 30, 120, 600, 3600)


def record(env, flow, handler, rows):
    """Write the outcome of every row of a batch; returns a ``batch.Result``."""
    now = fields.Datetime.now()
    done = [row for row in rows if row.state != "ready"]
    for row in done:
        _conclude(flow, row, now)
    _give_way(flow, done)
    linked = links.record(env, flow, handler, done)
    _park(env, flow, done)
    _supersede_parked(env, flow, done)
    journal = _journal(env, flow, done)
    moved = not _write_states(env, done)
    _heal(env, [r for r in done if r.exception_id and r.state in FINAL])
    chatter.note(env, flow, handler, done)
    flow.system_id._adapter().settled(flow, done)
    journal.flush()
    metrics.count_drain(
        env.cr, flow.id, [(row.state, row.received_at) for row in done], now
    )
    woken = _wake(env, flow, done, linked)
    if any(row.state == "ready" for row in rows):
        woken.add(flow.id)
    waiting = any(
        row.state == "waiting" and (row.waits_on or "").startswith("parent:")
        for row in done
    )
    landed = _names(rows, linked) if linked else ()
    return Result(woken=woken, waiting=waiting, moved=moved, landed=landed)


def _conclude(flow, row, now):
    """The row's final word: exception, another try, or giving up."""
    if row.problems and row.state not in ("retry", "dead"):
        row.state = "exception"
    if row.state == "retry":
        if row.attempts + 1 >= TRIES:
            row.state = "dead"
            problem = row.problems[0]
            row.problems = [Problem("gave-up", problem.detail, problem.pointer)]
        else:
            row.next_at = now + timedelta(seconds=backoff(row.attempts))
    if row.problems and not row.note:
        row.note = row.problems[0].detail[:500]
    if row.state != "waiting" and row.state != "retry":
        row.next_at = None


def _give_way(flow, rows):
    """Policy "a newer full state takes its place", inside one batch."""
    if flow.on_error != "data":
        return
    landed = {row.external_id: row.id for row in rows if row.state == "applied"}
    for row in rows:
        newer = landed.get(row.external_id, 0)
        if row.state in PARKED and row.id < newer:
            row.state, row.superseded_by, row.problems = "superseded", newer, []
            row.note = "A newer message took its place"


def backoff(attempts):
    """Seconds until the next try: growing, with a fifth of jitter either way."""
    base = BACKOFF[min(attempts, len(BACKOFF) - 1)]
    return base * random.uniform(0.8, 1.2)


def _park(env, flow, rows):
    """Open or extend the exception of every cause in the batch."""
    causes, links = {}, []
    for row in rows:
        if row.state in PARKED:
            problems = row.problems
        elif row.state == "applied" and row.item is not None and row.item.conflicts:
            if row is not row.item.rows[-1]:
                continue
            problems = _conflict_problems(env, flow, row)
        else:
            continue
        for problem in problems:
            exception = _exception(env, flow, row, problem, causes)
            links.append((exception.id, row.id))
            if row.exception_id is None or problem is problems[0]:
                row.exception_id = exception.id
    if links:
        env.cr.execute(
            SQL(
                """
                INSERT INTO construction_sync_exception_message
                       (exception_id, message_id)
                SELECT * FROM unnest(%s) ON CONFLICT DO NOTHING
                """,
                arrays(links, ("int", "int")),
            )
        )
        env["construction.sync.exception"].invalidate_model(["message_line_ids"])


def _exception(env, flow, row, problem, causes):
    item = row.item
    subject = problem.extra.get("subject") or row.external_id
    cause = park.cause_of(problem, flow.system_id.id, flow.entity, subject)
    if cause not in causes:
        record_id = item.record_id if item is not None else None
        handler = env["construction.sync.handler"]._for(flow.entity)
        target = handler._target if handler is not None else None
        causes[cause] = park.open_exception(
            env,
            problem,
            system_id=flow.system_id.id,
            flow_id=flow.id,
            company_id=(item.company.id if item is not None and item.company else None)
            or row.company_id,
            entity=flow.entity,
            cause=cause,
            record=(target, record_id) if record_id else None,
            conflicts=item.conflicts if problem.kind == "owner-conflict" else (),
            message_id=row.id,
        )
    return causes[cause]


def _conflict_problems(env, flow, row):
    """The conflict of an applied row, unless a person decided on the same value."""
    item = row.item
    decided = env["construction.sync.conflict"].search(
        [
            ("decided", "=", "odoo"),
            ("exception_id.system_id", "=", flow.system_id.id),
            (
                "exception_id.cause",
                "=",
                f"owner-conflict:{flow.system_id.id}:{flow.entity}:{item.external_id}",
            ),
        ]
    )
    settled = {(c.field, c.source_value or "") for c in decided}
    item.conflicts = [
        c for c in item.conflicts if (c.field, c.source or "") not in settled
    ]
    if not item.conflicts:
        return []
    names = ", ".join(c.label for c in item.conflicts)
    return [
        Problem(
            "owner-conflict",
            f"{flow.system_id.name} changed {names} of {row.title or item.external_id},"
            " which Odoo leads. Odoo's value was kept.",
            extra={"subject": item.external_id},
        )
    ]


def _supersede_parked(env, flow, rows):
    """Policy "a newer full state takes its place": parked older messages of objects
    that were applied are superseded by them."""
    if flow.on_error != "data":
        return
    landed = {r.external_id: r.id for r in rows if r.state == "applied"}
    if not landed:
        return
    env.cr.execute(
        SQL(
            """
            UPDATE construction_sync_message m
               SET state = 'superseded', superseded_by_id = u.id,
                   note = 'A newer message took its place',
                   applied_at = now() AT TIME ZONE 'UTC'
              FROM unnest(%s) u (external_id, id)
             WHERE m.flow_id = %s AND m.external_id = u.external_id AND m.id < u.id
               AND m.state IN ('exception', 'dead')
         RETURNING m.exception_id
            """,
            arrays(list(landed.items()), ("text", "int")),
            flow.id,
        )
    )
    close_settled(env, {row[0] for row in env.cr.fetchall() if row[0]})


def _journal(env, flow, rows):
    journal = audit.Journal(env)
    system = flow.system_id
    noted = []
    for row in rows:
        if row.state == "waiting" and (row.waits_on or "").startswith(
            ("behind:", "preview:")
        ):
            continue
        item = row.item
        company_id = item.company.id if item is not None and item.company else None
        key = audit.doc_key(system.code, flow.entity, row.external_id, company_id)
        noted.append((row, item, company_id, key))
    journal.prefetch({key for *_rest, key in noted})
    handler = env["construction.sync.handler"]._for(flow.entity)
    target = handler._target if handler is not None else None
    for row, item, company_id, key in noted:
        applied = row.state == "applied"
        last = applied and item is not None and row is item.rows[-1]
        facts = {"source": system.code}
        if row.version is not None:
            facts["version"] = str(row.version)
        if row.content_hash:
            facts["content"] = row.content_hash
        journal.note(
            key,
            row.action or ACTION.get(row.state, "updated"),
            system_id=system.id,
            company_id=company_id or row.company_id,
            message=(row.id, row.uuid),
            record=(target, item.record_id) if applied and item is not None else None,
            reason=row.note or (item.linked_by if last and item.linked_by else None),
            changes=_changes(item) if last else None,
            facts=facts,
        )
    return journal


def _changes(item):
    """``{field: [before, after]}`` of an update, as texts; None when nothing did."""
    if not item.changes:
        return None
    return {
        name: [item.before.get(name, ""), _text(value)]
        for name, value in item.changes.items()
    }


def _text(value):
    return "" if value is None or value is False else str(value)


def _write_states(env, rows):
    """One statement for all states; False when a message was changed meanwhile."""
    if not rows:
        return True
    handler_target = {}
    values = [
        (
            r.id, r.state, (r.note or "")[:500] or None, r.waits_on, r.next_at,
            r.exception_id, r.superseded_by, *_record_of(env, r, handler_target),
        )
        for r in rows
    ]  # fmt: skip
    kinds = (
        "int", "text", "text", "text", "timestamp", "int", "int", "text", "int", "int",
    )  # fmt: skip
    env.cr.execute(
        SQL(
            """
            UPDATE construction_sync_message m
               SET state = u.state, note = u.note, waits_on = u.waits_on,
                   next_at = u.next_at, exception_id = u.exception_id,
                   superseded_by_id = u.superseded_by_id,
                   res_model = u.res_model, res_id = u.res_id,
                   company_id = COALESCE(u.company_id, m.company_id),
                   attempts = m.attempts + 1,
                   crash_count = CASE WHEN u.state = 'dead' THEN m.crash_count
                                      ELSE 0 END,
                   applied_at = CASE WHEN u.state IN ('applied', 'superseded',
                                                      'duplicate')
                                     THEN now() AT TIME ZONE 'UTC' END
              FROM unnest(%s) u (id, state, note, waits_on, next_at, exception_id,
                                 superseded_by_id, res_model, res_id, company_id)
             WHERE m.id = u.id AND m.state = 'ready'
            """,
            arrays(values, kinds),
        )
    )
    return env.cr.rowcount == len(rows)


def _record_of(env, row, targets):
    item = row.item
    if row.state not in ("applied", "superseded", "duplicate") or item is None:
        return None, None, None
    if item.entity not in targets:
        handler = env["construction.sync.handler"]._for(item.entity)
        targets[item.entity] = handler._target if handler is not None else None
    company_id = item.company.id if item.company else None
    if not item.record_id:
        return None, None, company_id
    return targets[item.entity], item.record_id, company_id


def _heal(env, rows):
    """Messages that were parked before and are done now: close what is settled."""
    exceptions = {row.exception_id for row in rows}
    if rows:
        env.cr.execute(
            SQL(
                "SELECT exception_id FROM construction_sync_exception_message "
                "WHERE message_id = ANY(%s)",
                [row.id for row in rows],
            )
        )
        exceptions |= {row[0] for row in env.cr.fetchall()}
    close_settled(env, exceptions)


def close_settled(env, exception_ids):
    """Close open exceptions none of whose messages is held any more."""
    if not exception_ids:
        return
    env.cr.execute(
        SQL(
            """
            SELECT e.id FROM construction_sync_exception e
             WHERE e.id = ANY(%s) AND e.state <> 'resolved'
               AND e.kind <> 'owner-conflict'
               AND NOT EXISTS (
                    SELECT FROM construction_sync_exception_message r
                      JOIN construction_sync_message m ON m.id = r.message_id
                     WHERE r.exception_id = e.id
                       AND m.state NOT IN ('applied', 'superseded', 'duplicate',
                                           'discarded'))
            """,
            list(exception_ids),
        )
    )
    ids = [row[0] for row in env.cr.fetchall()]
    env["construction.sync.exception"].browse(ids)._close("itself", by=False)


def _wake(env, flow, rows, linked):
    """Make ready what waited for something this batch did; returns flows to ring."""
    system_id = flow.system_id.id
    woken = set()
    if linked:
        woken |= signals.revive(env.cr, system_id, flow.entity, _names(rows, linked))
    env.cr.execute(
        SQL(
            "SELECT EXISTS (SELECT FROM construction_sync_message "
            "WHERE state = 'waiting')"
        )
    )
    if not env.cr.fetchone()[0]:
        return woken
    keys = [signals.parent_key(system_id, flow.entity, name) for name in linked]
    for row in rows:
        if row.state in FINAL:
            keys.append(f"behind:{row.id}")
        if row.state == "applied" and row.version is not None:
            keys.append(f"gap:{flow.id}:{row.external_id}:{row.version}")
    return woken | signals.wake(env.cr, keys)


def _names(rows, linked):
    """What others may call the objects that just got a link: id or code."""
    names = set(linked)
    for item in links.items_of(rows):
        names.add(getattr(item.data, "code", None))
    return names
