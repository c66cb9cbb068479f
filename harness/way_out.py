"""The way out on a stage: systems that listen, their receiver, and the verdict."""

import contextlib
import os
import random
import signal
import threading
import time

import requests

from harness import out_checker, out_standing, receiver
from harness.chaos_proxy import ChaosProxy

LISTENER = "-o"
#: seconds between the events of a quiet time
TRICKLE = 3.0


class Listening:
    """One or several systems that are told of every vendor while a block runs.

    :param names: what is appended to the stage's system code, one for each listener
    :param through_proxy: a chaos proxy stands between Odoo and the receiver
    """

    def __init__(self, stage, names=(LISTENER,), through_proxy=False, **values):
        self.stage = stage
        self.codes = [f"{stage.system}{name}" for name in names]
        self.values = {"timeout_seconds": 5, "concurrency": 4, **values}
        self.path = stage.installation.folder / f"{stage.name}.received.jsonl"
        self.receiver = receiver.Receiver(self.path)
        self.proxy = None
        self.through_proxy = through_proxy
        self.expected = out_checker.Expected()
        self._ids = {}

    @property
    def code(self):
        return self.codes[0]

    @property
    def mood(self):
        return self.receiver.mood(self.code)

    def __enter__(self):
        self.receiver.__enter__()
        port = self.receiver.port
        if self.through_proxy:
            self.proxy = ChaosProxy("127.0.0.1", port)
            self.proxy.__enter__()
            port = self.proxy.port
        call, model = self.stage.rpc, "construction.sync.system"
        for code in self.codes:
            (system,) = call(model, "search", domain=[["code", "=", code]])
            self._ids[code] = system
            address = self.receiver.address(code, port)
            values = {"address": address, **self.values}
            call(model, "write", [system], vals=values)
        with self.stage.installation.connected() as connection:
            self.since = out_standing.mark(connection)
        self._switch("live")
        return self

    def __exit__(self, *_exc):
        self._switch("off")
        self.receiver.__exit__()
        if self.proxy is not None:
            self.proxy.__exit__()

    def _switch(self, state):
        flows = self.stage.rpc(
            "construction.sync.flow",
            "search",
            domain=[
                ["system_id", "in", list(self._ids.values())],
                ["direction", "=", "out"],
            ],
        )
        self.stage.rpc("construction.sync.flow", "write", flows, vals={"state": state})

    # ---- what happens to it ----------------------------------------------------------

    def fault(self, target, pid=0):
        self.stage.history.add("fault", target=target, pid=pid)

    def resume(self, code=None):
        """A person presses *Try again now*."""
        system = self._ids[code or self.code]
        self.stage.rpc("construction.sync.system", "action_resume_sending", [system])

    def let_go_on(self):
        """SIGCONT for processes that stopped on an order; returns how many."""
        found = 0
        for path in self.stage.installation.crash_folder.glob("taken-stop*"):
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(path.name.rsplit("-", 1)[1]), signal.SIGCONT)
                found += 1
        return found

    # ---- the end ---------------------------------------------------------------------

    def under_way(self):
        with self.stage.installation.connected() as connection:
            return out_standing.unfinished(connection, self.codes)

    def settle(self, patience=120.0):
        """Wait until everything was told, or nothing has arrived for ``patience``
        seconds; returns the seconds that it took. Now and then something is changed,
        as happens in an office: it rings for what a killed dispatcher left, which else
        only the minute's cron does."""
        start = moved = time.monotonic()
        ring = start + TRICKLE
        least = None
        while left := self.stage.quietly(self.under_way, 10**9):
            if least is None or left < least:
                least, moved = left, time.monotonic()
            if time.monotonic() - moved > patience:
                break
            if time.monotonic() > ring:
                ring = time.monotonic() + TRICKLE
                self.stage.trickle()
            time.sleep(0.25)
        return time.monotonic() - start

    def verdict(self, expected=None):
        """What the checker of the way out finds; read before the receiver is gone."""
        with self.stage.installation.connected() as connection:
            found = out_standing.read(connection, self.since, self.codes)
        return out_checker.check(
            receiver.read(self.path), found, expected or self.expected
        )


class Office:
    """People in Odoo who change vendors: what is told to the outside without anything
    having come in. They speak to Odoo as its web client does.

    :param count: how many vendors they keep
    """

    def __init__(self, stage, count=30, label="OFFICE"):
        self.stage = stage
        names = [f"{stage.prefix}{label}-{n:04d}" for n in range(count)]
        self.names = names
        self.ids = stage.rpc(
            "res.partner",
            "create",
            vals_list=[{"name": n, "construction_vendor": True} for n in names],
        )
        self.writes = 0
        self.errors = []
        self._over = threading.Event()
        self._threads = []

    def write_one(self, place=None):
        place = random.randrange(len(self.ids)) if place is None else place
        self.writes += 1
        name = f"{self.names[place]} {self.writes}"
        self.stage.rpc("res.partner", "write", [self.ids[place]], vals={"name": name})

    def write_all(self):
        """One change of each vendor, all in one transaction."""
        self.writes += 1
        values = {"city": f"{self.writes}"}
        self.stage.rpc("res.partner", "write", self.ids, vals=values)

    @contextlib.contextmanager
    def at_work(self, people=2, pause=0.1):
        """People write while the block runs; what fails they do again."""

        def work(number):
            own = range(number, len(self.ids), people)
            while not self._over.is_set():
                with contextlib.suppress(requests.RequestException):
                    self.write_one(random.choice(own))
                time.sleep(pause * random.uniform(0.5, 1.5))

        self._threads = [
            threading.Thread(target=work, args=(n,), daemon=True) for n in range(people)
        ]
        for thread in self._threads:
            thread.start()
        try:
            yield self
        finally:
            self._over.set()
            for thread in self._threads:
                thread.join(60)


class Rpc:
    """Odoo's own remote interface, as a person who administers the suite."""

    def __init__(self, server, installation):
        self.server, self.installation = server, installation

    def __call__(self, model, method, ids=None, **named):
        """``model.method`` on records with these ids, or on none.

        :raises requests.RequestException: when it was not done
        """
        where = self.server.address.partition("/construction_sync")[0]
        answer = requests.post(
            f"{where}/json/2/{model}/{method}",
            json={**named, **({} if ids is None else {"ids": ids})},
            headers={"Authorization": f"bearer {self.installation.person_key}"},
            timeout=30,
        )
        if not answer.ok:
            raise requests.HTTPError(f"{model}.{method}: {answer.text[:300]}")
        return answer.json()
