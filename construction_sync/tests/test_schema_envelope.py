import json
import time
from datetime import datetime, timezone

from odoo.tests import BaseCase

from ..schemas.envelope import Envelope, judge, judge_batch, read_sequence, traceparent
from ..schemas.problem import Problem
from ..schemas.strict_json import StrictJsonError
from .rows import rows

EVENT = {
    "specversion": "1.0",
    "id": "e-1",
    "source": "procore",
    "type": "construction.vendor.v1",
    "subject": "V-1",
    "time": "2026-11-20T10:00:00+01:00",
    "data": {"name": "Ace Concrete"},
}


def raw_event(**changes):
    """The bytes of the event with ``changes``; a change to ... leaves the name out."""
    event = {**EVENT, **changes}
    return json.dumps({k: v for k, v in event.items() if v is not ...}).encode()


class TestEnvelope(BaseCase):
    def assertRefused(self, raw, pointer, kind="envelope-invalid", status=400):
        problems = judge(raw)
        self.assertIsInstance(problems, list, raw)
        self.assertEqual([problem.pointer for problem in problems], [pointer], raw)
        self.assertEqual(problems[0].kind, kind)
        self.assertEqual(problems[0].status, status)
        return problems[0]

    def test_a_sound_event_is_read_in_one_go(self):
        raw = raw_event(sequence="42")
        event = judge(raw)
        self.assertIsInstance(event, Envelope)
        self.assertEqual(
            (event.id, event.source, event.entity, event.deleted, event.subject),
            ("e-1", "procore", "vendor", False, "V-1"),
        )
        self.assertEqual(event.sequence, 42)
        self.assertEqual(event.time, datetime(2026, 11, 20, 9, tzinfo=timezone.utc))
        self.assertEqual(event.data.name, "Ace Concrete")
        self.assertEqual(event.raw, raw)

    def test_every_attribute_but_the_optional_ones_is_required(self):
        for name in ("specversion", "id", "source", "type", "subject", "time"):
            self.assertRefused(raw_event(**{name: ...}), f"/{name}")
            self.assertRefused(raw_event(**{name: None}), f"/{name}")
            self.assertRefused(raw_event(**{name: 7}), f"/{name}")
        self.assertRefused(raw_event(data=...), "/data", "schema-invalid", 422)
        self.assertRefused(raw_event(specversion="0.3"), "/specversion")

    def test_ids_are_printable_and_limited(self):
        for name, limit in (("id", 128), ("subject", 255)):
            self.assertIsInstance(judge(raw_event(**{name: "x" * limit})), Envelope)
            for value in ("", "x" * (limit + 1), "a\nb", "é", " a", "a\x1b[0m"):
                self.assertRefused(raw_event(**{name: value}), f"/{name}")
        self.assertIsInstance(judge(raw_event(subject="a/b c")), Envelope)

    @rows("FA-D13")
    def test_a_time_without_zone_is_refused(self):
        problem = self.assertRefused(raw_event(time="2026-11-20T10:00:00"), "/time")
        self.assertIn("zone", problem.detail)
        self.assertRefused(raw_event(time="0001-01-01T00:00:00Z"), "/time")

    @rows("FA-E04")
    def test_a_version_is_a_whole_number_of_63_bits(self):
        for value in (
            "0",
            "-1",
            str(2**63),
            "1.0",
            "1e3",
            "",
            "٣",
            5,
            True,
            "9" * 5_000,
        ):
            self.assertRefused(raw_event(sequence=value), "/sequence")
            self.assertIsInstance(read_sequence(value), Problem)
        self.assertEqual(judge(raw_event(sequence=str(2**63 - 1))).sequence, 2**63 - 1)
        self.assertIsNone(judge(raw_event()).sequence)
        self.assertEqual(read_sequence("7"), 7)
        self.assertIsNone(read_sequence(None))

    @rows("F10")
    def test_an_unknown_entity_or_version_is_told_apart_from_a_mistake(self):
        for value in ("construction.submarine.v1", "construction.vendor.v2"):
            problem = self.assertRefused(
                raw_event(type=value), "/type", "schema-unknown", 422
            )
            self.assertIn("entity", problem.extra)
        for value in ("vendor", "construction.vendor", "construction.Vendor.v1", ""):
            self.assertRefused(raw_event(type=value), "/type")

    def test_a_deletion_needs_no_data(self):
        for data in (..., None, {"name": "Ace"}):
            event = judge(raw_event(type="construction.vendor.deleted.v1", data=data))
            self.assertTrue(event.deleted)
            self.assertEqual(event.entity, "vendor")

    def test_extension_attributes_are_passed_over(self):
        event = judge(raw_event(partitionkey="x", tenant1=7, flag=True))
        self.assertIsInstance(event, Envelope)
        self.assertRefused(
            raw_event(dataContentType="application/json"), "/dataContentType"
        )
        self.assertRefused(raw_event(data_base64="e30="), "/data_base64")
        self.assertRefused(raw_event(extension={"a": 1}), "/extension")

    def test_the_data_must_be_json(self):
        self.assertIsInstance(
            judge(raw_event(datacontenttype="application/json; charset=utf-8")),
            Envelope,
        )
        self.assertRefused(raw_event(datacontenttype="text/xml"), "/datacontenttype")

    @rows("FA-C12")
    def test_problems_of_envelope_and_data_come_together(self):
        problems = judge(raw_event(id=7, data={"nam": "Ace"}))
        self.assertEqual(
            sorted(problem.pointer for problem in problems),
            ["/data/nam", "/data/name", "/id"],
        )

    def test_what_is_no_event_is_refused(self):
        for raw in (b"[]", b"1", b"null", b'"x"'):
            self.assertRefused(raw, "")
        self.assertRefused(b'{"id": "a", "id": "b"}', "/id", "json-not-strict")
        self.assertRefused(b'{"id": ', "/id", "json-malformed")

    def test_judging_an_event_takes_microseconds(self):
        raw = raw_event(sequence="1732096800", subject="V-10023" + "x" * 100)
        for _attempt in range(5):
            start = time.perf_counter()
            for _n in range(500):
                judge(raw)
            took = (time.perf_counter() - start) / 500
            if took < 60e-6:
                return
        self.fail(f"{took * 1e6:.0f} microseconds for {len(raw)} bytes")


