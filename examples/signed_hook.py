"""Send an event to a webhook address, signed as Standard Webhooks 1.0 says.

BASE=http://127.0.0.1:8069 SECRET=whsec_... python signed_hook.py
"""

import base64
import hashlib
import hmac
import json
import os
import time
import uuid

import requests

secret = base64.b64decode(os.environ["SECRET"].removeprefix("whsec_"))
address = os.environ["BASE"] + "/construction_sync/v1/hooks/examples"
event_id = str(uuid.uuid4())
body = json.dumps(
    {
        "specversion": "1.0",
        "id": event_id,
        "source": "examples",
        "type": "construction.vendor.v1",
        "subject": "EX-41",
        "time": "2026-03-02T09:00:00Z",
        "sequence": str(time.time_ns() // 1_000_000),
        "data": {"name": "Example Landscaping", "tax_id": "98-7654341"},
    }
).encode()


def signed(content):
    """The headers for ``content``; the time is part of what is signed."""
    timestamp = str(int(time.time()))
    digest = hmac.new(
        secret, f"{event_id}.{timestamp}.".encode() + content, hashlib.sha256
    ).digest()
    return {
        "Content-Type": "application/cloudevents+json",
        "webhook-id": event_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": "v1," + base64.b64encode(digest).decode(),
    }


good = requests.post(address, data=body, headers=signed(body), timeout=30)
print(f"signed: {good.status_code}")

forged = requests.post(
    address,
    data=body.replace(b"Landscaping", b"Impostor"),
    headers=signed(body),
    timeout=30,
)
print(f"changed after signing: {forged.status_code}")
