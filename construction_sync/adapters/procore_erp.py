from odoo import api, models

from ..pipeline import credentials, publish, transport
from ..pipeline.outgoing import NothingToSend, NotSendable, NotYet, not_sendable
from ..schemas.problem import Problem
from . import procore_erp_calls as calls
from . import procore_erp_fetching
from .fetched import FetchFailed, Source
from .procore import parse_delivery

#: how many announced requests are asked for in one go
AT_ONCE = 50
#: what of the requests that are known is remembered while a list is read
KNOWN = 5000
UNDONE = ("pending", "leased", "retry", "unknown", "held")


class ProcoreErpAdapter(models.AbstractModel):
    """Procore's ERP integration, both ways, as its guides for integrators say.

    Out of Procore comes what an accounting approver accepted there: an ERP request,
    which a webhook names and which is fetched. It is answered with ``origin_id`` and
    success, or with failure and words. Into Procore goes what an approver imports
    there: it is staged under ``odoo-<id>``, and written directly once Procore knows it.
    """

    _name = "construction.sync.adapter.procore_erp"
    _inherit = "construction.sync.adapter.procore"
    _description = "Procore with ERP integration"

    _sends = True
    #: everything is found again by its id or ``origin_id``: nothing is made twice
    _repeatable = True
    _learns_ids = True
    _called = True
    _usual = {
        "address": "https://api.procore.com",
        "login_kind": "oauth2",
        "token_address": "https://login.procore.com/oauth/token",
    }
    _own_flows = (
        {"entity": "procore_request", "direction": "in", "fetches": True},
        {"entity": "procore_request", "direction": "out"},
    )

    @api.private
    def parse(self, raw, headers):
        """A notice of an ERP request asks for the request and says nothing itself; a
        request that was posted whole is fetched all the same."""
        found = parse_delivery(raw)
        for parsed in found:
            data = parsed.data or {}
            if data.get("resource") == "ERP Requests" and data["resource_id"].isdigit():
                parsed.asks = data["resource_id"]
            elif parsed.entity is not None:
                parsed.entity = None
                parsed.problems = [
                    Problem(
                        "unsupported",
                        "Procore posted an event with its content. Only ERP requests "
                        "that are fetched are applied.",
                        extra={"event": "procore content"},
                    )
                ]
        return found

    @api.private
    def asked(self, system, name):
        self.env["construction.sync.procore.request"]._announce(system, name)

    @api.private
    def settled(self, flow, rows):
        self.env["construction.sync.procore.answer"]._settle(flow, rows)

    # ---- fetching ------------------------------------------------------------------

    @api.private
    def source(self, flow):
        system = flow.system_id
        if flow.entity != "procore_request":
            return None
        if not system.procore_company:
            raise FetchFailed(
                "address",
                f"{system.name}: enter the number of the company in Procore, under "
                "Sending.",
            )
        try:
            login = credentials.prepare(self.env, system)
        except credentials.CredentialUnavailable as error:
            raise FetchFailed("login", f"{system.name}: {error}") from error
        self.env["construction.sync.procore.answer"]._look_again(system)
        announced, known = self.env["construction.sync.procore.request"]._numbers(
            system, AT_ONCE, KNOWN
        )
        return Source(
            system_id=system.id,
            system=system.code,
            name=system.name,
            flow_id=flow.id,
            entity=flow.entity,
            address=system.address or "",
            setting=procore_erp_fetching.Requests(
                self._place(system), announced, known
            ),
            call=transport.call,
            login=login,
            policy=login.policy,
            headers={line.name: line.value for line in system.header_ids},
            timeout=float(system.timeout_seconds or 20),
        )

    @api.private
    def fetch(self, source, cursor):
        return procore_erp_fetching.fetch(source, cursor)

    def _place(self, system):
        return calls.Place(
            system.address or "",
            system.procore_company,
            system.procore_code_list,
            float(system.timeout_seconds or 20),
        )

    # ---- the way out ---------------------------------------------------------------

    @api.private
    def request(self, out):
        system = self.env["construction.sync.system"].browse(out.system_id)
        if not system.procore_company:
            raise not_sendable(
                self.env._(
                    "%(system)s has no company number. Enter the number that the "
                    "company has in Procore, under Sending, then send it again.",
                    system=system.name,
                )
            )
        place = self._place(system)
        if out.entity == "procore_request":
            return self._answer(out, place, system)
        if out.entity not in calls.KINDS:
            raise NothingToSend(
                self.env._("%(system)s takes no such data type.", system=system.name)
            )
        if out.entity == "cost_code" and not system.procore_code_list:
            raise not_sendable(
                self.env._(
                    "%(system)s has no list of cost codes. Enter the number of its ERP "
                    "standard cost code list, under Sending, then send it again.",
                    system=system.name,
                )
            )
        return self._object(out, place)

    def _object(self, out, place):
        origin_id = calls.origin_of(out.res_id)
        if out.deleted:
            return self._gone(out, place, origin_id)
        values = publish.in_own_words(
            self.env, out.entity, out.data, out.system_id
        )  # fmt: skip
        if out.entity == "cost_code":
            values = self._segment(out, values)
        data, problems = calls.fields_of(out.entity, values)
        if problems:
            words = " ".join(p.detail for p in problems)
            first = problems[0]
            raise NotSendable(
                Problem(first.kind, f"{values.get('name')}: {words}", first.pointer)
            )
        if out.external_id is None and out.entity in calls.STAGED:
            out.plan = calls.Plan("stage", origin_id)
            code = values.get("number") or None
            status = None if self._told_before(out) else "staged"
            return calls.stage(place, out.entity, origin_id, code, data, status)
        out.plan = calls.Plan("sync", origin_id, out.external_id)
        update = {**data, "origin_id": origin_id}
        if out.entity == "project":
            update["active"] = True
        elif out.entity == "vendor":
            update["is_active"] = True
        if out.external_id:
            update["id"] = self._number(out)
        return calls.sync(place, out.entity, update)

    def _number(self, out):
        if not out.external_id.isdigit():
            raise not_sendable(
                self.env._(
                    "Its link names %(id)s, which is no number of Procore. Correct the "
                    "link, then send it again.",
                    id=out.external_id,
                )
            )
        return int(out.external_id)

    def _gone(self, out, place, origin_id):
        """Archived in Odoo: inactive there, or out of the approvers' sight."""
        record = self.env[out.res_model].browse(out.res_id).exists()
        name = record.display_name if record else origin_id
        if out.entity == "cost_code":
            raise NothingToSend(
                self.env._("Cost codes are taken out of use in Procore itself.")
            )
        if out.external_id is None:
            out.plan = calls.Plan("stage", origin_id)
            data = {"name": name}
            return calls.stage(place, out.entity, origin_id, None, data, "archived")
        out.plan = calls.Plan("sync", origin_id, out.external_id)
        active = "is_active" if out.entity == "vendor" else "active"
        update = {"id": self._number(out), "name": name, active: False}
        return calls.sync(place, out.entity, update)

    def _told_before(self, out):
        """Whether the object was staged before: its status there is the approvers'."""
        return bool(
            self.env["construction.sync.delivery"].search_count(
                [
                    ("system_id", "=", out.system_id),
                    ("key", "=", f"{out.entity}:{out.res_id}"),
                    ("state", "=", "delivered"),
                    ("id", "<", out.delivery_id),
                ],
                limit=1,
            )
        )

    def _segment(self, out, values):
        """A cost code as Procore wants it: what stands behind its heading's code, and
        the heading by its number there."""
        heading = self.env[out.res_model].browse(out.res_id).parent_id
        code, above = values["code"], heading.normalised_code or ""
        segment = code
        if above and code.startswith(above):
            segment = code[len(above) :].lstrip(" -./") or code
        parent = values.get("parent")
        if isinstance(parent, dict):
            self._wait_for(out, heading)
        return {
            **values,
            "segment": segment,
            "parent": int(parent) if parent and str(parent).isdigit() else None,
        }

    def _wait_for(self, out, heading):
        """The heading has no number there yet: wait while it is on its way."""
        on_its_way = self.env["construction.sync.delivery"].search_count(
            [
                ("system_id", "=", out.system_id),
                ("key", "=", f"cost_code:{heading.id}"),
                ("state", "in", UNDONE),
            ],
            limit=1,
        )
        name = heading.display_name
        if on_its_way:
            raise NotYet(self.env._("Waits for its heading %(name)s", name=name))
        raise not_sendable(
            self.env._(
                "Procore does not know its heading %(name)s. Send that first, then "
                "send this again.",
                name=name,
            ),
            "/parent",
        )

    def _answer(self, out, place, system):
        """The answer to a request: ``origin_id`` first, then the detail is closed."""
        record = self.env["construction.sync.procore.answer"].browse(out.res_id)
        if out.deleted or record.exists().system_id != system:
            raise NothingToSend(self.env._("It is the answer to somebody else."))
        answer = out.data
        closing = calls.close(place, answer)
        if answer["status"] == "success" and answer["origin_id"]:
            out.plan = calls.Plan("mark", then=closing)
            return calls.mark(place, answer)
        out.plan = calls.Plan("close")
        return closing

    @api.private
    def judge(self, out, answer):
        return calls.judge(out.plan, answer)

    @api.private
    def probe(self, out):
        system = self.env["construction.sync.system"].browse(out.system_id)
        if out.entity not in calls.KINDS:
            return None
        staged = out.entity in calls.STAGED and out.external_id is None
        out.plan = calls.Plan(
            "stage" if staged else "sync", calls.origin_of(out.res_id), out.external_id
        )
        return calls.look(self._place(system), out.plan, out.entity)

    @api.private
    def judge_probe(self, out, answer):
        return calls.judge_look(out.plan, answer)

    @api.private
    def hello(self, system):
        """Whether the service account is let in: the companies it sees."""
        return self._place(system).call("GET", "/companies")
