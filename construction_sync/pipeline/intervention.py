"""What a person does to messages: set them going again, or give them up.

Also counts the crashes that dead workers leave behind.
"""

from odoo.exceptions import UserError
from odoo.tools import SQL

from . import audit, signals


def replay(env, messages):
    """Set parked messages going again, in their original order (F65); returns how
    many. What is final stays as it is."""
    env.flush_all()
    env.cr.execute(
        SQL(
            """
            UPDATE construction_sync_message
               SET state = 'ready', attempts = 0, crash_count = 0, next_at = NULL,
                   waits_on = NULL, note = NULL
             WHERE id = ANY(%s) AND state IN ('exception', 'dead', 'retry', 'waiting')
         RETURNING id, uuid, system_id, company_id, flow_id
            """,
            messages.ids,
        )
    )
    return _noted(env, "replayed", None)


def discard(env, messages, reason):
    """Give parked messages up; what waited behind them goes on."""
    if not (reason or "").strip():
        raise UserError(env._("Say why the messages are discarded."))
    env.flush_all()
    env.cr.execute(
        SQL(
            """
            UPDATE construction_sync_message
               SET state = 'discarded', note = %s, next_at = NULL, waits_on = NULL,
                   applied_at = now() AT TIME ZONE 'UTC'
             WHERE id = ANY(%s) AND state IN ('exception', 'dead', 'retry', 'waiting')
         RETURNING id, uuid, system_id, company_id, flow_id
            """,
            reason[:500],
            messages.ids,
        )
    )
    return _noted(env, "discarded", reason)


def _noted(env, action, reason):
    """Audit and wake after a person's change of states; returns how many."""
    rows = env.cr.fetchall()
    journal = audit.Journal(env)
    journal.prefetch([f"message:{row[1]}" for row in rows])
    for message_id, uuid, system_id, company_id, _flow_id in rows:
        journal.note(
            f"message:{uuid}",
            action,
            system_id=system_id,
            company_id=company_id,
            message=(message_id, uuid),
            reason=reason,
        )
    journal.flush()
    flows = {row[4] for row in rows}
    if action == "discarded":
        flows |= signals.wake(env.cr, [f"behind:{row[0]}" for row in rows])
    env["construction.sync.message"].invalidate_model()
    if flows:
        env["construction.sync.carrier"]._ring(sorted(flows))
    return len(rows)


def count_crash(cr, ids):
    """One crash more for the messages that a dead worker had in its hands.

    Alone in them, a message is under suspicion each time. Among others it may well be
    innocent: however many batches died around it, they count as one crash, and from
    then on it goes alone. So nothing is set aside that was not alone in hand at its
    second and its third crash.
    """
    cr.execute(
        SQL(
            "UPDATE construction_sync_message SET crash_count = "
            "CASE WHEN %s THEN crash_count + 1 ELSE greatest(crash_count, 1) END "
            "WHERE id = ANY(%s) AND state = 'ready'",
            len(ids) == 1,
            list(ids),
        )
    )
