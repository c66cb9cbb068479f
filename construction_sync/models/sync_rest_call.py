from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..adapters import rest_expressions


class SyncRestCall(models.AbstractModel):
    """What a call for one data type of a REST system has in common, either way.

    Expressions are JMESPath; each is read when the form is saved, so that a mistake is
    named with its place and never met at night.
    """

    _name = "construction.sync.rest.call"
    _description = "Construction Sync: call of a REST system"
    _order = "system_id, entity"

    #: fields that hold an expression
    _expressions = ()

    system_id = fields.Many2one(
        "construction.sync.system", required=True, ondelete="cascade", index=True
    )
    company_id = fields.Many2one(related="system_id.company_id", store=True)
    entity = fields.Selection(
        selection="_selection_entity", string="Data type", required=True
    )

    @api.model
    def _selection_entity(self):
        entities = self.env["construction.sync.flow"]._selection_entity()
        handlers = self.env["construction.sync.handler"]
        return [(e, label) for e, label in entities if not handlers._for(e)._raw]

    @api.depends("entity", "system_id.name")
    def _compute_display_name(self):
        labels = dict(self._selection_entity())
        for call in self:
            call.display_name = (
                f"{call.system_id.name}: {labels.get(call.entity, call.entity)}"
            )

    def _check_expressions(self):
        """Refuse the first expression that cannot be read, by name and place."""
        for call in self:
            for name in self._expressions:
                call._check_expression(call[name], self._fields[name].string)

    def _check_expression(self, text, label):
        if not text:
            return
        try:
            rest_expressions.compiled(text)
        except rest_expressions.ExpressionError as error:
            raise ValidationError(
                self.env._(
                    "%(call)s, %(field)s: %(expression)s cannot be read. %(why)s",
                    call=self.display_name,
                    field=label,
                    expression=text,
                    why=error.words,
                )
            ) from error

    def _check_path(self, path, label):
        """A path belongs to the system's address: never an address of its own."""
        if path and ("://" in path or path.startswith("//") or "\\" in path):
            raise ValidationError(
                self.env._(
                    "%(call)s, %(field)s: write the path only, as /v1/vendors. The "
                    "address stands on the form of %(system)s.",
                    call=self.display_name,
                    field=label,
                    system=self.system_id.name,
                )
            )

    def _expression(self, name):
        """The compiled expression of a field, None when it is empty."""
        text = self[name]
        return rest_expressions.compiled(text) if text else None

    @api.model
    def _canonical_fields(self, entity):
        """Names of the canonical fields of ``entity``, for choosing."""
        from .. import schemas

        schema = schemas.SCHEMAS.get(entity)
        return sorted(schema.model_fields) if schema else []
