"""``POST /hooks/<system>``: proven on the raw bytes, kept at once (FA-B)."""

import base64
import gzip
import json
import time
from datetime import timedelta
from unittest.mock import patch

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from odoo import fields

from ..adapters import standard_webhooks
from ..adapters.standard_webhooks import sign, signed_headers
from .interface_case import InterfaceCase
from .rows import rows

KEY = bytes(range(32))
OTHER_KEY = bytes(range(32, 64))


class WebhookCase(InterfaceCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.secret = cls.new_secret(cls.system)

    def body(self, external_id="v1", name="Ace", **attributes):
        return json.dumps(self.vendor(external_id, name, **attributes)).encode()

    def assertRefused(self, response):
        self.assertProblem(response, 401, "signature-refused")
        self.assertFalse(self.messages())

    def refusals(self, code="portal"):
        return self.audit(doc_key=f"security:{code}")


class TestWebhookSignatures(WebhookCase):
    @rows("F62", "FA-B01")
    def test_a_proven_webhook_is_kept_at_once_and_lands_by_itself(self):
        body = self.body("v1", "Ace")
        response = self.hook(body)
        self.assertEqual(response.status_code, 202)
        message = self.message(response.json()["message"])
        self.assertEqual((message.entity, message.state), ("hook", "ready"))
        self.drain()
        self.assertEqual(message.state, "applied")
        self.assertEqual(self.linked("v1").name, "Ace")
        landed = self.messages("v1")
        self.assertEqual(landed.parent_id, message)

    def test_a_data_type_that_is_also_sent_takes_in_as_before(self):
        self.env["construction.sync.flow"].create(
            {
                "system_id": self.system.id,
                "entity": "vendor",
                "direction": "out",
                "priority": 99,
            }
        )
        self.hook(self.body("v1", "Ace"))
        self.drain()
        self.assertEqual(self.linked("v1").name, "Ace")

    @rows("FA-B01")
    def test_the_official_vector_is_accepted(self):
        self.new_secret(
            self.system, key=base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
        )
        with patch.object(standard_webhooks, "time") as clock:
            clock.time.return_value = 1_614_265_330
            response = self.hook(
                b'{"test": 2432232314}',
                headers={
                    "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
                    "webhook-timestamp": "1614265330",
                    "webhook-signature":
                        "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
                },
            )  # fmt: skip
        self.assertEqual(response.status_code, 202)

    @rows("FA-B02", "F62")
    def test_one_changed_byte_leaves_nothing_but_one_security_entry(self):
        body = self.body()
        good = signed_headers("hmac", KEY, "msg_1", body)
        stamp = int(good["webhook-timestamp"])
        for raw, changed in (
            (body.replace(b"Ace", b"Acf"), {}),
            (body, {"webhook-id": "msg_2"}),
            (body, {"webhook-timestamp": str(stamp - 1)}),
            (body, {"webhook-signature": good["webhook-signature"].swapcase()}),
        ):
            response = self.hook(raw, headers={**good, **changed})
            self.assertRefused(response)
            self.assertEqual(response.headers["WWW-Authenticate"], "Signature")
        self.assertEqual(len(self.refusals()), 1)
        self.assertEqual(self.hook(body, headers=good).status_code, 202)

    @rows("FA-B02")
    def test_a_refusal_in_the_next_minute_is_a_security_entry_of_its_own(self):
        self.hook(self.body(), key=OTHER_KEY)
        later = fields.Datetime.now() + timedelta(seconds=61)
        with patch(
            "odoo.addons.construction_sync.controllers.endpoint.now", lambda: later
        ):
            self.hook(self.body(), key=OTHER_KEY)
        self.assertEqual(len(self.refusals()), 2)

    @rows("FA-B03", "F62")
    def test_a_captured_call_inside_the_window_does_nothing_again(self):
        body = self.body()
        given = signed_headers("hmac", KEY, "msg_1", body)
        first = self.hook(body, headers=given).json()
        self.drain()
        again = self.hook(body, headers=given)
        self.assertEqual(again.status_code, 202)
        self.assertEqual(again.json(), {**first, "status": "duplicate"})
        self.assertEqual(self.drain(), 0)
        self.assertEqual(len(self.vendors("Ace")), 1)

    @rows("FA-B04", "FA-B05")
    def test_five_minutes_either_way_and_no_more(self):
        now = int(time.time())
        for difference in (-305, 305, -3_600, 3_600):
            self.assertRefused(self.hook(self.body(), at=now + difference))
        for number, difference in enumerate((-290, 290)):
            response = self.hook(self.body(), f"msg_{number}", at=now + difference)
            self.assertEqual(response.status_code, 202)

    @rows("FA-B06")
    def test_a_server_whose_clock_jumped_refuses_all(self):
        with patch.object(standard_webhooks, "time") as clock:
            clock.time.return_value = time.time() + 3_600
            self.assertRefused(self.hook(self.body(), at=int(time.time())))
        self.assertEqual(len(self.refusals()), 1)

    @rows("FA-B07", "FA-B08", "FA-B10", "FA-B13")
    def test_a_malformed_signature_is_refused_and_never_breaks(self):
        body = self.body()
        good = signed_headers("hmac", KEY, "msg_1", body)
        signature = good["webhook-signature"]
        text = signature.partition(",")[2]
        for wrong in (
            text,
            "v1",
            "v1,",
            f"v1,{text},{text}",
            f"{signature}  {signature}",
            f"{signature}x",
            "v1,not base64!",
            f"v1,{text[:20]}!{text[20:]}",
            f"v1,{text[:-1]}",
            f"v9,{text}",
            f"v1a,{text}",
            "",
            "v1,é".encode(),
            " ".join(["v1," + base64.b64encode(b"x" * 32).decode()] * 1_000),
        ):
            started = time.monotonic()
            response = self.hook(body, headers={**good, "webhook-signature": wrong})
            self.assertRefused(response)
            self.assertLess(time.monotonic() - started, 2)

    @rows("FA-B09")
    def test_a_malformed_timestamp_is_refused_and_never_breaks(self):
        body = self.body()
        for wrong in ("1e9", "1764000000.9", "nan", "9" * 400, "-1764000000", "", "٣"):
            given = signed_headers("hmac", KEY, "msg_1", body)
            stamp = wrong.encode()
            self.assertRefused(
                self.hook(body, headers={**given, "webhook-timestamp": stamp})
            )

    @rows("FA-B11")
    def test_during_a_rotation_both_keys_prove_and_then_only_the_new_one(self):
        self.new_secret(self.system, key=OTHER_KEY)
        self.secret.expires_at = fields.Datetime.now() + timedelta(hours=24)
        self.assertEqual(self.hook(self.body("v1"), "a", key=KEY).status_code, 202)
        self.assertEqual(
            self.hook(self.body("v2"), "b", key=OTHER_KEY).status_code, 202
        )
        self.secret.expires_at = fields.Datetime.now() - timedelta(seconds=1)
        refused = self.hook(self.body("v3"), "c", key=KEY)
        self.assertProblem(refused, 401, "signature-refused")
        self.assertEqual(
            self.hook(self.body("v4"), "d", key=OTHER_KEY).status_code, 202
        )

    @rows("FA-B11")
    def test_a_key_does_not_prove_before_its_time(self):
        self.secret.not_before = fields.Datetime.now() + timedelta(hours=1)
        self.assertRefused(self.hook(self.body()))

    @rows("FA-B12")
    def test_a_public_key_is_never_a_shared_secret(self):
        private = Ed25519PrivateKey.from_private_bytes(KEY)
        public = private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        self.secret.unlink()
        self.new_secret(self.system, "ed25519", public)
        self.assertRefused(self.hook(self.body(), key=public))
        body = self.body()
        stamp = int(time.time())
        proven = self.hook(
            body,
            headers={
                "webhook-id": "msg_1",
                "webhook-timestamp": str(stamp),
                "webhook-signature": sign("ed25519", KEY, "msg_1", stamp, body),
            },
        )
        self.assertEqual(proven.status_code, 202)

    @rows("FA-B14")
    def test_repeated_and_folded_signature_headers_are_refused(self):
        body = self.body()
        good = signed_headers("hmac", KEY, "msg_1", body)
        signature = good["webhook-signature"]
        lines = {
            "twice": f"webhook-signature: {signature}\r\n"
                     f"Webhook-Signature: {signature}\r\n",
            "folded": f"webhook-signature: {signature}\r\n x\r\n",
            "other case": f"WEBHOOK-SIGNATURE: {signature}\r\n",
        }  # fmt: skip
        status = {}
        for case, line in lines.items():
            answer = self.wire(
                b"POST /construction_sync/v1/hooks/portal HTTP/1.1\r\n"
                b"Host: localhost\r\nCookie: {cookie}\r\n"
                b"Content-Type: application/json\r\n"
                + f"webhook-id: {good['webhook-id']}\r\n".encode()
                + f"webhook-timestamp: {good['webhook-timestamp']}\r\n".encode()
                + line.encode()
                + b"Content-Length: %d\r\n\r\n" % len(body)
                + body
            )
            status[case] = int(answer.split(b" ")[1])
        # a fold is a space (RFC 9112, 5.2), so it stands before a second signature
        self.assertEqual(status["folded"], 401)
        self.assertEqual(status["twice"], 401)
        self.assertEqual(status["other case"], 202)
        self.assertEqual(len(self.messages()), 1)

    @rows("FA-B15")
    def test_a_compressed_body_is_not_opened(self):
        bomb = gzip.compress(b"0" * 10_000_000)
        response = self.hook(bomb, headers={"Content-Encoding": "gzip"})
        self.assertProblem(response, 415, "media-type")
        self.assertFalse(self.messages())

    @rows("FA-B16")
    def test_an_unknown_system_cannot_be_told_from_a_wrong_key(self):
        wrong = self.hook(self.body(), key=OTHER_KEY)
        unknown = self.hook(self.body(), code="nobody", key=OTHER_KEY)
        self.assertEqual(
            (wrong.status_code, wrong.content), (unknown.status_code, unknown.content)
        )
        names = ("Date", "traceparent")
        self.assertEqual(
            {k: v for k, v in wrong.headers.items() if k not in names},
            {k: v for k, v in unknown.headers.items() if k not in names},
        )
        self.assertEqual(len(self.refusals("unknown")), 1)

    @rows("FA-B16")
    def test_how_long_a_refusal_takes_says_nothing_of_the_system(self):
        body = self.body()
        times = {"portal": [], "nobody": []}
        for code in ("portal", "nobody") * 40:
            started = time.perf_counter()
            self.hook(body, code=code, key=OTHER_KEY)
            times[code].append(time.perf_counter() - started)
        # the best of many: what the machine does besides only ever adds
        known, unknown = (min(t) for t in times.values())
        self.assertLess(abs(known - unknown), 0.3 * min(known, unknown))

    def test_a_system_without_keys_proves_nothing(self):
        self.secret.unlink()
        self.assertRefused(self.hook(self.body()))

    @rows("FA-B18")
    def test_a_key_copied_to_another_system_in_the_database_proves_nothing(self):
        system = self.new_system("scheduler", "Scheduler")
        copy = self.new_secret(system, key=OTHER_KEY)
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE construction_sync_secret SET sealed = (SELECT sealed FROM "
            "construction_sync_secret WHERE id = %s) WHERE id = %s",
            [self.secret.id, copy.id],
        )
        with self.assertLogs("odoo.addons.construction_sync", "ERROR") as logs:
            response = self.hook(self.body(), code="scheduler", key=KEY)
        self.assertProblem(response, 401, "signature-refused")
        self.assertIn("scheduler", logs.output[0])


class TestWebhookBodies(WebhookCase):
    @rows("F62", "F10")
    def test_what_is_proven_is_never_refused_for_its_content(self):
        for number, body in enumerate((
            b"{not json", b"", b"[]", b"\xff\xfe", b"[" * 5_000,
            b'{"specversion": "1.0", "type": "construction.spaceship.v1"}',
        )):  # fmt: skip
            response = self.hook(body, f"msg_{number}")
            self.assertEqual(response.status_code, 202, body[:40])
        self.drain()
        self.assertEqual(self.states(), ["exception"] * 6)
        for message in self.messages():
            self.assertTrue(message.exception_id.name)
        self.assertEqual(self.env["construction.sync.message.body"].browse(
            self.messages()[0].id)._bytes(), b"{not json")  # fmt: skip

    @rows("FA-B16", "FA-J02")
    def test_a_system_speaks_only_for_itself(self):
        self.new_system("scheduler", "Scheduler")
        self.hook(self.body(source="scheduler"))
        self.drain()
        self.assertEqual(self.messages("inbox").state, "exception")
        self.assertEqual(self.exceptions().kind, "source-not-allowed")
        self.assertFalse(self.vendors("Ace"))

    @rows("F66")
    def test_one_bad_event_of_a_delivery_does_not_keep_the_others(self):
        events = [
            self.vendor("v1", "Ace"),
            self.vendor("v2", "Bolt", fields={"colour": "red"}),
            self.vendor("v3", "Crane"),
        ]
        self.hook(json.dumps(events).encode())
        self.drain()
        self.assertTrue(self.vendors("Ace") and self.vendors("Crane"))
        self.assertFalse(self.vendors("Bolt"))
        self.assertEqual(self.messages("inbox").state, "exception")

    @rows("F65")
    def test_a_body_that_was_parked_is_read_again_on_retry(self):
        self.flow().action_switch_off()
        self.hook(self.body())
        self.drain()
        self.assertEqual(self.exceptions().kind, "flow-off")
        self.flow().action_go_live()
        self.exceptions().action_retry()
        self.drain()
        self.assertEqual(self.linked("v1").name, "Ace")
        self.assertEqual(self.messages("inbox").state, "applied")
        self.assertEqual(self.exceptions().state, "resolved")

    @rows("FA-B17")
    def test_a_revoked_key_is_refused_and_what_was_accepted_finishes(self):
        accepted = self.send(self.vendor("v1", "Ace"))
        self.client.key_ids.action_revoke()
        refused = self.post(self.vendor("v2", "Bolt"))
        self.assertProblem(refused, 401, "unauthenticated")
        self.drain()
        self.assertEqual(accepted.state, "applied")
        self.assertFalse(self.messages("v2"))

    @rows("FA-B17")
    def test_an_expired_key_and_one_of_an_archived_client_are_refused(self):
        self.client.key_ids.expires_at = fields.Datetime.now() - timedelta(seconds=1)
        self.assertProblem(self.post(self.vendor()), 401, "unauthenticated")
        self.client.key_ids.expires_at = fields.Datetime.now() + timedelta(hours=1)
        self.assertEqual(self.post(self.vendor()).status_code, 202)
        self.client.active = False
        self.assertProblem(self.post(self.vendor()), 401, "unauthenticated")
