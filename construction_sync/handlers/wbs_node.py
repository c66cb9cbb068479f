"""Work breakdown nodes that are sent one by one: canonical to Odoo and back."""

from odoo import models

from ..models.construction_wbs import SEPARATOR
from ..pipeline.item import Match, Reference
from ..schemas.problem import Problem
from . import suggestions, twins


class WbsNodeHandler(models.AbstractModel):
    """A node is recognised by its place: project, parent and code."""

    _name = "construction.sync.handler.wbs_node"
    _inherit = "construction.sync.handler"
    _description = "Construction Sync: work breakdown nodes"
    _entity = "wbs_node"
    _target = "construction.wbs"
    _link_policy = "link"
    _fills = {
        "project": ("project_id",),
        "code": ("code",),
        "name": ("name",),
        "parent": ("parent_id",),
        "sequence": ("sequence",),
    }

    def references(self, items):
        found = []
        for item in items:
            if item.deleted:
                continue
            found.append(
                (item, Reference("/project", "project", item.data.project, True))
            )
            if item.data.parent is not None:
                found.append(
                    (
                        item,
                        Reference(
                            "/parent", "wbs_node", item.data.parent, True, "/project"
                        ),
                    )
                )
        return found

    def resolve_codes(self, codes, company):
        """``scope`` is the id of the project; the code is the node's path (joined
        with slashes), or its short code where only one node of the project has it."""
        projects = {scope for _code, scope in codes if scope}
        nodes = self.env[self._target].search_fetch(
            [("project_id", "in", list(projects))], ["project_id", "code", "path"]
        )
        named = {}
        for node in nodes:
            path = node.path.replace(SEPARATOR, "/")
            for name in {path, node.code}:
                named.setdefault((name, node.project_id.id), set()).add(node.id)
        return {
            key: next(iter(named[key])) for key in codes if len(named.get(key, ())) == 1
        }

    def check_reference(self, item, reference, record_id):
        node = self.env[self._target].browse(record_id)
        project_id = item.refs.get("/project")
        if project_id and node.project_id.id != project_id:
            return Problem(
                "business-rule",
                f"{node.display_name} is a node of the project "
                f"{node.project_id.display_name}, not of this one: correct the "
                f"reference at the source.",
            )
        return None

    def match(self, items):
        known = self._at_place(items)
        result = {}
        for item in items:
            if record_id := known.get(self._place(item)):
                evidence = self.env._(
                    "Same place in the project, code %(code)s", code=item.data.code
                )
                result[id(item)] = [Match(record_id, "path", evidence)]
        return result

    def _place(self, item):
        return (
            item.refs["/project"],
            item.refs.get("/parent") or False,
            item.data.code,
        )

    def _at_place(self, items):
        nodes = self.env[self._target].search_fetch(
            [
                ("project_id", "in", [item.refs["/project"] for item in items]),
                ("code", "in", [item.data.code for item in items]),
            ],
            ["project_id", "parent_id", "code"],
        )
        return {
            (node.project_id.id, node.parent_id.id, node.code): node.id
            for node in nodes
        }

    def values(self, item):
        result = {
            "project": {"project_id": item.refs["/project"]},
            "code": {"code": item.data.code},
            "name": {"name": item.data.name},
        }
        if item.sent("parent"):
            result["parent"] = {"parent_id": item.refs.get("/parent") or False}
        if item.sent("sequence"):
            sequence = item.data.sequence
            result["sequence"] = {"sequence": 10 if sequence is None else sequence}
        return result

    def insert(self, items):
        return twins.create_once(
            self,
            items,
            self._place,
            super().insert,
            self.env._("the same place"),
        )

    def candidates(self, value, company, limit=5):
        domain = [("company_id", "in", company.ids)] if company else []
        nodes = self.env[self._target].search(domain, limit=5000)
        return suggestions.ranked(nodes, value, lambda n: (n.path, n.name), limit)

    def export(self, records):
        result = []
        for node in records:
            data = {
                "project": {"odoo_id": node.project_id.id},
                "code": node.code,
                "name": node.name,
                "sequence": node.sequence,
            }
            if node.parent_id:
                data["parent"] = {"odoo_id": node.parent_id.id}
            result.append(data)
        return result
