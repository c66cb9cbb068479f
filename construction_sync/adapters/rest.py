from odoo import api, models

from ..pipeline import credentials, publish, transport
from ..pipeline.outgoing import NothingToSend, NotSendable, not_sendable
from ..schemas.json_faults import StrictJsonError
from ..schemas.problem import Problem
from . import (
    rest_fetching,
    rest_reading,
    rest_values,
    rest_writing,
    standard_webhooks,
)
from .canonical import parse_events
from .fetched import FetchFailed, Source
from .rest_expressions import ExpressionError


class RestAdapter(models.AbstractModel):
    """A REST interface that an administrator described in forms, without code.

    What it lists is fetched (``construction.sync.rest.fetch``), what Odoo publishes is
    sent (``construction.sync.rest.send``). Webhooks it sends itself are canonical
    events, signed as Standard Webhooks.
    """

    _name = "construction.sync.adapter.rest"
    _inherit = "construction.sync.adapter"
    _description = "REST interface (set up by forms)"

    @api.private
    def verify(self, keys, raw, headers):
        standard_webhooks.verify(keys, raw, headers)

    @api.private
    def parse(self, raw, headers):
        return parse_events(raw)

    @api.private
    def source(self, flow):
        """All that fetching ``flow`` needs, read now; None when no list is set up."""
        call = self.env["construction.sync.rest.fetch"].search(
            [("system_id", "=", flow.system_id.id), ("entity", "=", flow.entity)]
        )
        return self._source(call, flow.id) if call else None

    def _source(self, call, flow_id):
        system = call.system_id
        try:
            login = credentials.prepare(self.env, system)
        except credentials.CredentialUnavailable as error:
            raise FetchFailed("login", f"{system.name}: {error}") from error
        return Source(
            system_id=system.id,
            system=system.code,
            name=system.name,
            flow_id=flow_id,
            entity=call.entity,
            address=system.address or "",
            setting=call._list_call(),
            call=transport.call,
            login=login,
            policy=login.policy,
            headers={line.name: line.value for line in system.header_ids},
            timeout=float(system.timeout_seconds or 20),
        )

    @api.private
    def fetch(self, source, cursor):
        """See ``rest_fetching.fetch``; touches neither database nor environment."""
        return rest_fetching.fetch(source, cursor)

    @api.private
    def reader(self, flow):
        """A function that makes canonical words of a fetched record's bytes.

        :return: ``raw -> (data, problems)``; values are looked up among the system's
            mappings as they stand now, so a replay finds what was mapped meanwhile
        """
        call = self.env["construction.sync.rest.fetch"].search(
            [("system_id", "=", flow.system_id.id), ("entity", "=", flow.entity)]
        )
        if not call:
            return self._unset(flow)
        reading = call._reading()
        lookup = self._crosswalk(flow.system_id)

        def read(raw):
            try:
                record = rest_values.read_answer(raw)
            except StrictJsonError as error:
                return {}, [Problem("unreadable", error.reason)]
            return rest_reading.read(reading, record, lookup)

        return read

    def _unset(self, flow):
        problem = Problem(
            "mapping-failed",
            f"{flow.system_id.name} has no list for {flow.entity.replace('_', ' ')} "
            "any more, so its records cannot be read.",
        )
        return lambda raw: ({}, [problem])

    def _crosswalk(self, system):
        known = {}
        crosswalk = self.env["construction.sync.crosswalk"]

        def lookup(kind, value):
            if (kind, value) not in known:
                line = crosswalk._lookup(system, kind, {value}).get(value)
                known[kind, value] = line.target_value if line else None
            return known[kind, value]

        return lookup

    # ---- the way out ---------------------------------------------------------------

    _sends = True
    _called = True
    #: nobody knows whether a foreign interface looks at the Idempotency-Key
    _repeatable = False
    _learns_ids = True

    @api.private
    def request(self, out):
        """The call of the form for this delivery, checked against the target's limits.

        :raises NothingToSend: the target has no call for a deletion
        """
        call = self._send_call(out)
        values = rest_writing.context(out, self._own_words(out))
        name = rest_writing.operation(out)
        out.plan = rest_writing.Plan(call, name)
        try:
            place = rest_writing.path(call, name, values)
        except ExpressionError as error:
            raise not_sendable(f"{call.system}: {error}") from error
        if place is None:
            raise NothingToSend(
                self.env._("%(system)s takes no deletions.", system=call.system)
            )
        headers = {"Accept": "application/json"}
        if call.key_header:
            headers[call.key_header] = out.uuid
        raw = None
        if name != "delete":
            found, problems = rest_writing.body(
                call, values, self._their_value(out.system_id)
            )
            if problems:
                raise self._beyond(out, problems)
            headers["Content-Type"], raw = rest_writing.encoded(call, found)
        method, path = place
        return transport.Request(
            method, rest_writing.url(out.address, path), headers, raw, out.timeout
        )

    def _beyond(self, out, problems):
        """All that the target cannot take, in one problem with the first pointer."""
        first = problems[0]
        title = (out.data or {}).get("name") or (out.data or {}).get("code")
        words = " ".join(p.detail for p in problems)
        return NotSendable(
            Problem(first.kind, f"{title or out.entity}: {words}", first.pointer)
        )

    @api.private
    def judge(self, out, answer):
        return rest_writing.judge(out.plan, answer)

    @api.private
    def probe(self, out):
        call = self._send_call(out)
        out.plan = rest_writing.Plan(call, "probe")
        values = rest_writing.context(out, out.data)
        try:
            place = rest_writing.probe_request(call, values)
        except ExpressionError:
            return None
        if place is None:
            return None
        method, path = place
        return transport.Request(
            method,
            rest_writing.url(out.address, path),
            {"Accept": "application/json"},
            None,
            out.timeout,
        )

    @api.private
    def judge_probe(self, out, answer):
        return rest_writing.judge_probe(out.plan, answer)

    def _send_call(self, out):
        call = self.env["construction.sync.rest.send"].search(
            [("system_id", "=", out.system_id), ("entity", "=", out.entity)]
        )
        if not call:
            raise not_sendable(
                self.env._(
                    "%(system)s has no call for %(entity)s yet. Set one up under REST "
                    "calls on its form, then send it again.",
                    system=self.env["construction.sync.system"]
                    .browse(out.system_id)
                    .name,
                    entity=out.entity.replace("_", " "),
                )
            )
        return call._send_call()

    def _own_words(self, out):
        """The frozen data, with the target's ids of what has become known there since
        it was frozen (a project that was created a moment ago)."""
        return publish.in_own_words(self.env, out.entity, out.data, out.system_id)

    def _their_value(self, system_id):
        """``(kind, value here) -> value there``, from the system's value mappings."""
        known = {}

        def lookup(kind, value):
            if kind not in known:
                known[kind] = self._mapped_back(system_id, kind)
            if isinstance(value, dict):
                value = value.get("odoo_id") or value.get("code") or value.get("id")
            return known[kind].get(str(value))

        return lookup

    def _mapped_back(self, system_id, kind):
        """``{value or name, code or id of the record here: value there}``."""
        found = {}
        lines = self.env["construction.sync.crosswalk"].search(
            [("system_id", "=", system_id), ("kind", "=", kind)], order="id desc"
        )
        for line in lines:
            if line.target_value:
                found[line.target_value] = line.source_value
            elif line.target:
                target = line.target
                names = {str(target.id), target.display_name}
                names |= {
                    target[name]
                    for name in ("name", "code")
                    if name in target._fields and target[name]
                }
                found.update(dict.fromkeys(names, line.source_value))
        return found
