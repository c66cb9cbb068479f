"""Whether a system can be reached and takes our login: named checks, one after the
other, each with what to do when it fails. Nothing is changed there and nothing here.

A test event is the one exception: it is sent as a delivery would be, under a type that
no receiver has to act on.
"""

import json
import logging
from dataclasses import dataclass, replace
from datetime import datetime, timezone

from ..schemas.envelope import traceparent
from ..schemas.problem import one_line
from ..schemas.times import time_text
from . import credentials, gateway, standing, transport
from .intake import new_uuid
from .outgoing import Out
from .recording import answer_text, request_text

_logger = logging.getLogger(__name__)

#: checks in the order in which a call meets them
CHECKS = ("address", "name", "connection", "login", "answer")
#: type of the event that a test sends; receivers need not act on it
TEST_TYPE = "construction.test.v1"


@dataclass(frozen=True, slots=True)
class Check:
    """One line: ``state`` is ``ok``, ``failed`` or ``open`` (not come to)."""

    name: str
    state: str
    words: str = ""
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """All lines, and what was sent and came back, masked."""

    checks: list
    request: str = ""
    response: str = ""

    @property
    def ok(self):
        return all(check.state == "ok" for check in self.checks)


class _Stopped(Exception):
    def __init__(self, name, words, remedy="", *, called=False):
        super().__init__(words)
        self.check = Check(name, "failed", words, remedy)
        self.called = called


def run(env, system):
    """Call ``system`` harmlessly; returns an :class:`Outcome`."""
    return _outcome(env, system, lambda: system._adapter().hello(system), _judge_hello)


def send_test(env, system):
    """Send a test event, signed like any other; returns an :class:`Outcome`."""
    adapter = system._adapter()
    out = _test_out(env, system)

    def made():
        keys = credentials.signing_keys(gateway.environment(env.cr), system)
        return adapter.stamp(out, adapter.request(out), keys)

    return _outcome(
        env,
        system,
        made,
        lambda env, _system, answer: _judge_test(
            env, system, adapter.judge(out, answer)
        ),
    )


def _test_out(env, system):
    uuid = new_uuid()
    event = {
        "specversion": "1.0",
        "id": uuid,
        "source": "odoo",
        "type": TEST_TYPE,
        "subject": system.code,
        "time": time_text(datetime.now(timezone.utc)),
        "traceparent": traceparent(None),
        "datacontenttype": "application/json",
        "data": {"message": "A test from Odoo. There is nothing to do."},
    }
    return Out(
        delivery_id=0, uuid=uuid, system_id=system.id, system_code=system.code,
        address=system.address, environment=system.environment, entity="test",
        res_model="construction.sync.system", res_id=system.id, company_id=None,
        sequence=0, deleted=False, external_id=None, raw=json.dumps(event).encode(),
        event=event, attempt=1,
        headers={h.name: h.value for h in system.header_ids},
        timeout=float(system.timeout_seconds),
    )  # fmt: skip


def _outcome(env, system, made, judge):
    request = answer = login = None
    try:
        if words := standing.may_send(gateway.environment(env.cr)):
            raise _Stopped(
                "address", env._("This database may not call anybody."), str(words)
            )
        if not system.address:
            raise _Stopped(
                "address",
                env._("%(system)s has no address to send to.", system=system.name),
                env._("Enter it under Sending."),
            )
        login = _login(env, system)
        try:
            request = made()
        except credentials.CredentialUnavailable as error:
            raise _Stopped("login", str(error), _key_remedy(env)) from error
        headers = {h.name: h.value for h in system.header_ids}
        request = replace(request, headers={**headers, **request.headers})
        request, answer = _call(env, system, login, request)
        checks = judge(env, system, answer)
    except _Stopped as stop:
        checks = _lines(env, system, stop.check, called=stop.called)
    return Outcome(
        checks,
        request_text(request, login) if request is not None else "",
        answer_text(answer) if answer is not None else "",
    )


def _login(env, system):
    inner = gateway.environment(env.cr)
    try:
        return credentials.prepare(inner, system.with_env(inner))
    except credentials.CredentialUnavailable as error:
        raise _Stopped("login", str(error), _key_remedy(env)) from error


def _key_remedy(env):
    return env._("Set the login again under Sending, or look at the server's key.")


def _call(env, system, login, request):
    """``(request as sent, answer)``."""
    try:
        request = login.apply(request)
    except credentials.CredentialUnavailable as error:
        raise _Stopped("login", str(error), _key_remedy(env)) from error
    steps, answer = transport.check(request, login.policy)
    name, words = steps[-1]
    if words is None:
        return request, answer
    _logger.info("Testing the connection to %s: %s", system.code, one_line(words))
    if "redirect" in words:
        name = "answer"
    raise _Stopped(name, words, _remedy(env, name, words), called=True)


def _remedy(env, name, words):
    """What a person can do about a call that brought no answer."""
    if name == "address":
        return env._(
            "Enter an address that begins with https://. An address inside your own "
            "network has to be allowed in the server's configuration."
        )
    if name == "name":
        return env._("Compare the name in the address with that of the system.")
    if "certificate" in words or "TLS" in words:
        return env._("Its certificate must be valid and carry this name. Ask there.")
    if name == "connection":
        return env._(
            "Check the port, whether it runs, and whether a firewall lets this server "
            "out."
        )
    if "redirect" in words:
        return env._("Ask for the final address and enter that one.")
    return env._(
        "It took the call and did not answer in time. Try again, or ask there."
    )


def _judge_hello(env, system, answer):
    ok, words, remedy = system._adapter().judge_hello(answer)
    if ok:
        return _lines(env, system, Check("answer", "ok", words))
    name = "login" if answer.status in (401, 403) else "answer"
    return _lines(env, system, Check(name, "failed", words, remedy))


def _judge_test(env, system, verdict):
    if verdict.outcome == "delivered":
        taken = Check("answer", "ok", env._("It took the test event."))
        return _lines(env, system, taken)
    refused_login = "login" in verdict.words
    return _lines(
        env,
        system,
        Check(
            "login" if refused_login else "answer",
            "failed",
            verdict.words,
            env._("Compare keys and login on both sides.")
            if refused_login
            else env._(
                "Look at what came back below. A receiver answers a test event with "
                "2xx and ignores it."
            ),
        ),
    )


def _lines(env, system, found, *, called=True):
    """All checks in order: those before ``found`` are fine, those after it were not
    come to; neither were those on the way when nothing was ``called``."""
    passed = {
        "address": env._("It may be called."),
        "name": env._("Its name stands for an address."),
        "connection": env._("It was reached, encrypted, with a valid certificate.")
        if (system.address or "").startswith("https:")
        else env._("It was reached, not encrypted: allowed for a test system only."),
        "login": env._("It takes our login."),
    }
    position = CHECKS.index(found.name)
    lines = []
    for number, name in enumerate(CHECKS):
        if number == position:
            lines.append(found)
        elif number < position and (called or name == "address"):
            lines.append(Check(name, "ok", passed[name]))
        else:
            lines.append(Check(name, "open"))
    return lines
