"""What a person does to deliveries: send again, give up, say that it arrived.

Sending again means the same id and the same bytes under a new time, so that a
receiver that has it already knows it (Standard Webhooks, "Replay").
"""

from odoo.tools import SQL

from . import audit, gateway

#: states from which a delivery can be sent again
AGAIN = ("delivered", "dead", "retry", "unknown", "cancelled", "held")
OPEN = ("pending", "retry", "unknown", "held", "dead")


def again(env, deliveries):
    """Set them going again in their order; returns how many."""
    return _change(
        env,
        deliveries,
        """
        UPDATE construction_sync_delivery
           SET state = 'pending', attempts = 0, note = NULL, done_at = NULL,
               next_at = now() AT TIME ZONE 'UTC',
               replayed_at = now() AT TIME ZONE 'UTC', replayed_by_id = %s
         WHERE id = ANY(%s) AND state = ANY(%s)
     RETURNING id, key, system_id, company_id, exception_id
        """,
        (env.uid, deliveries.ids, list(AGAIN)),
        "replayed",
    )


def cancel(env, deliveries):
    """Give them up; returns how many."""
    return _change(
        env,
        deliveries,
        """
        UPDATE construction_sync_delivery
           SET state = 'cancelled', next_at = NULL, done_at = now() AT TIME ZONE 'UTC',
               note = 'Given up by a person'
         WHERE id = ANY(%s) AND state = ANY(%s)
     RETURNING id, key, system_id, company_id, exception_id
        """,
        (deliveries.ids, list(OPEN)),
        "discarded",
    )


def confirm_arrived(env, deliveries):
    """A person has seen them in the other system; returns how many."""
    return _change(
        env,
        deliveries,
        """
        UPDATE construction_sync_delivery
           SET state = 'delivered', next_at = NULL, note = 'Seen there by a person',
               done_at = now() AT TIME ZONE 'UTC'
         WHERE id = ANY(%s) AND state = 'unknown'
     RETURNING id, key, system_id, company_id, exception_id
        """,
        (deliveries.ids,),
        "decided",
    )


def _change(env, deliveries, statement, arguments, action):
    env.flush_all()
    env.cr.execute(SQL(statement, *arguments))
    rows = env.cr.fetchall()
    codes = {s.id: s.code for s in gateway.environment(env.cr)[
        "construction.sync.system"].browse({row[2] for row in rows})}  # fmt: skip
    journal = audit.Journal(env)
    keys = {row[0]: f"odoo>{codes[row[2]]}/{row[1].replace(':', '/')}" for row in rows}
    journal.prefetch(list(keys.values()))
    for delivery_id, _key, system_id, company_id, _exception in rows:
        journal.note(
            keys[delivery_id], action, system_id=system_id, company_id=company_id
        )
    journal.flush()
    _bring_back(env, rows)
    exceptions = {row[4] for row in rows if row[4]}
    if exceptions:
        own = gateway.environment(env.cr, env.uid)
        found = own["construction.sync.exception"].browse(exceptions)
        found.filtered(lambda e: e.state != "resolved")._close("itself", by=False)
    deliveries.invalidate_recordset()
    if rows:
        env["construction.sync.carrier"]._ring_dispatch()
    return len(rows)


def _bring_back(env, rows):
    """What waited behind these is looked at again."""
    if not rows:
        return
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
