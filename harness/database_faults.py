"""Scenarios in which PostgreSQL is what fails (FAULTS.md, group G).

A server reaches the database through the chaos proxy, and its senders speak to that
server alone; the other server of the run goes on beside it.
"""

import random
import subprocess
import time

STORE = "INSERT INTO construction_sync_message"
OUTCOME = "UPDATE construction_sync_message m"


def lost_acknowledgement(stage):
    """FA-G02: a COMMIT stands and the proxy cuts its answer, at the inbox and in the
    drain: nothing takes effect a second time."""
    with stage.behind_proxy() as (proxy, _server):
        rules = [proxy.lose_commit(STORE, 0), proxy.lose_commit(OUTCOME, 0)]
        with stage.load(senders=2, objects=30, entities=stage.entities, pause=0.05):
            for _ in range(stage.limits.crashes):
                for rule in rules:
                    _carried_out(stage, rule, "lost acknowledgement")
                time.sleep(0.3)
        stage.settle()


def _carried_out(stage, rule, name, times=1):
    """Order ``times`` more of a rule and wait until it has been done."""
    before = rule.done
    rule.left += times
    done = stage.wait_until(
        lambda: rule.done >= before + times, 75, f"nobody met the {name}"
    )
    if not done:
        rule.left = 0
    for _ in range(rule.done - before):
        stage.history.add("fault", target=name, pid=0)


def no_connections(stage):
    """FA-G03: PostgreSQL takes no more connections: senders read 503 and when to come
    again, never 404 or 500, and nothing is half done."""
    with stage.behind_proxy() as (proxy, _server):
        with stage.load(senders=2, objects=30, entities=stage.entities, pause=0.05):
            for _ in range(stage.limits.crashes):
                time.sleep(1)
                with proxy.without_connections():
                    stage.history.add("fault", target="no connections", pid=0)
                    time.sleep(1.5)
        _only_503(stage)
        stage.settle()


def _only_503(stage):
    """Complain about failed tries that were told anything but 503."""
    found = {line["why"] for line in stage.history.of("failed")}
    wrong = {why for why in found if why.isdigit()} - {"503"}
    if wrong:
        stage.complaints.append(f"senders were answered {', '.join(sorted(wrong))}")
    if "503" not in found:
        stage.complaints.append("no sender was answered 503")


def disk_full(stage):
    """FA-G03: a write fails for lack of space, in the inbox (503) and in the drain
    (it is undone as a whole and done later)."""
    _refused_statements(stage, "53100", per_call=1)


def serialization_storm(stage):
    """FA-G04: every try of a transaction fails with 40001 until the tries are used
    up: 503 with Retry-After, and nothing is sent or done twice."""
    # two senders share them: of eleven one call gets six, whoever they hit
    _refused_statements(stage, "40001", per_call=11)


def _refused_statements(stage, code, per_call):
    with stage.behind_proxy() as (proxy, _server):
        store = proxy.answer_with(code, STORE, 0)
        outcome = proxy.answer_with(code, OUTCOME, 0)
        with stage.load(senders=2, objects=30, entities=stage.entities, pause=0.05):
            for _ in range(stage.limits.crashes):
                _carried_out(stage, store, f"{code} at the door", per_call)
                _carried_out(stage, outcome, f"{code} in the drain", 5)
                time.sleep(0.3)
        _only_503(stage)
        stage.settle()


def deadlock(stage):
    """FA-G05: a drain's transaction is the victim of a deadlock: it is done again, at
    once, and nobody hears of it."""
    with stage.behind_proxy() as (proxy, _server):
        outcome = proxy.answer_with("40P01", OUTCOME, 0)
        with stage.load(senders=2, objects=30, entities=stage.entities, pause=0.05):
            for _ in range(stage.limits.crashes):
                _carried_out(stage, outcome, "deadlock")
        for line in stage.history.of("failed"):
            stage.complaints.append(f"a sender was answered {line['why']}")
        stage.settle()


def restarts(stage):
    """FA-G01: PostgreSQL is shut down without a checkpoint, again and again, while
    transactions commit."""
    with stage.load(senders=3, entities=stage.entities):
        for _ in range(stage.limits.restarts):
            time.sleep(random.uniform(0.2, 1.5))
            stage.kill("postmaster")
    stage.settle(240)


def upgrade_while_draining(stage):
    """FA-F22: the modules are updated by another process while the drain works: it
    stops cleanly and goes on."""
    sender, source = stage.sender(), stage.source(400, entities=stage.entities)
    with stage.load(senders=1, entities=stage.entities, pause=0.05):
        for _ in range(4):
            sender.post([source.event(thing) for thing in source.objects])
        modules = "construction_sync"
        if stage.installation.has_module("test_construction_sync"):
            modules += ",test_construction_sync"
        done = subprocess.run(
            stage.installation.command(
                f"--update={modules}", "--stop-after-init", "--no-http",
                "--max-cron-threads=0", "--log-level=error",
            ),
            env=stage.installation.environ(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )  # fmt: skip
        stage.history.add("fault", target="module update", pid=0)
        if done.returncode or "ERROR" in done.stderr:
            stage.complaints.append(f"the update failed: {done.stderr[-300:]}")
    stage.settle(240)


SCENARIOS = {
    "lost_acknowledgement": lost_acknowledgement,
    "no_connections": no_connections,
    "disk_full": disk_full,
    "serialization_storm": serialization_storm,
    "deadlock": deadlock,
    "restarts": restarts,
    "upgrade_while_draining": upgrade_while_draining,
}
