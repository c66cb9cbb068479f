"""Send what is due: claim, commit, send, record (R1).

One dispatcher serves all systems at once. Its own thread is the only one that touches
the database: it claims under short leases, hands claims to the threads that send (a
few per system, as many as the system's form says) and records what comes back, always
in short transactions with nothing of the business in them. A system that is dead or
slow holds its own threads and nobody else's (P7).
"""

import logging
import queue
import random
import threading
import time
from dataclasses import dataclass, field, replace

from psycopg2 import InterfaceError, OperationalError
from psycopg2.errorcodes import DEADLOCK_DETECTED, SERIALIZATION_FAILURE

from odoo import fields
from odoo.tools import SQL

from ..schemas import SCHEMAS
from ..schemas.problem import one_line
from . import (
    breaker,
    claims,
    credentials,
    gateway,
    lanes,
    pace,
    recording,
    resending,
    standing,
    transport,
)
from .outgoing import NothingToSend, NotSendable, NotYet, Verdict

_logger = logging.getLogger(__name__)

#: a run of the cron ends after this many seconds and asks to be called again
BUDGET = 20.0
#: how often systems, keys and pauses are read anew
FRESH = 2.0
#: longest time between two looks while calls are under way
BEAT = 0.2
TRIES = 5
DISPATCHER = 1_129_600_000


@dataclass(slots=True)
class Target:
    """What sending to one system needs: plain values, read anew every few seconds."""

    id: int
    code: str
    name: str
    address: str
    environment: str
    adapter: str
    concurrency: int
    timeout: float
    limit: int
    headers: dict
    repeats: bool
    money: frozenset
    flows: dict
    login: object = None
    keys: list = field(default_factory=list)

    def repeatable(self, out):
        """Whether the same delivery may be sent twice: the target tells by its id."""
        return self.repeats or not out.money


class Lane:
    """The threads that send to one system, and what they have in hand."""

    def __init__(self, target, adapter, done):
        self.target = target
        self.adapter = adapter
        self.waiting = queue.Queue()
        self.done = done
        self.in_hand = 0
        self.threads = []
        self.resting = False

    def put(self, chain):
        self.resting = False
        self.in_hand += len(chain)
        self.waiting.put(chain)
        busy = min(self.in_hand, self.target.concurrency)
        while len(self.threads) < busy:
            thread = threading.Thread(
                target=self._work, daemon=True, name=f"send-{self.target.code}"
            )
            self.threads.append(thread)
            thread.start()

    def close(self):
        for _thread in self.threads:
            self.waiting.put(None)

    def _work(self):
        while (chain := self.waiting.get()) is not None:
            stopped = False
            for claim in chain:
                if stopped or self.resting:
                    verdict = Verdict("unsent", "It waits for its turn.")
                    result = recording.Result(claim, verdict)
                else:
                    result = send(self.target, self.adapter, claim)
                    stopped = result.verdict.outcome != "delivered"
                    # what was claimed ahead is given back, not thrown at it
                    self.resting = self.resting or result.verdict.overloaded
                self.done.put((self, result))


def send(target, adapter, claim):
    """One call to the outside; returns a ``recording.Result`` whatever happens. No
    database cursor is open here."""
    started = time.monotonic()
    request, answer = claim.request, None
    if started + target.timeout > claim.until:
        # we were stopped for so long that somebody else may have it by now (C11)
        return recording.Result(claim, Verdict("unsent", "Its lease ran out here."))
    try:
        if not claim.probe:
            request = adapter.stamp(claim.out, request, target.keys)
        request = target.login.apply(request)
        answer = transport.call(request, target.login.policy)
        if claim.probe:
            verdict = adapter.judge_probe(claim.out, answer)
        else:
            verdict = adapter.judge(claim.out, answer)
        while verdict.outcome == "delivered" and verdict.then is not None:
            if time.monotonic() + target.timeout > claim.until:
                verdict = Verdict("retry", "There was no time for its last call.")
                break
            request = target.login.apply(verdict.then)
            answer = transport.call(request, target.login.policy)
            verdict = adapter.judge(claim.out, answer)
        if answer.status == 401:
            target.login.refused()
    except transport.Failed as error:
        verdict = _verdict_of(error)
        if error.detail:
            _logger.info("Sending to %s: %s", target.code, one_line(error.detail))
    except credentials.CredentialUnavailable as error:
        verdict = Verdict("retry", str(error), failing=True)
    except Exception as error:
        _logger.exception("Sending to %s failed.", target.code)
        verdict = Verdict("unknown", f"It failed here: {type(error).__name__}.")
    return recording.Result(claim, verdict, answer, time.monotonic() - started, request)


