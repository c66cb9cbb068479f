"""Scenarios of the way out: crash points C7 to C11, a receiver with faults, and who
must not wait for whom."""

import random
import time

from harness.stage import MINUTE
from harness.way_out import Office


def _crash(stage, point, **mood):
    """People write, and dispatchers die at the point as they pass it."""
    with stage.listeners(timeout_seconds=1) as listening:
        for name, value in mood.items():
            setattr(listening.mood, name, value)
        office = Office(stage)
        with office.at_work():
            for _ in range(stage.limits.crashes):
                stage.order(point)
                stage.wait_for_orders(MINUTE)
        listening.mood.delay = 0


def crash_before_claim(stage):
    """C7: a change is committed, and who would claim its delivery dies."""
    _crash(stage, "c7")


def crash_with_lease(stage):
    """C8: leased and committed, not a byte has left."""
    _crash(stage, "c8")


def crash_while_waiting(stage):
    """C9: it has left and no answer came; the receiver has it, or has lost its
    answer: the same id and the same bytes again."""
    _crash(stage, "c9", delay=0.8, lose=5)


def crash_before_record(stage):
    """C10: the receiver said 2xx, the dispatcher dies before it says so here, or its
    COMMIT stands and the acknowledgement is lost."""
    with stage.listeners(timeout_seconds=1):
        office = Office(stage)
        with office.at_work():
            for _ in range(stage.limits.crashes):
                for point in ("c10", "c10cut"):
                    stage.order(point)
                    stage.wait_for_orders(MINUTE)


