import datetime
import unicodedata
from decimal import Decimal

from pydantic import TypeAdapter, ValidationError

from odoo.tests import BaseCase

from ..schemas import schema
from ..schemas.amounts import Amount, PositiveAmount
from ..schemas.problem import problems_of
from ..schemas.references import Reference
from ..schemas.texts import Code, ExternalId, Name
from ..schemas.times import Day, Time
from .rows import rows


def taken(kind, value):
    """The value as it is kept, or None when it is refused."""
    try:
        return TypeAdapter(kind).validate_python(value, strict=True)
    except ValidationError:
        return None


class TestText(BaseCase):
    @rows("FA-C10")
    def test_a_code_is_plain_ascii(self):
        self.assertEqual(taken(Code, " 03 30 00.S "), "03 30 00.S")
        for code in (
            "\uff11\uff12",  # fullwidth digits
            "\u0421-100",  # a Cyrillic letter that looks like C
            "A\u200bB",
            "A\u202eB",
            "A\tB",
            "A\nB",
            "",
            "  ",
            "x" * 65,
            7,
            None,
        ):
            self.assertIsNone(taken(Code, code), repr(code))

    @rows("FA-C10")
    def test_names_that_may_deceive_are_taken_and_flagged(self):
        vendor = schema("vendor")
        for name in ("Acme\u202eemcA", "Ac\u200bme", "\u0410cme Concrete"):
            found = vendor.model_validate({"name": name, "legal_name": "Acme"})
            self.assertEqual(found.name, name)
            self.assertEqual(found.suspicious, ["/name"], repr(name))
        for name in ("Acme", "Müller & Söhne", "Бетон Acme", "株式会社"):
            self.assertEqual(vendor.model_validate({"name": name}).suspicious, [])

    @rows("FA-C11")
    def test_composed_and_decomposed_names_are_one(self):
        composed = unicodedata.normalize("NFC", "Société Générale")
        decomposed = unicodedata.normalize("NFD", composed)
        self.assertNotEqual(composed, decomposed)
        self.assertEqual(taken(Name, decomposed), composed)

    def test_names_hold_one_line(self):
        for name in ("a\nb", "a\x1b[31mb", "a\u2028b", "a\x7fb", "", " ", "x" * 256):
            self.assertIsNone(taken(Name, name), repr(name))

    @rows("FA-C16")
    def test_formula_text_is_kept_as_text(self):
        self.assertEqual(taken(Name, "=cmd()|'/c calc'!A0"), "=cmd()|'/c calc'!A0")

    def test_external_ids_are_kept_to_the_letter(self):
        self.assertEqual(taken(ExternalId, "a/b c%2F"), "a/b c%2F")
        for value in (" a", "a ", "", "x" * 256, "é", "a\u200b", 5):
            self.assertIsNone(taken(ExternalId, value), repr(value))


class TestAmount(BaseCase):
    def test_an_amount_is_text(self):
        self.assertEqual(taken(Amount, "1250.50"), Decimal("1250.50"))
        for value in (
            1250,
            0.1,
            Decimal("0.1"),
            "1e3",
            "1,250",
            "+1",
            " 1",
            ".5",
            "1.",
        ):
            self.assertIsNone(taken(Amount, value), repr(value))
        for value in ("NaN", "Infinity", "١", "9" * 16, "0.1234567", "", True):
            self.assertIsNone(taken(Amount, value), repr(value))

    @rows("FA-D01")
    def test_negative_zero_is_zero_and_negative_is_refused_where_it_means_nothing(self):
        self.assertEqual(str(taken(Amount, "-0")), "0")
        self.assertEqual(str(taken(PositiveAmount, "-0.00")), "0.00")
        self.assertIsNone(taken(PositiveAmount, "-0.01"))
        self.assertEqual(taken(Amount, "-0.01"), Decimal("-0.01"))

    @rows("FA-D03")
    def test_more_decimals_than_the_currency_has_are_refused(self):
        project = {"number": "1", "name": "Tower"}
        for currency, amount, fits in (
            ("USD", "10.50", True),
            ("USD", "10.505", False),
            ("USD", "10.500", True),
            ("JPY", "10", True),
            ("JPY", "10.5", False),
            ("KWD", "10.505", True),
            ("CLF", "10.5055", True),
        ):
            body = {**project, "currency": currency, "estimated_value": amount}
            try:
                schema("project").model_validate(body)
            except ValidationError as error:
                (problem,) = problems_of(error)
                self.assertFalse(fits, body)
                self.assertEqual(problem.kind, "currency-decimals")
                self.assertEqual(problem.pointer, "/estimated_value")
                self.assertEqual(problem.status, 422)
            else:
                self.assertTrue(fits, body)


@rows("FA-D13")
class TestTime(BaseCase):
    def test_days_are_in_the_calendar(self):
        self.assertEqual(taken(Day, "2024-02-29"), datetime.date(2024, 2, 29))
        for value in (
            "2023-02-29",
            "0001-01-01",
            "9999-12-31",
            "1899-12-31",
            "2201-01-01",
            "2024-2-9",
            "20240229",
            "2024-02-29T00:00:00Z",
            "٢٠٢٤-٠٢-٢٩",
            20240229,
            "",
        ):
            self.assertIsNone(taken(Day, value), repr(value))

    def test_moments_have_a_zone_and_are_kept_in_utc(self):
        utc = datetime.timezone.utc
        for text, expected in (
            ("2026-03-29T02:30:00+01:00", (2026, 3, 29, 1, 30)),
            ("2026-01-01T00:30:00+02:00", (2025, 12, 31, 22, 30)),
            ("2026-01-01t00:30:00z", (2026, 1, 1, 0, 30)),
            ("2026-01-01T00:30:00-00:00", (2026, 1, 1, 0, 30)),
            ("2016-12-31T23:59:60Z", (2017, 1, 1, 0, 0)),
        ):
            self.assertEqual(
                taken(Time, text), datetime.datetime(*expected, tzinfo=utc), text
            )
        self.assertEqual(
            taken(Time, "2025-02-06T23:34:12.246562789Z").microsecond, 246562
        )

    def test_moments_that_mean_something_else_to_each_reader_are_refused(self):
        for text in (
            "2026-03-29T02:30:00",
            "2026-03-29",
            "2026-03-29T02:30Z",
            "2026-03-29T25:00:00Z",
            "2026-03-29T02:30:00+24:00",
            "2026-03-29T02:30:00+01:60",
            "0001-01-01T00:00:00Z",
            "9999-12-31T23:59:59Z",
            "1764000000",
            1764000000,
        ):
            self.assertIsNone(taken(Time, text), repr(text))


class TestReference(BaseCase):
    def test_the_four_shapes(self):
        for shape in (
            "V-1",
            {"code": "03 30 00"},
            {"odoo_id": 7},
            {"system": "procore", "id": "7"},
        ):
            self.assertEqual(Reference.model_validate(shape).model_dump(), shape)

    def test_any_other_shape_is_refused(self):
        for shape in (
            {},
            "",
            7,
            None,
            [],
            {"id": "7"},
            {"system": "procore"},
            {"code": "a", "odoo_id": 7},
            {"code": None},
            {"odoo_id": "7"},
            {"odoo_id": 0},
            {"odoo_id": True},
            {"odoo_id": 2**31},
            {"vendor": "a"},
        ):
            self.assertIsNone(taken(Reference, shape), repr(shape))

    def test_equal_references_are_one_in_a_set(self):
        pair = [Reference.model_validate({"code": "a"}) for _n in range(2)]
        self.assertEqual(len(set(pair)), 1)
