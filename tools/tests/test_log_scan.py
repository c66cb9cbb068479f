"""Reading Odoo's log for what nobody expected."""

from tools.log_scan import complaints, scan

STAMP = "2026-11-24 03:47:05,256 14345"


def found(*lines, **options):
    return list(complaints(lines, **options))


def test_a_warning_is_found_with_the_lines_that_belong_to_it():
    (complaint,) = found(
        f"{STAMP} INFO db odoo.modules: loading",
        f"{STAMP} ERROR db odoo.sql_db: bad query: SELECT",
        "ERROR: relation does not exist",
        f"{STAMP} INFO db odoo.modules: loaded",
    )
    assert (complaint.number, complaint.level) == (2, "ERROR")
    assert complaint.logger == "odoo.sql_db"
    assert complaint.text.endswith("relation does not exist")


def test_a_complaint_at_the_end_of_the_log_is_not_lost():
    assert len(found(f"{STAMP} WARNING ? odoo.addons.construction_sync: late")) == 1


def test_what_is_below_the_asked_level_is_passed_over():
    assert not found(f"{STAMP} WARNING db a: b", at_least="ERROR")


def test_a_warning_that_we_cannot_mend_is_passed_over():
    line = "WARNING ? py.warnings: x.py:21: DeprecationWarning: PyPDF2 is deprecated."
    assert not found(f"{STAMP} {line}")


def test_a_python_warning_about_our_own_code_counts():
    place = "/x/construction_sync/models/sync_flow.py:3: DeprecationWarning: old"
    assert len(found(f"{STAMP} WARNING db py.warnings: {place}")) == 1


def test_a_message_that_only_speaks_of_errors_is_none():
    assert not found(f"{STAMP} INFO db odoo.x: ERROR db y: z", "WARNING: not a line")


def test_a_log_that_was_never_written_has_no_complaints(tmp_path):
    assert scan(tmp_path / "none.log") == []
