"""When a delivery is tried again (Standard Webhooks, "Retry schedule").

Ten tries over a little more than three days, each a fifth earlier or later so that a
crowd that failed together does not come back together. What a system asks for in
``Retry-After`` is honoured between the planned time and twice of it, at most a day.
"""

import random
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime

#: seconds before the second, third ... try
STEPS = (5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400)
TRIES = len(STEPS) + 1
#: tries of what the system refuses for its content
REFUSED_TRIES = 3
#: after this many failures in a row people hear of it
NOTICE_AT = 4
DAY = 86400
#: after "too many" or no answer at all, never sooner
SLOW = 60


def wait(tries, *, asked=None, slow=False):
    """Seconds until the next try after ``tries`` failed ones.

    :param asked: seconds that the system asked for, or None
    :param slow: it was overloaded or silent
    """
    base = STEPS[min(max(tries, 1), len(STEPS)) - 1]
    if slow:
        base = max(base, SLOW)
    planned = base * random.uniform(0.8, 1.2)
    if asked is None:
        return planned
    return min(max(planned, min(asked, 2 * base)), DAY)


def retry_after(text, now=None):
    """Seconds that a ``Retry-After`` header asks for, at least 0 and at most a day;
    None for what is no number of seconds and no HTTP date (FA-H01)."""
    text = (text or "").strip()[:64]
    if text.isascii() and text.isdigit():
        return float(min(int(text), DAY)) if len(text) < 12 else float(DAY)
    try:
        moment = parsedate_to_datetime(text)
    except (TypeError, ValueError, IndexError, OverflowError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=timezone.utc)
    ahead = (moment - (now or datetime.now(timezone.utc))).total_seconds()
    return min(max(ahead, 0.0), DAY)
