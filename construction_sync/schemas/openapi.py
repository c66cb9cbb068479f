"""The interface description: OpenAPI 3.1, made from the schemas that judge the calls.

Nothing here is written twice: fields, patterns and examples come from the pydantic
classes of the registry, as they stand with every module that extends them.
"""

from pydantic.json_schema import models_json_schema

from . import SCHEMAS
from .envelope import EVENT_ID_LENGTH
from .openapi_operations import (
    get_description,
    get_health,
    get_message,
    get_metrics,
    get_object,
    list_objects,
    name_of_class,
    post_events,
    post_hook,
    purpose,
    put_object,
    spoken,
)
from .openapi_parts import (
    ANSWER_SCHEMAS,
    HEADERS,
    ID_SCHEMA,
    PARAMETERS,
    SEQUENCE_SCHEMA,
    TIME_SCHEMA,
    described,
    nullable,
    problem_answers,
    ref,
)
from .problem import problem_type
from .problem_kinds import CATALOGUE
from .references import REFERENCE_SCHEMA
from .strict_json import MAX_BATCH_EVENTS

BASE = "/construction_sync/v1"

_OVERVIEW = """\
Keep construction systems and Odoo in step.

Send what changed as events to `POST /events`, one or up to 1,000 a call. What is
answered 202 is stored and is never lost; it is applied at most once and, for one
object, in the order of its versions. `PUT` does the same for one object and waits for
the outcome.

An absent field leaves the value as it is, `null` clears it, a list replaces the list.
Unknown fields are refused. Amounts are text. A reference is the id in your own system,
or an object with `code`, with `odoo_id`, or with `system` and `id`.
"""


def openapi_document(base=BASE):
    """The whole description as plain JSON values; ``base`` is where the routes are."""
    entities = sorted(SCHEMAS)
    paths = {"/events": {"post": post_events()}}
    for entity in entities:
        paths[f"/{entity}"] = {"get": list_objects(entity)}
        paths[f"/{entity}/{{id}}"] = {
            "parameters": [ref("id", "parameters"), ref("system", "parameters")],
            "get": get_object(entity),
            "put": put_object(entity),
        }
    paths["/messages/{uuid}"] = {"get": get_message()}
    paths["/hooks/{system}"] = {"post": post_hook()}
    paths["/health"] = {"get": get_health()}
    paths["/metrics"] = {"get": get_metrics()}
    paths["/openapi.json"] = {"get": get_description()}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Construction Sync",
            "version": "1.0.0",
            "description": _OVERVIEW,
            "license": {"name": "LGPL-3.0", "identifier": "LGPL-3.0-only"},
        },
        "servers": [{"url": base}],
        "security": [{"key": []}],
        "tags": [
            {"name": "Events", "description": "Tell what changed."},
            *({"name": name_of_class(e), "description": purpose(e)} for e in entities),
            {"name": "Messages", "description": "See where a message stands."},
            {"name": "Service", "description": "Health and this description."},
        ],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "key": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "A key of a registered client. Its scopes are"
                    " `<entity>:read` and `<entity>:write`.",
                }
            },
            "headers": HEADERS,
            "parameters": PARAMETERS,
            "responses": problem_answers(),
            "schemas": _schemas(entities),
        },
        "x-problems": [
            {
                "kind": kind.slug,
                "type": problem_type(kind.slug),
                "title": kind.title,
                "status": kind.status,
                "remedy": kind.remedy,
            }
            for kind in CATALOGUE.values()
        ],
    }