def _verdict_of(error):
    """What a call that brought no answer means."""
    if error.kind == "unknown":
        return Verdict("unknown", error.words, failing=True)
    return Verdict("retry", error.words, failing=True)


def run_cron(env):
    """Send until nothing is due or the time is up."""
    registry = env.registry
    env.cr.commit()
    while short(registry, resending.go_on):
        pass
    done, left = run(registry, BUDGET)
    env["ir.cron"]._commit_progress(done, remaining=1 if left else 0)


def run(registry, budget=BUDGET, *, alone=True):
    """Send what is due; returns ``(deliveries recorded, whether more is due)``.

    :param alone: leave it to another dispatcher that is at work on this database
    """
    try:
        session = lanes.session(registry.db_name)
    except lanes.LanesUnavailable as error:
        _logger.error("%s", error)
        return 0, False
    first = session.execute("SELECT pg_try_advisory_lock(%s, 1)", DISPATCHER)[0][0]
    if alone and not first and not _abandoned(session):
        return 0, False
    try:
        return Dispatcher(registry).run(budget)
    finally:
        if first:
            _leave(registry)


def _abandoned(session):
    """Whether the dispatcher that is at work has given no sign of life for a minute:
    it is stopped, and its leases will pass."""
    rows = session.execute(
        "SELECT due < clock_timestamp() FROM construction_sync_pace WHERE system_id = 0"
    )
    return bool(rows) and rows[0][0]


def _leave(registry):
    try:
        session = lanes.session(registry.db_name)
        session.execute("SELECT pg_advisory_unlock(%s, 1)", DISPATCHER)
    except (OperationalError, InterfaceError):
        lanes.forget()


