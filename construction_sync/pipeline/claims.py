"""Who sends what: deliveries are claimed under a lease before anything leaves (R1).

A claim commits before the first byte is sent. The lease has a token; only who still
holds it may write what came of it (crash points C8 to C11). Times are the database's
(FA-G12). With strict order an object's later delivery is only claimed together with,
and behind, its earlier ones.
"""

import json
import time
from dataclasses import dataclass, field
from datetime import datetime

from odoo.tools import SQL

from .columns import arrays
from .intake import new_uuid
from .outgoing import Out

#: deliveries of one object that are claimed together, sent one after the other
CHAIN = 8
#: seconds beyond the longest possible sending before a lease counts as lost
GRACE = 30
UNDONE = ("pending", "leased", "retry", "unknown", "held")


@dataclass(slots=True)
class Claim:
    """One delivery in a dispatcher's hands.

    ``probe``: it is not to be sent but asked for. ``request`` is what will be sent.
    ``until``: when its lease ends, on this process's monotonic clock.
    """

    out: Out
    key: str
    state: str
    token: str = ""
    until: float = float("inf")
    probe: bool = False
    request: object = None
    replayed: bool = False
    created_at: datetime | None = None
    chain: list = field(default_factory=list)


def due_flows(cr, system_ids):
    """``[(flow id, system id)]`` of these systems that have something due."""
    cr.execute(
        SQL(
            """
            SELECT f.id, f.system_id FROM construction_sync_flow f
             WHERE f.system_id = ANY(%s) AND f.direction = 'out' AND f.active
               AND EXISTS (SELECT FROM construction_sync_delivery d
                            WHERE d.flow_id = f.id
                              AND d.state IN ('pending', 'retry', 'unknown')
                              AND d.next_at <= now() AT TIME ZONE 'UTC')
          ORDER BY f.priority, f.id
            """,
            list(system_ids),
        )
    )
    return cr.fetchall()


def pick(cr, flow_id, limit, *, strict=True, blocking=True):
    """Lock and return ids of deliveries that may be sent now, oldest first.

    Must be the first statement of its transaction: ``SKIP LOCKED`` after an earlier
    read fails under REPEATABLE READ (R3).

    :param strict: an object's earlier deliveries go first
    :param blocking: one that needs a person also stops its object
    :return: ``([[id, ...], ...], looked)``: chains that are sent in this order, and how
        many deliveries were looked at; those that cannot go yet are put behind
    """
    cr.execute(
        SQL(
            """
            SELECT id, key, state FROM construction_sync_delivery
             WHERE flow_id = %s AND state IN ('pending', 'retry', 'unknown')
               AND next_at <= now() AT TIME ZONE 'UTC'
          ORDER BY next_at, id LIMIT %s
               FOR UPDATE SKIP LOCKED
            """,
            flow_id,
            limit,
        )
    )
    found = cr.fetchall()
    if not found or not strict:
        return [[row[0]] for row in found], len(found)
    chains, blocked = _in_order(cr, flow_id, found, blocking)
    if blocked:
        _put_behind(cr, flow_id, blocked)
    return chains, len(found)


def _in_order(cr, flow_id, found, blocking):
    """``(chains, {key: id of the delivery that the others wait for})``."""
    states = [*UNDONE, *(["dead"] if blocking else [])]
    keys = {}
    for delivery_id, key, state in found:
        keys.setdefault(key, {})[delivery_id] = state
    cr.execute(
        SQL(
            """
            SELECT key, array_agg(id ORDER BY id) FROM construction_sync_delivery
             WHERE flow_id = %s AND key = ANY(%s) AND state = ANY(%s)
               AND state IN ('pending', 'leased', 'retry', 'unknown', 'held', 'dead')
               AND id <= %s
          GROUP BY key
            """,
            flow_id,
            list(keys),
            states,
            max(row[0] for row in found),
        )
    )
    chains, blocked = [], {}
    for key, undone in cr.fetchall():
        mine, chain = keys[key], []
        for delivery_id in undone:
            if delivery_id not in mine or len(chain) == CHAIN:
                break
            if mine[delivery_id] == "unknown" and chain:
                break
            chain.append(delivery_id)
            if mine[delivery_id] == "unknown":
                break
        if chain:
            chains.append(chain)
        else:
            blocked[key] = undone[0]
    return sorted(chains), blocked


