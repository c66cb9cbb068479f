"""A call that moves money needs an Idempotency-Key, and has one effect (FA-A)."""

from odoo.addons.construction_sync.tests.rows import rows

from .document_case import DocumentCase

KEY = "payment-1"


class TestMoneyKey(DocumentCase):
    @rows("FA-A07")
    def test_without_a_key_it_is_refused_and_nothing_is_kept(self):
        with self.assertNothingStored():
            self.assertProblem(self.pay(), 400, "idempotency-key-missing",
                               "Idempotency-Key")  # fmt: skip
            for key in ("", '""', "x" * 256, "caf\u00e9".encode()):
                response = self.pay(Idempotency_Key=key)
                self.assertProblem(response, 400, "idempotency-key-invalid")
        self.assertFalse(self.documents())
        self.assertEqual(self.pay(Idempotency_Key=KEY).status_code, 201)

    @rows("FA-A01", "F64")
    def test_the_same_call_five_times_is_one_document(self):
        answers = [self.pay(Idempotency_Key=KEY) for _n in range(5)]
        self.assertEqual({a.status_code for a in answers}, {201})
        self.assertEqual(len({a.content for a in answers}), 1)
        self.assertEqual(
            [a.headers.get("Idempotent-Replayed") for a in answers],
            [None, "true", "true", "true", "true"],
        )
        self.assertEqual(len(self.documents()), 1)
        self.assertEqual(len(self.messages("d1")), 1)

    @rows("FA-A03")
    def test_another_amount_under_the_key_is_refused(self):
        self.pay(Idempotency_Key=KEY)
        other = self.put("test_document", "d1", {"number": "D-1", "amount": "999.00"},
                         Idempotency_Key=KEY)  # fmt: skip
        self.assertProblem(other, 422, "idempotency-key-reused")
        self.assertEqual(self.documents().amount, 100.0)

    @rows("FA-A08")
    def test_after_the_key_expired_the_number_still_stops_a_second_document(self):
        self.pay("d1", "D-1", Idempotency_Key=KEY)
        self.env.cr.execute(
            "UPDATE construction_sync_idempotency SET created_at = "
            "created_at - interval '14 months'"
        )
        self.env["construction.sync.idempotency"]._cron_expire()
        second = self.pay("d2", "D-1", Idempotency_Key=KEY)
        document = self.assertProblem(second, 409, "already-exists")
        self.assertIn("D-1", document["detail"])
        self.assertEqual(len(self.documents()), 1)

    @rows("FA-A10", "F65")
    def test_a_refusal_that_odoo_may_change_its_mind_about_is_looked_at_anew(self):
        first = self.pay(behaviour="refuse", Idempotency_Key=KEY)
        self.assertProblem(first, 422, "business-rule")
        again = self.pay(behaviour="refuse", Idempotency_Key=KEY)
        self.assertProblem(again, 422, "business-rule")
        self.assertEqual(len(self.messages("d1")), 1)
        self.exceptions().action_discard("Not wanted")
        last = self.pay(behaviour="refuse", Idempotency_Key=KEY)
        self.assertEqual(last.status_code, 422)
        self.assertFalse(self.documents())
