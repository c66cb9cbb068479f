"""What a person's decision does: remember it, then let the messages through the gate.

A decision never applies a message by itself (but for a conflict's field): it changes
what the gate will find, and sets the messages going again.
"""

from odoo import fields
from odoo.exceptions import UserError
from odoo.fields import Domain

from . import audit, batch, gateway, intervention, outcome, rows

MAPPABLE = ("reference-unknown", "reference-ambiguous", "value-unmapped",
            "code-inactive", "code-not-postable", "parent-missing")  # fmt: skip


def map_to(exception, target, note):
    """Keep what the unknown value means, and replay everything it held up."""
    env = exception.env
    if exception.kind == "company-unknown":
        env["construction.sync.system.company"].create(
            {
                "system_id": exception.system_id.id,
                "code": exception.value,
                "company_id": target.id,
            }
        )
    else:
        crosswalks = env["construction.sync.crosswalk"]
        kinds = crosswalks._kinds()
        if exception.value_kind not in kinds or not exception.value:
            raise UserError(
                env._(
                    "%(name)s is not about a value that can be mapped. Retry it or "
                    "discard it instead.",
                    name=exception.name,
                )
            )
        line = crosswalks._lookup(
            exception.system_id, exception.value_kind, [exception.value]
        ).get(exception.value)
        values = (
            {"target": f"{target._name},{target.id}"}
            if kinds[exception.value_kind][1]
            else {"target_value": target}
        )
        values["note"] = note or env._("Chosen by %(user)s", user=env.user.name)
        if line:
            line.write(values)
        else:
            crosswalks.create(
                {
                    "system_id": exception.system_id.id,
                    "kind": exception.value_kind,
                    "source_value": exception.value,
                    **values,
                }
            )
    name = target.display_name if hasattr(target, "display_name") else target
    return _go_on(exception, "mapped", env._("Mapped to %(name)s", name=name))


def link_to(exception, record):
    """The outside object is this record: link it and go on.

    When the record is linked to another object of the system already, the new link is
    an alias: what names it lands on the record, what it says of itself does not count.
    """
    env = exception.env
    flow = exception.flow_id
    # gateway: links are written by the backbone only; the decision was checked above
    bindings = env["construction.sync.binding"].sudo()
    message = exception.message_line_ids[:1]
    if not message:
        raise UserError(
            env._("%(name)s holds no message to link.", name=exception.name)
        )
    handler = env["construction.sync.handler"]._for(flow.entity)
    taken = bindings.search_count(
        [
            ("system_id", "=", flow.system_id.id),
            ("entity", "=", flow.entity),
            ("res_id", "=", record.id),
            ("state", "=", "linked"),
        ],
        limit=1,
    )
    _bind(
        bindings,
        flow,
        handler,
        message.external_id,
        exception.company_id if handler._per_company else False,
        record.id,
        "alias" if taken else "linked",
        env._("Linked by %(user)s", user=env.user.name),
    )
    return _go_on(
        exception, "linked", env._("Linked to %(name)s", name=record.display_name)
    )


def _bind(bindings, flow, handler, external_id, company, record_id, state, why):
    now = fields.Datetime.now()
    found = bindings.search(
        [
            ("system_id", "=", flow.system_id.id),
            ("entity", "=", flow.entity),
            ("external_id", "=", external_id),
            ("company_id", "=", company.id if company else False),
        ]
    )
    values = {"res_id": record_id, "state": state, "linked_by": why, "last_seen": now}
    if found:
        found.write({**values, "content_hash": False})
        return found
    return bindings.create(
        {
            **values,
            "system_id": flow.system_id.id,
            "entity": flow.entity,
            "external_id": external_id,
            "company_id": company.id if company else False,
            "res_model": handler._target,
            "first_seen": now,
        }
    )


def create_new(exception):
    """It only looks alike: remember that it is new, and go on."""
    env = exception.env
    # gateway: the decision was checked above; the list of proposals is the backbone's
    matches = env["construction.sync.match"].sudo()
    for message in exception.message_line_ids:
        known = matches.search(
            [
                ("flow_id", "=", message.flow_id.id),
                ("external_id", "=", message.external_id),
            ]
        )
        if known:
            known.state = "new"
        else:
            matches.create(
                {
                    "flow_id": message.flow_id.id,
                    "external_id": message.external_id,
                    "name": message.title,
                    "state": "new",
                }
            )
    return _go_on(exception, "linked", env._("Created as a new record"))


