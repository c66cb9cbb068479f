"""ERP requests that were fetched from Procore: understood here, answered when what
they asked for has come to an end.

A request exists because somebody in Procore accepted something (an accounting approver)
or asked for something. What it carries becomes ordinary messages, in the same
transaction; what it only reports (a staged record was imported) becomes a link.
"""

from odoo import models

from ..adapters import procore_erp_events, procore_webhooks
from ..adapters.parsed import Parsed
from ..adapters.procore_erp_calls import record_of
from ..adapters.procore_erp_events import details_of
from ..adapters.procore_webhooks import text_of
from ..pipeline import audit, intake, publish
from ..schemas.problem import Problem, one_line

#: an approver imported or linked what Odoo had staged -> (data type, key)
IMPORTED = {
    "create_vendor_in_procore": ("vendor", "vendor"),
    "link_vendor": ("vendor", "vendor"),
    "link_all_vendors": ("vendor", "vendors"),
    "create_job_in_procore": ("project", "project"),
}
#: somebody pressed a refresh button -> data type
REFRESHED = {
    "sync_vendors": "vendor",
    "sync_jobs": "project",
    "sync_standard_cost_codes": "cost_code",
}
#: sent on a clock, or about what Odoo does not keep: nothing is required
QUIET = ("sync_single_job", "sync_sub_job", "sync_standard_categories")


def said(problem):
    """A problem in one sentence for people in Procore, who see no pointer."""
    field = problem.pointer.rpartition("/")[2].replace("_", " ")
    return f"{field}: {problem.detail}" if field else problem.detail


