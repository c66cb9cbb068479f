"""What a person does to deliveries: send again, give up, say that it arrived.

Sending again means the same id and the same bytes under a new time, so that a
receiver that has it already knows it (Standard Webhooks, "Replay"). A whole range goes
in steps, each a transaction of its own that moves the range's cursor together with the
deliveries it sets going: who dies half way leaves a range that goes on (C14).
"""

from odoo.exceptions import UserError
from odoo.tools import SQL

from ..schemas import SCHEMAS
from . import audit, gateway, replay_limits

#: states from which a delivery can be sent again
AGAIN = ("delivered", "dead", "retry", "unknown", "cancelled", "held")
OPEN = ("pending", "retry", "unknown", "held", "dead")
#: what a range may take: what has not arrived, or everything that was sent. Of which
#: nobody knows and what was given up is decided on one by one, never in a heap.
RANGES = {"failed": ("dead", "retry"), "all": ("delivered", "dead", "retry")}
#: exceptions of a whole system: they close when something arrives there again
WHOLE = ("endpoint-gone", "endpoint-disabled")
#: deliveries that one step of a range sets going
STEP = 500

_RETURNED = SQL("id, key, system_id, company_id, exception_id, event_id")


def again(env, deliveries):
    """Set them going again in their order; returns how many."""
    replay_limits.check(env, len(deliveries))
    return len(_set_going(env, env.uid, deliveries.ids, AGAIN))


def cancel(env, deliveries, reason=None):
    """Give them up, what waited behind them goes on; returns how many."""
    note = "Given up by a person"
    if reason:
        note = env._("Given up: %(reason)s", reason=reason)
    statement = SQL(
        """
        UPDATE construction_sync_delivery
           SET state = 'cancelled', next_at = NULL, done_at = now() AT TIME ZONE 'UTC',
               note = %s
         WHERE id = ANY(%s) AND state = ANY(%s) RETURNING %s
        """,
        note[:300],
        deliveries.ids,
        list(OPEN),
        _RETURNED,
    )
    return len(_change(env, statement, "discarded", reason))


def confirm_arrived(env, deliveries):
    """A person has seen them in the other system; returns how many."""
    statement = SQL(
        """
        UPDATE construction_sync_delivery
           SET state = 'delivered', next_at = NULL, note = 'Seen there by a person',
               done_at = now() AT TIME ZONE 'UTC'
         WHERE id = ANY(%s) AND state = 'unknown' RETURNING %s
        """,
        deliveries.ids,
        _RETURNED,
    )
    return len(_change(env, statement, "decided"))


# ---- a range ----------------------------------------------------------------------


def count(env, system, start, end, states):
    """How many deliveries to ``system`` a range would send again: the dry run.

    :param start: changes that happened from then on (UTC); ``end``: up to then, or
        None for no end
    :param states: a key of ``RANGES``
    """
    env.flush_all()
    env.cr.execute(
        SQL(
            "SELECT count(*) FROM construction_sync_delivery "
            "WHERE %s AND state = ANY(%s)",
            _inside(env, system, start, end),
            list(RANGES[states]),
        )
    )
    return env.cr.fetchone()[0]


def range(env, system, start, end, states):
    """Send a range again; returns its ``construction.sync.resending``, which tells how
    far it is.

    :raises UserError: more than may be sent again in one go, or nothing
    """
    found = count(env, system, start, end, states)
    replay_limits.check(env, found, start)
    if not found:
        raise UserError(
            env._(
                "Nothing was to be sent to %(system)s again in that time.",
                system=system.name,
            )
        )
    inner = gateway.environment(env.cr)
    run = inner["construction.sync.resending"].create(
        {
            "system_id": system.id,
            "start": start,
            "end": end,
            "states": states,
            "total": found,
            "user_id": env.uid,
        }
    )
    inner.flush_all()
    env["construction.sync.carrier"]._ring_dispatch()
    return run.with_env(env)


def go_on(cr):
    """One step of one range that is not done; returns whether there was one."""
    cr.execute(
        "SELECT id FROM construction_sync_resending WHERE done IS NOT TRUE "
        "ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED"
    )
    row = cr.fetchone()
    if not row:
        return False
    env = gateway.environment(cr)
    run = env["construction.sync.resending"].browse(row[0])
    cr.execute(
        SQL(
            "SELECT id FROM construction_sync_delivery WHERE %s "
            "AND id > %s AND state = ANY(%s) ORDER BY id LIMIT %s",
            _inside(env, run.system_id, run.start, run.end),
            run.cursor,
            list(RANGES[run.states]),
            STEP,
        )
    )
    ids = [r[0] for r in cr.fetchall()]
    left = run.total - run.set_going
    if ids[:left]:
        _set_going(
            gateway.environment(cr, run.user_id.id),
            run.user_id.id,
            ids[:left],
            RANGES[run.states],
            run.id,
        )
    run.write(
        {
            "cursor": max(ids, default=run.cursor),
            "set_going": run.set_going + len(ids[:left]),
            "done": len(ids) < STEP or left <= STEP,
        }
    )
    env.flush_all()
    return True


