from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..adapters import rest_expressions, rest_reading


class SyncRestFetchLine(models.Model):
    """One canonical field, and where its value stands in a foreign record."""

    _name = "construction.sync.rest.fetch.line"
    _description = "Field of a REST List"
    _order = "sequence, id"
    _rec_name = "field"

    call_id = fields.Many2one(
        "construction.sync.rest.fetch", required=True, ondelete="cascade", index=True
    )
    sequence = fields.Integer(default=10)
    field = fields.Char(
        string="Field here",
        required=True,
        help="Name in the data type's description, as name or address.city.",
    )
    choices = fields.Json(compute="_compute_choices")
    expression = fields.Char(
        string="Where it stands there",
        help="JMESPath in one record, as company_name, attributes.name or "
        "join(' ', [first_name, last_name]).",
    )
    constant = fields.Char(string="Or always", help="The same value for every record.")
    format = fields.Selection(
        [
            ("text", "Text"),
            ("amount", "Amount or number"),
            ("date", "Day"),
            ("datetime", "Moment"),
            ("boolean", "Yes or no"),
        ],
        string="Read as",
        help="Empty: as it came, numbers as text.",
    )
    pattern = fields.Char(
        help="How it is written there: %d/%m/%Y for a day, a comma for an amount with "
        "a decimal comma, the word that means yes for a yes or no.",
    )
    crosswalk_kind = fields.Selection(
        selection="_selection_crosswalk",
        string="Value mapping",
        help="Values are looked up among the system's value mappings. An unknown value "
        "stops the record until a person maps it.",
    )

    @api.model
    def _selection_crosswalk(self):
        """Kinds of plain values; records (cost codes, units, countries) are looked up
        in any case when the message is applied."""
        kinds = self.env["construction.sync.crosswalk"]._kinds()
        return [(kind, label) for kind, (label, model) in kinds.items() if not model]

    @api.depends("call_id.entity")
    def _compute_choices(self):
        for line in self:
            names = line.call_id._canonical_fields(line.call_id.entity)
            line.choices = [[name, name] for name in names]

    @api.constrains("field", "expression", "constant", "pattern", "format")
    def _check_line(self):
        for line in self:
            call = line.call_id
            known = call._canonical_fields(call.entity)
            if line.field.partition(".")[0] not in known:
                raise ValidationError(
                    self.env._(
                        "%(call)s has no field called %(field)s. It has: %(known)s.",
                        call=call.display_name,
                        field=line.field,
                        known=", ".join(known),
                    )
                )
            if bool(line.expression) == (line.constant not in (False, None, "")):
                raise ValidationError(
                    self.env._(
                        "%(call)s: say of %(field)s either where it stands there or "
                        "what it always is.",
                        call=call.display_name,
                        field=line.field,
                    )
                )
            call._check_expression(line.expression, line.field)

    def _line(self):
        """As a plain :class:`~.adapters.rest_reading.Line`."""
        self.ensure_one()
        return rest_reading.Line(
            field=self.field,
            expression=(
                rest_expressions.compiled(self.expression) if self.expression else None
            ),
            constant=self._constant(),
            format=self.format or "",
            pattern=self.pattern or "",
            crosswalk=self.crosswalk_kind or "",
        )

    def _constant(self):
        if self.format == "boolean":
            return (self.constant or "").strip().lower() in ("true", "yes", "1")
        return self.constant or None
