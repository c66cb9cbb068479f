"""The breaker of a system: calls that keep failing stop, for all processes at once.

Closed, it lets everything through. Five failures in a row, or half of at least ten
calls in five minutes, open it for 30 seconds, doubling to 15 minutes. Then one call,
of one process, is let through (half-open); its outcome decides. What waits meanwhile
keeps its place and uses up no try. After five days without a success the system is
switched off until a person has looked (Standard Webhooks, "Disabling").
"""

import random
from dataclasses import dataclass

from odoo.tools import SQL

IN_A_ROW = 5
LEAST_CALLS = 10
WINDOW = "5 minutes"
REST = 30
LONGEST_REST = 900
LAST_DAY = "5 days"
#: a system's own "come back later" is believed for this long at most
LONGEST_PAUSE = 900


@dataclass(frozen=True, slots=True)
class Admission:
    """How a system may be called now: ``probe`` with one single call; after an outage
    ``catching_up``, at a pace that ``normal_rate`` (deliveries a minute) tells."""

    probe: bool
    catching_up: bool
    normal_rate: float


def admit(cr, system_id, lease_seconds):
    """An :class:`Admission`, or None: not now."""
    cr.execute(
        SQL(
            """
            INSERT INTO construction_sync_breaker
                   (system_id, state, failures, step, catching_up, normal_rate)
            SELECT %s, 'closed', 0, 0, FALSE, 0
             WHERE NOT EXISTS (SELECT FROM construction_sync_breaker
                                WHERE system_id = %s)
            """,
            system_id,
            system_id,
        )
    )
    cr.execute(
        SQL(
            """
            SELECT state, open_until <= now() AT TIME ZONE 'UTC',
                   probe_until <= now() AT TIME ZONE 'UTC',
                   COALESCE(paused_until > now() AT TIME ZONE 'UTC', FALSE),
                   COALESCE(catching_up, FALSE), COALESCE(normal_rate, 0)
              FROM construction_sync_breaker WHERE system_id = %s
            """,
            system_id,
        )
    )
    state, rested, probe_lost, paused, catching_up, normal = cr.fetchone()
    if paused or state in ("forced_open", "disabled"):
        return None
    if state == "closed":
        return Admission(False, catching_up, normal)
    if not (rested if state == "open" else probe_lost):
        return None
    # two processes that get here meet on the row: one of them wins
    cr.execute(
        SQL(
            """
            UPDATE construction_sync_breaker
               SET state = 'half_open',
                   probe_until = (now() AT TIME ZONE 'UTC') + %s * interval '1 second'
             WHERE system_id = %s
            """,
            lease_seconds,
            system_id,
        )
    )
    return Admission(True, catching_up, normal)


def nothing_to_try(cr, system_id):
    """The probe found nothing to send: the next event is the probe."""
    cr.execute(
        SQL(
            "UPDATE construction_sync_breaker SET state = 'open' "
            "WHERE system_id = %s AND state = 'half_open'",
            system_id,
        )
    )


def succeeded(cr, system_id):
    """A call went through. After an outage the system is not flooded: see
    ``pipeline.pace``."""
    cr.execute(
        SQL(
            """
            UPDATE construction_sync_breaker
               SET catching_up = catching_up OR state = 'half_open'
                                 OR failures >= %s,
                   state = 'closed', failures = 0, step = 0, failing_since = NULL,
                   open_until = NULL, probe_until = NULL, paused_until = NULL,
                   last_success = now() AT TIME ZONE 'UTC'
             WHERE system_id = %s AND state IN ('closed', 'half_open')
               AND (failures > 0 OR state <> 'closed' OR last_success IS NULL
                    OR paused_until IS NOT NULL
                    OR last_success < (now() AT TIME ZONE 'UTC') - interval '1 minute')
            """,
            IN_A_ROW,
            system_id,
        )
    )


