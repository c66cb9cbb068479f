"""The scenarios, scaled down, on a copy of the test database.

``./run test`` names the configuration, the database to copy and Odoo's command in the
environment; ``./run faults`` plays the same scenarios in full.
"""

import os
from pathlib import Path

import pytest

from harness.__main__ import Limits, Play
from harness.installation import Installation
from harness.rows import rows
from harness.scenarios import BROKEN, SCENARIOS

NEEDED = (
    "CONSTRUCTION_SYNC_CONFIG",
    "CONSTRUCTION_SYNC_TEMPLATE",
    "CONSTRUCTION_SYNC_ODOO_BIN",
)
DATABASE = "construction_harness"

pytestmark = pytest.mark.skipif(
    not all(os.environ.get(name) for name in NEEDED),
    reason="no Odoo and PostgreSQL given; ./run test gives them",
)


@pytest.fixture(scope="module")
def play():
    """A running Odoo on a copy of the test database, with a system a scenario."""
    config, template, odoo_bin = (os.environ[name] for name in NEEDED)
    installation = Installation(
        Path(config), DATABASE, Path(odoo_bin), Path("var/harness")
    )
    installation.copy_of(template)
    limits = Limits(kills=8, restarts=2, crashes=2, flood=1_000, ramp_seconds=0.7,
                    messages=500)  # fmt: skip
    try:
        with Play(installation, [*SCENARIOS, *BROKEN], limits) as played:
            yield played
    finally:
        installation.drop()


def _clean(play, name):
    verdict = play.play(name)
    assert verdict.clean, "\n".join(verdict.sentences())
    assert verdict.messages
    return verdict


@rows("C1")
def test_crash_before_the_inbox_is_committed(play):
    assert _clean(play, "c1").faults == 2


@rows("C2")
def test_crash_after_commit_before_the_answer(play):
    assert _clean(play, "c2").faults == 2


@rows("C3")
def test_crash_after_the_answer_before_the_doorbell(play):
    assert _clean(play, "c3").faults == 1


@rows("C4")
def test_crash_with_a_lane_taken(play):
    assert _clean(play, "c4").faults == 2


@rows("C5")
def test_crash_in_the_middle_of_applying(play):
    assert _clean(play, "c5").faults == 2


@rows("C6", "FA-G02")
def test_acknowledgement_of_the_commit_lost(play):
    assert _clean(play, "c6").faults == 4


@rows("FA-A02", "F64")
def test_the_same_event_five_times_at_once_has_one_effect(play):
    _clean(play, "concurrent_same_event")


@rows("FA-A15")
def test_a_locked_key_frees_its_worker_and_answers_once_it_is_free(play):
    _clean(play, "locked_key")


@rows("FA-E09", "F66")
def test_a_transaction_that_commits_late_loses_nothing(play):
    _clean(play, "out_of_id_order")


@rows("FA-E06")
def test_a_flood_of_one_object_does_not_hold_up_the_others(play):
    _clean(play, "hot_key")


@rows("FA-F18", "FA-E07")
def test_a_message_that_always_kills_its_worker_is_set_aside(play):
    assert _clean(play, "poison").faults == 3


@rows("FA-F19")
def test_with_the_job_runner_dead_the_cron_drains(play):
    if not play.installation.has_module("construction_sync_queue"):
        pytest.skip("construction_sync_queue is not installed: there is no runner")
    assert _clean(play, "runner_dead").faults


@rows("FA-F20")
def test_two_servers_on_one_database_double_nothing(play):
    _clean(play, "two_servers")


@rows("FA-F17")
def test_random_kills_under_load(play):
    assert _clean(play, "random_kills").faults == 8


@rows("C6", "FA-G02")
def test_a_proxy_that_loses_the_acknowledgement_of_a_commit(play):
    assert _clean(play, "lost_acknowledgement").faults == 4


@rows("FA-G03")
def test_without_free_connections_senders_read_503(play):
    _clean(play, "no_connections")


@rows("FA-G03")
def test_without_space_nothing_is_half_done(play):
    _clean(play, "disk_full")


@rows("FA-G04")
def test_a_storm_of_serialization_failures_ends_in_503(play):
    _clean(play, "serialization_storm")


@rows("FA-G05")
def test_the_victim_of_a_deadlock_tries_again(play):
    assert _clean(play, "deadlock").faults == 2


@rows("FA-F22")
def test_an_update_of_the_modules_while_the_drain_works(play):
    _clean(play, "upgrade_while_draining")


@rows("FA-L01")
def test_more_callers_than_there_is_room_for_are_told_to_come_again(play):
    _clean(play, "ingest_ramp")


@rows("FA-L03")
def test_a_client_past_its_quota_does_not_slow_another(play):
    _clean(play, "hot_sender")


@rows("C7")
def test_who_would_claim_a_delivery_dies(play):
    assert _clean(play, "c7").faults >= 2


@rows("C8")
def test_a_dispatcher_dies_with_leases_before_a_byte_has_left(play):
    assert _clean(play, "c8").faults >= 2


@rows("C9", "FA-H03")
def test_a_dispatcher_dies_while_it_waits_for_the_answer(play):
    assert _clean(play, "c9").faults >= 2


@rows("C10")
def test_a_dispatcher_dies_before_it_says_that_it_was_taken(play):
    assert _clean(play, "c10").faults >= 4


@rows("C11", "FA-F21")
def test_a_dispatcher_that_was_stopped_past_its_lease_changes_nothing(play):
    _clean(play, "c11")


@rows("FA-H06")
def test_answers_that_are_cut_and_connections_that_hang(play):
    _clean(play, "cut_answers")


@rows("FA-H16")
def test_a_dead_system_is_asked_by_one_call_of_one_process(play):
    assert _clean(play, "one_probe").notes["probes"]


@rows("FA-F17", "FA-G01")
def test_random_kills_and_restarts_while_it_goes_both_ways(play):
    assert _clean(play, "both_ways").faults >= 8


@pytest.mark.parametrize("name", BROKEN)
def test_software_that_is_broken_on_purpose_is_noticed(play, name):
    assert not play.play(name).clean
