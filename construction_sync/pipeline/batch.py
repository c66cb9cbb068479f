"""What happens to the messages of one batch, inside the working transaction.

Read from top to bottom: rows are read and validated (``understand``), gated, stopped
behind what is not done, their references resolved, applied in one go (``applying``),
and their outcomes recorded (``outcome``).
"""

from odoo.tools import SQL

from ..schemas.problem import Problem
from . import gate, gateway, outcome, publish, references, signals
from .applying import Applier, deadline, fold
from .rows import read_rows
from .understand import Reader

CRASHES = 3


def size_of(env, flow_id):
    """How many messages of a flow go into one batch."""
    flow = env["construction.sync.flow"].browse(flow_id)
    handler = env["construction.sync.handler"]._for(flow.entity)
    return flow.batch_size or (handler._batch_size if handler is not None else 100)


def read_items(env, flow, ids):
    """Items of these messages as the drain would see them, with their links."""
    env = gateway.system_environment(env, flow.system_id)
    flow = env["construction.sync.flow"].browse(flow.id)
    reader = Reader(env, flow)
    items = [
        i for row in read_rows(env.cr, ids) if (i := reader.item_of(row)) is not None
    ]
    reader.look_up(items)
    return items


def process(env, flow_id, rows, first=False):
    """Decide and apply ``rows``; everything is written when this returns.

    :param first: the batch has not been undone yet, so a record that somebody else
        made at the same moment is looked for once more
    :raises Moved: when it must be
    """
    flow = env["construction.sync.flow"].browse(flow_id)
    env, watch = _watched(gateway.system_environment(env, flow.system_id), flow)
    flow = env["construction.sync.flow"].browse(flow_id)
    work = _Batch(env, flow, rows, first)
    work.run()
    result = outcome.record(env, flow, work.handler, rows)
    watch.causes = _causes(work.handler, rows)
    publish.run(env.cr, watch)
    for row in rows:
        # rows and items name each other: let both go now, with their bodies, and not
        # with some later garbage collection (measured: 40 MB in a long drain)
        row.item = None
    return result


def _watched(env, flow):
    """``env`` that notes what changes, and the notes: told to other systems once, at
    the end."""
    watch = publish.Watch(flow.system_id.id, env.uid)
    return env(context={**env.context, publish.CONTEXT_KEY: watch}), watch


def _causes(handler, rows):
    """``{(model, record id): (message id, trace id)}`` of what was applied."""
    return {
        (handler._target, row.item.record_id): (row.id, row.trace_id)
        for row in rows
        if row.state == "applied" and row.item is not None and row.item.record_id
    }


def decided(env, flow, row, names):
    """Write one message's fields ``names`` for the outside, as a person decided;
    ``row.problems`` tells why it could not be done."""
    env, watch = _watched(gateway.system_environment(env, flow.system_id), flow)
    flow = env["construction.sync.flow"].browse(flow.id)
    work = _Batch(env, flow, [row])
    item = work.reader.item_of(row)
    if item is None:
        return row
    work.reader.look_up([item])
    item.forced = frozenset(names)
    references.resolve(env, work.handler, [item])
    if item.open:
        work.handler.apply([item])
    row.problems = item.problems
    publish.run(env.cr, watch)
    return row


class _Batch:
    """The state of one batch while it is being worked on."""

    def __init__(self, env, flow, rows, first=False):
        self.env = env
        self.flow = flow
        self.system = flow.system_id
        self.reader = Reader(env, flow)
        self.handler = self.reader.handler
        self.applier = Applier(env, flow, self.reader, first)
        self.rows = rows
        self.stopped = {}
        self._clients = {}

    def run(self):
        self._quarantine()
        self._stop_behind()
        items = [
            item
            for row in self.rows
            if not row.state and (item := self.reader.item_of(row)) is not None
        ]
        items = self._barriers(items)
        self.reader.look_up(items)
        items = [item for item in items if self._in_company(item)]
        for row in self.rows:
            self._stop(row)
        items = self._gated(items)
        references.resolve(self.env, self.handler, items)
        if self.flow.state == "preview":
            self._preview(items)
            return
        self.applier.apply(fold(self._in_order(items)))

    # ---- who may go on ----------------------------------------------------------

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
        """Messages behind one of their object that is not done wait for it; but one
        that waits for a missing version lets that version pass."""
        states = ["waiting", "retry"]
        if self.flow.on_error == "block":
            states += ["exception", "dead"]
        self.env.cr.execute(
            SQL(
                """
                SELECT external_id, min(id) FROM construction_sync_message
                 WHERE flow_id = %s AND state = ANY(%s)
                   AND state IN ('waiting', 'retry', 'exception', 'dead')
                   AND COALESCE(waits_on, '') NOT LIKE 'gap:%%'
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
                row.wait_behind(first)

    def _stop(self, row):
        """Later messages of this row's object wait for it, if the policy says so."""
        parked = row.problems or row.state == "dead"
        waits = row.state == "waiting" and not row.waits_on.startswith("gap:")
        if waits or (parked and self.flow.on_error == "block"):
            self.stopped.setdefault(row.external_id, row.id)

    def _is_stopped(self, row):
        """Whether an earlier message of the same object stopped; then it waits."""
        first = self.stopped.get(row.external_id)
        if first is None or first >= row.id:
            return False
        row.wait_behind(first)
        return True

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
                stored[key] = gate.Stamp(version, stamp.hash, row.made_at, row.id)
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
                row.next_at = deadline(self.flow, row)
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
                    extra=signals.named(item.waits_on),
                )
            ]
            return
        row.state, row.waits_on, row.note = "waiting", item.waits_on, item.note
        row.next_at = deadline(self.flow, row)

    def _preview(self, items):
        """Compute, say what would happen, write nothing."""
        with self.env.cr.savepoint() as savepoint:
            self.applier.apply(fold([i for i in items if i.open]))
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


def _stamp_of(binding):
    if binding is None:
        return None
    return gate.Stamp(
        int(binding.version) if binding.version else None,
        binding.content_hash or None,
        binding.event_time or None,
        binding.last_message_id or 0,
    )
