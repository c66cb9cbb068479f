from odoo import fields, models


class SyncSuggestion(models.Model):
    """A look-alike for an unknown value, with its evidence. Never applied by itself."""

    _name = "construction.sync.suggestion"
    _description = "Suggestion"
    _order = "exception_id, score desc, id"

    exception_id = fields.Many2one(
        "construction.sync.exception", required=True, ondelete="cascade", index=True
    )
    name = fields.Char(required=True)
    res_model = fields.Char(required=True)
    res_id = fields.Many2oneReference(model_field="res_model", required=True)
    evidence = fields.Char(string="Why")
    score = fields.Float(help="Likeness from 0 to 100; 100 is equal by rule.")

    def action_choose_here(self):
        """Button beside a suggestion: take it, and show what goes on."""
        self.ensure_one()
        exception = self.exception_id
        messages = exception.message_line_ids.ids
        self.action_choose()
        return exception._follow(
            messages,
            self.env._(
                "%(value)s stands for %(name)s from now on.",
                value=exception.value or exception.name,
                name=self.name,
            ),
        )

    def action_choose(self):
        """Take this one: map and set going (kind by kind, see the exception)."""
        self.ensure_one()
        record = self.env[self.res_model].browse(self.res_id)
        if self.exception_id.kind in ("possible-match", "already-linked"):
            return self.exception_id.action_link_to(record)
        return self.exception_id.action_map_to(record)
