"""Plays the day without anybody watching, and says whether everything arrived."""

import time
from pathlib import Path

from . import contractor, journal
from .comparison import (
    Reading,
    Tally,
    differences,
    fold,
    leave_to_the_latest,
    names_of,
    repetitions,
)
from .day import MAPPED_CODE, MAPPED_TO
from .office import FLOWS
from .told import on_their_way

QUIET_LIMIT = 120
#: how long messages may wait for others while nothing else goes on: longer than the
#: minute in which the safety net looks
STALL_LIMIT = 75
#: states that end by themselves, at the latest when a cron looks, once a minute
MOVING = ("ready", "retry")
#: states in which a message has come to an end, or to a person
FINISHED = ("applied", "superseded", "duplicate", "discarded", "exception", "dead")
KINDS = (
    "project",
    "wbs_node",
    "cost_code",
    "cost_type",
    "segment_value",
    "vendor",
    "hook",
)


def wait_until_quiet(office, day, limit=QUIET_LIMIT, stall=STALL_LIMIT):
    """Until the systems have nothing left to send and Odoo nothing left to apply.

    :return: seconds it took, or None when the time was up or nothing moved any more
    """
    started = moved = time.monotonic()
    last = None
    while (now := time.monotonic()) - started < limit and now - moved < stall:
        left = (
            sum(system.waiting() for system in day.systems),
            office.count("construction.sync.message", [("state", "in", MOVING)]),
            office.count("construction.sync.message", [("state", "=", "waiting")]),
        )
        if not any(left):
            return now - started
        if left != last or left[0] or left[1]:
            last, moved = left, now
        time.sleep(0.3)
    return None


def wait_until_told(office, limit=QUIET_LIMIT):
    """Until whoever listens was told everything; seconds it took, None when the time
    was up."""
    started = time.monotonic()
    while (now := time.monotonic()) - started < limit:
        if not on_their_way(office):
            return now - started
        time.sleep(0.3)
    return None


def play(office, day, say):
    """The whole day, quiet after each part; sentences for what did not end."""
    problems = []
    day.unpleasant()
    for name in ("morning", "noon", "afternoon", "evening", "night"):
        getattr(day, name)()
        took = wait_until_quiet(office, day)
        if took is None:
            problems.append(f"The {name} did not come to an end; {_unfinished(office)}")
            say(problems[-1])
        else:
            say(f"{name.capitalize()}: quiet after {took:.1f} s")
    return problems


def _unfinished(office):
    stuck = office.search_read(
        "construction.sync.message",
        [("state", "not in", FINISHED)],
        ["entity", "external_id", "state", "note", "waits_on"],
        limit=5,
    )
    return "still under way: " + "; ".join(
        f"{one['entity']} {one['external_id']} is {one['state']} "
        f"({one['waits_on'] or one['note']})"
        for one in stuck
    )


def resolve_unknown_code(office):
    """Map the unknown code with the web client's own form; its messages go on.

    :return: sentences for what went wrong
    """
    found = office.search_read(
        "construction.sync.exception",
        [("state", "!=", "resolved"), ("value", "=", MAPPED_CODE)],
        ["name", "record_count"],
    )
    if len(found) != 1:
        return [
            f"{len(found)} open exceptions name the unknown code {MAPPED_CODE}, "
            f"expected one"
        ]
    target = office.first("construction.cost.code", [("code", "=", MAPPED_TO)])
    wizard = office.call(
        "construction.sync.map",
        "create",
        {
            "exception_id": found[0]["id"],
            "res_id": target,
            "note": "Steel erection is booked on structural steel framing.",
        },
    )
    office.call("construction.sync.map", "action_map", [wizard])
    return []


