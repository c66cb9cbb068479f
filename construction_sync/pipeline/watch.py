"""What nobody would notice until it hurts: looked for every two minutes, told as an
exception, closed by itself when it is over.

Each check gives :class:`Alarm`s for what is wrong now. A check is one or two statements
whatever the number of messages; none of them locks.
"""

from dataclasses import dataclass
from datetime import timedelta
from statistics import median

from odoo import fields
from odoo.tools import SQL

from ..schemas.problem import Problem
from . import credentials, gateway, park

#: an active cron that has not begun for so long is stuck
CRON_LATE = timedelta(minutes=15)
#: a source is usual in an hour of the day when it spoke then on half of these days
DAYS = 14
#: silence is told of after so many times the usual gap, and not before this
SILENT_TIMES = 3
SILENT_LEAST = timedelta(minutes=15)
#: of at least so many calls in this time more than half were refused
REFUSED_LEAST = 10
REFUSED_WITHIN = timedelta(minutes=15)
SNAPSHOT_SECONDS = 300
DEAD_LEAST = 50_000
DEAD_SHARE = 0.4
TABLES = ("construction_sync_message", "construction_sync_delivery")
PREFIX = "watch:"


@dataclass(frozen=True, slots=True)
class Alarm:
    """Something is wrong now; ``what`` makes it one exception however long it lasts."""

    kind: str
    what: str
    words: str
    system_id: int | None = None


def run(env):
    """Open an exception for what is wrong and close those of what is over."""
    env = gateway.environment(env.cr)
    _tell(env, [alarm for check in CHECKS for alarm in check(env)], PREFIX)


def look_at_crons(env):
    """The first check alone, for another cron: who watches the watch."""
    env = gateway.environment(env.cr)
    _tell(env, list(crons(env)), f"{PREFIX}cron-stopped:")


def _tell(env, alarms, prefix):
    exceptions = env["construction.sync.exception"]
    found = {f"{PREFIX}{a.kind}:{a.what}": a for a in alarms}
    for cause, alarm in found.items():
        park.open_exception(
            env, Problem(alarm.kind, alarm.words), system_id=alarm.system_id,
            cause=cause,
        )  # fmt: skip
    exceptions.search(
        [
            ("cause", "=like", f"{prefix}%"),
            ("cause", "not in", list(found)),
            ("state", "!=", "resolved"),
        ]
    )._close("itself")


# ---- checks --------------------------------------------------------------------------


def crons(env):
    """Scheduled actions that are off or stuck (FA-K11): Odoo switches one off after
    failures of a week."""
    found = (
        env["ir.cron"]
        .with_context(active_test=False)
        .search_fetch(
            [("ir_actions_server_id.model_id.model", "=like", "construction.%")],
            ["active", "nextcall", "lastcall", "name"],
        )
    )
    # after a night in which nothing ran at all nobody is late yet
    runs = [cron.lastcall for cron in found if cron.lastcall]
    late = max(runs, default=fields.Datetime.now()) - CRON_LATE
    for cron in found:
        if not cron.active:
            yield Alarm(
                "cron-stopped",
                str(cron.id),
                f"The scheduled action {cron.name} is switched off.",
            )
        elif cron.nextcall < late:
            yield Alarm(
                "cron-stopped",
                str(cron.id),
                f"The scheduled action {cron.name} should have run at "
                f"{cron.nextcall:%H:%M} UTC.",
            )


def silence(env):
    """Sources that usually speak at this hour and do not (FA-K12)."""
    now = fields.Datetime.now()
    env.cr.execute(
        SQL(
            """
            SELECT f.system_id, array_agg(DISTINCT m.minute ORDER BY m.minute)
              FROM construction_sync_metric m
              JOIN construction_sync_flow f ON f.id = m.flow_id
              JOIN construction_sync_system s ON s.id = f.system_id
             WHERE m.accepted > 0 AND m.minute > %s AND f.direction = 'in'
               AND f.state IN ('preview', 'live') AND s.state = 'live'
          GROUP BY f.system_id
            """,
            now - timedelta(days=DAYS),
        )
    )
    for system_id, minutes in env.cr.fetchall():
        if alarm := _silent(env, system_id, minutes, now):
            yield alarm


def _silent(env, system_id, minutes, now):
    gaps = [
        (later - earlier).total_seconds()
        for earlier, later in zip(minutes, minutes[1:], strict=False)
    ]
    if len(gaps) < 2 * DAYS:
        return None  # not busy enough to have a habit
    since = max(minutes[-1], _usual_since(minutes, now))
    usual = timedelta(seconds=median(gaps))
    if now - since < max(SILENT_TIMES * usual, SILENT_LEAST):
        return None
    name = env["construction.sync.system"].browse(system_id).name
    return Alarm(
        "source-silent",
        str(system_id),
        f"{name} has sent nothing since {minutes[-1]:%d %b %H:%M} UTC; at this time of "
        f"the day it usually sends something every {_lasting(usual)}.",
        system_id,
    )


