"""Holds what was sent against what stands in Odoo, reading only the send logs and
Odoo's own interface."""

from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from urllib.parse import quote

import requests

from . import API
from .event import EVERYTHING

#: canonical fields that name another object
REFERENCES = {
    "parent": None,
    "project": "project",
    "merged_into": "vendor",
    "cost_codes": "cost_code",
    "segments": "segment_value",
}
#: fields that the interface takes and never gives; the checker looks in Odoo
NOT_EXPORTED = ("bank_accounts", "merged_into")


@dataclass
class Sent:
    """One object as its system last told it, folded over all it said.

    :param data: fields that have to stand in Odoo
    :param told: when each of these fields was told last
    :param held: what waits for a person, one entry per message
    """

    system: str
    entity: str
    external_id: str
    data: dict = field(default_factory=dict)
    told: dict = field(default_factory=dict)
    held: dict = field(default_factory=dict)
    landed: bool = False
    deleted: bool = False


@dataclass
class Tally:
    """One kind of record in the closing table."""

    sent: int = 0
    twice: int = 0
    expected: int = 0
    landed: int = 0
    expected_waiting: int = 0
    waiting: int = 0

    @property
    def equal(self):
        """Whether what stands in Odoo is what has to."""
        return (self.landed, self.waiting) == (self.expected, self.expected_waiting)


def answered(lines):
    """Events that Odoo has taken, each once, in the order of their versions or,
    without versions, of their answers: ``(system, event id, when, records)``.

    A refused event is in it too when its records say that a person decides: that
    was the answer to expect.
    """
    seen, events = set(), []
    for line in lines:
        for event in line["events"]:
            if line["status"] is None or (line["system"], event["id"]) in seen:
                continue
            person = any(record["person"] for record in event["records"])
            if line["status"] < 300 or (person and line["status"] in (409, 422)):
                seen.add((line["system"], event["id"]))
                events.append(
                    (line["system"], event["id"], line["at"], event["records"])
                )
    return events


def repetitions(lines):
    """``{entity: how many records were sent, repetitions included}``."""
    counts = {}
    for line in lines:
        for event in line["events"]:
            for record in event["records"]:
                counts[record["entity"]] = counts.get(record["entity"], 0) + 1
    return counts


def fold(lines, decided=()):
    """What has to stand in Odoo: ``{(system, entity, external id): Sent}``.

    :param decided: what records say a person has to decide and a person has
        decided since, in favour of the sender
    """
    objects = {}
    records = [
        (record["version"] or 0, position, system, event_id, at, record)
        for position, (system, event_id, at, group) in enumerate(answered(lines))
        for record in group
    ]
    for _version, _position, system, event_id, at, record in sorted(
        records, key=lambda entry: entry[:2]
    ):
        key = (system, record["entity"], record["external_id"])
        sent = objects.setdefault(key, Sent(*key))
        kept_out = tuple(record["kept_out"])
        if record["person"] and record["person"] not in decided:
            sent.held[event_id] = record["person"]
        elif record["person"]:
            kept_out = ()
        if kept_out == EVERYTHING:
            continue
        sent.landed = True
        sent.deleted = record["deleted"]
        landing = {k: v for k, v in record["data"].items() if k not in kept_out}
        sent.data.update(landing)
        sent.told.update(dict.fromkeys(landing, at))
    return objects


def leave_to_the_latest(objects, found):
    """Where several systems tell of one record, each field stands as it was told
    last: take it out of what the others have to find.

    :param found: ``{key of objects: answer of GET}``
    """
    latest = {}
    for key, sent in objects.items():
        if answer := found.get(key):
            for name, at in sent.told.items():
                place = (sent.entity, answer["odoo_id"], name)
                latest[place] = max(latest.get(place, at), at)
    for key, sent in objects.items():
        if answer := found.get(key):
            for name, at in sent.told.items():
                if at < latest[sent.entity, answer["odoo_id"], name]:
                    del sent.data[name]


class Reading:
    """Reads objects back as each system may: with its own key, by its own ids.

    :param keys: ``{system: key}``
    """

    def __init__(self, odoo, database, keys):
        self.odoo = odoo
        self.database = database
        self.keys = keys
        self._session = requests.Session()
        self._session.trust_env = False

    def get(self, system, entity, external_id):
        """The object as Odoo exports it, or None when it has none."""
        response = self._session.get(
            f"{self.odoo}{API}/{entity}/{quote(external_id, safe='')}",
            headers={
                "Authorization": f"Bearer {self.keys[system]}",
                "X-Odoo-Database": self.database,
            },
            timeout=60,
        )
        if response.status_code == 404:
            return None
        response.raise_for_status()
        return response.json()


def differences(sent, found, names):
    """Sentences for every field in which Odoo differs from what was sent.

    :param found: answer of ``GET``, or None
    :param names: see ``names_of``
    """
    name = f"{sent.system} {sent.entity} {sent.external_id}"
    if found is None:
        return [f"{name} is not in Odoo"]
    told = []
    if sent.data.get("merged_into"):
        return told
    for key, value in sent.data.items():
        if key in NOT_EXPORTED:
            continue
        stands = found["data"].get(key)
        if not _same(_plain(sent, key, value, names), _plain(sent, key, stands, names)):
            told.append(f"{name}: {key} was sent as {value!r}, Odoo has {stands!r}")
    return told


def names_of(objects, found, mapped):
    """What stands behind each way of naming an object, so that references written
    as the sender's id, as a code or as Odoo's id compare equal.

    :param found: ``{key of objects: answer of GET}``
    :param mapped: ``{unknown code: code}`` as a person has mapped it
    :return: ``{(system, entity, id) or (None, entity, code): Odoo's id}``
    """
    names = {}
    for key, sent in objects.items():
        if answer := found.get(key):
            names[key] = answer["odoo_id"]
            if sent.entity != "wbs_node" and "code" in sent.data:
                names[None, sent.entity, sent.data["code"]] = answer["odoo_id"]
    for unknown, code in mapped.items():
        names[None, "cost_code", unknown] = names.get((None, "cost_code", code))
    return names


def _plain(sent, key, value, names):
    if key not in REFERENCES:
        return value
    entity = REFERENCES[key] or sent.entity

    def plain(reference):
        if isinstance(reference, dict):
            if "odoo_id" in reference:
                return reference["odoo_id"]
            reference = reference.get("code", reference.get("id"))
        by_code = names.get((None, entity, reference), reference)
        return names.get((sent.system, entity, reference), by_code)

    if isinstance(value, list):
        return sorted((plain(one) for one in value), key=str)
    if key == "segments" and isinstance(value, dict):
        return {segment: plain(one) for segment, one in value.items()}
    return plain(value)


def _same(expected, stands):
    if isinstance(expected, dict):
        return isinstance(stands, dict) and all(
            _same(value, stands.get(key)) for key, value in expected.items()
        )
    if isinstance(expected, list):
        if not isinstance(stands, list) or len(expected) != len(stands):
            return False
        pairs = zip(_sorted(expected), _sorted(stands), strict=True)
        return all(_same(one, other) for one, other in pairs)
    if expected in (None, "", False) and stands in (None, "", False):
        return True
    if isinstance(expected, str) and isinstance(stands, str):
        return expected == stands or _equal_numbers(expected, stands)
    return expected == stands


def _sorted(values):
    def rank(value):
        if isinstance(value, dict):
            return str(sorted((k, v) for k, v in value.items() if v is not None))
        return str(value)

    return sorted(values, key=rank)


def _equal_numbers(one, other):
    try:
        return "." in one + other and Decimal(one) == Decimal(other)
    except InvalidOperation:
        return False
