"""What one canonical object says of another: references, and how to gather them."""

from functools import lru_cache
from typing import Annotated, Any

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    WithJsonSchema,
    model_serializer,
    model_validator,
)

from .texts import EXTERNAL_ID_LENGTH, Code, ExternalId, ShortCode, refuse


class Reference(BaseModel):
    """What a field points to. On the wire one of four shapes:

    the external id of the same system as text; ``{"code": ...}``, the natural key;
    ``{"odoo_id": ...}``; ``{"system": ..., "id": ...}``, the id in another system.
    Frozen, so that references can be gathered in a set.
    """

    model_config = ConfigDict(
        extra="forbid", strict=True, frozen=True, hide_input_in_errors=True
    )

    id: ExternalId | None = None
    code: Code | None = None
    odoo_id: Annotated[int, Field(ge=1, le=2**31 - 1)] | None = None
    system: ShortCode | None = None

    @model_validator(mode="before")
    @classmethod
    def _from_wire(cls, value):
        if type(value) is str:
            return {"id": value}
        if isinstance(value, cls):
            return value
        if not isinstance(value, dict):
            raise refuse(
                "A reference is an external id as text, or an object with code, with"
                " odoo_id, or with system and id."
            )
        shape = frozenset(value)
        if shape not in _REFERENCE_SHAPES:
            raise refuse(
                "A reference object has code, or odoo_id, or system and id, and"
                " nothing else."
            )
        if None in value.values():
            raise refuse("A reference holds a value, not null.")
        return value

    @model_serializer
    def to_wire(self) -> Any:
        """The shape it came in."""
        if self.system is not None:
            return {"system": self.system, "id": self.id}
        if self.code is not None:
            return {"code": self.code}
        if self.odoo_id is not None:
            return {"odoo_id": self.odoo_id}
        return self.id

    def __str__(self):
        if self.system is not None:
            return f"{self.id} ({self.system})"
        return str(self.id or self.code or f"#{self.odoo_id}")


_REFERENCE_SHAPES = frozenset(
    {
        frozenset({"code"}),
        frozenset({"odoo_id"}),
        frozenset({"system", "id"}),
    }
)
_ID_SCHEMA = {
    "type": "string",
    "minLength": 1,
    "maxLength": EXTERNAL_ID_LENGTH,
    "pattern": "^[!-~]([ -~]*[!-~])?$",
}
_CODE_SCHEMA = {
    "type": "string",
    "minLength": 1,
    "maxLength": 64,
    "pattern": "^[ -~]*[!-~][ -~]*$",
}


def _reference_object(**properties):
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


REFERENCE_SCHEMA = {
    "oneOf": [
        {"description": "External id in the same system", **_ID_SCHEMA},
        _reference_object(code=_CODE_SCHEMA),
        _reference_object(
            odoo_id={"type": "integer", "minimum": 1, "maximum": 2**31 - 1}
        ),
        _reference_object(system={**_CODE_SCHEMA, "maxLength": 32}, id=_ID_SCHEMA),
    ]
}


class PointsTo:
    """Names the entity that a reference field points to (``vendor``, ``cost_code``)."""

    def __init__(self, entity):
        self.entity = entity


def reference(entity):
    """The type of a field that refers to an object of ``entity``."""
    return Annotated[
        Reference,
        WithJsonSchema({**REFERENCE_SCHEMA, "x-entity": entity}),
        PointsTo(entity),
    ]


@lru_cache(256)
def _reference_fields(cls):
    """[(name, alias, entity)] of the fields that hold references, one or many."""
    found = []
    for name, info in cls.model_fields.items():
        entity = _entity_in(info.annotation, info.metadata)
        found.append((name, info.alias or name, entity))
    return found


def _entity_in(annotation, metadata=()):
    for item in (*metadata, *getattr(annotation, "__metadata__", ())):
        if isinstance(item, PointsTo):
            return item.entity
    for argument in getattr(annotation, "__args__", ()):
        if entity := _entity_in(argument):
            return entity
    return None


def gather_references(model, pointer, found):
    present = model.model_fields_set
    for name, alias, entity in _reference_fields(type(model)):
        if name not in present:
            continue
        value = getattr(model, name)
        if value is not None and (entity or isinstance(value, (BaseModel, list))):
            _gather_from(value, f"{pointer}/{alias}", entity, found)


def _gather_from(value, pointer, entity, found):
    if isinstance(value, Reference):
        found.append((pointer, entity, value))
    elif isinstance(value, BaseModel):
        gather_references(value, pointer, found)
    elif isinstance(value, list):
        for position, child in enumerate(value):
            _gather_from(child, f"{pointer}/{position}", entity, found)
    elif isinstance(value, dict):
        for key, child in value.items():
            _gather_from(child, f"{pointer}/{key}", entity, found)
