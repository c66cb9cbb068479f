"""Crash points of the way out (C7 to C11), its breaks on purpose, and its haste.

Installed by ``crash_points`` and under the same rules. A ``stop-1`` makes a process
stop (SIGSTOP) with leased deliveries in its hands, a ``stoplate-1`` before it says
that a try failed; whoever ordered it lets it go on.
With ``CONSTRUCTION_SYNC_HASTE`` leases, retries and rests are counted in seconds where
they are minutes and hours in production, for a fault run has no days to wait.
"""

import os
import signal
import threading

from odoo.tools import SQL

from odoo.addons.construction_sync.pipeline import (
    breaker,
    claims,
    dispatch,
    pace,
    publish,
    recording,
    retry_plan,
)
from odoo.addons.construction_sync.pipeline.columns import arrays

from .crash_points import _acknowledgement_lost, _commit_then, die, ordered

HASTE = "CONSTRUCTION_SYNC_HASTE"


def install(folder, broken):
    """Patch the points of the way out."""
    _claiming(folder, broken)
    _sending(folder, broken)
    _recording(folder, broken)
    _breaking(broken)
    _publishing(broken)
    if os.environ.get(HASTE):
        hasten()


def hasten():
    """Minutes become seconds."""
    claims.GRACE = 2
    retry_plan.STEPS = (1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 5, 5, 5, 5, 5)
    retry_plan.TRIES = len(retry_plan.STEPS) + 1
    retry_plan.SLOW = 1
    breaker.REST, breaker.LONGEST_REST = 2, 8
    # what waited through an outage is let go in minutes, not hours
    pace.SLOWEST = 3_000.0
    abandoned = dispatch._abandoned

    def soon_abandoned(session):
        return abandoned(session) or session.execute(
            "SELECT count(*) FROM construction_sync_pace WHERE system_id = 0 "
            "AND due < clock_timestamp() + interval '50 seconds'"
        ) != [(0,)]

    dispatch._abandoned = soon_abandoned


def _claiming(folder, broken):
    """C7: there is something to send and nobody has claimed it."""
    claim_flow, read = dispatch.claim_flow, claims.read

    def claim_or_die(cr, target, flow_id, wanted, adapter):
        if ordered(folder, "c7"):
            die()
        chains, looked = claim_flow(cr, target, flow_id, wanted, adapter)
        if chains and broken("send-early") and os.urandom(1)[0] < 128:
            for chain in chains:
                for claim in chain:
                    dispatch.send(target, adapter, claim)
            cr.rollback()
            return [], looked
        return chains, looked

    def read_as_new(cr, ids, system):
        found = read(cr, ids, system)
        if broken("new-id"):
            for claim in found:
                if claim.out.attempt > 1:
                    claim.out.uuid = f"{claim.out.uuid}-{claim.out.attempt}"
        return found

    dispatch.claim_flow, claims.read = claim_or_die, read_as_new


def _sending(folder, broken):
    """C8: leased, not a byte has left. C9: it has left and no answer came yet."""
    send = dispatch.send

    def send_or_die(target, adapter, claim):
        if ordered(folder, "c8"):
            die()
        if ordered(folder, "c9"):
            threading.Timer(0.3, die).start()
        if ordered(folder, "stop"):
            os.kill(os.getpid(), signal.SIGSTOP)
        return send(target, adapter, claim)

    dispatch.send = send_or_die


def _recording(folder, broken):
    """C10: the receiver has taken it and nothing here says so yet."""
    record, write_states = recording.record, recording._write_states

    def record_or_die(cr, target, results):
        delivered = any(r.verdict.outcome == "delivered" for r in results)
        if delivered and ordered(folder, "c10"):
            die()
        failed = any(r.verdict.outcome != "delivered" for r in results)
        if failed and ordered(folder, "stoplate"):
            os.kill(os.getpid(), signal.SIGSTOP)
        kept = record(cr, target, results)
        if delivered and ordered(folder, "c10cut"):
            _commit_then(cr, _acknowledgement_lost)
        return kept

    def write_without_fence(cr, target, results):
        if broken("skip-fence"):
            cr.execute(
                SQL(
                    "UPDATE construction_sync_delivery d "
                    "SET state = 'leased', lease_token = u.token "
                    "FROM unnest(%s) u (id, token) WHERE d.id = u.id",
                    arrays(
                        [(r.claim.out.delivery_id, r.claim.token) for r in results],
                        ("int", "text"),
                    ),
                )
            )
        return write_states(cr, target, results)

    recording.record, recording._write_states = record_or_die, write_without_fence


def _breaking(broken):
    """A breaker that lets everybody try at once."""
    admit = breaker.admit

    def admit_all(cr, system_id, lease_seconds):
        found = admit(cr, system_id, lease_seconds)
        if found is None and broken("two-probes"):
            return breaker.Admission(True, False, 0.0)
        return found

    breaker.admit = admit_all


def _publishing(broken):
    """A change that is told to nobody, and one that is told to everybody."""
    insert, deliver = publish._insert_deliveries, publish._deliver

    def insert_some(env, rows, bodies):
        if broken("lose-event") and len(rows) > 1:
            rows, bodies = rows[1:], bodies[1:]
        return insert(env, rows, bodies)

    def deliver_to_all(env, entity, objects, told):
        if broken("echo"):
            told = env["construction.sync.flow"]._subscribers(entity)
        return deliver(env, entity, objects, told)

    publish._insert_deliveries, publish._deliver = insert_some, deliver_to_all
