from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..adapters import rest_fetching, rest_reading
from ..pipeline import paging
from . import sync_rest_templates


class SyncRestFetch(models.Model):
    """How the records of one data type are listed by a REST system, and what they
    mean: filled in by an administrator, without code."""

    _name = "construction.sync.rest.fetch"
    _description = "List of a REST System"
    _inherit = "construction.sync.rest.call"

    _expressions = (
        "items_at", "item_at", "next_at", "error_at", "id_at", "version_at",
        "time_at", "deleted_at", "scope_at",
    )  # fmt: skip

    list_path = fields.Char(
        string="Path of the list",
        required=True,
        help="After the system's address, as /v1/vendors.",
    )
    parameters = fields.Text(
        help="Fixed parameters, one name=value a line.",
    )
    item_path = fields.Char(
        string="Path of one object",
        help="Only when the list does not give everything: each object is then asked "
        "for alone. {id} stands for its id, as /v1/vendors/{id}.",
    )
    item_at = fields.Char(
        string="Where the object is", help="In the answer for one object; empty: it is."
    )
    items_at = fields.Char(
        string="Where the records are",
        default="@",
        required=True,
        help="JMESPath to the list of records in the answer: @ when the answer is the "
        "list itself, data or items or value in most systems.",
    )
    error_at = fields.Char(
        string="What says it is an error",
        help="JMESPath that finds something only when an answer with status 200 is an "
        "error all the same, as errors.",
    )
    paging = fields.Selection(
        [
            ("none", "All records in one answer"),
            ("page", "Page number"),
            ("offset", "Offset"),
            ("cursor", "Cursor in the answer"),
            ("next_link", "Link to the next page in the answer"),
            ("link_header", "Link header"),
        ],
        required=True,
        default="page",
        help="How the list goes on after the first page. A page number or an offset "
        "can skip records that move while it is read; a cursor does not.",
    )
    page_parameter = fields.Char(string="Parameter of the page", default="page")
    first_page = fields.Integer(string="First page is", default=1)
    offset_parameter = fields.Char(string="Parameter of the offset", default="offset")
    cursor_parameter = fields.Char(string="Parameter of the cursor", default="cursor")
    next_at = fields.Char(
        string="Where the next one is",
        help="JMESPath to the next cursor or link in the answer, as meta.next_cursor "
        "or links.next. Nothing there ends the list.",
    )
    size_parameter = fields.Char(
        string="Parameter of the size",
        default="per_page",
        help="Empty: the system decides how many records a page has.",
    )
    page_size = fields.Integer(string="Records a page", default=100)
    id_at = fields.Char(
        string="Id",
        default="id",
        required=True,
        help="JMESPath in one record. The id must never change and never be reused.",
    )
    version_at = fields.Char(
        string="Version",
        help="A number that counts up, or the time of the last change. With it an "
        "older state never replaces a newer one.",
    )
    time_at = fields.Char(
        string="Changed at",
        help="Time of the last change. The newest one seen is where the next fetch "
        "begins.",
    )
    deleted_at = fields.Char(
        string="Deleted",
        help="True when the record was deleted, as deleted or status == 'deleted'.",
    )
    scope_at = fields.Char(
        string="Belongs to",
        help="What says to whom a record belongs, as company.id. A record that belongs "
        "to somebody else is refused and reported.",
    )
    scope_values = fields.Char(
        string="Must be", help="Allowed values, separated by commas."
    )
    since_parameter = fields.Char(
        string="Parameter for changes since",
        help="As updated_since or filter[updated_at][gte]. Empty: everything is listed "
        "each time; what did not change costs nothing.",
    )
    since_format = fields.Selection(
        [
            ("iso", "2026-02-28T09:30:00Z"),
            ("date", "2026-02-28"),
            ("seconds", "Seconds since 1970"),
            ("milliseconds", "Milliseconds since 1970"),
        ],
        string="Written as",
        required=True,
        default="iso",
    )
    line_ids = fields.One2many(
        "construction.sync.rest.fetch.line", "call_id", string="Fields", copy=True
    )
    flow_id = fields.Many2one(
        "construction.sync.flow", compute="_compute_flow_id", string="Data type's form"
    )

    _entity_unique = models.Constraint(
        "UNIQUE (system_id, entity)",
        "The list of this data type is already set up for the system.",
    )

    @api.depends("system_id.flow_ids.entity", "entity")
    def _compute_flow_id(self):
        for call in self:
            call.flow_id = call.system_id.flow_ids.filtered(
                lambda f, e=call.entity: f.entity == e and f.direction == "in"
            )[:1]

    @api.constrains(*_expressions)
    def _check_read(self):
        self._check_expressions()

    @api.constrains(
        "list_path", "item_path", "paging", "next_at", "page_size", "parameters",
        "scope_at", "scope_values", "page_parameter", "cursor_parameter",
        "offset_parameter",
    )  # fmt: skip
    def _check_call(self):
        for call in self:
            call._check_path(call.list_path, self._fields["list_path"].string)
            call._check_path(call.item_path, self._fields["item_path"].string)
            problem = call._flaw()
            if problem:
                raise ValidationError(
                    self.env._(
                        "%(call)s: %(problem)s",
                        call=call.display_name,
                        problem=problem,
                    )
                )
            call._fixed_parameters()

    def _flaw(self):
        """What is missing between the fields of the form, as a sentence, or None."""
        if self.item_path and "{id}" not in self.item_path:
            return self.env._("the path of one object must hold {id}.")
        if self.paging in ("cursor", "next_link") and not self.next_at:
            return self.env._("say where the next cursor or link stands in the answer.")
        needed = {
            "page": self.page_parameter,
            "offset": self.offset_parameter,
            "cursor": self.cursor_parameter,
        }
        if not needed.get(self.paging, True):
            return self.env._("name the parameter that asks for the next page.")
        if not 0 <= self.page_size <= rest_fetching.MAX_RECORDS:
            return self.env._("a page has 0 to 5,000 records.")
        if bool(self.scope_at) != bool((self.scope_values or "").strip(" ,")):
            return self.env._(
                "to refuse what belongs to others, fill in both what it belongs to and "
                "what that must be."
            )
        return None

    def _fixed_parameters(self):
        """``{name: value}`` of the lines in ``parameters``."""
        self.ensure_one()
        found = {}
        for line in (self.parameters or "").splitlines():
            name, mark, value = line.partition("=")
            if not line.strip():
                continue
            if not mark or not name.strip():
                raise ValidationError(
                    self.env._(
                        "%(call)s: the parameter %(line)s is not written as "
                        "name=value.",
                        call=self.display_name,
                        line=line,
                    )
                )
            found[name.strip()] = value.strip()
        return found

    @api.model_create_multi
    def create(self, vals_list):
        calls = super().create(vals_list)
        for call in calls:
            call._ensure_flow()
        return calls

    def _ensure_flow(self):
        """The data type of this list, in preview when it is new: fetched and shown,
        nothing written."""
        self.ensure_one()
        if not self.flow_id:
            self.env["construction.sync.flow"].create(
                {
                    "system_id": self.system_id.id,
                    "entity": self.entity,
                    "state": "preview",
                    "fetches": True,
                }
            )
        elif not self.flow_id.fetches:
            self.flow_id.fetches = True
        self.invalidate_recordset(["flow_id"])

    # ---- as the adapter wants it -----------------------------------------------------

    def _reading(self):
        """The mapping as a plain, frozen :class:`~.adapters.rest_reading.Reading`."""
        self.ensure_one()
        labels = dict(self._selection_entity())
        values = (self.scope_values or "").split(",")
        return rest_reading.Reading(
            entity=self.entity,
            name=labels.get(self.entity, self.entity),
            id=self._expression("id_at"),
            version=self._expression("version_at"),
            time=self._expression("time_at"),
            deleted=self._expression("deleted_at"),
            scope=self._expression("scope_at"),
            scope_values=frozenset(v.strip() for v in values if v.strip()),
            lines=tuple(line._line() for line in self.line_ids),
        )

    def _list_call(self):
        """The whole call as a plain :class:`~.adapters.rest_fetching.ListCall`."""
        self.ensure_one()
        return rest_fetching.ListCall(
            reading=self._reading(),
            path=self.list_path,
            item_path=self.item_path or "",
            parameters=self._fixed_parameters(),
            paging=paging.Paging(
                kind=self.paging,
                page_parameter=self.page_parameter or "",
                size_parameter=self.size_parameter or "",
                cursor_parameter=self.cursor_parameter or "",
                offset_parameter=self.offset_parameter or "",
                first_page=self.first_page,
                size=self.page_size,
                next=self._expression("next_at"),
            ),
            items=self._expression("items_at"),
            item=self._expression("item_at"),
            error=self._expression("error_at"),
            since_parameter=self.since_parameter or "",
            since_format=self.since_format,
        )

    # ---- buttons ---------------------------------------------------------------------

    def action_try(self):
        """Fetch the first page and show it: nothing is stored."""
        self.ensure_one()
        self.env["construction.sync.gatekeeper"]._check("admin", self.system_id)
        return self.env["construction.sync.rest.trial"]._try(self)

    def action_take_template(self):
        """Fill in what systems of a common style have in common."""
        self.ensure_one()
        style = self.env.context.get("rest_style")
        self.write(sync_rest_templates.STYLES[style])
        if not self.line_ids:
            self.line_ids = [
                fields.Command.create(values)
                for values in sync_rest_templates.lines(self.entity, style)
            ]
