"""Figures of the overview: for all systems on the screen at once.

Two passes over partial indexes of the inbox and one over the figures per minute; never
a query per card.
"""

from collections import defaultdict
from datetime import timedelta

import pytz

from odoo import fields
from odoo.tools import SQL

#: days that the bars of a card show
DAYS = 14
OPEN = ("new", "assigned", "waiting")


def local(env, moment):
    """A stored (UTC) moment in the user's time zone."""
    return pytz.utc.localize(moment).astimezone(env.tz)


def of_flows(env, flows):
    """``{flow id: {last, waiting, preview, retry, failed}}`` in one pass.

    ``waiting`` counts what moves by itself: received, waiting for a parent or to
    be tried again; ``preview`` what waits for the data type to go live.
    """
    empty = {"last": None, "waiting": 0, "preview": 0, "retry": 0, "failed": 0}
    figures = {flow.id: dict(empty) for flow in flows}
    if not figures:
        return figures
    env["construction.sync.message"].flush_model()
    env.cr.execute(
        SQL(
            """
            SELECT f.id,
                   (SELECT max(received_at) FROM construction_sync_message m
                     WHERE m.flow_id = f.id),
                   (SELECT count(*) FROM construction_sync_message m
                     WHERE m.flow_id = f.id AND m.state = 'ready'),
                   o.waiting, o.preview, o.retry, o.failed
              FROM construction_sync_flow f
         LEFT JOIN LATERAL (
                    SELECT count(*) FILTER (WHERE m.state = 'waiting'
                             AND m.waits_on NOT LIKE 'preview:%%') AS waiting,
                           count(*) FILTER (WHERE m.state = 'waiting'
                             AND m.waits_on LIKE 'preview:%%') AS preview,
                           count(*) FILTER (WHERE m.state = 'retry') AS retry,
                           count(*) FILTER (WHERE m.state IN
                               ('exception', 'dead')) AS failed
                      FROM construction_sync_message m
                     WHERE m.flow_id = f.id
                       AND m.state IN ('waiting', 'retry', 'exception', 'dead')
                   ) o ON TRUE
             WHERE f.id = ANY(%s)
            """,
            list(figures),
        )
    )
    for row in env.cr.fetchall():
        flow_id, last, ready, waiting, preview, retry, failed = row
        figures[flow_id] = {
            "last": last and last.replace(microsecond=0),
            "waiting": ready + waiting + retry,
            "preview": preview,
            "retry": retry,
            "failed": failed,
        }
    return figures


def per_day(env, systems):
    """``{system id: [(day, received, failed)]}`` of the last 14 days, in the
    user's time zone, oldest first."""
    today = local(env, fields.Datetime.now()).date()
    days = [today - timedelta(days=n) for n in range(DAYS - 1, -1, -1)]
    found = defaultdict(dict)
    if systems:
        env.cr.execute(
            SQL(
                """
                SELECT f.system_id,
                       (x.minute AT TIME ZONE 'UTC' AT TIME ZONE %s)::date,
                       sum(x.accepted), sum(x.failed)
                  FROM construction_sync_metric x
                  JOIN construction_sync_flow f ON f.id = x.flow_id
                 WHERE f.system_id = ANY(%s) AND x.minute >= %s
              GROUP BY 1, 2
                """,
                str(env.tz),
                systems.ids,
                fields.Datetime.now() - timedelta(days=DAYS),
            )
        )
        for system_id, day, accepted, failed in env.cr.fetchall():
            found[system_id][day] = (accepted or 0, failed or 0)
    return {
        system.id: [(day, *found[system.id].get(day, (0, 0))) for day in days]
        for system in systems
    }


def open_causes(env, systems):
    """``{system id: open causes}``."""
    rows = env["construction.sync.exception"]._read_group(
        [("system_id", "in", systems.ids), ("state", "in", OPEN)],
        ["system_id"],
        ["__count"],
    )
    return {system.id: count for system, count in rows}
