"""``PUT`` and ``GET`` of objects: applied before the answer, read as they stand."""

from urllib.parse import quote

from .interface_case import InterfaceCase
from .rows import rows


class TestPut(InterfaceCase):
    def test_created_changed_and_unchanged(self):
        created = self.put("vendor", "v1", {"name": "Ace"}, Sync_Sequence="1")
        self.assertEqual(created.status_code, 201)
        answer = created.json()
        self.assertEqual(
            (answer["outcome"], answer["id"], answer["version"], answer["odoo_id"]),
            ("created", "v1", "1", self.linked("v1").id),
        )
        changed = self.put("vendor", "v1", {"name": "Ace Two"}, Sync_Sequence="2")
        self.assertEqual((changed.status_code, changed.json()["outcome"]),
                         (200, "changed"))  # fmt: skip
        same = self.put("vendor", "v1", {"name": "Ace Two"}, Sync_Sequence="3")
        self.assertEqual((same.status_code, same.json()["outcome"]), (200, "unchanged"))
        again = self.put("vendor", "v1", {"name": "Ace Two"}, Sync_Sequence="3")
        self.assertEqual(
            (again.status_code, again.json()["outcome"]), (200, "unchanged")
        )
        self.assertEqual(self.linked("v1").name, "Ace Two")

    @rows("F66", "FA-E01")
    def test_an_older_version_is_told_which_one_stands(self):
        self.put("vendor", "v1", {"name": "New"}, Sync_Sequence="5")
        old = self.put("vendor", "v1", {"name": "Old"}, Sync_Sequence="3")
        document = self.assertProblem(old, 409, "superseded")
        self.assertEqual(document["current"], "5")
        self.assertEqual(old.headers["Sync-Sequence"], "5")
        self.assertEqual(self.linked("v1").name, "New")

    @rows("FA-E03")
    def test_the_same_version_with_other_content_is_a_conflict(self):
        self.put("vendor", "v1", {"name": "One"}, Sync_Sequence="5")
        other = self.put("vendor", "v1", {"name": "Two"}, Sync_Sequence="5")
        self.assertProblem(other, 409, "version-conflict")
        self.assertEqual(self.linked("v1").name, "One")

    @rows("FA-E04")
    def test_a_version_is_a_positive_64_bit_number(self):
        with self.assertNothingStored():
            for sequence in ("0", "-1", "1.5", "x", "9223372036854775808", "01", ""):
                response = self.put(
                    "vendor", "v1", {"name": "A"}, Sync_Sequence=sequence
                )
                self.assertProblem(response, 400, "parameter-invalid", "Sync-Sequence")
        last = "9223372036854775807"
        answer = self.put("vendor", "v1", {"name": "A"}, Sync_Sequence=last)
        self.assertEqual(answer.json()["version"], last)

    @rows("F02")
    def test_what_a_person_must_decide_is_a_problem_with_its_address(self):
        response = self.put(
            "project", "p1", {"number": "1", "name": "T", "cost_codes": ["03 30 99"]}
        )
        document = self.assertProblem(
            response, 422, "reference-unknown", "/cost_codes/0"
        )
        self.assertEqual(document["instance"], response.headers["Location"])
        self.assertFalse(self.linked("p1", "project"))
        place = response.headers["Location"].removeprefix("/construction_sync/v1")
        self.assertEqual(self.get(place).json()["state"], "exception")

    @rows("F66")
    def test_a_missing_parent_is_202_and_lands_when_the_parent_comes(self):
        response = self.put("wbs_node", "w1", {"project": "p1", "code": "A",
                                               "name": "Structure"})  # fmt: skip
        self.assertEqual(response.status_code, 202)
        self.assertEqual(response.json()["state"], "waiting")
        self.put("project", "p1", {"number": "P-1", "name": "Tower"})
        self.drain()
        place = response.headers["Location"].removeprefix("/construction_sync/v1")
        self.assertEqual(self.get(place).json()["state"], "applied")
        self.assertEqual(self.linked("w1", "wbs_node").project_id,
                         self.linked("p1", "project"))  # fmt: skip

    @rows("F66")
    def test_it_cannot_overtake_what_waits_of_its_object(self):
        self.send(self.vendor("v1", "First"))
        self.put("vendor", "v1", {"name": "Second"})
        self.assertEqual(self.states("v1"), ["applied", "applied"])
        self.assertEqual(self.linked("v1").name, "Second")

    @rows("F61")
    def test_while_the_system_is_paused_it_is_kept_and_answered_202(self):
        self.system.action_pause()
        response = self.put("vendor", "v1", {"name": "Ace"})
        self.assertEqual((response.status_code, response.json()["state"]),
                         (202, "ready"))  # fmt: skip
        self.assertFalse(self.vendors("Ace"))
        self.system.action_resume()
        self.drain()
        self.assertEqual(self.linked("v1").name, "Ace")

    def test_an_absent_field_stays_null_clears_a_list_replaces(self):
        full = {"name": "Ace", "email": "a@example.com"}
        self.put("vendor", "v1", full)
        self.put("vendor", "v1", {"name": "Ace", "phone": "+1 555"})
        partner = self.linked("v1")
        self.assertEqual((partner.email, partner.phone), ("a@example.com", "+1 555"))
        self.put("vendor", "v1", {"name": "Ace", "email": None})
        self.assertFalse(partner.email)
        self.assertEqual(partner.phone, "+1 555")
        for code in ("03 30 00", "03 30 01"):
            self.put("cost_code", code.replace(" ", ""), {"code": code, "name": code})
        base = {"number": "P-1", "name": "Tower"}
        self.put("project", "p1", {**base, "cost_codes": ["033000", "033001"]})
        self.put("project", "p1", base)
        codes = self.linked("p1", "project").construction_cost_code_ids
        self.assertEqual(len(codes), 2)
        self.put("project", "p1", {**base, "cost_codes": ["033001"]})
        codes = self.linked("p1", "project").construction_cost_code_ids
        self.assertEqual(codes, self.linked("033001", "cost_code"))