class ProcoreRequestHandler(models.AbstractModel):
    _name = "construction.sync.handler.procore_request"
    _inherit = "construction.sync.handler.hook"
    _description = "Construction Sync: Procore ERP requests"

    _entity = "procore_request"
    _target = "construction.sync.procore.answer"

    def title(self, item):
        return item.rows[0].title or item.external_id

    def export_domain(self):
        return [("state", "in", ("success", "failed"))]

    def export(self, records):
        return [
            {
                "name": answer.title,
                "request": answer.request_id.number,
                "detail": answer.detail,
                "item_type": answer.item_type or "",
                "item_id": answer.item_id or "",
                "origin_id": answer.origin_id or "",
                "status": answer.state,
                "messages": [answer.words] if answer.words else [],
            }
            for answer in records
        ]

    def _understand(self, item, flows):
        row = item.rows[0]
        body = procore_webhooks.read_body(bytes(row.raw))
        if isinstance(body, Parsed) or not isinstance(body, dict):
            problem = body.problem if isinstance(body, Parsed) else None
            item.fail(problem or Problem("unreadable", "A request is a JSON object."))
            return
        requests = self.env["construction.sync.procore.request"]
        if body.get("missing"):
            requests._fetched(item.system, item.external_id, "", "missing")
            row.note = self.env._(
                "A webhook named this request; Procore does not know it"
            )
            return
        name = one_line(text_of(body.get("request_name")), 100)
        request = requests._fetched(item.system, item.external_id, name)
        if name in IMPORTED:
            self._imported(item, row, body, name, flows)
        elif name in REFRESHED:
            self._refreshed(item, row, body, request, REFRESHED[name])
        elif name in QUIET:
            row.note = self.env._("Nothing is to be done")
        else:
            self._carried(item, row, body, request, flows)

    # ---- objects -------------------------------------------------------------------

    def _carried(self, item, row, body, request, flows):
        """Objects that were accepted for Odoo become messages; each is answered when
        its message has come to an end."""
        found = procore_erp_events.parse(body, f"object-of-{request.number}")
        details = details_of(body)
        entries, answers = [], []
        for position, parsed in enumerate(found):
            detail = details[position] if position < len(details) else ("", "", "")
            problem = parsed.problem or self._no_flow(item, parsed, flows)
            if problem is not None:
                problem.extra.setdefault("subject", request.number)
                item.fail(problem)
                answers.append(self._answer(request, parsed, detail, said(problem)))
                continue
            entry = self._entry(item, row, parsed, flows[parsed.entity])
            entries.append(entry)
            answers.append(self._answer(request, parsed, detail, entry=entry))
        intake.store_in(self.env.cr, entries)
        for answer, entry in answers:
            if entry is not None and entry.status == "rejected":
                item.fail(entry.problems[0])
                answer.update(state="failed", words=said(entry.problems[0])[:250])
            elif entry is not None:
                answer["message_uuid"] = entry.uuid
        self._keep([answer for answer, _entry in answers])
        row.note = self.env._("Understood as %(count)s messages", count=len(entries))
        if item.failed:
            row.note = ""
            item.problems = item.problems[:1]

    def _answer(self, request, parsed, detail, words="", entry=None):
        """``(values of the answer, entry)``."""
        item_type, item_id, number = detail
        return {
            "request_id": request.id,
            "detail": number,
            "title": one_line(f"{request.name}: {parsed.title}", 250),
            "entity": parsed.entity,
            "item_type": item_type,
            "item_id": parsed.external_id or item_id,
            "state": "failed" if words else "open",
            "words": words[:250] or False,
        }, entry

    def _keep(self, answers):
        """Answers that Procore waits for, each once."""
        model = self.env["construction.sync.procore.answer"]
        for values in answers:
            if not values["detail"]:
                continue
            known = model.search(
                [
                    ("request_id", "=", values["request_id"]),
                    ("detail", "=", values["detail"]),
                ]
            )
            if known:
                known.write(values)
            else:
                model.create(values)

    # ---- what was staged by us -------------------------------------------------------

    def _imported(self, item, row, body, name, flows):
        """A staged record got its number in Procore: from now on it is linked."""
        entity, key = IMPORTED[name]
        data = body.get("request_data")
        found = data.get(key) if isinstance(data, dict) else None
        linked = 0
        for one in found if isinstance(found, list) else [found]:
            if isinstance(one, dict):
                linked += self._link(item, row, entity, one)
        if linked:
            row.note = self.env._("%(count)s linked with Procore", count=linked)
        else:
            row.note = self.env._("It names nothing that Odoo had staged")

    def _link(self, item, row, entity, one):
        """Link one object; 1 when that was new."""
        number, record_id = text_of(one.get("id")), record_of(one.get("origin_id"))
        handler = self._for(entity)
        if not number or record_id is None:
            return 0
        record = self.env[handler._target].browse(record_id).exists()
        links = self.env["construction.sync.binding"]
        mine = [("system_id", "=", item.system.id), ("entity", "=", entity)]
        if not record or links.search_count(
            [
                *mine,
                "|",
                ("external_id", "=", number),
                "&",
                ("res_model", "=", record._name),
                ("res_id", "=", record_id),
            ],
            limit=1,
        ):
            return 0
        company = item.system.company_id if handler._per_company else None
        links.create(
            {
                "system_id": item.system.id,
                "entity": entity,
                "external_id": number,
                "res_model": record._name,
                "res_id": record_id,
                "company_id": company.id if company else False,
                "state": "linked",
                "linked_by": self.env._("Imported in Procore by an approver"),
            }
        )
        journal = audit.Journal(self.env)
        journal.note(
            audit.doc_key(
                item.system.code, entity, number, company.id if company else None
            ),
            "linked",
            system_id=item.system.id,
            company_id=company.id if company else None,
            message=(row.id, row.uuid),
            record=(record._name, record_id),
            reason="Imported in Procore by an approver",
        )
        journal.flush()
        return 1

    # ---- buttons ---------------------------------------------------------------------

    def _refreshed(self, item, row, body, request, entity):
        """Somebody in Procore asks for everything anew."""
        flow = self.env["construction.sync.flow"].search(
            [
                ("system_id", "=", item.system.id),
                ("entity", "=", entity),
                ("direction", "=", "out"),
                ("state", "in", ("preview", "live")),
            ]
        )
        labels = dict(self.env["construction.sync.flow"]._selection_entity())
        if flow:
            count = publish.everything(self.env, flow)
            words, state = f"{count} on their way from Odoo.", "success"
        else:
            words, state = f"Odoo does not send {labels[entity].lower()} yet.", "failed"
        values, _entry = self._answer(
            request, Parsed(None, "", title=labels[entity]), details_of(body)[0]
        )
        # a button has no item: nothing is called anything
        values.update(state=state, words=words, item_type="", item_id="", entity=entity)
        self._keep([values])
        row.note = words
