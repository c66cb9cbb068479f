import json
import time
from dataclasses import dataclass

from pydantic import ValidationError as SchemaError

from odoo import api, fields, models
from odoo.exceptions import UserError

from .. import schemas
from ..adapters import rest_reading, rest_values, rest_writing
from ..adapters.fetched import CHECKS, FetchFailed
from ..adapters.rest_expressions import ExpressionError
from ..pipeline import publish
from ..schemas.problem import Problem, one_line, problems_of

#: records of the first page that are shown
MOST_SHOWN = 50
#: records here that are shown as they would be sent
MOST_SENT = 20
#: characters of a record or answer that are shown
MOST_TEXT = 20_000


class SyncRestTrial(models.TransientModel):
    """A call tried: the first page of a list read and mapped, or the newest records
    here as they would be sent. Nothing is stored, nothing is sent."""

    _name = "construction.sync.rest.trial"
    _description = "Try a REST List"

    call_id = fields.Many2one(
        "construction.sync.rest.fetch", ondelete="cascade", readonly=True
    )
    send_id = fields.Many2one(
        "construction.sync.rest.send", ondelete="cascade", readonly=True
    )
    ok = fields.Boolean(readonly=True)
    outcome = fields.Char(readonly=True, help="What came of it, in one sentence.")
    url = fields.Char(string="Asked for", readonly=True)
    seconds = fields.Float(string="Took (seconds)", readonly=True, digits=(8, 2))
    count = fields.Integer(string="Records on the page", readonly=True)
    failed_count = fields.Integer(string="With errors", readonly=True)
    more = fields.Char(string="After this page", readonly=True)
    excerpt = fields.Text(string="Beginning of the answer", readonly=True)
    check_ids = fields.One2many("construction.sync.rest.trial.check", "trial_id")
    record_ids = fields.One2many("construction.sync.rest.trial.record", "trial_id")

    def _try(self, call):
        """Read the first page of ``call`` now; returns the window that shows it."""
        if not call.system_id.address:
            raise UserError(
                self.env._(
                    "%(system)s has no address. Enter where its interface is, as "
                    "https://api.example.com, and try again.",
                    system=call.system_id.name,
                )
            )
        trial = self.create({"call_id": call.id})
        trial._run()
        return trial._show()

    def _try_sending(self, call):
        """Write the newest records as ``call`` would send them; shows them."""
        trial = self.create({"send_id": call.id})
        trial._fill_sending(call)
        return trial._show()

    def action_again(self):
        """The same once more, with the form as it is now."""
        self.ensure_one()
        if self.send_id:
            return self._try_sending(self.send_id)
        return self._try(self.call_id)

    def _show(self):
        if self.send_id:
            name = self.env._("As sent: %(call)s", call=self.send_id.display_name)
        else:
            name = self.env._("First page of %(call)s", call=self.call_id.display_name)
        return {
            "type": "ir.actions.act_window",
            "name": name,
            "res_model": self._name,
            "res_id": self.id,
            "view_mode": "form",
            "target": "new",
        }

    def _run(self):
        self.ensure_one()
        started = time.monotonic()
        adapter = self.env["construction.sync.adapter.rest"]
        try:
            # a person waits for this answer; nothing of the business is written here
            source = adapter._source(self.call_id, 0)
            page = adapter.fetch(source, None)
        except FetchFailed as error:
            self._fail(error, time.monotonic() - started)
            return
        self._fill(source, page)

    def _fail(self, error, seconds):
        self.write(
            {
                "ok": False,
                "outcome": error.words,
                "seconds": seconds,
                "excerpt": (error.excerpt or error.detail or "")[:MOST_TEXT],
                "check_ids": self._checks(error.check, error.words),
            }
        )

    def _fill(self, source, page):
        read = source.setting.reading
        lookup = self.env["construction.sync.adapter.rest"]._crosswalk(
            self.call_id.system_id
        )
        schema = schemas.SCHEMAS[read.entity]
        records, failed = [], 0
        for position, record in enumerate(page.records):
            values = _judged(read, schema, lookup, position, record)
            failed += bool(values["problems"])
            if position < MOST_SHOWN:
                records.append(fields.Command.create(values))
        ok = not failed
        words = self._words(page, failed)
        self.write(
            {
                "ok": ok,
                "outcome": words,
                "url": one_line(page.url, 500),
                "seconds": page.seconds,
                "count": page.count,
                "failed_count": failed,
                "more": (
                    self.env._("There are further pages.")
                    if page.cursor is not None
                    else self.env._("This is the only page.")
                ),
                "record_ids": records,
                "check_ids": self._checks(None if ok else "mapping", words),
            }
        )

    def _fill_sending(self, call):
        handler = self.env["construction.sync.handler"]._for(call.entity)
        target = self.env[handler._target]
        records = target.search(
            handler.export_domain(), order="write_date desc, id desc", limit=MOST_SENT
        )
        data = handler.export(records) if records else []
        names = self._external_ids(call, records)
        adapter = self.env["construction.sync.adapter.rest"]
        plain = call._send_call()
        lookup = adapter._their_value(call.system_id.id)
        lines, failed = [], 0
        for record, one in zip(records, data, strict=True):
            out = _Shown(record.id, names.get(record.id))
            words = publish.in_own_words(self.env, call.entity, one, call.system_id.id)
            values = _written(plain, out, words, lookup)
            failed += bool(values["problems"])
            lines.append(fields.Command.create({**values, "position": len(lines) + 1}))
        self.write(
            {
                "ok": not failed,
                "count": len(records),
                "failed_count": failed,
                "outcome": self._words_sending(len(records), failed),
                "record_ids": lines,
            }
        )

    def _external_ids(self, call, records):
        """``{record id: its id there}``."""
        found = self.env["construction.sync.binding"].search(
            [
                ("system_id", "=", call.system_id.id),
                ("entity", "=", call.entity),
                ("res_id", "in", records.ids),
                ("state", "=", "linked"),
            ]
        )
        return {b.res_id: b.external_id for b in found}

    def _words_sending(self, count, failed):
        if not count:
            return self.env._("Odoo has no record of this kind yet.")
        if failed:
            return self.env._(
                "%(failed)s of the %(count)s newest records cannot be sent as they "
                "are. Open one to see which field and why.",
                failed=failed,
                count=count,
            )
        return self.env._(
            "The %(count)s newest records as they would be sent. Nothing was sent.",
            count=count,
        )

    def _words(self, page, failed):
        if not page.count:
            return self.env._(
                "The call works and the list is empty. There is nothing to map yet."
            )
        if failed:
            return self.env._(
                "%(failed)s of %(count)s records cannot be read as they are mapped. "
                "Open one to see what is wrong and where.",
                failed=failed,
                count=page.count,
            )
        return self.env._(
            "%(count)s records read, all of them valid.", count=page.count
        )

    def _checks(self, failed, words):
        """One line a check: those before the failed one are fine, those after it were
        not reached."""
        labels = {
            "address": self.env._("Address: the system answers there"),
            "tls": self.env._("TLS: its certificate is valid"),
            "login": self.env._("Login: it accepts us"),
            "pace": self.env._("Pace: it does not ask us to wait"),
            "answer": self.env._("Answer: it can be read"),
            "items": self.env._("Records: they stand where the form says"),
            "mapping": self.env._("Mapping: every record is valid"),
        }
        lines, state = [], "ok"
        plain = (self.call_id.system_id.address or "").startswith("http:")
        for position, name in enumerate(CHECKS):
            here = "failed" if name == failed else state
            if name == "tls" and plain and here == "ok":
                labels[name] = self.env._("TLS: not used, the address begins with http")
                here = "open"
            lines.append(
                fields.Command.create(
                    {
                        "sequence": position,
                        "name": labels[name],
                        "state": here,
                        "words": words if here == "failed" else False,
                    }
                )
            )
            if here == "failed":
                state = "open"
        return lines


