"""Senders as real ones are: they keep an event until it was taken, with the same id
and the same bytes on every try.

Each sender owns objects that no other sends, and waits for the answer before it says
anything further about an object, which is what gives an object its order. Among what
it says are old versions, repetitions with the same id and with a new one.
"""

import json
import random
import threading
import time
import uuid
from datetime import datetime, timedelta, timezone

import requests

from harness.installation import KEY

ONE = "application/cloudevents+json"
MANY = "application/cloudevents-batch+json"
PROBLEM = "application/problem+json"
START = datetime(2026, 11, 1, tzinfo=timezone.utc)


class Gone(Exception):
    """Nobody took the event for longer than a sender's patience."""


class Source:
    """What one outside system says about its objects.

    :param objects: how many objects this source has
    :param entities: kinds of objects, in turn
    :param unversioned: share of objects that carry no version
    """

    def __init__(
        self, system, prefix, objects, entities=("vendor",), unversioned=0.2, seed=None
    ):
        self.system = system
        self.random = random.Random(seed)
        self.objects = []
        for number in range(objects):
            counted = self.random.random() >= unversioned
            self.objects.append(
                {
                    "name": f"{prefix}-{number:05d}",
                    "entity": entities[number % len(entities)],
                    "counted": counted,
                    "version": 0,
                    "ordinal": 0,
                    "last": None,
                    "skipped": [],
                }
            )

    def event(self, thing, version=None, behaviour=None):
        """A new event about an object: its next version, or ``version``."""
        if version is None:
            thing["version"] += 1
            version = thing["version"]
        thing["ordinal"] += 1
        data, value = _data(thing, version, behaviour)
        event = {
            "specversion": "1.0",
            "id": str(uuid.UUID(int=self.random.getrandbits(128), version=4)),
            "source": self.system,
            "type": f"construction.{thing['entity']}.v1",
            "subject": thing["name"],
            "time": (START + timedelta(seconds=version)).isoformat(),
            "data": data,
        }
        if thing["counted"]:
            event["sequence"] = str(version)
        line = {
            "system": self.system,
            "event": event["id"],
            "entity": thing["entity"],
            "object": thing["name"],
            "version": version if thing["counted"] else None,
            "ordinal": thing["ordinal"],
            "value": value,
        }
        if behaviour not in (None, "ok"):
            line["poison"] = True
        return event, line

    def pick(self, size):
        """Distinct objects for one call."""
        return self.random.sample(self.objects, min(size, len(self.objects)))

    def next(self, thing):
        """The next thing to say of an object: mostly news, some of it odd.

        :return: ``(event, line)``; line is None for a repetition with the same id
        """
        odd = self.random.random()
        if thing["last"] is not None and odd < 0.08:
            return thing["last"], None
        if thing["counted"] and odd < 0.12:
            # a version is held back and comes late: it must not take effect
            thing["version"] += 1
            thing["skipped"].append(thing["version"])
        elif thing["skipped"] and odd < 0.25:
            return self.event(thing, thing["skipped"].pop(0))
        elif thing["counted"] and thing["version"] and odd < 0.28:
            # the same version again under another id: nothing new
            return self.event(thing, thing["version"])
        event, line = self.event(thing)
        thing["last"] = event
        return event, line


def _data(thing, version, behaviour):
    """Canonical data that names object and version, and what the record then says."""
    if thing["entity"] == "vendor":
        name = f"{thing['name']} revision {version}"
        return {"name": name, "email": f"r{version}@harness.example"}, name
    amount = f"{version}.25"
    data = {"number": thing["name"], "amount": amount}
    if behaviour:
        data["behaviour"] = behaviour
    return data, amount


