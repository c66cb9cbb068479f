"""Is it really from Odoo? A Standard Webhook is verified with the official library,
its Ed25519 signature with ``cryptography``: nothing here is the sender's code."""

import base64
import binascii

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

#: as the official library: what is older or newer is not believed
TOLERANCE = 300


class NotProven(Exception):
    """The delivery is not believed; the text says why."""


class Verifier:
    """What a receiver was given by the administrator.

    :param secrets: ``whsec_...`` secrets that are valid, any of them proves
    :param public_keys: Ed25519 public keys, 32 bytes in base64 (``whpk_`` before it or
        not)
    """

    def __init__(self, secrets=(), public_keys=()):
        self._webhooks = [Webhook(secret) for secret in secrets]
        self._keys = [
            Ed25519PublicKey.from_public_bytes(
                base64.b64decode(key.removeprefix("whpk_"))
            )
            for key in public_keys
        ]

    @property
    def checks(self):
        """Whether it was given anything to check with."""
        return bool(self._webhooks or self._keys)

    def verify(self, body, headers, now):
        """The scheme that proves the delivery: ``v1``, ``v1a`` or ``unchecked``.

        :param headers: names in lower case
        :param now: the receiver's clock (aware); the official library looks at the
            machine's besides
        :raises NotProven: with the reason
        """
        if not self.checks:
            return "unchecked"
        reason = "no signature that this receiver knows"
        for webhook in self._webhooks:
            try:
                _in_time(headers, now)
                webhook.verify(body, headers)
                return "v1"
            except (WebhookVerificationError, NotProven, ValueError) as error:
                reason = str(error)
        if self._keys:
            _in_time(headers, now)
            if self._proven_by_key(body, headers):
                return "v1a"
        raise NotProven(reason)

    def _proven_by_key(self, body, headers):
        signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode()
        for token in headers.get("webhook-signature", "").split(" "):
            scheme, _comma, text = token.partition(",")
            if scheme != "v1a":
                continue
            try:
                signature = base64.b64decode(text, validate=True)
            except (binascii.Error, ValueError):
                continue
            for key in self._keys:
                try:
                    key.verify(signature, signed + body)
                    return True
                except InvalidSignature:
                    continue
        return False


def _in_time(headers, now):
    text = headers.get("webhook-timestamp", "")
    if not (text.isascii() and text.isdigit() and "webhook-id" in headers):
        raise NotProven("webhook-id or webhook-timestamp is missing or malformed")
    if abs(now.timestamp() - int(text)) > TOLERANCE:
        raise NotProven("webhook-timestamp is outside the tolerance of this clock")
