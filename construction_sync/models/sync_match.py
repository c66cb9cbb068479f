from odoo import fields, models
from odoo.exceptions import UserError

from ..pipeline import decisions, matching


class SyncMatch(models.Model):
    """Go-live on a database in use: what a system sends, beside what Odoo has.

    One row per outside object that is not linked yet, with the best existing record
    and the evidence. Nothing is created while the flow is in preview.
    """

    _name = "construction.sync.match"
    _description = "Proposed Link"
    _order = "flow_id, exact desc, score desc, name"

    flow_id = fields.Many2one(
        "construction.sync.flow", required=True, ondelete="cascade", index=True
    )
    system_id = fields.Many2one(related="flow_id.system_id", store=True)
    company_id = fields.Many2one("res.company")
    entity = fields.Selection(related="flow_id.entity", store=True)
    external_id = fields.Char(string="External id", required=True, readonly=True)
    name = fields.Char(string="In the system", readonly=True)
    res_model = fields.Char(readonly=True)
    res_id = fields.Many2oneReference(string="Record", model_field="res_model")
    target = fields.Reference(
        selection=lambda self: self.env[
            "construction.sync.crosswalk"
        ]._selection_target(),
        string="In Odoo",
        compute="_compute_target",
        inverse="_inverse_target",
    )
    evidence = fields.Char(string="Why", readonly=True)
    exact = fields.Boolean(string="Same key", readonly=True)
    score = fields.Float(readonly=True)
    state = fields.Selection(
        [
            ("proposed", "Proposed"),
            ("unmatched", "No match"),
            ("linked", "Linked"),
            ("new", "Create in Odoo"),
        ],
        required=True,
        default="unmatched",
    )

    _object_unique = models.Constraint(
        "UNIQUE (flow_id, external_id)", "This object is already in the list."
    )

    def _compute_target(self):
        for match in self:
            match.target = (
                f"{match.res_model},{match.res_id}"
                if match.res_model and match.res_id
                else False
            )

    def _inverse_target(self):
        for match in self:
            match.res_model = match.target._name if match.target else False
            match.res_id = match.target.id if match.target else False
            match.evidence = self.env._("Chosen by %(user)s", user=self.env.user.name)
            match.state = "proposed" if match.target else "unmatched"

    def action_link(self):
        """Link the selected rows to the records they show."""
        self.env["construction.sync.gatekeeper"]._check("resolve", self)
        rows = self.filtered(lambda m: m.state == "proposed")
        if not rows:
            raise UserError(
                self.env._(
                    "None of the selected rows shows a record to link to. Choose one "
                    "in the column In Odoo first."
                )
            )
        decisions.bind_matches(rows)
        rows.state = "linked"

    def action_create(self):
        """These are not in Odoo yet: create them when the data type goes live."""
        self.env["construction.sync.gatekeeper"]._check("resolve", self)
        self.filtered(lambda m: m.state != "linked").write({"state": "new"})

    def _refresh(self, flow):
        """Fill the list from the messages that wait in preview."""
        return matching.refresh(self.env, flow)
