import json
import math
import time
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from odoo.tests import BaseCase

from ..schemas.strict_json import StrictJsonError, parse, slice_array
from .rows import rows


def refusal(raw, **limits):
    """The error that ``raw`` is refused with; None when it is taken."""
    try:
        parse(raw, **limits)
    except StrictJsonError as error:
        return error
    return None


def seconds_to_refuse(raw, read=parse):
    """Processor time, the best of three: what else the machine does is not meant."""
    best = float("inf")
    for _try in range(3):
        start = time.process_time()
        try:
            read(raw)
        except StrictJsonError:
            best = min(best, time.process_time() - start)
        else:
            raise AssertionError("this should have been refused")
    return best


class TestStrictJson(BaseCase):
    @rows("FA-C01")
    def test_a_truncated_body_names_the_value_that_was_being_read(self):
        error = refusal(b'{"data": {"trades": ["a", "b')
        self.assertEqual(error.pointer, "/data/trades/1")
        self.assertTrue(error.malformed)
        self.assertIn("line 1, column", error.reason)

    @rows("FA-C01")
    def test_what_follows_the_end_is_refused(self):
        error = refusal(b'{"a": 1}\n}')
        self.assertTrue(error.malformed)
        self.assertIn("line 2, column 1", error.reason)
        self.assertIsNone(refusal(b' \t\r\n{"a": 1}\n '))

    @rows("FA-C01")
    def test_an_empty_body_is_refused(self):
        for raw in (b"", b" \n"):
            self.assertEqual(refusal(raw).reason, "The body is empty.")

    @rows("FA-C02")
    def test_depth_is_refused_before_anything_is_parsed(self):
        self.assertIsNone(refusal(b"[" * 32 + b"]" * 32))
        for depth in (33, 5_000, 100_000):
            for opening, closing in ((b"[", b"]"), (b'{"a":', b"}")):
                raw = opening * depth + b"1" + closing * depth
                self.assertIn("deeper", refusal(raw).reason)
                self.assertIn("deeper", refusal(opening * depth).reason)

    @rows("FA-C02")
    def test_a_body_nested_a_hundred_thousand_deep_costs_little(self):
        for raw in (b"[" * 100_000 + b"]" * 100_000, b'{"a":' * 100_000):
            self.assertLess(seconds_to_refuse(raw), 0.05)

    @rows("FA-C02")
    def test_brackets_inside_text_do_not_count(self):
        self.assertEqual(parse(b'["' + b"[{," * 9_000 + b'"]'), ["[{," * 9_000])
        self.assertEqual(parse(b'["\\"' + b"[" * 99 + b'"]'), ['"' + "[" * 99])

    @rows("FA-C03")
    def test_a_body_over_the_limit_is_refused_as_too_large(self):
        raw = b'"' + b"a" * (1 << 20) + b'"'
        self.assertTrue(refusal(raw).too_large)
        self.assertIsNone(refusal(b'"' + b"a" * ((1 << 20) - 2) + b'"'))

    @rows("FA-C05")
    def test_numbers_that_json_does_not_know_are_refused(self):
        for word in (b"NaN", b"Infinity", b"-Infinity"):
            error = refusal(b'{"lines": [{"amount": ' + word + b"}]}")
            self.assertEqual(error.pointer, "/lines/0/amount")
            self.assertFalse(error.malformed)

    @rows("FA-C06")
    def test_a_name_that_stands_twice_is_refused(self):
        error = refusal(b'{"data": [{"b": 1, "a/x": 1, "a/x": 1}]}')
        self.assertEqual(error.pointer, "/data/0/a~1x")
        # The same name, once escaped.
        self.assertEqual(refusal(b'{"a": 1, "\\u0061": 2}').pointer, "/a")

    @rows("FA-C07")
    def test_numbers_that_are_memory_traps_are_refused(self):
        for number in (
            b"9" * 5_000,
            b"1e999999999",
            b"1E5",
            b"0." + b"1" * 5_000,
            b"9223372036854775808",
        ):
            self.assertEqual(refusal(b'{"a": [' + number + b"]}").pointer, "/a/0")

    def test_whole_numbers_of_64_bits_are_exact(self):
        self.assertEqual(parse(b"[9223372036854775807]"), [2**63 - 1])
        self.assertEqual(parse(b"[-9223372036854775808]"), [-(2**63)])

    def test_fractions_are_decimals(self):
        (value,) = parse(b"[0.1]")
        self.assertIsInstance(value, Decimal)
        self.assertEqual(value, Decimal("0.1"))

    @rows("FA-C08")
    def test_anything_but_plain_utf_8_is_refused(self):
        for raw in (
            b"\xef\xbb\xbf{}",
            '{"a": 1}'.encode("utf-16"),
            '{"a": 1}'.encode("utf-16-le"),
            '{"a": 1}'.encode("utf-32"),
            b'{"a": "\xff"}',
            b'{"a": "\xc0\xaf"}',
            b'{"a": "\xed\xa0\x80"}',
        ):
            self.assertTrue(refusal(raw).malformed, raw)

    @rows("FA-C09")
    def test_nul_and_half_surrogates_are_refused(self):
        for text in (b"\\u0000", b"\\ud800", b"\\uDFFF", b"\\udc00\\ud800"):
            error = refusal(b'{"data": {"name": "x' + text + b'"}}')
            self.assertEqual(error.pointer, "/data/name", text)
        self.assertTrue(refusal(b'{"name": "x\x00"}').malformed)
        self.assertIsNotNone(refusal(b'{"\\u0000": 1}'))

    def test_escapes_that_only_look_dubious_are_taken(self):
        self.assertEqual(parse(b'"\\ud83c\\udfd7"'), "\U0001f3d7")
        self.assertEqual(parse(b'"\\\\u0000"'), "\\u0000")

    @rows("FA-C13")
    def test_a_million_small_values_are_refused_at_once(self):
        for raw in (
            b"[" + b"1," * 500_000 + b"1]",
            b"[" + b"{}," * 300_000 + b"{}]",
            b"{" + b'"":0,' * 200_000 + b'"":0}',
        ):
            self.assertLess(seconds_to_refuse(raw), 0.1)

    @rows("FA-C13")
    def test_the_cap_counts_values(self):
        self.assertIsNone(refusal(b"[" + b"1," * 9_998 + b"1]"))
        self.assertIn("more than 10000", refusal(b"[" + b"1," * 9_999 + b"1]").reason)
        self.assertIsNone(refusal(b"[" + b"[]," * 9_998 + b"[]]"))

    def test_it_is_nearly_as_fast_as_the_standard_library(self):
        raw = json.dumps(
            {"id": "e1", "data": {f"field{n}": "some text here" for n in range(12)}}
        ).encode()
        for _attempt in range(5):
            start = time.perf_counter()
            for _n in range(1_000):
                parse(raw)
            took = (time.perf_counter() - start) / 1_000
            if took < 25e-6:
                return
        self.fail(f"{took * 1e6:.0f} microseconds for {len(raw)} bytes")


