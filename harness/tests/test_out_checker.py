"""The checker of the way out notices each kind of violation, and nothing else."""

from dataclasses import replace

import pytest

from harness.out_checker import Expected, OutStanding, Receipt, check
from harness.rows import rows

ERP, PORTAL = 1, 2


def event(number, sequence=1, record=10, origin=None):
    return {
        "id": number, "uuid": f"e{number}", "entity": "vendor", "res_id": record,
        "company_id": None, "sequence": sequence, "deleted": False, "origin_id": origin,
    }  # fmt: skip


def delivery(number, event_id, system=ERP, state="delivered"):
    return {
        "id": number, "event_id": event_id, "system_id": system, "state": state,
        "sha256": f"s{event_id}", "attempts": 1, "exception_id": None,
        "replayed": False,
    }  # fmt: skip


def attempt(number, delivery_id, outcome="delivered"):
    return {"id": number, "delivery_id": delivery_id, "number": 1, "outcome": outcome}


def receipt(at, number, taken=True, **other):
    values = {"system": "erp", "id": f"e{number}", "sha256": f"s{number}"}
    return Receipt(at=at, taken=taken, **{**values, "value": f"N{number}", **other})


@pytest.fixture
def quiet():
    """Two changes of one vendor, each told to the ERP once."""
    standing = OutStanding(
        subscribers={ERP: ("erp", {"vendor"})},
        events=[event(1, 1), event(2, 2)],
        deliveries=[delivery(11, 1), delivery(12, 2)],
        attempts=[attempt(101, 11), attempt(102, 12)],
        values={("vendor", 10): "N2"},
    )
    return standing, [receipt(1.0, 1), receipt(2.0, 2)]


def kinds(receipts, standing, **expected):
    verdict = check(receipts, standing, Expected(**expected))
    return {
        kind
        for kind in ("lost", "doubled", "out_of_order", "other")
        if getattr(verdict, kind)
    }


def test_a_quiet_day_is_clean(quiet):
    standing, receipts = quiet
    assert kinds(receipts, standing) == set()


def test_a_second_arrival_of_a_committed_second_try_is_allowed(quiet):
    standing, receipts = quiet
    standing.attempts.insert(0, attempt(100, 11, "unknown"))
    assert kinds([receipt(0.5, 1), *receipts], standing) == set()


def test_a_system_that_was_not_told_is_noticed(quiet):
    standing, receipts = quiet
    standing.deliveries.pop()
    standing.attempts.pop()
    assert "lost" in kinds(receipts[:1], standing)


def test_a_delivery_that_nobody_took_is_noticed(quiet):
    standing, receipts = quiet
    assert "lost" in kinds(receipts[:1], standing)


def test_a_receiver_that_believes_something_else_is_noticed(quiet):
    standing, receipts = quiet
    standing.values["vendor", 10] = "N3"
    assert kinds(receipts, standing) == {"lost"}


def test_a_change_published_twice_is_noticed(quiet):
    standing, receipts = quiet
    standing.events.append(event(3, 2))
    standing.deliveries.append(delivery(13, 3))
    standing.attempts.append(attempt(103, 13))
    assert "doubled" in kinds([*receipts, receipt(3.0, 3)], standing)


def test_a_try_under_another_id_is_noticed(quiet):
    standing, receipts = quiet
    again = replace(receipt(3.0, 2), id="e2-2", entity="vendor", object="10")
    assert "other" in kinds([*receipts, again], standing)


def test_what_left_before_its_claim_was_committed_is_noticed(quiet):
    standing, receipts = quiet
    assert kinds([receipt(0.5, 1), *receipts], standing) == {"doubled"}


def test_other_bytes_on_a_later_try_are_noticed(quiet):
    standing, receipts = quiet
    standing.attempts.insert(0, attempt(100, 11, "retry"))
    other = receipt(0.5, 1, sha256="other")
    assert kinds([other, *receipts], standing) == {"other"}


def test_a_later_change_before_the_earlier_was_taken_is_noticed(quiet):
    standing, receipts = quiet
    turned = [replace(receipts[0], at=3.0), receipts[1]]
    assert kinds(turned, standing) == {"out_of_order"}
    assert kinds(turned, standing, strict=False) == set()
    refused = [receipt(1.0, 1, taken=False), *receipts[1:], receipt(3.0, 1)]
    standing.attempts.insert(0, attempt(100, 11, "retry"))
    assert kinds(refused, standing) == {"out_of_order"}


def test_somebody_who_was_not_to_be_told_is_noticed(quiet):
    standing, receipts = quiet
    assert "other" in kinds([*receipts, receipt(3.0, 1, system="portal")], standing)
    standing.events[0]["origin_id"] = ERP
    assert "other" in kinds(receipts, standing)


def test_what_is_in_no_state_or_left_lying_is_noticed(quiet):
    standing, receipts = quiet
    standing.deliveries[1]["state"] = "lost"
    assert "other" in kinds(receipts, standing)
    standing.deliveries[1]["state"] = "retry"
    standing.attempts[1]["outcome"] = "retry"
    assert "other" in kinds(receipts, standing)
    assert kinds(receipts, standing, unfinished=frozenset({"erp"})) == set()


def test_what_was_given_up_without_reason_is_noticed(quiet):
    standing, receipts = quiet
    standing.deliveries[1].update(state="dead", exception_id=7)
    standing.attempts[1]["outcome"] = "refused"
    standing.exceptions[7] = "open"
    assert kinds(receipts, standing) == {"other"}
    assert kinds(receipts, standing, dead=frozenset({"erp"})) == set()
    del standing.exceptions[7]
    assert "other" in kinds(receipts, standing, dead=frozenset({"erp"}))


@rows("C11")
def test_a_late_result_that_was_believed_is_noticed(quiet):
    standing, receipts = quiet
    standing.attempts.append(attempt(110, 12, "late"))
    assert kinds(receipts, standing) == {"other"}, "tried after it was delivered"
    standing.attempts[:] = [
        attempt(100, 12, "late"), attempt(101, 11), attempt(102, 12),
    ]  # fmt: skip
    assert kinds(receipts, standing) == set()
    standing.attempts[0]["outcome"] = "delivered"
    assert kinds(receipts, standing) == {"other"}
    standing.deliveries[1]["state"] = "retry"
    assert "other" in kinds(receipts, standing, unfinished=frozenset({"erp"}))