class Check:
    """Holds the send logs of a day against what stands in Odoo.

    :param decided: what a person had to decide and has decided for the sender
    """

    def __init__(self, office, day, decided=()):
        self.office = office
        self.day = day
        self.lines = [
            line
            for system in day.systems
            for line in journal.read(Path(system.journal.path))
        ]
        self.objects = fold(self.lines, decided)
        self.tallies = {kind: Tally() for kind in KINDS}
        self.problems = []

    def run(self):
        """Compare everything; ``problems`` says what differs, in sentences."""
        self._count_sent()
        self._compare_objects()
        self._count_waiting()
        self._count_records()
        self._look_at_audit()
        return self.problems

    def _count_sent(self):
        for entity, count in repetitions(self.lines).items():
            self.tallies[entity].sent = count

    def _compare_objects(self):
        keys = {system.code: system.key for system in self.day.systems}
        reading = Reading(self.office.address, self.office.database, keys)
        found = {
            key: reading.get(*key) for key, sent in self.objects.items() if sent.landed
        }
        names = names_of(self.objects, found, {MAPPED_CODE: MAPPED_TO})
        leave_to_the_latest(self.objects, found)
        for key, sent in self.objects.items():
            tally = self.tallies[sent.entity]
            tally.expected_waiting += len(sent.held)
            if not sent.landed:
                continue
            tally.expected += 1
            told = differences(sent, found[key], names)
            told += self._bank_accounts(sent, found[key])
            told += self._merged(sent, found[key], found)
            self.problems += told
            tally.landed += not told

    def _bank_accounts(self, sent, found):
        """Bank accounts are never given to outside systems: look in Odoo."""
        if not found or "bank_accounts" not in sent.data:
            return []
        stands = self.office.search_read(
            "res.partner.bank",
            [("partner_id", "=", found["odoo_id"])],
            ["sanitized_acc_number"],
        )
        numbers = sorted(account["sanitized_acc_number"] for account in stands)
        expected = sorted(
            account.get("iban") or account["number"]
            for account in sent.data["bank_accounts"]
        )
        if numbers == expected:
            return []
        return [
            f"{sent.system} vendor {sent.external_id}: bank accounts were sent as "
            f"{expected}, Odoo has {numbers}"
        ]

    def _merged(self, sent, stands, found):
        """A merged vendor lives on in its master: the id leads to the master, or to a
        record that is merged into it."""
        master = sent.data.get("merged_into")
        if not (stands and master):
            return []
        lives_on = found.get((sent.system, sent.entity, master))
        (partner,) = self.office.call(
            "res.partner", "read", [stands["odoo_id"]], ["construction_merged_into_id"]
        )
        into = partner["construction_merged_into_id"]
        if lives_on and lives_on["odoo_id"] in (stands["odoo_id"], into and into[0]):
            return []
        return [f"{sent.system} vendor {sent.external_id} is not merged into {master}"]

    def _count_waiting(self):
        """What stands in front of a person: messages of open exceptions, conflicts
        whose other fields have landed, and bank details for a second person."""
        open_ones = self.office.search_read(
            "construction.sync.exception",
            [("state", "!=", "resolved")],
            ["entity", "kind", "name", "record_count", "conflict_ids", "system_id"],
        )
        for one in open_ones:
            count = max(one["record_count"], 1)
            self.tallies.setdefault(one["entity"] or "hook", Tally()).waiting += count
        self.tallies["vendor"].waiting += self.office.count(
            "construction.bank.change", [("state", "=", "pending")]
        )
        for kind, tally in self.tallies.items():
            if tally.waiting != tally.expected_waiting:
                self.problems.append(
                    f"{tally.waiting} of kind {kind} wait for a person, expected "
                    f"{tally.expected_waiting}: "
                    + "; ".join(o["name"] for o in open_ones if o["entity"] == kind)
                )

    def _count_records(self):
        """Nothing doubled: as many records in Odoo as the contractor has."""
        projects = {data["number"] for _id, data in contractor.projects()}
        self._expect(
            "project.project",
            [("construction_number", "in", sorted(projects))],
            len(projects),
        )
        nodes = sum(
            1
            for sent in self.objects.values()
            if sent.entity == "wbs_node" and sent.landed
        )
        self._expect("construction.wbs", [], nodes)
        codes = {
            sent.data["code"]
            for sent in self.objects.values()
            if sent.entity == "cost_code"
        }
        self._expect(
            "construction.cost.code", [("code", "in", sorted(codes))], len(codes)
        )
        for system in self.day.systems:
            for entity in FLOWS[system.code]:
                expected = sum(
                    1
                    for sent in self.objects.values()
                    if (sent.system, sent.entity) == (system.code, entity)
                    and sent.landed
                )
                self._expect(
                    "construction.sync.binding",
                    [
                        ("system_id.code", "=", system.code),
                        ("entity", "=", entity),
                    ],
                    expected,
                )

    def _expect(self, model, domain, expected):
        stands = self.office.count(model, domain)
        if stands != expected:
            self.problems.append(
                f"{stands} records of {model} {domain} stand in Odoo, expected "
                f"{expected}"
            )

    def _look_at_audit(self):
        """Every applied message has its entry."""
        applied = self.office.call(
            "construction.sync.message", "search", [("state", "=", "applied")]
        )
        entries = self.office.search_read(
            "construction.sync.audit",
            [("message_id", "in", applied)],
            ["message_id"],
        )
        told = {entry["message_id"][0] for entry in entries if entry["message_id"]}
        missing = sorted(set(applied) - told)
        if missing:
            self.problems.append(
                f"{len(missing)} of {len(applied)} applied messages have no audit "
                f"entry, the first is {missing[0]}"
            )
        self.audited = len(told)

    def table(self):
        """One line per kind of record."""
        width = max(len(kind) for kind in self.tallies)
        lines = []
        for kind, tally in self.tallies.items():
            if not (tally.sent or tally.waiting):
                continue
            lines.append(
                f"{kind.replace('_', ' '):<{width}}  sent {tally.sent:>4}  "
                f"landed {tally.landed:>4}  "
                f"waiting for a person {tally.waiting:>2}  "
                f"expected {tally.expected:>4} + {tally.expected_waiting:<2}  "
                f"{'ok' if tally.equal else 'DIFFERS'}"
            )
        return lines
