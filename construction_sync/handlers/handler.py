"""The contract between the backbone and an entity: canonical object to Odoo and back.

A handler never opens a transaction, never searches inside a loop over items and
never raises for the fault of one item: it calls ``item.fail(problem)``. Everything
it is given is a batch. The template ``apply`` is the same for all entities; an
entity fills in the small methods.
"""

from odoo import api, models

from ..pipeline import ownership
from ..pipeline.item import Reference


class SyncHandler(models.AbstractModel):
    _name = "construction.sync.handler"
    _description = "Construction Sync: handler of an entity"

    #: canonical entity (``vendor``); the model's name ends with it
    _entity = None
    #: model that bindings of this entity point to
    _target = None
    #: messages applied in one transaction (masters many, documents few)
    _batch_size = 500
    #: canonical field -> Odoo fields it fills: drives ownership, lock and export
    _fills = {}
    #: further Odoo fields whose change is told to other systems
    _publishes_also = ("active", "company_id")
    #: models that are part of the object: ``{model: field that leads to it}``
    _publishes_through = {}
    #: what a flow does by default when a natural key meets an existing record
    _link_policy = "ask"
    #: bare strings may also be codes of this entity, not only external ids
    _code_reference = False
    #: entities a message may wait for when they have not arrived yet
    _waits = frozenset({"project", "wbs_node"})
    #: bindings of this entity are separate per company
    _per_company = False
    #: its messages are foreign bodies that it reads itself: no schema, no links
    _raw = False

    @api.model
    def _for(self, entity):
        """Handler of ``entity`` in this environment, or None when no installed
        module brings one."""
        name = f"construction.sync.handler.{entity}"
        return self.env[name] if name in self.env else None

    @api.model
    def _entities(self):
        """Entities that some installed module can apply, sorted."""
        prefix = "construction.sync.handler."
        return sorted(
            name.removeprefix(prefix)
            for name in self.env.registry
            if name.startswith(prefix)
        )

    @api.model
    def _published(self):
        """Odoo fields whose change may change what other systems are told."""
        return frozenset(
            name
            for names in (*self._fills.values(), self._publishes_also)
            for name in names
        )

    # ---- what an entity fills in -------------------------------------------------

    def references(self, items):
        """``[(item, Reference)]`` for all that the items name: by default every
        reference of the schema. Those in ``_waits`` may still arrive. A deletion may
        come without data and names nothing."""
        return [
            (
                item,
                Reference(pointer, entity, value, waits=entity in self._waits),
            )
            for item in items
            if not item.deleted
            for pointer, entity, value in item.data.references()
        ]

    def company_code(self, data):
        """The system's own code of the company an object belongs to, or None for
        the system's company. Only for entities with ``_per_company``."""
        return getattr(data, "company", None)

    def resolve_codes(self, codes, company):
        """Records named by natural codes.

        :param codes: set of ``(code, scope)``; ``scope`` as in ``Reference``
        :param company: res.company the messages belong to
        :return: ``{(code, scope): record id}``, only exact and usable ones
        """
        return {}

    def check_reference(self, item, reference, record_id):
        """A problem when the resolved record may not be used here (inactive code,
        other company), else None."""

    def candidates(self, value, company, limit=5):
        """Look-alikes of an unknown ``value``: suggestions for a person, best first.

        :return: list of dicts ``{res_model, res_id, name, evidence, score}``;
            never applied by themselves (R11)
        """
        return []

    def match(self, items):
        """``{id(item): [Match, ...]}`` of existing records for unbound items."""
        return {}

    def values(self, item):
        """``{canonical field: {Odoo field: value}}`` of the fields that were sent."""
        raise NotImplementedError(self._name)

    def insert(self, items):
        """Ids of new records, one per item, in order, in one ORM ``create``."""
        vals_list = []
        for item in items:
            vals = {}
            for part in self.values(item).values():
                vals.update(part)
            vals_list.append(vals)
        return self.env[self._target].create(vals_list).ids

    def change(self, items):
        """Write ``item.changes``; equal changes are written together."""
        target = self.env[self._target]
        groups = {}
        for item in items:
            key = repr(sorted(item.changes.items(), key=lambda pair: pair[0]))
            groups.setdefault(key, []).append(item)
        for group in groups.values():
            target.browse([i.record_id for i in group]).write(group[0].changes)

    def after(self, items):
        """Once per batch, after create and update: lists, bank accounts, notes."""

    def remove(self, items):
        """Deletion at the source: archive, never delete, never cascade."""
        records = self.env[self._target].browse([i.record_id for i in items])
        records.filtered("active").action_archive()

    def export(self, records):
        """Canonical data of ``records``, one dict each, valid against the schema
        and without effect when sent back unchanged."""
        raise NotImplementedError(self._name)

    def export_domain(self):
        """Which records of the target ``GET /<entity>`` may list."""
        return []

    def title(self, item):
        """How a person calls the object: name or number, never an id."""
        data = item.data
        for name in ("name", "number", "code"):
            if value := getattr(data, name, None):
                return str(value)
        return item.external_id

    # ---- the template ------------------------------------------------------------

    def apply(self, items):
        """Apply a batch of open items, at most one item per object.

        Problems, conflicts and the resulting ``record_id`` are left on each item.
        Raises what the ORM raises for the batch as a whole; the drain then splits
        the batch until the bad item stands alone.
        """
        removals = [i for i in items if i.deleted]
        changes = [i for i in items if not i.deleted and i.open]
        fresh = [i for i in changes if i.record_id is None]
        ownership.link_or_ask(self, fresh)
        known = [i for i in changes if i.open and i.record_id is not None]
        fresh = [i for i in fresh if i.open and i.record_id is None]
        ownership.compare(self, known)
        known = [i for i in known if i.open]
        if written := [i for i in known if i.changes]:
            self.change(written)
        if fresh:
            for item, record_id in zip(fresh, self.insert(fresh), strict=True):
                item.record_id = record_id
                item.created = True
        if landed := fresh + known:
            self.after(landed)
        if present := [i for i in removals if i.open and i.record_id is not None]:
            self.remove(present)
