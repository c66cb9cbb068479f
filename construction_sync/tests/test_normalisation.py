"""One cost code, many notations: the rules are plain functions."""

from hypothesis import given
from hypothesis import strategies as st

from odoo.tests import BaseCase

from .. import cost_code_notation as notation
from .rows import rows

two = st.integers(0, 99).map(lambda n: f"{n:02d}")
division = st.integers(0, 49).map(lambda n: f"{n:02d}")
canonical = st.builds(
    lambda first, second, third, details: ".".join(
        [f"{first} {second} {third}", *details]
    ),
    division,
    two,
    two,
    st.lists(two, max_size=2),
)
letters = st.sampled_from("LMESOH")


class TestNormalisation(BaseCase):
    @rows("F03")
    def test_three_notations_of_one_code_resolve_to_the_same_code_and_type(self):
        wanted = notation.Written("03 30 00", "S")
        self.assertEqual(notation.masterformat("03 30 00.S"), wanted)
        self.assertEqual(notation.masterformat("03-300-S"), wanted)
        phase, category = notation.masterformat("033000"), notation.cost_type("SUB")
        self.assertEqual((phase.code, category), tuple(wanted))

    @given(canonical)
    def test_a_canonical_code_maps_to_itself(self, code):
        self.assertEqual(notation.masterformat(code), notation.Written(code))

    @given(canonical, canonical)
    def test_two_canonical_codes_never_become_one(self, one, other):
        same = notation.masterformat(one) == notation.masterformat(other)
        self.assertEqual(same, one == other)

    @given(st.text(max_size=20))
    def test_any_text_gives_a_canonical_code_or_nothing(self, text):
        written = notation.masterformat(text)
        if written is not None:
            self.assertEqual(notation.masterformat(written.code).code, written.code)

    @given(canonical, letters, st.sampled_from([".", "-", " ", " - ", "/", ""]))
    def test_a_cost_type_behind_a_code_is_split_off(self, code, kind, mark):
        written = notation.masterformat(f"{code}{mark}{kind}")
        self.assertEqual(written, notation.Written(code, kind))

    @given(canonical, st.sampled_from([" ", "-", ".", "/", "_"]))
    def test_delimiters_do_not_matter_in_masterformat(self, code, mark):
        text = code.replace(" ", mark).replace(".", mark)
        self.assertEqual(notation.masterformat(text).code, code)

    def test_what_can_be_read_in_two_ways_is_not_read(self):
        for text in ("33000", "1230", "3300", "330", "12300", "03-3", "03-30-0"):
            self.assertIsNone(notation.masterformat(text), text)

    def test_what_is_no_code_is_not_read(self):
        for text in (
            "", " ", "50 00 00", "99 30 00", "03 30 00.X", "HVAC", "٠٣ ٣٠ ٠٠",
            "03 30 00\x00", "03 30 00 00 00 00", "0" * 70, "O3 30 00", None, 33000,
        ):  # fmt: skip
            self.assertIsNone(notation.masterformat(text), repr(text))

    def test_an_own_scheme_keeps_its_delimiters(self):
        self.assertNotEqual(notation.plain("1.23"), notation.plain("12.3"))
        self.assertEqual(notation.plain(" 10-200a "), notation.Written("10-200A"))

    @given(st.text(max_size=30))
    def test_codes_of_an_own_scheme_are_stable(self, text):
        written = notation.plain(text)
        if written is not None:
            self.assertEqual(notation.plain(written.code), written)

    def test_a_rule_fits_the_whole_text_or_not_at_all(self):
        pattern = r"J(?P<code>[0-9]{6})/(?P<type>[A-Z]+)"
        self.assertEqual(
            notation.by_regex("J033000/SUB", pattern, "masterformat"),
            notation.Written("03 30 00", "S"),
        )
        self.assertIsNone(notation.by_regex("xJ033000/SUB", pattern, "masterformat"))
        self.assertIsNone(notation.by_regex("J033000/QQQ", pattern, "masterformat"))

    def test_split_pad_and_lookup_rules(self):
        self.assertEqual(
            notation.by_split("03-30-00*LAB", "*", "masterformat"),
            notation.Written("03 30 00", "L"),
        )
        self.assertEqual(
            notation.by_pad("3-30-0", (2, 2, 2), "masterformat"),
            notation.Written("03 30 00"),
        )
        self.assertIsNone(notation.by_pad("3-30", (2, 2, 2), "masterformat"))
        table = {"CONC": ("03 30 00", "S")}
        self.assertEqual(
            notation.by_lookup("conc", table, "masterformat"),
            notation.Written("03 30 00", "S"),
        )

    @given(canonical)
    def test_the_codes_above_a_code_end_at_its_division(self, code):
        chain = list(notation.masterformat_parents(code))
        self.assertNotIn(code, chain)
        if chain:
            self.assertEqual(chain[-1], f"{code[:2]} 00 00")
