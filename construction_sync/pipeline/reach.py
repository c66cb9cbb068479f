"""What a caller that is limited to some projects or vendors may change.

Asked at the door, so that what is out of reach is never stored, and answered as for an
object that never was: whether it exists for others is not told (FA-J01).
"""

from . import reading


def beyond(env, who, entity, system_id, objects):
    """External ids that the caller may not change.

    :param objects: ``{external id: canonical model or None}``
    """
    if not (who.projects or who.vendors):
        return set()
    handler = env["construction.sync.handler"]._for(entity)
    target = env[handler._target] if handler is not None and handler._target else None
    if target is None or not _concerned(who, target):
        return set()
    bindings = env["construction.sync.binding"].search(
        [
            ("system_id", "=", system_id),
            ("entity", "=", entity),
            ("external_id", "in", list(objects)),
        ]
    )
    domain = reading.visible(env, who, handler) & reading.Domain(
        "id", "in", bindings.mapped("res_id")
    )
    seen = set(target.with_context(active_test=False).search(domain).ids)
    bound = {b.external_id: b.res_id in seen for b in bindings}
    return {
        external_id
        for external_id, data in objects.items()
        if not (
            bound.get(external_id, _new_in(target))
            and _stays(env, who, system_id, target, data, external_id in bound)
        )
    }


def _concerned(who, target):
    if target._name == "res.partner":
        return bool(who.vendors)
    return bool(who.projects) and (
        target._name == "project.project" or "project_id" in target._fields
    )


def _new_in(target):
    """Whether an object that is not linked yet may be inside the limits: a new
    project or vendor never is, a part of a project may be."""
    return target._name not in ("project.project", "res.partner")


def _stays(env, who, system_id, target, data, bound):
    """Whether what is sent keeps the object inside the limits."""
    if target._name == "res.partner":
        return getattr(data, "merged_into", None) is None
    if target._name == "project.project":
        return True
    named = getattr(data, "project", None)
    if named is None:
        return bound
    if named.odoo_id is not None:
        return named.odoo_id in who.projects
    if named.id is None or named.system is not None:
        return False
    found = env["construction.sync.binding"].search(
        [
            ("system_id", "=", system_id),
            ("entity", "=", "project"),
            ("external_id", "=", named.id),
        ]
    )
    return bool(found) and set(found.mapped("res_id")) <= set(who.projects)
