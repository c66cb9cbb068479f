"""Calls to the outside: to the address that was judged, with an end in time.

``requests`` speaks HTTP; what it leaves open is closed here. The name is resolved and
judged at every call and the connection goes to that very address (no rebinding), while
TLS still checks the name. Proxy variables, cookies and ``.netrc`` are ignored and
redirects are failures. ``requests`` limits the time per read only; a watch shuts the
connection when the whole call has taken too long, whatever drips in. What comes back is
read up to a limit, after inflating.

Usable from many threads; needs no database.
"""

import heapq
import itertools
import os
import socket
import tempfile
import threading
import time
import zlib
from collections import OrderedDict
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.cookiejar import DefaultCookiePolicy

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import HTTPError
from urllib3.util.retry import Retry
from urllib3.util.ssl_ import create_urllib3_context

from . import addresses
from .addresses import AddressRefused, AddressUnknown, Policy

__all__ = ["Answer", "Failed", "Policy", "Request", "call", "check"]

CONNECT_SECONDS = 5
SESSIONS = 256
PIECE = 16_384
AGENT = "Construction-Sync/19.0"

_current = threading.local()


@dataclass(frozen=True, slots=True)
class Request:
    """One call.

    ``timeout`` is the wall clock of the whole call in seconds. Of the answer at most
    ``max_bytes`` are read; more is a failure, unless ``cut``: then the answer counts
    by its status, however its body goes on.
    """

    method: str
    url: str
    headers: dict = field(default_factory=dict)
    body: bytes | None = None
    timeout: float = 20.0
    max_bytes: int = 65_536
    cut: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. ``headers`` is case-insensitive; ``whole`` is False for a body
    that was cut."""

    status: int
    headers: dict
    body: bytes
    seconds: float
    whole: bool = True


class Failed(Exception):
    """No answer.

    ``kind``: ``refused`` (policy forbids it, nothing was sent), ``unreachable`` (not a
    byte of the request was sent) or ``unknown`` (it left; what became of it nobody
    knows). ``words`` are for anybody, ``detail`` for the log.
    """

    def __init__(self, kind, words, detail=""):
        super().__init__(words)
        self.kind = kind
        self.words = words
        self.detail = detail


def call(request, policy):
    """Make one call.

    :raises Failed: when there is no whole answer
    """
    started = time.monotonic()
    state = _current.state = _Call()
    try:
        scheme, host, port = addresses.check_url(request.url, policy)
        address = addresses.resolve(host, port, scheme, policy)[0]
    except AddressRefused as error:
        raise Failed("refused", error.words, error.detail) from None
    except AddressUnknown as error:
        raise Failed(
            "unreachable", "The name of its server stands for no address.", str(error)
        ) from None
    session = _session(scheme, host, port, address, policy)
    with _WATCH.until(started + request.timeout, state):
        try:
            return _exchange(session, request, state, started)
        except (requests.RequestException, HTTPError, OSError, ValueError) as error:
            raise _failed(error, state, request) from error


def check(request, policy):
    """The steps of a call one by one, for "Test connection": ``[(step, words)]`` where
    words is None for what is fine; stops at the first that is not.

    Steps: ``address``, ``name``, ``connection``, ``answer``.
    """
    done = []
    try:
        scheme, host, port = addresses.check_url(request.url, policy)
        done.append(("address", None))
        addresses.resolve(host, port, scheme, policy)
        done.append(("name", None))
    except AddressRefused as error:
        step = "name" if done else "address"
        return [*done, (step, error.words)], None
    except AddressUnknown:
        words = "The name of its server stands for no address."
        return [*done, ("name", words)], None
    try:
        answer = call(request, policy)
    except Failed as error:
        step = "answer" if error.kind == "unknown" else "connection"
        if step == "answer":
            done.append(("connection", None))
        return [*done, (step, error.words)], None
    return [*done, ("connection", None), ("answer", None)], answer


def _exchange(session, request, state, started):
    left = max(0.1, started + request.timeout - time.monotonic())
    response = session.request(
        request.method,
        request.url,
        headers={
            "User-Agent": AGENT, "Accept-Encoding": "identity", **request.headers,
        },
        data=request.body,
        timeout=left,
        allow_redirects=False,
        stream=True,
    )  # fmt: skip
    try:
        if 300 <= response.status_code < 400 and response.status_code != 304:
            raise Failed(
                "refused",
                f"It answered with a redirect ({response.status_code}), which is not "
                f"followed.",
            )
        whole = True
        body = b""
        try:
            body, whole = _read(response, request, state)
        except (requests.RequestException, HTTPError, OSError, ValueError):
            if not request.cut:
                raise
            whole = False
        return Answer(
            response.status_code,
            response.headers,
            body,
            time.monotonic() - started,
            whole,
        )
    finally:
        response.close()


def _read(response, request, state):
    """``(body, whole)``: at most ``max_bytes``, inflated within that limit."""
    coding = response.headers.get("Content-Encoding", "identity").strip().lower()
    if coding not in ("identity", "", "gzip", "deflate"):
        raise ValueError(f"the answer is coded as {coding[:40]}")
    inflate = zlib.decompressobj(47) if coding in ("gzip", "deflate") else None
    body = bytearray()
    while piece := response.raw.read(PIECE, decode_content=False):
        if inflate is not None:
            piece = inflate.decompress(piece, request.max_bytes + 1 - len(body))
        body += piece
        if len(body) > request.max_bytes:
            if request.cut:
                return bytes(body[: request.max_bytes]), False
            raise Failed(
                "unknown",
                f"Its answer is larger than {request.max_bytes:,} bytes.",
            )
    if state.expired:
        raise ValueError("the time was up")
    length = response.headers.get("Content-Length")
    if length and length.isdigit() and inflate is None and request.method != "HEAD":
        if response.status_code not in (204, 304) and len(body) < int(length):
            raise ValueError("the answer broke off")
    if inflate is not None and not inflate.eof:
        raise ValueError("the answer broke off")
    return bytes(body), True


def _failed(error, state, request):
    """The Failed that an error of the layers below means."""
    detail = f"{type(error).__name__}: {error}"
    if state.expired:
        words = f"It took longer than {request.timeout:g} seconds."
        return Failed("unknown" if state.sent else "unreachable", words, detail)
    if state.sent:
        return Failed("unknown", "The connection broke before its answer came.", detail)
    if isinstance(error, requests.exceptions.SSLError):
        return Failed("unreachable", _certificate_words(str(error)), detail)
    return Failed("unreachable", "Its server cannot be reached.", detail)


def _certificate_words(text):
    """What is wrong with its certificate, without what else the text tells."""
    for sign, words in (
        ("has expired", "Its certificate has expired."),
        ("doesn't match", "Its certificate is for another name."),
        ("mismatch", "Its certificate is for another name."),
        ("self-signed", "Its certificate is not from an authority we know."),
        ("self signed", "Its certificate is not from an authority we know."),
        ("unable to get", "Its certificate is not from an authority we know."),
        ("too weak", "Its certificate is too weak."),
        ("handshake failure", "It asks for a certificate of ours."),
        ("certificate required", "It asks for a certificate of ours."),
    ):
        if sign in text:
            return words
    return "A safe connection could not be made."


# ---- the connection that goes where it was judged to go ------------------------------


class _Call:
    """What is known of the call under way in this thread."""

    __slots__ = ("expired", "sent", "twin")

    def __init__(self):
        self.sent = False
        self.expired = False
        self.twin = None


class _Pinned:
    """A connection to one address; knows whether the request has begun to leave."""

    address = None

    def _new_conn(self):
        name, patience = self._dns_host, self.timeout
        self._dns_host = self.address
        if isinstance(patience, (int, float)):
            self.timeout = min(CONNECT_SECONDS, patience)
        try:
            found = super()._new_conn()
        finally:
            self._dns_host, self.timeout = name, patience
        # TLS takes the socket away from its owner; this handle stays good to shut it
        self.twin = found.dup()
        _current.state.twin = self.twin
        return found

    def send(self, data):
        if self.sock is None:
            self.connect()
        state = _current.state
        state.twin = self.twin
        if state.expired:
            raise OSError("the time was up")
        state.sent = True
        return super().send(data)

    def close(self):
        twin, self.twin = getattr(self, "twin", None), None
        if twin is not None:
            twin.close()
        return super().close()


class _Adapter(HTTPAdapter):
    """Sends everything to one address, whatever the name says."""

    def __init__(self, address, policy):
        self._address = address
        self._policy = policy
        super().__init__(
            pool_connections=1, pool_maxsize=32, max_retries=Retry(0, redirect=False)
        )

    def init_poolmanager(self, *arguments, **keywords):
        if self._policy.client_cert or self._policy.ca_file:
            keywords["ssl_context"] = _context(self._policy)
        made = super().init_poolmanager(*arguments, **keywords)
        pools = {}
        for scheme, connection, pool in (
            ("http", HTTPConnection, HTTPConnectionPool),
            ("https", HTTPSConnection, HTTPSConnectionPool),
        ):
            own = type("Pinned", (_Pinned, connection), {"address": self._address})
            pools[scheme] = type("Pool", (pool,), {"ConnectionCls": own})
        self.poolmanager.pool_classes_by_scheme = pools
        return made


def _context(policy):
    """TLS with a client certificate or more authorities; verification stays on."""
    context = create_urllib3_context()
    context.load_default_certs()
    context.load_verify_locations(requests.certs.where())
    if policy.ca_file:
        context.load_verify_locations(policy.ca_file)
    if policy.client_cert:
        certificate, key = policy.client_cert
        # OpenSSL reads keys from files only; this one is gone before we go on
        with tempfile.NamedTemporaryFile("w") as file:
            os.chmod(file.name, 0o600)
            file.write(f"{key}\n{certificate}\n")
            file.flush()
            context.load_cert_chain(file.name)
    return context


_sessions = OrderedDict()
_sessions_lock = threading.Lock()


def _session(scheme, host, port, address, policy):
    """A session to this address under this policy, kept for the next call."""
    key = (os.getpid(), scheme, host, port, address, policy.ca_file, policy.client_cert)
    with _sessions_lock:
        found = _sessions.pop(key, None)
        if found is None:
            found = requests.Session()
            found.trust_env = False
            found.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
            found.headers.clear()
            if policy.ca_file:
                found.verify = policy.ca_file
            adapter = _Adapter(address, policy)
            found.mount("https://", adapter)
            found.mount("http://", adapter)
        _sessions[key] = found
        old = []
        while len(_sessions) > SESSIONS:
            old.append(_sessions.popitem(last=False)[1])
    for session in old:
        session.close()
    return found


# ---- the watch -----------------------------------------------------------------------


class _Watch:
    """One thread that shuts the connections of calls whose time is up."""

    def __init__(self):
        self._numbers = itertools.count()
        self._start()

    def _start(self):
        self._pid = os.getpid()
        self._due = []
        self._changed = threading.Condition()
        self._thread = None

    @contextmanager
    def until(self, end, state):
        """Watch ``state`` while the block runs."""
        if self._pid != os.getpid():
            self._start()
        entry = [end, next(self._numbers), state]
        with self._changed:
            heapq.heappush(self._due, entry)
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._run, daemon=True, name="transport-watch"
                )
                self._thread.start()
            elif self._due[0] is entry:
                self._changed.notify()
        try:
            yield
        finally:
            with self._changed:
                entry[2] = None

    def _run(self):
        while True:
            with self._changed:
                while not self._due:
                    self._changed.wait()
                end, _number, state = self._due[0]
                ahead = end - time.monotonic()
                if state is not None and ahead > 0:
                    self._changed.wait(ahead)
                    continue
                heapq.heappop(self._due)
                if state is None:
                    continue
                state.expired = True
                with suppress(OSError, AttributeError):
                    state.twin.shutdown(socket.SHUT_RDWR)


_WATCH = _Watch()
