"""Procore's ERP integration, both ways, against the stand-in of ``simulator/`` over
real HTTP: what approvers there accept comes in and is answered, what Odoo knows is
staged for them (DOMAIN 2.1, FA-H07, FA-H12, F62)."""

import json
import unittest

from ..pipeline import fetching
from .outgoing_case import OutgoingCase
from .rows import rows

try:
    from simulator.procore_erp import ProcoreErp
except ImportError:  # the addons alone, without the repository around them
    ProcoreErp = None

TOKEN = "Bearer procore-agreed-token-0123456789"


@unittest.skipUnless(ProcoreErp, "the simulator is not beside the addons")
class ProcoreErpCase(OutgoingCase):
    #: who leads: what Procore sends is led by Procore, the rest by Odoo
    directions = ("in", "out")

    def setUp(self):
        super().setUp()
        self.procore = ProcoreErp().start()
        self.addCleanup(self.procore.stop)
        self.people = self.procore.company
        self.hub.flow_ids.unlink()
        self.hub.write(
            {
                "adapter": "procore_erp",
                "address": self.procore.address,
                "procore_company": 8,
                "procore_code_list": 21,
            }
        )
        flows = [
            {"entity": entity, "direction": direction}
            for entity in ("vendor", "project", "cost_code")
            for direction in self.directions
        ]
        flows += [
            {"entity": "hook"},
            {"entity": "procore_request", "fetches": True},
            {"entity": "procore_request", "direction": "out"},
        ]
        self.env["construction.sync.flow"].create(
            [{"system_id": self.hub.id, "state": "live", **flow} for flow in flows]
        )
        self.new_secret(self.hub, "token", TOKEN.encode())
        self.env["construction.sync.credential"].create(
            {
                "system_id": self.hub.id,
                "kind": "oauth2",
                "name": "erp-client",
                "value": "erp-secret",
                "token_address": self.procore.token_address,
            }
        )

    def incoming(self, entity):
        return self.hub.flow_ids.filtered(
            lambda f: f.entity == entity and f.direction == "in"
        )

    def notice(self, number, times=1):
        """Procore's webhook for a request."""
        body = json.dumps(self.procore.hooks.notice(number)).encode()
        for _time in range(times):
            answer = self.call(
                "POST", "/hooks/hub", body,
                headers={"Authorization": TOKEN, "Content-Type": "application/json"},
            )  # fmt: skip
            self.assertLess(answer.status_code, 300)
        return answer

    def fetch(self):
        """What the cron of fetching does when the time has come."""
        flow = self.incoming("procore_request")
        flow.watermark_ids.due_at = False
        self.env.flush_all()
        fetching.run(self.registry, 60, flow.ids)
        self.env.invalidate_all()

    def work(self):
        """Everything that follows by itself, until nothing is left to do."""
        for _round in range(3):
            self.drain()
            self.fetch()
            self.drain()
            self.dispatch()

    def detail(self, item_type, item_id):
        (found,) = (
            d for d in self.people.details.values()
            if (d["item_type"], d["item_id"]) == (item_type, item_id)
        )  # fmt: skip
        return found

    def asked(self, path, method="PATCH"):
        return [
            line for line in self.procore.log.recent()
            if line["method"] == method and path in line["path"]
        ]  # fmt: skip

    def linked_there(self, number, entity="vendor"):
        """The record in Odoo that has this number in Procore."""
        link = self.binding(str(number), entity, self.hub)
        return self.env[link.res_model or "res.partner"].browse(link.res_id or ())

    def link_of(self, record):
        return self.env["construction.sync.binding"].search(
            [
                ("system_id", "=", self.hub.id),
                ("res_model", "=", record._name),
                ("res_id", "=", record.id),
            ]
        )


