"""What we send is a Standard Webhook that any receiver can verify."""

import base64
from unittest.mock import patch

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from odoo.exceptions import ValidationError

from ..adapters import standard_webhooks
from ..pipeline import credentials
from .outgoing_case import KEY, OutgoingCase, whsec
from .rows import rows

OLD = bytes(range(32, 64))
PRIVATE = bytes(range(64, 96))


class TestWebhooksOut(OutgoingCase):
    def sent_with(self, *keys):
        """The one request that a change brings while these keys are valid."""
        with patch.object(credentials, "signing_keys", lambda *_a: list(keys)):
            self.new_vendor("Ace Concrete")
            self.dispatch()
        (got,) = self.receiver.got
        return got

    def test_the_official_library_accepts_it(self):
        got = self.sent_with(("hmac", KEY))
        event = Webhook(whsec()).verify(got.body, got.headers)
        self.assertEqual(event["data"]["name"], "Ace Concrete")
        self.assertEqual(event["id"], got.headers["webhook-id"])
        with self.assertRaises(WebhookVerificationError):
            Webhook(whsec()).verify(got.body + b" ", got.headers)
        with self.assertRaises(WebhookVerificationError):
            Webhook(whsec(OLD)).verify(got.body, got.headers)

    @rows("FA-B11")
    def test_while_keys_change_both_receivers_accept_it(self):
        got = self.sent_with(("hmac", KEY), ("hmac", OLD))
        for key in (KEY, OLD):
            self.assertTrue(Webhook(whsec(key)).verify(got.body, got.headers))
        self.assertEqual(got.headers["webhook-signature"].count("v1,"), 2)

    def test_it_is_signed_with_a_private_key_that_nobody_shares(self):
        got = self.sent_with(("ed25519", PRIVATE))
        public = (
            Ed25519PrivateKey.from_private_bytes(PRIVATE)
            .public_key()
            .public_bytes(Encoding.Raw, PublicFormat.Raw)
        )
        signature = got.headers["webhook-signature"]
        self.assertTrue(signature.startswith("v1a,"))
        found = standard_webhooks.verify([("ed25519", public)], got.body, got.headers)
        self.assertEqual(found, got.headers["webhook-id"])
        self.assertEqual(len(base64.b64decode(signature[4:])), 64)

    def test_what_it_says_of_itself(self):
        self.hub.header_ids = [(0, 0, {"name": "X-Site", "value": "North"})]
        got = self.sent_with(("hmac", KEY))
        self.assertEqual(got.headers["Content-Type"], "application/cloudevents+json")
        self.assertEqual(got.headers["X-Site"], "North")
        self.assertTrue(got.headers["traceparent"].startswith("00-"))

    def test_a_header_of_ones_own_cannot_take_the_place_of_ours(self):
        for name in ("webhook-id", "Authorization", "Content-Length", "a b", "Host"):
            with self.assertRaises(ValidationError, msg=name):
                self.hub.header_ids = [(0, 0, {"name": name, "value": "x"})]
                self.env.flush_all()
        with self.assertRaises(ValidationError):
            self.hub.header_ids = [(0, 0, {"name": "X-A", "value": "a\r\nB: c"})]