class TestGet(InterfaceCase):
    def test_an_object_is_read_by_its_own_id_and_can_be_sent_back(self):
        self.put("vendor", "v1", {"name": "Ace", "email": "a@example.com",
                                  "status": "approved"}, Sync_Sequence="2")  # fmt: skip
        response = self.get("/vendor/v1")
        found = response.json()
        self.assertEqual(
            (found["id"], found["version"], found["deleted"], found["odoo_id"]),
            ("v1", "2", False, self.linked("v1").id),
        )
        again = self.put("vendor", "v1", found["data"])
        self.assertEqual(again.json()["outcome"], "unchanged")
        tag = response.headers["ETag"]
        unchanged = self.get("/vendor/v1", headers={"If-None-Match": tag})
        self.assertEqual((unchanged.status_code, unchanged.content), (304, b""))
        self.put("vendor", "v1", {"name": "Ace Two"})
        self.assertNotEqual(self.get("/vendor/v1").headers["ETag"], tag)

    def test_an_id_with_a_slash_and_a_space_is_percent_encoded(self):
        place = quote("A/1 b", safe="")
        self.assertEqual(self.put("vendor", place, {"name": "Ace"}).status_code, 201)
        self.assertEqual(self.get(f"/vendor/{place}").json()["id"], "A/1 b")
        self.assertTrue(self.binding("A/1 b"))

    def test_a_list_is_walked_page_by_page_without_loss(self):
        self.send(*(self.vendor(f"v{n}", f"Vendor {n}") for n in range(25)))
        self.drain()
        path, seen = "/vendor?limit=10", []
        while path:
            response = self.get(path)
            page = response.json()
            seen += [item["id"] for item in page["items"] if item["id"]]
            link = response.headers.get("Link", "")
            self.assertEqual(bool(page["next"]), bool(link))
            path = link and link[1 : link.index(">")].removeprefix(
                "/construction_sync/v1"
            )
        self.assertEqual(sorted(seen), sorted(f"v{n}" for n in range(25)))
        self.assertEqual(len(seen), len(set(seen)))

    def test_bad_parameters_are_named(self):
        for query, pointer in (
            ("limit=0", "limit"), ("limit=1001", "limit"), ("limit=x", "limit"),
            ("cursor=%00", "cursor"), ("cursor=zzz", "cursor"),
            ("updated_after=yesterday", "updated_after"),
        ):  # fmt: skip
            response = self.get(f"/vendor?{query}")
            self.assertProblem(response, 400, "parameter-invalid", pointer)

    def test_what_was_deleted_at_the_source_is_shown_as_gone(self):
        self.put("vendor", "v1", {"name": "Ace"})
        self.send(self.gone("v1"))
        self.drain()
        found = self.get("/vendor/v1").json()
        self.assertEqual((found["deleted"], found["data"]), (True, None))
        self.assertFalse(self.linked("v1").active)

    def test_an_id_that_never_was_is_not_found(self):
        self.assertProblem(self.get("/vendor/nothing"), 404, "not-found")
        self.assertProblem(self.get("/spaceship/x"), 404, "not-found")
