"""From one HTTP call of 500 distinct objects to the last record applied.

Lanes start empty and the doorbell is the cron, as installed. What the same machine
does without us is measured by turns with it.
"""

import time

from . import caller, records
from .figure import beside_peer, middle
from .site import BenchFailed

CALL = 500
ROUNDS = 7


def apply_once(site, server, entity="vendor", found=None):
    """Seconds from the call to the last record, for one batch of events."""
    body = records.body(found or records.events(entity, CALL))
    started = time.perf_counter()
    caller.post_batch(server.port, site.key, body)
    return site.await_drained(started, entity)


def apply_vendors(place):
    """Vendors, against raw ORM in one batch of 1,000, with the same context flags and
    without; the floor is raw ORM with the flags and with every value given that Odoo
    would compute, which is all that our handler knows too."""
    with place.site("apply_vendors") as site, site.server() as server:
        apply_once(site, server)
        _raw(site, 200)
        site.settle()
        own, flagged, plain, floor = [], [], [], []
        for _round in range(ROUNDS):
            own.append(CALL / apply_once(site, server))
            flagged.append(_raw(site, flags=True))
            own.append(CALL / apply_once(site, server))
            plain.append(_raw(site))
            floor.append(_raw(site, flags=True, explicit=True))
        site.require_applied(CALL * (2 * ROUNDS + 1))
        value, best = middle(own), middle(floor)
        for name, peer, bar in (("same", flagged, 0.85), ("no", plain, 1.2)):
            yield beside_peer(
                f"apply_vendors, {name} flags",
                value,
                "vendors/s",
                middle(peer),
                bar,
                best,
            )


def _raw(site, count=1_000, **how):
    """Vendors a second by raw ORM in one batch."""
    return count / site.orm.call("create_vendors", count=count, **how)["seconds"]


def apply_projects(place):
    """Projects with their analytic account, against two creates as a developer would
    write them."""
    with place.site("apply_projects") as site, site.server() as server:
        apply_once(site, server, "project")
        site.orm.call("create_projects", count=100)
        site.settle()
        own, plain = [], []
        for _round in range(ROUNDS):
            own.append(CALL / apply_once(site, server, "project"))
            seconds = site.orm.call("create_projects", count=CALL)["seconds"]
            plain.append(CALL / seconds)
        site.require_applied(CALL * (ROUNDS + 1))
        yield beside_peer(
            "apply_projects", middle(own), "projects/s", middle(plain), 1.2
        )


def apply_beside_queue_job(place):
    """Vendors, against one job of OCA's queue_job per record, two workers each."""
    jobs = 120
    with place.site("apply_beside_queue_job") as site:
        with site.server(workers=2, crons=2, queue_job=True) as server:
            apply_once(site, server)
            own, peer = [], []
            _run_jobs(site, 10)
            for _round in range(3):
                own.append(CALL / apply_once(site, server))
                peer.append(jobs / _run_jobs(site, jobs))
        floor = middle([_raw(site, flags=True, explicit=True) for _round in range(3)])
        yield beside_peer(
            "apply_beside_queue_job", middle(own), "vendors/s", middle(peer), 12, floor
        )


def _run_jobs(site, count):
    """Seconds from the commit of the jobs to the end of the last."""
    site.orm.call("enqueue_vendors", count=count)
    started = time.perf_counter()
    left = "SELECT 1 FROM queue_job WHERE state NOT IN ('done', 'failed') LIMIT 1"
    while site.query(left):
        if time.perf_counter() - started > 300:
            raise BenchFailed("queue_job did not finish its jobs in 300 seconds.")
        time.sleep(0.01)
    if site.query("SELECT 1 FROM queue_job WHERE state = 'failed'"):
        raise BenchFailed("A job of queue_job failed.")
    return time.perf_counter() - started


def one_bad(place):
    """One vendor in 500 that PostgreSQL itself refuses, after all checks of ours: the
    worst place to fail. Against the same call without it."""
    refused = "Refused by the database"
    with place.site("one_bad") as site, site.server() as server:
        site.query(
            "ALTER TABLE res_partner ADD CONSTRAINT bench_refuses "
            f"CHECK (name <> '{refused}') NOT VALID"
        )
        apply_once(site, server)
        clean, bad = [], []
        for _round in range(5):
            clean.append(CALL / apply_once(site, server))
            found = records.events("vendor", CALL)
            found[317]["data"]["name"] = refused
            bad.append(CALL / apply_once(site, server, found=found))
        parked = site.query(
            "SELECT count(*) FROM construction_sync_message WHERE state = 'exception'"
        )
        if parked != [(5,)]:
            raise BenchFailed(f"Five messages should be parked, not {parked}.")
        yield beside_peer(
            "one_bad in 500", middle(bad), "vendors/s", middle(clean), 0.6
        )
