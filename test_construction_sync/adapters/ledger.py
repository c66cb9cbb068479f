import json

from odoo import models

from odoo.addons.construction_sync.pipeline import outgoing
from odoo.addons.construction_sync.pipeline.transport import Request


class LedgerAdapter(models.AbstractModel):
    """A ledger that books whatever it is sent, as often as it is sent: it does not
    know a second from a first, but can be asked. Addresses that end in ``/mute``
    cannot be asked either."""

    _name = "construction.sync.adapter.test_ledger"
    _inherit = "construction.sync.adapter"
    _description = "Test ledger"
    _repeatable = False
    _sends = True

    def request(self, out):
        body = json.dumps({"reference": out.uuid, **(out.data or {})}).encode()
        if len(str((out.data or {}).get("number", ""))) > 20:
            raise outgoing.not_sendable(
                f"The number of {out.data['number'][:10]}… has more than the 20 signs "
                f"that the ledger takes. Shorten it.",
                "/number",
                subject=f"{out.entity}:{out.res_id}",
            )
        return Request(
            "POST",
            out.address,
            {"Content-Type": "application/json"},
            body,
            timeout=out.timeout,
        )

    def judge(self, out, answer):
        verdict = outgoing.judge(answer)
        if verdict.outcome == "delivered":
            verdict.external_id = json.loads(answer.body or b"{}").get("id")
        return verdict

    def probe(self, out):
        if out.address.endswith("/mute"):
            return None
        return Request("GET", f"{out.address}/{out.uuid}", timeout=out.timeout)

    def judge_probe(self, out, answer):
        if answer.status == 200:
            found = json.loads(answer.body or b"{}").get("id")
            return outgoing.Verdict("delivered", external_id=found)
        if answer.status == 404:
            return outgoing.Verdict("retry", "It is not there.")
        return outgoing.Verdict("unknown", f"Asked, it answered {answer.status}.")
