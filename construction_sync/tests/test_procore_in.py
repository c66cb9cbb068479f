"""Procore's own webhooks and ERP events, from its address to the records (F10)."""

import json

from .interface_case import InterfaceCase
from .rows import rows

TOKEN = "Bearer procore-agreed-token-0123456789"


class TestProcore(InterfaceCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.system.adapter = "procore"
        cls.new_secret(cls.system, "token", TOKEN.encode())

    def deliver(self, *bodies, token=TOKEN):
        """Each body as a delivery of its own; the last answer."""
        for body in bodies:
            raw = body if isinstance(body, bytes) else json.dumps(body).encode()
            response = self.call(
                "POST", "/hooks/portal", raw,
                headers={"Authorization": token, "Content-Type": "application/json"},
            )  # fmt: skip
        return response

    def erp(self, name, **request):
        return {"request_name": name, "request_data": request}

    def vendor_event(
        self, vendor_id, name, updated="2026-07-10T19:42:17.000250Z", **more
    ):
        vendor = {"id": vendor_id, "name": name, "updated_at": updated, **more}
        return self.erp("create_vendor", vendor=vendor)

    def inbox(self):
        return self.messages().filtered(lambda m: m.entity == "hook")

    @rows("F62", "F10")
    def test_only_the_agreed_token_opens_the_address(self):
        body = self.vendor_event(35, "Northside Drywall")
        for token in ("Bearer wrong", TOKEN + "x", TOKEN.lower(), None):
            response = self.deliver(body, token=token)
            self.assertProblem(response, 401, "signature-refused")
        self.assertFalse(self.messages())
        self.assertEqual(self.deliver(body).status_code, 202)
        self.assertEqual(self.deliver(body).json()["status"], "duplicate")

    @rows("F10", "F04")
    def test_a_vendor_of_procore_lands_and_an_older_export_changes_nothing(self):
        self.deliver(self.vendor_event(35, "Northside  Drywall", zip=3301,
                     city="Concord", state_code="NH", country_code="US"))  # fmt: skip
        self.drain()
        partner = self.linked("35")
        self.assertEqual(
            (partner.name, partner.city, partner.zip, partner.state_id.code),
            ("Northside Drywall", "Concord", "3301", "NH"),
        )
        old = self.vendor_event(35, "Old name", "2025-01-01T00:00:00Z")
        self.deliver(old)
        self.drain()
        self.assertEqual(self.states("35"), ["applied", "superseded"])
        self.assertEqual(partner.name, "Northside Drywall")

    @rows("F04")
    def test_a_merge_leaves_an_alias_on_the_master(self):
        self.deliver(
            self.vendor_event(1, "Northside Drywall"),
            self.vendor_event(2, "N. Drywall"),
        )
        self.drain()
        master, merged = self.linked("1"), self.linked("2")
        self.deliver(self.erp("merge_vendors", master_vendor={"id": 1},
                              source_vendors=[{"id": 2}]))  # fmt: skip
        self.drain()
        self.assertEqual(self.exceptions().mapped("name"), [])
        self.assertFalse(merged.active)
        self.assertEqual((self.linked("2"), self.binding("2").state), (master, "alias"))
        message = self.send(self.project(fields={"customer": "2"}))
        self.drain()
        self.assertEqual(message.state, "applied")
        self.assertEqual(self.linked("p1", "project").partner_id, master)

    @rows("F04")
    def test_a_vendor_merged_before_it_arrived_becomes_an_alias_by_one_click(self):
        self.deliver(self.vendor_event(1, "Northside Drywall"))
        self.deliver(self.erp("merge_vendors", master_vendor={"id": 1},
                              source_vendors=[{"id": 2}]))  # fmt: skip
        self.drain()
        exception = self.exceptions()
        self.assertEqual(exception.kind, "possible-match")
        self.assertEqual(exception.suggestion_ids.res_id, self.linked("1").id)
        buyer = self.user("buyer", "procurement")
        exception.with_user(buyer).suggestion_ids.action_choose()
        self.drain()
        self.assertEqual((self.linked("2"), self.binding("2").state),
                         (self.linked("1"), "alias"))  # fmt: skip
        self.assertNotIn("exception", self.states())

    @rows("F10", "F01", "F03")
    def test_codes_a_job_and_its_sub_job_land_whatever_comes_first(self):
        sub_job = self.erp(
            "create_sub_job",
            sub_job={"id": 9, "code": "01", "name": "Podium", "project": {"id": 7}},
        )
        job = self.erp(
            "create_or_update_job",
            job={"id": 7, "name": "Tower", "project_number": "P-7"},
            all_cost_codes=[{"id": 3, "full_code": "03-300", "code": "300"}],
        )
        codes = {
            "request_name": "create_standard_cost_codes",
            "request_data": [
                {"id": 3, "full_code": "03-300", "name": "Cast-in-place concrete"}
            ],
        }
        self.deliver(sub_job, job, codes)
        self.drain()
        self.sweep()
        self.drain()
        project = self.linked("7", "project")
        self.assertEqual(project.construction_number, "P-7")
        self.assertEqual(project.construction_wbs_ids.mapped("name"), ["Podium"])
        self.assertEqual(
            project.construction_cost_code_ids, self.linked("3", "cost_code")
        )
        self.assertNotIn("exception", self.states())

    @rows("F10")
    def test_three_versions_of_one_notice_are_read_and_kept_not_dropped(self):
        notice = {
            "id": 1, "ulid": "01JMYXMZRBVKK0PC6XS8SA4QRE", "company_id": 8,
            "timestamp": "2026-02-25T16:04:43.619085Z", "event_type": "update",
            "resource_name": "Submittals", "resource_id": 379913,
        }  # fmt: skip
        v4 = {
            "id": "01JMYXMZRBVKK0PC6XS8SA4QRE", "reason": "update", "company_id": "8",
            "timestamp": "2026-02-25T16:04:43.619085Z", "resource_type": "Submittals",
            "resource_id": "379913",
        }  # fmt: skip
        v2, v3 = ({**notice, "api_version": version} for version in ("v2.0", "v3.0"))
        self.deliver(v2, v3, v4)
        self.drain()
        self.assertEqual(self.inbox().mapped("state"), ["exception"] * 3)
        self.assertEqual(set(self.exceptions().mapped("kind")), {"unsupported"})
        self.assertEqual(len(self.exceptions()), 1)
        self.assertEqual(self.exceptions().record_count, 3)

    @rows("F10")
    def test_an_unknown_version_is_parked_as_such_not_dropped(self):
        self.deliver({"api_version": "v9", "event_type": "x", "resource_name": "y"})
        self.drain()
        self.assertEqual(self.inbox().state, "exception")
        self.assertEqual(self.exceptions().kind, "schema-unknown")

    @rows("F10")
    def test_an_event_that_is_not_supported_yet_waits_with_its_body(self):
        body = self.erp("create_commitment", commitment={"id": 1})
        self.deliver(body)
        self.drain()
        message = self.inbox()
        self.assertEqual(self.exceptions().kind, "unsupported")
        self.assertIn("create_commitment", self.exceptions().name)
        self.assertEqual(json.loads(message.payload), body)

    @rows("F10", "FA-C01")
    def test_a_broken_body_is_kept_as_it_came(self):
        broken = b'{"request_name": "create_vendor", "request_data": {...}}'
        self.assertEqual(self.deliver(broken).status_code, 202)
        self.drain()
        self.assertEqual(self.exceptions().kind, "unreadable")
        body = self.env["construction.sync.message.body"].browse(self.inbox().id)
        self.assertEqual(body._bytes(), broken)
