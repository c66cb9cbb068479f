"""Figures for Prometheus: what waits, what fails, how old it is, for each system of the
caller and nobody else (P4, FA-J06).

Labels are codes of systems and data types only, so their number is bounded by what
administrators set up (FA-K13).
"""

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily

from odoo.tools import SQL

from . import overview_figures

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
COUNTED = ("accepted", "rejected", "applied", "superseded", "duplicate", "retried",
           "failed")  # fmt: skip
PREFIX = "construction_sync"


def page(env, system_ids):
    """The figures of these systems as text in Prometheus' format (bytes).

    :param env: ``gateway.environment``: the callers' own limits are ``system_ids``
    """
    systems = env["construction.sync.system"].browse(system_ids)
    registry = CollectorRegistry()
    registry.register(_Figures([
        *_incoming(env, systems), *_last_hour(env, systems), *_outgoing(env, systems),
        _exceptions(env, systems),
    ]))  # fmt: skip
    return generate_latest(registry)


class _Figures:
    def __init__(self, families):
        self._families = families

    def collect(self):
        return self._families


def _family(name, text, labels):
    return GaugeMetricFamily(f"{PREFIX}_{name}", text, labels=labels)


def _incoming(env, systems):
    flows = systems.flow_ids.filtered(lambda f: f.direction == "in")
    figures = overview_figures.of_flows(env, flows)
    waiting = _family(
        "messages_waiting",
        "Messages that are not finished: waiting, preview, retry (by themselves), "
        "failed (a person).",
        ["system", "entity", "state"],
    )
    last = _family(
        "last_received_timestamp_seconds",
        "When the newest message of the data type came.",
        ["system", "entity"],
    )
    for flow in flows:
        found = figures[flow.id]
        labels = [flow.system_id.code, flow.entity]
        for state in ("waiting", "preview", "retry", "failed"):
            waiting.add_metric([*labels, state], found[state] or 0)
        if found["last"]:
            last.add_metric(labels, _seconds(env, found["last"]))
    return waiting, last


def _last_hour(env, systems):
    family = _family(
        "messages_last_hour",
        "Messages of the last 60 minutes by what became of them.",
        ["system", "entity", "outcome"],
    )
    sums = SQL(", ").join(
        SQL("coalesce(sum(%s), 0)", SQL.identifier("m", name)) for name in COUNTED
    )
    env.cr.execute(
        SQL(
            """
            SELECT s.code, f.entity, %s
              FROM construction_sync_metric m
              JOIN construction_sync_flow f ON f.id = m.flow_id
              JOIN construction_sync_system s ON s.id = f.system_id
             WHERE s.id = ANY(%s)
               AND m.minute > (now() AT TIME ZONE 'UTC') - interval '60 minutes'
          GROUP BY 1, 2 ORDER BY 1, 2
            """,
            sums,
            systems.ids,
        )
    )
    for code, entity, *counts in env.cr.fetchall():
        for name, count in zip(COUNTED, counts, strict=True):
            family.add_metric([code, entity, name], count)
    return [family]


def _outgoing(env, systems):
    states = _family(
        "deliveries_waiting",
        "Deliveries that are not finished, by state.",
        ["system", "state"],
    )
    oldest = _family(
        "delivery_oldest_seconds",
        "Age of the oldest delivery that is not finished.",
        ["system"],
    )
    breaker = _family(
        "breaker_open",
        "1 while a system is left alone after failures, 0 while it is called.",
        ["system"],
    )
    env.cr.execute(
        SQL(
            """
            SELECT s.code, d.state, count(*),
                   extract(epoch FROM (now() AT TIME ZONE 'UTC') - min(d.created_at))
              FROM construction_sync_delivery d
              JOIN construction_sync_system s ON s.id = d.system_id
             WHERE s.id = ANY(%s)
               AND d.state IN ('pending', 'leased', 'retry', 'unknown', 'held', 'dead')
          GROUP BY 1, 2 ORDER BY 1, 2
            """,
            systems.ids,
        )
    )
    ages = {}
    for code, state, count, age in env.cr.fetchall():
        states.add_metric([code, state], count)
        if state not in ("held", "dead"):
            ages[code] = max(ages.get(code, 0.0), float(age))
    for code, age in ages.items():
        oldest.add_metric([code], round(age, 1))
    found = env["construction.sync.breaker"].search(
        [("system_id", "in", systems.ids)], order="id"
    )
    for row in found:
        breaker.add_metric([row.system_id.code], row.state != "closed")
    return states, oldest, breaker


def _exceptions(env, systems):
    family = _family("exceptions_open", "Causes that wait for a person.", ["system"])
    counts = overview_figures.open_causes(env, systems)
    for system in systems:
        family.add_metric([system.code], counts.get(system.id, 0))
    return family


def _seconds(env, moment):
    return overview_figures.local(env, moment).timestamp()
