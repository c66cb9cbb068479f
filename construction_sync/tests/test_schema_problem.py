from odoo.tests import BaseCase

from ..schemas.problem import Problem, one_line, problem_document, problem_type
from ..schemas.problem_kinds import CATALOGUE
from .rows import rows


class TestProblem(BaseCase):
    def test_a_document_has_one_entry_per_problem(self):
        document = problem_document(
            [
                Problem("schema-invalid", "This field is required.", "/data/name"),
                Problem("schema-invalid", "Text is expected here.", "/data/trades/1"),
            ],
            instance="/construction_sync/v1/messages/x",
        )
        self.assertEqual(
            document["type"], "/construction_sync/v1/problems/schema-invalid"
        )
        self.assertEqual(document["status"], 422)
        self.assertEqual(document["detail"], "This field is required.")
        self.assertEqual(
            document["errors"][1],
            {
                "pointer": "/data/trades/1",
                "detail": "Text is expected here.",
                "kind": "schema-invalid",
            },
        )
        self.assertEqual(document["instance"], "/construction_sync/v1/messages/x")

    def test_extra_members_are_part_of_the_document(self):
        problem = Problem("superseded", "Version 7 stands.", extra={"version": "7"})
        document = problem_document(problem, trace_id="0af7")
        self.assertEqual(document["version"], "7")
        self.assertEqual(document["trace_id"], "0af7")
        self.assertEqual(document["status"], 409)

    def test_every_kind_says_what_it_is_and_what_to_do(self):
        for slug, kind in CATALOGUE.items():
            self.assertRegex(slug, r"^[a-z0-9]+(-[a-z0-9]+)*$")
            self.assertTrue(400 <= kind.status <= 599)
            self.assertTrue(kind.title)
            self.assertTrue(kind.remedy.endswith("."), slug)
            self.assertTrue(problem_type(slug).endswith(slug))

    @rows("FA-K01")
    def test_outside_text_stays_one_line_and_harmless(self):
        for text in (
            "a\r\nERROR b",
            "\x1b[31mred\x1b[0m",
            "a\u202eb",
            "a\u2028b",
            "\x00",
        ):
            shown = one_line(text)
            self.assertTrue(shown.isprintable(), repr(shown))
            problem = Problem("schema-unknown", f"No entity {text}", f"/{text}")
            self.assertTrue(problem.detail.isprintable())
            self.assertTrue(problem.pointer.isprintable())
        for text in ("%s %(x)s", "${jndi:ldap://x}", "{0}", "é 株"):
            self.assertEqual(one_line(text), text)
        self.assertEqual(len(one_line("x" * 5_000)), 200)
