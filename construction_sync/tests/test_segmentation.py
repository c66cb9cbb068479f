"""A caller sees and says only what is its own; what is not does not exist (FA-J)."""

import json

from odoo.tools import mute_logger

from .interface_case import InterfaceCase
from .rows import rows


class SegmentationCase(InterfaceCase):
    """Two systems of one company: ``portal`` (ours) and ``rival``."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.rival = cls.new_system("rival", "Rival")
        cls.rival_client, cls.rival_key = cls.new_client("Rival's client", cls.rival)

    def setUp(self):
        super().setUp()
        self.put("vendor", "v1", {"name": "Ace", "email": "secret@example.com"})
        self.put("project", "p1", {"number": "P-1", "name": "Tower"})

    def assertLikeNothing(self, response, nothing):
        """The answer cannot be told from the one for what never was."""
        self.assertProblem(response, 404, "not-found")
        self.assertEqual(response.content, nothing.content)
        names = ("Date", "traceparent", "RateLimit", "Content-Length")
        self.assertEqual(
            {k: v for k, v in response.headers.items() if k not in names},
            {k: v for k, v in nothing.headers.items() if k not in names},
        )


class TestOtherSystems(SegmentationCase):
    @rows("FA-J01")
    def test_the_object_of_another_system_is_as_if_it_never_was(self):
        nothing = self.get("/vendor/never", self.rival_key)
        self.assertLikeNothing(self.get("/vendor/v1", self.rival_key), nothing)
        odoo_id = str(self.linked("v1").id)
        self.assertLikeNothing(self.get(f"/vendor/{odoo_id}", self.rival_key), nothing)
        # the system's name in the address opens nothing either
        self.assertProblem(
            self.get("/vendor/v1?system=portal", self.rival_key), 404, "not-found"
        )

    @rows("FA-J01")
    def test_the_same_id_of_two_systems_is_two_objects(self):
        answer = self.put("vendor", "v1", {"name": "Evil"}, self.rival_key)
        self.assertEqual(answer.status_code, 201)
        self.assertEqual(self.linked("v1").name, "Ace")
        self.send(self.event("v1", None, deleted=True, source="rival"),
                  key=self.rival_key)  # fmt: skip
        self.drain()
        self.assertTrue(self.linked("v1").active)

    @rows("FA-J01")
    def test_a_message_of_another_system_is_as_if_it_never_was(self):
        message = self.messages("v1")
        nothing = self.get(
            "/messages/00000000-0000-7000-8000-000000000000", self.rival_key
        )
        found = self.get(f"/messages/{message.uuid}", self.rival_key)
        self.assertLikeNothing(found, nothing)
        self.assertEqual(self.get(f"/messages/{message.uuid}").status_code, 200)

    @rows("FA-J01")
    def test_an_event_id_of_another_system_is_free(self):
        event = self.vendor("v7", "Mine", id="shared-id")
        self.send(event)
        other = self.vendor("v7", "Theirs", id="shared-id", source="rival")
        answer = self.post(other, self.rival_key).json()
        self.assertEqual((answer["accepted"], answer["duplicate"]), (1, 0))

    @rows("FA-J01")
    def test_a_key_of_another_client_tells_nothing_of_its_answer(self):
        body = {"name": "Bolt"}
        self.put("vendor", "v8", body, Idempotency_Key="k-1")
        answer = self.put("vendor", "v8", body, self.rival_key, Idempotency_Key="k-1")
        self.assertNotIn("Idempotent-Replayed", answer.headers)

    @rows("FA-J02", "FA-J01")
    def test_a_source_in_the_body_that_is_not_ours_is_refused(self):
        with self.assertNothingStored():
            response = self.post(self.vendor("v1", "Evil"), self.rival_key)
            self.assertProblem(response, 403, "source-not-allowed", "/source")
        batch = self.post(
            [self.vendor("v1", "Evil"), self.vendor("v1", "Own", source="rival")],
            self.rival_key,
        )
        self.assertEqual(
            [e["status"] for e in batch.json()["events"]], ["rejected", "accepted"]
        )
        self.drain()
        self.assertEqual(self.linked("v1").name, "Ace")

    @rows("FA-J02")
    def test_a_reference_into_a_system_of_other_companies_is_not_followed(self):
        far = self.new_system("far", "Far", company=self.other_company)
        _client, key = self.new_client("Far's client", far)
        references = (
            {"system": "portal", "id": "p1"},
            {"odoo_id": self.linked("p1", "project").id},
        )
        for number, reference in enumerate(references):
            node = {"project": reference, "code": "A", "name": "A"}
            message = self.send(
                self.event(f"w{number}", node, "wbs_node", source="far"), key=key
            )
            self.drain()
            self.later(minutes=16)
            self.drain()
            self.assertEqual(message.state, "exception", reference)
        self.assertFalse(self.linked("p1", "project").construction_wbs_ids)

    @rows("FA-J03")
    def test_fields_of_odoo_cannot_be_set_from_outside(self):
        for field in ("state", "approved", "company_id", "odoo_id", "active",
                      "user_id", "credit_limit", "construction_vendor"):  # fmt: skip
            response = self.put("vendor", "v1", {"name": "Ace", field: 1})
            self.assertProblem(response, 422, "schema-invalid", f"/{field}")
        response = self.put(
            "vendor", "v1", {"name": "Ace", "merged_into": {"odoo_id": 1, "id": "x"}}
        )
        self.assertEqual(response.status_code, 422)

    @rows("FA-J09")
    def test_ids_that_are_shown_cannot_be_counted_up(self):
        uuids = [m.uuid for m in self.messages()]
        self.assertEqual(len(set(uuids)), len(uuids))
        for uuid in uuids:
            self.assertRegex(uuid, r"^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab]")
        for message in self.messages():
            self.assertProblem(self.get(f"/messages/{message.id}"), 404, "not-found")


class TestScopes(SegmentationCase):
    @rows("FA-J04")
    def test_a_key_does_what_its_scopes_say_and_nothing_else(self):
        self.client.scopes = "vendor:read project:write"
        self.assertEqual(self.get("/vendor/v1").status_code, 200)
        self.assertProblem(self.get("/project/p1"), 403, "forbidden")
        self.assertProblem(self.get("/project"), 403, "forbidden")
        self.assertProblem(self.put("vendor", "v1", {"name": "X"}), 403, "forbidden")
        with self.assertNothingStored():
            self.assertProblem(self.post(self.vendor()), 403, "forbidden", "/type")
        self.assertEqual(self.post(self.project("p2", "P-2")).status_code, 202)
        message = self.messages("v1")
        self.assertEqual(self.get(f"/messages/{message.uuid}").status_code, 200)

    @rows("FA-J04")
    def test_a_message_is_shown_to_scopes_of_its_data_type_only(self):
        message = self.messages("v1")
        self.client.scopes = "cost_code:read"
        self.assertProblem(self.get(f"/messages/{message.uuid}"), 404, "not-found")

    @rows("FA-J04", "FA-J07")
    def test_a_key_opens_no_screen_and_a_session_no_interface(self):
        for path in ("/odoo", "/web/dataset/call_kw/res.partner/search_read"):
            with mute_logger("odoo.http"):
                response = self.url_open(
                    path,
                    data=json.dumps({"jsonrpc": "2.0", "params": {}}).encode(),
                    headers={
                        "Authorization": f"Bearer {self.key}",
                        "Content-Type": "application/json",
                    },
                    allow_redirects=False,
                )
            self.assertNotIn("secret@example.com", response.text)
            self.assertNotIn('"result"', response.text)
        user = self.user("portal-person", "admin")
        self.authenticate(user.login, user.login)
        response = self.get("/vendor/v1", headers={"Authorization": None})
        self.assertProblem(response, 401, "unauthenticated")


class TestLimitedClients(SegmentationCase):
    def listed(self, path, key):
        response = self.get(path, key)
        self.assertEqual(response.status_code, 200)
        return response

    @rows("FA-J05", "F08")
    def test_a_client_of_one_company_sees_and_writes_that_one_only(self):
        self.system.company_code_ids = [
            (0, 0, {"code": "south", "company_id": self.other_company.id})
        ]
        self.put(
            "project", "p1", {"number": "P-1", "name": "Bridge", "company": "south"}
        )
        _client, key = self.new_client(
            "South only", self.system, company_ids=[(6, 0, self.other_company.ids)]
        )
        names = {
            i["data"]["name"] for i in self.listed("/project", key).json()["items"]
        }
        self.assertEqual(names, {"Bridge"})
        self.assertEqual(self.get("/project/p1", key).json()["data"]["name"], "Bridge")
        refused = self.put("project", "p9", {"number": "P-9", "name": "North"}, key)
        self.assertProblem(refused, 422, "company-crossed")
        self.assertFalse(self.linked("p9", "project"))
        fine = {"number": "P-9", "name": "South", "company": "south"}
        self.assertEqual(self.put("project", "p8", fine, key).status_code, 201)

    @rows("FA-J05")
    def test_a_system_of_another_company_sees_nothing_of_this_one(self):
        far = self.new_system("far", "Far", company=self.other_company)
        _client, key = self.new_client("Far's client", far)
        self.assertEqual(self.listed("/project", key).json()["items"], [])
        self.assertNotIn("Tower", self.listed("/project", key).text)

    @rows("FA-J06", "FA-J01")
    def test_a_client_of_one_project_or_vendor_lists_and_reads_those_only(self):
        self.put("project", "p2", {"number": "P-2", "name": "Bridge"})
        self.put("vendor", "v2", {"name": "Bolt"})
        _client, key = self.new_client(
            "One of each",
            self.system,
            project_ids=[(6, 0, self.linked("p2", "project").ids)],
            vendor_ids=[(6, 0, self.linked("v2").ids)],
        )
        for path in (
            "/project?limit=1000",
            "/project?updated_after=2020-01-01T00:00:00Z",
        ):
            self.assertNotIn("Tower", self.listed(path, key).text)
            self.assertIn("Bridge", self.listed(path, key).text)
        self.assertNotIn("secret@example.com", self.listed("/vendor", key).text)
        nothing = self.get("/vendor/never", key)
        self.assertLikeNothing(self.get("/vendor/v1", key), nothing)
        self.assertLikeNothing(self.get("/project/p1", key), nothing)
        self.assertEqual(self.get("/vendor/v2", key).status_code, 200)

    @rows("FA-J01", "FA-J06")
    def test_a_client_of_one_vendor_cannot_change_another(self):
        self.put("vendor", "v2", {"name": "Bolt"})
        _client, key = self.new_client(
            "Bolt only", self.system, vendor_ids=[(6, 0, self.linked("v2").ids)]
        )
        with self.assertNothingStored():
            nothing = self.put("vendor", "never", {"name": "Evil"}, key)
            self.assertLikeNothing(self.put("vendor", "v1", {"name": "Evil"}, key),
                                   nothing)  # fmt: skip
            merged = {"name": "Bolt", "merged_into": "v1"}
            self.assertLikeNothing(self.put("vendor", "v2", merged, key), nothing)
            for event in (self.vendor("v1", "Evil"), self.gone("v1")):
                self.assertProblem(self.post(event, key), 404, "not-found", "/subject")
        answer = self.post([self.vendor("v1", "Evil"), self.vendor("v2", "Bolt 2"),
                            self.gone("v1")], key).json()  # fmt: skip
        self.assertEqual(
            [e["status"] for e in answer["events"]],
            ["rejected", "accepted", "rejected"],
        )
        self.drain()
        self.assertEqual(self.linked("v1").name, "Ace")
        self.assertTrue(self.linked("v1").active)
        self.assertEqual(self.linked("v2").name, "Bolt 2")

    @rows("FA-J01", "FA-J06")
    def test_a_client_of_one_project_cannot_write_into_another(self):
        self.put("project", "p2", {"number": "P-2", "name": "Bridge"})
        _client, key = self.new_client(
            "Bridge only", self.system,
            project_ids=[(6, 0, self.linked("p2", "project").ids)],
        )  # fmt: skip
        node = {"code": "A", "name": "Structure"}
        own = self.put("wbs_node", "w2", {**node, "project": "p2"}, key)
        self.assertEqual(own.status_code, 201)
        self.put("wbs_node", "w1", {**node, "project": "p1"})
        with self.assertNothingStored():
            for external_id, project in (
                ("w1", "p1"), ("w1", "p2"), ("w2", "p1"), ("new", "p1"),
                ("new", {"odoo_id": self.linked("p1", "project").id}),
            ):  # fmt: skip
                response = self.put(
                    "wbs_node", external_id, {**node, "project": project}, key
                )
                self.assertProblem(response, 404, "not-found")
            self.assertProblem(self.put("project", "p1", {"number": "P-1",
                               "name": "Mine"}, key), 404, "not-found")  # fmt: skip

    @rows("FA-J10")
    def test_no_answer_may_be_kept_by_a_cache_between(self):
        for path in ("/vendor/v1", "/vendor", f"/messages/{self.messages()[0].uuid}"):
            response = self.get(path)
            self.assertIn("no-store", response.headers["Cache-Control"])
        tag = self.get("/vendor/v1").headers["ETag"]
        other = self.get("/vendor/v1", self.rival_key, {"If-None-Match": tag})
        self.assertProblem(other, 404, "not-found")

    @rows("FA-J06")
    def test_an_error_tells_a_caller_nothing_of_the_inside(self):
        for response in (
            self.put("vendor", "v1", {"name": 1}, self.rival_key),
            self.get("/vendor?cursor=x", self.rival_key),
            self.get("/nowhere", self.rival_key),
        ):
            for word in (
                "psycopg",
                "Traceback",
                "odoo.addons",
                "SELECT",
                "/home",
                "Ace",
            ):
                self.assertNotIn(word, response.text)
