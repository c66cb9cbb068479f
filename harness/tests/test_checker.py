"""Each kind of violation, in a history made by hand, is noticed."""

import copy
import hashlib
import json

import pytest

from harness.checker import Standing, check

NAME = "OBJ-1"


def chain(entries):
    """Audit entries of one object with hashes as the software would write them."""
    head = None
    for number, entry in enumerate(entries, 1):
        content = json.dumps({"object": entry["doc_key"], "action": entry["action"]})
        digest = hashlib.sha256(f"{head or ''}\n{content}".encode()).hexdigest()
        entry.update(id=number, content=content, prev_hash=head, hash=digest)
        head = digest
    return entries


def send(event, version, ordinal=None, **more):
    return {
        "kind": "send", "system": "s", "event": event, "entity": "vendor",
        "object": NAME, "version": version, "ordinal": ordinal or version,
        "value": f"{NAME} revision {version or ordinal}", **more,
    }  # fmt: skip


def answer(event, message, outcome="accepted"):
    return {"kind": "answer", "event": event, "status": 202, "outcome": outcome,
            "message": message}  # fmt: skip


def message(number, event, version, state="applied", **more):
    return {
        "id": number, "uuid": f"u{number}", "event_id": event, "entity": "vendor",
        "external_id": NAME, "state": state,
        "version": None if version is None else str(version), "waits_on": None,
        "res_model": "res.partner", "res_id": 7, "exception_id": None, **more,
    }  # fmt: skip


def effect(number, action="updated"):
    return {"doc_key": f"s/vendor/{NAME}", "action": action, "message_id": number}


@pytest.fixture
def history():
    """Two versions and a late one, each answered; the first answer was lost once."""
    return [
        send("a", 1),
        {"kind": "failed", "events": ["a"], "why": "ConnectionError"},
        answer("a", "u1", "duplicate"),
        send("c", 3),
        answer("c", "u2"),
        {"kind": "fault", "target": "http", "pid": 1},
        send("b", 2),
        answer("b", "u3"),
    ]


@pytest.fixture
def standing():
    return Standing(
        messages=[
            message(1, "a", 1),
            message(2, "c", 3),
            message(3, "b", 2, "superseded"),
        ],
        bindings=[
            {"entity": "vendor", "external_id": NAME, "version": "3", "res_id": 7,
             "state": "linked"}
        ],
        records={("vendor", NAME): [(7, f"{NAME} revision 3")]},
        audit=chain([effect(1, "created"), effect(2), effect(3, "superseded")]),
    )  # fmt: skip


def test_a_true_history_is_clean(history, standing):
    verdict = check(history, standing)
    assert list(verdict.sentences()) == []
    assert verdict.line("x") == {
        "scenario": "x", "messages": 3, "faults": 1, "lost": 0, "doubled": 0,
        "out_of_order": 0, "other": 0, "clean": True,
    }  # fmt: skip


def _answered_but_not_stored(history, standing):
    del standing.messages[2]


def _applied_without_effect(history, standing):
    chained = [e for e in standing.audit if e["message_id"] != 2]
    standing.audit[:] = chain(chained)


def _highest_version_superseded(history, standing):
    standing.messages[1]["state"] = "superseded"
    standing.audit[1]["action"] = "superseded"
    chain(standing.audit)


def _record_gone(history, standing):
    standing.records.clear()


def _not_linked(history, standing):
    standing.bindings.clear()


def _created_twice(history, standing):
    standing.audit[1]["action"] = "created"
    chain(standing.audit)


def _version_applied_twice(history, standing):
    standing.audit.append(effect(2))
    chain(standing.audit)


def _second_record(history, standing):
    standing.records["vendor", NAME].append((8, f"{NAME} revision 3"))


def _linked_twice(history, standing):
    standing.bindings.append(dict(standing.bindings[0], res_id=8))


def _stored_twice(history, standing):
    standing.messages.append(message(4, "a", 1, "duplicate"))


def _late_version_applied(history, standing):
    standing.messages[2]["state"] = "applied"
    standing.audit[2]["action"] = "updated"
    chain(standing.audit)


def _old_value_stands(history, standing):
    standing.records["vendor", NAME] = [(7, f"{NAME} revision 2")]


