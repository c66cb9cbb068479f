"""Read from the database what the checker compares with the senders' log."""

from collections import defaultdict

from psycopg2.extras import RealDictCursor

from harness.checker import Standing

#: business records by entity: (table, query of (id, object, value)); the senders put
#: the object's name first into what they send, so that a second record of the same
#: object is found even when nothing is linked to it
RECORDS = {
    "vendor": (
        "res_partner",
        "SELECT id, split_part(name, ' ', 1), name FROM res_partner "
        "WHERE name LIKE %(prefix)s",
    ),
    "test_document": (
        "construction_test_document",
        "SELECT id, name, amount::numeric(16, 2)::text FROM construction_test_document "
        "WHERE name LIKE %(prefix)s",
    ),
}


def read(connection, system, prefix):
    """Standing of one system, whose objects' names all begin with ``prefix``."""
    with connection, connection.cursor(cursor_factory=RealDictCursor) as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        return Standing(
            messages=_rows(
                cursor,
                "SELECT m.id, uuid, event_id, entity, external_id, m.state, version, "
                "waits_on, res_model, res_id, exception_id "
                "FROM construction_sync_message m "
                "JOIN construction_sync_system s ON s.id = m.system_id "
                "WHERE s.code = %(system)s ORDER BY m.id",
                system=system,
            ),
            bindings=_rows(
                cursor,
                "SELECT entity, external_id, version, res_id, b.state "
                "FROM construction_sync_binding b "
                "JOIN construction_sync_system s ON s.id = b.system_id "
                "WHERE s.code = %(system)s",
                system=system,
            ),
            audit=_rows(
                cursor,
                "SELECT a.id, doc_key, action, message_id, content, prev_hash, hash "
                "FROM construction_sync_audit a "
                "JOIN construction_sync_system s ON s.id = a.system_id "
                "WHERE s.code = %(system)s ORDER BY a.id",
                system=system,
            ),
            exceptions={
                row["id"]: row["state"]
                for row in _rows(
                    cursor,
                    "SELECT e.id, e.state FROM construction_sync_exception e "
                    "JOIN construction_sync_system s ON s.id = e.system_id "
                    "WHERE s.code = %(system)s",
                    system=system,
                )
            },
            records=_records(cursor, prefix),
        )


def unfinished(connection, system):
    """How many messages of a system are still under way, and ``{state: count}``."""
    with connection, connection.cursor() as cursor:
        cursor.execute(
            "SELECT m.state, count(*) FROM construction_sync_message m "
            "JOIN construction_sync_system s ON s.id = m.system_id "
            "WHERE s.code = %s GROUP BY 1",
            [system],
        )
        states = dict(cursor.fetchall())
        cursor.execute(
            "SELECT count(*) FROM construction_sync_message m "
            "JOIN construction_sync_system s ON s.id = m.system_id "
            "WHERE s.code = %s AND (m.state IN ('ready', 'retry') "
            "OR (m.state = 'waiting' AND waits_on NOT LIKE 'behind:%%'))",
            [system],
        )
        return cursor.fetchone()[0], states


def _rows(cursor, query, **values):
    cursor.execute(query, values)
    return [dict(row) for row in cursor.fetchall()]


def _records(cursor, prefix):
    found = defaultdict(list)
    for entity, (table, query) in RECORDS.items():
        cursor.execute("SELECT to_regclass(%s) IS NOT NULL AS there", [table])
        if not cursor.fetchone()["there"]:
            continue
        cursor.execute(query, {"prefix": prefix + "%"})
        for row in cursor.fetchall():
            record_id, name, value = row.values()
            found[entity, name].append((record_id, value))
    return dict(found)
