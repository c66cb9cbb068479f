"""Reusable pieces of the interface description: headers, parameters, answers."""

from .problem import MEDIA_TYPE
from .problem_kinds import CATALOGUE
from .texts import EXTERNAL_ID_LENGTH

SEQUENCE_SCHEMA = {
    "type": "string",
    "pattern": "^[1-9][0-9]{0,18}$",
    "description": "Version of the object: a whole number from 1 to"
    " 9223372036854775807, higher is newer.",
    "examples": ["42"],
}
TIME_SCHEMA = {"type": "string", "format": "date-time"}
ID_SCHEMA = {
    "type": "string",
    "minLength": 1,
    "maxLength": EXTERNAL_ID_LENGTH,
    "pattern": "^[!-~]([ -~]*[!-~])?$",
}
UUID_SCHEMA = {"type": "string", "format": "uuid"}

# Words of DESIGN section 3, which the interface uses as they are.
MESSAGE_STATES = (
    "ready",
    "applied",
    "superseded",
    "duplicate",
    "waiting",
    "retry",
    "exception",
    "dead",
    "discarded",
)


def nullable(schema):
    """``schema`` or null."""
    return {**schema, "type": [schema["type"], "null"]}


def ref(name, section="schemas"):
    """A reference to a component."""
    return {"$ref": f"#/components/{section}/{name}"}


def described(schema, text):
    """``schema`` with a description beside it."""
    return {**schema, "description": text}


def _header(text, schema):
    return {"description": text, "schema": schema}


HEADERS = {
    "ETag": _header("Changes when the object changes.", {"type": "string"}),
    "Link": _header(
        'The next page: `<address>; rel="next"`. Absent on the last one.',
        {"type": "string"},
    ),
    "Location": _header(
        "Where the message stands and how it goes on.",
        {"type": "string", "format": "uri-reference"},
    ),
    "RateLimit": _header(
        "What is left of the allowance: `r` calls until `t` seconds have passed.",
        {"type": "string", "examples": ['"client";r=599;t=1']},
    ),
    "RateLimit-Policy": _header(
        "The allowance: `q` calls in `w` seconds.",
        {"type": "string", "examples": ['"client";q=600;w=60']},
    ),
    "Retry-After": _header(
        "Seconds to wait before the same call is made again.",
        {"type": "string", "pattern": "^[0-9]+$"},
    ),
    "Idempotent-Replayed": _header(
        "`true` when this is the stored answer to the same call.",
        {"type": "string", "enum": ["true"]},
    ),
    "Deprecation": _header(
        "From when this version is deprecated (RFC 9745).", {"type": "string"}
    ),
    "Sunset": _header(
        "When this version ends (RFC 8594); from then on it answers 410.",
        {"type": "string"},
    ),
    "traceparent": _header(
        "The trace that this call belongs to (W3C Trace Context).",
        {"type": "string"},
    ),
    "Sync-Audit-Checkpoint": _header(
        "On what was accepted: the newest signed checkpoint of the audit, Base64 of a "
        "C2SP tlog-checkpoint. Who keeps it can prove later that the log was not "
        "rewritten.",
        {"type": "string"},
    ),
    "Sync-Sequence": _header("The version that stands.", {"type": "string"}),
    "WWW-Authenticate": _header("How to authenticate.", {"type": "string"}),
}
_COMMON = (
    "traceparent", "RateLimit", "RateLimit-Policy", "Deprecation", "Sunset",
    "Sync-Audit-Checkpoint",
)  # fmt: skip


def headers(*names):
    """The common headers and ``names``, by reference."""
    return {name: ref(name, "headers") for name in (*names, *_COMMON)}


def answer(text, content=None, *header_names, media_type="application/json"):
    """One response; ``content`` is a schema."""
    found = {"description": text, "headers": headers(*header_names)}
    if content is not None:
        found["content"] = {media_type: {"schema": content}}
    return found


PARAMETERS = {
    "traceparent": {
        "name": "traceparent",
        "in": "header",
        "description": "W3C Trace Context. One that is not valid starts a new trace.",
        "schema": {"type": "string"},
    },
    "Idempotency-Key": {
        "name": "Idempotency-Key",
        "in": "header",
        "description": "Your own key for this call. The same call again with the same"
        " key gets the stored answer and has no second effect.",
        "schema": {"type": "string", "pattern": "^[ -~]{1,255}$"},
        "example": "8e03978e-40d5-43e8-bc93-6894a57f9324",
    },
    "Sync-Sequence": {
        "name": "Sync-Sequence",
        "in": "header",
        "description": "Version of the object in your system. A lower one than what"
        " stands is answered with 409; without it, order is order of arrival.",
        "schema": SEQUENCE_SCHEMA,
    },
    "id": {
        "name": "id",
        "in": "path",
        "required": True,
        "description": "Id of the object in your own system. Percent-encode it; a slash"
        " inside is `%2F`.",
        "schema": ID_SCHEMA,
    },
    "system": {
        "name": "system",
        "in": "query",
        "description": "Code of the system whose ids are meant. Needed when the key"
        " speaks for several.",
        "schema": {"type": "string", "pattern": "^[a-z0-9][a-z0-9_-]{0,31}$"},
    },
}

