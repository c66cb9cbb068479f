"""``POST /events``: one event or a batch, stored before the answer."""

from itertools import zip_longest

from odoo import http
from odoo.http import request

from ..pipeline import gateway, intake, reach
from ..schemas import problem_document, strict_json
from ..schemas.envelope import (
    BATCH_MEDIA_TYPE,
    EVENT_MEDIA_TYPE,
    Envelope,
    event_id_of,
    judge,
    judge_batch,
)
from ..schemas.json_faults import StrictJsonError
from ..schemas.problem import Problem, strict_json_problem
from . import endpoint


class EventsController(http.Controller):
    @endpoint.route("/events", methods=["POST"])
    def post_events(self, **_parameters):
        who, headers = endpoint.caller()
        media_type = endpoint.media_type()
        if media_type not in (EVENT_MEDIA_TYPE, BATCH_MEDIA_TYPE):
            raise endpoint.Refused(
                Problem("media-type", f"Send {EVENT_MEDIA_TYPE} or {BATCH_MEDIA_TYPE}.")
            )
        raw = endpoint.body()
        trace = request.httprequest.headers.get("traceparent")
        if media_type == EVENT_MEDIA_TYPE:
            if len(raw) > endpoint.MAX_OBJECT:
                raise endpoint.Refused(
                    Problem("body-too-large", "One event has at most 1 MiB.")
                )
            return _answer_one(_take(who, [judge(raw, trace=trace)])[0], headers)
        try:
            judged = judge_batch(raw, trace=trace)
        except StrictJsonError as error:
            raise endpoint.Refused(strict_json_problem(error)) from error
        return _answer_batch(_take(who, judged), headers, _ids(raw, judged))


def _take(who, judged):
    """Judge each event against the caller's rights and store what is left; returns
    an Entry, or a list of problems, per event."""
    env = gateway.environment(request.env.cr)
    routes = env["construction.sync.flow"]._routes()
    answers, entries = [], []
    for event in judged:
        if isinstance(event, Envelope):
            answer = _entry(who, routes, event)
            if isinstance(answer, intake.Entry):
                entries.append(answer)
        else:
            answer = event
        answers.append(answer)
    if who.projects or who.vendors:
        answers = _within_reach(env, who, answers)
        entries = [a for a in answers if isinstance(a, intake.Entry)]
    if entries:
        intake.store(request.env.registry, entries, cr=request.env.cr)
    return answers


def _within_reach(env, who, answers):
    """The answers, with a problem for what a limited caller may not change."""
    groups = {}
    for entry in answers:
        if isinstance(entry, intake.Entry):
            group = groups.setdefault((entry.entity, entry.system_id), {})
            group.setdefault(entry.external_id, []).append(entry)
    out = set()
    for (entity, system_id), objects in groups.items():
        for entries in zip_longest(*objects.values()):
            data = {e.external_id: e.data for e in entries if e is not None}
            beyond = reach.beyond(env, who, entity, system_id, data)
            out.update(id(e) for e in entries if e and e.external_id in beyond)
    return [
        [Problem("not-found", "There is no such object.", "/subject")]
        if id(answer) in out
        else answer
        for answer in answers
    ]


def _entry(who, routes, event):
    """An Entry for the inbox, or the problem that keeps it out."""
    system_id = who.system_ids.get(event.source)
    if system_id is None:
        return [
            Problem(
                "source-not-allowed",
                "The source is not one of the systems that this key speaks for.",
                "/source",
            )
        ]
    if not who.may(event.entity, "write"):
        return [
            Problem("forbidden", f"The key has no scope {event.entity}:write.", "/type")
        ]
    flow = routes.get((system_id, event.entity))
    if flow is None or flow.state == "off":
        return [
            Problem("flow-off", "This kind of object is switched off here.", "/type")
        ]
    return intake.Entry(
        system_id=system_id,
        flow_id=flow.id,
        entity=event.entity,
        external_id=event.subject,
        event_id=event.id,
        raw=event.raw,
        data=event.data,
        deleted=event.deleted,
        version=event.sequence,
        event_time=intake.utc(event.time),
        trace_id=event.trace_id,
        client_id=who.client_id,
        company_id=flow.company_of(getattr(event.data, "company", None)),
    )


def _ids(raw, judged):
    """The event ids of a batch as far as they can be read, refused ones included."""
    if all(isinstance(event, Envelope) for event in judged):
        return [event.id for event in judged]
    return [
        event.id if isinstance(event, Envelope) else event_id_of(raw[start:end])
        for event, (start, end) in zip(
            judged, strict_json.slice_array(raw), strict=True
        )
    ]


def _answer_one(answer, headers):
    if not isinstance(answer, intake.Entry):
        return endpoint.problem_response(answer, headers)
    if answer.status == "rejected":
        return endpoint.problem_response(answer.problems, headers)
    return _answer_batch([answer], headers, [answer.event_id])


def _answer_batch(answers, headers, ids):
    counts = {"accepted": 0, "duplicate": 0, "rejected": 0}
    events = []
    for answer, event_id in zip(answers, ids, strict=True):
        if isinstance(answer, intake.Entry) and answer.status != "rejected":
            counts[answer.status] += 1
            events.append(
                {
                    "id": answer.event_id,
                    "status": answer.status,
                    "message": answer.uuid,
                }
            )
            continue
        rejected = isinstance(answer, intake.Entry)
        counts["rejected"] += 1
        events.append(
            {
                "id": event_id,
                "status": "rejected",
                "error": problem_document(answer.problems if rejected else answer),
            }
        )
    taken = counts["accepted"] + counts["duplicate"]
    status = 202 if taken or not answers else 422
    return endpoint.json_response({**counts, "events": events}, status, headers)
