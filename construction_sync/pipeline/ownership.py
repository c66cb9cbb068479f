"""Who wins (DESIGN R10): not whoever wrote last, but the one who leads the field.

Also decides whether an outside object that has no link yet is a record that is
already there.
"""

from odoo.tools import float_compare

from ..schemas.problem import Problem
from .item import Conflict

#: identity, not value: a caller over RPC can send any value, but never this object
_TOKEN = object()
CONTEXT_KEY = "construction_sync_token"


def apply_context():
    """Context in which the backbone writes; the lock on led fields lets it pass."""
    return {CONTEXT_KEY: _TOKEN}


def applying(env):
    """Whether ``env`` is the backbone's own."""
    return env.context.get(CONTEXT_KEY) is _TOKEN


def differs(record, name, value):
    """Whether writing ``value`` to field ``name`` would change ``record``.

    x2many values are compared when they replace the whole list (``Command.set`` or
    ``Command.clear``); other commands count as a change.
    """
    field = record._fields[name]
    current = record[name]
    if field.type in ("many2many", "one2many"):
        wanted = set()
        for command in value or []:
            if command[0] == 6:
                wanted = set(command[2])
            elif command[0] == 5:
                wanted = set()
            else:
                return True
        return set(current.ids) != wanted
    if field.type == "many2one":
        return current.id != (value or False)
    if field.type in ("float", "monetary"):
        digits = field.get_digits(record.env) if field.type == "float" else None
        places = digits[1] if digits else 6
        return float_compare(current or 0.0, float(value or 0), places) != 0
    if field.type in ("char", "text", "html", "selection"):
        return (current or "") != (value or "")
    return field.convert_to_cache(value, record, validate=False) != (
        field.convert_to_cache(current, record, validate=False)
    )


def shown(record, name):
    """The value of a field as a person reads it."""
    field = record._fields[name]
    value = record[name]
    if field.relational:
        return ", ".join(value.mapped("display_name"))
    if value is False or value is None:
        return ""
    if field.type == "selection":
        return dict(field._description_selection(record.env)).get(value, value)
    return str(value)


def compare(handler, items):
    """Set ``changes`` and ``conflicts`` of items that have a record already.

    A record that was deleted or archived in Odoo is a problem, never re-created
    (FA-D17).
    """
    if not items:
        return
    target = handler.env[handler._target].with_context(active_test=False)
    records = target.browse([item.record_id for item in items])
    alive = set(records.exists().ids)
    archivable = "active" in target._fields
    for item, record in zip(items, records, strict=True):
        if record.id not in alive:
            item.fail(_gone(handler, item, "deleted"))
        elif archivable and not record.active:
            if item.binding is not None and item.binding.state == "tombstone":
                item.changes["active"] = True
                _compare_one(handler, item, record)
            else:
                item.fail(_gone(handler, item, "archived"))
        else:
            _compare_one(handler, item, record)


def _gone(handler, item, how):
    return Problem(
        "record-removed",
        f"{handler.title(item)} was {how} in Odoo, but {item.system.name} still "
        f"changes it.",
        extra={"subject": item.external_id},
    )


def _compare_one(handler, item, record):
    for canonical, values in handler.values(item).items():
        changed = {n: v for n, v in values.items() if differs(record, n, v)}
        if not changed:
            continue
        if (
            item.flow._owner_of(canonical) == "odoo"
            and canonical not in item.forced
            and item.binding is not None
        ):
            item.conflicts.append(
                Conflict(
                    field=canonical,
                    label=", ".join(
                        record._fields[n]._description_string(record.env)
                        for n in changed
                    ),
                    source=_sent_text(item, canonical, changed),
                    odoo=", ".join(filter(None, (shown(record, n) for n in changed))),
                )
            )
            continue
        for name in changed:
            item.before[name] = shown(record, name)
        item.changes.update(changed)


def _sent_text(item, canonical, changed):
    """What the outside wants, as a person reads it."""
    value = getattr(item.data, canonical, None)
    if value is None or isinstance(value, (str, int, bool)):
        return "" if value is None else str(value)
    texts = [str(v) for v in changed.values() if isinstance(v, (str, int, float))]
    return ", ".join(texts) or str(value)


def link_or_ask(handler, items):
    """Find the records that unlinked items already are.

    One exact match and a flow that links: linked, with the evidence kept. Anything
    less sure is put before a person (R11); a decision "create it" is remembered in
    the list of proposed links.
    """
    if not items:
        return
    found = handler.match(items)
    if not found:
        return
    doubtful = [item for item in items if found.get(id(item))]
    decided = _decided_new(handler, doubtful)
    taken = _taken(handler, [m for i in doubtful for m in found[id(i)]], doubtful)
    for item in doubtful:
        matches = found[id(item)]
        exact = {m.record_id: m for m in matches if m.exact}
        if item.external_id in decided and not exact:
            continue
        if len(exact) == 1:
            match = next(iter(exact.values()))
            if match.record_id in taken:
                item.fail(_ask(handler, item, matches, "already-linked"))
                continue
            if item.flow.link_policy == "link":
                item.record_id = match.record_id
                item.linked_by = match.evidence
                continue
        if item.external_id not in decided:
            item.fail(_ask(handler, item, matches, "possible-match"))


def _ask(handler, item, matches, kind):
    match = matches[0]
    name = handler.env[handler._target].browse(match.record_id).display_name
    return Problem(
        kind,
        f"{handler.title(item)} from {item.system.name} may be {name}, which is "
        f"already here: {match.evidence}.",
        extra={
            "subject": item.external_id,
            "suggestions": [
                {
                    "res_model": handler._target,
                    "res_id": m.record_id,
                    "evidence": m.evidence,
                    "score": 100.0 if m.exact else 80.0,
                }
                for m in matches
            ],
        },
    )


def _decided_new(handler, items):
    if not items:
        return set()
    rows = handler.env["construction.sync.match"].search(
        [
            ("flow_id", "=", items[0].flow.id),
            ("external_id", "in", [i.external_id for i in items]),
            ("state", "=", "new"),
        ]
    )
    return set(rows.mapped("external_id"))


def _taken(handler, matches, items):
    """Matched records that another object of the same system is linked to."""
    if not matches:
        return set()
    bindings = handler.env["construction.sync.binding"].search(
        [
            ("system_id", "=", items[0].system.id),
            ("entity", "=", handler._entity),
            ("res_id", "in", [m.record_id for m in matches]),
            ("state", "=", "linked"),
        ]
    )
    return set(bindings.mapped("res_id"))
