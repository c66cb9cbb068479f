"""A real Odoo with worker processes, and the killing of them."""

import os
import random
import re
import signal
import socket
import subprocess
import threading
import time

import requests

from harness.installation import CannotGoOn

START_SECONDS = 120
ALIVE = re.compile(r"Worker (Worker\w+) \((\d+)\) alive")
KINDS = {
    "http": "WorkerHTTP",
    "cron": "WorkerCron",
    "runner": "WorkerJobRunner",
}


def free_port():
    """A TCP port of the loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class OdooServer:
    """Two HTTP workers, two cron workers and, with queue_job, its runner.

    :param proxy: a running chaos proxy, through which it reaches PostgreSQL
    :param environ: variables beside those of the installation
    :param crons: cron workers
    """

    def __init__(
        self, installation, port=None, name="odoo", proxy=None, environ=None, crons=2
    ):
        self.installation = installation
        self.port = port or free_port()
        self.proxy = proxy
        self.environ = environ or {}
        self.crons = crons
        self.log = installation.folder / f"{name}.log"
        self.queue = installation.has_module("queue_job")
        self.restarts = 0
        self.process = None
        self._watch = None
        self._stopping = threading.Event()
        self._read = 0
        self._workers = {}

    @property
    def address(self):
        return f"http://127.0.0.1:{self.port}/construction_sync/v1"

    def start(self):
        """Start, wait until the server answers, and from then on start it again when
        it ends: Odoo gives up when its database is away as a worker is born, and in
        production a service supervisor brings it back."""
        self.log.unlink(missing_ok=True)
        self._launch()
        end = time.monotonic() + START_SECONDS
        while not self.answers():
            if self.process.poll() is not None or time.monotonic() > end:
                self.stop()
                raise CannotGoOn(f"Odoo does not answer; its log is {self.log}.")
            time.sleep(0.3)
        self._watch = threading.Thread(target=self._supervise, daemon=True)
        self._watch.start()
        return self

    def _launch(self):
        modules = "base,web,rpc" + (",queue_job" if self.queue else "")
        self.process = subprocess.Popen(
            self.installation.command(
                f"--db-filter=^{self.installation.database}$",
                "--http-interface=127.0.0.1",
                f"--http-port={self.port}",
                f"--gevent-port={free_port()}",
                "--workers=2",
                f"--max-cron-threads={self.crons}",
                *self._way_to_postgres(),
                f"--load={modules}",
                "--log-level=info",
                f"--logfile={self.log}",
            ),
            env={**self.installation.environ(), **self.environ},
            stdin=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def _way_to_postgres(self):
        if self.proxy is None:
            return []
        return ["--db_host=127.0.0.1", f"--db_port={self.proxy.port}"]

    def _supervise(self):
        while not self._stopping.wait(0.5):
            if self.process.poll() is not None:
                self.restarts += 1
                self._launch()

    def answers(self):
        try:
            return requests.get(f"{self.address}/health", timeout=10).ok
        except requests.RequestException:
            return False

    def workers(self, kind):
        """Process ids of living workers of a kind ("http", "cron", "runner")."""
        with self.log.open("rb") as stream:
            stream.seek(self._read)
            text = stream.read()
            whole = text.rfind(b"\n") + 1
            self._read += whole
        for name, pid in ALIVE.findall(text[:whole].decode("utf-8", "replace")):
            self._workers[int(pid)] = name
        self._workers = {p: n for p, n in self._workers.items() if self._living(p)}
        return sorted(p for p, n in self._workers.items() if n == KINDS[kind])

    def _living(self, pid):
        """Whether a process is a child of this server's master, and no zombie."""
        try:
            with open(f"/proc/{pid}/stat") as stream:
                state, parent = stream.read().rpartition(")")[2].split()[:2]
        except OSError:
            return False
        return state != "Z" and int(parent) == self.process.pid

    def kill(self, kind):
        """Kill -9 one worker of a kind; returns its process id, or None."""
        found = self.workers(kind)
        if not found:
            return None
        pid = random.choice(found)
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            return None
        return pid

    def stop(self):
        """End the server, by SIGKILL if it does not listen."""
        self._stopping.set()
        if self._watch is not None:
            self._watch.join()
        if self.process is None or self.process.poll() is not None:
            return
        self.process.terminate()
        try:
            self.process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            for kind in KINDS:
                for pid in self.workers(kind):
                    os.kill(pid, signal.SIGKILL)
            self.process.kill()
            self.process.wait()

    def __enter__(self):
        return self.start()

    def __exit__(self, *_exc):
        self.stop()
