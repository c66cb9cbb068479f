"""What all routes have in common: who calls, how a body is read, how answers look.

Routes are ``auth="none"``: a caller has a key, not a session. They are one route per
path, whatever the method, so that a wrong method is answered in our own words; they
use cursors of their own and leave the request's alone.
"""

import functools
import json
import logging
import random
import re
from datetime import datetime, timezone

from psycopg2 import InterfaceError, OperationalError
from psycopg2.pool import PoolError
from werkzeug.exceptions import ClientDisconnected

from odoo import http
from odoo.http import request

from ..pipeline import gateway, sealing
from ..schemas import SCHEMAS, problem_document
from ..schemas.envelope import traceparent
from ..schemas.problem import MEDIA_TYPE, Problem, one_line
from . import retirement

_logger = logging.getLogger(__name__)

BASE = "/construction_sync/v1"
WRITES = ("POST", "PUT", "PATCH", "DELETE")
METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]
MAX_BODY = 16 * 1024 * 1024
MAX_OBJECT = 1024 * 1024
#: what says nothing of the call and may be over in a moment
DATABASE_FAULTS = (OperationalError, InterfaceError, PoolError)
Refused = gateway.Refused


def route(*paths, methods, lasting=False):
    """A route of the interface that takes only ``methods``; a ``lasting`` one answers
    after the version has ended, too."""

    def decorate(function):
        @functools.wraps(function)
        def wrapped(self, **parameters):
            trace = traceparent(request.httprequest.headers.get("traceparent"))
            try:
                if request.httprequest.method not in methods:
                    raise Refused(
                        Problem(
                            "method-not-allowed",
                            f"Use {' or '.join(methods)} here.",
                        ),
                        {"Allow": ", ".join(methods)},
                    )
                if not lasting and (problem := retirement.ended()):
                    raise Refused(problem)
                response = function(self, **parameters)
            except Refused as refused:
                response = problem_response(refused.problem, refused.headers)
            except DATABASE_FAULTS as error:
                # gone, full, overloaded, or in each other's way too often: nothing
                # of the call stands unless its commit did, and then its repetition
                # is a duplicate
                _logger.warning("A call failed for the database's sake: %s", error)
                response = away()
            except Exception:
                _logger.exception("A call of the interface failed (%s).", trace[3:35])
                response = problem_response(
                    Problem("internal", f"Trace id {trace[3:35]}.")
                )
            response.headers["traceparent"] = trace
            response.headers.update(retirement.announced())
            if request.httprequest.method in WRITES and response.status_code < 300:
                _acknowledge(response)
            return response

        return http.route(
            [BASE + path for path in paths],
            type="http",
            auth="none",
            methods=METHODS,
            csrf=False,
            save_session=False,
            readonly=False,
            max_content_length=MAX_BODY + MAX_OBJECT,
        )(wrapped)

    return decorate


def _acknowledge(response):
    """The caller keeps the audit's newest checkpoint for us (P5)."""
    try:
        checkpoint = sealing.header(request.env.cr)
    except DATABASE_FAULTS as error:
        _logger.info("An answer goes without the audit's checkpoint: %s", error)
        return
    if checkpoint:
        response.headers[sealing.HEADER] = checkpoint


def away():
    """503: the database cannot serve the call now."""
    return problem_response(
        Problem("unavailable", "The database cannot serve the call now."),
        {"Retry-After": str(random.randint(2, 10))},
    )


def json_response(value, status=200, headers=None):
    return request.make_response(
        json.dumps(value, ensure_ascii=False, separators=(",", ":")),
        headers=[
            ("Content-Type", "application/json"),
            ("Cache-Control", "no-store"),
            *(headers or {}).items(),
        ],
        status=status,
    )


def problem_response(problems, headers=None, status=None, **extra):
    """RFC 9457 answer for one problem or several."""
    document = problem_document(problems, status=status, **extra)
    return request.make_response(
        json.dumps(document, ensure_ascii=False, separators=(",", ":")),
        headers=[
            ("Content-Type", MEDIA_TYPE),
            ("Cache-Control", "no-store"),
            *(headers or {}).items(),
        ],
        status=document["status"],
    )