class Sender:
    """Sends to one or several servers, and retries until it has an answer.

    :param addresses: base addresses of the interface; a try goes to one of them
    """

    def __init__(self, addresses, history):
        self.addresses = list(addresses)
        self.history = history
        self.patience = 120.0
        self.key = KEY
        self._http = requests.Session()
        self._http.headers["Authorization"] = f"Bearer {self.key}"

    def post(self, pairs, single=False):
        """Send events in one call, until each has its answer.

        :param pairs: ``[(event, line or None)]``
        """
        for _event, line in pairs:
            if line is not None:
                self.history.add("send", **line)
        events = [event for event, _line in pairs]
        body = json.dumps(events[0] if single else events).encode()
        kind = ONE if single else MANY
        answer = self._until_taken(
            lambda address: self._http.post(
                f"{address}/events",
                data=body,
                headers={"Content-Type": kind},
                timeout=30,
            ),
            [event["id"] for event in events],
        )
        if answer.status_code != 202:
            for event in events:
                self._refused(event["id"], answer)
            return
        for event, found in zip(events, answer.json()["events"], strict=True):
            if found["status"] == "rejected":
                self._refused(event["id"], answer, found["error"].get("detail"))
            else:
                self.history.add(
                    "answer",
                    event=event["id"],
                    status=answer.status_code,
                    outcome=found["status"],
                    message=found["message"],
                )

    def declare_put(self, line):
        """Note that an object's version is going to be PUT; returns its name there."""
        name = f"put:{line['entity']}:{line['object']}:{line['version']}"
        self.history.add("send", **{**line, "event": name, "put": True})
        return name

    def put(self, event, line, key=None, name=None):
        """The same as a PUT, applied before the answer.

        :param key: Idempotency-Key
        :param name: what ``declare_put`` returned, when several send the same
        """
        name = name or self.declare_put(line)
        answer = self._until_taken(
            lambda address: self.put_once(event, line, key, address), [name]
        )
        if answer.ok:
            found = answer.json()
            self.history.add(
                "answer",
                event=name,
                status=answer.status_code,
                outcome=found.get("outcome", found.get("state")),
                message=found["message"],
            )
        else:
            self._refused(name, answer)

    def put_once(self, event, line, key=None, address=None):
        """One PUT, whatever the answer; it leaves no trace in the history."""
        headers = {"Content-Type": "application/json"}
        if "sequence" in event:
            headers["Sync-Sequence"] = event["sequence"]
        if key:
            headers["Idempotency-Key"] = f'"{key}"'
        return self._http.put(
            f"{address or self.addresses[0]}/{line['entity']}/{line['object']}",
            params={"system": line["system"]},
            data=json.dumps(event["data"]).encode(),
            headers=headers,
            timeout=30,
        )

    def _refused(self, event, answer, why=None):
        self.history.add(
            "refused",
            event=event,
            status=answer.status_code,
            why=why or answer.text[:300],
        )

    def _until_taken(self, call, events):
        """The first answer that is final.

        :raises Gone: nobody answered for longer than a sender's patience
        """
        end = time.monotonic() + self.patience
        wait = 0.05
        while True:
            try:
                answer = call(random.choice(self.addresses))
                if not _passing(answer):
                    return answer
                why = f"{answer.status_code}"
            except requests.RequestException as error:
                why = type(error).__name__
            self.history.add("failed", events=events, why=why)
            if time.monotonic() > end:
                raise Gone(f"{events[0]} found no answer: {why}")
            time.sleep(wait * random.uniform(0.5, 1.5))
            wait = min(wait * 2, 1.0)


def _passing(answer):
    """Whether a later try may be answered otherwise.

    Odoo without its database knows no routes: then 404 comes from Odoo itself, as a
    page and not as a problem document.
    """
    problem = answer.headers.get("Content-Type", "").startswith(PROBLEM)
    if answer.status_code == 404 and not problem:
        return True
    if answer.status_code in (408, 425, 429) or answer.status_code >= 500:
        return True
    return answer.status_code == 409 and "Retry-After" in answer.headers


class Load:
    """Several senders at once, each with objects of its own, until told to stop."""

    def __init__(
        self, addresses, history, system, prefix, *, senders=3, objects=60,
        entities=("vendor",), puts=0.15, pause=0.0,
    ):  # fmt: skip
        self.stop = threading.Event()
        self.errors = []
        self._puts = puts
        self._pause = pause
        self._threads = [
            threading.Thread(
                target=self._run,
                args=(
                    Sender(addresses, history),
                    Source(system, f"{prefix}{number}", objects, entities),
                ),
                daemon=True,
            )
            for number in range(senders)
        ]

    def _run(self, sender, source):
        try:
            while not self.stop.is_set():
                self._say(sender, source)
                if self._pause:
                    time.sleep(self._pause * random.uniform(0.5, 1.5))
        except Exception as error:
            self.errors.append(f"a sender stopped: {error!r}")

    def _say(self, sender, source):
        dice = source.random.random()
        if dice < self._puts:
            (thing,) = source.pick(1)
            if thing["counted"]:
                event, line = source.event(thing)
                money = thing["entity"] == "test_document"
                # a vendor may be put without a key: its version is enough
                keyed = money or source.random.random() < 0.5
                sender.put(event, line, event["id"] if keyed else None)
                return
        single = dice < 0.4
        things = source.pick(1 if single else source.random.randint(2, 40))
        pairs = [source.next(thing) for thing in things]
        if not single and source.random.random() < 0.3:
            # two versions of one object in one call
            pairs.append(source.next(things[0]))
        sender.post(pairs, single)

    def start(self):
        for thread in self._threads:
            thread.start()
        return self

    def finish(self):
        """Let each sender get its last answer; returns what went wrong."""
        self.stop.set()
        for thread in self._threads:
            thread.join(timeout=180)
            if thread.is_alive():
                self.errors.append("a sender still waits for its answer")
        return self.errors
