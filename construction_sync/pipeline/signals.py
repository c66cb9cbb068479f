"""Waking what waits.

A waiting message names what it waits for in ``waits_on``:

``parent:<system id>:<entity>:<external id>``  something it names has not arrived
``behind:<message id>``                        an earlier message of its object
``gap:<flow id>:<external id>:<version>``      a version that is missing (delta)
``preview:<flow id>``                          the flow is in preview

The drain wakes in its own transaction; two transactions that overlap can miss each
other, so both sides look once more after their commit: who waits, for what it names
(``wake_landed``), and who landed, for those that name it (``wake_for``). Whichever
commits last sees the other. A cron sweeps each minute besides.
"""

from odoo.tools import SQL


def parent_key(system_id, entity, external_id):
    return f"parent:{system_id}:{entity}:{external_id}"


def named(key):
    """What a ``parent:`` key names: ``value_kind`` and ``value`` of its exception."""
    _parent, _system, entity, external_id = key.split(":", 3)
    return {"value_kind": entity, "value": external_id}


def wake(cr, keys):
    """Make ready what waits on one of ``keys``; returns the flows concerned."""
    keys = list(keys)
    if not keys:
        return set()
    cr.execute(
        SQL(
            """
            UPDATE construction_sync_message
               SET state = 'ready', waits_on = NULL, next_at = NULL, note = NULL
             WHERE state = 'waiting' AND waits_on = ANY(%s)
         RETURNING flow_id
            """,
            keys,
        )
    )
    return {row[0] for row in cr.fetchall()}


def revive(cr, system_id, entity, values):
    """Try again what was put before a person because one of ``values`` was unknown:
    it has arrived (nobody needs to press a button). Returns the flows concerned."""
    values = [value for value in values if value]
    if not values:
        return set()
    cr.execute(
        SQL(
            """
            UPDATE construction_sync_message m
               SET state = 'ready', next_at = NULL, attempts = 0
              FROM construction_sync_exception e
              JOIN construction_sync_exception_message r ON r.exception_id = e.id
             WHERE m.id = r.message_id AND m.state = 'exception'
               AND e.system_id = %s AND e.state <> 'resolved'
               AND e.kind IN ('parent-missing', 'reference-unknown')
               AND e.value_kind = %s AND e.value = ANY(%s)
         RETURNING m.flow_id
            """,
            system_id,
            entity,
            values,
        )
    )
    return {row[0] for row in cr.fetchall()}


def wake_for(cr, system_id, entity, names):
    """After the commit of a batch in which ``names`` of ``entity`` landed: set going
    whoever waits for them or stands before a person because of them."""
    keys = [parent_key(system_id, entity, name) for name in names if name]
    return wake(cr, keys) | revive(cr, system_id, entity, names)


def wake_landed(cr):
    """Make ready whatever waits for something that is there by now."""
    cr.execute(
        SQL(
            """
            UPDATE construction_sync_message w
               SET state = 'ready', waits_on = NULL, next_at = NULL, note = NULL
             WHERE w.state = 'waiting'
               AND (
                   (w.waits_on LIKE 'parent:%%' AND EXISTS (
                        SELECT FROM construction_sync_binding b
                         WHERE b.state <> 'tombstone'
                           AND b.system_id = split_part(w.waits_on, ':', 2)::int
                           AND b.entity = split_part(w.waits_on, ':', 3)
                           AND b.external_id = substr(w.waits_on, 9
                               + length(split_part(w.waits_on, ':', 2))
                               + length(split_part(w.waits_on, ':', 3)) + 1)))
                OR (w.waits_on LIKE 'behind:%%' AND NOT EXISTS (
                        SELECT FROM construction_sync_message m
                         WHERE m.id = split_part(w.waits_on, ':', 2)::int
                           AND m.state IN ('ready', 'waiting', 'retry',
                                           'exception', 'dead')))
                OR (w.waits_on LIKE 'preview:%%' AND EXISTS (
                        SELECT FROM construction_sync_flow f
                         WHERE f.id = split_part(w.waits_on, ':', 2)::int
                           AND f.state = 'live'))
               )
         RETURNING w.flow_id
            """
        )
    )
    return {row[0] for row in cr.fetchall()}


def wake_due(cr):
    """Make ready what is due for another try, or has waited its time: the drain
    then decides on it with its deadline passed."""
    cr.execute(
        SQL(
            """
            UPDATE construction_sync_message
               SET state = 'ready', waits_on = NULL
             WHERE (state = 'retry' AND next_at <= now() AT TIME ZONE 'UTC')
                OR (state = 'waiting' AND next_at IS NOT NULL
                    AND next_at <= now() AT TIME ZONE 'UTC')
         RETURNING flow_id
            """
        )
    )
    return {row[0] for row in cr.fetchall()}


def sweep(env):
    """The minute's safety net: wake, and ring for whatever stands ready."""
    wake_landed(env.cr)
    wake_due(env.cr)
    env.cr.execute(
        SQL(
            """
            SELECT f.id FROM construction_sync_flow f
             WHERE EXISTS (SELECT FROM construction_sync_message m
                            WHERE m.flow_id = f.id AND m.state = 'ready')
            """
        )
    )
    flows = [row[0] for row in env.cr.fetchall()]
    if flows:
        env["construction.sync.carrier"]._ring(flows)
