"""Values of custom segments: canonical to Odoo and back."""

from odoo import models

from ..pipeline.item import Match, Reference
from ..schemas.problem import Problem, shown
from . import legal_entity, suggestions, twins


class SegmentValueHandler(models.AbstractModel):
    """A value is recognised by segment and code. The first value of a new segment
    creates the segment, up to ten."""

    _name = "construction.sync.handler.segment_value"
    _inherit = "construction.sync.handler"
    _description = "Construction Sync: values of custom segments"
    _entity = "segment_value"
    _target = "construction.segment.value"
    _link_policy = "link"
    _code_reference = True
    _fills = {
        "segment": ("segment_id",),
        "code": ("code",),
        "name": ("name",),
        "parent": ("parent_id",),
    }

    def references(self, items):
        present = [item for item in items if not item.deleted]
        self._resolve_segments(present)
        return [
            (
                item,
                Reference(
                    "/parent",
                    "segment_value",
                    item.data.parent,
                    True,
                    item.data.segment,
                ),
            )
            for item in present
            if item.data.parent is not None
        ]

    def _resolve_segments(self, items):
        """Put the segment's id in ``item.refs["/segment"]``; create what is new."""
        segments = self.env["construction.segment"].with_context(active_test=False)
        known = {segment.code: segment for segment in segments.search([])}
        room = segments._limit - sum(1 for s in known.values() if s.active)
        missing = sorted({item.data.segment for item in items} - set(known))
        for segment in segments.create(
            [
                {"code": code, "name": code.replace("_", " ").capitalize()}
                for code in missing[: max(room, 0)]
            ]
        ):
            known[segment.code] = segment
        for item in items:
            segment = known.get(item.data.segment)
            if segment and segment.active:
                item.refs["/segment"] = segment.id
            else:
                item.fail(
                    Problem(
                        "segment-limit",
                        f"The segment {shown(item.data.segment)} cannot be added: "
                        f"there are {segments._limit} segments already, or it is "
                        f"archived. Archive one that is not needed, or take this one "
                        f"back into use, then retry.",
                        pointer="/segment",
                    )
                )

    def resolve_codes(self, codes, company):
        """``scope`` is the code of the segment."""
        values = self.env[self._target].search_fetch(
            [
                ("code", "in", [code for code, _scope in codes]),
                ("company_id", "in", [False, *(company.ids if company else [])]),
            ],
            ["code", "segment_id", "company_id"],
        )
        found = {}
        for value in values.sorted(lambda v: bool(v.company_id)):
            found[value.code, value.segment_id.code] = value.id
        return {key: found[key] for key in codes if key in found}

    def check_reference(self, item, reference, record_id):
        value = self.env[self._target].browse(record_id)
        if reference.scope and value.segment_id.code != reference.scope:
            return Problem(
                "business-rule",
                f"{value.display_name} is not a value of the segment "
                f"{shown(reference.scope)}: correct it at the source.",
            )
        return legal_entity.crossed(item, value)

    def match(self, items):
        known = self.resolve_codes(
            {(item.data.code, item.data.segment) for item in items}, None
        )
        return {
            id(item): [
                Match(
                    known[item.data.code, item.data.segment],
                    "code",
                    self.env._("Same code %(code)s", code=item.data.code),
                )
            ]
            for item in items
            if (item.data.code, item.data.segment) in known
        }

    def values(self, item):
        result = {
            "segment": {"segment_id": item.refs["/segment"]},
            "code": {"code": item.data.code},
            "name": {"name": item.data.name},
        }
        if item.sent("parent"):
            result["parent"] = {"parent_id": item.refs.get("/parent") or False}
        return result

    def insert(self, items):
        return twins.create_once(
            self,
            items,
            lambda item: (item.refs["/segment"], item.data.code),
            super().insert,
            self.env._("the same code"),
        )

    def candidates(self, value, company, limit=5):
        values = self.env[self._target].search([])
        return suggestions.ranked(values, value, lambda v: (v.code, v.name), limit)

    def export(self, records):
        result = []
        for value in records:
            data = {
                "segment": value.segment_id.code,
                "code": value.code,
                "name": value.name,
            }
            if value.parent_id:
                data["parent"] = {"odoo_id": value.parent_id.id}
            result.append(data)
        return result
