"""Procore's ERP events that carry master data, in canonical words.

An event has ``request_name`` and ``request_data``; the vendor's event dictionary is
the source of the shapes, and it is loose: some wrappers come and go, ids are numbers
or text. Ids here are Procore's own; ``origin_id`` is the id in the accounting system
and is not used to find records, because it is that system's business.

What Procore leaves empty is left absent, not cleared: an export says what Procore
knows, and the fields nobody filled there are often filled in Odoo.
"""

from datetime import datetime, timezone

from ..schemas.problem import Problem, one_line, shown
from .parsed import Parsed
from .procore_webhooks import text_of, time_of

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


class _Unclear(Exception):
    """The event is known but lacks what is needed; carries a pointer and sentence."""

    def __init__(self, pointer, detail):
        super().__init__(detail)
        self.problem = Problem("unreadable", detail, pointer)


def parse(event, event_id):
    """One ERP event as ``[Parsed]``: one entry per object, ids made distinct."""
    name = text_of(event.get("request_name"))
    time = time_of(event.get("updated_at") or event.get("created_at"))
    reader = _READERS.get(name)
    if reader is None:
        problem = Problem(
            "unsupported",
            f"Procore sent the event {shown(name)}. It is not supported yet.",
            "/request_name",
            extra={"event": one_line(name)},
        )
        return [
            Parsed(None, event_id, title=one_line(name), time=time, problems=[problem])
        ]
    try:
        found = reader(event.get("request_data"))
    except _Unclear as error:
        return [Parsed(None, event_id, title=name, time=time, problems=[error.problem])]
    for position, parsed in enumerate(found):
        parsed.event_id = f"{event_id}-{position}" if len(found) > 1 else event_id
        parsed.time = parsed.time or time
    return found


def details_of(body):
    """``[(item type, item id, request detail)]`` of a request's objects, in order."""
    data = body.get("request_data")
    rows = data if isinstance(data, list) else [data]
    found = []
    for row in rows:
        if not isinstance(row, dict):
            continue
        inner = row
        item_type = "standard_cost_code"
        for name, kind in (
            ("vendor", "vendor"), ("job", "project"), ("project", "project"),
            ("sub_job", "sub_job"),
        ):  # fmt: skip
            if isinstance(row.get(name), dict):
                inner, item_type = row[name], kind
                break
        detail = text_of(row.get("request_detail_id")) or text_of(
            body.get("request_detail_id")
        )
        found.append((item_type, text_of(inner.get("id")), detail))
    return found


def _create_vendor(request):
    vendor = _object(request, "vendor")
    name = _required(vendor, "name", "/request_data/vendor")
    data = {"name": name}
    _put(data, "email", vendor.get("email_address"))
    _put(data, "phone", vendor.get("business_phone"), vendor.get("mobile_phone"))
    _put(data, "tax_id", vendor.get("tax_id"))
    _put_address(data, vendor)
    return [_object_event("vendor", vendor, data, name, "/request_data/vendor")]


def _merge_vendors(request):
    master = _object(request, "master_vendor")
    master_id = _required(master, "id", "/request_data/master_vendor")
    sources = request.get("source_vendors")
    if not isinstance(sources, list) or not sources:
        # Procore merges vendors that were never exported with an empty list.
        raise _Unclear(
            "/request_data/source_vendors",
            f"The merge into vendor {shown(master_id)} names no vendor that was"
            " merged.",
        )
    found = []
    for position, source in enumerate(sources):
        pointer = f"/request_data/source_vendors/{position}"
        if not isinstance(source, dict):
            raise _Unclear(pointer, "A merged vendor is expected here.")
        source_id = _required(source, "id", pointer)
        found.append(
            Parsed(
                "vendor",
                "",
                source_id,
                title=f"Vendor {source_id} merged into {master_id}",
                data={"merged_into": master_id},
            )
        )
    return found


def _create_or_update_job(request):
    job = _object(request, "job", "project")
    pointer = "/request_data/job"
    data = {"name": _required(job, "name", pointer)}
    _put(data, "number", job.get("origin_code"), job.get("project_number"))
    _put(data, "accounting_number", job.get("accounting_project_number"))
    _put(data, "start_date", job.get("estimated_start_date"))
    _put(data, "completion_date", job.get("estimated_completion_date"))
    _put_address(data, job)
    codes = request.get("all_cost_codes")
    if isinstance(codes, list):
        data["cost_codes"] = [{"code": code} for code in _booked_codes(codes)]
    title = " ".join(filter(None, (data.get("number"), data["name"])))
    return [_object_event("project", job, data, title, pointer)]


