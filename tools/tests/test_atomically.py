"""The cache holds whole things or nothing."""

import stat

import pytest

from tools import exclusive
from tools.atomically import new_folder, write_whole


def test_an_interrupted_unpacking_leaves_nothing_under_the_final_name(tmp_path):
    final = tmp_path / "odoo" / "debian"
    with pytest.raises(KeyboardInterrupt), new_folder(final) as part:
        (part / "half").write_text("half")
        raise KeyboardInterrupt
    assert not final.exists()
    assert list(final.parent.iterdir()) == []


def test_what_a_killed_run_left_is_removed_by_the_next(tmp_path):
    final = tmp_path / "debian"
    left = tmp_path / ".debian.part-killed"
    left.mkdir()
    (left / "half").write_text("half")
    with new_folder(final) as part:
        (part / "whole").write_text("whole")
    assert (final / "whole").read_text() == "whole"
    assert not left.exists()


def test_a_secret_is_never_readable_by_others(tmp_path):
    path = tmp_path / "master.key"
    write_whole(path, "secret", 0o600)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [x.name for x in tmp_path.iterdir()] == ["master.key"]


def test_only_the_last_user_is_told_that_it_is_the_last(tmp_path):
    first = exclusive.SharedUse(tmp_path / "users")
    second = exclusive.SharedUse(tmp_path / "users")
    assert first.release() is False
    assert second.release() is True
