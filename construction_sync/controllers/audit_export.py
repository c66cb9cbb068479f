"""The audit as a file for people who may read it: streamed, and itself audited."""

from werkzeug.wrappers import Response

from odoo import http
from odoo.http import content_disposition, request

from ..pipeline import audit, gateway, sealing


class AuditExportController(http.Controller):
    @http.route(
        "/construction_sync/audit/export", type="http", auth="user", methods=["GET"]
    )
    def export(self, start=1, end=0, **_parameters):
        """Sealed entries ``start`` to ``end`` (all when left out) as JSON lines."""
        env = request.env
        env["construction.sync.gatekeeper"]._check("audit")
        start, end = _number(start) or 1, _number(end) or None
        journal = audit.Journal(gateway.environment(env.cr), env.uid)
        journal.note(
            "odoo>audit", "exported", facts={"from": start, "to": end or "the end"}
        )
        journal.flush()
        registry = env.registry

        def lines():
            # the request's cursor is closed before the last line is read
            with registry.cursor() as cr:
                for line in sealing.export(cr, start, end):
                    yield line.encode() + b"\n"

        return Response(
            lines(),
            headers=[
                ("Content-Type", "application/x-ndjson"),
                ("Content-Disposition", content_disposition("audit.jsonl")),
                ("Cache-Control", "no-store"),
            ],
        )


def _number(text):
    return int(text) if str(text).isdecimal() else 0
