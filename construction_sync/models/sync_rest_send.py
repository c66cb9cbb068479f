import re

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..adapters import rest_writing
from . import sync_rest_templates

METHODS = [(m, m) for m in ("POST", "PUT", "PATCH", "DELETE")]
OPERATIONS = ("create", "update", "delete")


class SyncRestSend(models.Model):
    """How objects of one data type are sent to a REST system, and how its answers are
    understood: filled in by an administrator, without code."""

    _name = "construction.sync.rest.send"
    _description = "Call to a REST System"
    _inherit = "construction.sync.rest.call"

    _expressions = (
        "success_at", "errors_at", "duplicate_at", "busy_at", "id_at", "probe_at",
    )  # fmt: skip

    create_method = fields.Selection(
        METHODS, string="Method", required=True, default="POST"
    )
    create_path = fields.Char(
        string="Path for new ones",
        required=True,
        help="After the system's address, as /v1/vendors. A field of the object may "
        "stand in braces: /v1/projects/{project}/codes.",
    )
    update_method = fields.Selection(
        METHODS, string="Method for changes", required=True, default="PATCH"
    )
    update_path = fields.Char(
        string="Path for changes",
        help="{id} is the object's id in the system, as /v1/vendors/{id}. Empty: "
        "changes are sent like new ones.",
    )
    delete_method = fields.Selection(
        METHODS, string="Method for deletions", required=True, default="DELETE"
    )
    delete_path = fields.Char(
        string="Path for deletions",
        help="As /v1/vendors/{id}. Empty: the system is not told of deletions.",
    )
    body_format = fields.Selection(
        [("json", "JSON"), ("form", "Form fields")], required=True, default="json"
    )
    key_header = fields.Char(
        string="Header of the key",
        default="Idempotency-Key",
        help="Every try of one delivery carries the same key in this header, so that "
        "the system can tell a second try from a second object.",
    )
    success_at = fields.Char(
        string="It was taken when",
        help="JMESPath over status, headers and body, as "
        "status == `200` && body.result == 'OK'. Empty: any status from 200 to 299.",
    )
    errors_at = fields.Char(
        string="What was wrong stands at",
        help="JMESPath that finds something when the system refuses the object, even "
        "with status 200, as body.errors[].message.",
    )
    duplicate_at = fields.Char(
        string="It was there already when",
        help="JMESPath that is true when the object had arrived before, as "
        "status == `409` && body.code == 'duplicate'. It counts as delivered.",
    )
    busy_at = fields.Char(
        string="Try later when",
        help="JMESPath that is true when the system is only busy, as "
        "body.error == 'locked'.",
    )
    id_at = fields.Char(
        string="Its new id stands at",
        default="body.id",
        help="JMESPath to the id that the system gave the object. Later changes are "
        "sent to it.",
    )
    probe_path = fields.Char(
        string="Path to look whether it arrived",
        help="Asked when nobody knows whether a document with money arrived, as "
        "/v1/bills?reference={odoo.event}. Empty: a person looks.",
    )
    probe_at = fields.Char(
        string="It arrived when",
        help="JMESPath that finds the object's id, or true, when it is there.",
    )
    line_ids = fields.One2many(
        "construction.sync.rest.send.line", "call_id", string="Fields", copy=True
    )
    flow_id = fields.Many2one(
        "construction.sync.flow", compute="_compute_flow_id", string="Data type's form"
    )

    _entity_unique = models.Constraint(
        "UNIQUE (system_id, entity)",
        "The call for this data type is already set up for the system.",
    )

    @api.depends("system_id.flow_ids.entity", "entity")
    def _compute_flow_id(self):
        for call in self:
            call.flow_id = call.system_id.flow_ids.filtered(
                lambda f, e=call.entity: f.entity == e and f.direction == "out"
            )[:1]

    @api.constrains(*_expressions)
    def _check_read(self):
        self._check_expressions()

    @api.constrains(
        "create_path", "update_path", "delete_path", "probe_path", "probe_at",
        "key_header",
    )  # fmt: skip
    def _check_call(self):
        for call in self:
            for name in (*(f"{o}_path" for o in OPERATIONS), "probe_path"):
                label = self._fields[name].string
                call._check_path(call[name], label)
                for place in re.findall(r"\{([^{}]*)\}", call[name] or ""):
                    if place.strip() != "id":
                        call._check_expression(place.strip() or " ", label)
            if call.create_path and "{id}" in call.create_path:
                raise ValidationError(
                    self.env._(
                        "%(call)s: a new object has no id there yet, so the path for "
                        "new ones cannot hold {id}. Use {odoo.id} for Odoo's own.",
                        call=call.display_name,
                    )
                )
            if call.key_header and not re.fullmatch(
                r"[A-Za-z0-9-]{1,64}", call.key_header
            ):
                raise ValidationError(
                    self.env._(
                        "%(call)s: %(header)s is not the name of a header.",
                        call=call.display_name,
                        header=call.key_header,
                    )
                )
            if bool(call.probe_path) != bool(call.probe_at):
                raise ValidationError(
                    self.env._(
                        "%(call)s: to look whether something arrived, fill in both the "
                        "path and what tells that it is there.",
                        call=call.display_name,
                    )
                )

    @api.model_create_multi
    def create(self, vals_list):
        calls = super().create(vals_list)
        for call in calls:
            if not call.flow_id:
                self.env["construction.sync.flow"].create(
                    {
                        "system_id": call.system_id.id,
                        "entity": call.entity,
                        "direction": "out",
                        "state": "preview",
                    }
                )
                call.invalidate_recordset(["flow_id"])
        return calls

    def _send_call(self):
        """The whole call as a plain :class:`~.adapters.rest_writing.SendCall`."""
        self.ensure_one()
        calls = {name: (self[f"{name}_method"], self[f"{name}_path"])
                 for name in OPERATIONS}  # fmt: skip
        if not self.update_path:
            calls["update"] = calls["create"]
        return rest_writing.SendCall(
            entity=self.entity,
            system=self.system_id.name,
            calls=calls,
            lines=tuple(line._line() for line in self.line_ids),
            form=self.body_format == "form",
            success=self._expression("success_at"),
            errors=self._expression("errors_at"),
            duplicate=self._expression("duplicate_at"),
            busy=self._expression("busy_at"),
            id=self._expression("id_at"),
            key_header=self.key_header or "",
            probe_path=self.probe_path or "",
            probe=self._expression("probe_at"),
        )

    # ---- buttons ---------------------------------------------------------------------

    def action_try(self):
        """Show what the newest records would be sent as; nothing leaves the server."""
        self.ensure_one()
        self.env["construction.sync.gatekeeper"]._check("admin", self.system_id)
        return self.env["construction.sync.rest.trial"]._try_sending(self)

    def action_take_template(self):
        """Fill in how systems of a common style answer."""
        self.ensure_one()
        style = self.env.context.get("rest_style")
        self.write(sync_rest_templates.ANSWERS[style])
        if not self.line_ids:
            self.line_ids = [
                fields.Command.create(values)
                for values in sync_rest_templates.target_lines(self.entity, style)
            ]
