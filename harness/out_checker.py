"""The checker of the way out: did every system hear what it was to hear, once?

It reads the receive log of the simulator (``harness.receiver``) and rows of the
database (``harness.out_standing``), and knows the rules only from the promises:

lost          an event that a subscribed system was never told, or a delivery that is
              called delivered and that the receiver never took
doubled       one change of one object under two ids, two deliveries of one event to
              one system, more arrivals than tries that were committed before
out_of_order  a later change of an object before the earlier one was taken (strict)
other         other bytes on a later try, somebody told who was not to be told, a
              delivery in no defined state or left lying, a result of a worker that
              had lost its lease and was believed all the same
"""

from collections import Counter, defaultdict
from dataclasses import dataclass, field

from harness.checker import Verdict

STATES = frozenset(
    {
        "pending", "leased", "delivered", "retry", "unknown", "held", "dead",
        "cancelled",
    }
)  # fmt: skip
#: the end of every way; what lies elsewhere when all is quiet was forgotten
FINAL = frozenset({"delivered", "dead", "cancelled", "held"})


@dataclass(frozen=True)
class Receipt:
    """One arrival at the receiver.

    :param system: code of the system whose address it came to
    :param id: webhook-id
    :param sha256: of the body as it came
    :param taken: the receiver let it take effect (it may have lost its answer since)
    :param entity, object, sequence: what the body says it is about, and its place
    :param value: the name that the body gives the object
    """

    at: float
    system: str
    id: str
    sha256: str
    taken: bool
    entity: str = ""
    object: str = ""
    sequence: int = 0
    value: str | None = None


@dataclass
class OutStanding:
    """What the database says of the way out.

    :param subscribers: ``{system id: (code, entities)}`` of those that listened the
        whole time
    :param events: dicts with id, uuid, entity, res_id, company_id, sequence, deleted,
        origin_id, of that time
    :param deliveries: dicts with id, event_id, system_id, state, sha256, attempts,
        exception_id, replayed
    :param attempts: dicts with id, delivery_id, number, outcome, started, ended
    :param values: ``{(entity, record id): name}`` of the records as they stand; None
        for one that is archived
    :param exceptions: ``{id: state}``
    """

    subscribers: dict = field(default_factory=dict)
    events: list = field(default_factory=list)
    deliveries: list = field(default_factory=list)
    attempts: list = field(default_factory=list)
    values: dict = field(default_factory=dict)
    exceptions: dict = field(default_factory=dict)


@dataclass
class Expected:
    """What a scenario knows of its receiver.

    :param strict: changes of one object come one after the other
    :param dead: systems whose deliveries may stand before a person
    :param unfinished: systems whose deliveries may still be on their way
    """

    strict: bool = True
    dead: frozenset = frozenset()
    unfinished: frozenset = frozenset()


def check(receipts, standing, expected=None):
    """Compare a receive log with an OutStanding; returns a Verdict."""
    return _Check(receipts, standing, expected or Expected()).run()


