import hashlib
import hmac

from odoo import api, models

from . import procore_erp_events, procore_webhooks
from .parsed import Parsed, body_id
from .standard_webhooks import SignatureRefused, only_header


class ProcoreAdapter(models.AbstractModel):
    """Procore: ERP events and webhooks of versions 2, 3 and 4.

    Procore signs nothing: a webhook carries the ``Authorization`` header that was
    agreed when it was set up. It is compared by hash, in constant time.
    """

    _name = "construction.sync.adapter.procore"
    _inherit = "construction.sync.adapter"
    _description = "Procore"

    @api.private
    def verify(self, keys, raw, headers):
        verify_token(keys, headers)

    @api.private
    def parse(self, raw, headers):
        return parse_delivery(raw)


def verify_token(keys, headers):
    """The ``Authorization`` header equals one of the keys of kind ``token``.

    :raises SignatureRefused: when it does not
    """
    offered = hashlib.sha256(
        only_header(headers, "authorization").encode("utf-8", "replace")
    ).digest()
    proven = False
    for kind, key in keys:
        if kind == "token":
            proven |= hmac.compare_digest(hashlib.sha256(key).digest(), offered)
    if not proven:
        raise SignatureRefused("the Authorization header is not the one agreed")


def parse_delivery(raw):
    """What a delivery from Procore says, as ``[Parsed]``.

    Bodies are read as they come: the shape may be loose (the vendor's own examples
    are), the JSON may not.
    """
    body = procore_webhooks.read_body(raw)
    if isinstance(body, Parsed):
        return [body]
    events = body if isinstance(body, list) else [body]
    found = []
    for position, event in enumerate(events):
        event_id = body_id(raw) + (f"-{position}" if len(events) > 1 else "")
        if isinstance(event, dict) and "request_name" in event:
            found += procore_erp_events.parse(event, event_id)
        else:
            found.append(procore_webhooks.parse(event, event_id))
    return found or [procore_webhooks.parse(body, body_id(raw))]
