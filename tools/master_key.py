"""The key that encrypts stored credentials, one per checkout."""

import base64
import os
import secrets

from tools import places
from tools.atomically import write_whole

VARIABLE = "CONSTRUCTION_SYNC_KEY"


def master_key():
    """Return the base64 of 32 bytes: the user's own, else the checkout's.

    The checkout's stays the same from start to start, or what one ``./run server``
    stored could not be read by the next.
    """
    named = os.environ.get(VARIABLE)
    if named:
        return named
    path = places.VAR / "master.key"
    if not path.exists():
        fresh = base64.b64encode(secrets.token_bytes(32)).decode()
        write_whole(path, f"{fresh}\n", 0o600)
    return path.read_text().strip()
