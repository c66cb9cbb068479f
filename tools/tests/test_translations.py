"""A translation template is stale when its terms are not those of the code."""

from tools import translations

TEMPLATE = """\
msgid ""
msgstr ""
"Project-Id-Version: Odoo\\n"

#. module: x
msgid "Exceptions"
msgstr ""

#. module: x
msgid ""
"First line\\n"
"of \\"two\\""
msgstr ""
"""


def test_terms_of_one_and_of_several_lines_are_read():
    assert translations.terms(TEMPLATE) == {"Exceptions", 'First line\nof "two"'}


def test_a_missing_and_a_left_over_term_are_told(tmp_path, monkeypatch):
    monkeypatch.setattr(translations.places, "REPO", tmp_path)
    (tmp_path / "x" / "i18n").mkdir(parents=True)
    translations.pot_file("x").write_text('msgid "Exceptions"\nmsgstr ""\n')
    found = translations.stale({"x": TEMPLATE})
    assert "1 terms missing, 0 left over" in found["x"]
    assert not translations.stale({"x": 'msgid "Exceptions"\nmsgstr ""\n'})