class TestOutOfProcore(ProcoreErpCase):
    @rows("F62")
    def test_an_accepted_vendor_lands_and_its_detail_is_closed_with_origin_id(self):
        number = self.people.new_vendor("Bolt Steel", city="Concord")
        self.notice(self.people.accept_vendor(number))
        self.work()
        vendor = self.linked_there(number)
        self.assertEqual((vendor.name, vendor.city), ("Bolt Steel", "Concord"))
        self.assertEqual(self.people.vendors[number]["origin_id"], f"odoo-{vendor.id}")
        self.assertEqual(self.detail("vendor", number)["status"], "success")
        answer = self.hub.procore_answer_ids
        self.assertEqual((answer.state, answer.item_id), ("success", str(number)))

    @rows("F62")
    def test_nothing_is_applied_from_a_webhook_itself(self):
        body = {
            "request_name": "create_vendor",
            "request_data": {"vendor": {"id": 4711, "name": "Forged"}},
        }
        self.call(
            "POST", "/hooks/hub", json.dumps(body).encode(),
            headers={"Authorization": TOKEN, "Content-Type": "application/json"},
        )  # fmt: skip
        self.notice(99_999)  # a request that Procore does not know
        self.work()
        self.assertFalse(self.env["res.partner"].search([("name", "=", "Forged")]))
        request = self.env["construction.sync.procore.request"].search([])
        self.assertEqual((request.number, request.state), ("99999", "missing"))

    @rows("F62")
    def test_a_webhook_that_came_twice_or_never_makes_one_vendor(self):
        one = self.people.new_vendor("Bolt Steel")
        two = self.people.new_vendor("Nut Steel")
        self.notice(self.people.accept_vendor(one), times=3)
        self.people.accept_vendor(two)  # its webhook was discarded
        self.work()
        for number in (one, two):
            self.assertTrue(self.linked_there(number).exists())
            self.assertEqual(self.detail("vendor", number)["status"], "success")
        for name in ("Bolt Steel", "Nut Steel"):
            self.assertEqual(
                self.env["res.partner"].search_count([("name", "=", name)]), 1
            )
        closed = self.asked("/erp_request_details/")
        self.assertEqual(len(closed), 2, "each detail is closed once")

    @rows("F62")
    def test_what_cannot_be_taken_is_closed_as_failed_with_words(self):
        number = self.people.new_vendor("Bolt Steel")
        self.notice(self.people.accept_vendor(number))
        self.people.vendors[number]["name"] = " "
        self.people.requests[max(self.people.requests)]["request_data"]["vendor"][
            "name"
        ] = " "
        self.work()
        detail = self.detail("vendor", number)
        self.assertEqual(detail["status"], "failed")
        self.assertEqual(detail["messages"], ["name: This value is missing."])
        self.assertTrue(self.messages(system=self.hub).exception_id)

    def test_cost_codes_are_answered_one_by_one(self):
        top = self.people.new_code("03", "Concrete")
        below = self.people.new_code("300", "Cast in place", parent_id=top)
        self.notice(self.people.accept_codes([top, below]))
        self.work()
        for number in (top, below):
            self.assertEqual(
                self.detail("standard_cost_code", number)["status"], "success"
            )
            self.assertTrue(self.people.codes[number]["origin_id"])

    @rows("FA-H01")
    def test_a_limit_is_respected_and_nothing_is_lost(self):
        self.procore.limit = 6
        numbers = [self.people.new_vendor(f"Vendor {n}") for n in range(5)]
        for number in numbers:
            self.notice(self.people.accept_vendor(number))
        self.drain()
        self.fetch()
        flow = self.incoming("procore_request")
        self.assertGreater(flow.watermark_ids.due_at, flow.watermark_ids.last_run)
        self.procore.limit = 3600
        self.procore._windows[3600][1] = 0
        self.work()
        for number in numbers:
            self.assertTrue(self.linked_there(number).exists())


