"""Long queues: many messages, a full inbox, a hot object."""

from . import caller, records
from .apply import CALL, apply_once
from .figure import Figure, middle
from .site import BenchFailed

MANY = 100_000
WINDOW = 10_000
HELD = 1_000_000
HOT = "hot"


def drain_100000(place):
    """A backlog of 100,000 vendors, drained by one process: as fast in the end as in
    the beginning, and without growing."""
    with place.site("drain_100000") as site:
        with site.server(crons=0) as server:
            _post_vendors(site, server, MANY + CALL)
        site.settle()
        site.orm.call("drain", count=CALL)
        first = site.orm.call("drain", count=WINDOW)
        rss = first["rss"]
        middle_part = site.orm.call("drain", count=MANY - 2 * WINDOW)
        last = site.orm.call("drain", count=WINDOW)
        site.require_applied(MANY + CALL)
        rates = [WINDOW / part["seconds"] for part in (first, last)]
        yield Figure(
            "drain_100000, last 10,000",
            rates[1],
            "vendors/s",
            ">= 0.9 x peer (the first 10,000)",
            rates[1] >= 0.9 * rates[0],
            peer=rates[0],
        )
        growth = max(middle_part["rss"], last["rss"]) - rss
        yield Figure("drain_100000, memory", growth, "MB", "< 20 MB", growth < 20)


def _post_vendors(site, server, count):
    for _call in range(count // CALL):
        body = records.body(records.events("vendor", CALL))
        caller.post_batch(server.port, site.key, body)


def full_inbox(place):
    """An inbox that holds 1,000,000 applied messages, against an empty one: two
    databases and servers, by turns."""
    with place.site("full_inbox") as full, place.site("empty_inbox") as empty:
        _fill(full)
        with full.server() as full_server, empty.server() as empty_server:
            sides = [(full, full_server, []), (empty, empty_server, [])]
            for site, server, _rates in sides:
                apply_once(site, server)
            for _round in range(9):
                for site, server, rates in sides:
                    rates.append(CALL / apply_once(site, server))
            full_rate, empty_rate = (middle(rates) for _s, _p, rates in sides)
        yield Figure(
            "full_inbox",
            full_rate,
            "vendors/s",
            ">= 0.9 x peer (an empty inbox)",
            full_rate >= 0.9 * empty_rate,
            peer=empty_rate,
        )


def _fill(site):
    """Messages as they stand once they are applied, each with its body."""
    ((system_id, flow_id),) = site.query(
        "SELECT system_id, id FROM construction_sync_flow WHERE entity = 'vendor'"
    )
    site.query(
        """
        INSERT INTO construction_sync_message
               (uuid, system_id, flow_id, entity, external_id, slot, event_id, title,
                deleted, version, event_time, received_at, applied_at, state, attempts,
                crash_count, res_model, res_id, trace_id)
        SELECT gen_random_uuid()::text, %s, %s, 'vendor', 'old-' || n, n %% 64,
               'old-' || n, 'Vendor ' || n, false, '1', t, t, t, 'applied', 1, 0,
               'res.partner', n, md5(n::text)
          FROM (SELECT n, now() AT TIME ZONE 'UTC' - interval '40 days'
                          + n * interval '1 second' AS t
                  FROM generate_series(1, %s) n) s
        """,
        system_id,
        flow_id,
        HELD,
    )
    site.query(
        """
        INSERT INTO construction_sync_message_body (id, raw, sha256, content_type)
        SELECT id, convert_to('{"data":{"name":"' || title || '"}}', 'UTF8'),
               md5(title), 'application/cloudevents+json'
          FROM construction_sync_message WHERE event_id LIKE 'old-%%'
        """
    )
    site.query("VACUUM ANALYZE construction_sync_message")
    site.query("VACUUM ANALYZE construction_sync_message_body")


def hot_key(place):
    """Half of all messages on one object: the objects besides it are done as soon as
    if it were not there. Both backlogs hold the same number of them."""
    others = 8 * CALL
    with place.site("hot_key") as site, site.server(crons=0) as server:
        _post_hot(site, server, CALL, 1)
        site.settle()
        site.orm.call("drain", count=2 * CALL)
        mixed, alone = [], []
        for turn in range(3):
            _post_vendors(site, server, others)
            alone.append(others / site.orm.call("drain", besides=HOT)["seconds"])
            _post_hot(site, server, others, 1 + (turn + 1) * others)
            mixed.append(others / site.orm.call("drain", besides=HOT)["seconds"])
            site.orm.call("drain", count=others)
        held = site.query(
            "SELECT count(*) FROM construction_sync_message WHERE state <> 'applied'"
        )
        if held != [(0,)]:
            raise BenchFailed(f"{held} messages were not applied.")
        yield Figure(
            "hot_key, the others",
            middle(mixed),
            "vendors/s",
            ">= 0.9 x peer (without the hot key)",
            middle(mixed) >= 0.9 * middle(alone),
            peer=middle(alone),
        )


def _post_hot(site, server, others, version):
    """``others`` distinct vendors and as many versions of one, in turns."""
    for start in range(0, others, CALL // 2):
        found = []
        for position, event in enumerate(records.events("vendor", CALL // 2)):
            hot = dict(records.vendor(0), phone=f"+1 {version + start + position}")
            sequence = version + start + position
            found += [event, records.event("vendor", HOT, hot, sequence)]
        body = records.body(found)
        caller.post_batch(server.port, site.key, body)
