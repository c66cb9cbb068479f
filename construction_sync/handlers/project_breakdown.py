"""The work breakdown a project brings along as a list that replaces the list.

Nodes are found by their id in the system, then by their place in the project. A node
that is no longer listed is archived, never deleted: documents may point to it.
"""

from odoo import fields

from ..models.construction_wbs import SEPARATOR
from ..schemas.problem import Problem, shown

#: id of a node that no system has named; it leads back to the record
OWN_ID = "odoo-wbs-"


def check(item):
    """Refuse a list in which two nodes have the same place in the project."""
    seen = set()
    for position, entry in enumerate(item.data.wbs or ()):
        if (entry.parent, entry.code) in seen:
            item.fail(
                Problem(
                    "business-rule",
                    f"Two nodes of the breakdown have the code {shown(entry.code)} "
                    f"under the same parent. Correct one of them at the source.",
                    pointer=f"/wbs/{position}/code",
                )
            )
        seen.add((entry.parent, entry.code))


def replace(env, items):
    """Bring the breakdown of each item's project into line with ``item.data.wbs``,
    for the whole batch: one create per level, one write per changed node."""
    if items:
        _Replacement(env, items).run()


def export(env, projects):
    """``{project id: wbs list}`` of active nodes, in order, parents first.

    Ids are those of the system in the context (``construction_system_id``); a node
    it never named goes by an id of ours.
    """
    nodes = env["construction.wbs"].search(
        [("project_id", "in", projects.ids)], order="level, sequence, id"
    )
    ids = {node.id: f"{OWN_ID}{node.id}" for node in nodes}
    system_id = env.context.get("construction_system_id")
    if system_id:
        for binding in _bindings(env, system_id, [("res_id", "in", nodes.ids)]):
            ids[binding.res_id] = binding.external_id
    result = {}
    for node in nodes.sorted(lambda n: (n.sequence, n.level, n.id)):
        entry = {
            "id": _plain_id(ids[node.id]),
            "code": node.code,
            "name": node.name,
        }
        if node.parent_id:
            entry["parent"] = _plain_id(ids.get(node.parent_id.id, ""))
        result.setdefault(node.project_id.id, []).append(entry)
    return result


def _bindings(env, system_id, domain):
    return env["construction.sync.binding"].search_fetch(
        [
            ("system_id", "=", system_id),
            ("entity", "=", "wbs_node"),
            ("state", "=", "linked"),
            *domain,
        ],
        ["external_id", "res_id"],
        order="id",
    )


def _scoped(project_external_id, entry_id):
    """Id under which a node is linked when its own is unique in its project only."""
    return f"{project_external_id}#{entry_id}"


def _plain_id(external_id):
    """The id as the system wrote it in the list (see ``_scoped``)."""
    return external_id.rpartition("#")[2]


