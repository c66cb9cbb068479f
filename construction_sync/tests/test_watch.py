"""Who watches: alarms that open and close by themselves (FA-B06, FA-G06, FA-G07,
FA-H19, FA-K11, FA-K12), and the page of figures (FA-K13)."""

import re
import time
from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.sql_db import db_connect

from ..adapters.standard_webhooks import signed_headers
from ..pipeline import watch
from .interface_case import InterfaceCase
from .rows import rows

KEY = bytes(range(32))


class TestWatch(InterfaceCase):
    def setUp(self):
        super().setUp()
        # no cron runs while tests do: they are all on time
        self.env["ir.cron"].search([]).write(
            {"nextcall": fields.Datetime.now() + timedelta(minutes=1)}
        )

    def look(self):
        """What the cron does."""
        self.env["construction.sync.exception"]._cron_watch()

    def alarms(self, kind):
        return self.env["construction.sync.exception"].search(
            [("kind", "=", kind), ("state", "!=", "resolved")]
        )

    def told(self, kind):
        (alarm,) = self.alarms(kind)
        return alarm

    @rows("FA-K11")
    def test_a_cron_that_was_switched_off_is_told_of_and_forgotten_when_it_is_on(self):
        cron = self.env.ref("construction_sync.cron_lane_1")
        cron.active = False
        self.look()
        alarm = self.told("cron-stopped")
        self.assertIn("apply what arrived (1) is switched off", alarm.name)
        self.assertIn("Scheduled Actions", alarm.remedy)
        self.look()
        self.assertEqual(self.told("cron-stopped"), alarm, "one alarm, however long")
        cron.active = True
        self.look()
        self.assertEqual(alarm.state, "resolved")

    @rows("FA-K11")
    def test_the_watch_itself_is_watched_by_another_cron(self):
        self.env.ref("construction_sync.cron_watch").active = False
        self.env["construction.sync.checkpoint"]._cron_seal()
        self.assertIn("watch is switched off", self.told("cron-stopped").name)

    @rows("FA-K11")
    def test_a_cron_that_is_stuck_is_told_of(self):
        cron = self.env.ref("construction_sync.cron_dispatch")
        cron.nextcall = fields.Datetime.now() - timedelta(minutes=20)
        self.env.ref("construction_sync.cron_lane_1").lastcall = fields.Datetime.now()
        self.look()
        self.assertIn("send what is due", self.told("cron-stopped").name)

    def spoke(self, minutes_ago, flow=None):
        """The system spoke at these times, as the figures per minute say."""
        now = fields.Datetime.now()
        self.env["construction.sync.metric"].create(
            [
                {
                    "flow_id": (flow or self.flow()).id,
                    "minute": (now - timedelta(minutes=ago)).replace(
                        second=0, microsecond=0
                    ),
                    "accepted": 3,
                }
                for ago in minutes_ago
            ]
        )

    @rows("FA-K12")
    def test_a_busy_source_that_falls_silent_is_told_of(self):
        day = 24 * 60
        self.spoke(range(60, 13 * day, 10))
        self.look()
        alarm = self.told("source-silent")
        self.assertEqual(alarm.system_id, self.system)
        self.assertIn("Portal has sent nothing since", alarm.name)
        self.assertIn("every 10 minutes", alarm.name)
        self.spoke([1])
        self.look()
        self.assertEqual(alarm.state, "resolved")

    @rows("FA-K12")
    def test_who_is_quiet_at_this_hour_anyway_is_left_alone(self):
        hour, day = 60, 24 * 60
        # on every day it spoke up to two hours before this time of the day
        self.spoke(
            ago + n * day for n in range(13) for ago in range(3 * hour, 10 * hour, 10)
        )
        self.look()
        self.assertFalse(self.alarms("source-silent"))

    def test_who_speaks_rarely_has_no_habit(self):
        self.spoke([600, 3000, 9000])
        self.look()
        self.assertFalse(self.alarms("source-silent"))

    @rows("FA-B05", "FA-B06")
    def test_a_clock_that_jumped_is_told_of_with_its_skew(self):
        self.new_secret(self.system)
        now = time.time()
        for number in range(12):
            raw = b'{"n": %d}' % number
            headers = signed_headers("hmac", KEY, f"msg_{number}", raw, int(now) - 3600)
            answer = self.call("POST", "/hooks/portal", raw, headers=headers)
            self.assertEqual(answer.status_code, 401, "it fails closed")
        self.look()
        alarm = self.told("calls-refused")
        self.assertIn("Of the last 12 calls of Portal 12 were refused", alarm.name)
        self.assertRegex(alarm.name, r"webhook-timestamp is 36\d\d s behind")
        self.assertIn("Compare the clocks", alarm.remedy)

    def test_a_few_refusals_among_many_calls_are_no_alarm(self):
        self.spoke([1, 2, 3, 4])
        self.env["construction.sync.metric"].create(
            {"flow_id": self.flow().id, "minute": fields.Datetime.now(), "rejected": 5}
        )
        self.look()
        self.assertFalse(self.alarms("calls-refused"))

    @rows("FA-H19")
    def test_a_login_that_ends_soon_is_told_of(self):
        access = self.env["construction.sync.credential"].create(
            {
                "system_id": self.system.id, "kind": "bearer", "value": "opaque-value",
                "expires_at": fields.Datetime.now() + timedelta(days=10),
            }
        )  # fmt: skip
        self.look()
        self.assertIn("Portal ends on", self.told("credential-ending").name)
        access.expires_at = fields.Datetime.now() + timedelta(days=60)
        self.look()
        self.assertFalse(self.alarms("credential-ending"))

    @rows("FA-G06")
    def test_an_old_transaction_is_told_of_with_its_process(self):
        # the test's own transaction is open all the time
        self.assertIn("is open for", self.snapshots(0)[0])
        self.assertFalse(self.snapshots(100_000))

    def snapshots(self, seconds):
        """What the watch, whose own transaction is fresh, says of others."""
        with (
            patch.object(watch, "SNAPSHOT_SECONDS", seconds),
            db_connect(self.env.cr.dbname).cursor() as cursor,
        ):
            found = watch.database(self.env(cr=cursor))
            return [a.words for a in found if a.what == "snapshot"]

    @rows("FA-G07")
    def test_dead_rows_that_nobody_cleans_up_are_told_of(self):
        cursor = db_connect(self.env.cr.dbname).cursor()
        self.addCleanup(cursor.close)
        cursor.execute("CREATE TABLE construction_sync_test_bloat (n integer)")
        cursor.execute(
            "ALTER TABLE construction_sync_test_bloat SET (autovacuum_enabled = false)"
        )
        cursor.commit()
        self.addCleanup(self._drop)
        cursor.execute(
            "INSERT INTO construction_sync_test_bloat SELECT generate_series(1, 2000)"
        )
        cursor.execute("UPDATE construction_sync_test_bloat SET n = n + 1")
        cursor.commit()
        with (
            patch.object(watch, "TABLES", ("construction_sync_test_bloat",)),
            patch.object(watch, "DEAD_LEAST", 1_000),
        ):
            end = time.monotonic() + 20
            words = []
            while not words and time.monotonic() < end:
                cursor.execute("SELECT pg_stat_force_next_flush()")
                cursor.commit()
                words = [
                    a.words
                    for a in watch.database(self.env(cr=cursor))
                    if a.what == "construction_sync_test_bloat"
                ]
                cursor.commit()
                time.sleep(0.05)
        self.assertRegex(words[0], "holds 2,000 dead rows beside 2,000 living ones")

    def _drop(self):
        with db_connect(self.env.cr.dbname).cursor() as cursor:
            cursor.execute("DROP TABLE construction_sync_test_bloat")
            cursor.commit()


