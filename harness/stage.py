"""What a scenario plays on: servers, senders, faults, and the verdict at the end."""

import contextlib
import random
import time

import psycopg2

from harness import checker, standing
from harness.history import History
from harness.odoo_server import OdooServer
from harness.postgres import Postgres
from harness.sender import Gone, Load, Sender, Source
from harness.way_out import TRICKLE, Listening, Rpc

#: a lost bell costs at most a minute; the machine may be slow besides
MINUTE = 75.0
#: of a hundred random kills, how many hit what
TARGETS = {"http": 40, "cron": 32, "runner": 10, "session": 11, "backend": 5,
           "postmaster": 2}  # fmt: skip


class Stage:
    """One scenario on one system of its own.

    ``complaints`` are sentences about what the checker cannot see in the tables: a
    crash point that was never passed, an answer that took too long.
    """

    def __init__(self, installation, server, name, system, prefix, limits):
        self.installation = installation
        self.server = server
        self.name = name
        self.system = system
        self.prefix = prefix
        self.limits = limits
        self.postgres = Postgres(installation)
        self.history = History(installation.folder / f"{name}.jsonl")
        self.complaints = []
        #: figures that are shown on the scenario's line
        self.notes = {}
        self.servers = [server]
        self.rpc = Rpc(server, installation)
        self.listening = None
        self.out = None
        self._order = 0
        self._calm = None

    # ---- senders -----------------------------------------------------------------

    def sender(self):
        return Sender([s.address for s in self.servers], self.history)

    def source(self, objects, label="", **options):
        """Objects named after the scenario; ``label`` keeps several sources apart."""
        return Source(self.system, f"{self.prefix}{label}", objects, **options)

    @contextlib.contextmanager
    def load(self, **options):
        """Senders at work while the block runs."""
        load = Load(
            [s.address for s in self.servers],
            self.history,
            self.system,
            self.prefix,
            **options,
        ).start()
        try:
            yield load
        finally:
            self.complaints += load.finish()

    @property
    def entities(self):
        """Kinds of objects: vendors, and money documents where there are any."""
        if self.installation.has_module("test_construction_sync"):
            return ("vendor", "test_document")
        return ("vendor",)

    # ---- faults ------------------------------------------------------------------

    def order(self, point, times=1):
        """Order that the next ``times`` processes that pass a point die there."""
        for _ in range(times):
            self._order += 1
            (self.installation.crash_folder / f"{point}-{self._order:03d}").touch()

    def wait_for_orders(self, seconds):
        """Until every order was carried out; a complaint when one was not."""
        folder = self.installation.crash_folder
        end = time.monotonic() + seconds
        while any(p.name[:1] == "c" for p in folder.iterdir()):
            if time.monotonic() > end:
                break
            time.sleep(0.05)
        self.collect_orders()

    def collect_orders(self):
        """Note what died, and take back what nobody carried out."""
        for path in sorted(self.installation.crash_folder.iterdir()):
            if path.name.startswith("taken-"):
                _taken, point, _number, pid = path.name.split("-")
                self.history.add("fault", target=point, pid=int(pid))
            elif path.name[:1] == "c":
                point = path.name.partition("-")[0]
                self.complaints.append(f"nobody passed the crash point {point}")
            if not path.name.startswith("break-"):
                path.unlink(missing_ok=True)

    @contextlib.contextmanager
    def broken(self, rule):
        """The software breaks a rule while the block runs."""
        path = self.installation.crash_folder / f"break-{rule}"
        path.touch()
        try:
            yield
        finally:
            path.unlink(missing_ok=True)

    def kill(self, target):
        """One fault; returns whether it hit something."""
        if target == "session":
            pid = self.postgres.cut_session()
        elif target == "backend":
            pid = self.postgres.kill_backend()
        elif target == "postmaster":
            pid = self.postgres.restart_immediately()
        else:
            pid = self.server.kill(target)
        if pid is not None:
            self.history.add("fault", target=target, pid=pid)
        return pid is not None

    def plan(self, kills):
        """Targets in random order, in the shares of TARGETS, of what there is."""
        absent = set()
        if not self.postgres.ours:
            absent |= {"backend", "postmaster"}
        if not self.server.workers("runner"):
            absent.add("runner")
        shares = {t: share for t, share in TARGETS.items() if t not in absent}
        total = sum(shares.values())
        plan = [t for t, share in shares.items() for _ in range(kills * share // total)]
        plan += random.choices(list(shares), shares.values(), k=kills - len(plan))
        random.shuffle(plan)
        return plan

    @contextlib.contextmanager
    def second_server(self):
        """Another Odoo on the same database; senders use both."""
        second = OdooServer(self.installation, name=f"odoo-second-{self.name}")
        with second:
            self.servers.append(second)
            try:
                yield second
            finally:
                self.servers.remove(second)

    @contextlib.contextmanager
    def behind_proxy(self, only=True):
        """A server that reaches PostgreSQL through a chaos proxy; yields both.

        :param only: senders speak to this server alone
        """
        with self.installation.proxy() as proxy:
            second = OdooServer(
                self.installation, name=f"odoo-proxied-{self.name}", proxy=proxy
            )
            with second:
                before = self.servers
                self.servers = [second] if only else [*before, second]
                try:
                    yield proxy, second
                finally:
                    self.servers = before

    @contextlib.contextmanager
    def listeners(self, *names, **options):
        """Systems that are told of every vendor while the block runs; at its end
        everything must have been told (see ``harness.way_out.Listening``)."""
        with Listening(self, names or ("-o",), **options) as listening:
            self.listening = listening
            yield listening
            self.settle()
            listening.settle()
            self.collect_orders()
            self.out = listening.verdict()

    def release_quarantined(self):
        """What an operator does after a bad day: who was in hand at three crashes by
        chance is set aside like a poison, and is let go on. More than one for every
        fifty faults would be no chance."""
        model = "construction.sync.exception"
        found = self.rpc(
            model,
            "search",
            domain=[
                ["kind", "=", "quarantined"],
                ["state", "!=", "resolved"],
                ["system_id.code", "=", self.system],
            ],
        )
        self.notes["quarantined"] = len(found)
        if len(found) > 1 + len(self.history.of("fault")) // 50:
            self.complaints.append(
                f"{len(found)} messages were set aside by chance of "
                f"{len(self.history.of('fault'))} faults"
            )
        if found:
            self.rpc(model, "action_retry", found)

    def wait_until(self, condition, seconds, otherwise):
        """Wait for a condition; a complaint when it does not come true."""
        end = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > end:
                self.complaints.append(otherwise)
                return False
            time.sleep(0.1)
        return True

    # ---- the end -----------------------------------------------------------------

    def settle(self, patience=150.0, traffic=True):
        """Wait until nothing is under way; returns the seconds that it took.

        :param traffic: go on sending an event now and then, as systems do: it rings
            for what a killed worker left; without it only the minute's cron does
        """
        start = time.monotonic()
        ring = start + TRICKLE
        while (waited := time.monotonic() - start) < patience:
            if not self._under_way():
                break
            if traffic and time.monotonic() > ring:
                ring = time.monotonic() + TRICKLE
                self.trickle()
            time.sleep(0.25)
        return waited

    def _under_way(self):
        """How many messages are; one as long as the database does not answer."""

        def count():
            with self.installation.connected() as connection:
                return standing.unfinished(connection, self.system)[0]

        return self.quietly(count, 1)

    def quietly(self, call, otherwise):
        """What a call returns, or ``otherwise`` while the database does not answer."""
        try:
            return call()
        except psycopg2.Error:
            return otherwise

    def trickle(self):
        """One event of a quiet time."""
        if self._calm is None:
            self._calm = self.source(3, "calm", entities=self.entities)
        thing = self._calm.random.choice(self._calm.objects)
        try:
            self.sender().post([self._calm.event(thing)], single=True)
        except Gone as error:
            self.complaints.append(str(error))

    def verdict(self):
        """What the checker finds, and our own complaints."""
        self.collect_orders()
        connection = self.installation.connect()
        try:
            found = standing.read(connection, self.system, self.prefix)
        finally:
            connection.close()
        self.history.close()
        result = checker.check(self.history.lines, found)
        result.other += self.complaints
        if self.out is not None:
            result.add(self.out)
        return result
