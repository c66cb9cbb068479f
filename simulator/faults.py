"""Faults by switch: what makes a stand-in as unpleasant as a real sender."""

import random
import time
from dataclasses import dataclass, field

ORDERS = ("kept", "reversed", "shuffled")


@dataclass
class Faults:
    """The switches of one system.

    :param duplicate_every: every n-th event is sent twice with the same id and
        the same bytes; 0 for never
    :param order: ``kept``, ``reversed`` (children before their parents) or
        ``shuffled``
    :param burst: how many calls are under way at once
    :param seed: makes ``shuffled`` the same in every run
    """

    duplicate_every: int = 0
    order: str = "kept"
    burst: int = 1
    seed: int = 19
    _up_at: float = field(default=0.0, repr=False)

    def __post_init__(self):
        if self.order not in ORDERS:
            raise ValueError(f"order is {self.order!r}, expected one of {ORDERS}")

    def arrange(self, events):
        """The events in the order in which they leave, duplicates included."""
        events = list(events)
        if self.order == "reversed":
            events.reverse()
        elif self.order == "shuffled":
            random.Random(self.seed).shuffle(events)
        if not self.duplicate_every:
            return events
        arranged = []
        for position, event in enumerate(events, 1):
            arranged.append(event)
            if position % self.duplicate_every == 0:
                arranged.append(event)
        return arranged

    def down_for(self, seconds):
        """The system sends nothing for so many seconds; what happens meanwhile
        in it waits and comes as a backlog afterwards."""
        self._up_at = time.monotonic() + seconds

    @property
    def down_seconds(self):
        """How long the system stays down from now; 0 when it is up."""
        return max(0.0, self._up_at - time.monotonic())
