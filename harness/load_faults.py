"""Scenarios of load: too much of it, and who must not feel it (FAULTS.md, group L)."""

import json
import statistics
import threading
import time

import requests

from harness.installation import LIMITED_KEY
from harness.sender import ONE

#: calls a minute that the limited client may make
QUOTA = 240
#: what a crowded machine may add to the slowest calls of others
SLACK = 0.15


class Crowd:
    """Threads that call without patience, and what they were answered."""

    def __init__(self, stage, key, source, threads, pause=0.0):
        self.stage, self.key, self.source, self.pause = stage, key, source, pause
        self.answers = []
        self._over = threading.Event()
        self._lock = threading.Lock()
        self._threads = [
            threading.Thread(target=self._call, daemon=True) for _ in range(threads)
        ]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_exc):
        self._over.set()
        for thread in self._threads:
            thread.join(60)

    def _call(self):
        session = requests.Session()
        session.headers["Authorization"] = f"Bearer {self.key}"
        while not self._over.is_set():
            with self._lock:
                thing = self.source.objects.pop(0)
                event, line = self.source.event(thing)
            self.one(session, event, line)
            with self._lock:
                self.source.objects.append(thing)
            if self.pause:
                time.sleep(self.pause)

    def one(self, session, event, line):
        """One event, one try; noted whatever the answer."""
        history = self.stage.history
        history.add("send", **line)
        start = time.monotonic()
        try:
            answer = session.post(
                f"{self.stage.servers[0].address}/events",
                data=json.dumps(event).encode(),
                headers={"Content-Type": ONE},
                timeout=30,
            )
            status, waits = answer.status_code, "Retry-After" in answer.headers
        except requests.RequestException as error:
            status, waits = type(error).__name__, False
        self.answers.append((status, waits, time.monotonic() - start))
        if status == 202:
            (found,) = answer.json()["events"]
            history.add(
                "answer",
                event=event["id"],
                status=status,
                outcome=found["status"],
                message=found["message"],
            )

    def until_refused(self, patience=60):
        """Go on until a call was refused, however slow the machine is."""
        end = time.monotonic() + patience
        while time.monotonic() < end:
            if any(status != 202 for status, _waits, _s in list(self.answers)):
                return
            time.sleep(0.1)

    def slowest(self):
        """The 99th percentile of the seconds that accepted calls took."""
        taken = [seconds for status, _waits, seconds in self.answers if status == 202]
        return statistics.quantiles(taken, n=100)[98] if len(taken) > 1 else None


def ingest_ramp(stage):
    """FA-L01: more and more callers until they are refused: 429 or 503 with
    Retry-After, never another failure, and a minute later all is well."""
    source = stage.source(200, "ramp", unversioned=0)
    answers = []
    for threads in (1, 2, 4, 8, 16, 32):
        with Crowd(stage, LIMITED_KEY, source, threads) as crowd:
            time.sleep(stage.limits.ramp_seconds)
            if threads == 32:
                crowd.until_refused()
        answers += crowd.answers
    refused = [(status, waits) for status, waits, _s in answers if status != 202]
    wrong = {status for status, waits in refused if status not in (429, 503)}
    if wrong:
        stage.complaints.append(f"callers were answered {sorted(map(str, wrong))}")
    if not all(waits for status, waits in refused if status in (429, 503)):
        stage.complaints.append("a refusal did not say when to come again")
    if not refused:
        stage.complaints.append(f"none of {len(answers)} calls was refused")
    stage.history.add("fault", target="ramp", pid=0)
    session = requests.Session()
    session.headers["Authorization"] = f"Bearer {LIMITED_KEY}"
    end = time.monotonic() + 60
    with Crowd(stage, LIMITED_KEY, source, 0) as calm:
        while not calm.answers or calm.answers[-1][0] != 202:
            if time.monotonic() > end:
                stage.complaints.append("a minute after the ramp calls are refused")
                break
            time.sleep(0.5)
            calm.one(session, *source.event(source.objects[0]))
    stage.settle()


def hot_sender(stage):
    """FA-L03: one client calls at ten times its quota; the slowest calls of another
    are as quick as before."""
    others, hog = stage.source(50, "other", unversioned=0), stage.source(500, "hog")
    pace = 0.05

    def measured(seconds):
        with Crowd(stage, stage.sender().key, others, 1, pace) as crowd:
            time.sleep(seconds)
        return crowd.slowest()

    measured(1)
    alone = measured(stage.limits.ramp_seconds * 3)
    with Crowd(stage, LIMITED_KEY, hog, 4, 4 * 60 / (10 * QUOTA)) as flood:
        flood.until_refused()
        beside = measured(stage.limits.ramp_seconds * 3)
    stage.history.add("fault", target="flood", pid=0)
    kinds = {status for status, _waits, _seconds in flood.answers}
    if 429 not in kinds:
        stage.complaints.append(f"the flood was answered {kinds} and never 429")
    if beside > 1.1 * alone + SLACK:
        stage.complaints.append(
            f"the slowest calls of others took {beside:.3f} s beside the flood, "
            f"{alone:.3f} s without"
        )
    stage.notes["p99_alone_ms"] = round(1000 * alone)
    stage.notes["p99_beside_ms"] = round(1000 * beside)
    stage.settle()


SCENARIOS = {"ingest_ramp": ingest_ramp, "hot_sender": hot_sender}