class TestFigures(InterfaceCase):
    @rows("FA-K13", "FA-J06")
    def test_figures_need_a_scope_and_tell_of_the_callers_systems_only(self):
        other = self.new_system("rival", "Rival")
        self.assertProblem(
            self.get("/metrics", headers={"Authorization": None}),
            401,
            "unauthenticated",
        )
        self.assertProblem(self.get("/metrics"), 403, "forbidden")
        self.client.scopes = "*:read *:write metrics:read"
        self.put("vendor", "V-1", {"name": "Ace Concrete"})
        self.put("vendor", "V-2", {"name": "Bolt Steel"})
        answer = self.get("/metrics")
        self.assertEqual(answer.status_code, 200)
        self.assertIn("text/plain", answer.headers["Content-Type"])
        self.assertIn(
            'construction_sync_messages_last_hour{entity="vendor",outcome="accepted",'
            'system="portal"} 2.0',
            answer.text,
        )
        self.assertIn('construction_sync_exceptions_open{system="portal"}', answer.text)
        self.assertNotIn(other.code, answer.text)
        self.assertNotIn("V-1", answer.text)

    @rows("FA-K13")
    def test_the_number_of_lines_does_not_grow_with_what_is_sent(self):
        self.client.scopes = "*:read *:write metrics:read"
        self.put("vendor", "V-0", {"name": "Vendor 0"})
        before = self._names()
        for number in range(1, 20):
            self.put("vendor", f"V-{number}", {"name": f"Vendor {number}"})
        self.assertEqual(self._names(), before)

    def _names(self):
        return re.findall(r"^[^#]\S*", self.get("/metrics").text, re.MULTILINE)
