"""``GET /messages/<uuid>``: where a message stands."""

import re

from odoo import http
from odoo.http import request

from ..pipeline import gateway
from ..schemas import problem_document
from ..schemas.problem import Problem
from . import endpoint

UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class MessagesController(http.Controller):
    @endpoint.route("/messages/<string:uuid>", methods=["GET", "HEAD"])
    def get_message(self, uuid, **_parameters):
        who, headers = endpoint.caller()
        message = None
        if UUID.fullmatch(uuid.lower()):
            env = gateway.environment(request.env.cr)
            message = env["construction.sync.message"].search(
                [
                    ("uuid", "=", uuid.lower()),
                    ("system_id", "in", list(who.system_ids.values())),
                ]
            )
        if not message or not (
            who.may(message.entity, "read") or who.may(message.entity, "write")
        ):
            raise endpoint.Refused(Problem("not-found", "There is no such message."))
        return endpoint.json_response(_standing(message), headers=headers)


def _standing(message):
    exception = message.exception_id
    problem = None
    if exception and message.state in ("exception", "dead"):
        problem = problem_document(
            Problem(exception.kind, exception.name, exception.pointer or "")
        )
    return {
        "message": message.uuid,
        "state": message.state,
        "system": message.system_id.code,
        "entity": message.entity,
        "id": message.external_id,
        "event": message.event_id,
        "version": message.version or None,
        "received_at": endpoint.time_text(message.received_at),
        "applied_at": endpoint.time_text(message.applied_at),
        "waits_on": message.note if message.state == "waiting" else None,
        "superseded_by": message.superseded_by_id.uuid or None,
        "problem": problem,
        "history": [
            {"at": endpoint.time_text(entry.at), "what": entry.action}
            for entry in message.history_ids.sorted("id")
        ],
    }