def paused_past_lease(stage):
    """C11, FA-F21: a dispatcher is stopped past its lease, another one sends, and the
    first comes back: its result is recorded as late and changes nothing."""
    with stage.listeners(timeout_seconds=1) as listening:
        office = Office(stage)
        with office.at_work(pause=0.2):
            for _ in range(max(1, stage.limits.crashes // 2)):
                _stop_one(stage, listening, "stop")
                _stop_one(stage, listening, "stoplate")


def _failing_past_lease(stage):
    """Only the half of it that tells a fence from none: a try that failed, said after
    another one was delivered."""
    with stage.listeners(timeout_seconds=1) as listening:
        office = Office(stage)
        with office.at_work(pause=0.2):
            _stop_one(stage, listening, "stoplate")


def _stop_one(stage, listening, point):
    """Before it sends, or when it is about to say that a try failed, which another one
    repeats meanwhile."""
    if point == "stoplate":
        listening.mood.lose = 2
    stage.order(point)
    folder = stage.installation.crash_folder
    stopped = stage.wait_until(
        lambda: any(folder.glob("taken-stop*")), MINUTE, "nobody stopped"
    )
    if stopped:
        held = _leases(stage, listening.code)
        # when its leases have run out the dispatcher that stands by takes over
        stage.wait_until(
            lambda: not held & _leases(stage, listening.code),
            2 * MINUTE,
            "nobody took over the leases of who was stopped",
        )
        listening.let_go_on()
        time.sleep(2)
        stage.collect_orders()


def _leases(stage, code):
    """Tokens of the leases that stand."""
    rows = stage.installation.query(
        "SELECT DISTINCT d.lease_token FROM construction_sync_delivery d "
        "JOIN construction_sync_system s ON s.id = d.system_id "
        "WHERE s.code = %s AND d.state = 'leased'",
        code,
    )
    return {token for (token,) in rows}


def unsteady_receiver(stage):
    """FA-H02, FA-H03: a fifth of what arrives is answered 500, or taken and the answer
    lost; everything is told, in order, with the same bytes."""
    with stage.listeners(timeout_seconds=2) as listening:
        listening.mood.share = 0.2
        office = Office(stage, 40)
        with office.at_work(people=3, pause=0.05):
            time.sleep(stage.limits.unsteady_seconds)
        listening.fault("unsteady receiver")
        listening.mood.share = 0.0
        if listening.proxy is None:
            listening.resume()


def cut_answers(stage):
    """FA-H06: a proxy cuts answers after some bytes, refuses connections for a while,
    and leaves some half open."""
    with stage.listeners(through_proxy=True, timeout_seconds=1) as listening:
        office = Office(stage)
        proxy = listening.proxy
        with office.at_work(people=3, pause=0.05):
            for _ in range(stage.limits.crashes):
                proxy.cut_answers(after=random.choice([0, 10, 60]), times=2)
                time.sleep(1)
                with proxy.refusing():
                    time.sleep(0.7)
                with proxy.half_open():
                    time.sleep(1.3)
                listening.fault("network")
                proxy.calm()
        listening.resume()


def random_kills_out(stage):
    """Random kills and restarts of PostgreSQL while messages come in and changes go
    out at once, until enough has come in."""
    targets = stage.plan(stage.limits.kills)
    if stage.postgres.ours:
        targets += ["postmaster"] * stage.limits.restarts
        random.shuffle(targets)
    with stage.listeners("-o", "-p", timeout_seconds=1) as listening:
        listening.receiver.mood(listening.codes[1]).share = 0.1
        office = Office(stage)
        with stage.load(entities=stage.entities, pause=0.02), office.at_work():
            time.sleep(1)
            for target in targets:
                for _ in range(120):
                    if stage.kill(target):
                        break
                    time.sleep(0.25)
                time.sleep(random.uniform(0.2, 1.6))
            # the rest of the load is in peace
            while len(stage.history.of("send")) < stage.limits.messages:
                time.sleep(1)
        listening.receiver.mood(listening.codes[1]).share = 0.0
        stage.settle(600)
        stage.release_quarantined()
        for code in listening.codes:
            listening.resume(code)


def one_probe(stage):
    """FA-H16: a dead system is left alone; when its rest is over exactly one call
    asks, whoever many dispatchers there are."""
    with stage.listeners(timeout_seconds=1) as listening:
        office = Office(stage, 60)
        listening.mood.refuse = (500, 10**6)
        office.write_all()
        _watch_probes(stage, listening, office)
        listening.mood.refuse = (0, 0)
        listening.fault("dead system")
        listening.resume()


def _watch_probes(stage, listening, office, seconds=12):
    """Count what arrives in each half-open phase, as the breaker's row tells them.
    People go on writing: each change rings for the dispatchers."""
    rows = (
        "SELECT b.state, b.open_until::text FROM construction_sync_breaker b "
        "JOIN construction_sync_system s ON s.id = b.system_id WHERE s.code = %s"
    )

    def opened():
        found = stage.installation.query(rows, listening.code)
        return bool(found) and found[0][0] == "open"

    if not stage.wait_until(opened, MINUTE, "the breaker never opened"):
        return
    # what was in hand when it opened still arrives
    time.sleep(1.0)
    before, phases = listening.receiver.count(listening.code), set()
    end = ring = time.monotonic()
    end += seconds
    while time.monotonic() < end:
        if time.monotonic() > ring:
            ring = time.monotonic() + 0.5
            office.write_one()
        ((_state, until),) = stage.installation.query(rows, listening.code)
        phases.add(until)
        time.sleep(0.05)
    arrived = listening.receiver.count(listening.code) - before
    stage.notes["probes"] = arrived
    stage.notes["rests"] = len(phases)
    if arrived > len(phases):
        stage.complaints.append(
            f"{arrived} calls arrived in {len(phases)} rests of a dead system"
        )
    if not arrived:
        stage.complaints.append("a dead system was never asked again")


def broken(rule):
    """A scenario in which the software breaks a rule: the checker must notice."""
    if rule == "skip-fence":
        play = _failing_past_lease
    elif rule == "two-probes":
        play = one_probe
    else:
        play = _busy

    def scenario(stage):
        with stage.broken(rule):
            play(stage)

    scenario.__doc__ = f"The software is broken on purpose ({rule})."
    return scenario


def _busy(stage):
    """Changes one by one and many in a transaction, and a receiver that now and then
    takes one without an answer."""
    with stage.listeners(timeout_seconds=1) as listening:
        listening.mood.lose = 8
        office = Office(stage)
        with office.at_work(pause=0.2):
            for _ in range(3):
                office.write_all()
                time.sleep(1)


#: what can be broken on the way out: a result after the lease is believed, a change is
#: told to nobody, a try gets an id of its own, something leaves before it is claimed,
#: everybody asks a dead system at once
RULES = ("skip-fence", "lose-event", "new-id", "send-early", "two-probes")
BROKEN = {f"broken:{rule}": broken(rule) for rule in RULES}
SCENARIOS = {
    "c7": crash_before_claim,
    "c8": crash_with_lease,
    "c9": crash_while_waiting,
    "c10": crash_before_record,
    "c11": paused_past_lease,
    "unsteady_receiver": unsteady_receiver,
    "cut_answers": cut_answers,
    "one_probe": one_probe,
    "both_ways": random_kills_out,
}
#: scenarios that need systems that are sent to
LISTENING = frozenset([*SCENARIOS, *BROKEN])