class TestBatch(BaseCase):
    @rows("F69", "FA-C06")
    def test_a_bad_event_is_judged_alone(self):
        good = raw_event()
        twice = good.replace(b'"id": "e-1"', b'"id": "e-1", "id": "e-2"')
        raw = b"[" + b", ".join([good, twice, raw_event(type="x"), b"5", good]) + b"]"
        answers = judge_batch(raw)
        self.assertEqual(
            [isinstance(answer, Envelope) for answer in answers],
            [True, False, False, False, True],
        )
        self.assertEqual(answers[1][0].pointer, "/id")
        self.assertEqual(answers[4].raw, good)

    @rows("FA-C01")
    def test_a_body_that_is_not_json_is_refused_as_a_whole(self):
        for piece, pointer in (
            (b'{"id": tru}', "/1/id"),
            (b'{"id": "\xff"}', "/1"),
            (b"{]}", "/1"),
        ):
            with self.assertRaises(StrictJsonError) as caught:
                judge_batch(b"[" + raw_event() + b"," + piece + b"]")
            self.assertTrue(caught.exception.malformed)
            self.assertEqual(caught.exception.pointer, pointer)

    @rows("FA-C02", "FA-C13")
    def test_limits_of_one_event_hold_in_a_batch(self):
        deep = raw_event(data=...)[:-1] + b', "data": ' + b"[" * 40 + b"]" * 40 + b"}"
        answers = judge_batch(b"[" + deep + b"," + raw_event() + b"]")
        self.assertEqual(answers[0][0].kind, "json-not-strict")
        self.assertIsInstance(answers[1], Envelope)


@rows("FA-K03")
class TestTrace(BaseCase):
    TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

    def test_a_valid_trace_is_kept(self):
        self.assertEqual(
            judge(raw_event(traceparent=self.TRACE)).traceparent, self.TRACE
        )
        self.assertEqual(judge(raw_event(), trace=self.TRACE).traceparent, self.TRACE)
        self.assertEqual(
            judge(raw_event(), trace=self.TRACE).trace_id,
            "0af7651916cd43dd8448eb211c80319c",
        )
        later = "cc" + self.TRACE[2:]
        self.assertEqual(traceparent(later + "-what-comes"), later)

    def test_anything_else_starts_a_new_one(self):
        zero = "0" * 32
        for value in (
            None,
            7,
            "",
            "x" * 10_000,
            self.TRACE.upper(),
            self.TRACE + "-x",
            "ff" + self.TRACE[2:],
            f"00-{zero}-b7ad6b7169203331-01",
            f"00-0af7651916cd43dd8448eb211c80319c-{'0' * 16}-01",
            self.TRACE + "\r\nX: y",
        ):
            found = judge(raw_event(traceparent=value))
            self.assertIsInstance(found, Envelope)
            self.assertRegex(found.traceparent, r"^00-[0-9a-f]{32}-[0-9a-f]{16}-01$")
            self.assertNotEqual(found.traceparent, value)
            self.assertNotIn(zero, found.traceparent)