def _booked_codes(codes):
    """Full codes that a project books on: not deleted, not the parent of another."""
    rows = [row for row in codes if isinstance(row, dict) and not row.get("deleted_at")]
    headings = {
        text_of(parent.get("id"))
        for row in rows
        if isinstance(parent := row.get("parent"), dict)
    }
    found = []
    for row in rows:
        code = text_of(row.get("full_code")) or text_of(row.get("code"))
        if code and text_of(row.get("id")) not in headings and code not in found:
            found.append(code)
    return found


def _create_sub_job(request):
    """A sub job is a node of its project's breakdown, not a project: its code is
    unique in the project only, and two projects have a sub job 01."""
    sub_job = _object(request, "sub_job")
    pointer = "/request_data/sub_job"
    project = sub_job.get("project")
    if not isinstance(project, dict):
        raise _Unclear(f"{pointer}/project", "The project of the sub job is missing.")
    data = {
        "project": _required(project, "id", f"{pointer}/project"),
        "code": _required(sub_job, "code", pointer),
        "name": _required(sub_job, "name", pointer),
    }
    title = f"{data['code']} {data['name']}"
    return [_object_event("wbs_node", sub_job, data, title, pointer)]


def _create_standard_cost_codes(request):
    rows = request
    if isinstance(rows, dict):
        rows = rows.get("standard_cost_codes") or [rows]
    if not isinstance(rows, list) or not rows:
        raise _Unclear("/request_data", "A list of cost codes is expected here.")
    headings = {text_of(row.get("parent_id")) for row in rows if isinstance(row, dict)}
    found = []
    for position, row in enumerate(rows):
        pointer = f"/request_data/{position}"
        if not isinstance(row, dict):
            raise _Unclear(pointer, "A cost code is expected here.")
        code = text_of(row.get("full_code")) or _required(row, "code", pointer)
        data = {"code": code, "name": _required(row, "name", pointer)}
        _put(data, "parent", row.get("parent_id"))
        if text_of(row.get("id")) in headings:
            data["postable"] = False
        title = f"{code} {data['name']}"
        found.append(_object_event("cost_code", row, data, title, pointer))
    return found


def _object_event(entity, row, data, title, pointer):
    time = time_of(row.get("updated_at"))
    return Parsed(
        entity,
        "",
        _required(row, "id", pointer),
        title=one_line(title, 255),
        version=version_of(time),
        time=time,
        data=data,
    )


def version_of(time):
    """The object's version: microseconds from 1970 to its last change, or None."""
    if time is None or time <= _EPOCH:
        return None
    span = time - _EPOCH
    return (span.days * 86_400 + span.seconds) * 1_000_000 + span.microseconds


def _object(request, *names):
    if not isinstance(request, dict):
        raise _Unclear("/request_data", "An object is expected here.")
    for name in names:
        if isinstance(request.get(name), dict):
            return request[name]
    if "id" in request:
        return request
    raise _Unclear(f"/request_data/{names[0]}", "This object is missing.")


def _required(row, name, pointer):
    value = text_of(row.get(name))
    if not value:
        raise _Unclear(f"{pointer}/{name}", "This value is missing.")
    return value


def _put(data, name, *values):
    for value in values:
        if text := text_of(value):
            data[name] = text
            return


def _put_address(data, row):
    address = {}
    street, _separator, rest = str(row.get("address") or "").strip().partition("\n")
    _put(address, "street", street)
    _put(address, "street2", rest)
    _put(address, "city", row.get("city"))
    _put(address, "zip", row.get("zip"))
    _put(address, "state", row.get("state_code"))
    # A country without anything else is Procore's default, not an address.
    if address:
        _put(address, "country", row.get("country_code"))
        data["address"] = address


_READERS = {
    "create_vendor": _create_vendor,
    "merge_vendors": _merge_vendors,
    "create_or_update_job": _create_or_update_job,
    "create_sub_job": _create_sub_job,
    "create_standard_cost_codes": _create_standard_cost_codes,
}
