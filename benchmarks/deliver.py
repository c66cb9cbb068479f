"""The way out: publishing, delivering, and what a dead system does to the others."""

import socket
import threading
import time

import requests

from .figure import Figure, middle
from .receiver import Receiver
from .site import BenchFailed

DELAY = 0.05
AT_ONCE = 8
MANY = 1_500
BACKLOG = 50_000
WRITES = 1_000
ROUNDS = 5
#: events a second while nothing is wrong, and how long things take
NORMAL = 10
OUTAGE = 45


def _nobody():
    """An address where connections are refused."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}/dead"


def deliveries(place):
    """Deliveries to an endpoint that answers after 50 ms, one dispatcher. What endpoint
    and calls at once allow is measured by as many threads that do nothing but post; the
    peer is the same on paper, with no time for the wire."""
    with place.site("deliveries") as site, Receiver(DELAY) as receiver:
        site.orm.call(
            "subscribe", code="fast", address=receiver.address, concurrency=AT_ONCE
        )
        rates = []
        for _round in range(3):
            site.orm.call("touch_vendors", count=MANY)
            seconds = site.orm.call("dispatch", count=MANY)["seconds"]
            rates.append(MANY / seconds)
            if len(receiver.arrivals()) != MANY:
                raise BenchFailed("Not everything arrived exactly once.")
        floor = _posting(receiver.address, AT_ONCE, MANY // 2)
        possible = AT_ONCE / DELAY
        value = middle(rates)
        yield Figure(
            "deliveries",
            value,
            "deliveries/s",
            ">= 0.95 x floor (as many threads that only post)",
            value >= 0.95 * floor,
            peer=possible,
            floor=floor,
        )


def _posting(address, threads, count):
    """Posts a second by threads that do nothing else."""
    left = iter(range(count))
    lock = threading.Lock()

    def work():
        session = requests.Session()
        while True:
            with lock:
                if next(left, None) is None:
                    return
            session.post(address, data=b"{}" * 200, timeout=10)

    workers = [threading.Thread(target=work) for _n in range(threads)]
    started = time.perf_counter()
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return count / (time.perf_counter() - started)


def publish(place):
    """1,000 vendors written one by one, each with its tracked field, with a system
    that is told of it and without one."""
    with place.site("publish") as site:
        site.orm.call("make_vendors", count=WRITES)
        site.orm.call("subscribe", code="ear", address=_nobody(), concurrency=1)
        site.orm.call("pause", code="ear")
        site.settle()
        told, alone = [], []
        for turn in range(2 * ROUNDS):
            heard = bool(turn % 2)
            site.orm.call("listen", code="ear", heard=heard)
            seconds = site.orm.call("write_vendors", count=WRITES)["seconds"]
            if turn > 1:
                (told if heard else alone).append(seconds)
        value, peer = middle(told) * 1000, middle(alone) * 1000
        yield Figure(
            "publish",
            value,
            "ms",
            "< 1.1 x peer (nobody listens)",
            value < 1.1 * peer,
            peer=peer,
        )


def dead_endpoint(place):
    """How late a healthy system hears of changes while another is dead and has
    50,000 waiting, against the same while that one is switched off: 99 of 100, in
    seconds, each the middle of rounds that take turns."""
    with place.site("dead_endpoint") as site, Receiver(DELAY) as receiver:
        site.orm.call("subscribe", code="fast", address=receiver.address, concurrency=4)
        with site.server(crons=2):
            site.orm.call("subscribe", code="dead", address=_nobody(), concurrency=4)
            site.orm.call("backlog", code="dead", count=BACKLOG)
            site.settle()
            found = {"paused": [], "live": []}
            for _round in range(ROUNDS):
                for state, late in found.items():
                    site.orm.call("switch", code="dead", state=state)
                    _trickle(site, receiver, 3)
                    late.append(_trickle(site, receiver, 12))
        value, peer = middle(found["live"]), middle(found["paused"])
        yield Figure(
            "dead_endpoint, p99 of the others",
            value,
            "s",
            "< 1.1 x peer (without it)",
            value < 1.1 * peer,
            peer=peer,
        )


def _trickle(site, receiver, seconds):
    """Change a vendor ten times a second; seconds from the change to its arrival, the
    99th of a hundred."""
    receiver.arrivals()
    site.orm.call("trickle", seconds=seconds, rate=NORMAL)
    end = time.monotonic() + 30
    arrived = []
    while time.monotonic() < end and len(arrived) < 0.99 * seconds * NORMAL:
        time.sleep(0.5)
        arrived += receiver.arrivals()
    made = dict(
        site.query(
            "SELECT uuid, extract(epoch FROM created_at)::float8 "
            "FROM construction_sync_event"
        )
    )
    late = sorted(at - made[uuid] for uuid, at in arrived if uuid in made)
    if not late:
        raise BenchFailed("Nothing arrived.")
    return late[int(0.99 * (len(late) - 1))]


def retry_storm(place):
    """After an outage (scaled down from an hour): the most that arrives in any five
    seconds, against the normal rate."""
    with place.site("retry_storm") as site, Receiver(0.005) as receiver:
        site.orm.call("subscribe", code="fast", address=receiver.address, concurrency=8)
        with site.server(crons=2):
            _trickle(site, receiver, 3)
            receiver.arrivals()
            site.orm.call("trickle", seconds=25, rate=NORMAL)
            time.sleep(3)
            normal = len(receiver.arrivals()) / 25
            receiver.answer(503)
            site.orm.call("trickle", seconds=OUTAGE, rate=NORMAL)
            receiver.arrivals()
            receiver.answer(204)
            arrived = []
            end = time.monotonic() + 180
            while time.monotonic() < end:
                site.orm.call("trickle", seconds=5, rate=NORMAL)
                arrived += [at for _uuid, at in receiver.arrivals()]
                if not site.query(
                    "SELECT 1 FROM construction_sync_delivery "
                    "WHERE state <> 'delivered' "
                    "AND created_at < (now() AT TIME ZONE 'UTC') - interval '20 s' "
                    "LIMIT 1"
                ):
                    break
        if not arrived:
            raise BenchFailed("Nothing arrived after the outage.")
        peak = max(
            sum(1 for other in arrived if at <= other < at + 5) / 5 for at in arrived
        )
        yield Figure(
            "retry_storm, peak",
            peak,
            "deliveries/s",
            "<= 2 x peer (the normal rate)",
            peak <= 2 * normal,
            peer=normal,
        )
