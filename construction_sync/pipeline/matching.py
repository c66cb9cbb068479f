"""Before going live: what a system sends beside what Odoo has, exact keys first."""

from ..schemas.problem import one_line
from . import batch, gateway

LIMIT = 5000

#: likeness (0-100) from which a look-alike is proposed: less, and a person who accepts
#: a whole list links strangers
LIKELY = 85.0


def refresh(env, flow):
    """Fill the flow's list of proposed links from the messages that wait in preview.

    :return: how many outside objects are not linked yet
    """
    env.cr.execute(
        "SELECT max(id) FROM construction_sync_message WHERE flow_id = %s "
        "AND state = 'waiting' AND waits_on = %s GROUP BY external_id LIMIT %s",
        [flow.id, f"preview:{flow.id}", LIMIT],
    )
    ids = [row[0] for row in env.cr.fetchall()]
    # gateway: proposals are computed over all records of the system's companies
    inner = gateway.environment(env.cr, env.uid)
    items = batch.read_items(
        inner, inner["construction.sync.flow"].browse(flow.id), ids
    )
    items = [item for item in items if item.binding is None and item.data is not None]
    handler = inner["construction.sync.handler"]._for(flow.entity)
    found = handler.match(items)
    proposals = inner["construction.sync.match"]
    known = {m.external_id: m for m in proposals.search([("flow_id", "=", flow.id)])}
    rows = []
    for item in items:
        values = _proposal(handler, item, found.get(id(item)))
        row = known.get(item.external_id)
        if row is None:
            rows.append({"flow_id": flow.id, "external_id": item.external_id, **values})
        elif row.state in ("proposed", "unmatched"):
            row.write(values)
    proposals.create(rows)
    return len(items)


def _proposal(handler, item, matches):
    values = {
        "name": one_line(handler.title(item), 80),
        "company_id": item.company.id if item.company else False,
        "exact": False,
        "res_model": False,
        "res_id": False,
        "evidence": False,
        "score": 0.0,
        "state": "unmatched",
    }
    exact = [m for m in matches or () if m.exact]
    match = (exact or list(matches or ()) or [None])[0]
    if match is not None:
        values.update(
            exact=match.exact,
            res_model=handler._target,
            res_id=match.record_id,
            evidence=match.evidence,
            score=100.0 if match.exact else 80.0,
            state="proposed",
        )
        return values
    looks = handler.candidates(handler.title(item), item.company, limit=1)
    if looks and looks[0].get("score", 0.0) >= LIKELY:
        values.update(
            res_model=looks[0]["res_model"],
            res_id=looks[0]["res_id"],
            evidence=looks[0].get("evidence"),
            score=looks[0].get("score", 0.0),
            state="proposed",
        )
    return values