def _put_behind(cr, flow_id, blocked):
    """What waits for an earlier delivery of its object is not looked at again before
    that one is due; the earlier one brings it back when it is done."""
    cr.execute(
        SQL(
            """
            UPDATE construction_sync_delivery d
               SET next_at = greatest(first.next_at, first.lease_until,
                        (now() AT TIME ZONE 'UTC') + interval '5 seconds'),
                   note = 'Waits behind an earlier change of the same object'
              FROM unnest(%s::text[], %s::int[]) AS b (key, id)
              JOIN construction_sync_delivery first ON first.id = b.id
             WHERE d.flow_id = %s AND d.key = b.key AND d.id <> b.id
               AND d.state IN ('pending', 'retry', 'unknown')
               AND d.next_at <= now() AT TIME ZONE 'UTC'
            """,
            list(blocked),
            list(blocked.values()),
            flow_id,
        )
    )


def read(cr, ids, system):
    """Claims of these deliveries, in this order, for ``dispatch.Target`` ``system``."""
    cr.execute(
        SQL(
            """
            SELECT d.id, e.uuid, d.system_id, e.entity, e.res_model, e.res_id,
                   d.company_id, e.sequence, e.deleted, d.external_id, b.raw,
                   d.attempts, d.key, d.state, d.replayed_at IS NOT NULL, d.created_at,
                   (SELECT l.external_id FROM construction_sync_binding l
                     WHERE l.system_id = d.system_id AND l.entity = e.entity
                       AND l.res_model = e.res_model AND l.res_id = e.res_id
                       AND l.state <> 'alias'
                  ORDER BY l.id LIMIT 1)
              FROM construction_sync_delivery d
              JOIN construction_sync_event e ON e.id = d.event_id
              JOIN construction_sync_delivery_body b ON b.id = d.id
             WHERE d.id = ANY(%s)
            """,
            list(ids),
        )
    )
    found = {}
    for row in cr.fetchall():
        raw = bytes(row[10] or b"")
        out = Out(
            delivery_id=row[0], uuid=row[1], system_id=row[2], system_code=system.code,
            address=system.address, environment=system.environment, entity=row[3],
            res_model=row[4], res_id=row[5], company_id=row[6], sequence=row[7],
            deleted=row[8], external_id=row[9] or row[16], raw=raw,
            event=json.loads(raw or b"{}"), attempt=row[11] + 1,
            money=row[3] in system.money, headers=system.headers,
            timeout=system.timeout,
        )  # fmt: skip
        found[row[0]] = Claim(
            out, row[12], row[13], probe=row[13] == "unknown", replayed=row[14],
            created_at=row[15],
        )  # fmt: skip
    return [found[i] for i in ids if i in found]


def lease(cr, claims, seconds):
    """Give each claim its lease and open its attempt; commit before sending."""
    if not claims:
        return
    until = time.monotonic() + seconds
    for claim in claims:
        claim.token, claim.until = new_uuid(), until
    rows = [(c.out.delivery_id, c.token) for c in claims]
    cr.execute(
        SQL(
            """
            UPDATE construction_sync_delivery d
               SET state = 'leased', lease_token = u.token, note = NULL,
                   lease_until = (now() AT TIME ZONE 'UTC') + %s * interval '1 second'
              FROM unnest(%s) u (id, token)
             WHERE d.id = u.id
            """,
            seconds,
            arrays(rows, ("int", "text")),
        )
    )
    cr.execute(
        SQL(
            """
            INSERT INTO construction_sync_attempt
                   (delivery_id, system_id, number, token, started_at)
            SELECT u.*, now() AT TIME ZONE 'UTC' FROM unnest(%s) u
            """,
            arrays(
                [
                    (c.out.delivery_id, c.out.system_id, c.out.attempt, c.token)
                    for c in claims
                ],
                ("int", "int", "int", "text"),
            ),
        )
    )


def reap(cr, unrepeatable):
    """Leases that have passed: nobody knows whether these arrived (C8, C9, C10).

    They are sent again under the same id, except by the flows in ``unrepeatable``
    (money to a system that cannot tell a second from a first): those are asked for.
    Returns how many.
    """
    cr.execute(
        SQL(
            """
            UPDATE construction_sync_delivery
               SET state = CASE WHEN flow_id = ANY(%s) THEN 'unknown' ELSE 'retry' END,
                   attempts = attempts + 1, lease_token = NULL, lease_until = NULL,
                   next_at = now() AT TIME ZONE 'UTC',
                   note = 'The sender stopped before the answer was kept'
             WHERE state = 'leased' AND lease_until < now() AT TIME ZONE 'UTC'
         RETURNING id
            """,
            list(unrepeatable),
        )
    )
    ids = [row[0] for row in cr.fetchall()]
    if ids:
        cr.execute(
            SQL(
                """
                UPDATE construction_sync_attempt
                   SET outcome = 'unknown', ended_at = now() AT TIME ZONE 'UTC',
                       words = 'The sender stopped before the answer was kept'
                 WHERE delivery_id = ANY(%s) AND outcome IS NULL
                """,
                ids,
            )
        )
    return len(ids)
