"""Expressions and values of the REST connector as plain code."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from odoo.tests import BaseCase, tagged

from ..adapters import rest_shape, rest_values
from ..adapters.rest_expressions import ExpressionError, compiled
from ..schemas.json_faults import StrictJsonError
from .rows import rows

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**17), 10**17)
    | st.decimals(allow_nan=False, allow_infinity=False, places=4, max_value=10**12,
                  min_value=-(10**12))
    | st.text(st.characters(exclude_categories=["Cs", "Co"]), max_size=20),
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(st.text("abc", max_size=3), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


@tagged("post_install", "-at_install")
class TestValues(BaseCase):
    @given(JSON)
    def test_a_record_is_read_back_as_it_was_written(self, value):
        self.assertEqual(
            rest_values.read_answer(rest_values.write_record(value)), value
        )

    def test_amounts_are_never_floats(self):
        record = rest_values.read_answer(b'{"sum": 1234567890123.10, "n": 3}')
        self.assertEqual(record["sum"], Decimal("1234567890123.10"))
        self.assertIn(b"1234567890123.10", rest_values.write_record(record))
        self.assertEqual(compiled("sum")(record), Decimal("1234567890123.10"))
        self.assertEqual(rest_values.plain(record)["sum"], "1234567890123.1")

    @rows("FA-H06")
    @given(st.integers(1, 60))
    def test_an_answer_that_is_cut_anywhere_is_never_read(self, length):
        whole = b'{"data": [{"id": 1, "name": "Ace \xc3\xa9"}], "meta": {"next": null}}'
        with self.assertRaises(StrictJsonError):
            rest_values.read_answer(whole[:length])

    @rows("FA-H05")
    def test_answers_that_would_cost_too_much_are_refused(self):
        for raw in (
            b"[" * 5_000 + b"]" * 5_000,
            b"[" + b"1," * 500_000 + b"1]",
            b"1" * 5_000,
            b"1e999999999",
            b"NaN",
            b'{"a": "\xff"}',
        ):
            with self.subTest(raw[:12]), self.assertRaises(StrictJsonError):
                rest_values.read_answer(raw)

    def test_times_as_systems_write_them(self):
        for written in (
            "2026-03-01T10:00:00Z",
            "2026-03-01T12:00:00+02:00",
            "2026-03-01 10:00:00",
            "2026-03-01T10:00:00.000+0000",
            1772359200,
            1772359200000,
            "1772359200",
        ):
            with self.subTest(written):
                self.assertEqual(
                    rest_values.moment(written).isoformat(), "2026-03-01T10:00:00+00:00"
                )
        for written in ("yesterday", "2026-13-01", True, [], "9" * 13):
            with self.subTest(written), self.assertRaises(rest_values.ValueRefused):
                rest_values.moment(written)

    def test_a_version_is_a_count_or_a_time(self):
        self.assertEqual(rest_values.version(7), 7)
        self.assertEqual(rest_values.version("7"), 7)
        older, newer = (
            rest_values.version(f"2026-03-01T10:00:00.{part}Z")
            for part in ("001", "002")
        )
        self.assertLess(older, newer)
        for value in (0, -1, True, "x"):
            with self.subTest(value), self.assertRaises(rest_values.ValueRefused):
                rest_values.version(value)

    def test_nothing_is_guessed(self):
        for convert, value, pattern in (
            (rest_values.day, "03/04/2026", None),
            (rest_values.day, "2026-02-28", "%d/%m/%Y"),
            (rest_values.amount, "twelve", None),
            (rest_values.amount, True, None),
            (rest_values.boolean, "maybe", None),
            (rest_values.text, ["a"], None),
        ):
            with self.subTest(value), self.assertRaises(rest_values.ValueRefused):
                convert(value, pattern)
        self.assertEqual(rest_values.amount("1.234,50", ","), "1234.5")
        self.assertEqual(rest_values.amount("1,234.50"), "1234.5")
        self.assertIs(rest_values.boolean("Ja", "ja"), True)

    def test_an_expression_is_bounded(self):
        doubled = " | ".join(["[@, @]"] * 40)
        with self.assertRaises(ExpressionError):
            compiled(doubled)({"a": 1})
        with self.assertRaises(ExpressionError):
            compiled("a" * 1_001)

    def test_a_function_that_does_not_fit_is_a_sentence(self):
        with self.assertRaises(ExpressionError) as caught:
            compiled("lower(n)")({"n": Decimal("1.5")})
        self.assertEqual(
            caught.exception.words, "lower() was given a number and takes string."
        )

    @rows("FA-H18")
    def test_what_is_sometimes_there_is_no_drift(self):
        first = rest_shape.shape_of([{"id": 1, "fax": "1"}, {"id": 2, "note": None}])
        known = rest_shape.learned({}, first)
        self.assertEqual(rest_shape.drift(known, rest_shape.shape_of([{"id": 3}])), [])
        later = rest_shape.shape_of([{"id": 4, "note": "x", "fax": None}])
        self.assertEqual(rest_shape.drift(known, later), [])
        gone = rest_shape.drift(known, rest_shape.shape_of([{"fax": "2"}]))
        self.assertEqual(gone, ["id is gone"])

    @rows("FA-H18")
    @given(st.lists(st.dictionaries(st.text("abc", max_size=2), JSON, max_size=4),
                    min_size=1, max_size=5))  # fmt: skip
    def test_a_page_does_not_differ_from_itself(self, records):
        shape = rest_shape.shape_of(records)
        self.assertEqual(rest_shape.drift(rest_shape.learned({}, shape), shape), [])