def _unversioned_in_wrong_order(history, standing):
    for line in history:
        if line["kind"] == "send":
            line["version"] = None
    history[3]["ordinal"], history[6]["ordinal"] = 3, 2
    for stored in standing.messages:
        stored.update(version=None, state="applied")
    standing.audit[2]["action"] = "updated"
    chain(standing.audit)


def _undefined_state(history, standing):
    standing.messages[2]["state"] = "limbo"


def _left_lying(history, standing):
    standing.messages[2]["state"] = "ready"


def _waits_for_nothing(history, standing):
    standing.messages[2].update(state="waiting", waits_on="behind:1")


def _nobody_sent_it(history, standing):
    standing.messages.append(message(4, "z", 1, "duplicate"))


def _set_aside_for_nothing(history, standing):
    standing.messages[2].update(state="exception", exception_id=5)
    standing.exceptions[5] = "new"


def _before_nobody(history, standing):
    history[6]["poison"] = True
    standing.messages[2].update(state="dead", exception_id=5)


def _refused(history, standing):
    history.append({"kind": "refused", "event": "b", "status": 422, "why": "no"})


def _entry_changed(history, standing):
    content = standing.audit[1]["content"]
    standing.audit[1]["content"] = content.replace("vendor", "trade")


def _entry_taken_out(history, standing):
    del standing.audit[1]


def _entries_swapped(history, standing):
    first, second, third = standing.audit
    standing.audit[:] = [second, first, third]


def _action_rewritten(history, standing):
    standing.audit[2]["action"] = "understood"


@pytest.mark.parametrize(
    ("kind", "spoil"),
    [
        ("lost", _answered_but_not_stored),
        ("lost", _applied_without_effect),
        ("lost", _highest_version_superseded),
        ("lost", _record_gone),
        ("lost", _not_linked),
        ("doubled", _created_twice),
        ("doubled", _version_applied_twice),
        ("doubled", _second_record),
        ("doubled", _linked_twice),
        ("doubled", _stored_twice),
        ("out_of_order", _late_version_applied),
        ("out_of_order", _old_value_stands),
        ("out_of_order", _unversioned_in_wrong_order),
        ("other", _undefined_state),
        ("other", _left_lying),
        ("other", _waits_for_nothing),
        ("other", _nobody_sent_it),
        ("other", _set_aside_for_nothing),
        ("other", _before_nobody),
        ("other", _refused),
        ("other", _entry_changed),
        ("other", _entry_taken_out),
        ("other", _entries_swapped),
        ("other", _action_rewritten),
    ],
)
def test_a_violation_is_noticed(history, standing, kind, spoil):
    spoil(history, standing)
    verdict = check(history, standing)
    assert getattr(verdict, kind), list(verdict.sentences())
    assert not verdict.clean


def test_poison_may_be_set_aside_and_what_follows_it_may_wait(history, standing):
    history[:] = [
        send("a", 1),
        answer("a", "u1"),
        send("b", 2, poison=True),
        answer("b", "u2"),
        send("c", 3),
        answer("c", "u3"),
    ]
    standing.messages[:] = [
        message(1, "a", 1),
        message(2, "b", 2, "dead", exception_id=5),
        message(3, "c", 3, "waiting", waits_on="behind:2"),
    ]
    standing.exceptions[5] = "new"
    standing.records["vendor", NAME] = [(7, f"{NAME} revision 1")]
    standing.audit[:] = chain([effect(1, "created"), effect(2, "parked")])
    assert list(check(history, standing).sentences()) == []


def test_an_event_without_an_answer_may_have_landed_or_not(history, standing):
    unanswered = [*history[:-1]]
    assert check(unanswered, copy.deepcopy(standing)).clean
    del standing.messages[2], standing.audit[2]
    assert check(unanswered, standing).clean


def test_tries_of_one_put_are_one_effect(history, standing):
    name = f"put:vendor:{NAME}:4"
    history += [send(name, 4, put=True), answer(name, "u5", "unchanged")]
    standing.messages += [
        message(4, "put-1", 4),
        message(5, "put-2", 4, "duplicate"),
    ]
    standing.audit += [effect(4), effect(5, "duplicate")]
    chain(standing.audit)
    standing.records["vendor", NAME] = [(7, f"{NAME} revision 4")]
    assert list(check(history, standing).sentences()) == []
