"""What is handed to an adapter to send, and what it makes of the answer."""

from dataclasses import dataclass, field

from ..schemas.problem import Problem
from . import retry_plan


@dataclass(slots=True)
class Out:
    """One delivery, as an adapter sees it; plain values, no records.

    ``uuid`` names the event on every try (webhook-id, Idempotency-Key). ``raw`` are
    the frozen canonical bytes, ``event`` the same as an object, ``data`` its data
    (None for a deletion). ``external_id`` is the object's id in the receiving system,
    None while it has none; ``own_ids`` maps ``(entity, Odoo id)`` of what the object
    names to the receiving system's ids.
    """

    delivery_id: int
    uuid: str
    system_id: int
    system_code: str
    address: str
    environment: str
    entity: str
    res_model: str
    res_id: int
    company_id: int | None
    sequence: int
    deleted: bool
    external_id: str | None
    raw: bytes
    event: dict
    attempt: int
    money: bool = False
    own_ids: dict = field(default_factory=dict)
    headers: dict = field(default_factory=dict)
    timeout: float = 20.0
    #: what the adapter keeps from ``request`` for ``judge``, which reads no record
    plan: object = None

    @property
    def data(self):
        return self.event.get("data")


@dataclass(slots=True)
class Verdict:
    """What an answer means.

    ``outcome``: ``delivered``; ``retry`` (later, by the schedule); ``refused`` (the
    content will not do: a person after three tries); ``gone`` (the address is no
    more); ``unknown`` (it may have arrived). ``external_id`` is the receiving
    system's id of the object when the answer names one, ``wait`` seconds that the
    system asked for, ``overloaded`` that it asked for them from everybody,
    ``failing`` that the system itself is in trouble (the breaker counts it),
    ``final`` that asking again will not tell more. ``then`` is the call that completes
    a delivery of several; all of them must bear to be made again.
    """

    outcome: str
    words: str = ""
    external_id: str | None = None
    wait: float | None = None
    overloaded: bool = False
    failing: bool = False
    final: bool = False
    then: object = None


class NotSendable(Exception):
    """The object cannot be sent as it is; ``problem`` says what a person must do."""

    def __init__(self, problem):
        super().__init__(problem.detail)
        self.problem = problem


class NothingToSend(Exception):
    """The target has no use for this delivery (no call for deletions): it is done with
    without a call; the message says why."""


class NotYet(Exception):
    """Something else must arrive there first: it is looked at again in ``seconds``; the
    message says what it waits for."""

    def __init__(self, words, seconds=5.0):
        super().__init__(words)
        self.seconds = seconds


def not_sendable(detail, pointer="", **extra):
    """A :class:`NotSendable` whose problem names field and remedy."""
    return NotSendable(Problem("not-sendable", detail, pointer, extra=extra))


def judge(answer):
    """The plain reading of an HTTP answer, for systems that keep to the standard.

    2xx is delivered, 410 gone; 408, 409, 425, 429 and 5xx are tried again; a redirect
    is a failure, never followed; any other 4xx is a refusal of the content. The words
    name the status only: bodies of others are not for everybody's eyes.
    """
    status = answer.status
    if 200 <= status < 300:
        return Verdict("delivered")
    words = f"It answered with status {status}."
    asked = retry_plan.retry_after(answer.headers.get("Retry-After"))
    if status in (401, 403):
        return Verdict("retry", f"{words} It does not accept our login.", failing=True)
    if status == 410:
        return Verdict("gone", words, failing=True)
    if status in (429, 503):
        return Verdict(
            "retry", words, wait=asked, overloaded=True, failing=asked is None
        )
    if status in (408, 409, 425) or status >= 500:
        return Verdict("retry", words, wait=asked, failing=status >= 500)
    if 300 <= status < 400:
        return Verdict("retry", f"{words} Redirects are not followed.", failing=True)
    return Verdict("refused", words)
