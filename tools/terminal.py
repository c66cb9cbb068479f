"""What ``./run`` says, and how it stops when it cannot go on."""

import sys
import time
from contextlib import contextmanager


class CannotGoOn(Exception):
    """A reason to stop, as one sentence that ends in what to do about it.

    ``./run`` prints the sentence without a traceback and ends with ``code``.
    """

    def __init__(self, sentence, code=2):
        super().__init__(sentence)
        self.code = code


def say(text):
    """Print one line at once, also into a pipe."""
    print(text, flush=True)


@contextmanager
def timed(subject):
    """Say how long a step took when it ends: ``subject: done in 12 s``."""
    begin = time.monotonic()
    yield
    say(f"{subject}: done in {time.monotonic() - begin:.0f} s")


def interactive():
    """Tell whether a person is looking at the output."""
    return sys.stdout.isatty()
