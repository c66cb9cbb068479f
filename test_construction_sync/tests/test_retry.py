"""What fails in passing is tried again, later and later, and then given up (F63)."""

from unittest.mock import patch

from psycopg2.errors import LockNotAvailable

from odoo import fields
from odoo.tools import mute_logger

from odoo.addons.construction_sync.pipeline import drain, lanes, outcome
from odoo.addons.construction_sync.tests.rows import rows

from .document_case import DocumentCase

APPLYING = "odoo.addons.construction_sync.pipeline.applying"


class TestRetry(DocumentCase):
    def drain(self, *flows):
        with mute_logger(APPLYING):
            return super().drain(*flows)

    def behaving(self, *behaviours):
        """Let the document behave so, try after try; the last one from then on."""
        left = list(behaviours)

        def behave(_handler, _behaviour):
            error = left.pop(0) if len(left) > 1 else left[0]
            if error is not None:
                raise error

        handler = type(self.env["construction.sync.handler.test_document"])
        return patch.object(handler, "_behave", behave)

    @rows("F63")
    def test_a_passing_failure_is_tried_again_and_lands(self):
        message = self.send(self.document())
        with self.behaving(LockNotAvailable("busy"), RuntimeError("once"), None):
            self.drain()
            self.assertEqual((message.state, message.attempts), ("retry", 1))
            self.assertIn("Tried 1 times", message.banner)
            self.assertEqual(self.drain(), 0)
            self.later(minutes=1)
            self.drain()
            self.assertEqual((message.state, message.attempts), ("retry", 2))
            self.later(minutes=2)
            self.drain()
        self.assertEqual(message.state, "applied")
        self.assertEqual(len(self.documents()), 1)
        self.assertFalse(self.exceptions())
        self.assertEqual(
            message.history_ids.sorted("id").mapped("action"),
            ["retry", "retry", "created"],
        )

    @rows("F63")
    def test_the_tries_come_later_and_later_and_not_all_at_once(self):
        for attempt, base in enumerate((5, 30, 120, 600, 3600, 3600)):
            waits = {outcome.backoff(attempt) for _n in range(200)}
            self.assertGreater(len(waits), 150)
            self.assertGreaterEqual(min(waits), base * 0.8)
            self.assertLessEqual(max(waits), base * 1.2)
        messages = self.send(
            *(self.document(f"d{n}", f"D-{n}", "fail") for n in range(30))
        )
        before = fields.Datetime.now()
        self.drain()
        self.assertEqual(set(messages.mapped("state")), {"retry"})
        moments = messages.mapped("next_at")
        self.assertGreater(len({m.second for m in moments}), 1)
        for moment in moments:
            self.assertGreater(moment, before)

    @rows("F63")
    def test_poison_is_given_up_after_six_tries_and_a_person_can_start_it_again(self):
        message = self.send(self.document(behaviour="fail"))
        other = self.send(self.document("d2", "D-2"))
        for attempt in range(1, 7):
            self.drain()
            self.assertEqual(message.attempts, attempt)
            self.later(hours=2)
        self.assertEqual(message.state, "dead")
        self.assertEqual(other.state, "applied")
        exception = message.exception_id
        self.assertEqual(exception.kind, "gave-up")
        self.assertIn("failed", exception.name)
        self.later(hours=24)
        self.assertEqual(self.drain(), 0)
        with self.behaving(None):
            exception.action_retry()
            self.drain()
        self.assertEqual((message.state, exception.state), ("applied", "resolved"))
        self.assertEqual(len(self.documents()), 2)

    @rows("F63", "F69")
    def test_what_odoo_refuses_is_not_tried_again(self):
        message = self.send(self.document(behaviour="refuse"))
        self.drain()
        self.assertEqual((message.state, message.next_at), ("exception", False))
        self.assertEqual(message.exception_id.kind, "business-rule")
        self.assertIn("refused", message.exception_id.name)
        self.assertFalse(self.documents())

    @rows("F63", "F66")
    def test_while_one_is_tried_again_what_follows_of_its_object_waits(self):
        first = self.send(self.document(behaviour="fail"))
        self.drain()
        second = self.send(self.document(behaviour="ok"))
        self.drain()
        self.assertEqual((first.state, second.state), ("retry", "waiting"))
        with self.behaving(None):
            self.later(minutes=2)
            self.drain()
        self.assertEqual((first.state, second.state), ("applied", "applied"))

    @rows("FA-F18")
    def test_a_message_that_stopped_three_workers_is_set_aside_and_others_flow(self):
        message = self.send(self.document())
        other = self.send(self.document("d2", "D-2"))
        self.env.cr.execute(
            "UPDATE construction_sync_message SET crash_count = 3 WHERE id = %s",
            [message.id],
        )
        self.drain()
        self.assertEqual((message.state, other.state), ("dead", "applied"))
        self.assertEqual(message.exception_id.kind, "quarantined")
        self.assertFalse(self.linked("d1", "test_document"))

    def die_with(self, messages):
        """A worker has the messages in its hands and is killed."""
        worker = lanes.LaneSession(self.env.cr.dbname)
        worker.beat(messages[0].flow_id.id, messages.ids)
        worker.close()

    @rows("FA-F17", "FA-F18")
    def test_batches_that_died_again_and_again_set_nothing_innocent_aside(self):
        messages = self.send(*(self.document(f"d{n}", f"D-{n}") for n in range(5)))
        for _death in range(4):
            self.die_with(messages)
        # once alone, once more among others: still not what kills
        self.die_with(messages[1])
        self.die_with(messages[:3])
        self.drain()
        self.assertEqual(set(messages.mapped("state")), {"applied"})
        self.assertEqual(set(messages.mapped("crash_count")), {0})

    @rows("FA-F18")
    def test_what_was_alone_in_hand_at_the_second_and_third_crash_is_set_aside(self):
        messages = self.send(*(self.document(f"d{n}", f"D-{n}") for n in range(3)))
        self.die_with(messages)
        self.die_with(messages[0])
        self.die_with(messages[0])
        self.drain()
        self.assertEqual(messages.mapped("state"), ["dead", "applied", "applied"])
        self.assertEqual(messages[0].exception_id.kind, "quarantined")

    @rows("FA-F18")
    def test_a_lane_session_that_was_cut_is_no_crash_of_its_messages(self):
        message = self.send(self.document())
        worker = lanes.session(self.env.cr.dbname)
        worker.beat(message.flow_id.id, message.ids)
        other = lanes.LaneSession(self.env.cr.dbname)
        other.execute("SELECT pg_terminate_backend(%s)", worker.backend)
        drain._rest(worker)
        self.assertEqual(other.bury(), [])
        other.close()
