"""Cost codes: canonical to Odoo and back."""

from odoo import models

from .. import cost_code_notation
from ..pipeline.item import Match, Reference
from ..schemas.problem import Problem, shown
from . import legal_entity, natural_values, suggestions, twins


class CostCodeHandler(models.AbstractModel):
    """A code is recognised by its canonical spelling in its scheme, whatever notation
    the system uses; Odoo keeps the canonical spelling."""

    _name = "construction.sync.handler.cost_code"
    _inherit = "construction.sync.handler"
    _description = "Construction Sync: cost codes"
    _entity = "cost_code"
    _target = "construction.cost.code"
    _link_policy = "link"
    _code_reference = True
    _fills = {
        "code": ("code",),
        "name": ("name",),
        "scheme": ("scheme_id",),
        "parent": ("parent_id",),
        "postable": ("postable",),
        "uom": ("uom_id",),
        "valid_from": ("valid_from",),
        "valid_to": ("valid_to",),
    }

    def references(self, items):
        present = [item for item in items if not item.deleted]
        self._resolve_schemes(present)
        self._read_codes([item for item in present if not item.failed])
        found = [
            (
                item,
                Reference(
                    "/parent", "cost_code", item.data.parent, True, item.system.id
                ),
            )
            for item in present
            if item.data.parent is not None
        ]
        units = [
            (item, "/uom", item.data.uom, None) for item in present if item.data.uom
        ]
        return found + natural_values.resolve(self.env, "uom", units)

    def _resolve_schemes(self, items):
        """Put the scheme's id in ``item.refs["/scheme"]``: as sent, else that of the
        linked record, else the default."""
        schemes = self.env["construction.cost.code.scheme"].search([])
        by_code = {scheme.code.casefold(): scheme.id for scheme in schemes}
        records = self.env[self._target].browse(
            [item.record_id for item in items if item.record_id]
        )
        current = {record.id: record.scheme_id.id for record in records.exists()}
        for item in items:
            sent = item.data.scheme
            if sent is None:
                scheme = current.get(item.record_id) or schemes[:1].id
            else:
                scheme = by_code.get(sent.casefold())
            if scheme:
                item.refs["/scheme"] = scheme
            else:
                item.fail(
                    Problem(
                        "value-unmapped",
                        f"Cost code {shown(item.data.code)} is of the scheme "
                        f"{shown(sent or '')}, which is not set up here. Create the "
                        f"scheme, then retry.",
                        pointer="/scheme",
                        extra={"value_kind": "scheme", "value": sent or ""},
                    )
                )

    def _scheme(self, item):
        return self.env["construction.cost.code.scheme"].browse(item.refs["/scheme"])

    def _read_codes(self, items):
        """Put the canonical spelling of the code in ``item.refs["/code"]``: by the
        rules of the system, else by the grammar of the scheme."""
        if not items:
            return
        rules = self.env["construction.cost.code.rule"]._applicable(items[0].system)
        words = self.env["construction.cost.type"]._words()
        for item in items:
            scheme = self._scheme(item)
            readings = [
                written.code
                for scheme_id, written in rules._read_code(item.data.code, words)
                if scheme_id == scheme.id
            ]
            code = readings[0] if readings else scheme._normalised(item.data.code)
            if code is None:
                item.fail(self._not_a_code(item))
            else:
                item.refs["/code"] = code

    def _not_a_code(self, item):
        return Problem(
            "business-rule",
            f"{shown(item.data.code)} is not a code of the scheme "
            f"{self._scheme(item).name}: correct it at the source, or add a rule for "
            f"the notation of {item.system.name}.",
            pointer="/code",
        )

    def resolve_codes(self, codes, company):
        """``scope`` is the id of the system, whose rules read the code."""
        found = {}
        for scope in {scope for _code, scope in codes}:
            system = self.env["construction.sync.system"].browse(scope or ())
            texts = [code for code, at in codes if at == scope]
            result = self.env[self._target]._find_written(texts, company, system)
            for text, (record_id, _type_id) in result.items():
                found[text, scope] = record_id
        return found

    def check_reference(self, item, reference, record_id):
        code = self.env[self._target].browse(record_id)
        if crossed := legal_entity.crossed(item, code):
            return crossed
        if item.entity == self._entity:
            return None
        if sentence := code._refusal():
            heading = code.active and not code.postable
            return Problem(
                "code-not-postable" if heading else "code-inactive", sentence
            )
        return None

    def match(self, items):
        known = self.env[self._target]._by_normalised(
            {item.refs["/code"] for item in items}, self.env["res.company"]
        )
        result = {}
        for item in items:
            record_id = known.get((item.refs["/scheme"], item.refs["/code"]))
            if record_id:
                evidence = self.env._("Same code %(code)s", code=item.refs["/code"])
                result[id(item)] = [Match(record_id, "code", evidence)]
        return result

    def values(self, item):
        data, result = item.data, {}
        code = item.refs["/code"]
        if item.record_id:
            current = self.env[self._target].browse(item.record_id)
            code = current.code if current.normalised_code == code else code
        result["code"] = {"code": code}
        result["name"] = {"name": data.name}
        if item.sent("scheme") or not item.record_id:
            result["scheme"] = {"scheme_id": item.refs["/scheme"]}
        if item.sent("parent"):
            result["parent"] = {"parent_id": item.refs.get("/parent") or False}
        if item.sent("postable"):
            result["postable"] = {"postable": data.postable is not False}
        if item.sent("uom"):
            result["uom"] = {"uom_id": item.refs.get("/uom") or False}
        for name in ("valid_from", "valid_to"):
            if item.sent(name):
                result[name] = {name: getattr(data, name) or False}
        return result

    def insert(self, items):
        return twins.create_once(
            self,
            items,
            lambda item: (item.refs["/scheme"], item.refs["/code"]),
            self._create_firsts,
            self.env._("the same code"),
        )

    def _create_firsts(self, items):
        parents = self._natural_parents(items)
        vals_list = []
        for item in items:
            vals = {}
            for part in self.values(item).values():
                vals.update(part)
            if not item.sent("parent"):
                vals["parent_id"] = parents.get(id(item), False)
            if not item.sent("postable"):
                vals["postable"] = not self._is_division(vals)
            vals_list.append(vals)
        return self.env[self._target].create(vals_list).ids

    def _natural_parents(self, items):
        """``{id(item): parent id}`` by MasterFormat's own order: 03 30 53.13 is in
        03 30 53, that in 03 30 00, that in 03 00 00; the nearest that exists."""
        wanted = {}
        for item in items:
            if self._scheme(item).grammar == "masterformat":
                wanted[id(item)] = list(
                    cost_code_notation.masterformat_parents(item.refs["/code"])
                )
        codes = {code for chain in wanted.values() for code in chain}
        known = self.env[self._target]._by_normalised(codes, self.env["res.company"])
        return {
            id(item): next(
                (
                    known[item.refs["/scheme"], code]
                    for code in wanted[id(item)]
                    if (item.refs["/scheme"], code) in known
                ),
                False,
            )
            for item in items
            if id(item) in wanted
        }

    def _is_division(self, vals):
        scheme = self.env["construction.cost.code.scheme"].browse(vals["scheme_id"])
        return scheme.grammar == "masterformat" and vals["code"].endswith(" 00 00")

    def candidates(self, value, company, limit=5):
        codes = self.env[self._target].search(
            [
                *self.env[self._target]._usable_domain(),
                ("company_id", "in", [False, *(company.ids if company else [])]),
            ]
        )
        return suggestions.ranked(
            codes, value, lambda c: (c.normalised_code, c.name), limit
        )

    def export(self, records):
        result = []
        for code in records:
            data = {
                "code": code.normalised_code,
                "name": code.name,
                "scheme": code.scheme_id.code,
                "postable": code.postable,
            }
            if code.parent_id:
                data["parent"] = {"odoo_id": code.parent_id.id}
            if code.uom_id:
                data["uom"] = code.uom_id.name
            for name in ("valid_from", "valid_to"):
                if code[name]:
                    data[name] = code[name].isoformat()
            result.append(data)
        return result
