"""``POST /hooks/<system>``: a system's own webhooks, verified on the raw bytes.

What is verified is stored and answered at once; reading it comes later. What is not
leaves nothing but a count and one audit entry a minute, and says the same to everyone,
whether the system exists or not.
"""

import logging
from datetime import timedelta

from odoo import http
from odoo.http import request

from ..adapters.parsed import body_id
from ..adapters.standard_webhooks import SignatureRefused
from ..pipeline import audit, gateway, intake, metrics
from ..pipeline.vault import SecretUnreadable
from ..schemas.problem import Problem, one_line
from . import endpoint

_logger = logging.getLogger(__name__)


class HooksController(http.Controller):
    @endpoint.route("/hooks/<string:code>", methods=["POST"])
    def receive(self, code, **_parameters):
        raw = endpoint.body(endpoint.MAX_BODY)
        env = gateway.environment(request.env.cr)
        systems = env["construction.sync.system"].search_fetch([], ["code"])
        system = systems.filtered(lambda s: s.code == code)
        headers = list(request.httprequest.headers.items())
        refusal = _refusal(system, systems[:1], raw, headers)
        if refusal is not None:
            _note_refusal(system, code, refusal)
            raise endpoint.Refused(
                Problem(
                    "signature-refused", "The call is not proven to come from there."
                ),
                {"WWW-Authenticate": "Signature"},
            )
        flow = system.flow_ids.filtered(lambda f: f.entity == "hook")
        delivery = request.httprequest.headers.get("webhook-id")
        entry = intake.Entry(
            system_id=system.id,
            flow_id=flow.id,
            entity="hook",
            external_id="inbox",
            event_id="hook-" + (delivery or body_id(raw)),
            raw=raw,
            content_type=one_line(request.httprequest.mimetype or "", 100),
            headers={k.lower(): one_line(v, 500) for k, v in headers if _kept(k)},
            event_time=endpoint.now(),
            title=system._adapter().title(raw),
        )
        intake.store(request.env.registry, [entry])
        if entry.status == "rejected":
            raise endpoint.Refused(entry.problems[0])
        return endpoint.json_response(
            {"status": entry.status, "message": entry.uuid}, 202
        )


def _kept(name):
    return name.lower() in ("content-type", "user-agent") or name.lower().startswith(
        "webhook-"
    )


def _refusal(system, stand_in, raw, headers):
    """None when one of the system's keys proves the call, else why not; a system that
    is unknown proves nothing and takes as long: the keys of ``stand_in`` are tried in
    its place (FA-B16)."""
    unknown = "no such system"
    tried = system or stand_in
    if not tried:
        return unknown
    try:
        keys = tried.env["construction.sync.secret"]._keys(tried)
        tried._adapter().verify(keys, raw, headers)
    except SecretUnreadable as error:
        _logger.error("Webhook key of system %s: %s", tried.code, error)
        return "its key cannot be read here"
    except SignatureRefused as error:
        return str(error) if system else unknown
    return None if system else unknown


def _note_refusal(system, code, refusal):
    """One security event per source and minute, however many calls were refused; each
    counts."""
    key = f"security:{system.code if system else 'unknown'}"
    with request.env.registry.cursor() as cr:
        env = gateway.environment(cr)
        if flow := system.flow_ids.filtered(lambda f: f.entity == "hook"):
            metrics.count_refused(cr, flow.id)
        recent = env["construction.sync.audit"].search_count(
            [("doc_key", "=", key), ("at", ">", endpoint.now() - timedelta(minutes=1))],
            limit=1,
        )
        if not recent:
            journal = audit.Journal(env)
            journal.note(
                key,
                "refused",
                system_id=system.id or None,
                reason=f"A webhook for {one_line(code, 40)} was not proven to be its "
                f"own: {one_line(refusal, 120)}.",
            )
            journal.flush()
