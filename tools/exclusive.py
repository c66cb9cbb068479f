"""File locks, so that two ``./run`` at once do not trample each other."""

import fcntl
from contextlib import contextmanager

from tools.terminal import say


@contextmanager
def exclusively(path, what):
    """Hold the lock file ``path``; say so when another ``./run`` holds it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"{what}: another ./run is at it, waiting until it is done")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


class SharedUse:
    """Counts the users of something by shared locks that die with their process.

    A count in a file would be wrong after the first ``kill -9``.
    """

    def __init__(self, path):
        path.parent.mkdir(parents=True, exist_ok=True)
        self._handle = path.open("w")
        fcntl.flock(self._handle, fcntl.LOCK_SH)

    def release(self):
        """Give up our use and return True when nobody else is left."""
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        finally:
            self._handle.close()
        return True
