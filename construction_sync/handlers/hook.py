"""Bodies that systems send to their webhook address: understood here, not at the door.

``POST /hooks/<system>`` stores the verified bytes and answers at once. This handler
lets the system's dialect read them and stores what it found as ordinary messages, in
the same transaction. Nothing is rejected for its content: what cannot be read or is
not supported yet stays, as an exception, with its raw body, and a replay reads it
again with the software of that day.
"""

from odoo import models

from ..pipeline import intake
from ..schemas.problem import Problem


class HookHandler(models.AbstractModel):
    _name = "construction.sync.handler.hook"
    _inherit = "construction.sync.handler"
    _description = "Construction Sync: webhook bodies"

    _entity = "hook"
    _target = False
    _batch_size = 50
    _raw = True

    def references(self, items):
        return []

    def title(self, item):
        return item.external_id

    def apply(self, items):
        flows = {
            flow.entity: flow
            for flow in self.env["construction.sync.flow"].search(
                [("system_id", "=", items[0].system.id), ("direction", "=", "in")]
            )
        }
        for item in items:
            self._understand(item, flows)

    def _understand(self, item, flows):
        row = item.rows[0]
        # superuser environment: headers are kept apart from what users read
        body = self.env["construction.sync.message.body"].browse(row.id)
        adapter = item.system._adapter()
        entries = []
        for parsed in adapter.parse(row.raw, body.headers or {}):
            if parsed.asks:
                adapter.asked(item.system, parsed.asks)
                continue
            problem = (
                parsed.problem
                or self._foreign(item, parsed)
                or self._no_flow(item, parsed, flows)
            )
            if problem is not None:
                problem.extra.setdefault("subject", row.uuid)
                item.fail(problem)
                continue
            entries.append(self._entry(item, row, parsed, flows[parsed.entity]))
        if entries:
            intake.store_in(self.env.cr, entries)
            for entry in entries:
                if entry.status == "rejected":
                    item.fail(entry.problems[0])
        row.note = self.env._("Understood as %(count)s messages", count=len(entries))
        if item.failed:
            row.note = ""
            item.problems = item.problems[:1]

    def _foreign(self, item, parsed):
        """A system speaks for itself only (P4)."""
        if parsed.source in (None, item.system.code):
            return None
        return Problem(
            "source-not-allowed",
            f"{item.system.name} sent an event in the name of {parsed.source}.",
        )

    def _no_flow(self, item, parsed, flows):
        flow = flows.get(parsed.entity)
        if flow is not None and flow.state != "off":
            return None
        return Problem(
            "flow-off",
            f"{item.system.name} sent {parsed.title or parsed.entity}, but "
            f"{parsed.entity.replace('_', ' ')} is switched off for it.",
            extra={"event": f"flow-off:{parsed.entity}"},
        )

    def _entry(self, item, row, parsed, flow):
        return intake.Entry(
            system_id=item.system.id,
            flow_id=flow.id,
            entity=parsed.entity,
            external_id=parsed.external_id,
            event_id=parsed.event_id,
            raw=parsed.raw_data(),
            content_type=intake.DATA_TYPE,
            deleted=parsed.deleted,
            version=parsed.version,
            event_time=intake.utc(parsed.time) if parsed.time else row.event_time,
            trace_id=None,
            title=parsed.title or parsed.external_id,
            origin_id=row.id,
            parent_id=row.id,
        )
