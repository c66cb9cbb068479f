"""What a caller may read: objects as they stand in Odoo, in canonical words.

A caller sees records of its companies only, and of its projects and vendors when it
is limited to some. Whatever it may not see does not exist for it: the same answer as
for an id that never was.
"""

import base64
import hashlib
import json
from dataclasses import dataclass
from datetime import datetime, timezone

from pydantic_core import PydanticCustomError

from odoo.fields import Domain
from odoo.tools import SQL

from ..schemas.problem import Problem
from ..schemas.times import read_time
from .gateway import Refused


@dataclass(slots=True)
class Page:
    """One page of a list and the cursor of the next, or None."""

    items: list
    next: str | None


def visible(env, who, handler):
    """Domain of the handler's records that the caller may see."""
    target = env[handler._target]
    domain = Domain(handler.export_domain())
    if "company_id" in target._fields:
        domain &= Domain("company_id", "in", [*who.companies, False])
    if who.projects:
        if handler._target == "project.project":
            domain &= Domain("id", "in", list(who.projects))
        elif "project_id" in target._fields:
            domain &= Domain("project_id", "in", list(who.projects))
    if who.vendors and handler._target == "res.partner":
        domain &= Domain("id", "in", list(who.vendors))
    return domain


def one(env, who, entity, system_id, external_id):
    """The object that the caller's system calls ``external_id``, or None."""
    handler = env["construction.sync.handler"]._for(entity)
    bindings = env["construction.sync.binding"].search(
        [
            ("system_id", "=", system_id),
            ("entity", "=", entity),
            ("external_id", "=", external_id),
            ("company_id", "in", [*who.companies, False]),
        ],
        limit=1,
    )
    if not bindings:
        return None
    target = env[handler._target].with_context(active_test=False)
    record = target.search(
        Domain("id", "=", bindings.res_id) & visible(env, who, handler)
    )
    if not record:
        gone = (
            bindings.state == "tombstone"
            and not target.browse(bindings.res_id).exists()
        )
        return (
            _item(bindings, None, None, None)
            if gone and not (who.projects or who.vendors)
            else None
        )
    data = handler.export(record)[0]
    return _item(bindings, record.id, record.write_date, data)


def _item(binding, odoo_id, updated, data):
    deleted = bool(binding) and binding.state == "tombstone"
    return {
        "id": binding.external_id if binding else None,
        "odoo_id": odoo_id,
        "version": (binding.version or None) if binding else None,
        "updated_at": _text(updated),
        "deleted": deleted,
        "data": None if deleted else data,
    }


def _text(moment):
    if not moment:
        return None
    return moment.replace(tzinfo=timezone.utc).isoformat().replace("+00:00", "Z")


def etag(item):
    """Changes when the object changes."""
    text = json.dumps(item["data"], sort_keys=True, default=str)
    seen = f"{item['version']}|{item['deleted']}|{text}"
    return f'"{hashlib.sha256(seen.encode()).hexdigest()[:32]}"'


def page(env, who, entity, system_id, *, limit, after, cursor):
    """Objects in the order of change; a keyset, so that every page costs the same.

    :raises Refused: 400 for a cursor or time that cannot be read
    """
    handler = env["construction.sync.handler"]._for(entity)
    target = env[handler._target].with_context(active_test=False)
    query = target._search(visible(env, who, handler))
    table = SQL.identifier(target._table)
    if cursor:
        moment, last_id = _read_cursor(cursor)
        query.add_where(
            SQL("(%s.write_date, %s.id) > (%s, %s)", table, table, moment, last_id)
        )
    elif after:
        query.add_where(SQL("%s.write_date > %s", table, _read_after(after)))
    query.order = SQL("%s.write_date, %s.id", table, table)
    query.limit = limit + 1
    env.cr.execute(query.select(SQL("%s.id", table), SQL("%s.write_date", table)))
    rows = env.cr.fetchall()
    more = len(rows) > limit
    rows = rows[:limit]
    records = target.browse([row[0] for row in rows])
    links = _links(env, entity, system_id, records.ids)
    items = [
        _item(links.get(record_id), record_id, updated, data)
        for (record_id, updated), data in zip(
            rows, handler.export(records) if rows else (), strict=True
        )
    ]
    return Page(items, _cursor(rows[-1]) if more else None)


def _links(env, entity, system_id, ids):
    found = env["construction.sync.binding"].search(
        [
            ("system_id", "=", system_id),
            ("entity", "=", entity),
            ("res_id", "in", ids),
            ("res_model", "=", env["construction.sync.handler"]._for(entity)._target),
            ("state", "!=", "alias"),
        ],
        order="id",
    )
    return {binding.res_id: binding for binding in found}


def _cursor(row):
    record_id, moment = row
    return (
        base64.urlsafe_b64encode(f"{moment.isoformat()}|{record_id}".encode())
        .decode()
        .rstrip("=")
    )


def _read_cursor(cursor):
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
        moment, _, record_id = text.partition("|")
        number = int(record_id)
        if not 0 <= number < 2**31:
            raise ValueError(record_id)
        return datetime.fromisoformat(moment), number
    except ValueError as error:
        raise Refused(
            Problem(
                "parameter-invalid",
                "The cursor is not one that a page of this list gave.",
                "cursor",
            )
        ) from error


def _read_after(after):
    try:
        return read_time(after).astimezone(timezone.utc).replace(tzinfo=None)
    except PydanticCustomError as error:
        raise Refused(
            Problem(
                "parameter-invalid",
                "Write the time as RFC 3339 with a zone.",
                "updated_after",
            )
        ) from error
