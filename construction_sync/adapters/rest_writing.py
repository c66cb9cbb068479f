"""A canonical object written as a foreign interface wants it, and its answer judged.

No Odoo, no network: lines say which field of theirs comes from where, limits are those
of the target and are checked before anything is sent.
"""

import json
import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from urllib.parse import quote, urlencode

from ..pipeline import outgoing
from ..schemas.json_faults import StrictJsonError
from ..schemas.problem import Problem, one_line, shown
from . import rest_values
from .rest_expressions import Expression, ExpressionError, compiled
from .rest_fetching import joined

_PLACE = re.compile(r"\{([^{}]{1,200})\}")


@dataclass(frozen=True, slots=True)
class TargetLine:
    """One field of the target.

    ``field`` may have dots and list steps (``updates[].name``). ``max_length`` is in
    characters, ``digits`` and ``decimals`` those of a number before and after the
    point; 0 is no limit, ``decimals`` -1. ``must_match`` is a regular expression that
    the whole text must fit. ``empty`` says what is sent when there is no value:
    ``leave`` the field out, ``null``, or ``refuse``.
    """

    field: str
    label: str = ""
    expression: Expression | None = None
    constant: object = None
    format: str = ""
    pattern: str = ""
    crosswalk: str = ""
    empty: str = "leave"
    max_length: int = 0
    digits: int = 0
    decimals: int = -1
    must_match: str = ""


@dataclass(frozen=True, slots=True)
class SendCall:
    """How one data type is sent; see ``construction.sync.rest.send`` for the words.

    ``calls`` maps ``create``, ``update`` and ``delete`` to ``(method, path)``.
    """

    entity: str
    system: str
    calls: dict
    lines: tuple = ()
    form: bool = False
    success: Expression | None = None
    errors: Expression | None = None
    duplicate: Expression | None = None
    busy: Expression | None = None
    id: Expression | None = None
    key_header: str = "Idempotency-Key"
    probe_path: str = ""
    probe: Expression | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """What judging an answer needs to know, kept with the delivery while it is sent."""

    call: SendCall
    operation: str


def operation(out):
    """``create``, ``update`` or ``delete``."""
    if out.deleted:
        return "delete"
    return "update" if out.external_id else "create"


def context(out, data):
    """What expressions are given: the canonical fields, and ``odoo`` beside them."""
    return {
        **(data or {}),
        "odoo": {
            "id": out.res_id,
            "event": out.uuid,
            "sequence": out.sequence,
            "external_id": out.external_id,
            "deleted": out.deleted,
        },
    }


# ---- writing -------------------------------------------------------------------------


def body(call, values, crosswalk=None):
    """``(object to send, problems)`` for the context ``values``.

    :param crosswalk: ``(kind, value) -> their value`` or None when it is not mapped
    """
    found, problems = {}, []
    for line in call.lines:
        try:
            value = _value(call, line, values, crosswalk)
        except (ExpressionError, rest_values.ValueRefused) as error:
            problems.append(_problem(call, line, str(error)))
            continue
        if value is None:
            if line.empty == "refuse":
                problems.append(
                    _problem(call, line, f"{call.system} needs it and it is empty.")
                )
            if line.empty != "null":
                continue
        else:
            problems += _beyond(call, line, value)
        _put(found, line.field, value)
    return found, problems


def _value(call, line, values, crosswalk):
    value = line.constant if line.expression is None else line.expression(values)
    if value is None or value == "":
        return None
    if line.crosswalk and crosswalk is not None:
        mapped = crosswalk(line.crosswalk, value)
        if mapped is None:
            raise rest_values.ValueRefused(
                f"{_name(value)} has no value mapping for {call.system}. Map it, then "
                "send it again."
            )
        value = mapped
    if isinstance(value, dict) and set(value) == {"odoo_id"}:
        raise rest_values.ValueRefused(
            f"{call.system} does not know what it names yet. Send that first, then "
            "send this again."
        )
    return _formatted(line, value)


