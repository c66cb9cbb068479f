"""Write the links of what a batch applied: new ones and what the gate compares with."""

from odoo.tools import SQL

from .columns import arrays


def items_of(rows):
    """Distinct items of applied rows."""
    return list(
        {
            id(row.item): row.item
            for row in rows
            if row.state == "applied" and row.item is not None
        }.values()
    )


def record(env, flow, handler, rows):
    """Insert and update links of what was applied; returns ids that are new."""
    if handler is None or not handler._target or handler._raw:
        return []
    new, old = {}, {}
    for item in items_of(rows):
        if item.record_id is None:
            continue
        # an object whose messages were applied one by one has several items
        key = (item.external_id, item.company.id if item.company else None)
        group = old if item.binding is not None else new
        if key in group:
            item.rows = group[key].rows + item.rows
            item.linked_by = item.linked_by or group[key].linked_by
        group[key] = item
    new, old = list(new.values()), list(old.values())
    if new:
        _insert_bindings(env, flow, handler, new)
    if old:
        _update_bindings(env, old)
    return [
        i.external_id
        for i in new + [i for i in old if i.binding.state == "tombstone"]
        if not i.deleted
    ]


def _facts(item):
    """What the version gate will compare with."""
    last = item.rows[-1]
    version = next((r.version for r in reversed(item.rows) if r.version), None)
    if version is None and item.binding is not None and item.binding.version:
        version = item.binding.version
    state = "tombstone" if item.deleted else "alias" if item.alias_of else "linked"
    return (
        str(version) if version is not None else None,
        item.content_hash,
        last.made_at,
        last.id,
        state,
    )


def _insert_bindings(env, flow, handler, items):
    rows = [
        (
            i.company.id if i.company else None, i.external_id,
            i.alias_of or i.record_id, *_facts(i), i.linked_by or None,
        )
        for i in items
    ]  # fmt: skip
    kinds = ("int", "text", "int", "text", "text", "timestamp", "int", "text", "text")
    env.cr.execute(
        SQL(
            """
            INSERT INTO construction_sync_binding
                   (system_id, entity, res_model, first_seen, last_seen,
                    company_id, external_id, res_id, version, content_hash,
                    event_time, last_message_id, state, linked_by)
            SELECT %s, %s, %s, now() AT TIME ZONE 'UTC', now() AT TIME ZONE 'UTC', u.*
              FROM unnest(%s) u
            """,
            flow.system_id.id,
            flow.entity,
            handler._target,
            arrays(rows, kinds),
        )
    )


def _update_bindings(env, items):
    rows = [(i.binding.id, i.alias_of or i.record_id, *_facts(i)) for i in items]
    kinds = ("int", "int", "text", "text", "timestamp", "int", "text")
    env.cr.execute(
        SQL(
            """
            UPDATE construction_sync_binding b
               SET res_id = u.res_id, version = u.version,
                   content_hash = u.content_hash, event_time = u.event_time,
                   last_message_id = u.last_message_id, state = u.state,
                   last_seen = now() AT TIME ZONE 'UTC'
              FROM unnest(%s) u (id, res_id, version, content_hash, event_time,
                                 last_message_id, state)
             WHERE b.id = u.id
            """,
            arrays(rows, kinds),
        )
    )
