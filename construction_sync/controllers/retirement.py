"""The end of a version of the interface: announced with every answer, and then kept
(RFC 9745 ``Deprecation``, RFC 8594 ``Sunset``; FA-K15).

Both days stand in the server's configuration, as ``v1_deprecated`` and ``v1_sunset`` of
``[construction_sync]``, each a date: a version ends for all databases of a server.
"""

import functools
import logging
from datetime import datetime, timezone
from email.utils import format_datetime

from ..pipeline import vault
from ..schemas.problem import Problem, one_line

_logger = logging.getLogger(__name__)


@functools.cache
def _day(name):
    """A day of the configuration as its first moment (UTC), or None; read once."""
    text = vault.configured(name).strip()
    if not text:
        return None
    try:
        return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=timezone.utc)
    except ValueError:
        _logger.error(
            "%s of [construction_sync] is %s, which is no date like 2027-12-31; it "
            "counts as not set.",
            name,
            one_line(text, 40),
        )
        return None


def announced():
    """The headers that tell of the end; none while there is no end in sight."""
    found = {}
    if deprecated := _day("v1_deprecated"):
        found["Deprecation"] = f"@{int(deprecated.timestamp())}"
    if sunset := _day("v1_sunset"):
        found["Sunset"] = format_datetime(sunset, usegmt=True)
    return found


def ended():
    """A Problem once the version has ended, else None."""
    sunset = _day("v1_sunset")
    if sunset is None or datetime.now(timezone.utc) < sunset:
        return None
    return Problem("gone", f"Version 1 has ended on {sunset:%d %B %Y}.")
