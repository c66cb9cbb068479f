"""The switches of a receiver: what it does wrong, to which calls, and how often."""

import random
import threading
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime

#: words for a Retry-After that a person would not type
RETRY_AFTER = {
    "huge": "99999999999999999999",
    "negative": "-30",
    "junk": "as soon as possible",
}
#: what goes wrong -> (conduct, whether the body is read, whether it counts as received)
FAULTS = {
    "none": ("proper", True, True),
    "reset_before": ("reset", False, False),
    "reset_after": ("reset", True, True),
    "truncated": ("truncated", True, True),
    "status": ("proper", True, False),
    "redirect": ("proper", True, False),
    "slow_loris": ("slow_loris", True, True),
    "endless": ("endless", True, True),
    "gzip_bomb": ("gzip_bomb", True, True),
    "error_in_body": ("proper", True, False),
    "silent": ("silent", True, True),
    "silent_lost": ("silent", True, False),
    "closed": ("closed", True, True),
    "not_http": ("not_http", True, False),
    "huge_head": ("huge_head", True, True),
}
CERTIFICATES = ("none", "good", "expired", "wrong_host", "self_signed")


@dataclass
class Trouble:
    """The switches of one receiver; all can be changed while it runs.

    :param fault: one of :data:`FAULTS`
    :param status: status of ``fault`` "status" and of a redirect
    :param retry_after: seconds, an HTTP date, ``date:<seconds ahead>``, or ``huge``,
        ``negative``, ``junk``
    :param location: where a redirect leads
    :param every: only each n-th call goes wrong
    :param times: only so many calls go wrong, then all is well; -1 for ever
    :param received: whether a call that went wrong counts as received all the same;
        None as the kind of fault says ("reset_after": it does)
    :param latency_ms: every answer comes so much later
    :param jitter_ms: and up to so much later still
    :param clock_skew: seconds by which the receiver's clock is ahead
    :param down: connections are refused
    :param certificate: one of :data:`CERTIFICATES`; "none" is plain HTTP
    :param probe: what the question "did you get this?" gets: ``answers``, ``lost``
        (no answer), ``absent`` (there is no such question)
    """

    fault: str = "none"
    status: int = 503
    retry_after: str = ""
    location: str = "http://127.0.0.1:9/elsewhere"
    every: int = 1
    times: int = -1
    received: bool | None = None
    latency_ms: float = 0
    jitter_ms: float = 0
    clock_skew: float = 0
    down: bool = False
    certificate: str = "none"
    probe: str = "answers"
    _calls: int = field(default=0, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def change(self, values):
        """Set switches by name; what is not named stays.

        :raises ValueError: a name or value is not known; nothing is changed then
        """
        known = self.as_dict()
        for name, value in values.items():
            if name not in known:
                raise ValueError(f"There is no switch {name}.")
            _check(name, value)
        with self._lock:
            for name, value in values.items():
                setattr(self, name, value)
            self._calls = 0

    def as_dict(self):
        """The switches by name."""
        names = [f.name for f in fields(self) if not f.name.startswith("_")]
        return {name: getattr(self, name) for name in names}

    def next_fault(self):
        """What goes wrong with the call that just begins."""
        with self._lock:
            if self.fault == "none" or not self.times:
                return "none"
            self._calls += 1
            if self._calls % max(self.every, 1):
                return "none"
            if self.times > 0:
                self.times -= 1
            return self.fault

    def counts(self, fault):
        """Whether a call with this fault is received although its sender may never
        know."""
        if fault != "none" and self.received is not None:
            return self.received
        return FAULTS[fault][2]

    def delay(self):
        """Seconds before the answer."""
        return (self.latency_ms + self.jitter_ms * random.random()) / 1000

    def now(self):
        """The receiver's clock."""
        return datetime.now(timezone.utc) + timedelta(seconds=self.clock_skew)

    def retry_after_text(self):
        """The header as it is sent, "" for none."""
        if self.retry_after.startswith("date:"):
            ahead = timedelta(seconds=float(self.retry_after[5:]))
            return format_datetime(self.now() + ahead, usegmt=True)
        return RETRY_AFTER.get(self.retry_after, self.retry_after)


def _check(name, value):
    if name == "fault" and value not in FAULTS:
        raise ValueError(f"fault is one of {', '.join(FAULTS)}.")
    if name == "certificate" and value not in CERTIFICATES:
        raise ValueError(f"certificate is one of {', '.join(CERTIFICATES)}.")
    if name == "probe" and value not in ("answers", "lost", "absent"):
        raise ValueError("probe is answers, lost or absent.")
    if name in ("status", "every", "times") and type(value) is not int:
        raise ValueError(f"{name} is a whole number.")
    if name == "status" and not 200 <= value <= 599:
        raise ValueError("status goes from 200 to 599.")
    if name in ("latency_ms", "jitter_ms", "clock_skew"):
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise ValueError(f"{name} is a number.")
    if name in ("retry_after", "location") and (
        not isinstance(value, str) or "\n" in value or "\r" in value
    ):
        raise ValueError(f"{name} is one line of text.")
    if name == "down" and not isinstance(value, bool):
        raise ValueError("down is true or false.")
    if name == "received" and value not in (True, False, None):
        raise ValueError("received is true, false or null.")
