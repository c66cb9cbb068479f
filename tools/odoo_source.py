"""Finding Odoo 19: what the user names, what is importable, Debian, git."""

import importlib.util
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tools import debian_archive, places
from tools.atomically import new_folder
from tools.exclusive import exclusively
from tools.program import ProgramFailed, explain, run_logged
from tools.terminal import CannotGoOn, say, timed

SERIES = "19.0"
PUBLIC_REPOSITORY = "https://github.com/odoo/odoo.git"


@dataclass(frozen=True)
class OdooSource:
    """An Odoo tree: the folder that holds the package ``odoo``, and who gave it."""

    folder: Path
    origin: str

    @property
    def addons(self):
        """Folders of Odoo's own addons outside the package (a git checkout's)."""
        beside = self.folder / "addons"
        return [beside] if (beside / "web" / "__manifest__.py").is_file() else []


def series_of(folder):
    """Return "19.0" for a folder that holds Odoo 19, or None without Odoo."""
    release = folder / "odoo" / "release.py"
    if not release.is_file():
        return None
    found = re.search(
        r"^version_info\s*=\s*\(\D*(\d+)\D+(\d+)",
        release.read_text("utf-8"),
        re.MULTILINE,
    )
    return f"{found[1]}.{found[2]}" if found else None


def find():
    """Return the OdooSource to use, fetching it when the machine has none.

    The order is a promise of the documentation: ODOO_SOURCE, importable, Debian's
    archive, Odoo's public git repository.
    """
    source = _named() or _importable()
    if source is None:
        cache = places.cache_folder() / "odoo"
        with exclusively(cache / "lock", "Odoo 19"):
            source = _from_debian(cache) or _from_git(cache)
    say(f"Odoo 19: {source.origin}")
    return source


def _named():
    named = os.environ.get("ODOO_SOURCE")
    if not named:
        return None
    folder = Path(named).expanduser().resolve()
    series = series_of(folder)
    if series != SERIES:
        found = f"Odoo {series}" if series else "no Odoo"
        raise CannotGoOn(
            f"ODOO_SOURCE names {folder}, where there is {found}; name the folder "
            "that holds the package 'odoo' of version 19.0, or unset it."
        )
    return OdooSource(folder, f"yours, in {folder} (ODOO_SOURCE)")


def _importable():
    # Odoo 19 is a namespace package: it has locations, and no file of its own.
    spec = importlib.util.find_spec("odoo")
    for location in (spec and spec.submodule_search_locations) or ():
        folder = Path(location).resolve().parent
        if series_of(folder) == SERIES:
            return OdooSource(folder, f"already importable by {sys.executable}")
    return None


def _from_debian(cache):
    folder = cache / "debian"
    inside = folder / debian_archive.PACKAGES_FOLDER
    if series_of(inside) == SERIES:
        return OdooSource(inside, "from Debian's archive, in the cache")
    missing = debian_archive.why_not()
    if missing:
        say(f"Odoo 19: not from Debian's archive, {missing}; git is next")
        return None
    places.need_space(cache, 3000, "Odoo 19")
    say("Odoo 19: from Debian's archive, a download of 160 MB")
    try:
        with timed("Odoo 19"), new_folder(folder) as part:
            debian_archive.fetch(part)
    except ProgramFailed as failure:
        if failure.disk_full:
            raise explain(failure, "Odoo 19 from Debian's archive") from failure
        last = failure.output.strip().splitlines()[-1:] or [str(failure)]
        say(f"Odoo 19: Debian's archive did not give it ({last[0]}); git is next")
        return None
    return OdooSource(inside, "from Debian's archive, unpacked in the cache")


def _from_git(cache):
    folder = cache / "git"
    if series_of(folder) == SERIES:
        return OdooSource(folder, "from Odoo's public git repository, in the cache")
    places.need_space(cache, 3000, "Odoo 19")
    say("Odoo 19: from Odoo's public git repository, branch 19.0, about 400 MB")
    command = ["git", "clone", "--depth=1", "--branch=19.0", "--progress"]
    # A question for a password would wait for ever where nobody sits.
    environ = {**os.environ, "GIT_TERMINAL_PROMPT": "0"}
    remedy = "or name an Odoo 19 that you have with ODOO_SOURCE"
    try:
        with timed("Odoo 19"), new_folder(folder) as part:
            command += [PUBLIC_REPOSITORY, part / "odoo"]
            run_logged(command, "Odoo 19", env=environ)
            _lift(part / "odoo", part)
    except FileNotFoundError as error:
        raise CannotGoOn(
            "Odoo 19 is not here, and there is neither Debian's archive nor git to "
            f"get it; install git, {remedy}."
        ) from error
    except (ProgramFailed, subprocess.SubprocessError) as failure:
        raise explain(failure, "Odoo 19 from git", remedy) from failure
    return OdooSource(folder, "from Odoo's public git repository, branch 19.0")


def _lift(inner, outer):
    """Move the content of a checkout one folder up, its package keeps its name."""
    inner = inner.rename(outer / ".checkout")
    for entry in inner.iterdir():
        entry.rename(outer / entry.name)
    inner.rmdir()
