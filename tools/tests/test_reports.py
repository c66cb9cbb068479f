"""From pytest's reports and the marks in test files to the table of rows."""

import textwrap

from tools import feature_rows, junit

REPORT = """\
<testsuites><testsuite>
<testcase classname="toy.tests.test_toy.TestToy" name="test_one"/>
<testcase classname="toy.tests.test_toy.TestToy" name="test_two">
<failure message="no"/></testcase>
<testcase classname="toy.tests.test_toy.TestToy" name="test_three">
<error message="teardown"/></testcase>
<testcase classname="tools.tests.test_x" name="test_four[a]">
<skipped message="needs the moon"/></testcase>
<testcase classname="tools.tests.test_x" name="test_five">
<skipped message="Skipped"/></testcase>
</testsuite></testsuites>
"""


def cases(tmp_path):
    path = tmp_path / "odoo.xml"
    path.write_text(REPORT)
    return junit.cases(path)


def test_errors_count_as_failures(tmp_path):
    totals = junit.count(cases(tmp_path))
    assert junit.closing_line(totals) == "1 passed, 2 failed, 2 skipped"


def test_a_skip_without_a_reason_is_found(tmp_path):
    silent = junit.skipped_without_reason(cases(tmp_path))
    assert [case.name for case in silent] == ["test_five"]


def test_classes_and_modules_are_told_apart(tmp_path):
    found = cases(tmp_path)
    assert (found[0].module, found[0].group) == ("toy.tests.test_toy", "TestToy")
    assert (found[3].module, found[3].group) == ("tools.tests.test_x", "")


def test_marks_on_methods_functions_and_classes_are_read(tmp_path):
    path = tmp_path / "test_x.py"
    path.write_text(
        textwrap.dedent(
            """
            from .rows import rows
            @rows("F01")
            class TestA(TransactionCase):
                @rows("FA-A01", "F02")
                def test_one(self): ...
                def helper(self): ...
            class TestB(TransactionCase):
                @tagged("x")
                @rows("F03")
                def test_two(self): ...
                def test_unmarked(self): ...
            @common.rows("F04")
            def test_three(): ...
            """
        )
    )
    assert list(feature_rows.rows_of_file(path)) == [
        ("F01", "TestA", "test_one"),
        ("FA-A01", "TestA", "test_one"),
        ("F02", "TestA", "test_one"),
        ("F03", "TestB", "test_two"),
        ("F04", "", "test_three"),
    ]


def test_one_failed_test_makes_the_row_fail_and_a_skipped_one_proves_nothing():
    def state(*outcomes):
        return feature_rows.Row("F01", "x", [("t", x) for x in outcomes]).state

    assert state("passed", "passed") == "passed"
    assert state("passed", "skipped") == "skipped"
    assert state("passed", "not run", "failed") == "failed"


def test_the_worst_variant_of_a_test_counts(tmp_path, monkeypatch):
    (tmp_path / "junit").mkdir()
    (tmp_path / "junit" / "a.xml").write_text(
        '<testsuite><testcase classname="a.test_x" name="test_y[1]"><failure/>'
        '</testcase><testcase classname="a.test_x" name="test_y[2]"/></testsuite>'
    )
    monkeypatch.setattr(feature_rows.places, "VAR", tmp_path)
    assert feature_rows.last_outcomes() == {("test_x", "", "test_y"): "failed"}


def test_rows_stand_in_the_order_of_the_list():
    codes = ["FA-B02", "F10", "C6", "FA-A11", "F02", "FA-A09"]
    assert sorted(codes, key=feature_rows.order) == [
        "F02",
        "F10",
        "C6",
        "FA-A09",
        "FA-A11",
        "FA-B02",
    ]
