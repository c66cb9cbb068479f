"""Python virtual environments: made once, changed when their lists change."""

import hashlib
import json
import os
import platform
import shutil
import sys
import sysconfig
from pathlib import Path

from tools import places
from tools.atomically import write_whole
from tools.exclusive import exclusively
from tools.program import ProgramFailed, explain, quietly, run_logged
from tools.terminal import CannotGoOn, say, timed

LISTS = ("odoo", "suite", "tests")
STAMP = "construction-sync.json"


class Environment:
    """One virtual environment of the checkout, by the name of its folder."""

    def __init__(self, name):
        self.folder = places.REPO / name
        self.python = self.folder / "bin" / "python"

    @property
    def packages(self):
        """Folder of installed packages."""
        paths = {"base": str(self.folder), "platbase": str(self.folder)}
        return Path(sysconfig.get_path("purelib", "posix_prefix", paths))

    def ensure(self, subject, installs, extra=""):
        """Create the environment and install lists, unless that is done already.

        ``installs`` is a list of (requirement names, pip options, optional);
        ``extra`` is anything else that the content depends on.
        """
        want = self._fingerprint(installs, extra)
        with exclusively(places.VAR / f"{self.folder.name}.lock", subject):
            if self._stamp() == want:
                return False
            self._create(subject)
            with timed(subject):
                for names, options, optional in installs:
                    self._install(subject, names, options, optional)
            write_whole(self.folder / STAMP, json.dumps(want))
            return True

    def _fingerprint(self, installs, extra):
        digest = hashlib.sha256(extra.encode())
        for names, options, _optional in installs:
            digest.update(repr(options).encode())
            for name in names:
                digest.update((places.REQUIREMENTS / f"{name}.txt").read_bytes())
        return {"lists": digest.hexdigest(), "python": platform.python_version()}

    def _stamp(self):
        try:
            return json.loads((self.folder / STAMP).read_text())
        except (OSError, ValueError):
            return None

    def _create(self, subject):
        version = quietly([self.python, "-c", "import sys; print(sys.version)"])
        if version and version.strip() == sys.version:
            return
        places.need_space(self.folder, 1500, subject)
        shutil.rmtree(self.folder, ignore_errors=True)
        try:
            run_logged([sys.executable, "-m", "venv", self.folder], subject)
        except ProgramFailed as failure:
            shutil.rmtree(self.folder, ignore_errors=True)
            raise CannotGoOn(
                f"Python {platform.python_version()} cannot make virtual "
                "environments; install its package 'python3-venv' and start again."
            ) from failure

    def _install(self, subject, names, options, optional):
        files = [places.REQUIREMENTS / f"{name}.txt" for name in names]
        count = sum(
            bool(line.strip()) and not line.startswith("#")
            for file in files
            for line in file.read_text("utf-8").splitlines()
        )
        say(f"{subject}: {count} Python packages ({', '.join(names)})")
        command = [self.python, "-m", "pip", "install", "--no-input"]
        command += ["--disable-pip-version-check", *options]
        for file in files:
            command += ["-r", file]
        try:
            # Odoo's metadata on the path would make pip complain about psycopg2.
            run_logged(command, subject, env={**os.environ, "PYTHONPATH": ""})
        except ProgramFailed as failure:
            if optional and not failure.no_network:
                say(f"{subject}: done without {', '.join(names)}, which has no build")
                return
            raise explain(failure, subject) from failure


def odoo_environment(source):
    """Return the environment that runs Odoo from ``source`` (OdooSource)."""
    return _with_odoo(Environment(".venv"), source, "Python environment", LISTS)


def pinned_environment(source):
    """Return the environment with the library versions that Odoo 19 pins."""
    if sys.version_info[:2] != (3, 11):
        raise CannotGoOn(
            "The pinned versions are those for Python 3.11 and this is Python "
            f"{platform.python_version()}; start './run test --odoo-pins' with "
            "'python3.11 run test --odoo-pins'."
        )
    lists = ("odoo-pins-py311", "suite", "tests")
    return _with_odoo(Environment(".venv-pins"), source, "Pinned environment", lists)


def _with_odoo(environment, source, subject, lists):
    installs = [
        (lists, (), False),
        (("odoo-addons",), ("--no-deps",), False),
        (("optional",), ("--only-binary=:all:",), True),
    ]
    changed = environment.ensure(subject, installs, str(source.folder))
    script = environment.folder / "bin" / "odoo"
    if changed or not script.exists():
        _put_on_path(environment, source)
        write_whole(
            script,
            f"#!{environment.python}\n"
            "import odoo.cli\n\n"
            'if __name__ == "__main__":\n'
            "    odoo.cli.main()\n",
            0o755,
        )
    return environment


def _put_on_path(environment, source):
    """Make ``import odoo`` work, and nothing else of the folder that holds it.

    The folder may be the machine's own site-packages, whose other packages must
    not mix with the environment's: only Odoo is linked into a folder of its own.
    """
    links = environment.folder / "odoo-source"
    shutil.rmtree(links, ignore_errors=True)
    links.mkdir()
    (links / "odoo").symlink_to(source.folder / "odoo")
    metadata = links / "odoo-19.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: odoo\nVersion: 19.0\n"
    )
    (environment.packages / "odoo-source.pth").write_text(f"{links}\n")
