"""Record what came of deliveries: written only by who still holds the lease (C11).

One short transaction for a handful of results: attempt, state, the receiver's own id
of the object, exception and audit entry together. With ``claims`` and ``resending``
it is the only writer of delivery states.
"""

from dataclasses import dataclass

from odoo.tools import SQL

from ..schemas.problem import Problem, one_line
from . import audit, gateway, park, redaction, retry_plan
from .claims import Claim
from .columns import arrays
from .outgoing import Verdict

#: bytes of a body that are kept with an attempt
KEPT = 4096
#: how often an unclear delivery is asked for before a person is
PROBES = 5


@dataclass(slots=True)
class Result:
    """What one attempt brought. ``answer`` is a ``transport.Answer`` or None."""

    claim: Claim
    verdict: Verdict
    answer: object = None
    seconds: float = 0.0
    request: object = None
    next: object = None


@dataclass(slots=True)
class _Next:
    """The delivery's new state and when it is looked at again."""

    state: str
    wait: float | None = None
    counted: bool = True
    kind: str = ""
    note: str = ""


def record(cr, target, results):
    """Write these results; returns those that were not too late.

    :param target: ``dispatch.Target`` they belong to
    """
    kept = _write_states(cr, target, results)
    _write_attempts(cr, target, results, {r.claim.token for r in kept})
    delivered = [r for r in kept if r.verdict.outcome == "delivered"]
    env = gateway.environment(cr)
    if delivered:
        _link(env, delivered)
        _bring_back(cr, delivered)
    _put_before_people(env, target, kept)
    _close_settled(env, delivered)
    _journal(env, kept)
    return kept


def _next(target, result):
    """What becomes of a delivery after this attempt."""
    claim, verdict = result.claim, result.verdict
    tries = claim.out.attempt
    words = one_line(verdict.words, 300)
    if verdict.outcome == "delivered":
        return _Next("delivered", note="")
    if verdict.outcome == "unsent":
        return _Next("pending", 0, counted=False)
    if verdict.outcome == "gone":
        return _Next("retry", retry_plan.DAY, kind="endpoint-gone", note=words)
    unclear = verdict.outcome == "unknown" or claim.probe
    if unclear and not target.repeatable(claim.out):
        return _unclear(claim, verdict, words)
    if verdict.outcome == "refused" and tries >= retry_plan.REFUSED_TRIES:
        return _Next("dead", kind="delivery-refused", note=words)
    if tries >= retry_plan.TRIES:
        return _Next("dead", kind="delivery-failed", note=words)
    seconds = retry_plan.wait(
        tries,
        asked=verdict.wait,
        slow=verdict.overloaded or verdict.outcome == "unknown",
    )
    kind = "delivery-failing" if tries == retry_plan.NOTICE_AT else ""
    return _Next("retry", seconds, kind=kind, note=words)


def _unclear(claim, verdict, words):
    """A document with money of which nobody knows whether it arrived: it is asked
    for, and never sent again blindly (FA-H04)."""
    if claim.probe and verdict.outcome == "retry":
        return _Next("retry", 0, note="It had not arrived: sent again")
    if not claim.probe or verdict.outcome == "unknown":
        if claim.out.attempt < PROBES and not verdict.final:
            return _Next("unknown", retry_plan.wait(claim.out.attempt), note=words)
    return _Next("unknown", None, kind="delivery-unknown", note=words)


def _write_states(cr, target, results):
    rows = []
    for result in results:
        step = result.next = _next(target, result)
        claim = result.claim
        rows.append(
            (
                claim.out.delivery_id, claim.token, step.state, step.wait,
                1 if step.counted else 0, step.note or None,
            )
        )  # fmt: skip
    cr.execute(
        SQL(
            """
            UPDATE construction_sync_delivery d
               SET state = u.state, note = u.note, attempts = d.attempts + u.counted,
                   next_at = CASE WHEN u.wait IS NULL THEN NULL ELSE
                        (now() AT TIME ZONE 'UTC') + u.wait * interval '1 second' END,
                   done_at = CASE WHEN u.state IN ('delivered', 'dead')
                                  THEN now() AT TIME ZONE 'UTC' END,
                   lease_token = NULL, lease_until = NULL
              FROM unnest(%s) u (id, token, state, wait, counted, note)
             WHERE d.id = u.id AND d.lease_token = u.token AND d.state = 'leased'
         RETURNING d.id
            """,
            arrays(rows, ("int", "text", "text", "float8", "int", "text")),
        )
    )
    mine = {row[0] for row in cr.fetchall()}
    return [r for r in results if r.claim.out.delivery_id in mine]


