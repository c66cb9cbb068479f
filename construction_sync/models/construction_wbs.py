"""The work breakdown of a project: phases, areas, packages."""

from odoo import api, fields, models
from odoo.exceptions import ValidationError

#: between the codes of a path; no code that a system sends can hold it (not ASCII)
SEPARATOR = " › "


class ConstructionWbs(models.Model):
    """A node of a project's work breakdown structure.

    Real schedules repeat short codes under different parents, so not the code but
    the ``path`` (codes from the top, joined) is unique in a project. A node that is
    gone at the source is archived, never deleted: documents may point to it.
    """

    _name = "construction.wbs"
    _inherit = ["construction.sync.owned"]
    _description = "Work Breakdown"
    _parent_name = "parent_id"
    _parent_store = True
    _order = "project_id, parent_path, sequence, code, id"
    _rec_name = "name"
    _rec_names_search = ["path", "name"]
    _check_company_auto = True

    name = fields.Char(required=True)
    code = fields.Char(
        required=True, help="Short code; it may repeat under another parent."
    )
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
    project_id = fields.Many2one(
        "project.project",
        required=True,
        ondelete="cascade",
        index=True,
        check_company=True,
    )
    company_id = fields.Many2one(related="project_id.company_id", store=True)
    parent_id = fields.Many2one(
        "construction.wbs",
        string="Part of",
        ondelete="restrict",
        index="btree_not_null",
        domain="[('project_id', '=', project_id), ('id', '!=', id)]",
    )
    parent_path = fields.Char(index=True)
    child_ids = fields.One2many("construction.wbs", "parent_id", string="Parts")
    path = fields.Char(
        compute="_compute_path",
        store=True,
        recursive=True,
        help="The codes from the top of the project down to this node.",
    )
    level = fields.Integer(
        compute="_compute_path",
        store=True,
        recursive=True,
        help="1 for the nodes at the top of the project.",
    )
    segment_value_ids = fields.Many2many(
        "construction.segment.value",
        "construction_wbs_segment_value_rel",
        string="Segments",
    )

    # deferrable, so that a list that swaps two nodes can be written before the check
    _path_uniq = models.Constraint(
        "UNIQUE (project_id, path) DEFERRABLE INITIALLY IMMEDIATE",
        "This project already has a work breakdown node at the same place with the "
        "same code (perhaps an archived one).",
    )

    @api.depends("code", "parent_id.path", "parent_id.level")
    def _compute_path(self):
        for node in self:
            codes = [node.code or ""]
            if node.parent_id:
                codes.insert(0, node.parent_id.path or "")
            node.path = SEPARATOR.join(codes)
            node.level = node.parent_id.level + 1

    @api.depends("path", "name")
    def _compute_display_name(self):
        for node in self:
            node.display_name = f"{node.path or node.code or ''} {node.name or ''}"

    @api.constrains("code")
    def _check_code(self):
        for node in self:
            if SEPARATOR.strip() in node.code:
                raise ValidationError(
                    self.env._(
                        "The code %(code)s contains %(sign)s, which separates the "
                        "levels of a work breakdown: use another sign.",
                        code=node.code,
                        sign=SEPARATOR.strip(),
                    )
                )

    @api.constrains("parent_id", "project_id")
    def _check_parent(self):
        if self._has_cycle():
            raise ValidationError(
                self.env._("A work breakdown node cannot be a part of itself.")
            )
        for node in self:
            if node.parent_id and node.parent_id.project_id != node.project_id:
                raise ValidationError(
                    self.env._(
                        "%(node)s and %(parent)s belong to different projects: choose "
                        "a parent in the same project.",
                        node=node.path,
                        parent=node.parent_id.path,
                    )
                )

    def _is_used(self):
        """Those of the nodes that documents point to. Modules above extend it with
        super(); a used node is archived and never deleted."""
        return self.browse()

    @api.ondelete(at_uninstall=False)
    def _unlink_except_used(self):
        for node in self._is_used():
            raise ValidationError(
                self.env._(
                    "Documents use the work breakdown node %(node)s: archive it "
                    "instead.",
                    node=node.display_name,
                )
            )
