import time
from dataclasses import replace

from odoo import api, models

from ..pipeline.transport import Request
from ..schemas import strict_json, to_wire
from ..schemas.envelope import EVENT_MEDIA_TYPE, Envelope, judge, judge_batch
from ..schemas.json_faults import StrictJsonError
from ..schemas.problem import Problem, one_line
from . import standard_webhooks
from .parsed import Parsed, body_id


class CanonicalAdapter(models.AbstractModel):
    """CloudEvents with canonical data, one or a batch, signed by Standard Webhooks."""

    _name = "construction.sync.adapter.canonical"
    _inherit = "construction.sync.adapter"
    _description = "Canonical events"

    @api.private
    def verify(self, keys, raw, headers):
        standard_webhooks.verify(keys, raw, headers)

    _sends = True

    @api.private
    def parse(self, raw, headers):
        return parse_events(raw, _header(headers, "webhook-id"))

    @api.private
    def request(self, out):
        """A Standard Webhook: the frozen event as it is, under the event's id."""
        return Request(
            "POST",
            out.address,
            {
                "Content-Type": EVENT_MEDIA_TYPE,
                "webhook-id": out.uuid,
                "traceparent": out.event["traceparent"],
            },
            out.raw,
            timeout=out.timeout,
            cut=True,
        )

    @api.private
    def stamp(self, out, request, keys):
        """Time and signatures of this try; one signature per valid key, so that the
        receiver can change keys without missing anything (rotation)."""
        signed = {}
        at = int(time.time())
        for kind, key in keys:
            more = standard_webhooks.signed_headers(kind, key, out.uuid, out.raw, at)
            if signed:
                more["webhook-signature"] = " ".join(
                    (signed["webhook-signature"], more["webhook-signature"])
                )
            signed = more
        return replace(request, headers={**request.headers, **signed})


def _header(headers, name):
    try:
        return standard_webhooks.only_header(headers, name)
    except standard_webhooks.SignatureRefused:
        return None


def parse_events(raw, delivery_id=None):
    """One event or a list of them as ``[Parsed]``; what is wrong stays in the list."""
    try:
        if raw.lstrip(b" \t\r\n")[:1] != b"[":
            return [_parsed(judge(raw), raw, delivery_id)]
        answers = judge_batch(raw)
        pieces = [raw[start:end] for start, end in strict_json.slice_array(raw)]
    except StrictJsonError as error:
        problem = Problem("unreadable", error.reason, error.pointer)
        return [Parsed(None, body_id(raw), problems=[problem], delivery_id=delivery_id)]
    if not pieces:
        problem = Problem("unreadable", "The list holds no event.")
        return [Parsed(None, body_id(raw), problems=[problem], delivery_id=delivery_id)]
    return [
        _parsed(answer, piece, delivery_id)
        for answer, piece in zip(answers, pieces, strict=True)
    ]


def _parsed(answer, raw, delivery_id):
    if isinstance(answer, Envelope):
        return Parsed(
            answer.entity,
            answer.id,
            answer.subject,
            title=_title(answer),
            version=answer.sequence,
            time=answer.time,
            data=None if answer.data is None else to_wire(answer.data),
            deleted=answer.deleted,
            raw=raw,
            source=answer.source,
            delivery_id=delivery_id,
            traceparent=answer.traceparent,
        )
    known = _readable(raw)
    return Parsed(
        None,
        known.get("id") or body_id(raw),
        known.get("subject", ""),
        title=known.get("type", ""),
        problems=answer,
        raw=raw,
        source=known.get("source"),
        delivery_id=delivery_id,
    )


def _title(envelope):
    data = envelope.data
    name = getattr(data, "name", None) or envelope.subject
    code = getattr(data, "number", None) or getattr(data, "code", None)
    return f"{code} {name}" if code else name


def _readable(raw):
    """What a refused event says of itself, as far as it can be read."""
    try:
        event = strict_json.parse(raw)
    except StrictJsonError:
        return {}
    if not isinstance(event, dict):
        return {}
    return {
        name: one_line(event[name], 255)
        for name in ("id", "subject", "type", "source")
        if isinstance(event.get(name), str)
    }
