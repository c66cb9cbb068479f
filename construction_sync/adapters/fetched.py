"""What is handed to an adapter that fetches, and what it brings back.

Both are plain: an adapter is called while no transaction is open (DESIGN R1), so
everything it needs was read before and everything it found is written after.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

#: how many bytes one page of a list may have
MAX_PAGE_BYTES = 8 << 20

#: what is looked at when a call fails, in the order in which it can go wrong
CHECKS = ("address", "tls", "login", "pace", "answer", "items", "mapping")


@dataclass(slots=True)
class Source:
    """One list of one system, and where reading it stands.

    ``setting`` is the dialect's own (plain as well), ``since`` the watermark as an
    aware moment or None for everything, ``overlap`` how far before it is asked,
    ``login`` what adds credentials to a request (``apply``), ``policy`` and ``call``
    the way to the network, ``etag`` / ``modified`` what the last whole answer of
    ``conditional_url`` said.
    """

    system_id: int
    system: str
    name: str
    flow_id: int
    entity: str
    address: str
    setting: Any
    call: Any
    login: Any = None
    policy: Any = None
    headers: dict = field(default_factory=dict)
    timeout: float = 20.0
    since: datetime | None = None
    overlap: timedelta = timedelta(0)
    etag: str = ""
    modified: str = ""
    conditional_url: str = ""


@dataclass(slots=True)
class Page:
    """One page of a list.

    ``parsed`` are :class:`.parsed.Parsed` in the order of the list, ``cursor`` where
    the next page is or None at the end, ``newest`` the latest change seen on this page
    and ``now`` the clock of the system (both aware, UTC), ``foreign`` what was refused
    because it is not meant for us, ``shape`` ``{path: kinds of value}`` of the records.
    ``unchanged`` is an answer "not modified".
    """

    parsed: list = field(default_factory=list)
    cursor: dict | None = None
    newest: datetime | None = None
    now: datetime | None = None
    foreign: list = field(default_factory=list)
    shape: dict = field(default_factory=dict)
    unchanged: bool = False
    url: str = ""
    etag: str = ""
    modified: str = ""
    count: int = 0
    seconds: float = 0.0
    records: list = field(default_factory=list)


class FetchFailed(Exception):
    """A page could not be read; nothing of it is stored.

    ``words`` is a sentence that anybody may read, ``check`` one of :data:`CHECKS`,
    ``detail`` what only administrators read, ``retry_after`` seconds that the system
    asked us to wait, or None. ``excerpt`` is the beginning of the answer.
    """

    def __init__(self, check, words, *, detail="", retry_after=None, excerpt=""):
        super().__init__(words)
        self.check = check
        self.words = words
        self.detail = detail
        self.retry_after = retry_after
        self.excerpt = excerpt
