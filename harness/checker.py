"""The history checker: is what stands in the database what the senders were promised?

Plain and apart from the software it judges: it reads the senders' log
(``harness.history``) and rows of the database (``harness.standing``), and knows the
rules only from the published promises:

lost          answered 2xx, but there is no message, or its effect is missing
doubled       an effect more than once per (system, object, version)
out_of_order  effects of one object against its order, or a final value that is not
              that of the highest version
other         anything else that nobody promised: undefined states, messages that
              nobody sent, messages left lying, a broken audit chain, a message set
              aside without a row in front of a person
"""

import hashlib
import json
from collections import Counter, defaultdict
from dataclasses import dataclass, field

STATES = frozenset(
    {
        "ready", "applied", "superseded", "duplicate", "waiting", "retry",
        "exception", "dead", "discarded",
    }
)  # fmt: skip
DONE = frozenset({"applied", "superseded", "duplicate"})
PARKED = frozenset({"exception", "dead"})
#: audit actions that are the effect of an applied message
EFFECTS = frozenset({"created", "updated", "linked", "unchanged", "archived"})
#: how many sentences of each kind a verdict shows
SHOWN = 20


@dataclass
class Standing:
    """What the database says of one system.

    :param messages: dicts with id, uuid, event_id, entity, external_id, state,
        version, waits_on, res_model, res_id, exception_id
    :param bindings: dicts with entity, external_id, version, res_id, state
    :param records: ``{(entity, object): [(id, value)]}`` of business records
    :param audit: dicts with id, doc_key, action, message_id, content, prev_hash,
        hash, in the order of id
    :param exceptions: ids of exceptions that exist, ``{id: state}``
    """

    messages: list = field(default_factory=list)
    bindings: list = field(default_factory=list)
    records: dict = field(default_factory=dict)
    audit: list = field(default_factory=list)
    exceptions: dict = field(default_factory=dict)


@dataclass
class Verdict:
    """Sentences per kind of violation."""

    lost: list = field(default_factory=list)
    doubled: list = field(default_factory=list)
    out_of_order: list = field(default_factory=list)
    other: list = field(default_factory=list)
    messages: int = 0
    faults: int = 0
    notes: dict = field(default_factory=dict)

    @property
    def clean(self):
        return not (self.lost or self.doubled or self.out_of_order or self.other)

    def add(self, other):
        """Take in what another checker found on the same run."""
        self.messages += other.messages
        self.faults += other.faults
        for kind in ("lost", "doubled", "out_of_order", "other"):
            getattr(self, kind).extend(getattr(other, kind))

    def line(self, scenario):
        """The fault line of the scenario (DESIGN section 8)."""
        return {
            "scenario": scenario,
            "messages": self.messages,
            "faults": self.faults,
            "lost": len(self.lost),
            "doubled": len(self.doubled),
            "out_of_order": len(self.out_of_order),
            "other": len(self.other),
            "clean": self.clean,
            **self.notes,
        }

    def sentences(self):
        """What is wrong, in words, a bounded number of each kind."""
        for kind in ("lost", "doubled", "out_of_order", "other"):
            found = getattr(self, kind)
            yield from (f"{kind}: {sentence}" for sentence in found[:SHOWN])
            if len(found) > SHOWN:
                yield f"{kind}: and {len(found) - SHOWN} more"


def check(history, standing):
    """Compare a history (list of lines) with a Standing; returns a Verdict."""
    return _Check(history, standing).run()


