"""Odoo as a child process: started, waited for, stopped."""

import base64
import configparser
import os
import re
import signal
import socket
import subprocess
import sys
import time

import requests

from . import API

MODULES = "construction_sync,construction_sync_queue"
START_LIMIT = 600
STOP_LIMIT = 30


class NotStarted(Exception):
    """Odoo did not come up; the text says what to do."""


def port_taken(port):
    """Whether something listens on the port already (loopback)."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return True
    return False


class OdooProcess:
    """An Odoo server with workers, cron threads and the job runner.

    It creates the database and installs the modules when they are missing.

    :param odoo_bin: the ``odoo`` executable, run with this Python
    :param config: configuration file
    :param log: file that takes Odoo's log (pathlib.Path)
    """

    def __init__(self, odoo_bin, config, database, port, log):
        self.odoo_bin = odoo_bin
        self.config = config
        self.database = database
        self.port = port
        self.log = log
        self.address = f"http://127.0.0.1:{port}"
        self._configured = configparser.ConfigParser(interpolation=None)
        self._configured.read(config)
        self.gevent_port = self._configured.getint(
            "options", "gevent_port", fallback=port + 1
        )
        self._process = None

    def start(self):
        """Start it and return at once; the log tells how it goes."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        environment = dict(
            os.environ,
            **self._master_key(),
            # the stand-ins that are called are on this machine
            CONSTRUCTION_SYNC_PRIVATE_NETWORKS="127.0.0.0/8",
            ODOO_QUEUE_JOB_CHANNELS=os.environ.get("ODOO_QUEUE_JOB_CHANNELS", "root:2"),
            ODOO_QUEUE_JOB_SCHEME="http",
            ODOO_QUEUE_JOB_HOST="127.0.0.1",
            ODOO_QUEUE_JOB_PORT=str(self.port),
        )
        command = [
            sys.executable,
            self.odoo_bin,
            f"--config={self.config}",
            f"--database={self.database}",
            f"--db-filter=^{re.escape(self.database)}$",
            f"--init={MODULES}",
            "--workers=2",
            "--max-cron-threads=2",
            "--load=base,web,rpc,queue_job",
            "--http-interface=127.0.0.1",
            f"--http-port={self.port}",
            f"--gevent-port={self.gevent_port}",
        ]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=environment,
                start_new_session=True,
            )

    def _master_key(self):
        """The key under which Odoo keeps webhook keys: the user's own when one is
        configured, else one that stays beside the log, readable to its owner."""
        own = self._configured.has_option("construction_sync", "key")
        if own or "CONSTRUCTION_SYNC_KEY" in os.environ:
            return {}
        kept = self.log.with_name("master-key")
        if not kept.exists():
            kept.touch(mode=0o600)
            kept.write_text(base64.b64encode(os.urandom(32)).decode())
        return {"CONSTRUCTION_SYNC_KEY": kept.read_text()}

    def wait(self):
        """Until Odoo answers.

        :raises NotStarted: it ended, or did not answer in time
        """
        deadline = time.monotonic() + START_LIMIT
        with requests.Session() as session:
            session.trust_env = False
            while time.monotonic() < deadline:
                if self._process.poll() is not None:
                    raise NotStarted(
                        f"Odoo ended while starting (exit code "
                        f"{self._process.returncode}). Its last words are in "
                        f"{self.log}."
                    )
                try:
                    answer = session.get(f"{self.address}{API}/health", timeout=20)
                except requests.RequestException:
                    time.sleep(0.5)
                    continue
                if answer.status_code == 200:
                    return
                time.sleep(0.5)
        raise NotStarted(
            f"Odoo did not answer at {self.address} in {START_LIMIT // 60} minutes. "
            f"Its log is {self.log}."
        )

    def stop(self):
        """Stop it with its workers; by force when it does not heed the request."""
        if self._process is None or self._process.poll() is not None:
            return
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(STOP_LIMIT)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
