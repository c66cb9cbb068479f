"""``PUT`` and ``GET`` of single objects, and lists of them."""

from urllib.parse import urlencode

from odoo import http
from odoo.http import request

from ..pipeline import gateway, intake, reach, reading
from ..schemas import strict_json
from ..schemas.envelope import read_sequence, traceparent
from ..schemas.json_faults import StrictJsonError
from ..schemas.problem import Problem, problems_of, strict_json_problem
from . import answers, endpoint, idempotency


class ObjectsController(http.Controller):
    @endpoint.route("/<string:entity>/<path:_id>", methods=["GET", "HEAD", "PUT"])
    def one(self, entity, _id, **_parameters):
        who, headers = endpoint.caller()
        schema = endpoint.known_entity(entity)
        external_id = endpoint.external_id(entity)
        if request.httprequest.method == "PUT":
            endpoint.allowed(who, entity, "write")
            return _put(who, headers, schema, external_id)
        endpoint.allowed(who, entity, "read")
        system_id, _code = endpoint.own_system(who)
        return _get(who, headers, entity, system_id, external_id)

    @endpoint.route("/<string:entity>", methods=["GET", "HEAD"])
    def many(self, entity, **_parameters):
        who, headers = endpoint.caller()
        endpoint.known_entity(entity)
        endpoint.allowed(who, entity, "read")
        system_id, _code = endpoint.own_system(who)
        query = request.httprequest.args
        env = gateway.environment(request.env.cr)
        page = reading.page(
            env,
            who,
            entity,
            system_id,
            limit=_limit(query.get("limit")),
            after=query.get("updated_after"),
            cursor=query.get("cursor"),
        )
        if page.next:
            address = f"{endpoint.BASE}/{entity}?" + _next_query(query, page.next)
            headers = {**headers, "Link": f'<{address}>; rel="next"'}
        return endpoint.json_response(
            {"items": page.items, "next": page.next}, headers=headers
        )


def _limit(text):
    if text is None:
        return 100
    if text.isascii() and text.isdigit() and 1 <= int(text) <= 1000:
        return int(text)
    raise endpoint.Refused(
        Problem("parameter-invalid", "The limit goes from 1 to 1,000.", "limit")
    )


def _next_query(query, cursor):

    kept = {k: v for k, v in query.items() if k != "cursor"}
    return urlencode({**kept, "cursor": cursor})


def _get(who, headers, entity, system_id, external_id):
    env = gateway.environment(request.env.cr)
    found = reading.one(env, who, entity, system_id, external_id)
    if found is None:
        raise endpoint.Refused(Problem("not-found", "There is no such object."))
    tag = reading.etag(found)
    if request.httprequest.headers.get("If-None-Match") in (tag, f"W/{tag}", "*"):
        response = request.make_response("", headers=[("ETag", tag)], status=304)
        response.headers.update(headers)
        return response
    return endpoint.json_response(found, headers={**headers, "ETag": tag})


def _put(who, headers, schema, external_id):
    entity = schema.entity
    system_id, code = endpoint.own_system(who)
    if endpoint.media_type() != "application/json":
        raise endpoint.Refused(Problem("media-type", "Send application/json."))
    raw = endpoint.body(endpoint.MAX_OBJECT)
    incoming = request.httprequest.headers
    call = idempotency.Call.presented(
        who,
        incoming.getlist("Idempotency-Key"),
        schema.money,
        ("PUT", "v1", entity, external_id, code, incoming.get("Sync-Sequence", "")),
        raw,
    )
    if call is not None and (replayed := call.earlier()) is not None:
        return replayed
    entry = _read(who, schema, external_id, system_id, raw, incoming)
    if not isinstance(entry, intake.Entry):
        response = endpoint.problem_response(entry, headers)
        if call is not None:
            call.keep(response)
        return response
    env = gateway.environment(request.env.cr)
    if reach.beyond(env, who, entity, system_id, {external_id: entry.data}):
        raise endpoint.Refused(Problem("not-found", "There is no such object."))
    try:
        intake.store(request.env.registry, [entry], idempotency=call and call.values())
    except idempotency.TAKEN:
        # the same call is being answered by another worker right now
        return call.earlier(wait=True) or call.running()
    return answers.put(entry, headers, call)


def _read(who, schema, external_id, system_id, raw, incoming):
    """The entry to store, or what is wrong with the call."""
    sequence = incoming.get("Sync-Sequence")
    version = read_sequence(sequence) if sequence is not None else None
    if isinstance(version, Problem):
        return [version]
    try:
        value = strict_json.parse(raw)
    except StrictJsonError as error:
        return [strict_json_problem(error)]
    try:
        data = schema.model_validate(value)
    except ValueError as error:
        return problems_of(error)
    env = gateway.environment(request.env.cr)
    flow = env["construction.sync.flow"]._routes().get((system_id, schema.entity))
    if flow is None or flow.state == "off":
        return [Problem("flow-off", "This kind of object is switched off here.")]
    return intake.Entry(
        system_id=system_id,
        flow_id=flow.id,
        entity=schema.entity,
        external_id=external_id,
        event_id=f"put-{intake.new_uuid()}",
        raw=raw,
        content_type=intake.DATA_TYPE,
        data=data,
        version=version,
        trace_id=traceparent(incoming.get("traceparent"))[3:35],
        client_id=who.client_id,
        company_id=flow.company_of(getattr(data, "company", None)),
    )
