"""Two objects of one batch that would become the same record."""

from ..schemas.problem import Problem, shown


def create_once(handler, items, key_of, create, evidence):
    """Create each new record once, although a batch may name it twice.

    The later object is refused with a proposal to link it, exactly as if the first
    had arrived in an earlier batch.

    :param key_of: function of an item giving its natural key, or None
    :param create: function of the items to create, giving their ids in order
    :param evidence: what is the same ("the same code")
    :return: ids for all ``items``, in order
    """
    firsts, later, seen = [], {}, {}
    for item in items:
        key = key_of(item)
        if key is not None and key in seen:
            later[id(item)] = seen[key]
            continue
        firsts.append(item)
        if key is not None:
            seen[key] = item
    created = zip(firsts, create(firsts), strict=True)
    ids = {id(item): record_id for item, record_id in created}
    for item in items:
        if first := later.get(id(item)):
            ids[id(item)] = ids[id(first)]
            _refuse(handler, item, first, ids[id(first)], evidence)
    return [ids[id(item)] for item in items]


def _refuse(handler, item, first, record_id, evidence):
    item.fail(
        Problem(
            "already-linked",
            f"{handler.title(item)} from {item.system.name} has {evidence} as "
            f"{handler.title(first)}, which was sent as {shown(first.external_id)}.",
            extra={
                "subject": item.external_id,
                "suggestions": [
                    {
                        "res_model": handler._target,
                        "res_id": record_id,
                        "evidence": evidence,
                        "score": 100.0,
                    }
                ],
            },
        )
    )