def _judged(reading, schema, lookup, position, record):
    """What one record becomes, with everything that is wrong with it."""
    problems = []
    title, external_id, data = "", "", {}
    try:
        parsed = rest_reading.identify(reading, record, position)
        title, external_id = parsed.title, parsed.external_id
        if parsed.entity is None:
            problems += parsed.problems
        data, found = rest_reading.read(reading, record, lookup)
        problems += found
        if parsed.deleted:
            title = f"{title} (deleted)"
        elif not found:
            schema.model_validate(data)
    except rest_reading.ForeignRecord as error:
        problems.append(_foreign(error))
    except SchemaError as error:
        problems += problems_of(error, "/data")
    lines = {
        "/data/" + line.field.replace(".", "/"): line.written for line in reading.lines
    }
    return {
        "position": position + 1,
        "external_id": external_id,
        "title": title or external_id,
        "raw": _text(record),
        "mapped": _text(data),
        "problems": "\n".join(_sentence(p, lines) for p in problems) or False,
    }


@dataclass(slots=True)
class _Shown:
    """A delivery that is only shown."""

    res_id: int
    external_id: str | None
    uuid: str = "01890000-0000-7000-8000-000000000000"
    sequence: int = 1
    deleted: bool = False


def _written(call, out, data, lookup):
    """What one record is sent as, with everything that keeps it from being sent."""
    values = rest_writing.context(out, data)
    found, problems = rest_writing.body(call, values, lookup)
    words = [p.detail for p in problems]
    line = ""
    try:
        place = rest_writing.path(call, rest_writing.operation(out), values)
        line = f"{place[0]} {place[1]}" if place else ""
    except ExpressionError as error:
        words.append(str(error))
    title = data.get("name") or data.get("code") or data.get("number") or ""
    return {
        "external_id": out.external_id or "",
        "title": one_line(title, 80),
        "raw": _text(data),
        "mapped": f"{line}\n{_text(found)}".strip(),
        "problems": "\n".join(words) or False,
    }