class Dispatcher:
    """One run: claims, hands out, records, until nothing is left or the time is up."""

    def __init__(self, registry):
        self.registry = registry
        self.done = queue.Queue()
        self.lanes = {}
        self.targets = {}
        self._read_at = 0.0
        self._beat_at = 0.0
        self._adapters = {}
        self._held = ()
        self._waits_for_pace = self._looks_on = False

    def run(self, budget):
        end = time.monotonic() + budget
        total, left = 0, False
        try:
            while True:
                total += self._record_what_came()
                late = time.monotonic() >= end
                claimed = 0 if late else self._claim()
                if not self._in_hand():
                    left = late
                    more = claimed or self._waits_for_pace or self._looks_on
                    if late or not more:
                        break
                    if self._looks_on:
                        continue
                    time.sleep(0.05)
                    continue
                self._wait()
        finally:
            for lane in self.lanes.values():
                lane.close()
        return total, left

    def _in_hand(self):
        return sum(lane.in_hand for lane in self.lanes.values())

    def _wait(self):
        """Until something comes back, but not for long: new events may be due."""
        try:
            self._held = [self.done.get(timeout=BEAT)]
        except queue.Empty:
            self._held = []

    # ---- claiming -----------------------------------------------------------------

    def _claim(self):
        """Fill every system's lane; returns how many deliveries were claimed."""
        self._beat()
        if time.monotonic() - self._read_at >= FRESH:
            self._read_targets()
        self._waits_for_pace = self._looks_on = False
        hungry = [i for i, t in self.targets.items() if self._room(t) > 0]
        if not hungry:
            return 0
        count = 0
        for flow_id, system_id in short(self.registry, claims.due_flows, hungry):
            target = self.targets[system_id]
            if flow_id in target.flows and (room := self._room(target)) > 0:
                count += self._claim_flow(target, flow_id, room)
        return count

    def _room(self, target):
        lane = self.lanes.get(target.id)
        # a few ahead, so that a thread that is done finds the next at once
        return 2 * target.concurrency + 2 - (lane.in_hand if lane else 0)

    def _claim_flow(self, target, flow_id, room):
        admitted = short(
            self.registry, breaker.admit, target.id, target.timeout + claims.GRACE
        )
        if admitted is None:
            return 0
        probing = admitted.probe
        wanted = 1 if probing else room
        rate = pace.per_minute(target.limit, admitted.catching_up, admitted.normal_rate)
        if rate and not probing:
            session = lanes.session(self.registry.db_name)
            wanted = pace.allowed(session, target.id, rate, wanted)
            if not wanted:
                self._waits_for_pace = True
                return 0
        chains, looked = short(
            self.registry, claim_flow, target, flow_id, wanted, self.adapter(target)
        )
        # what waits behind others, or went before a person, may hide what can go
        self._looks_on |= looked > 0
        count = sum(len(chain) for chain in chains)
        if probing and not count:
            short(self.registry, breaker.nothing_to_try, target.id)
        if admitted.catching_up and not probing and looked < wanted:
            short(self.registry, breaker.caught_up, target.id)
        lane = self.lanes.get(target.id)
        if chains and lane is None:
            lane = self.lanes[target.id] = Lane(target, self.adapter(target), self.done)
        for chain in chains:
            lane.put(chain)
        return count

    def adapter(self, target):
        """The dialect's code, for threads: it may not touch a record there."""
        return self._adapters[target.id]

    def _read_targets(self):
        """Who may be sent to now, and with what keys."""
        self._read_at = time.monotonic()
        found = short(self.registry, read_targets)
        self.targets = {target.id: target for target, _adapter in found}
        self._adapters = {target.id: adapter for target, adapter in found}
        for system_id, lane in self.lanes.items():
            if system_id in self.targets:
                lane.target = self.targets[system_id]
                lane.adapter = self._adapters[system_id]
        unrepeatable = [
            flow_id
            for target in self.targets.values()
            for flow_id, flow in target.flows.items()
            if not target.repeats and flow["entity"] in target.money
        ]
        short(self.registry, claims.reap, unrepeatable)

    def _beat(self):
        """A sign of life for the dispatcher that would take over."""
        if time.monotonic() - self._beat_at < 5:
            return
        self._beat_at = time.monotonic()
        lanes.session(self.registry.db_name).execute(
            "INSERT INTO construction_sync_pace (system_id, due) "
            "VALUES (0, clock_timestamp() + interval '1 minute') "
            "ON CONFLICT (system_id) DO UPDATE SET due = EXCLUDED.due"
        )

    # ---- recording ----------------------------------------------------------------

    def _record_what_came(self):
        """Record all results that are there; returns how many."""
        came = list(self._held)
        self._held = ()
        while True:
            try:
                came.append(self.done.get_nowait())
            except queue.Empty:
                break
        by_lane = {}
        for lane, result in came:
            by_lane.setdefault(id(lane), (lane, []))[1].append(result)
        for lane, results in by_lane.values():
            lane.in_hand -= len(results)
            self._record(lane.target, results)
        return len(came)

    def _record(self, target, results):
        short(self.registry, recording.record, target, results)
        failing = [r for r in results if r.verdict.failing]
        asked = [r for r in results if r.verdict.overloaded and r.verdict.wait]
        if any(r.verdict.outcome == "delivered" for r in results):
            short(self.registry, breaker.succeeded, target.id)
        if asked:
            worst = max(asked, key=lambda r: r.verdict.wait)
            short(
                self.registry, breaker.pause, target.id, worst.verdict.wait,
                worst.verdict.words,
            )  # fmt: skip
        if failing:
            words = failing[-1].verdict.words
            state = short(self.registry, breaker.failed, target.id, words, len(failing))
            if state != "closed" and (lane := self.lanes.get(target.id)):
                lane.resting = True
            if state == "disabled":
                short(self.registry, _tell_disabled, target, failing[-1])
        if gone := [r for r in results if r.verdict.outcome == "gone"]:
            short(self.registry, breaker.switch_off, target.id, gone[0].verdict.words)


def _tell_disabled(cr, target, result):
    env = gateway.environment(cr)
    recording.tell(
        env, target, "endpoint-disabled", result.claim.out, result.verdict.words
    )