def _inside(env, system, start, end):
    """SQL condition for the deliveries of that time that may be sent again in a
    heap."""
    where = SQL(
        "system_id = %s AND created_at >= %s AND flow_id <> ALL(%s)",
        system.id,
        start,
        one_by_one(system).ids,
    )
    return SQL("%s AND created_at < %s", where, end) if end else where


def one_by_one(system):
    """Data types whose documents a person sends again one by one only: they carry
    money, and the system cannot tell a second from a first (FA-H04)."""
    flows = system.flow_ids.filtered(lambda f: f.direction == "out")
    if system._adapter()._repeatable:
        return flows.browse()
    return flows.filtered(lambda f: getattr(SCHEMAS.get(f.entity), "money", False))


def _set_going(env, uid, ids, states, run_id=None):
    statement = SQL(
        """
        UPDATE construction_sync_delivery
           SET state = 'pending', attempts = 0, note = NULL, done_at = NULL,
               next_at = now() AT TIME ZONE 'UTC', resending_id = %s,
               replayed_at = now() AT TIME ZONE 'UTC', replayed_by_id = %s
         WHERE id = ANY(%s) AND state = ANY(%s) RETURNING %s
        """,
        run_id,
        uid,
        list(ids),
        list(states),
        _RETURNED,
    )
    return _change(env, statement, "replayed")


def _change(env, statement, action, reason=None):
    """Run ``statement``, audit what it changed, let go what waited behind; returns its
    rows."""
    env.flush_all()
    env.cr.execute(statement)
    rows = env.cr.fetchall()
    if not rows:
        return rows
    _journal(env, rows, action, reason)
    _bring_back(env, rows)
    exceptions = {row[4] for row in rows if row[4]}
    if exceptions:
        own = gateway.environment(env.cr, env.uid)
        found = own["construction.sync.exception"].browse(exceptions).exists()
        _close_empty(found.filtered(lambda e: e.state != "resolved"), action)
    env["construction.sync.delivery"].invalidate_model()
    env["construction.sync.carrier"]._ring_dispatch()
    return rows


def _journal(env, rows, action, reason):
    inner = gateway.environment(env.cr)
    events = {
        event.id: event
        for event in inner["construction.sync.event"].browse({row[5] for row in rows})
    }
    systems = inner["construction.sync.system"].browse({row[2] for row in rows})
    codes = {system.id: system.code for system in systems}
    journal = audit.Journal(env)
    keys = {row[0]: f"odoo>{codes[row[2]]}/{row[1].replace(':', '/')}" for row in rows}
    journal.prefetch(list(keys.values()))
    for delivery_id, _key, system_id, company_id, _exception, event_id in rows:
        event = events[event_id]
        journal.note(
            keys[delivery_id],
            action,
            system_id=system_id,
            company_id=company_id,
            record=(event.res_model, event.res_id),
            reason=reason,
            facts={"event": event.uuid},
        )
    journal.flush()


def _close_empty(exceptions, action):
    """Close what holds no delivery any more that a person must decide on."""
    exceptions.env.cr.execute(
        SQL(
            "SELECT DISTINCT exception_id FROM construction_sync_delivery "
            "WHERE exception_id = ANY(%s) AND state IN ('dead', 'unknown')",
            exceptions.ids,
        )
    )
    held = {row[0] for row in exceptions.env.cr.fetchall()}
    words = {"replayed": "retried", "discarded": "discarded"}
    done = exceptions.filtered(lambda e: e.id not in held and e.kind not in WHOLE)
    done._close(words.get(action, "itself"))


def _bring_back(env, rows):
    """What waited behind these is looked at again."""
    env.cr.execute(
        SQL(
            """
            UPDATE construction_sync_delivery d
               SET next_at = now() AT TIME ZONE 'UTC'
              FROM unnest(%s::int[], %s::text[]) AS u (system_id, key)
             WHERE d.system_id = u.system_id AND d.key = u.key
               AND d.state = 'pending' AND d.next_at > now() AT TIME ZONE 'UTC'
            """,
            [row[2] for row in rows],
            [row[1] for row in rows],
        )
    )
