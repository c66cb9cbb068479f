"""Calls to the outside. A first slice: the safe one takes its place."""

from dataclasses import dataclass, field

import requests


@dataclass(frozen=True, slots=True)
class Request:
    """One call; ``timeout`` in seconds of wall clock."""

    method: str
    url: str
    headers: dict = field(default_factory=dict)
    body: bytes = None
    timeout: float = 20.0
    max_bytes: int = 65536


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    headers: dict
    body: bytes
    seconds: float


class Failed(Exception):
    """No answer; ``kind`` is refused, unreachable or unknown."""

    def __init__(self, kind, words, detail=""):
        super().__init__(words)
        self.kind, self.words, self.detail = kind, words, detail


_session = requests.Session()


def call(request, _policy):
    """One call; raises Failed when no whole answer came."""
    try:
        found = _session.request(
            request.method,
            request.url,
            headers=request.headers,
            data=request.body,
            timeout=request.timeout,
            allow_redirects=False,
        )
    except requests.ConnectionError as error:
        raise Failed("unreachable", "It cannot be reached.", str(error)) from error
    except requests.Timeout as error:
        raise Failed("unknown", "No answer in time.", str(error)) from error
    return Answer(found.status_code, found.headers, found.content, 0)
