"""Cost types: canonical to Odoo and back."""

from odoo import models

from .. import cost_code_notation
from ..pipeline.item import Match
from . import suggestions, twins


class CostTypeHandler(models.AbstractModel):
    """A cost type is recognised by its code or by one of its configured spellings."""

    _name = "construction.sync.handler.cost_type"
    _inherit = "construction.sync.handler"
    _description = "Construction Sync: cost types"
    _entity = "cost_type"
    _target = "construction.cost.type"
    _link_policy = "link"
    _code_reference = True
    _fills = {"code": ("code",), "name": ("name",), "class": ("cost_class",)}

    def resolve_codes(self, codes, company):
        types = self.env[self._target]
        words, known = types._words(), types._by_code(company or self.env.company)
        result = {}
        for code, scope in codes:
            record_id = known.get(words.get(cost_code_notation.clean(code)))
            if record_id:
                result[code, scope] = record_id
        return result

    def match(self, items):
        known = self.resolve_codes(
            {(item.data.code, None) for item in items}, self.env["res.company"]
        )
        return {
            id(item): [
                Match(
                    known[item.data.code, None],
                    "code",
                    self.env._("Same code %(code)s", code=item.data.code),
                )
            ]
            for item in items
            if (item.data.code, None) in known
        }

    def values(self, item):
        code = item.data.code
        if item.record_id:
            current = self.env[self._target].browse(item.record_id)
            word = cost_code_notation.clean(code)
            spelled = current._words_of()
            code = current.code if word in spelled else code
        return {
            "code": {"code": code},
            "name": {"name": item.data.name},
            "class": {"cost_class": item.data.class_},
        }

    def insert(self, items):
        return twins.create_once(
            self,
            items,
            lambda item: item.data.code,
            super().insert,
            self.env._("the same code"),
        )

    def candidates(self, value, company, limit=5):
        types = self.env[self._target].search([])
        return suggestions.ranked(types, value, lambda t: (t.code, t.name), limit)

    def export(self, records):
        return [
            {"code": kind.code, "name": kind.name, "class": kind.cost_class}
            for kind in records
        ]
