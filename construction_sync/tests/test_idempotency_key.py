"""The same call or event again: the same answer, and never a second effect (FA-A)."""

import json
from unittest.mock import patch

from odoo.tools import mute_logger

from ..pipeline import intake
from .interface_case import InterfaceCase
from .rows import rows

KEY = '"order-1"'


class TestIdempotencyKey(InterfaceCase):
    def writes(self, external_id="v1"):
        return self.messages(external_id)

    @rows("FA-A01", "F64")
    def test_the_same_call_again_gets_the_stored_answer_and_has_one_effect(self):
        first = self.put("vendor", "v1", {"name": "Ace"}, Idempotency_Key=KEY)
        self.assertEqual(first.status_code, 201)
        self.assertNotIn("Idempotent-Replayed", first.headers)
        again = self.put("vendor", "v1", {"name": "Ace"}, Idempotency_Key=KEY)
        self.assertEqual(again.status_code, 201)
        self.assertEqual(again.content, first.content)
        self.assertEqual(again.headers["Idempotent-Replayed"], "true")
        self.assertEqual(again.headers["Location"], first.headers["Location"])
        self.assertEqual(len(self.writes()), 1)
        self.assertEqual(len(self.vendors("Ace")), 1)

    @rows("FA-A01")
    def test_the_stored_answer_is_given_even_when_the_object_has_moved_on(self):
        first = self.put("vendor", "v1", {"name": "Ace"}, Idempotency_Key=KEY)
        self.put("vendor", "v1", {"name": "Ace Two"})
        again = self.put("vendor", "v1", {"name": "Ace"}, Idempotency_Key=KEY)
        self.assertEqual(again.content, first.content)
        self.assertEqual(self.linked("v1").name, "Ace Two")

    @rows("FA-A03")
    def test_the_key_with_another_body_is_refused_and_noted(self):
        self.put("vendor", "v1", {"name": "Ace"}, Idempotency_Key=KEY)
        other = self.put("vendor", "v1", {"name": "Evil"}, Idempotency_Key=KEY)
        self.assertProblem(other, 422, "idempotency-key-reused", "Idempotency-Key")
        self.assertEqual(self.linked("v1").name, "Ace")
        self.assertEqual(len(self.writes()), 1)
        noted = self.audit(doc_key=f"client:{self.client.id}", action="refused")
        self.assertEqual(len(noted), 1)
        self.assertIn("Idempotency-Key", noted.reason)

    @rows("FA-A04")
    def test_the_fingerprint_is_of_the_raw_bytes(self):
        self.put("vendor", "v1", b'{"name": "Ace"}', Idempotency_Key=KEY)
        other = self.put("vendor", "v1", b'{"name":"Ace"}', Idempotency_Key=KEY)
        self.assertProblem(other, 422, "idempotency-key-reused")

    @rows("FA-A05")
    def test_keys_of_two_clients_mean_nothing_to_each_other(self):
        system = self.new_system("scheduler", "Scheduler")
        _client, key = self.new_client("Other", system)
        self.put("vendor", "v1", {"name": "Ace"}, Idempotency_Key=KEY)
        other = self.put("vendor", "v9", {"name": "Bolt"}, key, Idempotency_Key=KEY)
        self.assertEqual(other.status_code, 201)
        self.assertNotIn("Idempotent-Replayed", other.headers)
        self.assertEqual(len(self.vendors("Bolt")), 1)

    @rows("FA-A06")
    def test_the_key_with_another_operation_is_refused(self):
        body = {"name": "Ace"}
        self.put("vendor", "v1", body, Idempotency_Key=KEY)
        refused = [
            self.put("vendor", "v2", body, Idempotency_Key=KEY),
            self.put("vendor", "v1", body, Idempotency_Key=KEY, Sync_Sequence="2"),
            self.put("cost_type", "v1", body, Idempotency_Key=KEY),
        ]
        for response in refused:
            self.assertProblem(response, 422, "idempotency-key-reused")
        self.assertFalse(self.messages("v2"))

    @rows("FA-A07")
    def test_a_malformed_key_is_refused_and_an_unquoted_one_is_taken(self):
        body = {"name": "Ace"}
        with self.assertNothingStored():
            for key in ('""', "", "x" * 256, '"' + "x" * 256 + '"', "caf\u00e9"):
                response = self.call(
                    "PUT",
                    "/vendor/v1",
                    body,
                    headers={
                        "Content-Type": "application/json",
                        "Idempotency-Key": key.encode(),
                    },
                )
                self.assertProblem(response, 400, "idempotency-key-invalid")
        self.assertEqual(
            self.put("vendor", "v1", body, Idempotency_Key="x" * 255).status_code, 201
        )
        again = self.put("vendor", "v1", body, Idempotency_Key=f'"{"x" * 255}"')
        self.assertEqual(again.headers["Idempotent-Replayed"], "true")

    @rows("FA-A08")
    def test_after_the_key_has_expired_the_object_is_still_the_same(self):
        self.put("vendor", "v1", {"name": "Ace"}, Idempotency_Key=KEY)
        self.env.cr.execute(
            "UPDATE construction_sync_idempotency SET created_at = "
            "created_at - interval '397 days'"
        )
        self.env["construction.sync.idempotency"]._cron_expire()
        again = self.put("vendor", "v1", {"name": "Ace"}, Idempotency_Key=KEY)
        self.assertEqual(
            (again.status_code, again.json()["outcome"]), (200, "unchanged")
        )
        self.assertNotIn("Idempotent-Replayed", again.headers)
        self.assertEqual(len(self.vendors("Ace")), 1)

    @rows("FA-A03", "FA-A08")
    def test_a_year_later_the_key_still_stands_for_the_first_call(self):
        self.put("vendor", "v1", {"name": "Ace"}, Idempotency_Key=KEY)
        self.env.cr.execute(
            "UPDATE construction_sync_idempotency SET created_at = "
            "created_at - interval '300 days'"
        )
        self.env["construction.sync.idempotency"]._cron_expire()
        other = self.put("vendor", "v1", {"name": "Evil"}, Idempotency_Key=KEY)
        self.assertProblem(other, 422, "idempotency-key-reused")
        again = self.put("vendor", "v1", {"name": "Ace"}, Idempotency_Key=KEY)
        self.assertEqual(again.headers["Idempotent-Replayed"], "true")
        self.assertEqual(again.status_code, 201)
        self.assertEqual(len(self.writes()), 1)

    @rows("FA-A09")
    def test_a_server_error_is_not_stored_and_the_retry_runs(self):
        with (
            patch.object(intake, "store", side_effect=RuntimeError("no disk")),
            mute_logger("odoo.addons.construction_sync.controllers.endpoint"),
        ):
            failed = self.put("vendor", "v1", {"name": "Ace"}, Idempotency_Key=KEY)
        self.assertProblem(failed, 500, "internal")
        self.assertNotIn("no disk", failed.text)
        retried = self.put("vendor", "v1", {"name": "Ace"}, Idempotency_Key=KEY)
        self.assertEqual(retried.status_code, 201)
        self.assertEqual(len(self.writes()), 1)

    @rows("FA-A09")
    def test_an_error_after_the_call_was_stored_is_not_the_answer_for_ever(self):
        with (
            patch(
                "odoo.addons.construction_sync.controllers.answers.drain.drain_object",
                side_effect=RuntimeError("the worker broke"),
            ),
            mute_logger("odoo.addons.construction_sync.controllers.endpoint"),
        ):
            failed = self.put("vendor", "v1", {"name": "Ace"}, Idempotency_Key=KEY)
        self.assertEqual(failed.status_code, 500)
        waiting = self.put("vendor", "v1", {"name": "Ace"}, Idempotency_Key=KEY)
        self.assertEqual(waiting.status_code, 202)
        self.drain()
        done = self.put("vendor", "v1", {"name": "Ace"}, Idempotency_Key=KEY)
        self.assertEqual(done.status_code, 201)
        self.assertEqual(len(self.writes()), 1)
        self.assertEqual(len(self.vendors("Ace")), 1)

    @rows("FA-A10")
    def test_a_refused_call_is_refused_again_with_the_same_words(self):
        body = {"name": "Ace", "colour": "red"}
        first = self.put("vendor", "v1", body, Idempotency_Key=KEY)
        self.assertProblem(first, 422, "schema-invalid", "/colour")
        again = self.put("vendor", "v1", body, Idempotency_Key=KEY)
        self.assertEqual((again.status_code, again.content), (422, first.content))
        self.assertEqual(again.headers["Idempotent-Replayed"], "true")
        self.assertFalse(self.writes())

    @rows("FA-A10", "F65")
    def test_a_refusal_that_a_person_has_cleared_is_not_replayed(self):
        body = {"number": "P-1", "name": "Tower", "cost_codes": ["03 30 99"]}
        first = self.put("project", "p1", body, Idempotency_Key=KEY)
        self.assertProblem(first, 422, "reference-unknown", "/cost_codes/0")
        code = self.env["construction.cost.code"].create(
            {"code": "03 30 01", "name": "Site concrete"}
        )
        self.exceptions().action_map_to(code)
        self.drain()
        again = self.put("project", "p1", body, Idempotency_Key=KEY)
        self.assertEqual(again.status_code, 201)
        self.assertEqual(again.json()["odoo_id"], self.linked("p1", "project").id)

    @rows("FA-A11")
    def test_a_caller_that_hangs_up_before_the_answer_finds_it_again(self):
        body = b'{"name": "Ace"}'
        self.wire(
            b"PUT /construction_sync/v1/vendor/v1 HTTP/1.1\r\nHost: localhost\r\n"
            b"Cookie: {cookie}\r\nAuthorization: Bearer " + self.key.encode() + b"\r\n"
            b"Content-Type: application/json\r\nIdempotency-Key: " + KEY.encode() +
            b"\r\nContent-Length: %d\r\n\r\n" % len(body) + body,
            read=False,
        )  # fmt: skip
        again = self.put("vendor", "v1", body, Idempotency_Key=KEY)
        self.assertEqual(again.status_code, 201)
        self.assertEqual(again.headers["Idempotent-Replayed"], "true")
        self.assertEqual(len(self.writes()), 1)
        self.assertEqual(len(self.vendors("Ace")), 1)


