"""Runs the files in ``examples/`` against the running Odoo, as a new integrator
would meet it: a system, a client, a key, a webhook secret."""

import os
import subprocess
import sys
from pathlib import Path

from . import office, signature

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
LIMIT = 300


class Integrator:
    """The system that the examples speak for (see ``office.connect``)."""

    code = "examples"
    title = "Examples"
    describes = "The files in the folder examples."
    key = ""


def run(process, desk, say):
    """Run them all; sentences for what did not do what it says."""
    integrator = Integrator()
    secret = signature.new_secret()
    company = desk.first("res.company", [])
    office.connect(desk, integrator, company, ("hmac", secret))
    done = subprocess.run(
        [sys.executable, "-m", "unittest", "-v", "test_examples"],
        cwd=EXAMPLES / "tests",
        env=dict(
            os.environ,
            EXAMPLES_BASE=process.address,
            EXAMPLES_KEY=integrator.key,
            EXAMPLES_SECRET=secret,
        ),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=LIMIT,
        check=False,
    )
    if done.returncode:
        return [f"An example does not do what it says:\n{done.stdout}"]
    passed = done.stdout.count("... ok")
    say(f"Examples: {passed} ran as they say")
    return [] if passed else ["No example was run."]