def _usual_since(minutes, now):
    """Since when the source should be speaking: the start of the run of hours up to now
    in which it spoke on half of the days, counted apart for working days and weekends;
    ``now`` when it is not to be expected now."""
    spoke = {(m.date(), m.hour) for m in minutes}
    start = now.replace(minute=0, second=0, microsecond=0)
    since = now
    for _hour in range(24):
        days = [
            start.date() - timedelta(days=n)
            for n in range(1, DAYS)
            if ((start - timedelta(days=n)).weekday() >= 5) == (start.weekday() >= 5)
        ]
        if 2 * sum((day, start.hour) in spoke for day in days) < len(days):
            break
        since = start
        start -= timedelta(hours=1)
    return since


def _lasting(span):
    minutes = max(1, round(span.total_seconds() / 60))
    return "minute" if minutes == 1 else f"{minutes} minutes"


def refusals(env):
    """Systems most of whose calls are refused: a wrong key, or a clock that went off
    (FA-B05, FA-B06)."""
    now = fields.Datetime.now()
    env.cr.execute(
        SQL(
            """
            SELECT f.system_id, sum(m.rejected),
                   sum(coalesce(m.accepted, 0) + coalesce(m.duplicate, 0))
              FROM construction_sync_metric m
              JOIN construction_sync_flow f ON f.id = m.flow_id
             WHERE m.minute > %s
          GROUP BY f.system_id
            HAVING sum(m.rejected) + sum(coalesce(m.accepted, 0)
                       + coalesce(m.duplicate, 0)) >= %s
               AND sum(m.rejected) > sum(coalesce(m.accepted, 0)
                       + coalesce(m.duplicate, 0))
            """,
            now - REFUSED_WITHIN,
            REFUSED_LEAST,
        )
    )
    for system_id, refused, taken in env.cr.fetchall():
        system = env["construction.sync.system"].browse(system_id)
        last = env["construction.sync.audit"].search(
            [("doc_key", "=", f"security:{system.code}"), ("action", "=", "refused")],
            limit=1,
        )
        yield Alarm(
            "calls-refused",
            str(system_id),
            f"Of the last {refused + taken} calls of {system.name} {refused} were "
            f"refused. {last.reason or ''}".strip(),
            system_id,
        )


def database(env):
    """Rows that nobody cleans up (FA-G07), and a transaction that keeps them (FA-G06):
    the inbox gets slow."""
    env.cr.execute(
        SQL(
            """
            SELECT relname, n_dead_tup, n_live_tup FROM pg_stat_user_tables
             WHERE relid = ANY(%s::regclass[])
               AND n_dead_tup > %s AND n_dead_tup > %s * (n_dead_tup + n_live_tup)
            """,
            list(TABLES),
            DEAD_LEAST,
            DEAD_SHARE,
        )
    )
    for name, dead, live in env.cr.fetchall():
        yield Alarm(
            "database-strained",
            name,
            f"{name} holds {dead:,} dead rows beside {live:,} living ones: autovacuum "
            "is off, or does not keep up.",
        )
    env.cr.execute(
        SQL(
            """
            SELECT pid, application_name,
                   extract(epoch FROM clock_timestamp() - xact_start)::int
              FROM pg_stat_activity
             WHERE datname = current_database() AND pid <> pg_backend_pid()
               AND backend_xmin IS NOT NULL
               AND xact_start < clock_timestamp() - %s * interval '1 second'
               AND backend_type = 'client backend'
          ORDER BY xact_start LIMIT 1
            """,
            SNAPSHOT_SECONDS,
        )
    )
    for pid, program, seconds in env.cr.fetchall():
        yield Alarm(
            "database-strained",
            "snapshot",
            f"The transaction of process {pid} ({program or 'no name'}) is open for "
            f"{seconds // 60} minutes: nothing that is done meanwhile can be cleaned "
            "up or sealed.",
        )


def endings(env):
    """Logins and certificates that end within two weeks (FA-H19)."""
    now = fields.Datetime.now()
    for credential in credentials.ending(env):
        over = credential.expires_at <= now
        yield Alarm(
            "credential-ending",
            str(credential.id),
            f"{credential.display_name} of {credential.system_id.name} "
            f"{'ended' if over else 'ends'} on {credential.expires_at:%d %b %Y}; "
            f"{'nothing is sent' if over else 'then nothing is sent any more'}.",
            credential.system_id.id,
        )


CHECKS = (crons, silence, refusals, database, endings)
