"""What happens to the messages of one batch, inside the working transaction.

Read from top to bottom: rows are read and validated, gated, folded per object, their
references resolved, applied in one go, and their outcomes recorded. A batch that
fails as a whole is split eight ways until the bad message stands alone (R5).
"""

import json
import logging
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from psycopg2 import IntegrityError, InterfaceError, OperationalError
from psycopg2.errors import LockNotAvailable
from pydantic import ValidationError as SchemaError

from odoo import fields
from odoo.exceptions import AccessError, LockError, MissingError, UserError
from odoo.tools import SQL, mute_logger

from .. import schemas
from ..schemas.problem import Problem, one_line, problems_of
from . import gate, gateway, outcome, references
from .item import Item

_logger = logging.getLogger(__name__)

SPLIT = 8
CRASHES = 3


@dataclass(slots=True)
class Row:
    """A message as the drain reads it, and what becomes of it."""

    id: int
    uuid: str
    external_id: str
    company_id: int | None
    client_id: int | None
    version: int | None
    event_time: datetime | None
    received_at: datetime
    deleted: bool
    attempts: int
    crash_count: int
    overdue: bool
    content_type: str
    raw: bytes
    title: str = ""
    exception_id: int | None = None
    state: str = ""
    note: str = ""
    waits_on: str | None = None
    next_at: datetime | None = None
    problems: list = field(default_factory=list)
    superseded_by: int | None = None
    item: Any = None
    action: str = ""
    content_hash: str = ""


@dataclass(slots=True)
class Result:
    """What a batch left behind."""

    woken: Iterable = ()
    waiting: bool = False
    moved: bool = False


COLUMNS = """
    m.id, m.uuid, m.external_id, m.company_id, m.client_id, m.version, m.event_time,
    m.received_at, m.deleted, m.attempts, m.crash_count,
    m.next_at IS NOT NULL AND m.next_at <= now() AT TIME ZONE 'UTC',
    b.content_type, b.raw, m.title, m.exception_id
"""


def size_of(env, flow_id):
    """How many messages of a flow go into one batch."""
    flow = env["construction.sync.flow"].browse(flow_id)
    handler = env["construction.sync.handler"]._for(flow.entity)
    return flow.batch_size or (handler._batch_size if handler is not None else 100)


def select(cr, flow_id, slots, size):
    """The oldest ready messages in these lanes."""
    where = SQL("") if len(slots) == 64 else SQL("AND m.slot = ANY(%s)", list(slots))
    cr.execute(
        SQL(
            f"""
            SELECT {COLUMNS}
              FROM construction_sync_message m
              JOIN construction_sync_message_body b ON b.id = COALESCE(m.body_id, m.id)
             WHERE m.flow_id = %s AND m.state = 'ready' %s
          ORDER BY m.id
             LIMIT %s
            """,
            flow_id,
            where,
            size,
        )
    )
    return [_row(values) for values in cr.fetchall()]


def select_object(cr, flow_id, external_id, last_id):
    """Ready messages of one object, up to and including ``last_id``."""
    cr.execute(
        SQL(
            f"""
            SELECT {COLUMNS}
              FROM construction_sync_message m
              JOIN construction_sync_message_body b ON b.id = COALESCE(m.body_id, m.id)
             WHERE m.flow_id = %s AND m.state = 'ready'
               AND m.external_id = %s AND m.id <= %s
          ORDER BY m.id
            """,
            flow_id,
            external_id,
            last_id,
        )
    )
    return [_row(values) for values in cr.fetchall()]


def read_rows(cr, ids):
    """Rows of these messages, whatever their state, oldest first."""
    cr.execute(
        SQL(
            f"""
            SELECT {COLUMNS}
              FROM construction_sync_message m
              JOIN construction_sync_message_body b ON b.id = COALESCE(m.body_id, m.id)
             WHERE m.id = ANY(%s) ORDER BY m.id
            """,
            list(ids),
        )
    )
    return [_row(values) for values in cr.fetchall()]


def read_items(env, flow, ids):
    """Items of these messages as the drain would see them, with their links."""
    env = gateway.system_environment(env, flow.system_id)
    flow = env["construction.sync.flow"].browse(flow.id)
    work = _Batch(env, flow, read_rows(env.cr, ids))
    items = [i for row in work.rows if (i := work.read(row)) is not None]
    work.look_up(items)
    return items


def _row(values):
    values = list(values)
    values[5] = int(values[5]) if values[5] is not None else None
    values[13] = bytes(values[13]) if values[13] is not None else b""
    return Row(*values)


