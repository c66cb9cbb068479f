"""Lanes: order per object, work in parallel (DESIGN R3, R4).

The objects of a flow fall into 64 lanes by a hash of their external id. Whoever
holds a lane's lock is the only one to apply messages of its objects. Locks are
session advisory locks on a connection of their own that is in autocommit mode and
idle meanwhile: they are taken, and that statement is over, before the working
transaction takes its snapshot; a lock taken inside it would still read stale rows.
A lock is freed when its process dies, whatever it was doing.

A heartbeat says which messages a worker has in its hands. If the worker is gone and
its heartbeat is left, those messages were in a crash: each is tried alone from then
on, and after the third crash (alone in hand at the second and the third) set before a
person. The table is unlogged: after a
crash of the database itself it is empty, which is right, no message did that.
"""

import os
import threading
import zlib

import psycopg2

from odoo.sql_db import connection_info_for

SLOTS = 64
#: from this many ready messages on, two workers share a flow's lanes: for fewer the
#: second transaction costs more than it saves
SHARED = 100
LANE_SPACE = 1_129_500_000
ALIVE_SPACE = 1_129_400_000

_local = threading.local()


class LanesUnavailable(Exception):
    """Lane locks cannot be trusted on this connection; nothing may be drained."""


def slot_of(external_id):
    """Lane of an object: the same everywhere and for ever."""
    return zlib.crc32(external_id.encode()) % SLOTS


class LaneSession:
    """One database session that holds lane locks for one worker thread."""

    def __init__(self, dbname):
        self.dbname = dbname
        _db, info = connection_info_for(dbname)
        self._connection = psycopg2.connect(**info)
        self._connection.autocommit = True
        self.pid = os.getpid()
        self.backend = self._check_backend()
        # held as long as this session lives: the proof that its worker is alive
        self._scalar("SELECT pg_advisory_lock(%s, %s)", ALIVE_SPACE, self.backend)

    def _scalar(self, query, *params):
        with self._connection.cursor() as cursor:
            cursor.execute(query, params)
            return cursor.fetchone()[0]

    def execute(self, query, *params):
        """Run one statement in its own transaction; returns the rows, if any."""
        with self._connection.cursor() as cursor:
            cursor.execute(query, params)
            return cursor.fetchall() if cursor.description else []

    def execute_named(self, query, params):
        """As ``execute``, with named parameters."""
        with self._connection.cursor() as cursor:
            cursor.execute(query, params)
            return cursor.fetchall() if cursor.description else []

    def _check_backend(self):
        """Backend of this session.

        :raises LanesUnavailable: behind a pooler that changes backends between
            statements session locks do not hold
        """
        backend = self._scalar("SELECT pg_backend_pid()")
        if backend != self._connection.info.backend_pid:
            raise LanesUnavailable(
                "The database is reached through a pooler that gives every "
                "transaction another session (PgBouncer in transaction mode?). "
                "Locks do not hold there, so nothing is applied. Connect Odoo to "
                "PostgreSQL directly or set the pooler to session mode."
            )
        return backend

    @property
    def usable(self):
        return not self._connection.closed and self.pid == os.getpid()

    def take(self, flow_id, slots):
        """Lock those of ``slots`` that are free; returns them."""
        rows = self.execute(
            "SELECT s FROM unnest(%s) s WHERE pg_try_advisory_lock(%s, s)",
            list(slots),
            LANE_SPACE + flow_id,
        )
        return [row[0] for row in rows]

    def take_one(self, flow_id, slot):
        """Lock one lane; False when another worker has it."""
        return self._scalar(
            "SELECT pg_try_advisory_lock(%s, %s)", LANE_SPACE + flow_id, slot
        )

    def free(self, flow_id, slots):
        """Unlock lanes that ``take`` returned."""
        if slots:
            self.execute(
                "SELECT pg_advisory_unlock(%s, s) FROM unnest(%s) s",
                LANE_SPACE + flow_id,
                list(slots),
            )

    def beat(self, flow_id, message_ids):
        """Say, before a batch is touched, which messages this worker holds."""
        self.execute(
            "INSERT INTO construction_sync_heartbeat "
            "(backend, flow_id, message_ids, since) VALUES (%s, %s, %s, now()) "
            "ON CONFLICT (backend) DO UPDATE SET flow_id = EXCLUDED.flow_id, "
            "message_ids = EXCLUDED.message_ids, since = EXCLUDED.since",
            self.backend,
            flow_id,
            list(message_ids),
        )

    def rest(self):
        """The batch is over, whatever became of it."""
        self.execute(
            "DELETE FROM construction_sync_heartbeat WHERE backend = %s", self.backend
        )

    def bury(self):
        """What dead workers had in their hands, a list of message ids for each;
        forgets it.

        A worker is dead when the lock that its session held is free.
        """
        held = []
        for backend, ids in self.execute(
            "SELECT backend, message_ids FROM construction_sync_heartbeat "
            "WHERE backend <> %s",
            self.backend,
        ):
            if not self._scalar(
                "SELECT pg_try_advisory_lock(%s, %s)", ALIVE_SPACE, backend
            ):
                continue
            gone = self.execute(
                "DELETE FROM construction_sync_heartbeat WHERE backend = %s "
                "AND message_ids = %s RETURNING message_ids",
                backend,
                ids,
            )
            self.execute("SELECT pg_advisory_unlock(%s, %s)", ALIVE_SPACE, backend)
            held.extend(row[0] for row in gone)
        return held

    def disown(self, backend):
        """Forget what a session of this living worker held that was cut."""
        self.execute(
            "DELETE FROM construction_sync_heartbeat WHERE backend = %s", backend
        )

    def close(self):
        if not self._connection.closed:
            self._connection.close()


def session(dbname):
    """The lane session of this thread; opened at first use, replaced when it broke
    or the process was forked."""
    current = getattr(_local, "session", None)
    if current is None or not current.usable or current.dbname != dbname:
        current = _local.session = LaneSession(dbname)
    return current


def forget(dbname=None):
    """Close this thread's session, freeing every lock it holds."""
    current = getattr(_local, "session", None)
    if current is not None and (dbname is None or current.dbname == dbname):
        if current.pid == os.getpid():
            current.close()
        _local.session = None
