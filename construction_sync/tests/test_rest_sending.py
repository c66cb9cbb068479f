"""Sending to a REST system described by forms: limits, answers, ids (FA-H06/07/12)."""

import json

from odoo.exceptions import ValidationError

from .outgoing_case import OutgoingCase
from .receiver import Say
from .rows import rows


def said(value, status=200, **headers):
    return Say(status, headers, json.dumps(value).encode())


class TestRestSending(OutgoingCase):
    def setUp(self):
        super().setUp()
        self.hub.flow_ids.filtered(lambda f: f.direction == "out").state = "off"
        self.ledger = self.new_hub(
            "ledger", "Ledger", ("vendor",), adapter="rest",
            address=self.receiver.address,
        )  # fmt: skip
        self.numbers_there = iter(range(1001, 2000))
        self.receiver.answers = [
            lambda got: said({"id": next(self.numbers_there)}, 201)
        ]
        self.send = self.env["construction.sync.rest.send"].create(
            {
                "system_id": self.ledger.id,
                "entity": "vendor",
                "create_path": "/v1/vendors",
                "update_path": "/v1/vendors/{id}",
                "delete_path": "/v1/vendors/{id}",
                "line_ids": [
                    (0, 0, {"field": "vendor.name", "expression": "name",
                            "label": "Supplier name", "max_length": 30,
                            "empty": "refuse"}),
                    (0, 0, {"field": "vendor.vat_no", "expression": "tax_id"}),
                    (0, 0, {"field": "vendor.contacts[].mail", "expression": "email"}),
                    (0, 0, {"field": "origin", "constant": "odoo"}),
                ],
            }
        )  # fmt: skip

    def sent(self):
        return [
            (g.method, g.path.removeprefix("/hooks"), json.loads(g.body or b"null"))
            for g in self.receiver.got
        ]

    def states_out(self):
        return self.deliveries(self.ledger).mapped("state")

    def again(self):
        self.later_out(days=1)
        return self.dispatch()

    def vendor_here(self, name="Ace Concrete", **values):
        return self.new_vendor(name, company_id=self.company.id, **values)

    def test_a_new_vendor_is_created_there_and_changed_under_its_new_id(self):
        vendor = self.vendor_here(email="a@ace.example")
        self.dispatch()
        vendor.name = "Ace Concrete NV"
        self.dispatch()
        vendor.active = False
        self.dispatch()
        self.assertEqual(
            self.sent(),
            [
                ("POST", "/v1/vendors", {
                    "vendor": {"name": "Ace Concrete",
                               "contacts": [{"mail": "a@ace.example"}]},
                    "origin": "odoo",
                }),
                ("PATCH", "/v1/vendors/1001", {
                    "vendor": {"name": "Ace Concrete NV",
                               "contacts": [{"mail": "a@ace.example"}]},
                    "origin": "odoo",
                }),
                ("DELETE", "/v1/vendors/1001", None),
            ],
        )  # fmt: skip
        self.assertEqual(self.states_out(), ["delivered"] * 3)
        binding = self.binding("1001", system=self.ledger)
        self.assertEqual(binding.res_id, vendor.id)

    def test_changes_that_wait_together_make_one_object_there(self):
        """Both were made before the first was answered: the second must not create."""
        vendor = self.vendor_here()
        self.commit()
        self.env.cr.execute("UPDATE construction_sync_publication SET xact = '0'")
        vendor.name = "Ace Two"
        self.dispatch()
        self.dispatch()
        methods = [method for method, _path, _body in self.sent()]
        self.assertEqual(methods, ["POST", "PATCH"])

    def test_every_try_carries_the_same_key_and_body(self):
        self.receiver.answers = [503, lambda got: said({"id": 7})]
        self.vendor_here()
        self.dispatch()
        self.again()
        first, second = self.receiver.got
        self.assertEqual(first.body, second.body)
        key = first.headers["Idempotency-Key"]
        self.assertEqual(key, second.headers["Idempotency-Key"])
        self.assertEqual(key, self.deliveries(self.ledger).uuid)

    @rows("F10")
    def test_a_value_beyond_the_targets_limit_is_told_with_field_and_limit(self):
        self.vendor_here("The Very Long Name of a Concrete Company")
        self.dispatch()
        self.assertFalse(self.receiver.got, "nothing leaves")
        told = self.env["construction.sync.exception"].search(
            [("system_id", "=", self.ledger.id)]
        )
        self.assertEqual(told.kind, "field-limit")
        for words in ("Supplier name", "vendor.name", "30", "40"):
            self.assertIn(words, told.name)
        self.assertEqual(self.states_out(), ["dead"])

    @rows("F10")
    def test_digits_decimals_and_patterns_are_limits_too(self):
        from ..adapters import rest_writing
        from ..adapters.rest_expressions import compiled

        def problems(value, **limits):
            line = rest_writing.TargetLine("f", expression=compiled("v"), **limits)
            call = rest_writing.SendCall("vendor", "Ledger", {}, (line,))
            return [p.detail for p in rest_writing.body(call, {"v": value})[1]]

        self.assertFalse(problems("1234.56", digits=4, decimals=2, format="number"))
        self.assertIn("4 digits", problems("12345.6", digits=4)[0])
        self.assertIn("2 decimals", problems("1.234", decimals=2)[0])
        self.assertIn("2", problems("1.234", format="amount")[0])
        self.assertIn("[A-Z]+", problems("a1", must_match="[A-Z]+")[0])
        self.assertFalse(problems("1.50", format="amount"))

    @rows("FA-H07")
    def test_a_200_with_errors_in_its_body_is_a_refusal(self):
        self.send.errors_at = "body.errors[].message"
        self.receiver.answers = [
            lambda got: said({"errors": [{"message": "VAT number is wrong"}]})
        ]
        self.vendor_here()
        self.dispatch()
        self.assertEqual(self.states_out(), ["retry"])
        self.assertFalse(self.binding("1001", system=self.ledger))
        attempt = self.deliveries(self.ledger).attempt_ids
        self.assertEqual(attempt.outcome, "refused")
        self.assertIn("VAT number is wrong", attempt.words)
        self.receiver.answers = [lambda got: said({"id": 5, "errors": []})]
        self.again()
        self.assertEqual(self.states_out(), ["delivered"])

    @rows("FA-H07")
    def test_success_duplicate_and_busy_are_what_the_form_says(self):
        self.send.write(
            {
                "success_at": "body.result == 'OK'",
                "duplicate_at": "body.result == 'EXISTS'",
                "busy_at": "body.result == 'LOCKED'",
                "id_at": "body.key",
            }
        )
        self.receiver.answers = [
            lambda got: said({"result": "LOCKED"}),
            lambda got: said({"result": "EXISTS", "key": "K9"}, 409),
        ]
        self.vendor_here()
        self.dispatch()
        self.assertEqual(self.states_out(), ["retry"])
        self.again()
        self.assertEqual(self.states_out(), ["delivered"])
        self.assertTrue(self.binding("K9", system=self.ledger))
        self.receiver.answers = [lambda got: said({"result": "NO"})]
        self.vendor_here("Bolt")
        self.dispatch()
        self.assertEqual(
            self.deliveries(self.ledger)[-1].attempt_ids.outcome, "refused"
        )

    @rows("FA-H06")
    def test_a_200_that_is_cut_off_is_unknown_and_sent_again_under_its_key(self):
        self.receiver.answers = [
            Say(200, {}, b'{"id": 1, "na'), lambda got: said({"id": 1})
        ]  # fmt: skip
        self.vendor_here()
        self.dispatch()
        attempt = self.deliveries(self.ledger).attempt_ids
        self.assertEqual(attempt.outcome, "unknown")
        self.again()
        self.assertEqual(self.states_out(), ["delivered"])
        keys = {g.headers["Idempotency-Key"] for g in self.receiver.got}
        self.assertEqual(len(keys), 1)

    @rows("FA-H12", "F69")
    def test_of_ten_objects_three_refused_only_the_three_are_sent_again(self):
        """Answers with ``entities`` and ``errors`` (a sync interface): each object has
        a state of its own, whatever became of the others."""
        self.send.line_ids.unlink()
        self.send.with_context(rest_style="sync").action_take_template()
        bad = {"Vendor 2", "Vendor 5", "Vendor 7"}

        def answer(got):
            one = json.loads(got.body)["updates"][0]
            if one["name"] in bad:
                return said(
                    {"entities": [], "errors": [{**one, "errors": {"name": ["Taken"]}}]}
                )
            return said({"entities": [{"id": next(self.numbers_there)}], "errors": []})

        self.receiver.answers = [answer]
        for number in range(10):
            self.vendor_here(f"Vendor {number}")
        self.dispatch()
        self.assertEqual(self.states_out().count("delivered"), 7)
        self.assertEqual(len(self.receiver.got), 10)
        refused = self.deliveries(self.ledger, state="retry")
        self.assertEqual(set(refused.mapped("title")), bad)
        self.assertIn("Taken", refused[0].note)
        bad.clear()
        self.again()
        self.assertEqual(self.states_out(), ["delivered"] * 10)
        self.assertEqual(len(self.receiver.got), 13)

    def test_a_value_is_sent_as_the_system_writes_it(self):
        self.send.line_ids = [
            (0, 0, {"field": "grade", "expression": "status",
                    "crosswalk_kind": "status"})
        ]  # fmt: skip
        self.vendor_here(construction_vendor_status="approved")
        self.dispatch()
        self.assertFalse(self.receiver.got)
        told = self.env["construction.sync.exception"].search(
            [("system_id", "=", self.ledger.id)]
        )
        self.assertIn("approved", told.name)
        self.env["construction.sync.crosswalk"].create(
            {"system_id": self.ledger.id, "kind": "status", "source_value": "A1",
             "target_value": "approved"}
        )  # fmt: skip
        self.vendor_here("Bolt", construction_vendor_status="approved")
        self.dispatch()
        self.assertEqual(self.sent()[0][2]["grade"], "A1")

    def test_a_system_without_deletions_is_not_told_of_them(self):
        self.send.delete_path = False
        vendor = self.vendor_here()
        self.dispatch()
        vendor.active = False
        self.dispatch()
        self.assertEqual(len(self.receiver.got), 1)
        self.assertEqual(self.states_out(), ["delivered", "cancelled"])

    def test_a_data_type_without_a_call_says_what_to_do(self):
        self.send.unlink()
        self.vendor_here()
        self.dispatch()
        told = self.env["construction.sync.exception"].search(
            [("system_id", "=", self.ledger.id)]
        )
        self.assertIn("REST calls", told.name)

    def test_mistakes_are_named_at_save(self):
        for values, words in (
            ({"success_at": "status ="}, "It was taken when"),
            ({"create_path": "/v1/{id}"}, "no id there yet"),
            ({"update_path": "/v1/{a[}"}, "a["),
            ({"create_path": "https://x.example/"}, "path only"),
            ({"probe_path": "/v1"}, "both"),
            ({"line_ids": [(0, 0, {"field": "a b", "constant": "1"})]}, "a b"),
            ({"line_ids": [(0, 0, {"field": "a", "constant": "1",
                                   "must_match": "("})]}, "regular expression"),
        ):  # fmt: skip
            with self.subTest(values):
                with self.assertRaises(ValidationError) as caught, self.cr.savepoint():
                    self.send.write(values)
                    self.env.flush_all()
                self.assertIn(words, str(caught.exception))

    def test_trying_shows_what_would_be_sent_and_sends_nothing(self):
        self.vendor_here("The Very Long Name of a Concrete Company")
        self.vendor_here()
        action = self.send.action_try()
        trial = self.env[action["res_model"]].browse(action["res_id"])
        shown = {record.title: record for record in trial.record_ids}
        self.assertIn("POST /v1/vendors", shown["Ace Concrete"].mapped)
        self.assertIn('"name": "Ace Concrete"', shown["Ace Concrete"].mapped)
        self.assertFalse(shown["Ace Concrete"].problems)
        long_one = shown["The Very Long Name of a Concrete Company"]
        self.assertIn("30 characters", long_one.problems)
        self.assertFalse(self.receiver.got)

    def test_money_of_which_nobody_knows_is_looked_for(self):
        """The look-up of the form, as the dispatcher asks it."""
        self.send.write(
            {
                "probe_path": "/v1/vendors?key={odoo.event}",
                "probe_at": "body.data[0].id",
            }
        )
        self.vendor_here()
        self.commit()
        adapter = self.ledger._adapter()
        from ..pipeline import claims, dispatch

        target = dispatch._target(self.ledger, self.ledger.flow_ids, adapter, None, [])
        claim = claims.read(self.env.cr, self.deliveries(self.ledger).ids, target)[0]
        request = adapter.probe(claim.out)
        self.assertEqual(request.method, "GET")
        self.assertTrue(request.url.endswith(f"/v1/vendors?key={claim.out.uuid}"))
        from ..pipeline.transport import Answer

        def verdict(value, status=200):
            answer = Answer(status, {}, json.dumps(value).encode(), 0.1)
            found = adapter.judge_probe(claim.out, answer)
            return found.outcome, found.external_id

        self.assertEqual(verdict({"data": [{"id": 4}]}), ("delivered", "4"))
        self.assertEqual(verdict({"data": []}), ("retry", None))
        self.assertEqual(verdict({}, 500), ("unknown", None))
