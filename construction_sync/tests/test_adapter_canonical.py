import json

from odoo.tests import BaseCase

from ..adapters.canonical import parse_events
from .rows import rows

EVENT = {
    "specversion": "1.0",
    "id": "e-1",
    "source": "fieldbook",
    "type": "construction.cost_code.v1",
    "subject": "C-1",
    "time": "2026-11-20T10:00:00Z",
    "sequence": "7",
    "data": {"code": "03 30 00", "name": "Cast-in-place concrete"},
}


class TestCanonicalAdapter(BaseCase):
    def test_one_event_keeps_everything(self):
        raw = json.dumps(EVENT).encode()
        (found,) = parse_events(raw, "msg_1")
        self.assertEqual(found.entity, "cost_code")
        self.assertEqual(found.external_id, "C-1")
        self.assertEqual(found.event_id, "e-1")
        self.assertEqual(found.version, 7)
        self.assertEqual(found.time.isoformat(), "2026-11-20T10:00:00+00:00")
        self.assertEqual(found.data, EVENT["data"])
        self.assertEqual(found.title, "03 30 00 Cast-in-place concrete")
        self.assertEqual(found.source, "fieldbook")
        self.assertEqual(found.delivery_id, "msg_1")
        self.assertEqual(found.raw, raw)
        self.assertIsNone(found.problem)

    def test_a_batch_gives_one_entry_per_event(self):
        bad = {**EVENT, "id": "e-2", "data": {"code": "03 30 00"}}
        found = parse_events(json.dumps([EVENT, bad, 5]).encode())
        self.assertEqual([one.problem is None for one in found], [True, False, False])
        self.assertEqual(found[1].problem.pointer, "/data/name")
        self.assertEqual(found[1].event_id, "e-2")
        self.assertEqual(found[1].external_id, "C-1")
        self.assertEqual(found[1].title, "construction.cost_code.v1")
        self.assertEqual(json.loads(found[1].raw), bad)

    def test_a_deletion_is_marked(self):
        event = {**EVENT, "type": "construction.cost_code.deleted.v1"}
        del event["data"]
        (found,) = parse_events(json.dumps(event).encode())
        self.assertTrue(found.deleted)
        self.assertIsNone(found.data)

    @rows("F10")
    def test_an_unknown_version_is_kept_with_its_reason(self):
        event = {**EVENT, "type": "construction.cost_code.v9"}
        (found,) = parse_events(json.dumps(event).encode())
        self.assertIsNone(found.entity)
        self.assertEqual(found.problem.kind, "schema-unknown")

    @rows("FA-C01")
    def test_what_was_verified_is_never_dropped(self):
        for raw in (b"", b"[", b"[]", b"\xff", b"{", b"7", b'{"id": "a", "id": "b"}'):
            (found,) = parse_events(raw)
            self.assertIsNone(found.entity)
            self.assertTrue(found.problem.detail)
            self.assertEqual(found.event_id, parse_events(raw)[0].event_id)
