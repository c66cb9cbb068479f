"""Where things are: Odoo's configuration, its database, how it is started."""

import configparser
import contextlib
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import psycopg2

from harness.chaos_proxy import ChaosProxy

SET_UP = Path(__file__).with_name("set_up_script.py")
KEY = "csk_harness" + "h" * 37
#: of a client with a small allowance of calls
LIMITED_KEY = "csk_limited" + "l" * 37
#: the administrator who does what a person would do in the web client
LOGIN = "harness"


class CannotGoOn(Exception):
    """Something that the harness needs is missing; the sentence says what."""


@dataclass
class Installation:
    """One database with the suite in it, and the Odoo that serves it.

    :param config: odoo.conf
    :param database: name of the database
    :param odoo_bin: Odoo's command, run with our own interpreter
    :param folder: where logs, histories and orders to die are kept
    """

    config: Path
    database: str
    odoo_bin: Path
    folder: Path

    def __post_init__(self):
        self.folder.mkdir(parents=True, exist_ok=True)
        parser = configparser.ConfigParser(interpolation=None)
        parser.read(self.config)
        self.options = dict(parser["options"])
        self.person_key = ""

    @property
    def crash_folder(self):
        """Where orders to die are laid (``test_construction_sync.crash_points``)."""
        folder = self.folder / "orders"
        folder.mkdir(exist_ok=True)
        return folder

    def command(self, *arguments):
        """Odoo's command line; a subcommand comes first."""
        words = [a for a in arguments if not str(a).startswith("-")][:1]
        subcommand = words if arguments and arguments[0] in words else []
        rest = arguments[1:] if subcommand else arguments
        return [
            sys.executable,
            str(self.odoo_bin),
            *subcommand,
            f"--config={self.config}",
            f"--database={self.database}",
            *map(str, rest),
        ]

    def environ(self):
        """Environment of the servers: the crash points listen."""
        environ = {**os.environ, "CONSTRUCTION_SYNC_CRASH_DIR": str(self.crash_folder)}
        # ./run test switches the job runner off; here it is part of what is tested.
        # Room for jobs whose worker was killed: the runner takes some seconds to see
        # that they are dead, and meanwhile they hold their place in the channel.
        environ["ODOO_QUEUE_JOB_CHANNELS"] = "root:8"
        environ["CONSTRUCTION_SYNC_HASTE"] = "1"
        environ["CONSTRUCTION_SYNC_PRIVATE_NETWORKS"] = "127.0.0.0/8"
        return environ

    def copy_of(self, template):
        """Make the database anew, as a copy of ``template``."""
        connection = self.connect("postgres")
        connection.autocommit = True
        try:
            with connection.cursor() as cursor:
                cursor.execute(
                    f'DROP DATABASE IF EXISTS "{self.database}" WITH (FORCE)'
                )
                if template:
                    cursor.execute(
                        f'CREATE DATABASE "{self.database}" TEMPLATE "{template}"'
                    )
        finally:
            connection.close()
        if template:
            self.say_it_goes_on()

    def say_it_goes_on(self):
        """Make the copy a database that may send, as its administrator would."""
        self.query(
            "DO $$ BEGIN IF to_regclass('construction_sync_standing') IS NOT NULL THEN "
            "UPDATE construction_sync_standing "
            "SET identity = construction_sync_identity(); END IF; END $$"
        )

    def drop(self):
        self.copy_of(None)

    @property
    def _account(self):
        """What psycopg2 needs to reach PostgreSQL."""
        wanted = {
            name: self.options.get(f"db_{name}")
            for name in ("host", "port", "user", "password")
        }
        return {k: v for k, v in wanted.items() if v and v != "False"}

    def proxy(self):
        """A chaos proxy in front of PostgreSQL; it is not started yet."""
        account = self._account
        return ChaosProxy(
            account.get("host", "127.0.0.1"), int(account.get("port", 5432)), True
        )

    def connect_through(self, proxy):
        """A connection through a proxy, at the first try."""
        wanted = {**self._account, "host": "127.0.0.1", "port": proxy.port}
        return psycopg2.connect(dbname=self.database, connect_timeout=5, **wanted)

    def connect(self, database=None, patience=60.0):
        """A connection of the harness's own; waits while PostgreSQL comes back."""
        wanted = self._account
        end = time.monotonic() + patience
        while True:
            try:
                return psycopg2.connect(
                    dbname=database or self.database, connect_timeout=5, **wanted
                )
            except psycopg2.OperationalError:
                if time.monotonic() > end:
                    raise
                time.sleep(0.2)

    @contextlib.contextmanager
    def connected(self):
        """A connection that is closed at the end of the block."""
        connection = self.connect()
        try:
            yield connection
        finally:
            connection.close()

    def query(self, statement, *values):
        """Rows of one statement in a transaction of its own."""
        connection = self.connect()
        try:
            with connection, connection.cursor() as cursor:
                cursor.execute(statement, values)
                return cursor.fetchall() if cursor.description else []
        finally:
            connection.close()

    def has_module(self, name):
        return bool(
            self.query(
                "SELECT 1 FROM ir_module_module "
                "WHERE name = %s AND state = 'installed'",
                name,
            )
        )

    def set_up(self, systems, listeners=()):
        """Systems with live flows and one client that speaks for all of them.

        :param systems: codes of the systems to make, each once
        :param listeners: codes of systems that are sent to; their flows are off
        """
        missing = [n for n in ("construction_sync",) if not self.has_module(n)]
        if missing:
            raise CannotGoOn(f"{self.database} lacks the module {missing[0]}.")
        script = SET_UP.read_text("utf-8")
        done = subprocess.run(
            self.command("shell", "--no-http", "--log-level=error"),
            input=f"CODES = {sorted(systems)!r}\nKEY = {KEY!r}\n"
            f"LIMITED_KEY = {LIMITED_KEY!r}\n"
            f"LOGIN = {LOGIN!r}\n"
            f"LISTENERS = {sorted(listeners)!r}\n{script}",
            env=self.environ(),
            capture_output=True,
            text=True,
        )
        self.person_key = done.stdout.rpartition("harness is set up")[2].strip()
        if "harness is set up" not in done.stdout:
            said = (done.stderr or done.stdout).strip().splitlines()[-5:]
            raise CannotGoOn(
                "Odoo's shell did not set up the systems: " + " ".join(said)
            )
