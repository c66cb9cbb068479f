import json
import os
import unittest
from dataclasses import replace
from pathlib import Path

from odoo.tests import BaseCase

from ..adapters.procore import parse_delivery
from ..schemas import schema
from .rows import rows

SAMPLES = Path(
    os.environ.get("CONSTRUCTION_SYNC_SAMPLES")
    or Path(__file__).resolve().parents[3] / "shared" / "samples"
)


def delivered(body):
    return parse_delivery(json.dumps(body).encode())


def named(name, request):
    return {"request_name": name, "request_data": request}


def notice(version, **changes):
    """The same notice as version 2, 3 or 4 writes it."""
    if version == 4:
        body = {
            "id": "01JMYXMZRBVKK0PC6XS8SA4QRE",
            "timestamp": "2026-02-25T16:04:43.619085Z",
            "reason": "update",
            "company_id": "8",
            "project_id": "6778",
            "user_id": "5447",
            "resource_type": "Submittals",
            "resource_id": "379913",
        }
    else:
        body = {
            "id": 123456789,
            "ulid": "01JMYXMZRBVKK0PC6XS8SA4QRE",
            "timestamp": "2026-02-25T16:04:43.619085Z",
            "metadata": {"source_user_id": 5447, "source_operation_id": None},
            "user_id": 5447,
            "company_id": 8,
            "project_id": 6778,
            "api_version": f"v{version}.0",
            "event_type": "update",
            "resource_name": "Submittals",
            "resource_id": 379913,
        }
        if version == 3:
            body["related_resources"] = [{"id": 1234, "name": "Packages"}]
    return {**body, **changes}


VENDOR = {
    "id": 35,
    "name": " Northside  Drywall ",
    "address": "12 Mill Lane\r\nUnit 4",
    "business_phone": "",
    "mobile_phone": "+1 603 555 0101",
    "city": "Concord",
    "country_code": "US",
    "email_address": None,
    "state_code": "NH",
    "trade_name": "",
    "updated_at": "2026-07-10T19:42:17.000250Z",
    "zip": 3301,
    "is_active": True,
    "attachments": [],
}


