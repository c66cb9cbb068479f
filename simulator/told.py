"""What Odoo tells others: a system that only listens, and the comparison of what it
heard with what stands in Odoo."""

from . import signature
from .receiver import Receiver
from .verification import Verifier

CODE, TITLE = "tradegate", "Tradegate"
DESCRIBES = (
    "Portal of the subcontractors: it is told of vendors, projects and cost codes."
)
#: entity -> (model, field that has to be the same on both sides)
KINDS = {
    "vendor": ("res.partner", "name"),
    "project": ("project.project", "name"),
    "cost_code": ("construction.cost.code", "name"),
}
UNDONE = ("pending", "leased", "retry", "unknown")


def listen(office, company, log, trouble=None):
    """Connect a receiver as an administrator would, and let it listen; returns it."""
    secret = signature.new_secret()
    receiver = Receiver(CODE, log, Verifier([secret]), trouble, keep_bodies=True)
    receiver.start()
    values = {"address": receiver.address}
    system = office.first("construction.sync.system", [("code", "=", CODE)])
    if system is None:
        system = office.call(
            "construction.sync.system",
            "create",
            {
                "name": TITLE,
                "code": CODE,
                "adapter": "canonical",
                "environment": "test",
                "company_id": company,
                "note": f"<p>Simulated. {DESCRIBES}</p>",
                **values,
            },
        )
        office.call(
            "construction.sync.flow",
            "create",
            [
                {
                    "system_id": system, "entity": entity, "direction": "out",
                    "state": "live",
                }
                for entity in KINDS
            ],
        )  # fmt: skip
    else:
        office.call("construction.sync.system", "write", [system], values)
    domain = [("system_id", "=", system)]
    old = office.call("construction.sync.credential", "search", domain)
    if old:
        office.call("construction.sync.credential", "unlink", old)
    office.call(
        "construction.sync.credential",
        "create",
        {"system_id": system, "kind": "hmac", "value": secret},
    )
    office.call("construction.sync.system", "action_go_live", [system])
    return receiver


def on_their_way(office):
    """How many deliveries have not arrived."""
    return office.count("construction.sync.delivery", [("state", "in", UNDONE)])


class Told:
    """Holds what the receiver has heard against what stands in Odoo.

    ``problems`` are sentences, ``lines`` the table, one per kind of record.
    """

    def __init__(self, office, receiver):
        self.office = office
        self.receiver = receiver
        self.problems = []
        self.lines = []

    def run(self):
        heard = self.receiver.objects()
        for entity, (model, field) in KINDS.items():
            self._compare(entity, model, field, heard)
        wrong = {
            name: self.receiver.counts[name]
            for name in ("refused", "other_bytes", "out_of_order")
            if self.receiver.counts[name]
        }
        if wrong:
            self.problems.append(f"{TITLE} heard something wrong: {wrong}")
        return self.problems

    def _compare(self, entity, model, field, heard):
        links = self.office.search_read(
            "construction.sync.binding",
            [("entity", "=", entity), ("res_model", "=", model)],
            ["res_id"],
        )
        told = {int(key[1]): event for key, event in heard.items() if key[0] == entity}
        ids = sorted({link["res_id"] for link in links} | told.keys())
        records = self.office.search_read(
            model,
            [("id", "in", ids), ("active", "in", (True, False))],
            [field, "active"],
        )
        # what was in the library before the day and did not change is no news
        silent = {r["id"] for r in records if entity == "cost_code"} - told.keys()
        same = 0
        for record in records:
            if record["id"] in silent:
                continue
            words = _difference(entity, record, field, told.get(record["id"]))
            same += not words
            self.problems += words
        expected = len(records) - len(silent)
        self.lines.append(
            f"{entity.replace('_', ' '):<13}  told {TITLE} {len(told):>4}  "
            f"the same there {same:>4}  expected {expected:>4}  "
            f"{'ok' if same == expected and expected else 'DIFFERS'}"
        )
        if not expected:
            self.problems.append(f"{TITLE} was told of nothing of kind {entity}")


def _difference(entity, record, field, event):
    name = f"{entity} {record[field]} (id {record['id']})"
    if event is None:
        return [f"{TITLE} was never told of {name}"]
    gone = ".deleted." in event["type"]
    if gone != (not record["active"]):
        return [f"{TITLE} thinks that {name} is {'gone' if gone else 'in use'}"]
    if not gone and event["data"].get(field) != record[field]:
        return [f"{TITLE} calls {name} {event['data'].get(field)!r}"]
    return []
