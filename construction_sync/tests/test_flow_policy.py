"""When a data type is applied, and what happens when a message fails (F61)."""

from datetime import datetime, timedelta
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import UserError

from .interface_case import InterfaceCase
from .rows import rows


class TestWhen(InterfaceCase):
    def at(self, moment):
        """Let the server's clock stand at ``moment``."""
        return patch.object(fields.Datetime, "now", lambda: moment)

    @rows("F61")
    def test_a_fixed_hourly_sync_is_one_setting(self):
        self.flow().write({"mode": "interval", "interval_minutes": 60})
        self.send(self.vendor("v1", "Ace"))
        self.drain()
        self.assertEqual(self.states(), ["applied"])
        now = fields.Datetime.now()
        self.flow().last_run = now
        self.send(self.vendor("v2", "Bolt"))
        self.drain()
        with self.at(now + timedelta(minutes=59)):
            self.drain()
        self.assertEqual(self.states(), ["applied", "ready"])
        with self.at(now + timedelta(minutes=60)):
            self.drain()
        self.assertEqual(self.states(), ["applied", "applied"])

    @rows("F61")
    def test_apply_now_does_not_wait_for_the_interval(self):
        self.flow().write({
            "mode": "interval", "interval_minutes": 60,
            "last_run": fields.Datetime.now(),
        })  # fmt: skip
        self.send(self.vendor())
        self.drain()
        self.assertEqual(self.states(), ["ready"])
        self.flow().action_apply_now()
        self.drain()
        self.assertEqual(self.states(), ["applied"])

    @rows("F61")
    def test_a_daily_window_goes_past_midnight(self):
        self.flow().write({"mode": "window", "window_start": 22.0, "window_end": 4.5})
        self.send(self.vendor())
        day = datetime(2026, 3, 2)
        for hour, minute in ((12, 0), (21, 59), (4, 30)):
            with self.at(day.replace(hour=hour, minute=minute)):
                self.drain()
            self.assertEqual(self.states(), ["ready"], hour)
        with self.at(day.replace(hour=4, minute=29)):
            self.drain()
        self.assertEqual(self.states(), ["applied"])

    @rows("F61")
    def test_a_freeze_stores_and_applies_nothing_until_it_ends(self):
        now = fields.Datetime.now()
        self.flow().freeze_ids = [(0, 0, {
            "starts_at": now - timedelta(hours=1), "ends_at": now + timedelta(hours=1),
            "reason": "Year-end close",
        })]  # fmt: skip
        self.send(self.vendor(), self.project())
        self.drain()
        self.assertEqual(self.states("v1"), ["ready"])
        self.assertEqual(self.states("p1"), ["applied"])
        with self.at(now + timedelta(hours=2)):
            self.drain()
        self.assertEqual(self.states("v1"), ["applied"])

    @rows("F61")
    def test_the_system_paused_keeps_everything_and_loses_nothing(self):
        self.system.action_pause()
        self.send(self.vendor("v1"), self.vendor("v2", "Bolt"))
        self.drain()
        self.assertEqual(self.states(), ["ready", "ready"])
        self.system.action_resume()
        self.drain()
        self.assertEqual(self.states(), ["applied", "applied"])

    @rows("F61")
    def test_the_more_urgent_data_type_goes_first(self):
        self.flow("vendor").priority = 20
        self.flow("cost_code").priority = 1
        self.send(self.vendor())
        self.send(self.event("c1", {"code": "03 30 01", "name": "C"}, "cost_code"))
        self.drain()
        noted = self.audit(system_id=self.system.id, action="created")
        self.assertEqual(noted.mapped("doc_key"),
                         ["portal/cost_code/c1", "portal/vendor/v1"])  # fmt: skip

    def test_a_system_with_everything_off_does_not_go_live(self):
        system = self.env["construction.sync.system"].create(
            {"name": "Empty", "code": "empty", "company_id": self.company.id}
        )
        system.flow_ids.state = "off"
        with self.assertRaises(UserError):
            system.action_go_live()


class TestPreview(InterfaceCase):
    @rows("F61")
    def test_in_preview_everything_is_computed_and_nothing_is_written(self):
        self.send(self.vendor("v1", "Ace"))
        self.drain()
        self.flow().action_preview()
        self.flow("project").action_preview()
        partners = self.env["res.partner"].search_count([])
        messages = self.send(
            self.vendor("v1", "Ace Two"),
            self.vendor("v2", "Bolt"),
            self.project("p1", fields={"cost_codes": ["03 30 99"]}),
        )
        self.drain()
        self.assertEqual(set(messages.mapped("state")), {"waiting"})
        changed, created, refused = messages
        self.assertIn("would change name", changed.note)
        self.assertIn("would be created", created.note)
        self.assertIn("03 30 99", refused.note)
        self.assertEqual(self.env["res.partner"].search_count([]), partners)
        self.assertEqual(self.linked("v1").name, "Ace")
        self.assertFalse(self.exceptions())
        self.assertFalse(self.binding("v2"))

    @rows("F61")
    def test_going_live_applies_what_waited_in_preview_in_order(self):
        self.flow().action_preview()
        self.send(self.vendor("v1", "One"), self.vendor("v1", "Two"))
        self.drain()
        self.flow().action_go_live()
        self.drain()
        self.assertEqual(self.states(), ["applied", "applied"])
        self.assertEqual(self.linked("v1").name, "Two")


class TestOnError(InterfaceCase):
    def three(self, policy):
        """One object: good, bad, good, under a policy; the states afterwards."""
        self.flow("project").on_error = policy
        self.send(self.project("p1", "P-1", fields={"name": "First"}))
        self.drain()
        self.send(
            self.project(
                "p1", "P-1", fields={"name": "Bad", "cost_codes": ["03 30 99"]}
            ),
            self.project("p1", "P-1", fields={"name": "Last"}),
        )
        self.drain()
        return self.states("p1"), self.linked("p1", "project").name

    @rows("F61", "FA-E07")
    def test_block_keeps_the_object_waiting(self):
        self.assertEqual(
            self.three("block"), (["applied", "exception", "waiting"], "First")
        )

    @rows("F61")
    def test_skip_lets_the_object_go_on(self):
        self.assertEqual(
            self.three("skip"), (["applied", "exception", "applied"], "Last")
        )
        self.assertEqual(self.exceptions().state, "new")

    @rows("F61")
    def test_a_newer_full_state_takes_the_place_of_what_failed(self):
        self.assertEqual(
            self.three("data"), (["applied", "superseded", "applied"], "Last")
        )
        self.assertFalse(self.exceptions())
