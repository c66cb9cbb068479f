"""A REST system connected by forms: what is asked at save, and what a mapping does."""

from odoo.exceptions import AccessError, ValidationError
from odoo.tests import Form

from .foreign_server import Reply
from .rest_case import RestCase
from .rows import rows


class TestRestList(RestCase):
    def refused(self, **values):
        with self.assertRaises(ValidationError) as caught, self.cr.savepoint():
            self.list.write(values)
            self.env.flush_all()
        return str(caught.exception)

    def line(self, **values):
        return {"line_ids": [(0, 0, values)]}

    def test_a_mistake_in_an_expression_is_named_with_its_place_at_save(self):
        words = self.refused(items_at="data[")
        self.assertIn("Where the records are", words)
        self.assertIn("after character 5", words)
        self.assertIn("At character 6", self.refused(version_at="meta..v"))
        self.assertIn("no function uper()", self.refused(id_at="uper(id)"))
        words = self.refused(**self.line(field="phone", expression="a[?b"))
        self.assertIn("phone", words)
        self.assertIn("2,000", self.refused(id_at="x" * 2000) + "2,000")

    def test_fields_that_the_data_type_does_not_have_are_refused(self):
        words = self.refused(**self.line(field="colour", expression="c"))
        self.assertIn("colour", words)
        self.assertIn("tax_id", words)
        self.assertIn("either", self.refused(**self.line(field="phone")))
        self.assertIn(
            "either",
            self.refused(**self.line(field="phone", expression="p", constant="1")),
        )

    def test_a_path_is_never_another_host(self):
        for path in ("http://other.example/v1", "//other.example/v1", "\\\\x"):
            self.assertIn("path only", self.refused(list_path=path))

    def test_what_belongs_together_is_asked_for_together(self):
        self.assertIn("next cursor", self.refused(paging="cursor", next_at=False))
        self.assertIn("{id}", self.refused(item_path="/v1/vendors"))
        self.assertIn("name=value", self.refused(parameters="status"))
        self.assertIn("both", self.refused(scope_at="owner"))

    def test_only_administrators_see_and_change_lists(self):
        clerk = self.user("clerk", "project_controls")
        with self.assertRaises(AccessError):
            self.list.with_user(clerk).read(["list_path"])
        with self.assertRaises(AccessError):
            self.list.with_user(clerk).action_try()

    def test_an_administrator_connects_a_list_without_code(self):
        """The form as it is filled in; what was never asked for has a default."""
        admin = self.user("admin2", "admin")
        self.list.unlink()
        self.server.answer = lambda call: Reply([{"id": 9, "name": "Nine"}])
        with Form(
            self.env["construction.sync.rest.fetch"]
            .with_user(admin)
            .with_context(default_system_id=self.system.id)
        ) as form:
            form.entity = "vendor"
            form.list_path = "/v1/vendors"
        listed = form.record
        listed.with_context(rest_style="page").action_take_template()
        self.assertEqual(listed.since_parameter, "updated_since")
        self.assertIn("name", listed.line_ids.mapped("field"))
        self.fetch()
        self.drain()
        self.assertEqual(self.linked("9").name, "Nine")
        asked = self.server.calls[0]
        self.assertEqual(asked.parameters, {"per_page": "100", "page": "1"})

    def test_a_new_list_makes_its_data_type_in_preview(self):
        listed = self.env["construction.sync.rest.fetch"].create(
            {"system_id": self.system.id, "entity": "cost_code", "list_path": "/c"}
        )
        self.assertEqual(listed.flow_id.state, "preview")
        self.assertTrue(listed.flow_id.fetches)

    @rows("F69")
    def test_values_are_read_as_the_lines_say(self):
        self.system.flow_ids = [
            (0, 0, {"entity": "project", "state": "live", "fetches": True})
        ]
        self.env["construction.sync.rest.fetch"].create(
            {
                "system_id": self.system.id,
                "entity": "project",
                "list_path": "/v1/jobs",
                "items_at": "value",
                "paging": "none",
                "id_at": "jobId",
                "line_ids": [
                    (0, 0, {"field": "number", "expression": "jobId"}),
                    (0, 0, {"field": "name", "expression": "join(' ', [kind, title])"}),
                    (0, 0, {"field": "estimated_value", "expression": "sum",
                            "format": "amount", "pattern": ","}),
                    (0, 0, {"field": "start_date", "expression": "begins",
                            "format": "date", "pattern": "%d/%m/%Y"}),
                    (0, 0, {"field": "address.city", "expression": "place.city"}),
                    (0, 0, {"field": "currency", "constant": "USD"}),
                ],
            }
        )  # fmt: skip
        jobs = [
            {"jobId": 7, "kind": "Tower", "title": "West", "sum": "1.250.000,50",
             "begins": "02/03/2026", "place": {"city": "Ghent"}},
            {"jobId": 8, "kind": "Tower", "title": "East", "begins": "2026-03-02"},
        ]  # fmt: skip
        self.server.answer = lambda call: Reply({"value": jobs})
        flow = self.flow("project")
        self.fetch(flow)
        self.drain()
        project = self.linked("7", "project")
        self.assertEqual(project.name, "Tower West")
        self.assertEqual(project.construction_number, "7")
        self.assertEqual(str(project.date_start), "2026-03-02")
        self.assertEqual(self.states("8"), ["exception"])
        told = self.exceptions(kind="mapping-failed")
        self.assertIn("begins", told.name)
        self.assertEqual(told.pointer, "/data/start_date")

    def test_a_corrected_line_and_a_mapped_value_read_what_is_here_already(self):
        self.list.write(
            self.line(field="status", expression="grade", crosswalk_kind="status")
        )
        self.records = [self.record(1, grade="A+")]
        self.fetch()
        self.drain()
        told = self.exceptions(kind="value-unmapped")
        self.assertEqual((told.value, told.fix), ("A+", "map"))
        told.action_map_to("approved", "Their best")
        self.drain()
        self.assertEqual(self.states("1"), ["applied"])
        self.assertEqual(self.linked("1").construction_vendor_status, "approved")
        self.assertEqual(told.state, "resolved")
        calls = len(self.server.calls)
        # now a line that reads the wrong place: corrected, and tried again
        self.records = [self.record(2, grade="A+", company_name=["Ace"])]
        self.again()
        self.drain()
        self.assertEqual(self.states("2"), ["exception"])
        self.list.line_ids.filtered(
            lambda line: line.field == "name"
        ).expression = "company_name[0]"
        self.messages("2").action_replay()
        self.drain()
        self.assertEqual(self.linked("2").name, "Ace")
        self.assertEqual(len(self.server.calls), calls + 1, "nothing is asked again")

    def test_a_version_makes_an_older_state_stay_behind(self):
        self.list.version_at = "rev"
        for revision, name in ((5, "Five"), (4, "Four"), (6, "Six")):
            self.records = [self.record(1, rev=revision, company_name=name)]
            self.again() if self.mark() else self.fetch()
            self.drain()
        self.assertEqual(self.states(), ["applied", "superseded", "applied"])
        self.assertEqual(self.linked("1").name, "Six")


