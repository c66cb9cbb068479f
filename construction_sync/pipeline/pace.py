"""How fast a system may be called, counted for all processes together.

GCRA as for incoming calls (``pipeline.rate``), in an unlogged table that only the
dispatchers' sessions write. A limit comes from the system's form; after an outage the
pace is at most twice what was normal before it, so that the backlog does not come
down on a system that has just recovered (FA-L06).
"""

QUERY = """
INSERT INTO construction_sync_pace AS p (system_id, due)
VALUES (%(system)s, clock_timestamp() + %(step)s * interval '1 second')
ON CONFLICT (system_id) DO UPDATE
   SET due = greatest(p.due, clock_timestamp()) + %(step)s * interval '1 second'
 WHERE greatest(p.due, clock_timestamp()) - clock_timestamp()
       <= %(burst)s * interval '1 second'
RETURNING 1
"""
#: twice the normal rate, but never slower than this many a minute
SLOWEST = 60.0


def per_minute(limit, catching_up, normal_rate):
    """Calls a minute, 0 for no limit."""
    if not catching_up:
        return float(limit or 0)
    calm = max(2.0 * (normal_rate or 0.0), SLOWEST)
    return min(calm, limit) if limit else calm


def allowed(session, system_id, rate, wanted):
    """How many of ``wanted`` calls may be made now at ``rate`` a minute; they count as
    made. A burst is at most what one second allows."""
    if not rate:
        return wanted
    step = 60.0 / rate
    burst = max(0.0, 1.0 - step)
    taken = 0
    while taken < wanted:
        rows = session.execute_named(
            QUERY, {"system": system_id, "step": step, "burst": burst}
        )
        if not rows:
            break
        taken += 1
    return taken
