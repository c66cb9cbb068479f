"""Apply items together; when that fails, in eighths, until the bad one stands alone.

A clean batch costs one savepoint. A batch that fails as a whole is undone and split
eight ways, so that one bad message in five hundred costs three levels and not five
hundred single writes (R5).
"""

import logging
from datetime import timedelta

from psycopg2 import IntegrityError, InterfaceError, OperationalError
from psycopg2.errors import LockNotAvailable, UniqueViolation

from odoo import fields
from odoo.exceptions import AccessError, LockError, MissingError, UserError
from odoo.tools import mute_logger

from ..schemas.problem import Problem, one_line
from . import references
from .rows import Moved

_logger = logging.getLogger(__name__)

SPLIT = 8


def deadline(flow, row):
    """Until when a message waits for what it names."""
    return row.next_at or (fields.Datetime.now() + timedelta(minutes=flow.wait_minutes))


def fold(items):
    """One item per object: later messages over earlier ones (see pipeline.item).
    What carries no data (webhook bodies, deletions) says nothing to fold."""
    folded, going = {}, []
    for item in items:
        key = (item.external_id, item.company.id if item.company else False)
        first = folded.get(key)
        if first is None or item.data is None or first.data is None:
            folded[key] = item
            going.append(item)
            continue
        sent = item.data.model_fields_set
        first.data = first.data.model_copy(
            update={name: getattr(item.data, name) for name in sent}
        )
        aliases = {f"/{_alias(item.data, name)}" for name in sent}
        first.refs = {
            pointer: found
            for pointer, found in first.refs.items()
            if not any(pointer == a or pointer.startswith(a + "/") for a in aliases)
        } | item.refs
        first.rows.extend(item.rows)
        first.content_hash = item.content_hash
        item.rows[0].item = first
    return going


class Applier:
    """Hands items to the handler and leaves on each row what became of it."""

    def __init__(self, env, flow, reader, first):
        self.env = env
        self.flow = flow
        self.reader = reader
        self.handler = reader.handler
        self.first = first

    def apply(self, items):
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
                    self.apply(items[start : start + step])
            elif len(items[0].rows) > 1:
                self._unfold(items[0])
            else:
                self._failed(items[0], error)
            return
        for item in items:
            if item.failed and len(item.rows) > 1:
                self._unfold(item)
            else:
                self._settle(item)

    def _unfold(self, item):
        """A folded object was refused: its messages one by one, until one fails."""
        rows, item.rows = item.rows, []
        stopped = None
        for row in rows:
            if stopped is not None:
                row.wait_behind(stopped)
                continue
            single = self.reader.item_of(row)
            self.reader.look_up([single])
            single.record_id = single.record_id or item.record_id
            references.resolve(self.env, self.handler, [single])
            self.apply([single])
            item.record_id = single.record_id
            if row.state in ("waiting", "retry") or (
                row.state != "applied" and self.flow.on_error == "block"
            ):
                stopped = row.id

    def _failed(self, item, error):
        if self.first and isinstance(error, UniqueViolation):
            # another system made the same thing at the same moment; a new transaction
            # sees it, and the handler finds it by its key
            raise Moved from error
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
                row.note, row.next_at = item.note, deadline(self.flow, row)
            else:
                row.state = "applied"
                row.note = row.note or _doubt(item)
        if item.failed or item.waits_on:
            return
        for row in item.rows:
            row.action = "updated"
        # of messages folded into one write the first made or linked the record
        fresh = item.created or item.binding is None
        item.rows[0 if fresh else -1].action = _action(item)


def _doubt(item):
    """A word of warning about names that may deceive a reader (FA-C10): they are taken
    as sent, and never matched by their look."""
    if item.data is None or not item.data.suspicious:
        return ""
    fields = ", ".join(item.data.suspicious)
    return f"Look twice: {fields} mixes alphabets or holds characters nobody sees"


def _action(item):
    if item.deleted:
        return "archived"
    if item.created:
        return "created"
    if item.binding is None:
        return "linked"
    return "updated" if item.changes else "unchanged"


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
    if isinstance(error, UniqueViolation):
        return [Problem("already-exists", f"{who}: {detail}")], False
    if isinstance(error, (UserError, IntegrityError)):
        return [Problem("business-rule", f"{who}: {detail}")], False
    _logger.info("Applying %s failed: %s", one_line(who), detail, exc_info=True)
    return [Problem("gave-up", f"{who} could not be applied: {detail}")], True


def _sentence(error):
    if isinstance(error, IntegrityError):
        sentence = error.diag.message_primary or type(error).__name__
        # the details of other constraints quote the whole row, bank details and all
        if isinstance(error, UniqueViolation) and error.diag.message_detail:
            sentence += f" ({error.diag.message_detail})"
        return sentence
    return str(error.args[0]) if error.args else type(error).__name__