def _name(value):
    if isinstance(value, dict):
        value = value.get("code") or value.get("id") or value.get("odoo_id")
    return shown(str(value))


def _formatted(line, value):
    if line.format == "number":
        return Decimal(rest_values.amount(value))
    if line.format == "amount":
        number = Decimal(rest_values.amount(value))
        places = line.decimals if line.decimals >= 0 else 2
        try:
            written = number.quantize(Decimal(1).scaleb(-places))
        except InvalidOperation as error:
            raise rest_values.ValueRefused("the number is too long") from error
        if written != number:
            raise rest_values.ValueRefused(
                f"{number} has more decimals than {places}; nothing is rounded here."
            )
        return format(written, "f")
    if line.format in ("date", "datetime"):
        moment = rest_values.moment(value)
        if line.pattern:
            return moment.strftime(line.pattern)
        return moment.date().isoformat() if line.format == "date" else str(value)
    if line.format == "boolean":
        yes = rest_values.boolean(value)
        if line.pattern:
            return (line.pattern.split("/") + [""])[0 if yes else 1]
        return yes
    if line.format == "text":
        return rest_values.text(value)
    return value


def _beyond(call, line, value):
    """What of the target's limits the value is beyond, each with field and limit."""
    found = []
    if line.max_length and isinstance(value, str) and len(value) > line.max_length:
        found.append(
            f"{call.system} takes at most {line.max_length} characters; "
            f"{shown(value, 80)} has {len(value)}."
        )
    if line.digits or line.decimals >= 0:
        found += _beyond_digits(call, line, value)
    if line.must_match and not re.fullmatch(line.must_match, str(value)[:1_000]):
        found.append(
            f"{call.system} takes only what fits {line.must_match}; "
            f"{shown(value, 80)} does not."
        )
    return [_problem(call, line, words) for words in found]


def _beyond_digits(call, line, value):
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return [f"{call.system} takes a number; {shown(value, 80)} is none."]
    text = format(number.copy_abs(), "f")
    whole, _, fraction = text.partition(".")
    if line.digits and len(whole.lstrip("0")) > line.digits:
        return [
            f"{call.system} takes at most {line.digits} digits; {text} has "
            f"{len(whole)}."
        ]
    if line.decimals >= 0 and len(fraction.rstrip("0")) > line.decimals:
        return [
            f"{call.system} takes at most {line.decimals} decimals; {text} has "
            f"{len(fraction)}."
        ]
    return []


def _problem(call, line, words):
    name = f"{line.label} ({line.field})" if line.label else line.field
    return Problem(
        "field-limit",
        f"{name}: {words}",
        "/" + line.field.replace("[]", "/0").replace(".", "/"),
    )


def _put(found, path, value):
    """``value`` at a dotted path; ``name[]`` is a list with one element."""
    *above, last = path.split(".")
    for step in above:
        if step.endswith("[]"):
            found = found.setdefault(step[:-2], [{}])[0]
        else:
            found = found.setdefault(step, {})
    if last.endswith("[]"):
        found[last[:-2]] = [value]
    else:
        found[last] = value


def path(call, name, values):
    """``(method, path)`` of an operation with its places filled in, or None when the
    target has no such call.

    :raises ExpressionError: when a place has no value
    """
    method, template = call.calls.get(name) or (None, None)
    if not template:
        return None

    def fill(match):
        place = match[1].strip()
        source = "odoo.external_id" if place == "id" else place
        value = rest_values.plain(compiled(source)(values))
        if value is None or isinstance(value, (dict, list)) or value == "":
            raise ExpressionError(f"{{{place}}} in {template} has no value.")
        return quote(str(value), safe="")

    return method, _PLACE.sub(fill, template)


def encoded(call, found):
    """``(content type, bytes)`` of what is sent."""
    if call.form:
        flat = {
            name: json.dumps(value) if isinstance(value, (dict, list)) else value
            for name, value in found.items()
        }
        return "application/x-www-form-urlencoded", urlencode(flat).encode()
    return "application/json", rest_values.write_record(found)


