"""What Procore's ERP interface is sent, and what its answers mean. No Odoo, no network.

An object that Procore does not know yet is staged: an accounting approver there imports
it or does not. One that it knows is written by a sync action. A sync action says 200
whatever it took; ``entities`` and ``errors`` tell (FA-H07, FA-H12).
"""

import json
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from urllib.parse import quote

from ..pipeline import outgoing
from ..pipeline.transport import Request
from ..schemas.json_faults import StrictJsonError
from ..schemas.problem import one_line
from . import rest_values, rest_writing
from .rest_expressions import compiled
from .rest_writing import SendCall, TargetLine

BASE = "/rest/v1.0"
SYSTEM = "Procore"
#: how Procore calls what has an id in Odoo
ORIGIN = "odoo-"
_FILTER = quote("filters[origin_id]")
#: data type here -> (type of the item there, its sync action)
KINDS = {
    "vendor": ("vendor", "vendors"),
    "project": ("project", "projects"),
    "cost_code": ("standard_cost_code", "standard_cost_codes"),
}
#: what an approver imports; the rest Procore takes directly
STAGED = ("vendor", "project")
#: seconds until it is asked again what an object was called when it was imported
IMPORT_WAIT = 60.0


def origin_of(res_id):
    """What a record is called in Procore's ``origin_id``."""
    return f"{ORIGIN}{res_id}"


def record_of(origin_id):
    """Id of the record that an ``origin_id`` names, None when it is not ours."""
    text = str(origin_id or "")
    number = text.removeprefix(ORIGIN)
    if number == text or not (number.isascii() and number.isdigit()):
        return None
    return int(number) if len(number) < 10 else None


def _line(name, place, label="", **values):
    return TargetLine(name, label, compiled(place), **{"empty": "null", **values})


_ADDRESS = (
    _line("address", "join('\n', [address.street, address.street2][?@])"),
    _line("city", "address.city"),
    _line("zip", "address.zip"),
    _line("state_code", "address.state"),
    _line("country_code", "address.country"),
)
_NAME = _line("name", "name", "Name", empty="refuse", max_length=255)
LINES = {
    "vendor": (
        _NAME,
        _line("email_address", "email", "Email", max_length=255),
        _line("business_phone", "phone", "Phone", max_length=255),
        *_ADDRESS,
    ),
    "project": (
        _NAME,
        _line("project_number", "number", "Number", max_length=255),
        _line("accounting_project_number", "accounting_number", max_length=255),
        _line("estimated_start_date", "start_date"),
        _line("estimated_completion_date", "completion_date"),
        _line("estimated_value", "estimated_value", format="number"),
        *_ADDRESS,
    ),
    "cost_code": (
        _NAME,
        _line("code", "segment", "Code", empty="refuse", max_length=255),
        _line("parent_id", "parent", "Heading"),
    ),
}
_CALLS = {
    entity: SendCall(entity, SYSTEM, {}, lines) for entity, lines in LINES.items()
}


@dataclass(slots=True)
class Place:
    """Which company, and the list that its standard cost codes stand in."""

    address: str
    company: int
    code_list: int | None = None
    timeout: float = 20.0

    def call(self, method, path, body=None):
        """A request to Procore in the name of the company."""
        headers = {
            "Accept": "application/json",
            "Procore-Company-Id": str(self.company),
        }
        raw = None
        if body is not None:
            headers["Content-Type"] = "application/json"
            raw = rest_values.write_record(body)
        url = f"{self.address.rstrip('/')}{BASE}{path}"
        return Request(method, url, headers, raw, self.timeout)

    def inside(self, path):
        """A path below the company's own."""
        return f"/companies/{self.company}{path}"


@dataclass(slots=True)
class Plan:
    """What judging an answer needs: ``kind`` of call, the object's ids, and the call
    that comes after it."""

    kind: str
    origin_id: str = ""
    external_id: str | None = None
    then: Request | None = None


def fields_of(entity, values):
    """``(what Procore is told of an object, problems)``."""
    found, problems = rest_writing.body(_CALLS[entity], values)
    return {n: v for n, v in found.items() if n != "parent_id" or v}, problems


def stage(place, entity, origin_id, code, data, status):
    """Put an object before the approvers, or change what lies before them."""
    update = {
        "item_type": KINDS[entity][0],
        "origin_id": origin_id,
        "origin_code": code,
        "origin_data": None,
        "data": data,
    }
    if status:
        update["status"] = status
    path = place.inside("/staged_records/sync")
    return place.call("PATCH", path, {"updates": [update]})


def sync(place, entity, update):
    """Write an object that Procore knows, or takes without an approver."""
    body = {"company_id": place.company, "updates": [update]}
    if entity == "cost_code":
        body["standard_cost_code_list_id"] = place.code_list
    return place.call("PATCH", f"/{KINDS[entity][1]}/sync", body)


def mark(place, answer):
    """Write back what an object is called in Odoo (``origin_id``)."""
    update = {
        "item_type": answer["item_type"],
        "item_id": int(answer["item_id"]),
        "origin_id": answer["origin_id"],
    }
    path = place.inside("/external_data/sync")
    return place.call("PATCH", path, {"updates": [update]})


