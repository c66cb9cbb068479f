"""Logins and signing keys: sealed, rotated, shared, and never shown (F72)."""

import base64
import json
import os
import threading
import time
from datetime import datetime, timedelta, timezone
from unittest.mock import patch

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID
from standardwebhooks.webhooks import Webhook

from odoo.exceptions import UserError, ValidationError
from odoo.tools import mute_logger

from ..pipeline import credentials, gateway, rotation, transport, vault
from .interface_case import MASTER_KEY
from .outgoing_case import KEY, OutgoingCase, whsec
from .receiver import Say
from .rows import rows

OTHER_KEY = base64.b64encode(b"n" * 32).decode()


class TestCredentials(OutgoingCase):
    def access(self, kind, value=None, system=None, **values):
        return self.env["construction.sync.credential"].create(
            {
                "system_id": (system or self.hub).id,
                "kind": kind,
                "value": value,
                **values,
            }
        )

    def sent(self, name="Ace Concrete"):
        """The headers of the one call that a change brings."""
        before = len(self.receiver.got)
        self.new_vendor(name)
        self.dispatch()
        (got,) = self.receiver.got[before:]
        return got

    # ---- logins ------------------------------------------------------------------

    def test_each_login_goes_with_the_call_and_stays_out_of_its_record(self):
        for kind, name, header, value in (
            ("header", "X-Api-Key", "X-Api-Key", "opaque-value"),
            ("bearer", None, "Authorization", "Bearer opaque-value"),
            (
                "basic", "odoo", "Authorization",
                "Basic " + base64.b64encode(b"odoo:opaque-value").decode(),
            ),
        ):  # fmt: skip
            access = self.access(kind, "opaque-value", name=name)
            got = self.sent(f"Vendor {kind}")
            self.assertEqual(got.headers[header], value, kind)
            attempt = self.deliveries()[-1].attempt_ids
            self.assertNotIn("opaque-value", attempt.request)
            self.assertNotIn(value.split()[-1], attempt.request)
            access.unlink()

    @rows("F72")
    def test_what_was_set_is_never_shown_again(self):
        access = self.access("bearer", "opaque-value")
        self.assertFalse(access.value)
        self.assertIn("Set ", access.status)
        self.env.flush_all()
        self.env.cr.execute("SELECT sealed FROM construction_sync_credential")
        self.assertNotIn(b"opaque", bytes(self.env.cr.fetchone()[0]))

    @rows("FA-B18")
    def test_a_secret_copied_to_another_row_cannot_be_read(self):
        other = self.new_hub("other", "Other")
        mine = self.access("bearer", "opaque-value")
        theirs = self.access("bearer", "their-value", system=other)
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE construction_sync_credential t SET sealed = m.sealed "
            "FROM construction_sync_credential m WHERE t.id = %s AND m.id = %s",
            [theirs.id, mine.id],
        )
        self.env.invalidate_all()
        with self.assertRaises(credentials.CredentialUnavailable):
            credentials.prepare(gateway.environment(self.env.cr), other)
        other.address = self.receiver.address
        self.new_vendor()
        self.dispatch()
        self.assertEqual(self.deliveries(other).mapped("attempts"), [0], "held")

    def test_a_key_is_bound_to_its_system(self):
        access = self.access("bearer", "opaque-value")
        other = self.new_hub("other", "Other")
        with self.assertRaises(UserError):
            access.system_id = other

    # ---- signing -----------------------------------------------------------------

    def test_a_new_key_signs_beside_the_old_one_until_that_ends(self):
        old = self.access("hmac", whsec())
        new = self.access("hmac")
        action = new.action_new_key()
        shown = self.env[action["res_model"]].browse(action["res_id"]).key
        got = self.sent("One")
        for secret in (whsec(), shown):
            self.assertTrue(Webhook(secret).verify(got.body, got.headers))
        old.expires_at = datetime.now() - timedelta(seconds=5)
        got = self.sent("Two")
        self.assertTrue(Webhook(shown).verify(got.body, got.headers))
        self.assertEqual(got.headers["webhook-signature"].count(","), 1)

    def test_the_public_half_is_shown_and_verifies(self):
        access = self.access("ed25519")
        access.action_new_key()
        self.assertTrue(access.public_part.startswith("whpk_"))
        got = self.sent()
        public = vault.key_bytes("ed25519", access.public_part)
        from ..adapters import standard_webhooks

        standard_webhooks.verify([("ed25519", public)], got.body, got.headers)

    def test_a_weak_secret_is_not_taken(self):
        with self.assertRaises(ValidationError):
            self.access("hmac", "whsec_" + base64.b64encode(b"short").decode())

    # ---- rotation of the master key ------------------------------------------------

    @rows("C15", "F72")
    def test_the_master_key_changes_and_a_rotation_that_died_goes_on(self):
        many = [self.access("bearer", f"value-{n}", name=str(n)) for n in range(5)]
        secret = self.new_secret(self.hub)
        changed = {
            "CONSTRUCTION_SYNC_KEY": OTHER_KEY,
            "CONSTRUCTION_SYNC_KEY_OLD": MASTER_KEY,
        }
        with patch.dict(os.environ, changed):
            # killed after the first batch
            self.env.flush_all()
            self.env["construction.sync.credential"]._rotate(2)
            self.assertEqual(
                [access._unsealed() for access in many],
                [f"value-{n}" for n in range(5)],
            )
            self.assertEqual(sum(vault.outdated(a.sealed) for a in many), 3)
            left = rotation.rotate(self.registry, gateway.environment, 2)
            self.assertFalse(any(left.values()))
            self.env.invalidate_all()
        with patch.dict(os.environ, {"CONSTRUCTION_SYNC_KEY": OTHER_KEY}):
            self.assertEqual(many[4]._unsealed(), "value-4")
            self.assertTrue(secret._unsealed())
        with self.assertRaises(vault.SecretUnreadable):
            many[4]._unsealed()

    def test_without_the_key_nothing_is_sent_and_nothing_is_used_up(self):
        self.access("bearer", "opaque-value")
        self.new_vendor()
        self.commit()
        with patch.dict(os.environ, {"CONSTRUCTION_SYNC_KEY": OTHER_KEY}):
            self.dispatch()
        self.assertEqual(self.receiver.got, [])
        self.assertEqual(self.deliveries().attempts, 0)
        self.dispatch()
        self.assertEqual(len(self.receiver.got), 1)

    # ---- OAuth2 --------------------------------------------------------------------

    def oauth(self, server):
        return self.access(
            "oauth2", "client-secret", name="client-id", token_address=server.address
        )

    @rows("FA-H15")
    def test_a_token_is_got_once_however_many_wait_for_it(self):
        def slow(_got):
            time.sleep(0.3)
            return Say(200, body=b'{"access_token": "T-1", "expires_in": 3600}')

        server = self.new_receiver(slow)
        self.oauth(server)
        self.env.flush_all()
        login = credentials.prepare(gateway.environment(self.env.cr), self.hub)
        request = transport.Request("POST", self.receiver.address)
        seen = []
        # sessions of the token look at the database outside of the test
        with patch.object(credentials.Token, "_stored", lambda *_a: None):
            threads = [
                threading.Thread(
                    target=lambda: seen.append(
                        login.apply(request).headers["Authorization"]
                    )
                )
                for _n in range(12)
            ]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        self.assertEqual(seen, ["Bearer T-1"] * 12)
        self.assertEqual(len(server.got), 1, "a stampede")
        self.assertIn(b"grant_type=client_credentials", server.got[0].body)

    @rows("FA-H15")
    def test_a_token_that_is_not_accepted_is_renewed_once(self):
        tokens = iter(range(1, 9))
        server = self.new_receiver(
            lambda _got: Say(
                200,
                body=json.dumps(
                    {"access_token": f"T-{next(tokens)}", "expires_in": 3600}
                ).encode(),
            )
        )
        self.oauth(server)
        self.receiver.answers = [401, 204]
        self.new_vendor()
        self.dispatch()
        self.later_out(minutes=1)
        self.dispatch()
        self.assertEqual(
            [g.headers["Authorization"] for g in self.receiver.got],
            ["Bearer T-1", "Bearer T-2"],
        )
        self.assertEqual(self.deliveries().state, "delivered")

    @mute_logger("odoo.addons.construction_sync.pipeline.dispatch")
    def test_a_login_server_that_gives_none_is_told_in_words(self):
        self.oauth(self.new_receiver(Say(200, body=b'{"error": "invalid_client"}')))
        self.new_vendor()
        self.dispatch()
        self.assertEqual(self.receiver.got, [])
        self.assertIn("no token", self.deliveries().note)

    # ---- client certificates -------------------------------------------------------

    @rows("FA-H19")
    def test_a_certificate_tells_its_end_and_is_held_after_it(self):
        access = self.access("mtls", certificate(days=10))
        self.assertIn(access, credentials.ending(self.env))
        self.assertAlmostEqual(
            access.expires_at, datetime.now() + timedelta(days=10),
            delta=timedelta(days=1),
        )  # fmt: skip
        access.value = certificate(days=100)
        self.assertNotIn(access, credentials.ending(self.env))
        access.value = certificate(days=-1)
        self.new_vendor()
        self.dispatch()
        self.assertEqual(self.receiver.got, [])
        self.assertEqual(self.deliveries().mapped("attempts"), [0], "held")

    def test_half_a_certificate_is_not_taken(self):
        whole = certificate(days=10)
        for text in (whole[: whole.index("-----BEGIN PRIVATE")], "nonsense"):
            with self.assertRaises(ValidationError):
                self.access("mtls", text)

    def test_nothing_is_sealed_without_purpose(self):
        self.assertEqual(
            set(rotation.sealed_models(self.env))
            >= {"construction.sync.credential", "construction.sync.secret"},
            True,
        )
        self.assertEqual(len(KEY), 32)


def certificate(days):
    """A client certificate with its key that ends in so many days, as PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "odoo")])
    now = datetime.now(timezone.utc)
    found = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=400))
        .not_valid_after(now + timedelta(days=days))
        .sign(key, hashes.SHA256())
    )
    return (
        found.public_bytes(Encoding.PEM).decode()
        + key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    )
