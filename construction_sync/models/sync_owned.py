from lxml import etree

from odoo import api, fields, models, tools
from odoo.exceptions import UserError

from ..pipeline import ownership, publish


class SyncOwned(models.AbstractModel):
    """For models that outside systems write to: locks the fields they lead, shows
    where a record came from, and leaves a tombstone when it is deleted (F06, F07)."""

    _name = "construction.sync.owned"
    _description = "Record Kept in Step With Outside Systems"

    construction_sync_lock = fields.Json(
        compute="_compute_construction_sync",
        help="Fields led by an outside system, each with the reason it is locked.",
    )
    construction_sync_origin = fields.Char(
        string="Comes from",
        compute="_compute_construction_sync",
        help="The outside systems this record is linked to.",
    )
    construction_sync_link_count = fields.Integer(compute="_compute_construction_sync")
    construction_sync_sent_count = fields.Integer(
        compute="_compute_construction_sync_sent",
        help="What other systems were told of the record.",
    )

    @api.model
    def _get_view(self, view_id=None, view_type="form", **options):
        """Let every form of the model know its locks, whoever wrote the form."""
        arch, view = super()._get_view(view_id, view_type, **options)
        known = arch.xpath("//form//field[@name='construction_sync_lock']")
        if view_type == "form" and not known:
            etree.SubElement(
                arch, "field", {"name": "construction_sync_lock", "invisible": "1"}
            )
        return arch, view

    def _compute_construction_sync(self):
        # gateway: anyone who sees the record may know where it comes from
        bindings = self.env["construction.sync.binding"].sudo()._linked(self)
        by_record = bindings.grouped("res_id")
        for record in self:
            links = by_record.get(record.id, bindings.browse())
            lock = {}
            for link in links.filtered(lambda b: b.state == "linked"):
                names = record._construction_sync_locked(link.system_id.id, link.entity)
                for name in names:
                    lock[name] = self.env._(
                        "Led by %(system)s. Change it there.",
                        system=link.system_id.name,
                    )
            record.construction_sync_lock = lock
            record.construction_sync_link_count = len(links)
            record.construction_sync_origin = ", ".join(
                f"{link.system_id.name} {link.external_id}" for link in links
            )

    def _compute_construction_sync_sent(self):
        deliveries = self.env["construction.sync.delivery"]
        counts = {}
        if deliveries.has_access("read"):
            rows = deliveries._read_group(
                [("key", "in", list(self._construction_sync_keys()))],
                ["key"],
                ["__count"],
            )
            counts = {key: count for key, count in rows}
        totals = dict.fromkeys(self.ids, 0)
        for key, record_id in self._construction_sync_keys().items():
            totals[record_id] += counts.get(key, 0)
        for record in self:
            record.construction_sync_sent_count = totals.get(record.id, 0)

    def _construction_sync_keys(self):
        """``{object of a delivery: id}`` of these records."""
        handlers = self.env["construction.sync.handler"]
        return {
            f"{entity}:{record_id}": record_id
            for entity in handlers._entities()
            if handlers._for(entity)._target == self._name
            for record_id in self.ids
        }

    @api.model
    @tools.ormcache("system_id", "entity")
    def _construction_sync_locked(self, system_id, entity):
        """Odoo fields of ``entity`` that ``system_id`` leads."""
        # gateway: the lock is the same for every user
        flow = (
            self.env["construction.sync.flow"]
            .sudo()
            .search(
                [
                    ("system_id", "=", system_id),
                    ("entity", "=", entity),
                    ("direction", "=", "in"),
                    ("state", "=", "live"),
                ],
                limit=1,
            )
        )
        handler = self.env["construction.sync.handler"]._for(entity)
        if not flow or handler is None:
            return frozenset()
        return frozenset(
            name
            for field, names in handler._fills.items()
            if flow._owner_of(field) == "source"
            for name in names
        )

    @api.model
    @tools.ormcache("self._name")
    def _construction_sync_lockable(self):
        """Fields of this model that some live flow leads: a cheap first test."""
        handlers = self.env["construction.sync.handler"]
        names = set()
        # gateway: the lock is the same for every user
        for flow in (
            self.env["construction.sync.flow"].sudo().search([("state", "=", "live")])
        ):
            handler = handlers._for(flow.entity)
            if handler is not None and handler._target == self._name:
                names |= self._construction_sync_locked(flow.system_id.id, flow.entity)
        return frozenset(names)

    @api.model_create_multi
    def create(self, vals_list):
        records = super().create(vals_list)
        records._construction_sync_note(None)
        return records

    def write(self, vals):
        if not ownership.applying(self.env):
            touched = self._construction_sync_lockable() & vals.keys()
            if touched:
                self._construction_sync_refuse(touched, vals)
        result = super().write(vals)
        self._construction_sync_note(vals)
        return result

    @api.model
    @tools.ormcache("self._name")
    def _construction_sync_published(self):
        """What of this model other systems are told: ``[(entity, Odoo fields, field
        that leads to the object)]``; empty while nobody listens."""
        handlers = self.env["construction.sync.handler"]
        found = []
        for entity in handlers._entities():
            handler = handlers._for(entity)
            if not self.env["construction.sync.flow"]._subscribers(entity):
                continue
            if handler._target == self._name:
                found.append((entity, handler._published(), None))
            elif self._name in handler._publishes_through:
                found.append((entity, None, handler._publishes_through[self._name]))
        return tuple(found)

    def _construction_sync_note(self, vals):
        """Remember for the end of the transaction that these records changed."""
        for entity, names, path in self._construction_sync_published():
            if vals is not None and names is not None and not names & vals.keys():
                continue
            publish.touched(self.env, entity, (self[path] if path else self).ids)

    def _construction_sync_refuse(self, touched, vals):
        """Refuse a change by a person to a field that the outside leads."""
        # gateway: the lock holds whatever the user may read
        bindings = self.env["construction.sync.binding"].sudo()._linked(self)
        for link in bindings.filtered(lambda b: b.state == "linked"):
            locked = touched & self._construction_sync_locked(
                link.system_id.id, link.entity
            )
            record = self.browse(link.res_id)
            for name in sorted(locked):
                if ownership.differs(record, name, vals[name]):
                    raise UserError(
                        self.env._(
                            "%(field)s of %(record)s is led by %(system)s. Change it "
                            "there; it will arrive here by itself.",
                            field=self._fields[name]._description_string(self.env),
                            record=record.display_name,
                            system=link.system_id.name,
                        )
                    )

    def unlink(self):
        # gateway: the tombstone must be left whoever deletes the record
        bindings = self.env["construction.sync.binding"].sudo()._linked(self)
        if bindings:
            bindings.write({"state": "tombstone"})
        self._construction_sync_note(None)
        return super().unlink()

    def action_construction_sync_links(self):
        """Where the record came from: its links."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Links of %(record)s", record=self.display_name),
            "res_model": "construction.sync.binding",
            "view_mode": "list,form",
            "domain": [("res_model", "=", self._name), ("res_id", "=", self.id)],
        }

    def action_construction_sync_sent(self):
        """To whom the record was sent, when, and what came of it."""
        self.ensure_one()
        return self.env["construction.sync.overview"]._door(
            "action_sync_delivery",
            self.env._("Sent of %(name)s", name=self.display_name),
            [("key", "in", list(self._construction_sync_keys()))],
        )
