import os
import signal
import time

from odoo import models
from odoo.exceptions import UserError


class TestDocumentHandler(models.AbstractModel):
    _name = "construction.sync.handler.test_document"
    _inherit = "construction.sync.handler"
    _description = "Construction Sync: test document"

    _entity = "test_document"
    _target = "construction.test.document"
    _batch_size = 50
    _waits = frozenset({"test_document"})
    _fills = {
        "number": ("name",),
        "amount": ("amount",),
        "behaviour": ("behaviour",),
        "parent": ("parent_id",),
    }

    def values(self, item):
        values = {}
        if item.sent("number"):
            values["number"] = {"name": item.data.number}
        if item.sent("amount"):
            values["amount"] = {"amount": float(item.data.amount or 0)}
        if item.sent("behaviour"):
            values["behaviour"] = {"behaviour": item.data.behaviour or False}
        if item.sent("parent"):
            values["parent"] = {"parent_id": item.refs.get("/parent", False)}
        return values

    def after(self, items):
        for item in items:
            self._behave(item.data.behaviour or "ok")

    def _behave(self, behaviour):
        if behaviour == "crash":
            os.kill(os.getpid(), signal.SIGKILL)
        elif behaviour == "refuse":
            raise UserError(self.env._("The document was refused."))
        elif behaviour == "fail":
            raise RuntimeError("The document failed.")
        elif behaviour.startswith("slow:"):
            time.sleep(float(behaviour.partition(":")[2]))

    def export(self, records):
        return [
            {
                "number": record.name,
                "amount": f"{record.amount:.2f}",
                "behaviour": record.behaviour or None,
                "parent": {"odoo_id": record.parent_id.id}
                if record.parent_id
                else None,
            }
            for record in records
        ]
