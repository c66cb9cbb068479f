"""What clears by itself, what a person can take as it came, and what a copy forgets."""

from unittest.mock import patch

from odoo.tools import file_open, mute_logger

from .interface_case import InterfaceCase
from .rows import rows


class TestHeal(InterfaceCase):
    def code_event(self, code="09 91 23", **attributes):
        data = {"code": code, "name": "Interior painting"}
        return self.event(f"cc-{code}", data, "cost_code", **attributes)

    @rows("F02", "F66")
    def test_a_project_lands_by_itself_when_its_unknown_code_arrives(self):
        self.send(
            self.event(
                "p1",
                {"number": "P-1", "name": "Tower", "cost_codes": ["09 91 23"]},
                "project",
            )
        )
        self.drain()
        self.assertEqual(self.states("p1"), ["exception"])
        self.send(
            self.event("c9", {"code": "09 91 00", "name": "Painting"}, "cost_code"),
            self.code_event(),
        )
        self.drain()
        self.assertEqual(self.states("p1"), ["applied"])
        (cause,) = self.exceptions(kind="reference-unknown")
        self.assertEqual((cause.state, cause.resolution), ("resolved", "itself"))
        self.assertEqual(
            self.linked("p1", "project").construction_cost_code_ids.mapped("code"),
            ["09 91 23"],
        )

    @rows("F66")
    def test_a_parent_that_comes_after_the_deadline_still_brings_its_child(self):
        self.send(
            self.event(
                "w1", {"project": "late", "code": "A", "name": "Area A"}, "wbs_node"
            )
        )
        self.drain()
        self.assertEqual(self.states("w1"), ["waiting"])
        self.later(hours=1)
        self.sweep()
        self.drain()
        self.assertEqual(self.states("w1"), ["exception"])
        self.send(self.project("late", "P-9"))
        self.drain()
        self.assertEqual(self.states("w1"), ["applied"])

    @rows("FA-E05")
    def test_a_source_that_counts_anew_is_taken_once_an_administrator_says_so(self):
        self.send(self.vendor(sequence="7", time="2026-01-01T00:00:00Z"))
        self.drain()
        self.send(
            self.vendor(name="New", sequence="1", time="2026-02-01T00:00:00Z"),
            self.vendor(name="Newer", sequence="2", time="2026-02-02T00:00:00Z"),
        )
        self.drain()
        self.assertEqual(self.states(), ["applied", "exception", "waiting"])
        (cause,) = self.exceptions(kind="epoch-change")
        self.assertEqual(cause.fix, "version")
        cause.action_accept_version()
        self.drain()
        self.assertEqual(self.states(), ["applied"] * 3)
        self.assertEqual(self.linked("v1").name, "Newer")
        self.assertEqual(self.binding("v1").version, "2")

    @rows("FA-E07", "F69")
    def test_a_fault_nobody_foresaw_stops_its_message_and_no_other(self):
        handlers = type(self.env["construction.sync.handler.vendor"])
        events = [self.vendor(f"v{n}", f"Vendor {n}") for n in range(5)]
        self.send(*events[:2], self.vendor("bad", "Bad"), *events[2:])
        with (
            mute_logger("odoo.addons.construction_sync.pipeline.drain"),
            patch.object(handlers, "references", broken_references(handlers)),
        ):
            self.drain()
        self.assertEqual(self.states("bad"), ["dead"])
        self.assertEqual(len(self.exceptions(kind="quarantined")), 1)
        for number in range(5):
            self.assertEqual(self.states(f"v{number}"), ["applied"])

    @rows("FA-G10")
    def test_a_neutralized_copy_lets_nobody_in_and_keeps_no_secret(self):
        secret = self.new_secret(self.system)
        signing = self.env["construction.sync.audit.key"]._make()
        self.assertEqual(self.get("/vendor").status_code, 200)
        with file_open("construction_sync/data/neutralize.sql") as script:
            self.env.cr.execute(script.read())
        self.env.invalidate_all()
        self.registry.clear_cache()
        self.assertProblem(self.get("/vendor"), 401, "unauthenticated")
        self.assertFalse(secret.sealed)
        self.assertFalse(signing.sealed)
        self.assertTrue(signing.retired_at, "a copy signs with a key of its own")
        self.assertEqual(self.system.state, "paused")


def broken_references(handlers):
    """``references`` of a handler that has a fault for one object."""
    references = handlers.references

    def found(handler, items):
        if any(item.data.name == "Bad" for item in items):
            raise AttributeError("nobody foresaw this")
        return references(handler, items)

    return found
