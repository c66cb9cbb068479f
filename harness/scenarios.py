"""The scenarios: what is sent, what is killed, and when.

Each is a function of a Stage. It ends when nothing is under way any more; the verdict
is the checker's.
"""

import random
import threading
import time
import zlib

from harness import database_faults, load_faults, out_scenarios
from harness.sender import Gone
from harness.stage import MINUTE


def crash_before_commit(stage):
    """C1: the worker dies before the inbox is committed; nothing is left behind."""
    _crash(stage, "c1")


def crash_before_answer(stage):
    """C2: stored, but the sender never hears of it and sends again."""
    _crash(stage, "c2")


def crash_before_doorbell(stage):
    """C3: answered, nobody was told; the minute's cron finds it."""
    sender, source = stage.sender(), stage.source(30)
    sender.post([source.next(thing) for thing in source.objects])
    stage.settle()
    stage.order("c3")
    sender.post([source.event(thing) for thing in source.objects])
    stage.wait_for_orders(5)
    seconds = stage.settle(traffic=False)
    if seconds > MINUTE:
        stage.complaints.append(f"a lost doorbell cost {seconds:.0f} s")


def crash_with_lane(stage):
    """C4: the worker dies with lanes in its hands, before its transaction."""
    _crash(stage, "c4")


def crash_while_applying(stage):
    """C5: the worker dies after its writes, before the outcome."""
    _crash(stage, "c5")


def crash_after_commit(stage):
    """C6: COMMIT reached the server, its acknowledgement nobody."""
    _crash(stage, "c6", "c6cut")


def _crash(stage, *points):
    """Load, and processes that die at the points as they pass them."""
    with stage.load(senders=2, objects=30, entities=stage.entities, pause=0.05):
        time.sleep(0.5)
        for _ in range(stage.limits.crashes):
            for point in points:
                stage.order(point)
                stage.wait_for_orders(MINUTE)
    stage.settle()


def random_kills(stage):
    """FA-F17: whatever runs is killed at random under load, again and again."""
    targets = stage.plan(stage.limits.kills)
    end = time.monotonic() + (stage.limits.seconds or float("inf"))
    with stage.load(entities=stage.entities, pause=0.02):
        time.sleep(1)
        for target in targets:
            if time.monotonic() > end:
                break
            # nobody to kill yet: what was killed before is still coming up
            for _ in range(120):
                if stage.kill(target):
                    break
                time.sleep(0.25)
            time.sleep(random.uniform(0.2, 1.6))
    stage.settle(240)
    stage.release_quarantined()
    stage.settle()


def poison(stage):
    """FA-F18: a message that always kills its worker is set aside after three, the
    others of its lane go on; later ones of its own object wait behind it."""
    sender = stage.sender()
    source = stage.source(40, entities=("test_document",), unversioned=0)
    bad = source.objects[0]
    lane = zlib.crc32(bad["name"].encode()) % 64
    mates, number = [], 0
    while len(mates) < 3:
        name = f"{bad['name']}-{number}"
        if zlib.crc32(name.encode()) % 64 == lane:
            mates.append({**source.objects[1], "name": name, "skipped": []})
        number += 1
    pairs = [source.event(thing) for thing in source.objects[1:20]]
    pairs.append(source.event(bad, behaviour="crash"))
    pairs += [source.event(thing) for thing in mates + source.objects[20:]]
    sender.post(pairs)
    sender.post([source.event(bad), *(source.event(thing) for thing in mates)])
    seconds = stage.settle(2 * MINUTE)
    with stage.installation.connect() as connection, connection.cursor() as cursor:
        cursor.execute(
            "SELECT m.state, crash_count FROM construction_sync_message m "
            "JOIN construction_sync_system s ON s.id = m.system_id "
            "WHERE s.code = %s AND external_id = %s ORDER BY m.id",
            [stage.system, bad["name"]],
        )
        states = cursor.fetchall()
    if [state for state, _crashes in states] != ["dead", "waiting"]:
        stage.complaints.append(f"the poison and what follows it stand as {states}")
    elif states[0][1] != 3:
        stage.complaints.append(
            f"the poison was set aside after {states[0][1]} crashes"
        )
    for _ in range(states[0][1] if states else 0):
        stage.history.add("fault", target="poison", pid=0)
    if seconds > 2 * MINUTE:
        stage.complaints.append(f"the others waited {seconds:.0f} s for the poison")


def runner_dead(stage):
    """FA-F19: with the job runner dead for good, the minute's crons drain."""
    source, sender = stage.source(100), stage.sender()
    over = threading.Event()

    def keep_dead():
        while not over.is_set():
            stage.kill("runner")
            time.sleep(0.1)

    thread = threading.Thread(target=keep_dead, daemon=True)
    thread.start()
    try:
        time.sleep(0.5)
        sender.post([source.event(thing) for thing in source.objects])
        seconds = stage.settle(traffic=False)
    finally:
        over.set()
        thread.join()
    if seconds > MINUTE:
        stage.complaints.append(f"without the runner it took {seconds:.0f} s")


def two_servers(stage):
    """FA-F20: two servers, two runners, one database, kills on both."""
    with stage.second_server() as second:
        with stage.load(entities=stage.entities, senders=4):
            for _ in range(stage.limits.crashes):
                time.sleep(1.5)
                stage.kill("cron")
                pid = second.kill(random.choice(["http", "cron"]))
                if pid is not None:
                    stage.history.add("fault", target="second server", pid=pid)
            time.sleep(1)
        stage.settle()