class _Check:
    def __init__(self, receipts, standing, expected):
        self.standing = standing
        self.expected = expected
        self.receipts = sorted(receipts, key=lambda receipt: receipt.at)
        self.verdict = Verdict()
        self.code = {i: code for i, (code, _e) in standing.subscribers.items()}
        self.number = {code: i for i, code in self.code.items()}
        self.events = {event["id"]: event for event in standing.events}
        self.by_uuid = {event["uuid"]: event for event in standing.events}
        self.deliveries = {d["id"]: d for d in standing.deliveries}
        self.to = defaultdict(list)
        for delivery in standing.deliveries:
            self.to[delivery["event_id"], delivery["system_id"]].append(delivery)
        self.arrived = defaultdict(list)
        for receipt in self.receipts:
            self.arrived[receipt.system, receipt.id].append(receipt)
        self.tries = defaultdict(list)
        for attempt in standing.attempts:
            self.tries[attempt["delivery_id"]].append(attempt)

    def run(self):
        self._published()
        self._states()
        self._arrivals()
        self._order()
        self._fence()
        self._last_words()
        self.verdict.messages = len(self.standing.deliveries)
        return self.verdict

    def _name(self, delivery):
        event = self.events.get(delivery["event_id"])
        what = f"{event['uuid']}" if event else f"event {delivery['event_id']}"
        return f"{what} to {self.code.get(delivery['system_id'], '?')}"

    # ---- what had to be told ---------------------------------------------------------

    def _published(self):
        """One delivery for each event and system that listened."""
        places = Counter(
            (e["entity"], e["res_id"], e["sequence"]) for e in self.standing.events
        )
        for place, times in places.items():
            if times > 1:
                self.verdict.doubled.append(f"{place} was published {times} times")
        for event in self.standing.events:
            for system_id, (code, entities) in self.standing.subscribers.items():
                count = len(self.to[event["id"], system_id])
                wanted = event["entity"] in entities and event["origin_id"] != system_id
                if count > 1:
                    self.verdict.doubled.append(
                        f"event {event['uuid']} has {count} deliveries to {code}"
                    )
                elif wanted and not count:
                    self.verdict.lost.append(
                        f"event {event['uuid']} has no delivery to {code}"
                    )
                elif count and not wanted:
                    self.verdict.other.append(
                        f"event {event['uuid']} is told to {code}, which sent it "
                        f"itself or did not ask for it"
                    )

    def _states(self):
        for delivery in self.standing.deliveries:
            state, name = delivery["state"], self._name(delivery)
            code = self.code.get(delivery["system_id"])
            if state not in STATES:
                self.verdict.other.append(f"{name} is in no defined state: {state}")
            elif state not in FINAL and code not in self.expected.unfinished:
                before = self.standing.exceptions.get(delivery["exception_id"])
                if state != "unknown" or before in (None, "resolved"):
                    self.verdict.other.append(f"{name} was left lying ({state})")
            elif state == "dead":
                before = self.standing.exceptions.get(delivery["exception_id"])
                if before in (None, "resolved"):
                    self.verdict.other.append(
                        f"{name} is dead and stands before nobody"
                    )
                if code not in self.expected.dead:
                    self.verdict.other.append(
                        f"{name} was given up though nothing is wrong with it"
                    )
            elif state == "delivered":
                event = self.events.get(delivery["event_id"])
                found = self.arrived.get((code, event and event["uuid"]), ())
                if event and not any(receipt.taken for receipt in found):
                    self.verdict.lost.append(
                        f"{name} is called delivered, and nobody took it"
                    )

    # ---- what arrived ----------------------------------------------------------------

    def _arrivals(self):
        under = defaultdict(set)
        for (code, uuid), found in self.arrived.items():
            event = self.by_uuid.get(uuid)
            to = self.to.get((event["id"], self.number.get(code)), ()) if event else ()
            if not to:
                self.verdict.other.append(
                    f"{code} was sent {uuid}, which nobody was to tell it"
                )
                place = (found[0].entity, found[0].object, found[0].sequence)
                under[(code, *place)].add(uuid)
                continue
            under[code, event["entity"], event["res_id"], event["sequence"]].add(uuid)
            self._bytes(code, uuid, found, to[0])
            tries = len(self.tries[to[0]["id"]])
            if len(found) > tries:
                self.verdict.doubled.append(
                    f"{code} was sent {uuid} {len(found)} times in {tries} tries: "
                    f"something left before its claim was committed"
                )
        for (code, *place), ids in under.items():
            if len(ids) > 1:
                self.verdict.doubled.append(
                    f"{code} was told {place} under {len(ids)} ids"
                )

    def _bytes(self, code, uuid, found, delivery):
        bodies = {receipt.sha256 for receipt in found}
        if bodies != {delivery["sha256"]}:
            self.verdict.other.append(
                f"{code} was sent {uuid} with other bytes than were kept for it"
            )

    def _order(self):
        """With strict order a change is first sent when all before it were taken."""
        if not self.expected.strict:
            return
        owed = defaultdict(list)
        for delivery in self.standing.deliveries:
            event = self.events.get(delivery["event_id"])
            if event is not None and delivery["state"] != "cancelled":
                key = (delivery["system_id"], event["entity"], event["res_id"])
                owed[key].append(event)
        for (system_id, *_place), events in owed.items():
            code = self.code.get(system_id)
            events.sort(key=lambda event: event["sequence"])
            for before, after in zip(events, events[1:], strict=False):
                first = self.arrived.get((code, after["uuid"]))
                taken = [
                    r.at
                    for r in self.arrived.get((code, before["uuid"]), ())
                    if r.taken
                ]
                if first and (not taken or min(taken) > first[0].at):
                    self.verdict.out_of_order.append(
                        f"{code} was sent change {after['sequence']} of "
                        f"{after['entity']} {after['res_id']} before it had taken "
                        f"change {before['sequence']}"
                    )

    # ---- who was believed ------------------------------------------------------------

    def _fence(self):
        """A delivery's state is what the holder of its last lease said; after it was
        delivered nobody tried again."""
        for delivery in self.standing.deliveries:
            tries = sorted(self.tries[delivery["id"]], key=lambda a: a["id"])
            believed = [a for a in tries if a["outcome"] not in (None, "late")]
            done = [a for a in believed if a["outcome"] == "delivered"]
            if delivery["replayed"]:
                continue
            if len(done) > 1:
                self.verdict.other.append(
                    f"{self._name(delivery)} was recorded delivered {len(done)} times"
                )
            if delivery["state"] == "delivered" and not done:
                self.verdict.other.append(
                    f"{self._name(delivery)} is delivered, and no try says so"
                )
            if done and delivery["state"] != "delivered":
                self.verdict.other.append(
                    f"{self._name(delivery)} was delivered and then made "
                    f"{delivery['state']} by a worker that had lost it"
                )
            if done and tries[-1]["id"] != done[-1]["id"]:
                self.verdict.other.append(
                    f"{self._name(delivery)} was tried again after it was delivered"
                )

    def _last_words(self):
        """What a system was told last of an object is what stands in Odoo."""
        last = {}
        for receipt in self.receipts:
            event = self.by_uuid.get(receipt.id)
            if event is None or not receipt.taken:
                continue
            key = (receipt.system, event["entity"], event["res_id"])
            if key not in last or event["sequence"] >= last[key][0]:
                last[key] = (event["sequence"], receipt.value, event["origin_id"])
        newest = {}
        for event in self.standing.events:
            key = event["entity"], event["res_id"]
            if key not in newest or event["sequence"] > newest[key]["sequence"]:
                newest[key] = event
        for (code, *key), (sequence, value, _origin) in last.items():
            event = newest[tuple(key)]
            if event["sequence"] != sequence or event["deleted"]:
                continue
            stands = self.standing.values.get(tuple(key), value)
            if stands is not None and stands != value:
                self.verdict.lost.append(
                    f"{code} believes that {key[0]} {key[1]} is {value!r}; it is "
                    f"{stands!r}, and nobody told it"
                )
