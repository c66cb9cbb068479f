"""Custom segments: up to ten further ways to divide a contractor's cost."""

from odoo import api, fields, models
from odoo.exceptions import ValidationError


class ConstructionSegment(models.Model):
    """A further dimension of the budget key, such as area, lot or floor."""

    _name = "construction.segment"
    _description = "Segment"
    _order = "sequence, id"
    _rec_names_search = ["code", "name"]

    #: as many custom segments as budget keys of the big platforms have
    _limit = 10

    name = fields.Char(required=True, translate=True)
    code = fields.Char(
        required=True,
        help="What outside systems call the segment, in lower case: area.",
    )
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
    value_ids = fields.One2many("construction.segment.value", "segment_id")
    value_count = fields.Integer(compute="_compute_value_count", string="Values")

    _code_uniq = models.Constraint(
        "UNIQUE (code)", "Another segment already has this code."
    )

    @api.depends("value_ids")
    def _compute_value_count(self):
        counts = dict(
            self.env["construction.segment.value"]._read_group(
                [("segment_id", "in", self.ids)], ["segment_id"], ["__count"]
            )
        )
        for segment in self:
            segment.value_count = counts.get(segment, 0)

    @api.constrains("active")
    def _check_limit(self):
        if self.search_count([("active", "=", True)]) > self._limit:
            raise ValidationError(
                self.env._(
                    "There can be %(limit)s segments at most: archive one before you "
                    "add another.",
                    limit=self._limit,
                )
            )

    @api.constrains("code")
    def _check_code(self):
        for segment in self:
            if segment.code != segment.code.strip().lower():
                raise ValidationError(
                    self.env._(
                        "Write the code of the segment %(name)s in lower case and "
                        "without spaces around it.",
                        name=segment.name,
                    )
                )

    def action_open_values(self):
        """Open the values of this segment."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "construction_sync.action_segment_value"
        )
        action["domain"] = [("segment_id", "=", self.id)]
        action["context"] = {"default_segment_id": self.id}
        return action
