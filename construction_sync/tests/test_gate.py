"""The version gate by itself: one verdict for every pair, one end state for every
order (FA-E10)."""

from datetime import datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from odoo.tests import BaseCase

from ..pipeline.gate import Stamp, Verdict, judge
from .rows import rows

START = datetime(2026, 1, 5, tzinfo=timezone.utc)


def stamp(version, content="a", minutes=0, arrival=0):
    return Stamp(version, content, START + timedelta(minutes=minutes), arrival)


def replay(stamps, ordering="snapshot"):
    """The state after these messages, in this order, and their verdicts."""
    stored, verdicts = None, []
    for incoming in stamps:
        verdict = judge(stored, incoming, ordering)
        verdicts.append(verdict)
        if verdict is Verdict.APPLY:
            stored = incoming
    return stored, verdicts


# versions rise with time, as a source that counts properly makes them
HISTORY = st.lists(st.integers(1, 2**63 - 1), min_size=1, max_size=8, unique=True).map(
    sorted
)


class TestGate(BaseCase):
    @rows("FA-E10", "FA-E01", "F66")
    @given(st.data())
    def test_every_order_and_every_duplication_ends_in_the_newest_state(self, data):
        versions = data.draw(HISTORY)
        messages = [
            stamp(version, f"content {version}", minutes)
            for minutes, version in enumerate(versions)
        ]
        twins = data.draw(st.lists(st.sampled_from(messages), max_size=8))
        mixed = data.draw(st.permutations(messages + twins))
        end, verdicts = replay(mixed)
        self.assertEqual(end, messages[-1])
        self.assertLessEqual(
            set(verdicts), {Verdict.APPLY, Verdict.DUPLICATE, Verdict.SUPERSEDED}
        )
        applied = [m.version for m, v in zip(mixed, verdicts, strict=True)
                   if v is Verdict.APPLY]  # fmt: skip
        self.assertEqual(applied, sorted(set(applied)))

    @rows("FA-E02", "FA-E10")
    @given(st.data())
    def test_a_change_is_applied_only_upon_the_one_before_it(self, data):
        count = data.draw(st.integers(1, 8))
        messages = [stamp(n, f"change {n}", n) for n in range(1, count + 1)]
        twins = data.draw(st.lists(st.sampled_from(messages), max_size=6))
        first, *rest = messages
        stored, _verdicts = replay([first])
        waiting = data.draw(st.permutations(rest + twins))
        while waiting:
            held = []
            for incoming in waiting:
                verdict = judge(stored, incoming, "delta")
                if verdict is Verdict.APPLY:
                    self.assertEqual(incoming.version, stored.version + 1)
                    stored = incoming
                elif verdict is Verdict.GAP:
                    held.append(incoming)
            self.assertLess(len(held), len(waiting))
            waiting = held
        self.assertEqual(stored, messages[-1])

    @rows("FA-E03")
    @given(st.integers(1, 2**63 - 1))
    def test_the_same_version_with_other_content_is_a_conflict(self, version):
        verdict = judge(stamp(version, "a"), stamp(version, "b", 5), "snapshot")
        self.assertIs(verdict, Verdict.CONFLICT)

    @rows("FA-E05")
    @given(st.integers(2, 2**63 - 1), st.data())
    def test_a_lower_version_made_later_means_that_the_source_counts_anew(
        self, version, data
    ):
        lower = data.draw(st.integers(1, version - 1))
        for ordering in ("snapshot", "delta"):
            later = judge(stamp(version), stamp(lower, "b", 1), ordering)
            self.assertIs(later, Verdict.EPOCH)
            older = judge(stamp(version), stamp(lower, "b", -1), ordering)
            self.assertIs(older, Verdict.SUPERSEDED)

    @rows("FA-E10")
    @given(st.lists(st.sampled_from("abc"), min_size=1, max_size=10))
    def test_without_versions_the_last_to_arrive_stands(self, contents):
        messages = [stamp(None, c, 0, n) for n, c in enumerate(contents, 1)]
        end, _verdicts = replay(messages)
        self.assertEqual(end.hash, contents[-1])
        again, verdicts = replay([messages[-1], *messages[:-1]])
        self.assertEqual(again, messages[-1])
        self.assertEqual(set(verdicts[1:]) - {Verdict.SUPERSEDED}, set())