def _foreign(error):
    return Problem(
        "foreign-record", f"It belongs to somebody else ({error}) and is refused."
    )


def _sentence(problem, lines):
    """A problem with the field and where its value was looked for."""
    where = problem.pointer.removeprefix("/data")
    origin = next(
        (text for pointer, text in lines.items()
         if problem.pointer == pointer or problem.pointer.startswith(pointer + "/")),
        None,
    )  # fmt: skip
    place = f"{where} ← {origin}" if origin else where
    return f"{place}: {problem.detail}" if place else problem.detail


def _text(value):
    return json.dumps(value, indent=2, ensure_ascii=False, default=rest_values.plain)[
        :MOST_TEXT
    ]


class SyncRestTrialCheck(models.TransientModel):
    """One thing that was looked at while trying a list."""

    _name = "construction.sync.rest.trial.check"
    _description = "Check of a Try"
    _order = "sequence"

    trial_id = fields.Many2one(
        "construction.sync.rest.trial", required=True, ondelete="cascade"
    )
    sequence = fields.Integer()
    name = fields.Char(readonly=True)
    state = fields.Selection(
        [("ok", "Right"), ("failed", "Wrong"), ("open", "Not reached")], readonly=True
    )
    words = fields.Char(string="What is wrong", readonly=True)


class SyncRestTrialRecord(models.TransientModel):
    """A record as it came, beside what it becomes."""

    _name = "construction.sync.rest.trial.record"
    _description = "Record of a Try"
    _order = "position"

    trial_id = fields.Many2one(
        "construction.sync.rest.trial", required=True, ondelete="cascade"
    )
    position = fields.Integer(string="No.", readonly=True)
    external_id = fields.Char(string="Id there", readonly=True)
    title = fields.Char(string="Called", readonly=True)
    raw = fields.Text(string="Before", readonly=True)
    mapped = fields.Text(string="After", readonly=True)
    problems = fields.Text(string="What is wrong", readonly=True)
    valid = fields.Boolean(compute="_compute_valid")
    sending = fields.Boolean(compute="_compute_valid")

    @api.depends("problems", "trial_id.send_id")
    def _compute_valid(self):
        for record in self:
            record.valid = not record.problems
            record.sending = bool(record.trial_id.send_id)