def hot_key(stage):
    """FA-E06: one object with a flood of versions does not hold up the others."""
    sender = stage.sender()
    hot = stage.source(1, "hot", unversioned=0)
    others = stage.source(100, "other", unversioned=0)
    (thing,) = hot.objects
    flood, size = stage.limits.flood, 500
    for start in range(0, flood, size):
        sender.post([hot.event(thing) for _ in range(min(size, flood - start))])
        if start <= flood // 2 < start + size:
            sender.post([others.event(other) for other in others.objects])
    stage.settle(240)
    with stage.installation.connect() as connection, connection.cursor() as cursor:
        cursor.execute(
            "SELECT max(extract(epoch FROM applied_at - received_at)) "
            "FROM construction_sync_message m "
            "JOIN construction_sync_system s ON s.id = m.system_id "
            "WHERE s.code = %s AND external_id LIKE %s",
            [stage.system, f"{stage.prefix}other%"],
        )
        slowest = cursor.fetchone()[0]
    if slowest is None or slowest > stage.limits.others_seconds:
        stage.complaints.append(f"an object beside the hot one waited {slowest} s")


def out_of_id_order(stage):
    """FA-E09: a transaction with lower ids commits after one with higher ids."""
    source = stage.source(20)
    late = threading.Semaphore(0)

    def slowly(pairs):
        stage.sender().post(pairs)
        late.release()

    for _ in range(stage.limits.crashes):
        things = source.pick(10)
        slow = [source.event(thing) for thing in things[:5]]
        fast = [source.event(thing) for thing in things[5:]]
        # the same objects, a version on, from a sender that is not waited for
        fast += [source.event(t) for t in things[:5] if t["counted"]]
        stage.order("pause")
        thread = threading.Thread(target=slowly, args=(slow,), daemon=True)
        thread.start()
        time.sleep(0.4)
        stage.sender().post(fast)
        late.acquire()
        stage.settle()


def concurrent_same_event(stage):
    """FA-A02, F64: the same event, five times at the same moment."""
    source = stage.source(20)

    def at_once(call):
        gate = threading.Barrier(5)

        def one():
            gate.wait()
            try:
                call()
            except Gone as error:
                stage.complaints.append(str(error))

        threads = [threading.Thread(target=one) for _ in range(5)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    for thing in source.objects:
        event, line = source.event(thing)
        stage.history.add("send", **line)
        at_once(lambda event=event: stage.sender().post([(event, None)], single=True))
    for thing in [t for t in source.objects if t["counted"]][:8]:
        event, line = source.event(thing)
        name = stage.sender().declare_put(line)
        at_once(lambda e=event, ln=line, n=name: stage.sender().put(e, ln, e["id"], n))
    stage.settle()


def locked_key(stage):
    """FA-A15: the row of an Idempotency-Key is locked for long; the caller is told to
    come again and the worker is free, and then the first answer is replayed."""
    source, sender = stage.source(3), stage.sender()
    for thing in [t for t in source.objects if t["counted"]]:
        event, line = source.event(thing)
        key = f"locked-{event['id']}"
        sender.put(event, line, key)
        with stage.installation.connect() as connection, connection.cursor() as cursor:
            cursor.execute(
                "SELECT FROM construction_sync_idempotency WHERE key = %s FOR UPDATE",
                [key],
            )
            started = time.monotonic()
            held = sender.put_once(event, line, key)
            waited = time.monotonic() - started
        if held.status_code != 409 or "Retry-After" not in held.headers or waited > 5:
            stage.complaints.append(
                f"a locked key answered {held.status_code} after {waited:.1f} s"
            )
        again = sender.put_once(event, line, key)
        if again.headers.get("Idempotent-Replayed") != "true":
            stage.complaints.append(f"{key} was not replayed: {again.status_code}")
    stage.settle()


def broken(rule):
    """A scenario in which the software breaks a rule: the checker must notice."""

    def scenario(stage):
        with stage.broken(rule), stage.load(senders=2, objects=20, puts=0.0):
            time.sleep(2.5)
        with stage.broken(rule):
            stage.settle(60)

    scenario.__doc__ = f"The software is broken on purpose ({rule})."
    return scenario


SCENARIOS = {
    "c1": crash_before_commit,
    "c2": crash_before_answer,
    "c3": crash_before_doorbell,
    "c4": crash_with_lane,
    "c5": crash_while_applying,
    "c6": crash_after_commit,
    "concurrent_same_event": concurrent_same_event,
    "locked_key": locked_key,
    "out_of_id_order": out_of_id_order,
    "hot_key": hot_key,
    "poison": poison,
    "runner_dead": runner_dead,
    "two_servers": two_servers,
    "random_kills": random_kills,
    **database_faults.SCENARIOS,
    **load_faults.SCENARIOS,
    **out_scenarios.SCENARIOS,
}
RULES = ("lose", "skip-dedup", "skip-gate", "apply-twice")
BROKEN = {
    **{f"broken:{rule}": broken(rule) for rule in RULES},
    **out_scenarios.BROKEN,
}
#: scenarios that need an addon: without it they are left out, and it is said
NEEDS = {
    "poison": "test_construction_sync",
    "runner_dead": "construction_sync_queue",
}