documents = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.text(),
    lambda child: (
        st.lists(child, max_size=5) | st.dictionaries(st.text(), child, max_size=5)
    ),
    max_leaves=20,
)


class TestStrictJsonProperties(BaseCase):
    @settings(deadline=None, max_examples=300)
    @given(documents, st.booleans(), st.sampled_from([None, 1]))
    def test_agrees_with_the_standard_library_on_sound_documents(
        self, document, escaped, indent
    ):
        raw = json.dumps(document, ensure_ascii=escaped, indent=indent)
        dubious = any(
            c == "\x00" or "\ud800" <= c <= "\udfff" for c in str_of(document)
        )
        try:
            found = parse(raw.encode())
        except StrictJsonError:
            self.assertTrue(dubious)
        else:
            self.assertEqual(found, document)
            self.assertFalse(dubious)

    @settings(deadline=None, max_examples=500)
    @given(
        st.binary(max_size=60)
        | st.text(alphabet='{}[]",:\\u0aD8 19.eE-tfn\n', max_size=60).map(str.encode)
    )
    def test_whatever_comes_it_is_taken_or_refused(self, raw):
        for read in (parse, slice_array):
            try:
                read(raw)
            except StrictJsonError as error:
                self.assertTrue(error.reason)
                error.pointer.encode()

    @settings(deadline=None, max_examples=300)
    @given(st.text(alphabet='{}[]",:\\u0aD8 19.eE-tfn\n', max_size=40))
    def test_takes_nothing_that_the_standard_library_refuses(self, text):
        try:
            found = parse(text.encode())
        except StrictJsonError:
            return
        expected = json.loads(text, parse_float=Decimal)
        self.assertEqual(found, expected)
        self.assertFalse(any(isinstance(x, float) and math.isnan(x) for x in [found]))

    @settings(deadline=None, max_examples=200)
    @given(st.lists(documents, max_size=6), st.sampled_from([None, 1]))
    def test_slices_are_the_elements_as_they_were_sent(self, elements, indent):
        texts = [json.dumps(element, indent=indent) for element in elements]
        raw = f" [{' , '.join(texts)} ]\n".encode()
        found = [raw[start:end].decode() for start, end in slice_array(raw)]
        self.assertEqual(found, texts)


