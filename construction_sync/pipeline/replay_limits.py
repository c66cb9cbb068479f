"""How much may be sent or applied again in one go (BACKBONE, "Replay"; FA-K09).

The limits keep a slip of the hand from flooding a system: a larger range is sent again
in parts, by people who have looked at the first.
"""

from datetime import timedelta

from odoo import fields
from odoo.exceptions import UserError

#: items that may be set going in one go
MOST_ITEMS = 10_000
#: days that a range may reach back
MOST_DAYS = 14


def refusal(env, count, start=None):
    """Words why ``count`` items since ``start`` (UTC, None for a selection) are too
    much, or None."""
    if start and start < fields.Datetime.now() - timedelta(days=MOST_DAYS):
        return env._(
            "A range reaches back at most %(days)s days. Choose a later start, or "
            "select what is older in the list.",
            days=MOST_DAYS,
        )
    if count > MOST_ITEMS:
        return env._(
            "%(count)s at once are too many: at most %(most)s. Choose a shorter range.",
            count=count,
            most=MOST_ITEMS,
        )
    return None


def check(env, count, start=None):
    """Raise UserError when it is too much."""
    if words := refusal(env, count, start):
        raise UserError(words)