def bind_matches(matches):
    """Link accepted proposals before anything is created (go-live)."""
    # gateway: links are written by the backbone only; the right was checked before
    bindings = matches.env["construction.sync.binding"].sudo()
    for row in matches:
        handler = matches.env["construction.sync.handler"]._for(row.flow_id.entity)
        _bind(
            bindings,
            row.flow_id,
            handler,
            row.external_id,
            row.company_id if handler._per_company else False,
            row.res_id,
            "linked",
            row.evidence,
        )


def take_source(exception):
    """Write the outside's values of the fields in conflict, now."""
    env = exception.env
    for message_id in set(exception.conflict_ids.mapped("message_id")):
        conflicts = exception.conflict_ids.filtered(
            lambda c, m=message_id: c.message_id == m
        )
        found = rows.read_rows(env.cr, [message_id])
        # gateway: the outside's value is written by the backbone, with its lock open
        inner = gateway.environment(env.cr, env.uid)
        flow = inner["construction.sync.flow"].browse(exception.flow_id.id)
        row = batch.decided(inner, flow, found[0], conflicts.mapped("field"))
        if row.problems:
            raise UserError(row.problems[0].detail)
    exception.conflict_ids.write({"decided": "source"})
    return _settle(exception, "source", env._("Took the outside's value"))


def accept_version(exception):
    """The source has started counting again, or means what it sent last: forget which
    version stood, so that the messages held apply as they come."""
    env = exception.env
    # gateway: links are written by the backbone only; the decision was checked above
    bindings = env["construction.sync.binding"].sudo()
    for message in exception.message_line_ids:
        bindings.search(
            [
                ("system_id", "=", message.system_id.id),
                ("entity", "=", message.entity),
                ("external_id", "=", message.external_id),
                ("company_id", "in", (message.company_id.id, False)),
            ]
        ).write({"version": False, "content_hash": False, "event_time": False})
    return _go_on(exception, "source", env._("Took it as the state that counts"))


def keep_odoo(exception):
    """Keep Odoo's values; the same difference is not asked again."""
    exception.conflict_ids.write({"decided": "odoo"})
    return _settle(exception, "odoo", exception.env._("Kept Odoo's value"))


def _settle(exception, resolution, reason):
    exception._close(resolution, reason)
    journal = audit.Journal(exception.env)
    changes = {
        c.label or c.field: [c.odoo_value or "", c.source_value or ""]
        for c in exception.conflict_ids
    }
    journal.note(
        f"exception:{exception.id}",
        "decided",
        system_id=exception.system_id.id,
        company_id=exception.company_id.id,
        record=(exception.res_model, exception.res_id) if exception.res_id else None,
        reason=reason,
        changes=changes if resolution == "source" else None,
    )
    journal.flush()
    return len(exception.conflict_ids)


def _go_on(exception, resolution, reason):
    count = intervention.replay(exception.env, exception.message_line_ids)
    _settle(exception, resolution, reason)
    return count


def plan(exceptions):
    """What a retry would do: ``{"run", "stuck", "done", "total"}`` messages."""
    counts = {"run": 0, "stuck": 0, "done": 0, "total": 0}
    crosswalks = exceptions.env["construction.sync.crosswalk"]
    for exception in exceptions:
        stuck = bool(
            exception.kind in MAPPABLE
            and exception.value
            and exception.value
            not in crosswalks._lookup(
                exception.system_id, exception.value_kind, [exception.value]
            )
            and not _arrived(exception)
        )
        for message in exception.message_line_ids:
            counts["total"] += 1
            if message.state in outcome.FINAL:
                counts["done"] += 1
            else:
                counts["stuck" if stuck else "run"] += 1
    return counts


def _arrived(exception):
    """Whether what was unknown has been linked or coded meanwhile."""
    env = exception.env
    if env["construction.sync.binding"].search_count(
        Domain("system_id", "=", exception.system_id.id)
        & Domain("entity", "=", exception.value_kind)
        & Domain("external_id", "=", exception.value)
        & Domain("state", "!=", "tombstone"),
        limit=1,
    ):
        return True
    handler = env["construction.sync.handler"]._for(exception.value_kind)
    if handler is None or not handler._code_reference:
        return False
    return bool(handler.resolve_codes({(exception.value, None)}, exception.company_id))
