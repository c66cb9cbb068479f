"""A foreign record read by the lines an administrator wrote: no Odoo, no network.

A record is kept as it came; what it means is worked out when it is applied, so that a
corrected line or a mapped value makes sense of what is here already.
"""

import hashlib
from dataclasses import dataclass, field

from ..schemas.canonical import canonical_bytes
from ..schemas.problem import Problem, one_line, shown
from . import rest_values
from .parsed import Parsed
from .rest_expressions import Expression, ExpressionError


@dataclass(frozen=True, slots=True)
class Line:
    """One canonical field and where its value stands.

    ``field`` may have dots (``address.city``). Either ``expression`` or ``constant``.
    ``format`` is a key of ``rest_values.FORMATS`` or "" (as it came, numbers as text).
    ``crosswalk`` names the kind of value mapping, "" for none.
    """

    field: str
    expression: Expression | None = None
    constant: object = None
    format: str = ""
    pattern: str = ""
    crosswalk: str = ""

    @property
    def written(self):
        """How the administrator wrote where the value comes from."""
        if self.expression is None:
            return f"constant {self.constant}"
        return self.expression.text


@dataclass(frozen=True, slots=True)
class Reading:
    """How records of one list are read. ``None`` stands for an expression that is not
    set. ``scope`` must find one of ``scope_values`` in every record (FA-H14)."""

    entity: str
    name: str
    id: Expression
    lines: tuple = ()
    version: Expression | None = None
    time: Expression | None = None
    deleted: Expression | None = None
    title: Expression | None = None
    scope: Expression | None = None
    scope_values: frozenset = field(default_factory=frozenset)


class ForeignRecord(Exception):
    """The record is not meant for us; the message names what it says."""


def identify(reading, record, position):
    """What the record is, as :class:`Parsed` with the record's own bytes.

    A record without a readable id, version or time comes back with a problem and is
    never stored as an object.

    :raises ForeignRecord: when it belongs to somebody else
    """
    at = f"/{position}"
    try:
        _refuse_foreign(reading, record)
        external_id = _id_of(reading.id(record))
        version = _found(reading.version, record, rest_values.version)
        time = _found(reading.time, record, rest_values.moment)
        deleted = bool(_found(reading.deleted, record, rest_values.boolean))
    except (ExpressionError, rest_values.ValueRefused) as error:
        problem = Problem(
            "record-unreadable",
            f"Record {position + 1} of {reading.name} cannot be told apart: {error}",
            at,
        )
        return Parsed(None, "", problems=[problem])
    data, problems = read(reading, record)
    known = data if not problems else {"record": hashlib.sha256(
        rest_values.write_record(record)
    ).hexdigest()}  # fmt: skip
    digest = hashlib.sha256(canonical_bytes([known, deleted])).hexdigest()[:32]
    return Parsed(
        reading.entity,
        f"{reading.entity}:{external_id}:{version or ''}:{digest}",
        external_id,
        title=_title(data, external_id),
        version=version,
        time=time,
        data=data,
        deleted=deleted,
        raw=rest_values.write_record(record),
        problems=problems,
    )


def _refuse_foreign(reading, record):
    if reading.scope is None:
        return
    found = rest_values.plain(reading.scope(record))
    values = found if isinstance(found, list) else [found]
    if not {str(v) for v in values if v is not None} & reading.scope_values:
        raise ForeignRecord(shown(found) if found is not None else "nothing")


def _found(expression, record, convert):
    if expression is None:
        return None
    value = expression(record)
    return None if value is None or value == "" else convert(value)


def _id_of(value):
    value = rest_values.plain(value)
    if value is None or isinstance(value, (bool, dict, list)) or not value.strip():
        raise ExpressionError("it has no id.")
    value = value.strip()
    if len(value) > 255 or not (value.isascii() and value.isprintable()):
        raise ExpressionError(f"its id {shown(value)} is not 1 to 255 plain signs.")
    return value


def _title(data, external_id):
    for name in ("name", "number", "code"):
        if isinstance(data.get(name), str) and data[name]:
            return one_line(data[name], 80)
    return one_line(external_id, 80)


def read(reading, record, crosswalk=None):
    """The record in canonical words: ``(data, problems)``.

    :param crosswalk: ``(kind, value) -> value`` or None when it is not mapped; without
        it values stay as they came
    """
    data, problems = {}, []
    for line in reading.lines:
        try:
            absent, value = _value(line, record)
        except (ExpressionError, rest_values.ValueRefused) as error:
            problems.append(
                _problem(line, f"{line.field} from {line.written}: {error}")
            )
            continue
        if absent:
            continue
        if value is not None and line.crosswalk and crosswalk is not None:
            mapped = crosswalk(line.crosswalk, str(value))
            if mapped is None:
                problems.append(_unmapped(reading, line, value))
                continue
            value = mapped
        _put(data, line.field, value)
    return data, problems


def _value(line, record):
    """``(absent, value)``: what is not there leaves Odoo's value, null clears it."""
    if line.expression is None:
        return False, line.constant
    found = line.expression(record)
    if found is None or found == "":
        return not _stands(line.expression.text, record), None
    if line.format:
        return False, rest_values.FORMATS[line.format](found, line.pattern or None)
    return False, rest_values.plain(found)


def _stands(path, record):
    """Whether the record has the name that a plain path (``a.b``) ends with, even if
    its value is null. Of any other expression nobody can tell."""
    value = record
    for name in path.split("."):
        name = name.strip().strip('"')
        if not isinstance(value, dict) or name not in value:
            return False
        value = value[name]
    return True


def _put(data, path, value):
    *above, last = path.split(".")
    for name in above:
        data = data.setdefault(name, {})
        if not isinstance(data, dict):
            return
    data[last] = value


def _problem(line, detail):
    pointer = "/data/" + line.field.replace(".", "/")
    return Problem("mapping-failed", one_line(detail, 500), pointer)


def _unmapped(reading, line, value):
    return Problem(
        "value-unmapped",
        f"{reading.name} writes {shown(value)} for {line.field}, which has no mapping.",
        "/data/" + line.field.replace(".", "/"),
        extra={"value_kind": line.crosswalk, "value": str(value)[:200]},
    )
