from odoo import api, fields, models
from odoo.tools import SQL

from ..adapters.procore_erp_calls import origin_of
from ..pipeline import publish
from .sync_flow_fetch import FETCH_CRON

ENTITY = "procore_request"
#: state of a message that has come to an end -> what Procore is told
ENDS = {
    "applied": "success", "superseded": "success", "duplicate": "success",
    "discarded": "failed", "exception": "failed", "dead": "failed",
}  # fmt: skip


class SyncProcoreRequest(models.Model):
    """An ERP request of Procore: what somebody there accepted, or asked for.

    ``announced``: a webhook named it and it is to be fetched; ``fetched``: it is a
    message; ``missing``: Procore does not know it. Nothing is applied from a webhook.
    """

    _name = "construction.sync.procore.request"
    _description = "Procore ERP Request"
    _order = "id desc"
    _rec_name = "number"

    system_id = fields.Many2one(
        "construction.sync.system", required=True, ondelete="cascade", readonly=True
    )
    company_id = fields.Many2one(related="system_id.company_id", store=True)
    number = fields.Char(required=True, readonly=True)
    name = fields.Char(string="Event", readonly=True)
    state = fields.Selection(
        [
            ("announced", "Announced"),
            ("fetched", "Fetched"),
            ("missing", "Not known there"),
        ],
        required=True,
        readonly=True,
    )
    answer_ids = fields.One2many(
        "construction.sync.procore.answer", "request_id", readonly=True
    )

    _number_unique = models.UniqueIndex("(system_id, number)")

    @api.model
    def _announce(self, system, number):
        """A webhook named a request: fetch it soon, unless it is known."""
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO construction_sync_procore_request
                       (system_id, company_id, number, state, create_date)
                VALUES (%s, %s, %s, 'announced', now() AT TIME ZONE 'UTC')
                ON CONFLICT (system_id, number) DO UPDATE SET state = 'announced'
                 WHERE construction_sync_procore_request.state = 'missing'
             RETURNING id
                """,
                system.id,
                system.company_id.id,
                number,
            )
        )
        if not self.env.cr.fetchone():
            return
        self.invalidate_model()
        marks = system.flow_ids.filtered(lambda f: f.fetches).watermark_ids
        # who was asked to wait, or failed, keeps his time
        marks.filtered(lambda m: m.last_run == m.last_success).due_at = False
        if cron := self.env.ref(FETCH_CRON, raise_if_not_found=False):
            cron._trigger()

    @api.model
    def _numbers(self, system, most, known):
        """``(announced numbers, numbers that are known)`` of a system."""
        mine = [("system_id", "=", system.id)]
        asked = self.search([*mine, ("state", "=", "announced")], limit=most)
        others = self.search([*mine, ("state", "!=", "announced")], limit=known)
        return asked.mapped("number"), frozenset(
            others.mapped("number") + asked.mapped("number")
        )

    @api.model
    def _fetched(self, system, number, name, state="fetched"):
        """The request as a record, now that it was read."""
        found = self.search([("system_id", "=", system.id), ("number", "=", number)])
        values = {"state": state, "name": name}
        if found:
            found.write(values)
            return found
        return self.create({"system_id": system.id, "number": number, **values})


class SyncProcoreAnswer(models.Model):
    """What Procore is told of one object of a request: it closes the request detail.

    Published like an object of Odoo: the answer goes out as a delivery, with its tries
    and exceptions. ``message_uuid`` names the message whose end is the answer.
    """

    _name = "construction.sync.procore.answer"
    _description = "Answer to a Procore ERP Request"
    _order = "id desc"
    _rec_name = "title"

    request_id = fields.Many2one(
        "construction.sync.procore.request",
        required=True,
        ondelete="cascade",
        readonly=True,
        index=True,
    )
    system_id = fields.Many2one(related="request_id.system_id", store=True, index=True)
    company_id = fields.Many2one(related="request_id.company_id", store=True)
    detail = fields.Char(string="Request detail", required=True, readonly=True)
    title = fields.Char(readonly=True)
    entity = fields.Char(readonly=True)
    item_type = fields.Char(readonly=True)
    item_id = fields.Char(string="Number in Procore", readonly=True)
    message_uuid = fields.Char(readonly=True, index="btree_not_null")
    origin_id = fields.Char(string="Called there", readonly=True)
    state = fields.Selection(
        [
            ("open", "Open"),
            ("success", "Done"),
            ("failed", "Not done"),
        ],
        required=True,
        default="open",
        readonly=True,
    )
    words = fields.Char(readonly=True, help="What the people in Procore read.")

    _detail_unique = models.UniqueIndex("(request_id, detail)")
    _open = models.Index("(system_id) WHERE state <> 'success'")

    @api.model_create_multi
    def create(self, vals_list):
        answers = super().create(vals_list)
        answers._tell()
        return answers

    def write(self, vals):
        result = super().write(vals)
        if "state" in vals or "words" in vals:
            self._tell()
        return result

    def _tell(self):
        """Have what is decided told to Procore, at the end of the transaction. It is
        ours, whoever's message is being applied: nothing of it is an echo."""
        decided = self.filtered(lambda a: a.state != "open")
        if decided:
            own = decided.with_context(**{publish.CONTEXT_KEY: None})
            publish.touched(own.env, ENTITY, decided.ids)

    @api.model
    def _settle(self, flow, rows):
        """Messages of a batch have come to an end or to a person."""
        ends = {row.uuid: row for row in rows if row.state in ENDS}
        if not ends:
            return
        for answer in self.search([("message_uuid", "in", list(ends))]):
            row = ends[answer.message_uuid]
            item = row.item
            record_id = item.record_id if item is not None else None
            answer._decide(row.state, row.note, record_id)

    @api.model
    def _look_again(self, system):
        """What came to an end otherwise: a person gave it up, or decided."""
        pending = self.search(
            [
                ("system_id", "=", system.id),
                ("state", "!=", "success"),
                ("message_uuid", "!=", False),
            ],
            limit=500,
        )
        messages = self.env["construction.sync.message"].search_fetch(
            [("uuid", "in", pending.mapped("message_uuid"))],
            ["uuid", "state", "note", "res_id"],
        )
        by_uuid = {m.uuid: m for m in messages}
        for answer in pending:
            message = by_uuid.get(answer.message_uuid)
            if message and message.state in ENDS:
                answer._decide(message.state, message.note, message.res_id)

    def _decide(self, state, note, record_id=None):
        """The answer that follows from a message's state; written when it differs."""
        self.ensure_one()
        values = {"state": ENDS[state], "words": False}
        if values["state"] == "failed":
            words = note or self.env._("A person in Odoo decided against it.")
            values["words"] = words[:250]
        else:
            record_id = record_id or self._linked()
            values["origin_id"] = origin_of(record_id) if record_id else False
        changed = {n: v for n, v in values.items() if (self[n] or False) != v}
        if changed:
            self.write(changed)

    def _linked(self):
        """Id of the record that stands for the item."""
        link = self.env["construction.sync.binding"].search(
            [
                ("system_id", "=", self.system_id.id),
                ("entity", "=", self.entity),
                ("external_id", "=", self.item_id),
            ],
            limit=1,
        )
        return link.res_id


class SyncSystemProcore(models.Model):
    """What connecting Procore needs beside an address and a login."""

    _inherit = "construction.sync.system"

    procore_company = fields.Integer(
        string="Company number in Procore",
        help="The number in the address of Procore's pages: "
        "app.procore.com/<number>/company/...",
    )
    procore_code_list = fields.Integer(
        string="Cost code list in Procore",
        help="The number of the ERP standard cost code list, which Procore makes when "
        "the ERP integration is switched on. Only needed to send cost codes.",
    )
    procore_answer_ids = fields.One2many(
        "construction.sync.procore.answer", "system_id", readonly=True
    )
