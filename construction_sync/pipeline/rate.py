"""Rate limit per client, shared by all processes: GCRA in one SQL statement.

Runs on the thread's autocommit session: inside a repeatable-read transaction two
calls of one client would fail each other.
"""

QUERY = """
INSERT INTO construction_sync_rate AS r (client_id, due)
VALUES (%(client)s, now() + %(step)s * interval '1 second')
ON CONFLICT (client_id) DO UPDATE
   SET due = greatest(r.due, now()) + %(step)s * interval '1 second'
 WHERE greatest(r.due, now()) - now() <= %(burst)s * interval '1 second'
RETURNING extract(epoch FROM due - now())
"""


def spend(session, client_id, per_minute):
    """Take one call out of the client's allowance.

    :return: ``(allowed, remaining calls, seconds until one is free)``
    """
    step = 60.0 / per_minute
    burst = 60.0 - step
    rows = session.execute_named(
        QUERY, {"client": client_id, "step": step, "burst": burst}
    )
    if rows:
        ahead = float(rows[0][0])
        return True, max(0, int((60.0 - ahead) / step)), 0
    ((wait,),) = session.execute(
        "SELECT extract(epoch FROM due - now()) FROM construction_sync_rate "
        "WHERE client_id = %s",
        client_id,
    )
    return False, 0, max(1, round(float(wait) - burst))
