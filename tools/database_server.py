"""The PostgreSQL server in use, and creating and dropping databases on it."""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tools.program import quietly
from tools.terminal import CannotGoOn, say


@dataclass(frozen=True)
class DatabaseServer:
    """Where PostgreSQL answers, as whom, and the folder of its client programs."""

    host: str
    port: int
    user: str
    password: str
    programs: Path

    @property
    def environ(self):
        """Variables by which PostgreSQL's own programs find the server."""
        named = {"PGHOST": self.host, "PGPORT": str(self.port), "PGUSER": self.user}
        return {**named, **({"PGPASSWORD": self.password} if self.password else {})}

    def query(self, statement, database="postgres"):
        """Run one statement, outside a transaction; return its output or refuse."""
        done = subprocess.run(
            [*self._psql(database), "-c", statement],
            env={**os.environ, **self.environ},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )
        if done.returncode:
            raise CannotGoOn(
                f"PostgreSQL refused '{statement}': {done.stderr.strip()}; look who "
                "else uses the database, or drop it by hand."
            )
        return done.stdout.strip()

    def _psql(self, database):
        psql = self.programs / "psql"
        return [str(psql), "-X", "-q", "-At", "-v", "ON_ERROR_STOP=1", "-d", database]

    def exists(self, name):
        """Tell whether there is a database of that name."""
        found = f"SELECT 1 FROM pg_database WHERE datname = '{name}'"
        return self.query(found) == "1"

    def drop(self, name):
        """Drop a database, if it is there, whoever is connected to it."""
        self.query(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def create(self, name):
        """Make an empty database, as Odoo does it but without asking in vain.

        Odoo tries to create the trigram extension and logs an error where the server
        has none, as the embedded one.
        """
        self.drop(name)
        self.query(
            f"CREATE DATABASE \"{name}\" ENCODING 'UTF8' LC_COLLATE 'C' "
            "TEMPLATE template0"
        )
        available = "SELECT 1 FROM pg_available_extensions WHERE name = 'pg_trgm'"
        if self.query(available) == "1":
            self.query("CREATE EXTENSION IF NOT EXISTS pg_trgm", name)

    def copy(self, template, name):
        """Make the database ``name`` as a copy of ``template``."""
        self.drop(name)
        self.query(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        self.query(
            "DO $$ BEGIN IF to_regclass('construction_sync_standing') IS NOT NULL THEN "
            "UPDATE construction_sync_standing "
            "SET identity = construction_sync_identity(); END IF; END $$",
            name,
        )


def configured(db_host, programs, environ=os.environ):
    """Return the server that the user configured (--db-host, PGHOST), or None."""
    host = db_host or environ.get("PGHOST")
    if not host:
        return None
    host, _colon, port = host.partition(":") if "/" not in host else (host, "", "")
    port = int(port or environ.get("PGPORT") or 5432)
    user = environ.get("PGUSER") or environ.get("USER") or "odoo"
    if user == "postgres":
        raise CannotGoOn(
            "Odoo refuses to work as the PostgreSQL role 'postgres'; create another "
            "role that may create databases and name it with PGUSER."
        )
    server = DatabaseServer(host, port, user, environ.get("PGPASSWORD", ""), programs)
    answer = quietly(
        [*server._psql("postgres"), "-c", "SHOW server_version"],
        env={**os.environ, **server.environ, "PGCONNECT_TIMEOUT": "5"},
    )
    if answer is None:
        raise CannotGoOn(
            f"PostgreSQL on {host}:{port} does not let {user} in; check PGHOST, "
            "PGPORT, PGUSER and PGPASSWORD, or unset PGHOST to use the embedded one."
        )
    say(f"PostgreSQL {answer.split()[0]}: yours, on {host}:{port} as {user}")
    return server
