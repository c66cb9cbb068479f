"""The answer to a write: read from where its message stands."""

from urllib.parse import quote

from odoo.http import request

from ..pipeline import drain, gateway
from ..schemas.problem import Problem
from . import endpoint

WAIT_SECONDS = 5.0
OUTCOME = {"created": "created", "updated": "changed", "archived": "changed",
           "linked": "changed"}  # fmt: skip


def put(entry, headers, call):
    """Apply the stored entry in its object's lane, and answer what came of it."""
    registry = request.env.registry
    drain.drain_object(
        registry, entry.flow_id, entry.external_id, entry.message_id, WAIT_SECONDS
    )
    return of_message(entry.uuid, headers, call)


def of_message(uuid, headers, call=None):
    """The answer that the message's present state gives.

    Final answers are kept for the call's Idempotency-Key; what a person can still
    clear, or what still waits, is looked at anew with every repetition.
    """
    with request.env.registry.cursor() as cr:
        env = gateway.environment(cr)
        message = env["construction.sync.message"].search([("uuid", "=", uuid)])
        location = f"{endpoint.BASE}/messages/{uuid}"
        if message.state in ("ready", "waiting", "retry"):
            env["construction.sync.carrier"]._ring([message.flow_id.id])
            return endpoint.json_response(
                {"message": uuid, "state": message.state},
                202,
                {**headers, "Location": location},
            )
        final = True
        if message.state in ("applied", "duplicate"):
            response = _applied(env, message, headers)
            exception = message.exception_id
            # what held it up before it was applied is of the past
            if exception.kind == "owner-conflict" and exception.state != "resolved":
                response = _refused(env, message, headers, location)
                final = False
        elif message.state == "superseded":
            response = _superseded(env, message, headers)
        else:
            response = _refused(env, message, headers, location)
            final = message.state == "discarded"
    if call is not None and final:
        call.keep(response)
    return response


def _binding(env, message):
    return env["construction.sync.binding"].search(
        [
            ("system_id", "=", message.system_id.id),
            ("entity", "=", message.entity),
            ("external_id", "=", message.external_id),
            ("company_id", "in", (message.company_id.id, False)),
        ],
        limit=1,
    )


def _applied(env, message, headers):
    outcome = "unchanged"
    if message.state == "applied":
        entry = env["construction.sync.audit"].search(
            [("message_id", "=", message.id)], limit=1
        )
        outcome = OUTCOME.get(entry.action, "unchanged")
    binding = _binding(env, message)
    created = outcome == "created"
    if created:
        path = f"{endpoint.BASE}/{message.entity}/{_quoted(message.external_id)}"
        headers = {**headers, "Location": path}
    return endpoint.json_response(
        {
            "outcome": outcome,
            "message": message.uuid,
            "id": message.external_id,
            "odoo_id": binding.res_id or message.res_id or None,
            "version": binding.version or message.version or None,
        },
        201 if created else 200,
        headers,
    )


def _quoted(external_id):

    return quote(external_id, safe="")


def _superseded(env, message, headers):
    binding = _binding(env, message)
    current = binding.version or ""
    if current:
        headers = {**headers, "Sync-Sequence": current}
    return endpoint.problem_response(
        Problem(
            "superseded",
            f"Version {current} stands, {message.version} came."
            if current
            else "A newer state stands.",
            extra={"current": current or None},
        ),
        headers,
    )


def _refused(env, message, headers, location):
    exception = message.exception_id
    if not exception:
        return endpoint.problem_response(
            Problem("gave-up", message.note or "It was given up."), headers
        )
    problem = Problem(exception.kind, exception.name, exception.pointer or "")
    status = None
    if exception.kind == "owner-conflict":
        status = 409
        problem.extra["conflicts"] = [
            {"field": c.field, "sent": c.source_value, "kept": c.odoo_value}
            for c in exception.conflict_ids
        ]
    headers = {**headers, "Location": location}
    if problem.status == 409 or status == 409:
        version = _binding(env, message).version
        if version:
            headers["Sync-Sequence"] = version
    return endpoint.problem_response(problem, headers, status=status, instance=location)