class _Check:
    def __init__(self, history, standing):
        self.standing = standing
        self.sends = [line for line in history if line["kind"] == "send"]
        self.answers = defaultdict(list)
        for line in history:
            if line["kind"] == "answer":
                self.answers[line["event"]].append(line)
        self.refusals = [line for line in history if line["kind"] == "refused"]
        self.verdict = Verdict(
            messages=len(self.sends),
            faults=sum(line["kind"] == "fault" for line in history),
        )
        self.messages_of = self._assign()
        self.by_id = {m["id"]: m for m in standing.messages}
        self.effects = self._effects()
        self.bound = defaultdict(list)
        for binding in standing.bindings:
            self.bound[binding["entity"], binding["external_id"]].append(binding)

    def run(self):
        self._messages()
        self._answered()
        self._refused()
        self._parked()
        self._objects()
        self._records()
        self._chains()
        return self.verdict

    # ---- messages ----------------------------------------------------------------

    def _assign(self):
        """Messages per sent event; those that nobody sent are reported.

        A PUT has no event id of its own: its messages are found by object and
        version, and a try that got no answer may have left one as well.
        """
        known = {s["event"] for s in self.sends}
        puts = {
            (s["entity"], s["object"], _text(s["version"])): s["event"]
            for s in self.sends
            if s.get("put")
        }
        found = defaultdict(list)
        for message in self.standing.messages:
            event = message["event_id"]
            if event not in known:
                event = puts.get(
                    (message["entity"], message["external_id"], message["version"])
                )
                if not message["event_id"].startswith("put-"):
                    event = None
            if event is None:
                self.verdict.other.append(
                    f"message {message['uuid']} has an event id that nobody sent: "
                    f"{message['event_id']}"
                )
            else:
                found[event].append(message)
        return found

    def _messages(self):
        for event, messages in self.messages_of.items():
            if len(messages) > 1 and not messages[0]["event_id"].startswith("put-"):
                self.verdict.doubled.append(f"event {event} is stored more than once")
        for message in self.standing.messages:
            state = message["state"]
            name = f"message {message['uuid']} of {message['external_id']}"
            if state not in STATES:
                self.verdict.other.append(f"{name} is in no defined state: {state}")
            elif state in ("ready", "retry"):
                self.verdict.other.append(f"{name} was left lying ({state})")
            elif state == "waiting" and not self._rightly_waiting(message):
                self.verdict.other.append(
                    f"{name} was left waiting on {message['waits_on']}"
                )
            elif state == "applied" and message["id"] not in self.effects:
                self.verdict.lost.append(f"{name} is applied without an audit entry")

    def _rightly_waiting(self, message):
        """Behind a message that is before a person, and nothing else."""
        kind, _, ahead = (message["waits_on"] or "").partition(":")
        first = self.by_id.get(int(ahead)) if kind == "behind" else None
        return first is not None and (
            first["state"] in PARKED
            or (first["state"] == "waiting" and self._rightly_waiting(first))
        )

    def _answered(self):
        for send in self.sends:
            answers = self.answers.get(send["event"], ())
            stored = {m["uuid"] for m in self.messages_of.get(send["event"], ())}
            for answer in answers:
                if answer["message"] not in stored:
                    self.verdict.lost.append(
                        f"event {send['event']} was answered {answer['status']} "
                        f"{answer['outcome']}, but message {answer['message']} is "
                        f"not there"
                    )
                    break

    def _refused(self):
        for line in self.refusals:
            self.verdict.other.append(
                f"event {line['event']} was refused: {line['status']} {line['why']}"
            )

    def _parked(self):
        poison = {s["event"] for s in self.sends if s.get("poison")}
        for event, messages in self.messages_of.items():
            for message in messages:
                if message["state"] not in PARKED:
                    continue
                name = f"message {message['uuid']} of {message['external_id']}"
                exception = message["exception_id"]
                if self.standing.exceptions.get(exception) in (None, "resolved"):
                    self.verdict.other.append(
                        f"{name} is set aside and stands before nobody"
                    )
                if event not in poison:
                    self.verdict.other.append(
                        f"{name} was set aside though nothing is wrong with it"
                    )

    # ---- effects -----------------------------------------------------------------

    def _effects(self):
        """``{message id: its effect entries}`` of the audit trail."""
        found = defaultdict(list)
        for entry in self.standing.audit:
            if entry["action"] in EFFECTS and entry["message_id"]:
                found[entry["message_id"]].append(entry)
        return found

    def _objects(self):
        """Effects of each object: once each, in order, up to the last promise."""
        sends = defaultdict(list)
        for send in self.sends:
            sends[send["entity"], send["object"]].append(send)
        event_of = {
            m["id"]: event
            for event, messages in self.messages_of.items()
            for m in messages
        }
        sent = {s["event"]: s for s in self.sends}
        landed = defaultdict(list)
        for entry in self.standing.audit:
            if entry["action"] not in EFFECTS or not entry["message_id"]:
                continue
            event = event_of.get(entry["message_id"])
            if event is not None:
                send = sent[event]
                landed[send["entity"], send["object"]].append((entry, send))
        for key, group in sends.items():
            self._object(key, group, landed.get(key, []))

    def _object(self, key, sends, landed):
        name = " ".join(key)
        places = [_place(send) for _entry, send in landed]
        for place, times in Counter(places).items():
            if times > 1:
                self.verdict.doubled.append(
                    f"{name}: {place} took effect {times} times"
                )
        births = sum(entry["action"] == "created" for entry, _send in landed)
        if births > 1:
            self.verdict.doubled.append(f"{name} was created {births} times")
        for before, after in zip(places, places[1:], strict=False):
            if after < before:
                self.verdict.out_of_order.append(
                    f"{name}: {after} took effect after {before}"
                )
        promised = [s for s in sends if self._counts(s)]
        if not promised:
            return
        last = max(promised, key=_place)
        if not places or max(places) < _place(last):
            self.verdict.lost.append(
                f"{name}: {_place(last)} was answered 2xx and never took effect"
            )
            return
        self._final(name, key, max((s for _e, s in landed), key=_place))

    def _counts(self, send):
        """Whether an event was promised to take effect unless a newer one does."""
        if not self.answers.get(send["event"]) or send.get("poison"):
            return False
        messages = self.messages_of.get(send["event"], ())
        return not any(
            m["state"] in PARKED or m["state"] == "waiting" for m in messages
        )

    def _final(self, name, key, last):
        """The object's record says what its highest effect said."""
        records = self.standing.records.get(key, [])
        bound = self.bound.get(key, [])
        if not bound:
            self.verdict.lost.append(f"{name} took effect and is linked to nothing")
        elif len(bound) > 1:
            self.verdict.doubled.append(f"{name} is linked {len(bound)} times")
        if not records:
            self.verdict.lost.append(f"{name} took effect and has no record")
            return
        values = [value for _id, value in records]
        if len(records) == 1 and values[0] != last["value"]:
            self.verdict.out_of_order.append(
                f"{name} says {values[0]!r} where {_place(last)} said {last['value']!r}"
            )

    def _records(self):
        for (entity, name), records in self.standing.records.items():
            if len(records) > 1:
                self.verdict.doubled.append(
                    f"{entity} {name} stands {len(records)} times as a record"
                )

    # ---- audit -------------------------------------------------------------------

    def _chains(self):
        """Each object's entries form one unbroken chain of hashes."""
        heads = {}
        for entry in self.standing.audit:
            key = entry["doc_key"]
            before = heads.get(key)
            if (entry["prev_hash"] or None) != before:
                self.verdict.other.append(
                    f"audit entry {entry['id']} of {key} does not follow the entry "
                    f"before it"
                )
            joined = (entry["prev_hash"] or "") + "\n" + entry["content"]
            if hashlib.sha256(joined.encode()).hexdigest() != entry["hash"]:
                self.verdict.other.append(
                    f"audit entry {entry['id']} of {key} was changed: its hash differs"
                )
            self._content(entry)
            heads[key] = entry["hash"]

    def _content(self, entry):
        content = json.loads(entry["content"])
        if (
            content["object"] != entry["doc_key"]
            or content["action"] != entry["action"]
        ):
            self.verdict.other.append(
                f"audit entry {entry['id']} says other things than its sealed content"
            )


def _place(send):
    """Where an event stands in the order of its object."""
    return send["version"] if send["version"] is not None else send["ordinal"]


def _text(version):
    return None if version is None else str(version)
