"""A fresh database, the Odoo server on it, and a plain connection to look inside."""

import configparser
import contextlib
import os
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psycopg2

from .orm_client import OrmProcess

START_SECONDS = 120
PATIENCE = 1_200


class BenchFailed(Exception):
    """A bench could not run; the text says why."""


class Place:
    """Where benches run: configuration, the database they copy, and Odoo."""

    def __init__(self, config, template, odoo_bin):
        self.config = config
        self.template = template
        self.odoo_bin = odoo_bin
        parser = configparser.RawConfigParser()
        parser.read(config)
        options = dict(parser["options"])
        names = {"host": "db_host", "port": "db_port", "user": "db_user"}
        names["password"] = "db_password"
        self._prepared = None
        self._server = {
            key: options[name]
            for key, name in names.items()
            if options.get(name, "False") not in ("", "False")
        }

    def connect(self, database):
        """A connection in autocommit mode."""
        connection = psycopg2.connect(dbname=database, **self._server)
        connection.autocommit = True
        return connection

    def _administer(self, *statements):
        with contextlib.closing(self.connect("postgres")) as connection:
            with connection.cursor() as cursor:
                for statement in statements:
                    cursor.execute(statement)

    def close(self):
        """Drop the database that sites were copied from."""
        if self._prepared:
            self._administer(_drop(self._prepared))

    def _source(self):
        """The database that sites are copied from; made when first asked for."""
        if self._prepared is None:
            name = f"{self.template}_by_cron"
            self._copy(self.template, name)
            self._prepared = name
            orm = OrmProcess(self.config, name)
            orm.call("carry_by_cron")
            orm.close()
        return self._prepared

    def _copy(self, source, database):
        self._administer(
            _drop(database), f'CREATE DATABASE "{database}" TEMPLATE "{source}"'
        )
        connection = self.connect(database)
        with connection.cursor() as cursor:
            # the copy is the one that sends, as its administrator would say
            cursor.execute(
                "UPDATE construction_sync_standing "
                "SET identity = construction_sync_identity()"
            )
        connection.commit()
        connection.close()

    @contextlib.contextmanager
    def site(self, name):
        """A Site on a fresh copy of the database; dropped in the end."""
        database = f"{self.template}_{name}"
        self._copy(self._source(), database)
        site = Site(self, database)
        try:
            yield site
        finally:
            site.close()
            self._administer(_drop(database))


class Site:
    """One database and the processes that work on it."""

    def __init__(self, place, database):
        self.place = place
        self.database = database
        self._connection = place.connect(database)
        self.orm = OrmProcess(place.config, database)
        self.key = self.orm.call("set_up")["key"]

    def close(self):
        """End what this site started."""
        self.orm.close()
        self._connection.close()

    def query(self, statement, *parameters):
        """Rows of one SQL statement, committed by itself."""
        with self._connection.cursor() as cursor:
            cursor.execute(statement, parameters or None)
            return cursor.fetchall() if cursor.description else []

    def copy_in(self, table, rows):
        """Rows in COPY's text format into a table, committed by itself."""
        with self._connection.cursor() as cursor:
            cursor.copy_expert(f"COPY {table} FROM STDIN", rows)

    def settle(self):
        """What autovacuum does in time: statistics of what was just written."""
        self.query("ANALYZE")

    @contextlib.contextmanager
    def server(self, workers=1, crons=2, queue_job=False):
        """The address of an Odoo server that answers (a ``Server``)."""
        server = Server(self, workers, crons, queue_job)
        try:
            server.await_answer()
            yield server
        finally:
            server.stop()

    def await_drained(self, started, entity):
        """Seconds from ``started`` until no message of the entity is ready; all of
        them must have been applied."""
        ((flow_id,),) = self.query(
            "SELECT id FROM construction_sync_flow WHERE entity = %s", entity
        )
        ready = (
            "SELECT 1 FROM construction_sync_message "
            "WHERE flow_id = %s AND state = 'ready' LIMIT 1"
        )
        # not oftener: looking must not take what is measured
        while self.query(ready, flow_id):
            if time.perf_counter() - started > PATIENCE:
                raise BenchFailed("The inbox was not drained in time.")
            time.sleep(0.01)
        return time.perf_counter() - started

    def require_applied(self, count):
        """Fail unless exactly ``count`` messages stand as applied."""
        states = dict(
            self.query(
                "SELECT state, count(*) FROM construction_sync_message GROUP BY state"
            )
        )
        if states.get("applied", 0) != count:
            raise BenchFailed(f"{count} messages should be applied: {states}")


class Server:
    """An Odoo server in prefork mode, as in production."""

    def __init__(self, site, workers, crons, queue_job):
        self.port, gevent_port = _free_port(), _free_port()
        self._log = tempfile.NamedTemporaryFile("w+", suffix=".log")
        load = "base,web,rpc" + (",queue_job" if queue_job else "")
        environment = dict(
            os.environ,
            ODOO_QUEUE_JOB_CHANNELS=f"root:{workers}",
            ODOO_QUEUE_JOB_SCHEME="http",
            ODOO_QUEUE_JOB_HOST="127.0.0.1",
            ODOO_QUEUE_JOB_PORT=str(self.port),
        )
        command = [
            sys.executable,
            "-W",
            "ignore",
            str(Path(site.place.odoo_bin)),
            f"--config={site.place.config}",
            f"--database={site.database}",
            # one database and no filter: else Odoo lists all databases at each call
            "--db-filter=",
            f"--workers={workers}",
            f"--max-cron-threads={crons}",
            f"--load={load}",
            "--http-interface=127.0.0.1",
            f"--http-port={self.port}",
            f"--gevent-port={gevent_port}",
            "--log-level=warn",
            "--limit-time-real=1200",
            "--limit-time-cpu=1200",
        ]
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=subprocess.STDOUT,
            env=environment,
        )

    def await_answer(self):
        """Return once the server answers."""
        from .caller import get

        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end:
            if self._process.poll() is not None:
                break
            try:
                if get(self.port, "/construction_sync/v1/health").status == 200:
                    # the crons come up a moment after the workers
                    time.sleep(1.5)
                    return
            except OSError:
                time.sleep(0.2)
        self._log.seek(0)
        raise BenchFailed("Odoo did not start: " + self._log.read()[-2000:])

    def stop(self):
        """Stop it and wait for its end."""
        self._process.terminate()
        try:
            self._process.wait(30)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._log.close()


def _drop(database):
    return f'DROP DATABASE IF EXISTS "{database}" WITH (FORCE)'


def _free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