class TestErpEvents(BaseCase):
    def assertFits(self, parsed):
        """The data is what the schema of its entity takes."""
        self.assertIsNone(parsed.problem)
        schema(parsed.entity).model_validate(parsed.data)

    def test_a_vendor(self):
        request = {"vendor": VENDOR, "request_detail_id": 1, "company_id": 7}
        (found,) = delivered(named("create_vendor", request))
        self.assertFits(found)
        self.assertEqual((found.entity, found.external_id), ("vendor", "35"))
        self.assertEqual(
            found.data,
            {
                "name": "Northside Drywall",
                "phone": "+1 603 555 0101",
                "address": {
                    "street": "12 Mill Lane",
                    "street2": "Unit 4",
                    "city": "Concord",
                    "zip": "3301",
                    "state": "NH",
                    "country": "US",
                },
            },
        )
        self.assertEqual(found.version, 1783712537000250)
        self.assertEqual(found.time.isoformat(), "2026-07-10T19:42:17.000250+00:00")
        self.assertEqual(found.title, "Northside Drywall")

    def test_what_procore_leaves_empty_does_not_clear(self):
        empty = {**VENDOR, "address": "", "city": None, "zip": "", "state_code": ""}
        (found,) = delivered(named("create_vendor", {"vendor": empty}))
        self.assertNotIn("address", found.data)
        self.assertNotIn("email", found.data)

    @rows("F04")
    def test_merged_vendors_point_to_the_one_that_stays(self):
        found = delivered(
            named(
                "merge_vendors",
                {
                    "master_vendor": {"id": 1, "origin_id": "ABC"},
                    "source_vendors": [{"id": 2, "origin_id": "DEF"}, {"id": "3"}],
                    "company_id": 7,
                },
            )
        )
        for parsed in found:
            self.assertFits(parsed)
        self.assertEqual([one.external_id for one in found], ["2", "3"])
        self.assertEqual([one.data for one in found], [{"merged_into": "1"}] * 2)
        self.assertEqual(len({one.event_id for one in found}), 2)

    @rows("F04")
    def test_a_merge_of_nothing_is_kept_for_a_person(self):
        body = named(
            "merge_vendors", {"master_vendor": {"id": 1}, "source_vendors": []}
        )
        (found,) = delivered(body)
        self.assertEqual(found.problem.pointer, "/request_data/source_vendors")

    @rows("F01")
    def test_a_job_with_its_codes(self):
        body = named(
            "create_or_update_job",
            {
                "job": {
                    "id": 7,
                    "name": "Riverside Tower",
                    "origin_code": "JOB-7",
                    "address": "",
                    "active": True,
                },
                "all_cost_codes": [
                    {"id": 1, "full_code": "03", "parent": {"id": None}},
                    {"id": 2, "full_code": "03-300", "parent": {"id": 1}},
                    {
                        "id": 3,
                        "full_code": "03-310",
                        "parent": {"id": 1},
                        "deleted_at": "2026-01-01T00:00:00Z",
                    },
                ],
            },
        )
        (found,) = delivered(body)
        self.assertFits(found)
        self.assertEqual((found.entity, found.external_id), ("project", "7"))
        self.assertEqual(
            found.data,
            {
                "number": "JOB-7",
                "name": "Riverside Tower",
                "cost_codes": [{"code": "03-300"}],
            },
        )

    def test_a_sub_job_is_a_node_of_its_project(self):
        sub_job = {
            "id": 31,
            "code": "01",
            "name": "Imaging suite",
            "updated_at": "2026-07-10T20:08:42Z",
            "project": {"id": 7, "name": "Riverside Tower"},
        }
        (found,) = delivered(named("create_sub_job", {"sub_job": sub_job}))
        self.assertFits(found)
        self.assertEqual((found.entity, found.external_id), ("wbs_node", "31"))
        self.assertEqual(
            found.data, {"project": "7", "code": "01", "name": "Imaging suite"}
        )
        del sub_job["project"]
        (found,) = delivered(named("create_sub_job", {"sub_job": sub_job}))
        self.assertEqual(found.problem.pointer, "/request_data/sub_job/project")

    def test_standard_cost_codes(self):
        rows_ = [
            {"id": 1, "parent_id": None, "full_code": "01", "code": "01", "name": "G"},
            {
                "id": 2,
                "parent_id": 1,
                "full_code": "01-100",
                "code": "100",
                "name": "P",
            },
        ]
        for request in (rows_, {"standard_cost_codes": rows_}):
            found = delivered(named("create_standard_cost_codes", request))
            for parsed in found:
                self.assertFits(parsed)
            self.assertEqual(
                [one.data for one in found],
                [
                    {"code": "01", "name": "G", "postable": False},
                    {"code": "01-100", "name": "P", "parent": "1"},
                ],
            )
            self.assertEqual([one.external_id for one in found], ["1", "2"])

    def test_the_same_body_has_the_same_ids_and_another_body_others(self):
        body = named("create_vendor", {"vendor": VENDOR})
        other = named("create_vendor", {"vendor": {**VENDOR, "id": 36}})
        self.assertEqual(delivered(body)[0].event_id, delivered(body)[0].event_id)
        self.assertNotEqual(delivered(body)[0].event_id, delivered(other)[0].event_id)

    def test_any_other_event_is_kept_under_its_own_name(self):
        for name in ("create_commitment", "unlink_vendor", "something_new", ""):
            (found,) = delivered(named(name, {"id": 1}))
            self.assertIsNone(found.entity)
            self.assertEqual(found.problem.kind, "unsupported")
            self.assertEqual(found.title, name)

    def test_a_known_event_without_what_it_needs_says_what_is_missing(self):
        for name, request, pointer in (
            ("create_vendor", None, "/request_data"),
            ("create_vendor", {}, "/request_data/vendor"),
            ("create_vendor", {"vendor": {"id": 1}}, "/request_data/vendor/name"),
            ("create_vendor", {"vendor": {"name": "A"}}, "/request_data/vendor/id"),
            ("create_or_update_job", {"job": [1]}, "/request_data/job"),
            ("create_standard_cost_codes", [7], "/request_data/0"),
            ("create_standard_cost_codes", [], "/request_data"),
            ("merge_vendors", {}, "/request_data/master_vendor"),
        ):
            (found,) = delivered(named(name, request))
            self.assertEqual(found.problem.kind, "unreadable")
            self.assertEqual(found.problem.pointer, pointer)

    @rows("FA-C01", "FA-C06")
    def test_a_broken_body_is_kept_with_the_position(self):
        for raw, pointer in (
            (b'{"request_name": "create_budget", "request_data": {"budget" {', None),
            (b'{"request_name": "a"}\n}', ""),
            (b'{"request_name": "a", "request_name": "b"}', "/request_name"),
            (b"", ""),
            (b"\xff", ""),
        ):
            (found,) = parse_delivery(raw)
            self.assertEqual(found.problem.kind, "unreadable")
            self.assertTrue(found.event_id)
            if pointer is not None:
                self.assertEqual(found.problem.pointer, pointer)

    def test_a_library_of_thousands_of_codes_is_read(self):
        rows_ = [
            {"id": n, "full_code": str(n), "name": "Code", "extra": [[str(n)], ["x"]]}
            for n in range(1, 4_001)
        ]
        self.assertEqual(
            len(delivered(named("create_standard_cost_codes", rows_))), 4_000
        )