class TestSameEvent(InterfaceCase):
    @rows("F64", "FA-A01")
    def test_the_same_event_again_is_a_duplicate_that_names_the_first(self):
        event = self.vendor("v1", "Ace")
        first = self.post(event).json()
        self.drain()
        again = self.post(event)
        self.assertEqual(again.status_code, 202)
        self.assertEqual((again.json()["accepted"], again.json()["duplicate"]), (0, 1))
        self.assertEqual(
            again.json()["events"][0]["message"], first["events"][0]["message"]
        )
        self.assertEqual(self.drain(), 0)
        self.assertEqual(len(self.messages("v1")), 1)
        self.assertEqual(len(self.vendors("Ace")), 1)

    @rows("F64")
    def test_the_same_event_five_times_in_one_call_is_one_message(self):
        event = self.vendor("v1", "Ace")
        answer = self.post([event] * 5).json()
        self.assertEqual((answer["accepted"], answer["duplicate"]), (1, 4))
        self.assertEqual(len({e["message"] for e in answer["events"]}), 1)
        self.assertEqual(len(self.messages("v1")), 1)

    @rows("FA-A12")
    def test_an_event_id_with_another_body_is_refused_and_set_before_a_person(self):
        first = self.vendor("v1", "Ace", id="e-1")
        self.send(first)
        other = self.post({**first, "data": {"name": "Evil"}})
        self.assertProblem(other, 409, "event-id-reused", "/id")
        self.assertEqual(self.exceptions(kind="event-id-reused").state, "new")
        self.drain()
        self.assertEqual(self.linked("v1").name, "Ace")
        self.assertEqual(len(self.messages("v1")), 1)

    @rows("FA-A12")
    def test_an_id_used_twice_in_one_call_rejects_the_second_alone(self):
        first = self.vendor("v1", "Ace", id="e-1")
        answer = self.post([first, {**first, "data": {"name": "Evil"}}]).json()
        self.assertEqual(
            [e["status"] for e in answer["events"]], ["accepted", "rejected"]
        )
        self.assertEqual(answer["events"][1]["error"]["status"], 409)

    @rows("FA-A12", "FA-B03")
    def test_a_webhook_id_with_another_body_and_a_valid_signature_is_refused(self):
        self.new_secret(self.system)
        first = json.dumps(self.vendor("v1", "Ace")).encode()
        other = json.dumps(self.vendor("v1", "Evil")).encode()
        self.assertEqual(self.hook(first, "msg_1").status_code, 202)
        self.assertProblem(self.hook(other, "msg_1"), 409, "event-id-reused")
        self.assertTrue(self.exceptions(kind="event-id-reused"))
        self.drain()
        self.assertEqual(self.linked("v1").name, "Ace")

    @rows("FA-A13")
    def test_a_new_event_with_the_same_version_and_content_does_nothing(self):
        self.send(self.vendor("v1", "Ace", sequence="7"))
        self.drain()
        written = self.linked("v1").write_date
        message = self.send(self.vendor("v1", "Ace", sequence="7"))
        self.drain()
        self.assertEqual(message.state, "duplicate")
        self.assertEqual(self.linked("v1").write_date, written)

    @rows("FA-A14")
    def test_after_thirteen_months_the_event_is_still_known(self):
        event = self.vendor("v1", "Ace")
        message = self.send(event)
        self.drain()
        self.env.cr.execute(
            "UPDATE construction_sync_message SET received_at = "
            "received_at - interval '401 days' WHERE id = %s",
            [message.id],
        )
        self.env["construction.sync.message.body"]._cron_purge()
        self.env.cr.execute(
            "SELECT raw FROM construction_sync_message_body WHERE id = %s", [message.id]
        )
        self.assertEqual(self.env.cr.fetchone(), (None,))
        answer = self.post(event).json()
        self.assertEqual(answer["duplicate"], 1)
        self.assertEqual(answer["events"][0]["message"], message.uuid)
        changed = self.post({**event, "data": {"name": "Evil"}})
        self.assertProblem(changed, 409, "event-id-reused")