def url(address, found_path):
    """Where a call goes: the system's address and the path."""
    return joined(address, found_path)


# ---- judging -------------------------------------------------------------------------


def judge(plan, answer):
    """What an answer means by the rules of the form (FA-H07, FA-H12).

    A rule sees ``{status, headers, body}``. In this order: a duplicate is there
    already and counts as delivered; busy is tried again; the success rule decides
    (2xx when there is none); errors inside a success refuse the content. A success
    whose body should tell something and cannot be read may or may not have been taken.
    """
    call = plan.call
    plain = outgoing.judge(answer)
    rules = (call.success, call.errors, call.duplicate, call.busy)
    needs_body = any(rules) or (call.id is not None and plan.operation == "create")
    try:
        read = rest_values.read_answer(answer.body) if answer.body.strip() else None
    except StrictJsonError:
        if plain.outcome == "delivered" and needs_body:
            return outgoing.Verdict(
                "unknown", f"It answered with status {answer.status}; the rest of the "
                "answer cannot be read."
            )  # fmt: skip
        read = None
    seen = {
        "status": answer.status,
        "headers": {str(n).lower(): str(v) for n, v in answer.headers.items()},
        "body": read,
    }
    try:
        return _judged(call, plain, seen)
    except ExpressionError as error:
        return outgoing.Verdict(
            "unknown", f"A rule of the form does not fit the answer: {error}"
        )


def _judged(call, plain, seen):
    status = seen["status"]
    if call.duplicate is not None and call.duplicate(seen):
        return outgoing.Verdict(
            "delivered", "It was there already.", external_id=_new_id(call, seen)
        )
    if call.busy is not None and call.busy(seen):
        words = f"It asks us to try later ({status})."
        return outgoing.Verdict("retry", words, wait=plain.wait)
    if call.success is not None and plain.outcome in ("delivered", "refused"):
        if not call.success(seen):
            return outgoing.Verdict("refused", _words(call, seen))
    elif plain.outcome != "delivered":
        if plain.outcome == "refused":
            plain.words = _words(call, seen)
        return plain
    if call.errors is not None and call.errors(seen):
        return outgoing.Verdict("refused", _words(call, seen))
    return outgoing.Verdict("delivered", external_id=_new_id(call, seen))


def _words(call, seen):
    """What the target itself says is wrong, where the form says that it stands."""
    words = f"It answered with status {seen['status']}"
    found = call.errors(seen) if call.errors is not None else None
    if not found:
        return f"{words}."
    if isinstance(found, (dict, list)):
        found = rest_values.write_record(found).decode()
    return f"{words}: {one_line(rest_values.plain(found), 200)}"


def _new_id(call, seen):
    found = rest_values.plain(call.id(seen)) if call.id is not None else None
    if found is None or isinstance(found, (bool, dict, list)) or found == "":
        return None
    return found[:255]


def judge_probe(plan, answer):
    """Whether a delivery of which nobody knew is there: the probe's expression finds
    its id (or true) when it is."""
    if answer.status == 404:
        return outgoing.Verdict("retry", "It is not there.")
    if not 200 <= answer.status < 300:
        return outgoing.Verdict("unknown", f"It answered with status {answer.status}.")
    try:
        read = rest_values.read_answer(answer.body) if answer.body.strip() else None
        found = plan.call.probe({"status": answer.status, "body": read})
    except (StrictJsonError, ExpressionError) as error:
        return outgoing.Verdict("unknown", one_line(error, 200))
    if not found:
        return outgoing.Verdict("retry", "It is not there.")
    found = rest_values.plain(found)
    known = found if isinstance(found, str) else None
    return outgoing.Verdict("delivered", "It is there.", external_id=known)


def probe_request(call, values):
    """Path of the call that asks for a delivery, or None."""
    if not call.probe_path or call.probe is None:
        return None
    probing = SendCall(call.entity, call.system, {"probe": ("GET", call.probe_path)})
    return path(probing, "probe", values)