def _write_attempts(cr, target, results, kept):
    rows = []
    for result in results:
        late = result.claim.token not in kept
        answer, request = result.answer, result.request
        rows.append(
            (
                result.claim.out.delivery_id,
                result.claim.token,
                "late" if late else result.verdict.outcome,
                answer.status if answer is not None else None,
                round(result.seconds * 1000),
                one_line(result.verdict.words, 300) or None,
                request_text(request, target.login) if request is not None else None,
                answer_text(answer) if answer is not None else None,
            )
        )
    kinds = ("int", "text", "text", "int", "int", "text", "text", "text")
    cr.execute(
        SQL(
            """
            UPDATE construction_sync_attempt a
               SET outcome = CASE WHEN a.outcome IS NULL THEN u.outcome ELSE 'late' END,
                   status = u.status, milliseconds = u.milliseconds,
                   words = u.words, request = u.request, response = u.response,
                   ended_at = now() AT TIME ZONE 'UTC'
              FROM unnest(%s) u (delivery_id, token, outcome, status, milliseconds,
                                 words, request, response)
             WHERE a.delivery_id = u.delivery_id AND a.token = u.token
            """,
            arrays(rows, kinds),
        )
    )


def request_text(request, login=None):
    """What was sent, as a person may see it: the login's headers without their values,
    whatever they are called."""
    address = request.url.partition("?")[0]
    secret = {name.lower() for name in (login.headers if login else ())}
    shown = {
        name: "••••" if name.lower() in secret else value
        for name, value in request.headers.items()
    }
    return _exchange(f"{request.method} {address}", shown, request.body)


def answer_text(answer):
    """What came back, as a person may see it."""
    return _exchange(str(answer.status), answer.headers, answer.body)


def _exchange(first, headers, body):
    lines = [first]
    lines += [f"{k}: {v}" for k, v in redaction.headers(headers).items()]
    return "\n".join([*lines, "", redaction.body(body or b"", KEPT)])


def _link(env, results):
    """The receiver's own id of an object becomes a link, as if it had sent it."""
    handlers = env["construction.sync.handler"]
    rows = [
        (
            r.claim.out.system_id, r.claim.out.entity, r.verdict.external_id[:255],
            r.claim.out.res_model, r.claim.out.res_id,
            r.claim.out.company_id if handlers._for(r.claim.out.entity)._per_company
            else None,
        )
        for r in results
        if r.verdict.external_id and not r.claim.out.deleted
    ]  # fmt: skip
    if not rows:
        return
    env.cr.execute(
        SQL(
            """
            INSERT INTO construction_sync_binding
                   (system_id, entity, external_id, res_model, res_id, company_id,
                    state, first_seen, last_seen, linked_by)
            SELECT DISTINCT ON (u.system_id, u.entity, u.external_id) u.*, 'linked',
                   now() AT TIME ZONE 'UTC', now() AT TIME ZONE 'UTC',
                   'Its answer to a delivery'
              FROM unnest(%s) u (system_id, entity, external_id, res_model, res_id,
                                 company_id)
             WHERE NOT EXISTS (
                    SELECT FROM construction_sync_binding b
                     WHERE b.system_id = u.system_id AND b.entity = u.entity
                       AND (b.external_id = u.external_id
                            OR (b.res_model = u.res_model AND b.res_id = u.res_id
                                AND b.state <> 'alias')))
            """,
            arrays(rows, ("int", "text", "text", "text", "int", "int")),
        )
    )


def _bring_back(cr, results):
    """Later changes of objects that were delivered may go now."""
    cr.execute(
        SQL(
            """
            UPDATE construction_sync_delivery d
               SET next_at = now() AT TIME ZONE 'UTC', note = NULL
              FROM unnest(%s::int[], %s::text[]) AS u (system_id, key)
             WHERE d.system_id = u.system_id AND d.key = u.key
               AND d.state = 'pending' AND d.attempts = 0
               AND d.next_at > now() AT TIME ZONE 'UTC'
            """,
            [r.claim.out.system_id for r in results],
            [r.claim.key for r in results],
        )
    )


WORDS = {
    "delivery-failing": "{title} could not be delivered to {system} {tries} times. "
    "{words} It is tried on.",
    "delivery-failed": "{title} could not be delivered to {system} in {tries} tries. "
    "{words}",
    "delivery-refused": "{system} does not take {title}. {words}",
    "delivery-unknown": "Nobody knows whether {title} arrived at {system}. {words}",
    "endpoint-gone": "{system} says that its address is no more. {words}",
    "endpoint-disabled": "{system} has not taken anything for days. {words}",
}


