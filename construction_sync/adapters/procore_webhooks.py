"""Procore's webhooks, versions 2, 3 and 4: notices that something changed.

A notice names the object and says nothing of its content, so none of them can be
applied by itself; each is kept, parked as not supported yet, in one form whatever the
version was. Version 4 turned ids into text, ``event_type`` into ``reason``,
``resource_name`` into ``resource_type`` and made ``id`` the ULID (DOMAIN 2.1).
"""

from pydantic_core import PydanticCustomError

from ..schemas import strict_json
from ..schemas.json_faults import StrictJsonError
from ..schemas.problem import Problem, one_line, shown
from ..schemas.times import read_time
from .parsed import Parsed, body_id

# One delivery carries a whole cost-code library or a project with all its codes.
MAX_BYTES = 16 << 20
MAX_NODES = 500_000

_VERSIONS = ("v2", "v2.0", "v3", "v3.0", "v4", "v4.0")


def read_body(raw):
    """The parsed body, or a :class:`Parsed` that says where reading stopped."""
    try:
        return strict_json.parse(raw, max_bytes=MAX_BYTES, max_nodes=MAX_NODES)
    except StrictJsonError as error:
        problem = Problem(
            "unreadable",
            error.reason,
            error.pointer,
            extra={} if error.offset is None else {"offset": error.offset},
        )
        return Parsed(None, body_id(raw), title="Unreadable", problems=[problem])


def parse(event, event_id):
    """One notice as :class:`Parsed`; ``event_id`` serves when it has none itself."""
    if not isinstance(event, dict):
        problem = Problem("unreadable", "A webhook is a JSON object.")
        return Parsed(None, event_id, title="Unreadable", problems=[problem])
    version = event.get("api_version")
    is_v4 = "reason" in event and "resource_type" in event
    is_v2_or_3 = "event_type" in event and "resource_name" in event
    if (
        is_v4 == is_v2_or_3
        or (version is not None and version not in _VERSIONS)
        or (version is None and not is_v4)
    ):
        what = f"version {shown(version)}" if version else "a form without version"
        problem = Problem(
            "schema-unknown", f"Procore sent a webhook of {what}, not known here."
        )
        return Parsed(
            None,
            text_of(event.get("ulid") or event.get("id")) or event_id,
            title=f"Webhook {one_line(version or '')}".strip(),
            time=time_of(event.get("timestamp")),
            problems=[problem],
        )
    reason = text_of(event["reason" if is_v4 else "event_type"])
    resource = text_of(event["resource_type" if is_v4 else "resource_name"])
    resource_id = text_of(event.get("resource_id"))
    own_id = event.get("id") if is_v4 else event.get("ulid") or event.get("id")
    problem = Problem(
        "unsupported",
        f"Procore reports {shown(reason)} of {shown(resource)} {shown(resource_id)}."
        " This kind of notice is not supported yet.",
        extra={"event": one_line(resource)},
    )
    return Parsed(
        None,
        text_of(own_id) or event_id,
        resource_id,
        title=one_line(f"{resource} {resource_id} ({reason})", 255),
        time=time_of(event.get("timestamp")),
        data={
            "resource": resource,
            "resource_id": resource_id,
            "reason": reason,
            "company_id": text_of(event.get("company_id")),
            "project_id": text_of(event.get("project_id")),
            "user_id": text_of(event.get("user_id")),
        },
        problems=[problem],
    )


def text_of(value):
    """An id or text as text; "" for what is neither (null, objects, true)."""
    if isinstance(value, str):
        return " ".join(value.split())
    if isinstance(value, bool) or value is None or isinstance(value, (dict, list)):
        return ""
    return str(value)


def time_of(value):
    """The moment, or None when it is absent or not readable."""
    try:
        return read_time(value)
    except PydanticCustomError:
        return None
