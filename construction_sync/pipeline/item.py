"""What travels through a drain: one object's change, with what is known of it.

An item is the unit a handler works on. It usually stands for one message; in a
snapshot flow several accepted messages of one object that wait in the same batch
are folded into one item (later fields over earlier ones), so that a hot object
costs one write and not hundreds. Every message keeps its own state and audit
entry; if a folded item is refused, its messages are applied one by one.
"""

from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Reference:
    """Something else an object names: the backbone resolves all of a batch at once.

    :param pointer: JSON pointer of the value inside ``data``; key of ``Item.refs``
    :param kind: entity or value kind it names (``project``, ``cost_code``, ``uom``)
    :param value: as sent: external id, or an object with ``code``, ``odoo_id``, or
        ``system`` and ``id``
    :param waits: a missing one may still arrive, so the message waits for it;
        otherwise it is refused at once and a person decides
    :param scope: what a code is unique in, when it is not unique by itself (for
        instance the pointer of the project of a WBS node)
    """

    pointer: str
    kind: str
    value: Any
    waits: bool = False
    scope: Any = None


@dataclass(slots=True)
class Conflict:
    """A value from outside for a field that Odoo leads: kept, not written (R10)."""

    field: str
    label: str
    source: str
    odoo: str


@dataclass(slots=True)
class Match:
    """An existing record that may be the same thing as an item.

    :param record_id: id in the handler's target model
    :param key: name of the natural key (``tax_id``, ``number``, ``code``)
    :param evidence: sentence a person reads ("Same tax id US-12-345")
    :param exact: the key alone proves identity; otherwise a person must look
    """

    record_id: int
    key: str
    evidence: str
    exact: bool = True


@dataclass(slots=True)
class Item:
    """One object's change inside a batch (see the module's docstring).

    ``data`` is a validated canonical model; its ``model_fields_set`` tells which
    fields were sent (absent leaves, null clears). ``refs`` maps a reference's
    pointer to the id it resolved to. ``record_id`` is the bound record, or None.
    ``forced`` names canonical fields a person decided for the outside's value.
    ``changes`` (set by the backbone before ``change``) maps Odoo fields to the new
    values, only where they differ and the outside may write them. ``alias_of`` (set by
    the handler) is the record that lives on when this one was merged into it.
    """

    rows: list
    system: Any
    flow: Any
    entity: str
    external_id: str
    data: Any
    company: Any = None
    deleted: bool = False
    content_hash: bytes = b""
    binding: Any = None
    record_id: int | None = None
    refs: dict = field(default_factory=dict)
    changes: dict = field(default_factory=dict)
    created: bool = False
    linked_by: str = ""
    alias_of: int | None = None
    problems: list = field(default_factory=list)
    conflicts: list = field(default_factory=list)
    forced: frozenset = frozenset()
    before: dict = field(default_factory=dict)
    waits_on: str | None = None
    note: str = ""

    def fail(self, problem):
        """Refuse this item alone; ``problem`` is a ``schemas.problem.Problem``."""
        self.problems.append(problem)

    @property
    def failed(self):
        return bool(self.problems)

    @property
    def open(self):
        """Still to be applied: neither refused nor waiting."""
        return not self.problems and self.waits_on is None

    def sent(self, name):
        """Whether the canonical field ``name`` was in the message at all."""
        return name in self.data.model_fields_set