def caller():
    """The authenticated caller and the headers about its allowance."""
    environ = request.httprequest
    return gateway.authenticate(
        gateway.environment(request.env.cr),
        environ.headers.get("Authorization"),
        environ.remote_addr or "",
    )


def body(limit=MAX_BODY):
    """The bytes of the body, exactly as sent.

    :raises Refused: no or a wrong length, too large, or encoded
    """
    incoming = request.httprequest
    encoding = incoming.headers.get("Content-Encoding", "identity").lower()
    if encoding not in ("identity", ""):
        raise Refused(
            Problem("media-type", "Send the body without Content-Encoding."),
            {"Accept-Encoding": "identity"},
        )
    length = incoming.content_length
    if length is None:
        raise Refused(Problem("length-required", "Send Content-Length."))
    if length > limit:
        raise Refused(
            Problem(
                "body-too-large", f"The body has {length} bytes, {limit} are taken."
            )
        )
    try:
        raw = incoming.get_data(cache=True)
    except ClientDisconnected as error:
        raise Refused(
            Problem("json-malformed", f"{length} bytes were announced, fewer came.")
        ) from error
    if len(raw) != length:
        raise Refused(
            Problem(
                "json-malformed", f"{length} bytes were announced, {len(raw)} came."
            )
        )
    return raw


def media_type():
    """The content type without parameters, in lower case; a charset other than UTF-8
    is refused."""
    incoming = request.httprequest
    charset = incoming.mimetype_params.get("charset", "utf-8").lower()
    if charset not in ("utf-8", "utf8", "us-ascii"):
        raise Refused(Problem("media-type", f"Send UTF-8, not {one_line(charset)}."))
    return (incoming.mimetype or "").lower()


def known_entity(entity):
    """The canonical class of an entity that some installed module applies.

    :raises Refused: 404
    """
    handlers = gateway.environment(request.env.cr)["construction.sync.handler"]
    if entity not in SCHEMAS or handlers._for(entity) is None:
        raise Refused(Problem("not-found", "There is no such kind of object."))
    return SCHEMAS[entity]


def allowed(who, entity, action):
    """Refuse a caller without the scope."""
    if not who.may(entity, action):
        raise Refused(Problem("forbidden", f"The key has no scope {entity}:{action}."))


def own_system(who):
    """Id and code of the system whose ids the call speaks of."""
    code = request.httprequest.args.get("system")
    systems = who.system_ids
    if code is None and len(systems) == 1:
        return next((i, c) for c, i in systems.items())
    if code is None:
        raise Refused(
            Problem(
                "parameter-invalid",
                "The key speaks for several systems: say which with ?system=.",
                "system",
            )
        )
    if code not in systems:
        raise Refused(Problem("not-found", "There is no such system for this key."))
    return systems[code], code


def external_id(entity):
    """The id in the path as the sender wrote it, slashes and all."""
    path = request.httprequest.environ.get("RAW_URI") or request.httprequest.path
    path = path.partition("?")[0]
    marker = f"{BASE}/{entity}/"
    start = path.find(marker)
    raw = path[start + len(marker) :] if start >= 0 else ""
    found = _unquote(raw)
    if (
        not 1 <= len(found) <= 255
        or not found.isascii()
        or not found.isprintable()
        or found != found.strip(" ")
    ):
        raise Refused(
            Problem(
                "parameter-invalid",
                "The id has 1 to 255 printable ASCII characters, percent-encoded.",
                "id",
            )
        )
    return found


def _unquote(text):
    def decode(match):
        return chr(int(match.group(1), 16))

    return re.sub(r"%([0-9A-Fa-f]{2})", decode, text)


def time_text(moment):
    """A database moment (UTC, without zone) as RFC 3339."""
    if not moment:
        return None
    return (
        moment.replace(tzinfo=timezone.utc)
        .isoformat(timespec="microseconds")
        .replace("+00:00", "Z")
    )


def now():
    return datetime.now(timezone.utc).replace(tzinfo=None)
