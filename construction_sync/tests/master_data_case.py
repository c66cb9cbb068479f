"""Ground of the tests of handlers: a system, its flows, and ``send``."""

from odoo.tests import TransactionCase

from .. import schemas
from ..pipeline import gateway, references
from ..pipeline.item import Item


class MasterDataCase(TransactionCase):
    """Applies canonical data as the drain does: references, then the handler, in one
    batch, with the backbone's own environment. Bindings are written as it does."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company = cls.env["res.company"].create({"name": "North Contractors"})
        cls.other_company = cls.env["res.company"].create({"name": "South Builders"})
        cls.system = cls.new_system("portal", "Portal")

    @classmethod
    def new_system(cls, code, name, company=None):
        system = cls.env["construction.sync.system"].create(
            {
                "code": code,
                "name": name,
                "adapter": "canonical",
                "company_id": (company or cls.company).id,
                "company_code_ids": [
                    (0, 0, {"code": "south", "company_id": cls.other_company.id}),
                ],
            }
        )
        cls.env["construction.sync.flow"].create(
            [
                {"system_id": system.id, "entity": entity, "state": "live"}
                for entity in (
                    "project",
                    "wbs_node",
                    "cost_code",
                    "cost_type",
                    "segment_value",
                    "vendor",
                )
            ]
        )
        return system

    def send(self, entity, *objects, system=None):
        """Apply ``(external id, data)`` pairs in one batch; the items, in order."""
        system = system or self.system
        env = gateway.environment(self.env.cr)
        env = gateway.system_environment(env, env[system._name].browse(system.id))
        system = env[system._name].browse(system.id)
        handler = env["construction.sync.handler"]._for(entity)
        flow = system.flow_ids.filtered(lambda f: f.entity == entity)
        items = [
            self._item(env, handler, system, flow, external_id, data)
            for external_id, data in objects
        ]
        references.resolve(env, handler, items)
        handler.apply([item for item in items if item.open])
        env.flush_all()
        for item in items:
            if item.open and item.binding is None and item.record_id:
                self._bind(env, item)
        self.env.invalidate_all()
        return items[0] if len(items) == 1 else items

    def _item(self, env, handler, system, flow, external_id, data):
        deleted = data is None
        model = None if deleted else schemas.SCHEMAS[flow.entity].model_validate(data)
        item = Item(
            rows=[],
            system=system,
            flow=flow,
            entity=flow.entity,
            external_id=external_id,
            data=model,
            deleted=deleted,
        )
        item.company = env["res.company"]
        if handler._per_company:
            code = model and handler.company_code(model)
            item.company = system._company_for(code)
        binding = env["construction.sync.binding"].search(
            [
                ("system_id", "=", system.id),
                ("entity", "=", flow.entity),
                ("external_id", "=", external_id),
                ("company_id", "in", item.company.ids or [False]),
            ]
        )
        item.binding = binding or None
        item.record_id = binding.res_id or None
        return item

    def _bind(self, env, item):
        env["construction.sync.binding"].create(
            {
                "system_id": item.system.id,
                "entity": item.entity,
                "external_id": item.external_id,
                "company_id": item.company.id,
                "res_model": env["construction.sync.handler"]._for(item.entity)._target,
                "res_id": item.record_id,
            }
        )

    def record(self, item):
        """The record an item landed on, as the test's own environment sees it."""
        handler = self.env["construction.sync.handler"]._for(item.entity)
        self.assertFalse(item.problems, [p.detail for p in item.problems])
        return self.env[handler._target].browse(item.record_id)

    def assertRefused(self, item, kind, pointer=None):
        """The item was refused, alone, for this kind of reason."""
        self.assertIn(kind, [problem.kind for problem in item.problems])
        if pointer:
            self.assertIn(pointer, [problem.pointer for problem in item.problems])

    def assertComesBackUnchanged(self, entity, item):
        """What is exported validates and has no effect when it is sent again."""
        handler = self.env["construction.sync.handler"]._for(entity)
        context = {"construction_system_id": item.system.id}
        data = handler.with_context(**context).export(self.record(item))[0]
        again = self.send(entity, (item.external_id, data), system=item.system)
        self.assertFalse(again.problems, [p.detail for p in again.problems])
        self.assertFalse(again.created)
        self.assertEqual(again.changes, {})
        repeated = handler.with_context(**context).export(self.record(again))[0]
        self.assertEqual(repeated, data)
        return data
