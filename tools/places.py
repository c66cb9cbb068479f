"""Where things are kept: the repository, its git-ignored folder, the cache."""

import os
import shutil
from pathlib import Path

from tools.terminal import CannotGoOn

REPO = Path(__file__).resolve().parent.parent
VAR = REPO / "var"
LOGS = VAR / "log"
REQUIREMENTS = Path(__file__).resolve().parent / "requirements"


def cache_folder(environ=os.environ):
    """Return the folder of downloads and unpacked Odoo, shared by checkouts."""
    named = environ.get("CONSTRUCTION_SYNC_CACHE")
    if named:
        return Path(named).expanduser().resolve()
    base = environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(base).expanduser() / "construction-sync"


def make_folders():
    """Create the git-ignored folders of this checkout."""
    for folder in (VAR, LOGS):
        folder.mkdir(parents=True, exist_ok=True)


def need_space(folder, megabytes, purpose):
    """Stop when the disk of ``folder`` has less than ``megabytes`` free."""
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free // 1_000_000
    if free < megabytes:
        raise CannotGoOn(
            f"Too little disk: {purpose} needs {megabytes} MB below {folder} and "
            f"{free} MB are free; make room, or name another disk with "
            "CONSTRUCTION_SYNC_CACHE."
        )