class _Replacement:
    def __init__(self, env, items):
        self.env = env
        self.items = items
        self.system = items[0].system
        self.wbs = env["construction.wbs"].with_context(active_test=False)
        self.links = self._known_links()
        self.nodes = self._known_nodes()
        self.by_path = {(n.project_id.id, n.path): n for n in self.nodes.values()}
        self.new_links = {}

    def _known_links(self):
        ids = set()
        for item in self.items:
            for entry in item.data.wbs or ():
                ids |= {entry.id, _scoped(item.external_id, entry.id)}
        found = _bindings(self.env, self.system.id, [("external_id", "in", list(ids))])
        return {binding.external_id: binding.res_id for binding in found}

    def _known_nodes(self):
        nodes = self.wbs.search_fetch(
            [("project_id", "in", [item.record_id for item in self.items])],
            ["project_id", "parent_id", "code", "name", "sequence", "active", "path"],
        )
        return {node.id: node for node in nodes}

    def run(self):
        # nodes may swap their places: paths must be unique only when all is written
        self.env.cr.execute("SET CONSTRAINTS construction_wbs_path_uniq DEFERRED")
        self._replace()
        self.wbs.flush_model()
        self.env.cr.execute("SET CONSTRAINTS construction_wbs_path_uniq IMMEDIATE")

    def _replace(self):
        plans = [_Plan(self, item) for item in self.items]
        deepest = max((plan.depth for plan in plans), default=0)
        for level in range(deepest + 1):
            self._level(level, plans)
        kept = {record_id for plan in plans for record_id in plan.ids.values()}
        gone = [
            node.id
            for node in self.nodes.values()
            if node.id not in kept and node.active
        ]
        self.wbs.browse(gone).write({"active": False})
        self._link()

    def _level(self, level, plans):
        """Write what is known and create what is new among the nodes of one level."""
        fresh, owners = [], []
        for plan in plans:
            for position, entry in plan.levels.get(level, ()):
                vals = plan.values(position, entry)
                node = plan.find(entry, vals)
                if node is None:
                    fresh.append(dict(vals, project_id=plan.project_id))
                    owners.append((plan, entry))
                    continue
                plan.take(entry, node.id)
                changes = {
                    name: value
                    for name, value in vals.items()
                    if (node[name].id if name == "parent_id" else node[name]) != value
                }
                if changes:
                    self._make_room(plan, node, changes)
                    node.write(changes)
        created = self.wbs.create(fresh)
        for (plan, entry), node in zip(owners, created, strict=True):
            plan.take(entry, node.id)

    def _make_room(self, plan, node, changes):
        """An unlisted node that stands where ``node`` goes gives up its code."""
        if not {"code", "parent_id"} & set(changes):
            return
        path = plan.path_of(
            changes.get("parent_id", node.parent_id.id), changes.get("code", node.code)
        )
        other = self.by_path.get((plan.project_id, path))
        if other and other != node and not plan.lists(other):
            other.write({"code": f"{other.code}~{other.id}", "active": False})

    def _link(self):
        """Remember which node each id of the system stands for."""
        now = fields.Datetime.now()
        self.env["construction.sync.binding"].create(
            [
                {
                    "system_id": self.system.id,
                    "entity": "wbs_node",
                    "external_id": external_id,
                    "res_model": "construction.wbs",
                    "res_id": record_id,
                    "state": "linked",
                    "first_seen": now,
                    "last_seen": now,
                    "linked_by": self.env._("Listed with its project"),
                }
                for external_id, record_id in self.new_links.items()
            ]
        )


class _Plan:
    """What one project's list asks for."""

    def __init__(self, batch, item):
        self.batch = batch
        self.item = item
        self.project_id = item.record_id
        self.entries = item.data.wbs or []
        self.ids = {}
        self.levels = self._by_level()
        self.depth = max(self.levels, default=0)

    def _by_level(self):
        parents = {entry.id: entry.parent for entry in self.entries}
        levels = {}
        for position, entry in enumerate(self.entries):
            level, step = 0, entry.parent
            while step is not None:
                level, step = level + 1, parents[step]
            levels.setdefault(level, []).append((position, entry))
        return levels

    def values(self, position, entry):
        return {
            "code": entry.code,
            "name": entry.name,
            "parent_id": self.ids[entry.parent] if entry.parent else False,
            "sequence": (position + 1) * 10,
            "active": True,
        }

    def path_of(self, parent_id, code):
        parent = self.batch.wbs.browse(parent_id or ())
        return f"{parent.path}{SEPARATOR}{code}" if parent else code

    def find(self, entry, vals):
        """The node an entry stands for, or None: by link, then by place."""
        known, nodes = self.batch.links, self.batch.nodes
        scoped = _scoped(self.item.external_id, entry.id)
        for external_id in (entry.id, scoped):
            node = nodes.get(known.get(external_id))
            if node is not None and node.project_id.id == self.project_id:
                return node
        if entry.id.startswith(OWN_ID):
            own = entry.id.removeprefix(OWN_ID)
            node = nodes.get(int(own) if own.isdigit() else None)
            if node is not None and node.project_id.id == self.project_id:
                return node
        path = self.path_of(vals["parent_id"], vals["code"])
        node = self.batch.by_path.get((self.project_id, path))
        if node is not None and node.id not in self.ids.values():
            return node
        return None

    def lists(self, node):
        """Whether the list still names ``node`` by its id."""
        named = {
            self.batch.links.get(external_id)
            for entry in self.entries
            for external_id in (entry.id, _scoped(self.item.external_id, entry.id))
        }
        return node.id in named or node.id in self.ids.values()

    def take(self, entry, record_id):
        """``entry`` stands for the node ``record_id``: link it if that is new."""
        self.ids[entry.id] = record_id
        batch = self.batch
        if entry.id.startswith(OWN_ID):
            return
        scoped = _scoped(self.item.external_id, entry.id)
        known = (batch.links.get(entry.id), batch.links.get(scoped))
        if record_id in known:
            return
        name = entry.id if known[0] is None else scoped
        if known[1] is not None and name == scoped:
            return
        batch.links[name] = batch.new_links[name] = record_id