class TestRestTrial(RestCase):
    def trial(self):
        action = self.list.action_try()
        return self.env[action["res_model"]].browse(action["res_id"])

    def checks(self, trial):
        return {c.name.partition(":")[0]: c.state for c in trial.check_ids}

    def test_trying_shows_raw_beside_mapped_and_stores_nothing(self):
        self.records = [
            self.record(1, contact={"email": "a@b.example"}),
            self.record(2, contact={"email": "nobody"}),
            {"company_name": "No id"},
        ]
        with self.assertNothingStored():
            trial = self.trial()
        self.assertEqual((trial.count, trial.failed_count, trial.ok), (3, 2, False))
        good, wrong, nameless = trial.record_ids
        self.assertIn('"company_name": "Vendor 1"', good.raw)
        self.assertIn('"name": "Vendor 1"', good.mapped)
        self.assertFalse(good.problems)
        self.assertIn("/email ← contact.email", wrong.problems)
        self.assertIn("no id", nameless.problems)
        self.assertEqual(self.checks(trial)["Mapping"], "failed")
        self.assertFalse(self.mark())

    def test_a_list_without_fault_says_so(self):
        self.records = [self.record(1)]
        trial = self.trial()
        self.assertTrue(trial.ok)
        checks = self.checks(trial)
        self.assertEqual(checks.pop("TLS"), "open", "http has none")
        self.assertEqual(set(checks.values()), {"ok"})
        self.assertEqual(trial.count, 1)

    def test_a_failing_call_names_the_check_that_failed(self):
        cases = (
            (Reply(status=401), "Login"),
            (Reply(status=404), "Address"),
            (Reply(status=302, headers={"Location": "/x"}), "Address"),
            (Reply(status=429), "Pace"),
            (Reply(b"<html>Welcome</html>"), "Answer"),
            (Reply({"items": []}), "Records"),
        )
        for reply, failed in cases:
            with self.subTest(failed):
                self.server.answer = lambda call, reply=reply: reply
                checks = self.checks(self.trial())
                self.assertEqual(checks[failed], "failed")
                names = list(checks)
                after = names[names.index(failed) + 1 :]
                self.assertTrue(all(checks[n] == "open" for n in after))
        self.server.answer = lambda call: Reply({"items": []})
        self.assertIn("items", self.trial().outcome)

    def test_a_system_that_is_not_there_is_an_address_that_failed(self):
        self.server.close()
        checks = self.checks(self.trial())
        self.assertEqual(checks["Address"], "failed")