def str_of(document):
    """All text of a document in one string."""
    if isinstance(document, str):
        return document
    if isinstance(document, dict):
        return "".join(key + str_of(value) for key, value in document.items())
    if isinstance(document, list):
        return "".join(map(str_of, document))
    return ""


class TestSliceArray(BaseCase):
    def pieces(self, raw):
        return [raw[start:end] for start, end in slice_array(raw)]

    def test_an_element_that_is_not_strict_is_cut_like_any_other(self):
        raw = b'[{"a":1,"a":2}, {"b": NaN} ,{"c":"]}\\""},7,"x,y"]'
        self.assertEqual(
            self.pieces(raw),
            [b'{"a":1,"a":2}', b'{"b": NaN}', b'{"c":"]}\\""}', b"7", b'"x,y"'],
        )
        self.assertEqual(self.pieces(b" [ ] "), [])

    @rows("FA-C01")
    def test_a_list_that_is_broken_is_one_error(self):
        for raw in (
            b"",
            b"[",
            b"[1",
            b"[1,]",
            b"[1 2]",
            b'[{"a":1}',
            b'[{"a":1},',
            b'[{"a":"x]',
            b"[1]]",
            b"[,1]",
            b'{"a":1}',
        ):
            with self.assertRaises(StrictJsonError, msg=raw):
                slice_array(raw)

    @rows("FA-C03")
    def test_more_events_or_bytes_than_allowed_are_too_large(self):
        for raw in (
            b"[" + b"{}," * 1_000 + b"{}]",
            b'[{"a":"' + b"x" * (1 << 20) + b'"}]',
            b'["' + b"x" * (1 << 20) + b'"]',
            b"[" + b" " * (16 << 20) + b"]",
        ):
            with self.assertRaises(StrictJsonError) as caught:
                slice_array(raw)
            self.assertTrue(caught.exception.too_large)
        self.assertEqual(len(slice_array(b"[" + b"{}," * 999 + b"{}]")), 1_000)

    @rows("FA-C02", "FA-C13")
    def test_hostile_elements_cost_little(self):
        for raw in (
            b"[" * 100_000 + b"]" * 100_000,
            b"[[" + b"{}," * 300_000 + b"{}]]",
            b'["' + b'\\"' * 400_000,
        ):
            self.assertLess(seconds_to_refuse(raw, slice_array), 0.1)

    def test_five_hundred_events_are_cut_in_a_few_milliseconds(self):
        event = json.dumps({"id": "x" * 26, "data": {"a": {}, "b": "y" * 330}}).encode()
        raw = b"[" + b",".join([event] * 500) + b"]"
        for _attempt in range(5):
            start = time.perf_counter()
            slices = slice_array(raw)
            took = time.perf_counter() - start
            if took < 0.006:
                break
        self.assertEqual(len(slices), 500)
        self.assertLess(took, 0.006)
