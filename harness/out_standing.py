"""Read from the database what the checker of the way out compares with the receive
log."""

from psycopg2.extras import RealDictCursor

from harness.out_checker import OutStanding

#: how a record of an entity is called, and whether it still counts
VALUES = {
    "vendor": "SELECT id, name, active FROM res_partner WHERE id = ANY(%s)",
}
WAY = "('pending', 'leased', 'retry', 'unknown')"


def mark(connection):
    """Where the events of a scenario begin."""
    with connection, connection.cursor() as cursor:
        cursor.execute("SELECT COALESCE(max(id), 0) FROM construction_sync_event")
        return cursor.fetchone()[0]


def read(connection, since, listeners):
    """OutStanding of the events after ``since``.

    :param listeners: codes of the systems that listened from then on
    """
    with connection, connection.cursor(cursor_factory=RealDictCursor) as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        events = _rows(
            cursor,
            "SELECT id, uuid, entity, res_id, company_id, sequence, deleted, "
            "origin_id FROM construction_sync_event WHERE id > %s",
            since,
        )
        deliveries = _rows(
            cursor,
            "SELECT d.id, d.event_id, d.system_id, d.state, b.sha256, d.attempts, "
            "d.exception_id, d.replayed_at IS NOT NULL AS replayed "
            "FROM construction_sync_delivery d "
            "JOIN construction_sync_delivery_body b ON b.id = d.id "
            "JOIN construction_sync_system s ON s.id = d.system_id "
            "WHERE d.event_id > %s AND s.code = ANY(%s)",
            since,
            list(listeners),
        )
        attempts = _rows(
            cursor,
            "SELECT a.id, a.delivery_id, a.number, a.outcome, a.started_at, a.ended_at "
            "FROM construction_sync_attempt a "
            "JOIN construction_sync_delivery d ON d.id = a.delivery_id "
            "JOIN construction_sync_system s ON s.id = d.system_id "
            "WHERE d.event_id > %s AND s.code = ANY(%s)",
            since,
            list(listeners),
        )
        subscribers = {}
        for row in _rows(
            cursor,
            "SELECT s.id, s.code, f.entity FROM construction_sync_system s "
            "JOIN construction_sync_flow f ON f.system_id = s.id "
            "WHERE s.code = ANY(%s) AND f.direction = 'out'",
            list(listeners),
        ):
            _code, entities = subscribers.setdefault(row["id"], (row["code"], set()))
            entities.add(row["entity"])
        exceptions = {
            row["id"]: row["state"]
            for row in _rows(
                cursor, "SELECT id, state FROM construction_sync_exception"
            )
        }
        values = {}
        for entity, query in VALUES.items():
            ids = sorted({e["res_id"] for e in events if e["entity"] == entity})
            for row in _rows(cursor, query, ids):
                values[entity, row["id"]] = row["name"] if row["active"] else None
    return OutStanding(subscribers, events, deliveries, attempts, values, exceptions)


def unfinished(connection, listeners):
    """How many deliveries to these systems are still on their way by themselves."""
    with connection, connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM construction_sync_delivery d "
            "JOIN construction_sync_system s ON s.id = d.system_id "
            f"WHERE s.code = ANY(%s) AND d.state IN {WAY} "
            "AND (d.state = 'leased' OR d.next_at IS NOT NULL)",
            [list(listeners)],
        )
        return cursor.fetchone()[0]


def _rows(cursor, query, *values):
    cursor.execute(query, values)
    return [dict(row) for row in cursor.fetchall()]
