"""Bad bodies at the door: refused with a pointer, nothing stored (FA-C)."""

import json
import time

from odoo import http
from odoo.tests import new_test_user

from .interface_case import BATCH, EVENT, InterfaceCase
from .rows import rows

MIB = 1024 * 1024
BIDI = "\u202e"
ZERO_WIDTH = "\u200b"


class TestBadBodies(InterfaceCase):
    def refused(self, raw, status, kind, pointer=None):
        """The body is refused as an event, in a batch of one, and nothing is kept."""
        with self.assertNothingStored():
            response = self.post(raw)
        return self.assertProblem(response, status, kind, pointer)

    def text(self, *path, value, **attributes):
        """An event as text in which ``@@`` at ``path`` stands for ``value``."""
        event = self.vendor(**attributes)
        place = event
        for step in path[:-1]:
            place = place[step]
        place[path[-1]] = "@@"
        return json.dumps(event).encode().replace(b'"@@"', value)

    @rows("FA-C01")
    def test_what_is_not_json_is_refused_with_where_it_stops(self):
        whole = json.dumps(self.vendor()).encode()
        for raw in (b"", b" ", whole[:-1], whole[: len(whole) // 2], whole + b"x",
                    whole + whole, b"nul", b"{'id': 1}"):  # fmt: skip
            document = self.refused(raw, 400, "json-malformed")
            self.assertIn("pointer", document["errors"][0])

    @rows("FA-C01")
    def test_a_batch_that_is_not_json_is_refused_as_a_whole(self):
        whole = json.dumps([self.vendor("v1"), self.vendor("v2")]).encode()
        with self.assertNothingStored():
            for raw in (whole[:-1], whole + b",", b"", whole.replace(b"},", b"}")):
                response = self.post(raw, headers={"Content-Type": BATCH})
                self.assertProblem(response, 400, "json-malformed")
            response = self.post(b"{}", headers={"Content-Type": BATCH})
            self.assertProblem(response, 400, "json-not-strict")

    @rows("FA-C02")
    def test_deep_nesting_is_refused_fast(self):
        for depth in (33, 5_000, 100_000):
            value = b"[" * depth + b"]" * depth
            started = time.monotonic()
            self.refused(self.text("data", "name", value=value), 400, "json-not-strict")
            self.assertLess(time.monotonic() - started, 2)

    @rows("FA-C03")
    def test_one_byte_too_many_is_refused(self):
        event = json.dumps(self.vendor()).encode()
        fits = event + b" " * (MIB - len(event))
        self.refused(fits + b" ", 413, "body-too-large")
        self.assertEqual(self.post(fits).status_code, 202)
        self.assertProblem(
            self.put("vendor", "v1", b'{"name": "A"}' + b" " * MIB),
            413,
            "body-too-large",
        )

    @rows("FA-C03")
    def test_sixteen_mebibytes_and_a_thousand_events_are_the_most_of_a_batch(self):
        big = b"[" + b" " * (16 * MIB) + b"]"
        with self.assertNothingStored():
            response = self.post(big, headers={"Content-Type": BATCH})
            self.assertProblem(response, 413, "body-too-large")
            many = self.post([self.vendor(f"v{n}") for n in range(1_001)])
        self.assertProblem(many, 413, "body-too-large")

    @rows("FA-C03")
    def test_one_event_too_large_refuses_the_whole_batch(self):
        large = self.vendor("v1", fields={"legal_name": "x" * MIB})
        with self.assertNothingStored():
            response = self.post([self.vendor("v2", "Bolt"), large])
            self.assertProblem(response, 413, "body-too-large", "/1")

    def raw_call(self, head, body):
        return self.wire(
            b"POST /construction_sync/v1/events HTTP/1.1\r\nHost: localhost\r\n"
            b"Cookie: {cookie}\r\nAuthorization: Bearer " + self.key.encode() +
            b"\r\nContent-Type: " + EVENT.encode() + b"\r\n" + head + b"\r\n" + body
        )  # fmt: skip

    @rows("FA-C03")
    def test_a_body_without_length_is_refused(self):
        body = json.dumps(self.vendor()).encode()
        chunked = b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
        with self.assertNothingStored():
            for head, sent in (
                (b"Transfer-Encoding: chunked\r\n", chunked),
                (b"", b""),
            ):
                answer = self.raw_call(head, sent)
                self.assertRegex(answer, rb"^HTTP/1\.[01] (411|400|413) ")

    @rows("FA-C03")
    def test_a_length_that_lies_is_refused(self):
        body = json.dumps(self.vendor()).encode()
        with self.assertNothingStored():
            for length in (len(body) + 10, len(body) - 10):
                answer = self.raw_call(b"Content-Length: %d\r\n" % length, body)
                self.assertRegex(answer, rb"^HTTP/1\.[01] 400 ")

    @rows("FA-C05", "FA-C07", "FA-C09")
    def test_numbers_and_characters_that_json_or_the_database_do_not_know(self):
        for value in (b"NaN", b"Infinity", b"-Infinity", b"9" * 5_000, b"1e999999999",
                      b'"\\u0000"', b'"a\\ud800b"'):  # fmt: skip
            self.refused(
                self.text("data", "name", value=value), 400, "json-not-strict",
                "/data/name",
            )  # fmt: skip

    @rows("FA-C07")
    def test_an_amount_written_as_a_number_is_refused(self):
        event = self.project(fields={"estimated_value": 0.1})
        self.refused(event, 422, "schema-invalid", "/data/estimated_value")

    @rows("FA-C06")
    def test_a_name_that_stands_twice_is_refused(self):
        event = json.dumps(self.vendor()).encode()
        twice = event.replace(b'"name": "Ace Concrete"', b'"name": "A", "name": "B"')
        self.refused(twice, 400, "json-not-strict", "/data/name")
        outside = event.replace(b'"id":', b'"id": "other", "id":')
        self.refused(outside, 400, "json-not-strict", "/id")

    @rows("FA-C08")
    def test_only_plain_utf8_is_read(self):
        text = json.dumps(self.vendor(name="Åse"), ensure_ascii=False)
        self.refused(b"\xef\xbb\xbf" + text.encode(), 400, "json-malformed")
        self.refused(text.encode("utf-16"), 400, "json-malformed")
        self.refused(text.encode("latin-1"), 400, "json-malformed")
        self.refused(
            text.encode().replace("Å".encode(), b"\xc0\xaf"), 400, "json-malformed"
        )

    @rows("FA-C10")
    def test_codes_take_no_look_alike_characters(self):
        for code in ("P\u200b1", "\uff11\uff12", "\u0420-1", f"P{BIDI}1"):
            event = self.project("p1", code)
            self.refused(event, 422, "schema-invalid", "/data/number")
        for subject in ("v\u200b1", "\uff11", "\u0430"):
            self.refused(self.vendor(subject), 400, "envelope-invalid", "/subject")

    @rows("FA-C10")
    def test_a_name_that_looks_alike_is_never_taken_for_the_other(self):
        self.send(self.vendor("v1", "Ace"), self.vendor("v2", "\u0410ce"))
        self.drain()
        self.assertNotEqual(self.linked("v1"), self.linked("v2"))
        self.assertEqual(self.states(), ["applied", "applied"])

    @rows("FA-C10")
    def test_a_name_in_two_alphabets_is_taken_and_flagged(self):
        plain = self.send(self.vendor("v1", "Ace Concrete"))
        mixed = self.send(self.vendor("v2", "\u0410ce Concrete"))
        self.drain()
        self.assertFalse(plain.note)
        self.assertIn("/name", mixed.note)

    @rows("FA-C11")
    def test_one_name_in_two_normal_forms_is_one_name(self):
        self.send(self.vendor("v1", "Caf\u00e9 Bau", sequence="1"))
        self.drain()
        message = self.send(self.vendor("v1", "Cafe\u0301 Bau", sequence="1"))
        self.drain()
        self.assertEqual(message.state, "duplicate")
        self.assertEqual(self.linked("v1").name, "Caf\u00e9 Bau")

    @rows("FA-C12")
    def test_an_unknown_field_is_refused_with_its_pointer(self):
        event = self.vendor(fields={"colour": "red", "address": {"planet": "Mars"}})
        document = self.refused(event, 422, "schema-invalid", "/data/colour")
        pointers = [error["pointer"] for error in document["errors"]]
        self.assertIn("/data/address/planet", pointers)
        self.assertProblem(
            self.put("vendor", "v1", {"name": "A", "colour": 1}), 422, "schema-invalid",
            "/colour",
        )  # fmt: skip

    @rows("FA-C12", "F10")
    def test_an_unknown_kind_or_version_is_named(self):
        for kind in ("construction.vendor.v2", "construction.spaceship.v1"):
            self.refused(self.vendor(type=kind), 422, "schema-unknown", "/type")

    @rows("FA-C13")
    def test_a_million_tiny_items_and_many_keys_are_refused_fast(self):
        items = b"[" + b"1," * 400_000 + b"1]"
        keys = json.dumps({f"k{n}": n for n in range(20_000)}).encode()
        for value in (items, keys):
            started = time.monotonic()
            self.refused(self.text("data", "name", value=value), 400, "json-not-strict")
            self.assertLess(time.monotonic() - started, 3)

    @rows("FA-C14")
    def test_xml_is_not_read_whatever_it_is_called(self):
        xml = (
            b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
            b"<a>&x;</a>"
        )
        document = self.refused(xml, 400, "json-malformed")
        self.assertNotIn("root:", json.dumps(document))
        response = self.post(xml, headers={"Content-Type": "application/xml"})
        self.assertProblem(response, 415, "media-type")

    @rows("FA-C15")
    def test_a_wrong_or_missing_content_type_is_refused(self):
        event = json.dumps(self.vendor()).encode()
        with self.assertNothingStored():
            for kind in (None, "", "application/json", "text/plain",
                         "application/x-www-form-urlencoded",
                         f"{EVENT}; charset=utf-16"):  # fmt: skip
                response = self.call(
                    "POST", "/events", event, headers={"Content-Type": kind}
                )
                self.assertProblem(response, 415, "media-type")
            response = self.put("vendor", "v1", {"name": "A"}, Content_Type="text/json")
            self.assertProblem(response, 415, "media-type")
        fine = self.post(event, headers={"Content-Type": f"{EVENT}; charset=UTF-8"})
        self.assertEqual(fine.status_code, 202)

    @rows("FA-C16")
    def test_a_formula_in_a_name_is_text_here_and_in_an_export(self):
        self.send(self.vendor("v1", '=cmd|" /C calc"!A0'))
        self.drain()
        partner = self.linked("v1")
        self.assertEqual(partner.name, '=cmd|" /C calc"!A0')
        user = new_test_user(
            self.env, "exporter", "base.group_user,base.group_allow_export,"
            "construction_sync.group_user"
        )  # fmt: skip
        self.authenticate(user.login, user.login)
        export = {
            "model": "res.partner",
            "fields": [{"name": "name", "label": "Name"}],
            "ids": partner.ids,
            "domain": [],
            "groupby": [],
            "import_compat": False,
        }
        response = self.url_open(
            "/web/export/csv",
            data={
                "data": json.dumps(export),
                "csrf_token": http.Request.csrf_token(self),
            },
        )
        self.assertEqual(response.status_code, 200)
        cell = response.text.splitlines()[1]
        self.assertTrue(cell.startswith("\"'=cmd"), cell)