class TestIntoProcore(ProcoreErpCase):
    directions = ("out",)

    @rows("F62")
    def test_a_vendor_is_staged_imported_by_a_person_and_linked(self):
        vendor = self.new_vendor("Ace Concrete", email="ap@ace.example")
        self.dispatch()
        name = f"odoo-{vendor.id}"
        staged = self.people.staged["vendor", name]
        self.assertEqual(
            (staged["status"], staged["data"]["name"]), ("staged", "Ace Concrete")
        )
        self.assertFalse(self.people.vendors, "a person decides")
        self.assertFalse(self.link_of(vendor))
        self.notice(self.people.import_staged("vendor", name))
        self.work()
        (number,) = self.people.vendors
        self.assertEqual(self.link_of(vendor).external_id, str(number))
        vendor.name = "Ace Concrete Works"
        self.dispatch()
        self.assertEqual(self.people.vendors[number]["name"], "Ace Concrete Works")
        self.assertEqual(len(self.people.vendors), 1)
        self.assertEqual(
            self.env["res.partner"].search_count([("name", "ilike", "Ace Concrete")]),
            1,
            "what came back is no second vendor",
        )

    @rows("F62")
    def test_a_person_links_it_with_a_vendor_that_procore_has(self):
        number = self.people.new_vendor("ACE Concrete Inc")
        vendor = self.new_vendor("Ace Concrete")
        self.dispatch()
        self.notice(self.people.link_vendor(number, f"odoo-{vendor.id}"))
        self.work()
        self.assertEqual(self.link_of(vendor).external_id, str(number))

    @rows("FA-H07", "FA-H12")
    def test_an_error_in_a_200_goes_before_a_person_and_the_others_arrive(self):
        bad = self.new_vendor("Ace Concrete")
        good = self.new_vendor("Bolt Steel")
        real = self.people._stage

        def picky(update):
            if update["origin_id"] == f"odoo-{bad.id}":
                from simulator.procore_company import Refused

                raise Refused(422, "name has already been taken")
            return real(update)

        self.people._stage = picky
        self.dispatch()
        for _time in range(4):
            self.until_due()
            self.dispatch()
        (refused,) = self.deliveries(key=f"vendor:{bad.id}")
        self.assertNotEqual(refused.state, "delivered")
        self.assertIn("name has already been taken", refused.exception_id.name)
        (fine,) = self.deliveries(key=f"vendor:{good.id}")
        self.assertEqual(fine.state, "delivered")

    @rows("FA-H03", "FA-H04")
    def test_an_answer_that_never_came_makes_no_second_object(self):
        self.procore.change(fault="closed")
        self.new_vendor("Ace Concrete")
        self.dispatch()
        (delivery,) = self.deliveries()
        self.assertNotEqual(delivery.state, "delivered")
        self.procore.change(fault="none")
        for _time in range(3):
            self.until_due()
            self.dispatch()
        self.env.invalidate_all()
        self.assertEqual(delivery.state, "delivered")
        self.assertEqual(len(self.people.staged), 1)

    @rows("FA-H01", "FA-H02")
    def test_503_with_retry_after_is_waited_for(self):
        self.procore.change(fault="status", status=503, retry_after="120")
        self.new_vendor("Ace Concrete")
        self.dispatch()
        (delivery,) = self.deliveries()
        wait = (delivery.next_at - delivery.attempt_ids[:1].ended_at).total_seconds()
        self.assertGreaterEqual(wait, 115)
        self.procore.change(fault="none")
        self.until_due()
        self.dispatch()
        self.assertEqual(delivery.state, "delivered")

    def test_a_heading_goes_before_what_stands_below_it(self):
        scheme = self.env["construction.cost.code.scheme"].create(
            {"name": "Own codes", "code": "own-97", "grammar": "plain"}
        )
        codes = self.env["construction.cost.code"]
        top = codes.create({"code": "97", "name": "Concrete", "scheme_id": scheme.id})
        codes.create(
            {
                "code": "97-300", "name": "Cast in place", "parent_id": top.id,
                "scheme_id": scheme.id,
            }
        )  # fmt: skip
        self.dispatch()
        self.later_out(seconds=10)
        self.dispatch()
        by_name = {c["name"]: c for c in self.people.codes.values()}
        below = by_name["Cast in place"]
        self.assertEqual(below["parent_id"], by_name["Concrete"]["id"])
        self.assertEqual(below["full_code"], "97-300")
        self.assertEqual(self.link_of(top).external_id, str(by_name["Concrete"]["id"]))

    def test_an_archived_vendor_becomes_inactive_there(self):
        vendor = self.new_vendor("Ace Concrete")
        self.dispatch()
        self.people.import_staged("vendor", f"odoo-{vendor.id}")
        self.work()
        vendor.active = False
        self.dispatch()
        (found,) = self.people.vendors.values()
        self.assertIs(found["is_active"], False)

    def test_a_refresh_button_sends_everything_and_is_answered(self):
        out = self.hub.flow_ids.filtered(lambda f: f.entity == "vendor")
        out.state = "off"
        self.new_vendor("Ace Concrete")
        self.dispatch()
        self.assertFalse(self.people.staged)
        out.state = "live"
        self.people.press_sync("sync_vendors")
        self.work()
        self.assertTrue(self.people.staged)
        detail = self.detail("sync_vendors", None)
        self.assertEqual(detail["status"], "success")

    @rows("F72")
    def test_without_the_company_number_nothing_goes_and_the_remedy_is_named(self):
        self.hub.procore_company = 0
        self.new_vendor("Ace Concrete")
        self.dispatch()
        (delivery,) = self.deliveries()
        self.assertIn("company number", delivery.exception_id.name)
        self.assertEqual(self.asked("/staged_records"), [])