def failed(cr, system_id, words, count=1):
    """``count`` calls failed because of the system; returns its new state."""
    cr.execute(
        SQL(
            """
            SELECT count(*), count(*) FILTER (WHERE outcome IN ('retry', 'unknown'))
              FROM construction_sync_attempt
             WHERE system_id = %s AND outcome IS NOT NULL
               AND started_at > (now() AT TIME ZONE 'UTC') - %s::interval
            """,
            system_id,
            WINDOW,
        )
    )
    calls, bad = cr.fetchone()
    half = calls >= LEAST_CALLS and 2 * bad >= calls
    cr.execute(
        SQL(
            """
            UPDATE construction_sync_breaker b
               SET failures = failures + %(count)s,
                   last_words = %(words)s,
                   failing_since = COALESCE(failing_since, now() AT TIME ZONE 'UTC'),
                   normal_rate = CASE WHEN failing_since IS NULL THEN %(rate)s
                                      ELSE normal_rate END,
                   state = CASE
                       WHEN state IN ('forced_open', 'disabled') THEN state
                       WHEN failing_since < (now() AT TIME ZONE 'UTC')
                                            - %(last)s::interval THEN 'disabled'
                       WHEN state = 'half_open' THEN 'open'
                       WHEN state = 'closed'
                            AND (failures + %(count)s >= %(row)s OR %(half)s)
                       THEN 'open' ELSE state END,
                   step = CASE WHEN state IN ('half_open', 'closed')
                               THEN least(step + 1, 10) ELSE step END,
                   open_until = CASE WHEN state = 'open' THEN open_until
                       ELSE (now() AT TIME ZONE 'UTC')
                            + least(%(rest)s * 2 ^ (CASE WHEN state = 'half_open'
                                                    THEN step ELSE 0 END), %(most)s)
                            * %(jitter)s * interval '1 second' END
             WHERE system_id = %(system)s RETURNING state
            """,
            count=count,
            words=words[:300],
            rate=_normal_rate(cr, system_id),
            last=LAST_DAY,
            row=IN_A_ROW,
            half=half,
            rest=REST,
            most=LONGEST_REST,
            jitter=random.uniform(0.9, 1.1),
            system=system_id,
        )
    )
    row = cr.fetchone()
    return row[0] if row else "closed"


def _normal_rate(cr, system_id):
    """Deliveries a minute over the hour before now, while it was healthy."""
    cr.execute(
        SQL(
            """
            SELECT count(*), extract(epoch FROM (now() AT TIME ZONE 'UTC')
                                                - min(started_at)) / 60
              FROM construction_sync_attempt
             WHERE system_id = %s AND outcome = 'delivered'
               AND started_at > (now() AT TIME ZONE 'UTC') - interval '1 hour'
            """,
            system_id,
        )
    )
    count, minutes = cr.fetchone()
    return count / max(float(minutes or 0), 1.0)


def pause(cr, system_id, seconds, words):
    """The system asked everybody to wait: it is left alone so long, no longer than
    15 minutes; no failure is counted."""
    cr.execute(
        SQL(
            """
            UPDATE construction_sync_breaker
               SET paused_until = greatest(paused_until, (now() AT TIME ZONE 'UTC')
                                           + %s * interval '1 second'),
                   last_words = %s
             WHERE system_id = %s
            """,
            min(seconds, LONGEST_PAUSE),
            words[:300],
            system_id,
        )
    )


def switch_off(cr, system_id, words):
    """The address is gone, or a person holds it back."""
    cr.execute(
        SQL(
            "UPDATE construction_sync_breaker SET state = 'disabled', last_words = %s, "
            "failing_since = COALESCE(failing_since, now() AT TIME ZONE 'UTC') "
            "WHERE system_id = %s",
            words[:300],
            system_id,
        )
    )


def hold(cr, system_ids, words):
    """A person holds sending back; what waits keeps its place."""
    cr.execute(
        SQL(
            """
            INSERT INTO construction_sync_breaker
                   (system_id, state, failures, step, catching_up, normal_rate)
            SELECT s.id, 'closed', 0, 0, FALSE, 0 FROM construction_sync_system s
             WHERE s.id = ANY(%s) AND NOT EXISTS (
                   SELECT FROM construction_sync_breaker b WHERE b.system_id = s.id)
            """,
            list(system_ids),
        )
    )
    cr.execute(
        SQL(
            "UPDATE construction_sync_breaker SET state = 'forced_open', "
            "last_words = %s WHERE system_id = ANY(%s)",
            words[:300],
            list(system_ids),
        )
    )


def reset(cr, system_ids):
    """A person says: try again now."""
    cr.execute(
        SQL(
            "UPDATE construction_sync_breaker SET state = 'closed', failures = 0, "
            "step = 0, open_until = NULL, probe_until = NULL, paused_until = NULL, "
            "failing_since = NULL, catching_up = TRUE WHERE system_id = ANY(%s)",
            list(system_ids),
        )
    )


def caught_up(cr, system_id):
    """Nothing old is left to send: full speed again."""
    cr.execute(
        SQL(
            "UPDATE construction_sync_breaker SET catching_up = FALSE "
            "WHERE system_id = %s AND catching_up",
            system_id,
        )
    )
