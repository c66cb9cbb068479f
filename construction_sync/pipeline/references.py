"""Resolve everything a batch names, in a handful of queries.

A reference is resolved, in this order: by id in Odoo; by the value mapping, which a
person made and which therefore beats everything; by the link of the named (or the
own) system; by its natural code. What stays unknown either
waits for its arrival or is put before a person with look-alikes as suggestions: a
look-alike is never a match (DESIGN R11).
"""

from collections import defaultdict

from odoo.fields import Domain

from ..schemas.canonical import Reference as WireReference
from ..schemas.problem import Problem, shown
from . import signals

MODELS = {"customer": "res.partner"}


def resolve(env, handler, items):
    """Fill ``item.refs``; leave problems or ``waits_on`` where something is missing."""
    wanted = [
        (item, ref) for item, ref in handler.references(items) if ref.value is not None
    ]
    if not wanted:
        return
    by_kind = defaultdict(list)
    for item, ref in wanted:
        by_kind[ref.kind].append((item, ref))
    for kind, pairs in by_kind.items():
        _Kind(env, handler, kind, pairs).resolve()


def wire(value):
    """A reference as the schema's object, whatever form it was given in."""
    return WireReference.model_validate(value)


class _Kind:
    """All references of one kind in a batch."""

    def __init__(self, env, handler, kind, pairs):
        self.env = env
        self.handler = handler
        self.kind = kind
        self.pairs = [(item, ref, wire(ref.value)) for item, ref in pairs]
        self.system = pairs[0][0].system
        self.owner = env["construction.sync.handler"]._for(kind)
        self.model = self.owner._target if self.owner is not None else MODELS.get(kind)

    def resolve(self):
        links = self._links()
        mapped = self._mapped(
            {w.id or w.code for _i, _r, w in self.pairs if w.odoo_id is None}
        )
        ids = self._present({w.odoo_id for _i, _r, w in self.pairs if w.odoo_id})
        open_ = []
        for item, ref, w in self.pairs:
            record_id = None
            if w.odoo_id is not None:
                record_id = w.odoo_id if w.odoo_id in ids else None
            elif w.system is not None:
                record_id = self._linked(links, item, self._system_id(w.system), w.id)
            else:
                record_id = mapped.get(w.id or w.code)
                if not record_id and w.id is not None:
                    record_id = self._linked(links, item, self.system.id, w.id)
            if record_id:
                self._take(item, ref, w, record_id)
            else:
                open_.append((item, ref, w))
        self._by_code(open_)

    def _by_code(self, open_):
        """Natural codes, and what is left: waiting or unknown."""
        if not open_:
            return
        coded = defaultdict(set)
        for item, ref, w in open_:
            if self._code_of(w):
                coded[item.company].add((self._code_of(w), self._scope(item, ref)))
        found = {}
        if self.owner is not None:
            for company, codes in coded.items():
                for key, record_id in self.owner.resolve_codes(codes, company).items():
                    found[company, key] = record_id
        for item, ref, w in open_:
            key = (self._code_of(w), self._scope(item, ref))
            record_id = found.get((item.company, key))
            if record_id:
                self._take(item, ref, w, record_id)
            elif ref.waits and w.id is not None:
                system_id = self._system_id(w.system) if w.system else self.system.id
                item.waits_on = item.waits_on or signals.parent_key(
                    system_id, self.kind, w.id
                )
                item.note = f"Waits for {self.kind.replace('_', ' ')} {w}"
            else:
                self._unknown(item, ref, w)

    def _code_of(self, w):
        if w.code is not None:
            return w.code
        if self.owner is not None and self.owner._code_reference and not w.system:
            return w.id
        return None

    @staticmethod
    def _scope(item, ref):
        if isinstance(ref.scope, str) and ref.scope.startswith("/"):
            return item.refs.get(ref.scope)
        return ref.scope

    def _take(self, item, ref, w, record_id):
        problem = None
        if self.owner is not None:
            problem = self.owner.check_reference(item, ref, record_id)
        if problem is None:
            item.refs[ref.pointer] = record_id
            return
        problem.pointer = problem.pointer or ref.pointer
        problem.extra.setdefault("value_kind", self.kind)
        problem.extra.setdefault("value", str(w))
        item.fail(problem)

    def _unknown(self, item, ref, w):
        value = str(w)
        suggestions = []
        if self.owner is not None:
            suggestions = self.owner.candidates(value, item.company)
        item.fail(
            Problem(
                "reference-unknown",
                f"{self.handler.title(item)} names the "
                f"{self.kind.replace('_', ' ')} {shown(value)}, which is not known "
                f"here for {item.system.name}.",
                pointer=ref.pointer,
                extra={
                    "value_kind": self.kind,
                    "value": value,
                    "suggestions": suggestions,
                },
            )
        )

    def _system_id(self, code):
        for system in self._systems:
            if system.code == code:
                return system.id
        return 0

    @property
    def _systems(self):
        return self.env["construction.sync.system"].search(
            [("company_ids", "in", self.system.company_ids.ids)]
        )

    def _links(self):
        """``{(system id, external id): {company id or False: record id}}``."""
        wanted = defaultdict(set)
        for _item, _ref, w in self.pairs:
            if w.id is not None:
                wanted[self._system_id(w.system) if w.system else self.system.id].add(
                    w.id
                )
        links = defaultdict(dict)
        entity = "vendor" if self.kind == "customer" else self.kind
        for system_id, ids in wanted.items():
            if not system_id:
                continue
            for row in self.env["construction.sync.binding"].search_fetch(
                [
                    ("system_id", "=", system_id),
                    ("entity", "=", entity),
                    ("external_id", "in", list(ids)),
                    ("state", "in", ("linked", "alias")),
                ],
                ["external_id", "company_id", "res_id"],
            ):
                links[system_id, row.external_id][row.company_id.id] = row.res_id
        return links

    @staticmethod
    def _linked(links, item, system_id, external_id):
        by_company = links.get((system_id, external_id)) or {}
        if item.company:
            return by_company.get(item.company.id) or by_company.get(False)
        # an object of no company of its own (a WBS node) may name one that has: that
        # of the system's company goes first, else there must be only one
        own = by_company.get(False) or by_company.get(item.system.company_id.id)
        return own or (next(iter(by_company.values())) if len(by_company) == 1 else 0)

    def _mapped(self, values):
        lines = self.env["construction.sync.crosswalk"]._lookup(
            self.system, self.kind, {v for v in values if v}
        )
        return {value: line.target.id for value, line in lines.items() if line.target}

    def _present(self, ids):
        if not ids or not self.model:
            return set()
        return set(self.env[self.model].search(Domain("id", "in", list(ids))).ids)
