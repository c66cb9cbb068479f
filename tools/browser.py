"""Chromium for the browser tests: what is there, else Debian's package."""

import os
import shutil

from tools.program import ProgramFailed, run_logged
from tools.terminal import say, timed

# The names that Odoo's test browser looks for, in its order.
NAMES = ("google-chrome", "chromium", "chromium-browser", "google-chrome-stable")


def ensure():
    """Return the browser's path, installing it where we may; else None, saying why."""
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found:
        say(f"Browser: {found}")
        return found
    if shutil.which("apt-get") is None:
        return _none("there is no Chromium on PATH and no apt-get to install it")
    if os.geteuid() != 0:
        return _none("there is no Chromium on PATH ('apt-get install chromium')")
    say("Browser: installing Debian's chromium, about 100 MB")
    environ = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    install = ["apt-get", "install", "--yes", "--no-install-recommends", "chromium"]
    try:
        with timed("Browser"):
            run_logged(["apt-get", "update"], "Browser", env=environ)
            run_logged(install, "Browser", env=environ)
    except ProgramFailed as failure:
        last = failure.output.strip().splitlines()[-1:] or ["no output"]
        return _none(f"apt-get could not install Chromium ({last[0]})")
    return shutil.which("chromium") or _none("Debian's chromium is not on PATH")


def _none(why):
    say(f"Browser: none, so the browser tours are skipped: {why}")
