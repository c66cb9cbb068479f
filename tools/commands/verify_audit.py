"""Check an exported audit log against its keys and kept checkpoints.

Needs no database and no Odoo: it runs construction_sync/verify_audit.py, one file that
can be copied to anyone who wants to check for themselves.
"""

import subprocess

from tools import places, set_up

PROGRAM = places.REPO / "construction_sync" / "verify_audit.py"


def add_arguments(sub):
    """Add this command's options."""
    sub.add_argument("export", help="the JSON lines file of Audit > Export")
    sub.add_argument(
        "--key", action="append", required=True, help="file of public keys"
    )
    sub.add_argument(
        "--anchor", action="append", default=[], help="file of kept checkpoints"
    )


def main(arguments):
    """The verifier's exit code: 0 right, 1 wrong, 2 unreadable."""
    environment = set_up.side_environment(".venv-verify", "verify", "Audit verifier")
    command = [environment.python, PROGRAM, arguments.export]
    for path in arguments.key:
        command += ["--key", path]
    for path in arguments.anchor:
        command += ["--anchor", path]
    return subprocess.call([str(part) for part in command])
