"""Canonical objects, one file per entity: plain pydantic, no Odoo.

:data:`SCHEMAS` holds the current class of each entity. A module above adds an entity
with :func:`register` and fields to one that exists with :func:`extend`; both may come
in any order.
"""

from pydantic import create_model

from .canonical import Canonical, canonical_bytes, content_hash, to_wire
from .cost_code import CostCode
from .cost_type import CostType
from .problem import Problem, problem_document
from .project import Project
from .references import Reference
from .segment_value import SegmentValue
from .vendor import Vendor
from .wbs_node import WbsNode

__all__ = [
    "SCHEMAS",
    "Canonical",
    "Problem",
    "Reference",
    "canonical_bytes",
    "content_hash",
    "extend",
    "problem_document",
    "register",
    "retract",
    "schema",
    "to_wire",
]

SCHEMAS: dict[str, type[Canonical]] = {}

_plain: dict[str, type[Canonical]] = {}
_extensions: dict[str, dict[str, dict]] = {}


def register(cls):
    """Make ``cls`` the schema of its entity; usable as a decorator."""
    if not cls.entity:
        raise ValueError(f"{cls.__name__} names no entity")
    _plain[cls.entity] = cls
    _build(cls.entity)
    return cls


def extend(entity, module, **fields):
    """Add fields to a schema.

    ``extend("vendor", "my_module", terms=(Code | None, None))``

    ``fields`` are what :func:`pydantic.create_model` takes: a type and a default. The
    default must be None: a field that is required would refuse what others send today.
    Calling it again for the same module replaces what the module added. The entity may
    be registered later.

    :raises ValueError: when a field is required or stands in the schema already
    """
    for name, (_type, default) in fields.items():
        if default is not None:
            raise ValueError(f"{entity}.{name} must be optional, with default None")
    earlier = _extensions.get(entity, {}).get(module)
    _extensions.setdefault(entity, {})[module] = fields
    try:
        _build(entity)
    except ValueError:
        retract(entity, module)
        if earlier is not None:
            extend(entity, module, **earlier)
        raise


def retract(entity, module):
    """Take back what ``module`` added to a schema."""
    _extensions.get(entity, {}).pop(module, None)
    _build(entity)


def schema(entity):
    """The current schema of an entity.

    :raises KeyError: when no module knows the entity
    """
    return SCHEMAS[entity]


def _build(entity):
    plain = _plain.get(entity)
    if plain is None:
        return
    added = {}
    # By name of module, so that the order of imports does not show.
    for module, fields in sorted(_extensions.get(entity, {}).items()):
        for name, definition in fields.items():
            if name in added or name in plain.model_fields:
                raise ValueError(
                    f"{module} adds {entity}.{name}, which is there already"
                )
            added[name] = definition
    SCHEMAS[entity] = (
        create_model(
            plain.__name__,
            __base__=plain,
            __module__=plain.__module__,
            __doc__=plain.__doc__,
            **added,
        )
        if added
        else plain
    )


for _schema in (Project, WbsNode, CostCode, CostType, SegmentValue, Vendor):
    register(_schema)