_PROBLEM_ANSWERS = {
    400: "The body, a header or a parameter is wrong.",
    401: "The key or signature is missing or not valid.",
    403: "The key does not allow this.",
    404: "There is no such thing, or it is not yours to see.",
    409: "It does not fit what stands: a newer version, the same id with another body,"
    " or the same call is still running.",
    410: "This version of the interface has ended.",
    411: "The length of the body is not stated.",
    413: "The body is too large.",
    415: "The content type or encoding is not taken.",
    422: "It was understood and cannot be taken as it is; `errors` says why, with a"
    " pointer each. `instance` leads to the exception when a person must act.",
    429: "Too many calls. Wait as `Retry-After` says.",
    500: "Something went wrong here. Nothing of this call has taken effect.",
    503: "Not available now. Nothing of this call has taken effect.",
}
_EXTRA_HEADERS = {
    401: ("WWW-Authenticate",),
    409: ("Retry-After", "Sync-Sequence"),
    422: ("Location",),
    429: ("Retry-After",),
    503: ("Retry-After",),
}


def problem_answers():
    """Components of every problem answer, under ``Problem<status>``."""
    return {
        f"Problem{status}": answer(
            text,
            ref("Problem"),
            *_EXTRA_HEADERS.get(status, ()),
            media_type=MEDIA_TYPE,
        )
        for status, text in _PROBLEM_ANSWERS.items()
    }


def problems(*statuses):
    """The answers of an operation that are problems.

    ``default`` covers what a proxy or the web server answers in front of the routes.
    """
    found = {str(status): ref(f"Problem{status}", "responses") for status in statuses}
    found["default"] = ref("Problem500", "responses")
    return found


PROBLEM_SCHEMA = {
    "type": "object",
    "description": "RFC 9457. `type` is stable; act on it, not on the sentence.",
    "required": ["type", "title", "status"],
    "properties": {
        "type": {"type": "string", "format": "uri-reference"},
        "title": {"type": "string"},
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "detail": {"type": "string"},
        "instance": {"type": "string", "format": "uri-reference"},
        "remedy": described({"type": "string"}, "What to do now."),
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["pointer", "detail", "kind"],
                "properties": {
                    "pointer": described(
                        {"type": "string"}, "JSON pointer (RFC 6901) into what was sent"
                    ),
                    "detail": {"type": "string"},
                    "kind": {"type": "string"},
                },
            },
        },
    },
    "examples": [
        {
            "type": "/construction_sync/v1/problems/schema-invalid",
            "title": CATALOGUE["schema-invalid"].title,
            "status": 422,
            "detail": "This field is required.",
            "errors": [
                {
                    "pointer": "/data/name",
                    "detail": "This field is required.",
                    "kind": "schema-invalid",
                }
            ],
        }
    ],
}

ANSWER_SCHEMAS = {
    "Problem": PROBLEM_SCHEMA,
    "BatchAnswer": {
        "type": "object",
        "description": "One status per event, in the order they were sent.",
        "required": ["accepted", "duplicate", "rejected", "events"],
        "properties": {
            "accepted": {"type": "integer", "minimum": 0},
            "duplicate": {"type": "integer", "minimum": 0},
            "rejected": {"type": "integer", "minimum": 0},
            "events": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["id", "status"],
                    "properties": {
                        "id": {"type": ["string", "null"]},
                        "status": {"enum": ["accepted", "duplicate", "rejected"]},
                        "message": described(
                            nullable(UUID_SCHEMA), "Ask /messages/{uuid} for it."
                        ),
                        "error": ref("Problem"),
                    },
                },
            },
        },
    },
    "Applied": {
        "type": "object",
        "description": "What the call did.",
        "required": ["outcome", "message"],
        "properties": {
            "outcome": {"enum": ["created", "changed", "unchanged"]},
            "message": UUID_SCHEMA,
            "id": ID_SCHEMA,
            "odoo_id": {"type": ["integer", "null"]},
            "version": {"type": ["string", "null"]},
        },
    },
    "Accepted": {
        "type": "object",
        "description": "It is stored and will be applied; ask where it stands.",
        "required": ["message", "state"],
        "properties": {
            "message": UUID_SCHEMA,
            "state": {"enum": list(MESSAGE_STATES)},
        },
    },
    "Received": {
        "type": "object",
        "required": ["status", "message"],
        "properties": {
            "status": {"enum": ["accepted", "duplicate"]},
            "message": UUID_SCHEMA,
        },
    },
    "Message": {
        "type": "object",
        "description": "Where a message stands.",
        "required": ["message", "state", "entity", "history"],
        "properties": {
            "message": UUID_SCHEMA,
            "state": {"enum": list(MESSAGE_STATES)},
            "system": {"type": "string"},
            "entity": {"type": "string"},
            "id": {"type": ["string", "null"]},
            "event": {"type": ["string", "null"]},
            "version": {"type": ["string", "null"]},
            "received_at": TIME_SCHEMA,
            "applied_at": nullable(TIME_SCHEMA),
            "waits_on": described(
                {"type": ["string", "null"]}, "What it waits for, in words."
            ),
            "superseded_by": nullable(UUID_SCHEMA),
            "problem": {"oneOf": [ref("Problem"), {"type": "null"}]},
            "history": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["at", "what"],
                    "properties": {
                        "at": TIME_SCHEMA,
                        "what": {"type": "string"},
                    },
                },
            },
        },
    },
    "Health": {
        "type": "object",
        "required": ["status"],
        "properties": {
            "status": {"enum": ["ok", "degraded", "down"]},
            "checks": described(
                {"type": "object"}, "Only for a key with scope `metrics:read`."
            ),
        },
    },
}