def close(place, answer):
    """Close a request detail with success or failure and words."""
    detail = {"status": answer["status"], "messages": answer["messages"]}
    path = place.inside(f"/erp_request_details/{int(answer['detail'])}")
    return place.call("PATCH", path, {"request_detail": detail})


def look(place, plan, entity):
    """Ask whether an object arrived."""
    if plan.kind == "stage":
        path = place.inside(f"/staged_records?{_FILTER}={plan.origin_id}")
    else:
        path = f"/{KINDS[entity][1]}?{_FILTER}={plan.origin_id}"
        path += f"&company_id={place.company}"
        if entity == "cost_code":
            path += f"&standard_cost_code_list_id={place.code_list}"
    return place.call("GET", path)


# ---- answers -------------------------------------------------------------------------


def pace(headers):
    """Seconds that Procore asks us to wait for its next window, None when calls are
    left. ``Retry-After`` goes before; the clock is Procore's own."""
    if str(headers.get("X-Rate-Limit-Remaining", "")).strip() not in ("0", ""):
        return None
    reset = str(headers.get("X-Rate-Limit-Reset") or "").strip()
    if not (reset.isascii() and reset.isdigit() and len(reset) < 12):
        return None
    try:
        now = parsedate_to_datetime(headers.get("Date") or "").timestamp()
    except (TypeError, ValueError, IndexError, OverflowError):
        return None
    return min(max(int(reset) - now, 1.0), 3600.0)


def judge(plan, answer):
    """What an answer means; see the module's first lines."""
    plain = outgoing.judge(answer)
    left = pace(answer.headers)
    if plain.outcome != "delivered":
        if answer.status == 429 and plain.wait is None:
            plain.wait, plain.failing = left, left is None
        if plain.outcome == "refused":
            plain.words = _refused_words(answer)
        return plain
    verdict = _judged(plan, answer)
    if left is not None and verdict.wait is None:
        # the last call of this window: wait for the next before we are refused
        verdict.wait, verdict.overloaded = left, True
    return verdict


def _judged(plan, answer):
    if plan.kind == "close":
        return outgoing.Verdict("delivered")
    body = _read(answer)
    if not isinstance(body, dict) or "entities" not in body:
        return outgoing.Verdict("unknown", "What it answered cannot be read.")
    if errors := body.get("errors"):
        return outgoing.Verdict("refused", f"Procore says: {_said(errors)}")
    entities = body["entities"] if isinstance(body["entities"], list) else []
    entity = entities[0] if len(entities) == 1 else None
    if not isinstance(entity, dict):
        return outgoing.Verdict("unknown", "Its answer does not name the object.")
    if plan.kind == "mark":
        plan.kind = "close"
        return outgoing.Verdict("delivered", then=plan.then)
    if plan.kind == "stage":
        return _staged(entity)
    number = rest_values.plain(entity.get("id"))
    if not isinstance(number, str) or not number:
        return outgoing.Verdict("unknown", "Its answer names no id.")
    if plan.external_id and number != plan.external_id:
        return outgoing.Verdict(
            "refused",
            f"Procore does not know its number {plan.external_id} any more and "
            f"answered with {one_line(number, 40)}. Look at both there.",
        )
    return outgoing.Verdict("delivered", external_id=number)


def _staged(entity):
    if entity.get("status") == "imported":
        return outgoing.Verdict(
            "retry",
            "It has been imported in Procore; its number there comes with the next "
            "fetch.",
            wait=IMPORT_WAIT,
        )
    return outgoing.Verdict("delivered", "It waits for an approver in Procore.")


def judge_look(plan, answer):
    """Whether it arrived."""
    if not 200 <= answer.status < 300:
        return outgoing.Verdict("unknown", f"It answered with status {answer.status}.")
    found = _read(answer)
    if not isinstance(found, list):
        return outgoing.Verdict("unknown", "What it answered cannot be read.")
    mine = [x for x in found if isinstance(x, dict)]
    mine = [x for x in mine if x.get("origin_id") == plan.origin_id]
    if not mine:
        return outgoing.Verdict("retry", "It is not there.")
    number = rest_values.plain(mine[0].get("id")) if plan.kind == "sync" else None
    return outgoing.Verdict("delivered", "It is there.", external_id=number)


def _read(answer):
    try:
        return rest_values.read_answer(answer.body)
    except StrictJsonError:
        return None


def _refused_words(answer):
    body = _read(answer)
    said = body.get("errors") if isinstance(body, dict) else None
    words = f"Procore answered with status {answer.status}"
    return f"{words}: {_said(said)}" if said else f"{words}."


def _said(errors):
    """The sentences among Procore's errors, whatever they are wrapped in."""
    found = []

    def gather(value, name=""):
        if isinstance(value, dict):
            inner = value.get("errors", value)
            if isinstance(inner, dict):
                for key, one in inner.items():
                    gather(one, "" if key == "base" else key)
            else:
                gather(inner)
        elif isinstance(value, list):
            for one in value:
                gather(one, name)
        elif value:
            found.append(f"{name} {value}".strip())

    gather(errors)
    return one_line("; ".join(found) or json.dumps(str(errors)), 250)
