"""What each call of the interface takes and answers, for its description."""

from . import SCHEMAS
from .envelope import BATCH_MEDIA_TYPE, EVENT_MEDIA_TYPE
from .openapi_parts import PARAMETERS, TIME_SCHEMA, answer, headers, problems, ref
from .problem import MEDIA_TYPE

EXAMPLE_TIME = "2026-11-20T10:00:00Z"


def name_of_class(entity):
    """Name of the entity's schema in the description: ``CostCode``."""
    return SCHEMAS[entity].__name__


def purpose(entity):
    """One sentence on what the entity is."""
    return (SCHEMAS[entity].__doc__ or "").strip().partition("\n")[0]


def spoken(entity):
    """The entity as a sentence names it: ``cost code``."""
    return entity.replace("_", " ").replace("wbs", "WBS")


def example_event(entity, number=1):
    """A sound event about the entity's example object."""
    return {
        "specversion": "1.0",
        "id": f"01JMYXMZRBVKK0PC6XS8SA4QR{number}",
        "source": "fieldbook",
        "type": f"construction.{entity}.{SCHEMAS[entity].version}",
        "subject": f"{entity.upper().replace('_', '-')}-{number}",
        "time": EXAMPLE_TIME,
        "sequence": str(number),
        "data": SCHEMAS[entity].example,
    }


def post_events():
    """``POST /events``."""
    return {
        "operationId": "sendEvents",
        "tags": ["Events"],
        "summary": "Send one event or a batch",
        "description": "Each event is judged alone: `accepted`, `duplicate` (id and"
        " body are known) or `rejected` with its problems. The answer is 202 when any"
        " is accepted or a duplicate. If all of a batch are rejected it is 422; a"
        " single event that is rejected has its own status. The body must be JSON"
        " with at most 1,000 events and 16 MiB, each event at most 1 MiB, 10,000"
        " values and 32 levels.",
        "parameters": [ref("traceparent", "parameters")],
        "requestBody": {
            "required": True,
            "content": {
                EVENT_MEDIA_TYPE: {
                    "schema": ref("Event"),
                    "examples": {
                        entity: {"value": example_event(entity)}
                        for entity in sorted(SCHEMAS)
                        if SCHEMAS[entity].example
                    },
                },
                BATCH_MEDIA_TYPE: {
                    "schema": ref("Batch"),
                    "example": [example_event("cost_code"), example_event("vendor", 2)],
                },
            },
        },
        "responses": {
            "202": answer("Stored.", ref("BatchAnswer")),
            **problems(400, 401, 403, 409, 410, 411, 413, 415, 429, 500, 503),
            "422": {
                "description": "Rejected: a problem for a single event, a status per"
                " event for a batch.",
                "headers": headers(),
                "content": {
                    MEDIA_TYPE: {"schema": ref("Problem")},
                    "application/json": {"schema": ref("BatchAnswer")},
                },
            },
        },
    }


def put_object(entity):
    """``PUT /<entity>/<id>``."""
    name = name_of_class(entity)
    cls = SCHEMAS[entity]
    key = ref("Idempotency-Key", "parameters")
    if cls.money:
        key = {**PARAMETERS["Idempotency-Key"], "required": True}
    content = {"schema": ref(name)}
    if cls.example:
        content["example"] = cls.example
    return {
        "operationId": f"put{name}",
        "tags": [name],
        "summary": f"Create or change a {spoken(entity)}",
        "description": "Takes the same way as an event and waits for the outcome."
        f" Needs scope `{entity}:write`."
        + (" An Idempotency-Key is required." if cls.money else ""),
        "parameters": [
            ref("Sync-Sequence", "parameters"),
            key,
            ref("traceparent", "parameters"),
        ],
        "requestBody": {"required": True, "content": {"application/json": content}},
        "responses": {
            "200": answer(
                "Changed, or nothing to change.",
                ref("Applied"),
                "ETag",
                "Idempotent-Replayed",
            ),
            "201": answer(
                "Created.", ref("Applied"), "ETag", "Location", "Idempotent-Replayed"
            ),
            "202": answer(
                "Stored. It will be applied when what it waits for is there.",
                ref("Accepted"),
                "Location",
                "Idempotent-Replayed",
            ),
            **problems(400, 401, 403, 404, 409, 410, 411, 413, 415, 422, 429, 500, 503),
        },
    }


