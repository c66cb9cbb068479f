"""Counts per flow and minute: one row a batch, summed when read."""

from collections import Counter, defaultdict

from odoo.tools import SQL

EDGES = ((1, "within_second"), (10, "within_ten"), (60, "within_minute"),
         (3600, "within_hour"))  # fmt: skip
STATE_COLUMN = {
    "applied": "applied", "superseded": "superseded", "duplicate": "duplicate",
    "waiting": "waiting", "retry": "retried", "exception": "failed", "dead": "failed",
}  # fmt: skip


def count_intake(cr, entries):
    """Count what a call brought."""
    per_flow = defaultdict(Counter)
    for entry in entries:
        column = {"accepted": "accepted", "rejected": "rejected"}.get(
            entry.status, "duplicate"
        )
        per_flow[entry.flow_id][column] += 1
    for flow_id, counts in per_flow.items():
        _insert(cr, flow_id, counts)


def count_refused(cr, flow_id):
    """Count a call that was not proven to come from whom it named."""
    _insert(cr, flow_id, Counter(rejected=1))


def count_drain(cr, flow_id, results, now):
    """Count outcomes of a batch and how long after arrival they came.

    :param results: ``[(state, received_at)]``
    """
    counts = Counter()
    for state, received_at in results:
        counts[STATE_COLUMN.get(state, "failed")] += 1
        if state == "applied" and received_at:
            seconds = (now - received_at).total_seconds()
            counts[next((n for e, n in EDGES if seconds <= e), "slower")] += 1
    _insert(cr, flow_id, counts)


def _insert(cr, flow_id, counts):
    names = list(counts)
    cr.execute(
        SQL(
            "INSERT INTO construction_sync_metric (flow_id, minute, %s) "
            "VALUES (%s, date_trunc('minute', now() AT TIME ZONE 'UTC'), %s)",
            SQL(", ").join(SQL.identifier(n) for n in names),
            flow_id,
            SQL(", ").join(SQL("%s", counts[n]) for n in names),
        )
    )
