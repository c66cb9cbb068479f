"""Values of a custom segment: area A1, lot 7, floor 3."""

from odoo import api, fields, models
from odoo.exceptions import ValidationError


class ConstructionSegmentValue(models.Model):
    """One value of a segment, if wanted in a tree (building, floor, room)."""

    _name = "construction.segment.value"
    _inherit = ["construction.sync.owned"]
    _description = "Segment Value"
    _parent_name = "parent_id"
    _parent_store = True
    _order = "segment_id, sequence, code, id"
    _rec_names_search = ["code", "name"]
    _check_company_auto = True

    name = fields.Char(required=True)
    code = fields.Char(required=True)
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
    segment_id = fields.Many2one(
        "construction.segment", required=True, ondelete="restrict", index=True
    )
    parent_id = fields.Many2one(
        "construction.segment.value",
        string="Part of",
        ondelete="restrict",
        index="btree_not_null",
        check_company=True,
        domain="[('segment_id', '=', segment_id), ('id', '!=', id)]",
    )
    parent_path = fields.Char(index=True)
    company_id = fields.Many2one(
        "res.company",
        index="btree_not_null",
        help="Leave empty to share the value between all companies.",
    )

    _code_uniq = models.UniqueIndex(
        "(segment_id, code, COALESCE(company_id, 0))",
        "This segment already has a value with that code.",
    )

    @api.depends("segment_id.name", "code", "name")
    def _compute_display_name(self):
        for value in self:
            value.display_name = (
                f"{value.segment_id.name or ''}: {value.code or ''} {value.name or ''}"
            )

    @api.constrains("parent_id", "segment_id")
    def _check_parent(self):
        if self._has_cycle():
            raise ValidationError(
                self.env._("A segment value cannot be a part of itself.")
            )
        for value in self:
            if value.parent_id and value.parent_id.segment_id != value.segment_id:
                raise ValidationError(
                    self.env._(
                        "%(value)s and %(parent)s are values of different segments: "
                        "choose a parent of the same segment.",
                        value=value.code,
                        parent=value.parent_id.code,
                    )
                )