def _put_before_people(env, target, results):
    for result in results:
        step = result.next
        if step.kind:
            tell(env, target, step.kind, result.claim.out, step.note)


def tell(env, target, kind, out, words, problem=None):
    """Open the exception of a delivery that needs people; returns it."""
    env.cr.execute(
        SQL(
            "SELECT title, flow_id, company_id FROM construction_sync_delivery "
            "WHERE id = %s",
            out.delivery_id,
        )
    )
    title, flow_id, company_id = env.cr.fetchone()
    whole = kind in ("endpoint-gone", "endpoint-disabled")
    problem = problem or Problem(
        kind,
        WORDS[kind]
        .format(
            title=title or out.res_id,
            system=target.name,
            tries=out.attempt,
            words=words,
        )
        .strip(),
        extra={"subject": out.system_code if whole else f"{out.entity}:{out.res_id}"},
    )
    cause = f"{problem.kind}:{out.system_id}"
    if not whole:
        cause += f":{out.entity}:{out.res_id}"
    exception = park.open_exception(
        env,
        problem,
        system_id=out.system_id,
        flow_id=flow_id,
        company_id=company_id,
        entity=out.entity,
        cause=cause,
        record=None if whole else (out.res_model, out.res_id),
    )
    env.cr.execute(
        SQL(
            "UPDATE construction_sync_delivery SET exception_id = %s WHERE id = %s",
            exception.id,
            out.delivery_id,
        )
    )
    return exception


def refuse_unsent(env, target, claim, problem):
    """What cannot be sent as it is goes before a person and is never tried."""
    out = claim.out
    env.cr.execute(
        SQL(
            """
            UPDATE construction_sync_delivery
               SET state = 'dead', note = %s, done_at = now() AT TIME ZONE 'UTC',
                   next_at = NULL
             WHERE id = %s
            """,
            one_line(problem.detail, 300),
            out.delivery_id,
        )
    )
    tell(env, target, problem.kind, out, problem.detail, problem)
    journal = audit.Journal(env)
    _note(journal, claim, "parked", reason=problem.detail)
    journal.flush()


def settle_unsent(env, claim, words):
    """What the target has no use for is done with, and its object goes on."""
    env.cr.execute(
        SQL(
            """
            UPDATE construction_sync_delivery
               SET state = 'cancelled', note = %s, next_at = NULL,
                   done_at = now() AT TIME ZONE 'UTC'
             WHERE id = %s
            """,
            one_line(words, 300),
            claim.out.delivery_id,
        )
    )


def put_off(env, claim, words, seconds):
    """What must wait for something else to arrive is looked at again later; no try is
    counted."""
    env.cr.execute(
        SQL(
            """
            UPDATE construction_sync_delivery
               SET next_at = (now() AT TIME ZONE 'UTC') + %s * interval '1 second',
                   note = %s
             WHERE id = %s
            """,
            seconds,
            one_line(words, 300),
            claim.out.delivery_id,
        )
    )


def _close_settled(env, results):
    """Exceptions of objects that were delivered after all."""
    if not results:
        return
    ids = [r.claim.out.delivery_id for r in results]
    env.cr.execute(
        SQL(
            """
            SELECT e.id FROM construction_sync_exception e
             WHERE e.state <> 'resolved' AND e.id IN (
                   SELECT exception_id FROM construction_sync_delivery
                    WHERE id = ANY(%s) AND exception_id IS NOT NULL)
            """,
            ids,
        )
    )
    found = [row[0] for row in env.cr.fetchall()]
    if found:
        env["construction.sync.exception"].browse(found)._close("itself", by=False)


def _journal(env, results):
    """Audit what is final, and what is unclear."""
    journal = audit.Journal(env)
    told = [r for r in results if r.next.state in ("delivered", "dead", "unknown")]
    journal.prefetch([_doc_key(r.claim) for r in told])
    for result in told:
        action = {"delivered": "sent", "dead": "parked"}.get(
            result.next.state, "waiting"
        )
        _note(
            journal, result.claim, action,
            reason=result.next.note or None,
        )  # fmt: skip
    journal.flush()


def _doc_key(claim):
    out = claim.out
    return f"odoo>{out.system_code}/{out.entity}/{out.res_id}"


def _note(journal, claim, action, reason=None):
    out = claim.out
    journal.note(
        _doc_key(claim),
        action,
        system_id=out.system_id,
        company_id=out.company_id,
        record=(out.res_model, out.res_id),
        reason=reason,
        facts={"event": out.uuid, "sequence": str(out.sequence), "try": out.attempt},
    )
