"""Description, documentation page, health, and what the catalogue says of a problem."""

import hashlib
import json

from odoo import http
from odoo.http import request
from odoo.tools import SQL, file_open

from ..pipeline import exposition, gateway, lanes
from ..schemas.openapi import openapi_document
from ..schemas.problem import CATALOGUE, Problem, problem_type
from . import endpoint

LATE_MINUTES = 10


class ServiceController(http.Controller):
    @endpoint.route("/openapi.json", methods=["GET", "HEAD"], lasting=True)
    def description(self, **_parameters):
        text = json.dumps(openapi_document(), ensure_ascii=False)
        tag = f'"{hashlib.sha256(text.encode()).hexdigest()[:32]}"'
        return request.make_response(
            text, headers=[("Content-Type", "application/json"), ("ETag", tag)]
        )

    @endpoint.route("/docs", methods=["GET", "HEAD"], lasting=True)
    def docs(self, **_parameters):
        with file_open("construction_sync/static/docs/index.html", "rb") as page:
            return request.make_response(
                page.read(), headers=[("Content-Type", "text/html; charset=utf-8")]
            )

    @endpoint.route("/problems/<string:kind>", methods=["GET", "HEAD"], lasting=True)
    def problem(self, kind, **_parameters):
        known = CATALOGUE.get(kind)
        if known is None:
            raise endpoint.Refused(Problem("not-found", "There is no such problem."))
        return endpoint.json_response(
            {
                "type": problem_type(kind),
                "title": known.title,
                "status": known.status,
                "remedy": known.remedy,
            }
        )

    @endpoint.route("/health", methods=["GET", "HEAD"], lasting=True)
    def health(self, **_parameters):
        checks = _checks()
        status = "ok"
        if not checks["lanes"]["ok"]:
            status = "down"
        elif not all(check["ok"] for check in checks.values()):
            status = "degraded"
        found = {"status": status}
        if request.httprequest.headers.get("Authorization"):
            who, _headers = endpoint.caller()
            if who.may("metrics", "read"):
                found["checks"] = checks
        return endpoint.json_response(found, 503 if status == "down" else 200)

    @endpoint.route("/metrics", methods=["GET", "HEAD"])
    def metrics(self, **_parameters):
        who, headers = endpoint.caller()
        endpoint.allowed(who, "metrics", "read")
        text = exposition.page(
            gateway.environment(request.env.cr), list(who.system_ids.values())
        )
        return request.make_response(
            text, headers=[("Content-Type", exposition.CONTENT_TYPE), *headers.items()]
        )

    @endpoint.route("", "/<path:_rest>", methods=endpoint.METHODS)
    def nothing(self, **_parameters):
        raise endpoint.Refused(Problem("not-found", "There is nothing here."))


def _checks():
    cr = request.env.cr
    env = gateway.environment(cr)
    try:
        lanes.session(cr.dbname)
        lane = {"ok": True}
    except lanes.LanesUnavailable as error:
        lane = {"ok": False, "detail": str(error)}
    cr.execute(
        SQL(
            """
            SELECT extract(epoch FROM (now() AT TIME ZONE 'UTC') - min(m.received_at))
              FROM construction_sync_message m
              JOIN construction_sync_flow f ON f.id = m.flow_id
              JOIN construction_sync_system s ON s.id = f.system_id
             WHERE m.state = 'ready' AND f.mode = 'event' AND f.state = 'live'
               AND s.state = 'live'
            """
        )
    )
    age = float(cr.fetchone()[0] or 0)
    crons = [
        env.ref(f"construction_sync.{name}", raise_if_not_found=False)
        for name in ("cron_lane_1", "cron_lane_2", "cron_wake")
    ]
    active = all(cron and cron.active for cron in crons)
    return {
        "database": {"ok": True},
        "lanes": lane,
        "oldest_ready_seconds": {"ok": age < LATE_MINUTES * 60, "value": round(age, 1)},
        "crons": {"ok": active},
    }
