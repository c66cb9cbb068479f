"""How fast events are taken: stored durably before the answer, one worker."""

import hashlib
import io
import json
import time

from . import caller, records
from .figure import at_least, beside_peer, middle

ROUNDS = 15


def accept_500(place):
    """Batches of 500 events."""
    yield from _batches(place, "accept_500", 500, 8_000)


def accept_100(place):
    """Batches of 100 events."""
    yield from _batches(place, "accept_100", 100, 4_000)


def _batches(place, name, size, bar):
    with place.site(name) as site, site.server(crons=0) as server:
        site.query("CREATE TABLE bench_floor (id text PRIMARY KEY, raw bytea, h text)")
        for _warm in range(3):
            _post(server, site, size)
        rates, floors = [], []
        for _round in range(ROUNDS):
            rates.append(size / _post(server, site, size).seconds)
            floors.append(size / _store_bare(site, size))
        yield at_least(name, middle(rates), "events/s", bar, middle(floors))


def _post(server, site, size):
    body = records.body(records.events("vendor", size))
    return caller.post_batch(server.port, site.key, body)


def _store_bare(site, size):
    """The floor: the same bytes with id and hash by COPY into one table, durably."""
    rows = []
    for event in records.events("vendor", size):
        raw = json.dumps(event, separators=(",", ":")).encode()
        rows.append(
            f"{event['id']}\t\\\\x{raw.hex()}\t{hashlib.sha256(raw).hexdigest()}\n"
        )
    started = time.perf_counter()
    site.copy_in("bench_floor", io.StringIO("".join(rows)))
    return time.perf_counter() - started


def accept_single(place):
    """One event a call, beside JSON-2 creating a partner a call, one client; the floor
    is a route of Odoo that does nothing."""
    with place.site("accept_single") as site, site.server(crons=0) as server:
        json2_key = site.orm.call("json2_key")["key"]
        turns = {
            "value": (40, lambda: _post_one(server, site)),
            "peer": (10, lambda: _create_one(server, json2_key)),
            "floor": (40, lambda: caller.get(server.port, "/web/health").seconds),
        }
        for _count, turn in turns.values():
            turn(), turn()
        rates = {name: [] for name in turns}
        for _round in range(5):
            for name, (count, turn) in turns.items():
                rates[name].append(count / sum(turn() for _call in range(count)))
        found = {name: middle(values) for name, values in rates.items()}
        yield beside_peer(
            "accept_single", found["value"], "calls/s", found["peer"], 5, found["floor"]
        )


def _post_one(server, site):
    event = records.body(records.events("vendor", 1)[0])
    return caller.post_event(server.port, site.key, event).seconds


def _create_one(server, key):
    (number,) = records.numbers(1)
    return caller.create_partner(server.port, key, number).seconds
