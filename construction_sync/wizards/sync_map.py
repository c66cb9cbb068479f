from odoo import api, fields, models
from odoo.exceptions import UserError


class SyncMap(models.TransientModel):
    """Say what an unknown value stands for, or which record a look-alike is."""

    _name = "construction.sync.map"
    _description = "Map a Value"

    exception_id = fields.Many2one(
        "construction.sync.exception", required=True, ondelete="cascade"
    )
    fix = fields.Selection(related="exception_id.fix")
    value = fields.Char(related="exception_id.value")
    system_id = fields.Many2one(related="exception_id.system_id")
    kind_label = fields.Char(compute="_compute_target")
    res_model = fields.Char(compute="_compute_target")
    res_id = fields.Many2oneReference(
        string="In Odoo", model_field="res_model", help="What the value stands for."
    )
    target_value = fields.Char(string="Value in Odoo")
    note = fields.Char(string="Why", help="Kept with the mapping for the next person.")
    suggestion_ids = fields.One2many(related="exception_id.suggestion_ids")
    effect = fields.Char(compute="_compute_effect")

    @api.depends("exception_id")
    def _compute_target(self):
        kinds = self.env["construction.sync.crosswalk"]._kinds()
        entities = dict(self.env["construction.sync.flow"]._entity_labels())
        for wizard in self:
            exception = wizard.exception_id
            label, model = kinds.get(exception.value_kind, (False, None))
            if exception.kind == "company-unknown":
                label, model = self.env._("Company"), "res.company"
            if exception.fix == "link":
                handler = self.env["construction.sync.handler"]._for(exception.entity)
                label = entities.get(exception.entity, label)
                model = handler._target if handler is not None else model
            wizard.kind_label = label
            wizard.res_model = model

    @api.depends("exception_id")
    def _compute_effect(self):
        for wizard in self:
            exception = wizard.exception_id
            count = exception.record_count + exception.behind_count
            if wizard.fix == "link":
                text = self.env._(
                    "%(count)s messages go on and update the record you choose.",
                    count=count,
                )
            else:
                text = self.env._(
                    "%(count)s messages go on now, and what %(system)s sends later "
                    "follows the same mapping.",
                    count=count,
                    system=wizard.system_id.name,
                )
            if count == 1:
                text = self.env._("1 message goes on now.")
            wizard.effect = text

    def _target(self):
        if self.res_model:
            if not self.res_id:
                raise UserError(
                    self.env._(
                        "Choose the %(kind)s that %(value)s stands for.",
                        kind=self.kind_label or self.env._("record"),
                        value=self.value or self.exception_id.name,
                    )
                )
            return self.env[self.res_model].browse(self.res_id)
        if not (self.target_value or "").strip():
            raise UserError(
                self.env._("Say what %(value)s means in Odoo.", value=self.value)
            )
        return self.target_value.strip()

    def action_map(self):
        """Map and go on."""
        self.ensure_one()
        target, exception = self._target(), self.exception_id
        messages = exception.message_line_ids.ids
        if self.fix == "link":
            exception.action_link_to(target)
        else:
            exception.action_map_to(target, self.note)
        name = target if isinstance(target, str) else target.display_name
        return exception._follow(
            messages,
            self.env._(
                "%(value)s stands for %(name)s from now on.",
                value=self.value or exception.name,
                name=name,
            ),
        )

    def action_create_new(self):
        """None of these: create it."""
        self.ensure_one()
        exception = self.exception_id
        messages = exception.message_line_ids.ids
        exception.action_create_new()
        return exception._follow(
            messages,
            self.env._(
                "%(value)s is new: it is created in Odoo.",
                value=self.value or exception.name,
            ),
        )
