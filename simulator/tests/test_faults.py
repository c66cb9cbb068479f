"""The switches do what they say, and the same in every run."""

import pytest

from simulator.faults import Faults


def test_without_faults_events_leave_once_and_in_order():
    assert Faults().arrange("abcd") == list("abcd")


def test_every_third_event_is_sent_twice():
    assert Faults(duplicate_every=3).arrange("abcdef") == list("abccdeff")


def test_reversed_order_puts_children_before_parents():
    assert Faults(order="reversed").arrange("abc") == list("cba")


def test_shuffled_order_keeps_every_event_and_is_the_same_in_every_run():
    first = Faults(order="shuffled").arrange(range(50))
    assert first == Faults(order="shuffled").arrange(range(50))
    assert first != list(range(50))
    assert sorted(first) == list(range(50))


def test_a_system_that_is_down_says_for_how_long():
    faults = Faults()
    assert faults.down_seconds == 0
    faults.down_for(30)
    assert 29 < faults.down_seconds <= 30


def test_an_unknown_order_is_refused():
    with pytest.raises(ValueError, match="sideways"):
        Faults(order="sideways")
