"""``POST /events``: stored before the answer, once, each event judged alone."""

from ..schemas.envelope import BATCH_MEDIA_TYPE
from .interface_case import InterfaceCase
from .rows import rows

COUNTS = ("accepted", "duplicate", "rejected")


class TestEvents(InterfaceCase):
    def counts(self, response):
        return tuple(response.json()[name] for name in COUNTS)

    @rows("F62")
    def test_an_event_is_stored_before_the_answer_and_applied_by_the_drain(self):
        response = self.post(self.vendor("v1", "Ace"))
        self.assertEqual(response.status_code, 202)
        self.assertEqual(self.counts(response), (1, 0, 0))
        message = self.message(response.json()["events"][0]["message"])
        self.assertEqual(message.state, "ready")
        self.assertFalse(self.vendors("Ace"))
        self.drain()
        self.assertEqual(message.state, "applied")
        self.assertEqual(message.res_id, self.linked("v1").id)
        self.assertEqual(self.linked("v1").name, "Ace")

    @rows("F69")
    def test_each_event_of_a_batch_is_judged_alone(self):
        good = self.vendor("v1", "Ace")
        response = self.post(
            [
                good,
                self.vendor("v2", fields={"colour": "red"}),
                self.vendor("v3", source="nobody"),
                self.vendor("v4", subject=None),
                good,
                self.vendor("v5", "Bolt"),
            ]
        )
        self.assertEqual(response.status_code, 202)
        self.assertEqual(self.counts(response), (2, 1, 3))
        answers = response.json()["events"]
        self.assertEqual(
            [a["status"] for a in answers],
            ["accepted", "rejected", "rejected", "rejected", "duplicate", "accepted"],
        )
        errors = [a["error"] for a in answers if a["status"] == "rejected"]
        self.assertEqual([e["status"] for e in errors], [422, 403, 400])
        self.assertEqual(errors[0]["errors"][0]["pointer"], "/data/colour")
        self.drain()
        self.assertEqual(self.messages().mapped("external_id"), ["v1", "v5"])

    def test_a_batch_of_rejected_events_is_422_and_a_single_event_has_its_own(self):
        wrong = self.vendor(source="nobody")
        with self.assertNothingStored():
            self.assertEqual(self.post([wrong, wrong]).status_code, 422)
            self.assertProblem(self.post(wrong), 403, "source-not-allowed", "/source")

    def test_an_empty_batch_is_nothing(self):
        response = self.post([])
        self.assertEqual(
            (response.status_code, self.counts(response)), (202, (0, 0, 0))
        )

    def test_what_is_switched_off_is_refused_at_the_door(self):
        self.flow().action_switch_off()
        with self.assertNothingStored():
            self.assertProblem(self.post(self.vendor()), 422, "flow-off", "/type")
            self.assertProblem(self.put("vendor", "v1", {"name": "A"}), 422, "flow-off")

    def test_without_a_key_there_is_nothing(self):
        with self.assertNothingStored():
            for header in (None, "", "Bearer", "Bearer ", "Basic abc", "Bearer csk_x",
                           f"Bearer {self.key}x", "Bearer " + "x" * 300,
                           "Bearer é".encode()):  # fmt: skip
                response = self.post(self.vendor(), headers={"Authorization": header})
                self.assertProblem(response, 401, "unauthenticated")
                self.assertIn("Bearer", response.headers["WWW-Authenticate"])

    def test_a_client_may_call_from_its_addresses_only(self):
        self.client.allowed_addresses = "192.0.2.0/24"
        self.assertProblem(self.post(self.vendor()), 403, "forbidden")
        self.client.allowed_addresses = "192.0.2.0/24 127.0.0.0/8 ::1"
        self.assertEqual(self.post(self.vendor()).status_code, 202)

    @rows("F63")
    def test_more_calls_than_allowed_are_told_when_to_come_back(self):
        self.client.rate_per_minute = 3
        answers = [self.get("/vendor") for _n in range(5)]
        self.assertEqual([a.status_code for a in answers], [200, 200, 200, 429, 429])
        refused = answers[-1]
        self.assertProblem(refused, 429, "rate-limited")
        self.assertGreaterEqual(int(refused.headers["Retry-After"]), 1)
        self.assertIn("q=3", refused.headers["RateLimit-Policy"])
        _client, key = self.new_client("Other", self.system)
        self.assertEqual(self.get("/vendor", key).status_code, 200)

    def test_only_the_methods_of_an_address_are_taken(self):
        response = self.call("DELETE", "/vendor/v1")
        self.assertProblem(response, 405, "method-not-allowed")
        self.assertIn("PUT", response.headers["Allow"])
        self.assertProblem(self.get("/events"), 405, "method-not-allowed")
        self.assertProblem(self.get("/no/such/place"), 404, "not-found")

    def test_where_a_message_stands_and_what_happened_to_it(self):
        message = self.send(self.vendor("v1", "Ace", sequence="4"))
        standing = self.get(f"/messages/{message.uuid}").json()
        self.assertEqual((standing["state"], standing["history"]), ("ready", []))
        self.drain()
        standing = self.get(f"/messages/{message.uuid}").json()
        self.assertEqual(
            {k: standing[k] for k in ("state", "system", "entity", "id", "version")},
            {"state": "applied", "system": "portal", "entity": "vendor", "id": "v1",
             "version": "4"},
        )  # fmt: skip
        self.assertEqual([h["what"] for h in standing["history"]], ["created"])
        self.assertIsNone(standing["problem"])

    def test_a_message_that_needs_a_person_says_what_is_wrong(self):
        message = self.send(self.project(fields={"cost_codes": ["03 30 99"]}))
        self.drain()
        standing = self.get(f"/messages/{message.uuid}").json()
        self.assertEqual(standing["state"], "exception")
        self.assertIn("reference-unknown", standing["problem"]["type"])
        self.assertIn("03 30 99", standing["problem"]["detail"])

    def test_five_hundred_events_of_one_call_all_land(self):
        events = [self.vendor(f"v{n}", f"Vendor {n}") for n in range(500)]
        response = self.post(events, headers={"Content-Type": BATCH_MEDIA_TYPE})
        self.assertEqual(self.counts(response), (500, 0, 0))
        self.drain()
        self.assertEqual(set(self.states()), {"applied"})
        self.assertEqual(
            [self.linked(f"v{n}").name for n in (0, 250, 499)],
            ["Vendor 0", "Vendor 250", "Vendor 499"],
        )

    def test_the_service_addresses_need_no_key(self):
        bare = {"Authorization": None}
        health = self.get("/health", headers=bare)
        self.assertEqual(health.status_code, 200)
        self.assertEqual(list(health.json()), ["status"])
        self.assertEqual(self.get("/openapi.json", headers=bare).json()["openapi"][:3],
                         "3.1")  # fmt: skip
        page = self.get("/docs", headers=bare)
        self.assertEqual(page.status_code, 200)
        self.assertNotIn("https://", page.text.lower())
        self.assertEqual(
            self.get("/problems/superseded", headers=bare).json()["status"], 409
        )

    def test_health_shows_its_checks_to_who_may_see_them(self):
        self.assertNotIn("checks", self.get("/health").json())
        self.client.scopes = "metrics:read"
        self.assertTrue(self.get("/health").json()["checks"]["lanes"]["ok"])