class TestWebhooks(BaseCase):
    @rows("F10")
    def test_versions_2_3_and_4_give_the_same_event(self):
        two, three, four = (delivered(notice(version))[0] for version in (2, 3, 4))
        self.assertEqual(two, three)
        self.assertEqual(two, four)
        self.assertEqual(two.event_id, "01JMYXMZRBVKK0PC6XS8SA4QRE")
        self.assertEqual(two.external_id, "379913")
        self.assertEqual(two.title, "Submittals 379913 (update)")
        self.assertEqual(two.problem.kind, "unsupported")
        self.assertEqual(two.data["resource"], "Submittals")

    @rows("F10")
    def test_an_unknown_version_is_parked_and_not_dropped(self):
        for body in (
            notice(3, api_version="v5.0"),
            notice(4, api_version="v5.0"),
            notice(2, api_version=None),
            {"hello": "world"},
            {},
        ):
            (found,) = delivered(body)
            self.assertIsNone(found.entity)
            self.assertEqual(found.problem.kind, "schema-unknown")
            self.assertTrue(found.event_id)

    def test_a_list_of_notices_gives_one_entry_each(self):
        found = delivered([notice(2), notice(4, id="01JMYXMZRBVKK0PC6XS8SA4QRF"), 7])
        self.assertEqual(
            [one.problem.kind for one in found],
            ["unsupported", "unsupported", "unreadable"],
        )
        self.assertEqual(len({one.event_id for one in found}), 3)

    def test_nothing_at_all_is_still_one_entry(self):
        for body in ([], 7, None, "x"):
            self.assertEqual(len(delivered(body)), 1)

    def test_the_time_may_be_missing(self):
        for value in (None, "yesterday", 7):
            found = delivered(notice(4, timestamp=value))[0]
            self.assertEqual(found, replace(delivered(notice(4))[0], time=None))


@unittest.skipUnless(
    (SAMPLES / "procore").is_dir(), "the published samples are not beside the project"
)
class TestPublishedSamples(BaseCase):
    def parse(self, name):
        return parse_delivery((SAMPLES / "procore" / name).read_bytes())

    def test_every_sample_gives_at_least_one_entry(self):
        for path in sorted((SAMPLES / "procore").iterdir()):
            found = parse_delivery(path.read_bytes())
            self.assertTrue(found, path.name)
            for one in found:
                self.assertTrue(one.event_id)
                self.assertIn(one.problem.kind, ("unsupported", "unreadable"))

    @rows("FA-C01")
    def test_bodies_that_are_not_json_say_where(self):
        for name, where in (
            ("erp_event_create_budget.as_published.txt", "line 5, column 14"),
            ("erp_event_create_vendor.as_published.txt", "line 47, column 1"),
            ("erp_event_create_payment.as_published.txt", "line 2, column 3"),
        ):
            (found,) = self.parse(name)
            self.assertEqual(found.problem.kind, "unreadable")
            self.assertIn(where, found.problem.detail)

    def test_the_published_vendor_is_read_once_its_extra_brace_is_gone(self):
        raw = (
            SAMPLES / "procore" / "erp_event_create_vendor.as_published.txt"
        ).read_text()
        (found,) = parse_delivery(raw.rstrip().removesuffix("}").encode())
        self.assertEqual(found.data, {"name": "Test Vendor"})
        self.assertEqual((found.external_id, found.version), ("35", 1594410137000000))

    @rows("F10")
    def test_the_published_webhooks_are_recognised(self):
        found = self.parse("webhooks.json")
        self.assertEqual([one.problem.kind for one in found], ["unsupported"] * 3)
        self.assertEqual(found[2].event_id, "01JMYXMZRBVKK0PC6XS8SA4QRE")
        # Two of the three are one event, told twice in two versions.
        self.assertEqual(found[0].event_id, found[1].event_id)