def claim_flow(cr, target, flow_id, wanted, adapter):
    """Claim up to ``wanted`` deliveries of a flow with their requests made; what cannot
    be sent goes before a person. Returns chains of ``claims.Claim``, and how many
    deliveries were looked at."""
    flow = target.flows[flow_id]
    chains, looked = claims.pick(
        cr, flow_id, wanted, strict=flow["strict"], blocking=flow["blocking"]
    )
    if not chains:
        return [], looked
    env = gateway.environment(cr)
    dialect = env[adapter._name]
    read = {
        claim.out.delivery_id: claim
        for claim in claims.read(cr, [i for chain in chains for i in chain], target)
    }
    ready = []
    for chain in chains:
        made = []
        for delivery_id in chain:
            claim = read[delivery_id]
            if not _made(env, dialect, target, claim):
                break
            made.append(claim)
            if dialect._learns_ids and not claim.out.external_id:
                # its later changes go to the id that the answer to this one names
                break
        if made:
            ready.append(made)
    longest = max((len(chain) for chain in ready), default=1)
    # what waits in a lane behind others is leased as well
    ahead = 2 + 4 / max(target.concurrency, 1)
    claims.lease(
        cr,
        [claim for chain in ready for claim in chain],
        target.timeout * (longest + ahead) + claims.GRACE,
    )
    return ready, looked


def _made(env, dialect, target, claim):
    """Make the claim's request; False when it cannot be sent."""
    try:
        if claim.probe:
            claim.request = dialect.probe(claim.out)
            if claim.request is None:
                _nobody_to_ask(env, target, claim)
                return False
        else:
            claim.request = dialect.request(claim.out)
    except NotSendable as error:
        recording.refuse_unsent(env, target, claim, error.problem)
        return False
    except NothingToSend as error:
        recording.settle_unsent(env, claim, str(error))
        return False
    except NotYet as error:
        recording.put_off(env, claim, str(error), error.seconds)
        return False
    claim.request = replace(
        claim.request, headers={**target.headers, **claim.request.headers}
    )
    return True


def _nobody_to_ask(env, target, claim):
    """It may have arrived and the system cannot be asked: a person looks there."""
    env.cr.execute(
        SQL(
            "UPDATE construction_sync_delivery SET next_at = NULL, note = %s "
            "WHERE id = %s",
            "It may have arrived. Look in the other system, then say so here",
            claim.out.delivery_id,
        )
    )
    recording.tell(
        env,
        target,
        "delivery-unknown",
        claim.out,
        "It cannot be asked. Look there, then say here whether it arrived.",
    )


def read_targets(cr):
    """``[(Target, adapter)]`` of systems that may be sent to now."""
    env = gateway.environment(cr)
    if standing.watch(env) is not None:
        return []
    now = fields.Datetime.now()
    found = []
    systems = env["construction.sync.system"].search(
        [("state", "=", "live"), ("flow_ids.direction", "=", "out")]
    )
    for system in systems:
        flows = system.flow_ids.filtered(lambda f: f.direction == "out" and f._due(now))
        adapter = system._adapter()
        if not flows or not adapter._sends or not system.address:
            continue
        try:
            login = credentials.prepare(env, system)
            keys = credentials.signing_keys(env, system)
        except credentials.CredentialUnavailable as error:
            short_words(env, system, str(error))
            continue
        found.append((_target(system, flows, adapter, login, keys), adapter))
    return found


def short_words(env, system, words):
    """Why a system is not called, for its form."""
    env.cr.execute(
        SQL(
            "UPDATE construction_sync_breaker SET last_words = %s "
            "WHERE system_id = %s AND last_words IS DISTINCT FROM %s",
            words[:300],
            system.id,
            words[:300],
        )
    )


def _target(system, flows, adapter, login, keys):
    return Target(
        id=system.id,
        code=system.code,
        name=system.name,
        address=system.address,
        environment=system.environment,
        adapter=system.adapter,
        concurrency=max(1, system.concurrency),
        timeout=float(max(1, system.timeout_seconds)),
        limit=system.send_per_minute,
        headers={h.name: h.value for h in system.header_ids},
        repeats=adapter._repeatable,
        money=frozenset(
            f.entity for f in flows if getattr(SCHEMAS.get(f.entity), "money", False)
        ),
        flows={
            flow.id: {
                "entity": flow.entity,
                "strict": flow.send_order == "strict",
                "blocking": flow.on_error == "block",
            }
            for flow in flows
            if flow.state == "live"
        },
        login=login,
        keys=keys,
    )


def short(registry, function, *arguments):
    """``function(cr, ...)`` in a transaction of its own; once more when another
    process changed the same rows."""
    for attempt in range(TRIES):
        try:
            with registry.cursor() as cr:
                return function(cr, *arguments)
        except OperationalError as error:
            passing = error.pgcode in (SERIALIZATION_FAILURE, DEADLOCK_DETECTED)
            if attempt == TRIES - 1 or not passing:
                raise
            time.sleep(random.uniform(0, 0.02 * 2**attempt))
    return None
