import re

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..adapters import rest_expressions, rest_writing


class SyncRestSendLine(models.Model):
    """One field of the target: where its value comes from, how it is written, and what
    the target takes at most."""

    _name = "construction.sync.rest.send.line"
    _description = "Field Sent to a REST System"
    _order = "sequence, id"
    _rec_name = "field"

    call_id = fields.Many2one(
        "construction.sync.rest.send", required=True, ondelete="cascade", index=True
    )
    sequence = fields.Integer(default=10)
    field = fields.Char(
        string="Field there",
        required=True,
        help="As the system calls it, with dots for objects and [] for a list with one "
        "entry: vendor.name, updates[].code.",
    )
    label = fields.Char(
        string="Called there", help="What people call it; named when it is too long."
    )
    expression = fields.Char(
        string="Where it stands here",
        help="JMESPath in the canonical object, as name, address.city, "
        "bank_accounts[0].iban. odoo.id is the record's id, odoo.event the delivery's.",
    )
    constant = fields.Char(string="Or always")
    format = fields.Selection(
        [
            ("text", "Text"),
            ("number", "Number"),
            ("amount", "Amount as text"),
            ("date", "Day"),
            ("datetime", "Moment"),
            ("boolean", "Yes or no"),
        ],
        string="Write as",
        help="Empty: as it is.",
    )
    pattern = fields.Char(
        help="How it is written there: %d/%m/%Y for a day, Y/N for a yes or no.",
    )
    crosswalk_kind = fields.Selection(
        selection=lambda self: self.env[
            "construction.sync.crosswalk"
        ]._selection_kind(),
        string="Value mapping",
        help="The system's own value from its value mappings, read the other way "
        "round. What is not mapped is not sent, and a person is told.",
    )
    empty = fields.Selection(
        [
            ("leave", "Leave it out"),
            ("null", "Send null"),
            ("refuse", "Do not send the object"),
        ],
        string="When it is empty",
        required=True,
        default="leave",
    )
    max_length = fields.Integer(string="Most characters", help="0: no limit.")
    max_digits = fields.Integer(
        string="Most digits", help="Before the decimal point; 0: no limit."
    )
    max_decimals = fields.Integer(
        string="Most decimals", default=-1, help="-1: no limit."
    )
    must_match = fields.Char(
        string="Must fit",
        help="A regular expression for the whole text, as [A-Z0-9]+.",
    )

    @api.constrains(
        "field", "expression", "constant", "must_match", "max_length", "max_digits"
    )
    def _check_line(self):
        for line in self:
            call = line.call_id
            steps = line.field.split(".")
            if not all(re.fullmatch(r"[^.\[\]{}\s]+(\[\])?", step) for step in steps):
                raise ValidationError(
                    self.env._(
                        "%(call)s: %(field)s is not the name of a field. Write it as "
                        "name, vendor.name or updates[].name.",
                        call=call.display_name,
                        field=line.field,
                    )
                )
            if bool(line.expression) == (line.constant not in (False, None, "")):
                raise ValidationError(
                    self.env._(
                        "%(call)s: say of %(field)s either where it stands here or "
                        "what it always is.",
                        call=call.display_name,
                        field=line.field,
                    )
                )
            call._check_expression(line.expression, line.field)
            line._check_limits()

    def _check_limits(self):
        if self.max_length < 0 or self.max_digits < 0 or self.max_decimals < -1:
            raise ValidationError(
                self.env._("A limit of %(field)s is negative.", field=self.field)
            )
        try:
            re.compile(self.must_match or "")
        except re.error as error:
            raise ValidationError(
                self.env._(
                    "%(call)s, %(field)s: %(pattern)s is not a regular expression: "
                    "%(why)s.",
                    call=self.call_id.display_name,
                    field=self.field,
                    pattern=self.must_match,
                    why=str(error),
                )
            ) from error

    def _line(self):
        """As a plain :class:`~.adapters.rest_writing.TargetLine`."""
        self.ensure_one()
        return rest_writing.TargetLine(
            field=self.field,
            label=self.label or "",
            expression=(
                rest_expressions.compiled(self.expression) if self.expression else None
            ),
            constant=self.constant or None,
            format=self.format or "",
            pattern=self.pattern or "",
            crosswalk=self.crosswalk_kind or "",
            empty=self.empty,
            max_length=self.max_length,
            digits=self.max_digits,
            decimals=self.max_decimals,
            must_match=self.must_match or "",
        )