# ------------------------------------------------------------------------- schemas
def _schemas(entities):
    classes = [SCHEMAS[entity] for entity in entities]
    _map, generated = models_json_schema(
        [(cls, "validation") for cls in classes],
        ref_template="#/components/schemas/{model}",
    )
    found = {
        name: _tidy(schema)
        for name, schema in generated["$defs"].items()
        if name != "Reference"
    }
    found["Reference"] = {
        "description": "What a field points to: the id in your own system as text, or"
        " an object with code, with odoo_id, or with system and id.",
        **REFERENCE_SCHEMA,
    }
    for entity in entities:
        name = name_of_class(entity)
        example = SCHEMAS[entity].example
        if example:
            found[name]["examples"] = [example]
        found[f"{name}Event"] = _event_schema(entity)
        found[f"{name}Deletion"] = _event_schema(entity, deletion=True)
        found[f"{name}Object"] = _object_schema(name)
        found[f"{name}Page"] = _page_schema(name)
    events = [ref(f"{name_of_class(e)}{kind}") for e in entities for kind in _KINDS]
    found["Event"] = {
        "description": "A CloudEvents 1.0 event; the type says which of these it is.",
        "oneOf": events,
    }
    found["Batch"] = {
        "type": "array",
        "minItems": 0,
        "maxItems": MAX_BATCH_EVENTS,
        "items": ref("Event"),
    }
    found.update(ANSWER_SCHEMAS)
    return found


_KINDS = ("Event", "Deletion")


def _tidy(node):
    """Leave out what says nothing: generated titles, and null as default, which would
    suggest that leaving a field out clears it."""
    if isinstance(node, list):
        return [_tidy(child) for child in node]
    if not isinstance(node, dict):
        return node
    if "x-entity" in node:
        text = f"Refers to a {spoken(node['x-entity'])}."
        return described(ref("Reference"), node.get("description", text))
    found = {}
    for key, child in node.items():
        if key == "default" and child is None:
            continue
        if key == "title" and isinstance(child, str):
            continue
        if key == "properties":
            found[key] = {name: _tidy(schema) for name, schema in child.items()}
        elif key == "description" and isinstance(child, str):
            found[key] = child.replace("``", "`")
        else:
            found[key] = _tidy(child)
    if "patternProperties" in found:
        found["additionalProperties"] = False
    return found


def _event_schema(entity, deletion=False):
    name = name_of_class(entity)
    version = SCHEMAS[entity].version
    kind = f"construction.{entity}.deleted.{version}"
    data = {"oneOf": [ref(name), {"type": "null"}]}
    required = ["specversion", "id", "source", "type", "subject", "time"]
    if not deletion:
        kind = f"construction.{entity}.{version}"
        data = ref(name)
        required.append("data")
    return {
        "type": "object",
        "description": f"A {spoken(entity)} was"
        + (" deleted." if deletion else " created or changed."),
        "required": required,
        "properties": {
            "specversion": {"const": "1.0"},
            "id": described(
                {**ID_SCHEMA, "maxLength": EVENT_ID_LENGTH},
                "Id of the event, the same again when it is sent again.",
            ),
            "source": described(ID_SCHEMA, "Code of the sending system."),
            "type": {"const": kind},
            "subject": described(ID_SCHEMA, "Id of the object in the sending system."),
            "time": described(TIME_SCHEMA, "When it changed, with a time zone."),
            "sequence": nullable(SEQUENCE_SCHEMA),
            "traceparent": {},
            "datacontenttype": {
                "type": ["string", "null"],
                "pattern": "^[aA]pplication/json$",
            },
            "dataschema": {"type": ["string", "null"]},
            "data": data,
        },
        "propertyNames": {"pattern": "^[a-z0-9]{1,20}$"},
        "additionalProperties": {
            "description": "Extension attributes are taken and ignored.",
            "type": ["string", "integer", "boolean", "null"],
        },
    }


def _object_schema(name):
    return {
        "type": "object",
        "description": "An object as it stands in Odoo.",
        "required": ["id", "odoo_id", "version", "updated_at", "deleted", "data"],
        "properties": {
            "id": described(
                nullable(ID_SCHEMA),
                "Its id in your system; null if your system never linked it.",
            ),
            "odoo_id": {"type": ["integer", "null"]},
            "version": nullable(SEQUENCE_SCHEMA),
            "updated_at": nullable(TIME_SCHEMA),
            "deleted": {"type": "boolean"},
            "data": described(
                {"oneOf": [ref(name), {"type": "null"}]},
                "Can be sent back unchanged without effect; null once deleted.",
            ),
        },
    }


def _page_schema(name):
    return {
        "type": "object",
        "required": ["items", "next"],
        "properties": {
            "items": {"type": "array", "items": ref(f"{name}Object")},
            "next": described(
                {"type": ["string", "null"]},
                "Cursor of the next page; null on the last one.",
            ),
        },
    }
