from odoo import api, fields, models

from ..pipeline import overview_figures
from ..pipeline.overview_figures import OPEN


class SyncOverview(models.AbstractModel):
    """What a person sees first: the tiles, and the doors behind every count."""

    _name = "construction.sync.overview"
    _description = "Construction Sync: figures of the overview"

    # ---- tiles ---------------------------------------------------------------------

    @api.model
    @api.readonly
    def tiles(self):
        """Counts above the overview and the exceptions list, each with its door.

        :return: ``[{key, label, level, all, mine, help}]``; ``mine`` is None where
            nobody owns the records. ``level`` is the colour of a count above zero.
        """
        self.env["construction.sync.gatekeeper"]._check("read")
        exceptions = self.env["construction.sync.exception"]
        today = fields.Date.context_today(self)
        open_, late, others = {}, {}, {}
        for mine in (False, True):
            domain = [("user_id", "=", self.env.uid)] if mine else []
            open_[mine] = exceptions.search_count(
                [("state", "in", ("new", "assigned")), *domain]
            )
            late[mine] = exceptions.search_count(
                [("state", "in", OPEN), ("date_deadline", "<", today), *domain]
            )
            others[mine] = exceptions.search_count([("state", "=", "waiting"), *domain])
        flows = self.env["construction.sync.flow"].search([])
        figures = overview_figures.of_flows(self.env, flows)
        moving = sum(f["waiting"] for f in figures.values())
        preview = sum(f["preview"] for f in figures.values())
        unlinked = self.env["construction.sync.match"].search_count(
            [("state", "in", ("proposed", "unmatched"))]
        )

        def tile(key, label, level, everyone, mine, explanation):
            return {
                "key": key,
                "label": label,
                "level": level,
                "all": everyone,
                "mine": mine,
                "help": explanation,
            }

        return [
            tile(
                "open",
                self.env._("Need you"),
                "danger",
                open_[False],
                open_[True],
                self.env._("Causes that a person has to decide on"),
            ),
            tile(
                "late",
                self.env._("Overdue"),
                "warning",
                late[False],
                late[True],
                self.env._("Open causes whose due date has passed"),
            ),
            tile(
                "others",
                self.env._("Waiting on others"),
                "info",
                others[False],
                others[True],
                self.env._("Open causes for which somebody else was asked"),
            ),
            tile(
                "moving",
                self.env._("On their way"),
                "info",
                moving,
                None,
                self.env._("Messages received and not yet applied; nothing to do"),
            ),
            tile(
                "preview",
                self.env._("In preview"),
                "info",
                preview,
                None,
                self.env._("Messages held back until their data type goes live"),
            ),
            tile(
                "unlinked",
                self.env._("Not linked"),
                "info",
                unlinked,
                None,
                self.env._("Outside records that wait for a link to Odoo"),
            ),
        ]

    @api.model
    @api.readonly
    def open_tile(self, key, mine=False):
        """The action behind a tile; it shows exactly the records that were counted."""
        if key in ("moving", "preview"):
            xmlid, name = "action_sync_message", f"search_default_{key}"
        elif key == "unlinked":
            xmlid, name = "action_sync_match", "search_default_open"
        else:
            xmlid, name = "action_sync_exception", f"search_default_{key}"
        context = {name: 1}
        if mine:
            context["search_default_mine"] = 1
        return self._door(xmlid, context=context)

    @api.model
    def _door(self, xmlid, name=None, domain=(), context=None):
        """Action ``xmlid`` of this module, cut down to some records and named after
        them."""
        action = self.env["ir.actions.act_window"]._for_xml_id(
            f"construction_sync.{xmlid}"
        )
        action["name"] = action["display_name"] = name or action["name"]
        action["domain"] = list(domain)
        action["context"] = context or {}
        return action
