"""Standard Webhooks 1.0: verify and make signatures over the raw bytes.

Two schemes: ``v1`` is HMAC-SHA256 under a shared secret, ``v1a`` is Ed25519. Keys are
typed, so that a public Ed25519 key can never be used as an HMAC secret (FAULTS.md,
B12). Whatever is wrong with a delivery, the answer is the same refusal; the reason is
for the log.

Signed content: ``<webhook-id>.<webhook-timestamp>.<body>`` (specification, "Signature
scheme").
"""

import base64
import binascii
import hashlib
import hmac
import re
import time

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)

TOLERANCE_SECONDS = 300
MAX_SIGNATURES = 5
MAX_HEADER_LENGTH = 1_000

_ID = re.compile(r"[A-Za-z0-9_-]{1,128}")
_TIMESTAMP = re.compile(r"[0-9]{1,12}")
# A scheme that is not known here is passed over, as the specification asks; it never
# makes a delivery valid by itself.
_SIGNATURE = re.compile(r"(v[0-9]{1,2}[a-z]?),([A-Za-z0-9+/]{42,88}={0,2})")
_KIND_OF_SCHEME = {"v1": "hmac", "v1a": "ed25519"}
_SIGNATURE_BYTES = {"v1": 32, "v1a": 64}


class SignatureRefused(Exception):
    """The delivery is not proven to come from the system; ``reason`` for the log."""

    def __init__(self, reason):
        super().__init__(reason)
        self.reason = reason


def only_header(headers, name):
    """The one value of a header, whatever its case.

    Takes Werkzeug's headers, a mapping or pairs. WSGI joins repeated headers with a
    comma, which no value here may hold in that place; where they arrive apart, two are
    refused as well, so that proxy and server can not choose differently (B14).

    :raises SignatureRefused: when it is absent or there several times
    """
    pairs = headers.items() if hasattr(headers, "items") else headers
    values = [value for key, value in pairs if key.lower() == name]
    if len(values) != 1:
        raise SignatureRefused(f"{name} stands {len(values)} times in the headers")
    return values[0]


def verify(keys, raw, headers, *, now=None, tolerance=TOLERANCE_SECONDS):
    """Check a delivery; returns its ``webhook-id``.

    :param keys: ``[(kind, bytes)]`` that are valid now, kind ``hmac`` or ``ed25519``
        (the 32 bytes of the public key); others are ignored
    :param raw: the body as received
    :param now: seconds since 1970, for tests
    :raises SignatureRefused: and nothing else
    """
    message_id = only_header(headers, "webhook-id")
    timestamp = only_header(headers, "webhook-timestamp")
    signatures = only_header(headers, "webhook-signature")
    if not _ID.fullmatch(message_id):
        raise SignatureRefused("webhook-id is malformed")
    if not _TIMESTAMP.fullmatch(timestamp):
        raise SignatureRefused("webhook-timestamp is malformed")
    ahead = int(timestamp) - (time.time() if now is None else now)
    if abs(ahead) > tolerance:
        raise SignatureRefused(
            f"webhook-timestamp is {abs(ahead):.0f} s "
            f"{'ahead' if ahead > 0 else 'behind'}"
        )
    offered = _signatures(signatures)
    content = _content(message_id, timestamp, raw)
    proven = False
    for scheme, signature in offered:
        for kind, key in keys:
            # No early exit: how long it takes says nothing of which key it was.
            if kind == _KIND_OF_SCHEME[scheme]:
                proven |= _proves(scheme, key, content, signature)
    if not proven:
        raise SignatureRefused("no signature fits a key of this system")
    return message_id


def _signatures(header):
    """[(scheme, bytes)] of the schemes known here."""
    if len(header) > MAX_HEADER_LENGTH:
        raise SignatureRefused("webhook-signature is too long")
    tokens = header.split(" ")
    if len(tokens) > MAX_SIGNATURES:
        raise SignatureRefused("webhook-signature holds too many signatures")
    found = []
    for token in tokens:
        match = _SIGNATURE.fullmatch(token)
        if not match:
            raise SignatureRefused("webhook-signature is malformed")
        scheme, text = match.groups()
        if scheme not in _KIND_OF_SCHEME:
            continue
        try:
            signature = base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError):
            raise SignatureRefused("webhook-signature is not base64") from None
        if len(signature) != _SIGNATURE_BYTES[scheme]:
            raise SignatureRefused("webhook-signature has the wrong length")
        found.append((scheme, signature))
    if not found:
        raise SignatureRefused("webhook-signature holds no scheme known here")
    return found


def _content(message_id, timestamp, raw):
    return f"{message_id}.{timestamp}.".encode() + raw


def _proves(scheme, key, content, signature):
    if scheme == "v1":
        expected = hmac.new(key, content, hashlib.sha256).digest()
        return hmac.compare_digest(expected, signature)
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, content)
    except (InvalidSignature, ValueError):
        return False
    return True


def sign(kind, key, message_id, timestamp, raw):
    """One signature as it stands in ``webhook-signature``.

    ``key`` is the secret's bytes for ``hmac``, the 32 private bytes for ``ed25519``;
    ``timestamp`` is whole seconds since 1970, never a local time.
    """
    content = _content(message_id, str(int(timestamp)), raw)
    if kind == "hmac":
        scheme, made = "v1", hmac.new(key, content, hashlib.sha256).digest()
    else:
        scheme = "v1a"
        made = Ed25519PrivateKey.from_private_bytes(key).sign(content)
    return f"{scheme},{base64.b64encode(made).decode()}"


def signed_headers(kind, key, message_id, raw, timestamp=None):
    """The three headers of a signed delivery."""
    timestamp = int(time.time()) if timestamp is None else timestamp
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": sign(kind, key, message_id, timestamp, raw),
    }
