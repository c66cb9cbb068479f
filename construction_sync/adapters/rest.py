from odoo import api, models

from ..pipeline import credentials, transport
from ..schemas.json_faults import StrictJsonError
from ..schemas.problem import Problem
from . import rest_fetching, rest_reading, rest_values, standard_webhooks
from .canonical import parse_events
from .fetched import FetchFailed, Source


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