def get_object(entity):
    """``GET /<entity>/<id>``."""
    name = name_of_class(entity)
    return {
        "operationId": f"get{name}",
        "tags": [name],
        "summary": f"Read a {spoken(entity)}",
        "description": f"Needs scope `{entity}:read`.",
        "parameters": [
            {
                "name": "If-None-Match",
                "in": "header",
                "description": "An ETag that you have; 304 if it still stands.",
                "schema": {"type": "string"},
            },
            ref("traceparent", "parameters"),
        ],
        "responses": {
            "200": answer("The object.", ref(f"{name}Object"), "ETag"),
            "304": {
                "description": "It has not changed.",
                "headers": headers("ETag"),
            },
            **problems(400, 401, 403, 404, 410, 429, 500, 503),
        },
    }


def list_objects(entity):
    """``GET /<entity>``."""
    name = name_of_class(entity)
    return {
        "operationId": f"list{name}",
        "tags": [name],
        "summary": f"List every {spoken(entity)}",
        "description": "In the order of change, oldest first. Follow `next` until it is"
        f" null; keep the last cursor to go on later. Needs scope `{entity}:read`.",
        "parameters": [
            {
                "name": "updated_after",
                "in": "query",
                "description": "Only what changed after this moment.",
                "schema": TIME_SCHEMA,
            },
            {
                "name": "cursor",
                "in": "query",
                "description": "Where to go on, as the page before said.",
                "schema": {"type": "string", "minLength": 1, "maxLength": 500},
            },
            {
                "name": "limit",
                "in": "query",
                "schema": {
                    "type": "integer",
                    "minimum": 1,
                    "maximum": 1_000,
                    "default": 100,
                },
            },
            ref("system", "parameters"),
            ref("traceparent", "parameters"),
        ],
        "responses": {
            "200": answer("One page.", ref(f"{name}Page"), "Link"),
            **problems(400, 401, 403, 404, 410, 429, 500, 503),
        },
    }


def get_message():
    """``GET /messages/<uuid>``."""
    return {
        "operationId": "getMessage",
        "tags": ["Messages"],
        "summary": "Where a message stands, with its history",
        "parameters": [
            {
                "name": "uuid",
                "in": "path",
                "required": True,
                "schema": {"type": "string", "format": "uuid"},
            },
            ref("traceparent", "parameters"),
        ],
        "responses": {
            "200": answer("The message.", ref("Message")),
            **problems(400, 401, 403, 404, 410, 429, 500, 503),
        },
    }


def post_hook():
    """``POST /hooks/<system>``."""
    signature = (
        ("webhook-id", "Id of the delivery."),
        ("webhook-timestamp", "Seconds since 1970; at most five minutes off."),
        ("webhook-signature", "Up to five signatures `v1,…` or `v1a,…`."),
    )
    return {
        "operationId": "receiveHook",
        "tags": ["Events"],
        "summary": "A system's own webhooks",
        "description": "Verified on the bytes as sent, by Standard Webhooks 1.0 or by"
        " what the system's dialect uses. What is verified is stored and answered at"
        " once, whatever it holds; a person sees what cannot be understood.",
        "security": [],
        "parameters": [
            {
                "name": "system",
                "in": "path",
                "required": True,
                "description": "Code of the system.",
                "schema": {"type": "string", "pattern": "^[a-z0-9][a-z0-9_-]{0,31}$"},
            },
            *(
                {
                    "name": name,
                    "in": "header",
                    "description": text,
                    "schema": {"type": "string"},
                }
                for name, text in signature
            ),
        ],
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": {}}},
        },
        "responses": {
            "202": answer("Stored.", ref("Received")),
            **problems(400, 401, 404, 409, 411, 413, 415, 429, 500, 503),
        },
    }


def get_health():
    """``GET /health``."""
    return {
        "operationId": "getHealth",
        "tags": ["Service"],
        "summary": "Whether the service and what it needs are up",
        "security": [],
        "responses": {
            "200": answer("It works.", ref("Health")),
            "503": answer("It does not take messages now.", ref("Health")),
            "default": ref("Problem500", "responses"),
        },
    }


def get_metrics():
    """``GET /metrics``."""
    return {
        "operationId": "getMetrics",
        "tags": ["Service"],
        "summary": "Figures of the caller's systems for Prometheus",
        "parameters": [ref("traceparent", "parameters")],
        "responses": {
            "200": answer(
                "Prometheus' text format; needs the scope `metrics:read`.",
                {"type": "string"},
                media_type="text/plain",
            ),
            **problems(400, 401, 403, 410, 429, 500, 503),
        },
    }


def get_description():
    """``GET /openapi.json``."""
    return {
        "operationId": "getDescription",
        "tags": ["Service"],
        "summary": "This description",
        "security": [],
        "responses": {
            "200": answer("OpenAPI 3.1.", {"type": "object"}, "ETag"),
            "default": ref("Problem500", "responses"),
        },
    }
