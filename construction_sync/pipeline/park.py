"""Put a cause before a person: open an exception, or add to the one that is open."""

from odoo import fields

from ..schemas.problem import one_line

#: kinds whose cause is a value: all messages that name it are one exception
BY_VALUE = frozenset(
    {
        "reference-unknown", "reference-ambiguous", "value-unmapped",
        "code-inactive", "code-not-postable", "company-unknown", "company-crossed",
        "parent-missing",
    }
)  # fmt: skip
WARNING = frozenset(
    {
        "owner-conflict", "possible-match", "in-use", "delivery-failing",
        "schema-drift", "source-silent", "credential-ending", "database-strained",
    }
)  # fmt: skip


def cause_of(problem, system_id, entity, subject):
    """What makes two problems the same cause.

    Unknown values are one cause per system and value, wherever they are named; what
    the record itself is about is one per object.
    """
    if problem.kind in BY_VALUE and "value" in problem.extra:
        value_kind = problem.extra.get("value_kind", entity)
        return f"{problem.kind}:{system_id}:{value_kind}:{problem.extra['value']}"
    if problem.kind == "unsupported":
        return f"unsupported:{system_id}:{problem.extra.get('event', subject)}"
    return f"{problem.kind}:{system_id}:{entity}:{subject}"


def open_exception(
    env,
    problem,
    *,
    system_id,
    flow_id=None,
    company_id=None,
    entity=None,
    subject="",
    cause=None,
    record=None,
    conflicts=(),
    message_id=None,
):
    """The open exception of this cause, made if there is none; returns the record.

    :param record: ``(model, id)`` of the Odoo record concerned
    :param conflicts: ``pipeline.item.Conflict`` with both values
    """
    exceptions = env["construction.sync.exception"]
    cause = (cause or cause_of(problem, system_id, entity, subject))[:500]
    now = fields.Datetime.now()
    found = exceptions.search(
        [("cause", "=", cause), ("state", "!=", "resolved")], limit=1
    )
    if found:
        found.write({"last_seen": now})
    else:
        before = exceptions.search_count([("cause", "=", cause)], limit=1)
        found = exceptions.create(
            {
                "name": one_line(problem.detail, 500),
                "why": problem.title,
                "remedy": problem.remedy,
                "cause": cause,
                "kind": problem.kind,
                "severity": "2warning" if problem.kind in WARNING else "1danger",
                "system_id": system_id,
                "flow_id": flow_id,
                "company_id": company_id,
                "entity": entity,
                "value_kind": problem.extra.get("value_kind"),
                "value": problem.extra.get("value"),
                "pointer": problem.pointer,
                "res_model": record[0] if record and record[1] else False,
                "res_id": record[1] if record and record[1] else False,
                "partner_id": _still_there(env, record, "res.partner"),
                "project_id": _still_there(env, record, "project.project"),
                "first_seen": now,
                "last_seen": now,
                "reopened": bool(before),
                "suggestion_ids": [
                    (0, 0, _suggestion(env, s))
                    for s in problem.extra.get("suggestions", ())
                ],
                **exceptions._route(problem.kind, company_id),
            }
        )
    if conflicts:
        _note_conflicts(env, found, conflicts, message_id)
    return found


def _still_there(env, record, model):
    """Id for a link to ``model``: the record may have been deleted in Odoo."""
    if not record or record[0] != model:
        return False
    return env[model].browse(record[1]).exists().id


def _suggestion(env, found):
    record = env[found["res_model"]].browse(found["res_id"])
    return {
        "res_model": found["res_model"],
        "res_id": found["res_id"],
        "name": found.get("name") or record.display_name,
        "evidence": found.get("evidence"),
        "score": found.get("score", 0.0),
    }


def _note_conflicts(env, exception, conflicts, message_id):
    """Keep both values of each field; a newer message replaces the outside's."""
    known = {c.field: c for c in exception.conflict_ids}
    for conflict in conflicts:
        values = {
            "source_value": conflict.source,
            "odoo_value": conflict.odoo,
            "message_id": message_id,
        }
        if conflict.field in known:
            known[conflict.field].write(values)
        else:
            env["construction.sync.conflict"].create(
                {
                    "exception_id": exception.id,
                    "field": conflict.field,
                    "label": conflict.label,
                    **values,
                }
            )
