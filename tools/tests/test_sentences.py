"""Each way to be stopped says in one sentence what is wrong and what to do."""

import importlib.machinery
import importlib.util
import socket
import sys
from collections import namedtuple

import pytest

from tools import cli, odoo_source, places, program
from tools.commands import server
from tools.terminal import CannotGoOn


def load_run():
    """Load the file ``run``, whose name has no ending."""
    path = str(places.REPO / "run")
    loader = importlib.machinery.SourceFileLoader("run_file", path)
    module = importlib.util.module_from_spec(
        importlib.util.spec_from_loader("run_file", loader)
    )
    loader.exec_module(module)
    return module


def test_a_taken_port_is_named_with_the_option_that_avoids_it():
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(CannotGoOn, match=rf"Port {port} is taken.*--port"):
            server.need_port(port)


def test_a_free_port_is_no_reason_to_stop():
    server.need_port(0)


def test_an_unsupported_python_is_told_which_ones_are(monkeypatch, capsys):
    run = load_run()
    monkeypatch.setattr(run.sys, "version_info", (3, 9, 1))
    monkeypatch.setattr(run.shutil, "which", lambda name: None)
    assert run.main() == 2
    said = capsys.readouterr().err
    assert "Python 3.9 is not supported" in said
    assert "install Python 3.10 to 3.13" in said


def test_an_unsupported_python_gives_way_to_a_supported_one(monkeypatch):
    run = load_run()
    monkeypatch.setattr(run.sys, "version_info", (3, 14, 0))
    monkeypatch.setattr(
        run.shutil, "which", lambda name: sys.executable if "3.12" in name else None
    )
    started = []

    class Replaced(Exception):
        """Stands for the end of this process."""

    def execv(path, arguments):
        started.append((path, arguments))
        raise Replaced

    monkeypatch.setattr(run.os, "execv", execv)
    with pytest.raises(Replaced):
        run.main()
    assert started[0][0] == sys.executable


@pytest.mark.parametrize(
    "output",
    [
        "Retrying: NewConnectionError: Failed to establish a new connection\n"
        "ERROR: Could not find a version that satisfies x (from versions: none)",
        "E: Failed to fetch ... Temporary failure resolving 'a.mirror'",
        "fatal: unable to access '...': Could not resolve host: a.host",
        "npm error code ENOTFOUND",
    ],
)
def test_a_network_that_does_not_answer_is_recognised(output):
    failure = program.ProgramFailed(["pip"], 1, output)
    sentence = str(program.explain(failure, "Python environment"))
    assert "there is no network" in sentence
    assert "check the connection or the proxy" in sentence


def test_a_package_without_a_build_is_not_taken_for_a_missing_network():
    said = "ERROR: Could not find a version that satisfies x (from versions: none)"
    assert not program.ProgramFailed(["pip"], 1, said).no_network


def test_a_full_disk_is_recognised():
    failure = program.ProgramFailed(["dpkg"], 2, "write: No space left on device")
    assert "the disk is full" in str(program.explain(failure, "Odoo 19"))


def test_any_other_failure_names_its_last_line_and_the_log():
    failure = program.ProgramFailed(["pip"], 1, "building\nerror: no compiler\n\n")
    sentence = str(program.explain(failure, "Python environment"))
    assert "error: no compiler" in sentence
    assert "var/log/set-up.log" in sentence


def test_too_little_disk_is_found_before_the_download(monkeypatch, tmp_path):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(
        places.shutil, "disk_usage", lambda path: usage(9, 9, 5_000_000)
    )
    with pytest.raises(CannotGoOn, match="Too little disk: Odoo 19 needs 3000 MB"):
        places.need_space(tmp_path / "not" / "there", 3000, "Odoo 19")


def test_a_wrong_odoo_source_is_told_what_was_found_there(monkeypatch, tmp_path):
    (tmp_path / "odoo").mkdir()
    (tmp_path / "odoo" / "release.py").write_text(
        "version_info = (18, 0, 0, FINAL, 0, '')\n"
    )
    monkeypatch.setenv("ODOO_SOURCE", str(tmp_path))
    with pytest.raises(CannotGoOn, match="where there is Odoo 18.0"):
        odoo_source.find()


def test_a_reason_to_stop_ends_with_two_and_without_a_traceback(monkeypatch, capsys):
    def stop(_arguments):
        raise CannotGoOn("The well is dry; dig deeper.")

    monkeypatch.setattr("tools.commands.features.main", stop)
    assert cli.main(["features"]) == 2
    assert capsys.readouterr().err == "The well is dry; dig deeper.\n"


def test_without_a_command_the_help_lists_them_all(capsys):
    assert cli.main([]) == 0
    printed = capsys.readouterr().out
    for name in cli.COMMANDS:
        assert f"    {name} " in printed
