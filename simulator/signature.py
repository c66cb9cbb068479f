"""Standard Webhooks 1.0 signatures with a shared secret (HMAC-SHA256).

The scheme is small enough to be written out here, and a sender that does not
share its code with the receiver proves more.
Source: the Standard Webhooks specification, "Signature scheme".
"""

import base64
import hashlib
import hmac
import secrets
import time

PREFIX = "whsec_"


def new_secret():
    """A fresh secret of 32 random bytes."""
    return PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def secret_bytes(secret):
    """The key behind a ``whsec_...`` secret (base64 after the prefix).

    :raises ValueError: the text after the prefix is not base64
    """
    return base64.b64decode(secret.removeprefix(PREFIX), validate=True)


def sign(secret, message_id, timestamp, body):
    """The value of ``webhook-signature`` for one message.

    :param secret: ``whsec_`` and base64
    :param timestamp: whole seconds since 1970
    :param body: the bytes as sent
    """
    signed = f"{message_id}.{timestamp}.".encode() + body
    digest = hmac.new(secret_bytes(secret), signed, hashlib.sha256).digest()
    return "v1," + base64.b64encode(digest).decode()


def headers(secret, message_id, body, timestamp=None):
    """The three headers of a signed webhook; the time is that of this very try."""
    timestamp = int(time.time()) if timestamp is None else timestamp
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": sign(secret, message_id, timestamp, body),
    }
