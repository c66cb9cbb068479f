"""Going live on a database in use: linked first, created after (F01, F04)."""

from odoo.exceptions import AccessError, UserError

from .interface_case import InterfaceCase
from .rows import rows


class TestMatching(InterfaceCase):
    def setUp(self):
        super().setUp()
        self.buyer = self.user("buyer", "procurement")
        partners = self.env["res.partner"]
        self.known = partners.create(
            {"name": "Ace NV", "is_company": True, "vat": "BE0477472701",
             "construction_vendor": True}
        )  # fmt: skip
        self.alike = partners.create(
            {"name": "Bolt and Sons", "is_company": True, "construction_vendor": True}
        )
        self.flow().action_preview()
        self.send(
            self.vendor("v1", "Ace", fields={"tax_id": "BE 0477.472.701"}),
            self.vendor("v2", "Bolt & Sons"),
            self.vendor("v3", "Zenith Cranes"),
        )
        self.drain()
        self.flow().with_user(self.buyer).action_find_matches()
        matches = self.env["construction.sync.match"].search(
            [("flow_id", "=", self.flow().id)]
        )
        self.matches = {m.external_id: m.with_user(self.buyer) for m in matches}

    @rows("F04", "F01")
    def test_exact_keys_first_with_evidence_and_nothing_created(self):
        exact = self.matches["v1"]
        self.assertEqual((exact.state, exact.exact, exact.res_id),
                         ("proposed", True, self.known.id))  # fmt: skip
        self.assertIn("0477", exact.evidence)
        self.assertFalse(self.matches["v2"].exact)
        self.assertEqual(self.matches["v3"].state, "unmatched")
        self.assertFalse(self.vendors("Zenith Cranes"))
        self.assertFalse(self.binding("v1"))

    @rows("F04")
    def test_what_was_linked_and_what_was_new_lands_as_decided(self):
        self.matches["v1"].action_link()
        self.matches["v2"].target = self.alike
        self.matches["v2"].action_link()
        self.matches["v3"].action_create()
        self.flow().action_go_live()
        self.drain()
        self.assertEqual(self.states(), ["applied"] * 3)
        self.assertEqual(self.linked("v1"), self.known)
        self.assertEqual(self.linked("v2"), self.alike)
        self.assertEqual(self.alike.name, "Bolt & Sons")
        self.assertEqual(len(self.vendors("Zenith Cranes")), 1)
        self.assertIn("buyer", self.binding("v2").linked_by)

    @rows("F04")
    def test_a_row_without_a_record_cannot_be_linked(self):
        with self.assertRaises(UserError):
            self.matches["v3"].action_link()

    @rows("F04")
    def test_looking_again_keeps_what_was_decided(self):
        self.matches["v3"].action_create()
        self.flow().with_user(self.buyer).action_find_matches()
        self.assertEqual(self.matches["v3"].state, "new")
        self.assertEqual(len(self.matches), 3)

    @rows("F04")
    def test_who_may_not_decide_does_not_link(self):
        reader = self.user("reader", "user")
        with self.assertRaises(AccessError):
            self.matches["v1"].with_user(reader).action_link()
        self.assertFalse(self.binding("v1"))

    @rows("F01")
    def test_a_project_that_is_there_is_proposed_by_its_number(self):
        there = self.env["project.project"].create(
            {"name": "Old name", "construction_number": "P-1",
             "company_id": self.company.id}
        )  # fmt: skip
        self.flow("project").action_preview()
        self.send(self.project("p1", "P-1"))
        self.drain()
        controller = self.user("con", "project_controls")
        self.flow("project").with_user(controller).action_find_matches()
        match = self.env["construction.sync.match"].search(
            [("flow_id", "=", self.flow("project").id)]
        )
        self.assertEqual((match.res_id, match.exact), (there.id, True))
        match.with_user(controller).action_link()
        self.flow("project").action_go_live()
        self.drain()
        self.assertEqual(self.linked("p1", "project"), there)
        self.assertEqual(there.name, "Project P-1")