def suspects_first(rows):
    """After a crash, messages that were in it go alone, and their object's earlier
    ones before them."""
    suspect = next((row for row in rows if row.crash_count), None)
    if suspect is None:
        return rows
    return [next(r for r in rows if r.external_id == suspect.external_id)]


def process(env, flow_id, rows):
    """Decide and apply ``rows``; everything is written when this returns."""
    flow = env["construction.sync.flow"].browse(flow_id)
    env = gateway.system_environment(env, flow.system_id)
    flow = env["construction.sync.flow"].browse(flow_id)
    work = _Batch(env, flow, rows)
    work.run()
    return outcome.record(env, flow, work.handler, rows)


def decided(env, flow, row, names):
    """Write one message's fields ``names`` for the outside, as a person decided;
    ``row.problems`` tells why it could not be done."""
    env = gateway.system_environment(env, flow.system_id)
    flow = env["construction.sync.flow"].browse(flow.id)
    work = _Batch(env, flow, [row])
    item = work.read(row)
    if item is None:
        return row
    work.look_up([item])
    item.forced = frozenset(names)
    references.resolve(env, work.handler, [item])
    if item.open:
        work.handler.apply([item])
    row.problems = item.problems
    return row


class _Batch:
    """The state of one batch while it is being worked on."""

    def __init__(self, env, flow, rows):
        self.env = env
        self.flow = flow
        self.system = flow.system_id
        self.handler = env["construction.sync.handler"]._for(flow.entity)
        self.rows = rows
        self.stopped = {}
        self._clients = {}

    def run(self):
        self._quarantine()
        self._stop_behind()
        items = [
            item
            for row in self.rows
            if not row.state and (item := self.read(row)) is not None
        ]
        items = self._barriers(items)
        self.look_up(items)
        items = [item for item in items if self._in_company(item)]
        for row in self.rows:
            self._stop(row)
        items = self._gated(items)
        references.resolve(self.env, self.handler, items)
        if self.flow.state == "preview":
            self._preview(items)
            return
        items = self._folded(self._in_order(items))
        self._apply(items)

    # ---- reading -------------------------------------------------------------------

    def _quarantine(self):
        for row in self.rows:
            if row.crash_count >= CRASHES:
                row.state = "dead"
                row.problems = [
                    Problem(
                        "quarantined",
                        f"{row.title or row.external_id} from {self.system.name} "
                        f"stopped the server {CRASHES} times and was set aside.",
                        extra={"subject": row.external_id},
                    )
                ]

    def _stop_behind(self):
        """Messages behind one of their object that is not done wait for it."""
        states = ["waiting", "retry"]
        if self.flow.on_error == "block":
            states += ["exception", "dead"]
        self.env.cr.execute(
            SQL(
                """
                SELECT external_id, min(id) FROM construction_sync_message
                 WHERE flow_id = %s AND state = ANY(%s)
                   AND state IN ('waiting', 'retry', 'exception', 'dead')
                   AND external_id = ANY(%s)
              GROUP BY external_id
                """,
                self.flow.id,
                states,
                list({row.external_id for row in self.rows}),
            )
        )
        ahead = dict(self.env.cr.fetchall())
        for row in self.rows:
            first = ahead.get(row.external_id)
            if first and first < row.id and not row.state:
                self._behind(row, first)

    def _stop(self, row):
        """Later messages of this row's object wait for it, if the policy says so."""
        parked = row.problems or row.state == "dead"
        if row.state == "waiting" or (parked and self.flow.on_error == "block"):
            self.stopped.setdefault(row.external_id, row.id)

    def _behind(self, row, first_id):
        row.state = "waiting"
        row.waits_on = f"behind:{first_id}"
        row.note = "Waits behind an earlier message of the same object"
        row.item = None

    def _is_stopped(self, row):
        """Whether an earlier message of the same object stopped; then it waits."""
        first = self.stopped.get(row.external_id)
        if first is None or first >= row.id:
            return False
        self._behind(row, first)
        return True

    def read(self, row):
        """The row as an item, or None when it cannot be read."""
        handler = self.handler
        if handler is None:
            row.problems = [
                Problem(
                    "unsupported",
                    f"No installed module applies {self.flow.entity} yet.",
                    extra={"event": self.flow.entity},
                )
            ]
            return None
        if handler._entity == "hook":
            data = None
        else:
            data = self._data(row)
            if row.problems:
                return None
        item = Item(
            rows=[row],
            system=self.system,
            flow=self.flow,
            entity=self.flow.entity,
            external_id=row.external_id,
            data=data,
            deleted=row.deleted,
        )
        row.item = item
        row.content_hash = _hash(row, data)
        item.content_hash = row.content_hash
        item.company = self._company(item)
        return item

    def _data(self, row):
        schema = schemas.SCHEMAS.get(self.flow.entity)
        if schema is None:
            row.problems = [
                Problem("schema-unknown", f"{self.flow.entity} is not known here.")
            ]
            return None
        try:
            value = json.loads(row.raw, parse_float=Decimal)
            if row.content_type.startswith("application/cloudevents"):
                value = value.get("data")
            if value is None and row.deleted:
                return None
            return schema.model_validate(value)
        except SchemaError as error:
            row.problems = problems_of(error, "/data")
            subject = row.title or row.external_id
            for problem in row.problems:
                problem.detail = f"{subject}: {problem.detail}"
        except ValueError as error:
            row.problems = [Problem("unreadable", one_line(error))]
        return None

    def _company(self, item):
        handler = self.handler
        companies = self.env["res.company"]
        if not handler._per_company:
            return companies
        code = handler.company_code(item.data) if item.data is not None else None
        company = self.system._company_for(code)
        if not company and code:
            item.fail(
                Problem(
                    "company-unknown",
                    f"{item.external_id} names the company {code}, which is not a "
                    f"company of {self.system.name}.",
                    "/data/company",
                    extra={"value_kind": "company", "value": code},
                )
            )
        if not code and len(item.rows) == 1 and item.rows[0].company_id:
            company = companies.browse(item.rows[0].company_id)
        return company

    def _in_company(self, item):
        """Whether the sender may write to the item's company (F08)."""
        row = item.rows[0]
        if item.open and item.company and row.client_id:
            if row.client_id not in self._clients:
                client = self.env["construction.sync.client"].browse(row.client_id)
                self._clients[row.client_id] = (
                    set(client.exists().company_ids.ids) or None
                )
            allowed = self._clients[row.client_id]
            if allowed is not None and item.company.id not in allowed:
                item.fail(
                    Problem(
                        "company-crossed",
                        f"{item.external_id} belongs to {item.company.name}, for which "
                        f"its sender may not write.",
                        "/data/company",
                    )
                )
        if not item.open:
            row.problems = item.problems
            return False
        return True

    def _barriers(self, items):
        """A deletion is applied by itself: what follows it of its object comes with
        the next batch."""
        seen, stopped, kept = set(), set(), []
        for item in items:
            key = item.external_id
            if key in stopped or (item.deleted and key in seen):
                stopped.add(key)
                item.rows[0].item = None
                item.rows[0].state = "ready"
                continue
            if item.deleted:
                stopped.add(key)
            seen.add(key)
            kept.append(item)
        return kept

    def look_up(self, items):
        """Find what is linked already."""
        if not items:
            return
        found = self.env["construction.sync.binding"].search(
            [
                ("system_id", "=", self.system.id),
                ("entity", "=", self.flow.entity),
                ("external_id", "in", list({i.external_id for i in items})),
            ]
        )
        by_key = {(b.external_id, b.company_id.id): b for b in found}
        by_id = defaultdict(list)
        for binding in found:
            by_id[binding.external_id].append(binding)
        for item in items:
            company_id = item.company.id if item.company else False
            binding = by_key.get((item.external_id, company_id))
            if binding is None and item.deleted and item.data is None:
                # a deletion without data does not name its company
                only = by_id.get(item.external_id, [])
                binding = only[0] if len(only) == 1 else None
            if binding is not None:
                item.binding = binding
                item.record_id = binding.res_id
                item.company = item.company or binding.company_id

    # ---- order ---------------------------------------------------------------------

    def _gated(self, items):
        """Items that may go on; the others get their state from the version gate."""
        stored, going = {}, []
        for item in items:
            row = item.rows[0]
            if self._is_stopped(row):
                continue
            key = (item.external_id, item.company.id if item.company else False)
            if item.binding is not None and item.binding.state == "alias":
                row.state = "superseded"
                row.note = "Was merged into another record; only that one counts"
                continue
            if key not in stored:
                stored[key] = _stamp_of(item.binding)
            stamp = gate.Stamp(row.version, item.content_hash, row.event_time, row.id)
            verdict = gate.judge(stored[key], stamp, self.flow.ordering)
            if verdict is gate.Verdict.APPLY:
                version = row.version
                if version is None and stored[key] is not None:
                    version = stored[key].version
                stored[key] = gate.Stamp(version, stamp.hash, stamp.time, stamp.arrival)
                going.append(item)
            else:
                self._held(row, verdict, stored[key])
                self._stop(row)
        return going

    def _held(self, row, verdict, stored):
        who = row.title or row.external_id
        if verdict is gate.Verdict.DUPLICATE:
            row.state, row.note = "duplicate", "Says what stands already"
            row.superseded_by = stored.arrival or None
        elif verdict is gate.Verdict.SUPERSEDED:
            row.state, row.note = "superseded", "A newer version stands"
            row.superseded_by = stored.arrival or None
        elif verdict is gate.Verdict.GAP:
            if row.overdue:
                row.problems = [
                    Problem(
                        "version-gap",
                        f"{who} came with version {row.version}, but version "
                        f"{stored.version + 1} never arrived.",
                    )
                ]
            else:
                row.state = "waiting"
                row.waits_on = (
                    f"gap:{self.flow.id}:{row.external_id}:{stored.version + 1}"
                )
                row.note = f"Waits for version {stored.version + 1}"
                row.next_at = self._deadline(row)
        elif verdict is gate.Verdict.CONFLICT:
            row.problems = [
                Problem(
                    "version-conflict",
                    f"{who} came twice with version {row.version} and different "
                    f"content.",
                    extra={"current": str(stored.version)},
                )
            ]
        else:
            row.problems = [
                Problem(
                    "epoch-change",
                    f"{who} came with version {row.version}, made after version "
                    f"{stored.version}: {self.system.name} has started counting again.",
                    extra={"current": str(stored.version)},
                )
            ]

    def _deadline(self, row):
        return row.next_at or (
            fields.Datetime.now() + timedelta(minutes=self.flow.wait_minutes)
        )

    def _in_order(self, items):
        """Stop each object at its first message that cannot be applied now."""
        going = []
        for item in items:
            row = item.rows[0]
            if self._is_stopped(row):
                continue
            if item.open:
                going.append(item)
                continue
            self._not_now(item, row)
            self._stop(row)
        return going

    def _not_now(self, item, row):
        if item.failed:
            row.problems = item.problems
            return
        if row.overdue:
            row.problems = [
                Problem(
                    "parent-missing",
                    f"{row.title or row.external_id} {item.note[:1].lower()}"
                    f"{item.note[1:]}, which has not arrived.",
                    extra={"subject": item.waits_on},
                )
            ]
            return
        row.state, row.waits_on, row.note = "waiting", item.waits_on, item.note
        row.next_at = self._deadline(row)

    def _folded(self, items):
        """One item per object: later messages over earlier ones (see pipeline.item)."""
        folded = {}
        for item in items:
            key = (item.external_id, item.company.id if item.company else False)
            first = folded.get(key)
            if first is None or item.data is None or first.data is None:
                folded[key] = item
                continue
            sent = item.data.model_fields_set
            first.data = first.data.model_copy(
                update={name: getattr(item.data, name) for name in sent}
            )
            aliases = {f"/{_alias(item.data, name)}" for name in sent}
            first.refs = {
                pointer: found
                for pointer, found in first.refs.items()
                if not any(
                    pointer == a or pointer.startswith(a + "/") for a in aliases
                )
            } | item.refs
            first.rows.extend(item.rows)
            first.content_hash = item.content_hash
            item.rows[0].item = first
        return list(folded.values())

    # ---- applying ------------------------------------------------------------------

    def _preview(self, items):
        """Compute, say what would happen, write nothing."""
        with self.env.cr.savepoint() as savepoint:
            self._apply(self._folded([i for i in items if i.open]))
            self.env.flush_all()
            savepoint.rollback()
        self.env.invalidate_all()
        for row in self.rows:
            if row.state and row.state != "applied":
                continue
            item = row.item
            if row.problems or (item is not None and item.failed):
                problems = row.problems or item.problems
                row.note = f"Preview: would need you. {problems[0].detail}"[:500]
            elif item is not None and item.waits_on:
                row.note = f"Preview: {item.note}"
            elif item is not None:
                row.note = "Preview: would " + (
                    "be created"
                    if item.created
                    else "change " + ", ".join(sorted(item.changes))
                    if item.changes
                    else "change nothing"
                )
            row.problems, row.item, row.action = [], None, ""
            row.state, row.waits_on = "waiting", f"preview:{self.flow.id}"

    def _apply(self, items):
        """Apply items together; when that fails, in eighths; a single one that fails
        is refused or tried again later."""
        if not items:
            return
        kept = [_keep(item) for item in items]
        try:
            with mute_logger("odoo.sql_db"), self.env.cr.savepoint():
                self.handler.apply(items)
        except (InterfaceError, AssertionError):
            raise
        except Exception as error:
            if isinstance(error, OperationalError) and not isinstance(
                error, LockNotAvailable
            ):
                raise
            self.env.invalidate_all(flush=False)
            for item, state in zip(items, kept, strict=True):
                _restore(item, state)
            if len(items) > 1:
                step = -(-len(items) // SPLIT)
                for start in range(0, len(items), step):
                    self._apply(items[start : start + step])
            elif len(items[0].rows) > 1:
                self._unfold(items[0])
            else:
                self._failed(items[0], error)
            return
        for item in items:
            self._settle(item)

    def _unfold(self, item):
        """A folded object was refused: its messages one by one, until one fails."""
        rows, item.rows = item.rows, []
        stopped = None
        for row in rows:
            if stopped is not None:
                self._behind(row, stopped)
                continue
            single = self.read(row)
            self.look_up([single])
            single.record_id = single.record_id or item.record_id
            references.resolve(self.env, self.handler, [single])
            self._apply([single])
            item.record_id = single.record_id
            if row.state != "applied" and self.flow.on_error == "block":
                stopped = row.id

    def _failed(self, item, error):
        row = item.rows[0]
        row.problems, again = classify(error, self.handler.title(item))
        if again:
            row.state = "retry"
            row.note = row.problems[0].detail

    def _settle(self, item):
        """The outcome of an item is the outcome of each of its messages."""
        for row in item.rows:
            row.item = item
            if item.failed:
                row.problems = item.problems
            elif item.waits_on:
                row.state, row.waits_on = "waiting", item.waits_on
                row.note, row.next_at = item.note, self._deadline(row)
            else:
                row.state = "applied"
        if item.failed or item.waits_on:
            return
        for row in item.rows[:-1]:
            row.action = "updated"
        item.rows[-1].action = _action(item)
        if len(item.rows) > 1 and item.created:
            item.rows[0].action = "created"


def _action(item):
    if item.deleted:
        return "archived"
    if item.created:
        return "created"
    if item.binding is None:
        return "linked"
    return "updated" if item.changes else "unchanged"


def _stamp_of(binding):
    if binding is None:
        return None
    return gate.Stamp(
        int(binding.version) if binding.version else None,
        binding.content_hash or None,
        binding.event_time or None,
        binding.last_message_id or 0,
    )


def _hash(row, data):
    """Content hash: of the canonical data, of the deletion, or of the raw body."""
    if row.deleted:
        return "deleted"
    if data is None:
        return str(row.id)
    found = schemas.content_hash(data)
    return found.hex() if isinstance(found, bytes) else found


def _alias(data, name):
    return type(data).model_fields[name].alias or name


def _keep(item):
    return (
        item.record_id, list(item.problems), list(item.conflicts), item.waits_on,
        item.created, item.linked_by,
    )  # fmt: skip


def _restore(item, state):
    (item.record_id, item.problems, item.conflicts, item.waits_on, item.created,
     item.linked_by) = state  # fmt: skip
    item.changes, item.before = {}, {}


def classify(error, who):
    """What an exception of the ORM means: ``([Problem], worth trying again)``.

    What Odoo says about the record is final until a person acts; what may pass by
    itself is tried again; what nobody foresaw is tried again too, and given up with
    its name after the last try.
    """
    detail = one_line(_sentence(error), 400)
    if isinstance(error, AccessError):
        return [Problem("access-refused", f"{who}: {detail}")], False
    if isinstance(error, (LockError, LockNotAvailable, MissingError)):
        return [Problem("unavailable", f"{who}: {detail}")], True
    if isinstance(error, (UserError, IntegrityError)):
        return [Problem("business-rule", f"{who}: {detail}")], False
    _logger.info("Applying %s failed: %s", one_line(who), detail, exc_info=True)
    return [Problem("gave-up", f"{who} could not be applied: {detail}")], True


def _sentence(error):
    if isinstance(error, IntegrityError):
        return (error.diag.message_primary or str(error)) + (
            f" ({error.diag.message_detail})" if error.diag.message_detail else ""
        )
    return str(error.args[0]) if error.args else type(error).__name__
