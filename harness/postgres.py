"""Faults of PostgreSQL: sessions cut, backends killed, an immediate restart.

A session of our own database may be cut on any server. What takes the whole server
down is done only to one that was started for us, whose data folder is named in
``CONSTRUCTION_SYNC_PGDATA``.
"""

import os
import random
import signal
import subprocess
import time
from pathlib import Path

import psycopg2


class Postgres:
    """The server behind an installation."""

    def __init__(self, installation, environ=os.environ):
        self.installation = installation
        self._data = environ.get("CONSTRUCTION_SYNC_PGDATA")
        self._run = environ.get("CONSTRUCTION_SYNC_RUN")
        self._durable = None

    @property
    def ours(self):
        """Whether the server was started for us, and keeps what it committed when it
        is killed (that of ``./run test`` does not: it is made for speed)."""
        if self._durable is None:
            kept = "SELECT current_setting('fsync'), current_setting(%s)"
            ((fsync, commit),) = self.installation.query(kept, "synchronous_commit")
            self._durable = fsync == "on" and commit != "off"
        return bool(self._durable and self._data and self._postmaster())

    def _postmaster(self):
        try:
            lines = Path(self._data, "postmaster.pid").read_text().splitlines()
            pid, port = int(lines[0]), lines[3]
            os.kill(pid, 0)
        except (OSError, ValueError, IndexError):
            return None
        return pid if port == str(self.installation.options.get("db_port")) else None

    def sessions(self):
        """Backends that serve our database, but our own."""
        return [
            row[0]
            for row in self.installation.query(
                "SELECT pid FROM pg_stat_activity WHERE datname = current_database() "
                "AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
            )
        ]

    def cut_session(self):
        """Terminate one session of our database; returns its backend."""
        found = self.sessions()
        if not found:
            return None
        backend = random.choice(found)
        self.installation.query("SELECT pg_terminate_backend(%s)", backend)
        return backend

    def kill_backend(self):
        """Kill -9 a backend: the server throws all sessions out and recovers."""
        found = self.sessions() if self.ours else []
        if not found:
            return None
        backend = random.choice(found)
        try:
            os.kill(backend, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            return None
        self.wait()
        return backend

    def restart_immediately(self):
        """Shut the whole server down without a checkpoint and start it again."""
        pid = self._postmaster() if self.ours and self._run else None
        if pid is None:
            return None
        try:
            os.kill(pid, signal.SIGQUIT)
        except (ProcessLookupError, PermissionError):
            return None
        end = time.monotonic() + 30
        while os.path.exists(f"/proc/{pid}") and time.monotonic() < end:
            time.sleep(0.05)
        subprocess.run(
            [self._run, "postgres", "env"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=True,
        )
        self.wait()
        return pid

    def wait(self):
        """Until the server takes queries again."""
        end = time.monotonic() + 60
        while True:
            try:
                self.installation.query("SELECT 1")
                return
            except psycopg2.Error:
                if time.monotonic() > end:
                    raise
                time.sleep(0.2)
