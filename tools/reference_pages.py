"""Pages of the handbook that are written from the code: problem kinds, objects.

``python -m tools.reference_pages`` writes them, with an interpreter that has pydantic
(the one of ``./run``). A test compares them with the code, so that they stay true.
"""

import ast
import importlib.util
import sys
import types
import typing

from tools import places
from tools.atomically import write_whole
from tools.problem_causes import CAUSES, RESERVED

SCHEMAS = "construction_sync/schemas"
ROUTES = "construction_sync/models/sync_exception.py"
GROUPS = {
    "group_admin": "Integration administrator",
    "group_finance": "Finance",
    "group_procurement": "Procurement",
    "group_project_controls": "Project controls",
}
NOTE = """\
.. Written by "python -m tools.reference_pages" from {source}.
   Change it there, not here.

"""


def schemas():
    """The package of canonical schemas, loaded without Odoo (it knows none)."""
    name = "construction_sync_schemas"
    if name not in sys.modules:
        folder = places.REPO / SCHEMAS
        spec = importlib.util.spec_from_file_location(
            name, folder / "__init__.py", submodule_search_locations=[str(folder)]
        )
        sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[name])
    return sys.modules[name]


def pages():
    """``{path in the repository: text}`` of every page written from the code."""
    return {"docs/problems.rst": problems(), "docs/objects.rst": objects()}


# ---- kinds of problems --------------------------------------------------------------


def catalogue():
    """``{slug: Kind}`` as the interface and the exceptions queue use it."""
    schemas()
    return sys.modules["construction_sync_schemas.problem_kinds"].CATALOGUE


def routes():
    """``({kind: (role, days)}, default)``: who an exception goes to."""
    tree = ast.parse((places.REPO / ROUTES).read_text("utf-8"))
    for node in tree.body:
        if isinstance(node, ast.Assign) and node.targets[0].id == "ROUTES":
            found = ast.literal_eval(node.value)
    return {
        kind: (GROUPS[xmlid.partition(".")[2]], days)
        for kind, (xmlid, days) in found.items()
    }, (GROUPS["group_admin"], 2)


def problems():
    """The page of problem kinds."""
    known, default = routes()
    text = NOTE.format(source=f"{SCHEMAS}/problem_kinds.py and tools/problem_causes.py")
    text += """\
Kinds of problems
=================

Every refusal of the interface is an ``application/problem+json`` document (RFC 9457).
Its ``type`` ends with one of the kinds below, and ``GET
/construction_sync/v1/problems/<kind>`` answers title, status and remedy of each. The
screen *Exceptions* uses the same kinds. A kind is never renamed.

*Met in* says where people see it, *goes to* which role finds it in *Exceptions* and in
how many days it is due. The status is that of a call which is refused for this alone.

"""
    for kind in catalogue().values():
        where, cause = CAUSES[kind.slug]
        rows = [("Means", f"{kind.title}."), ("Cause", cause), ("Fix", kind.remedy)]
        rows.append(("Met in", f"{where}."))
        if "Exceptions" in where:
            role, days = known.get(kind.slug, default)
            rows.append(("Goes to", f"{role}, due in {days} day{'s' * (days > 1)}."))
        if where != RESERVED:
            rows.append(("Status", str(kind.status)))
        text += f"{heading(kind.slug, '-')}\n"
        text += "".join(f":{name}: {value}\n" for name, value in rows) + "\n"
    return text.rstrip("\n") + "\n"


# ---- canonical objects ---------------------------------------------------------------

#: classes that are parts of an object, as a table calls them
PARTS = {"Address": "address", "WbsEntry": "entry", "BankAccount": "account"}
PATTERNS = {
    "^[!-~]([ -~]*[!-~])?$": "external id",
    "^[A-Z]{3}$": "currency (ISO 4217)",
    "^[A-Z]{2}$": "country (ISO 3166-1)",
    "^[a-z][a-z0-9_]{0,31}$": "segment name",
}


def objects():
    """The page of canonical objects, a table per entity."""
    text = NOTE.format(source=SCHEMAS)
    text += """\
Canonical objects
=================

What stands in ``data`` of an event and in the body of a ``PUT``. Fields in **bold** are
required. A field that is not sent leaves the value in Odoo, ``null`` clears it, and a
list replaces the list. A field that is not in the table is refused. The same is in
``/construction_sync/v1/openapi.json``, for programs.

A *reference* is one of four things: the external id in the sender's own system, as
text; ``{"code": "..."}``, the natural code; ``{"odoo_id": 17}``; or ``{"system":
"...", "id": "..."}``, the id in another system. An *amount* is text, as ``"1250.00"``.
A *day* is written as ``2026-02-28``.

"""
    for entity, cls in schemas().SCHEMAS.items():
        text += f"{heading(entity, '-')}\n"
        text += f"{first_paragraph(cls)}\n\n" + table(cls.model_json_schema(), cls)
        for name, part in parts(cls).items():
            text += f"``{name}`` holds:\n\n"
            text += table(part.model_json_schema(), part)
    return text.rstrip("\n") + "\n"


def first_paragraph(cls):
    """The first paragraph of a class's docstring, in one line."""
    return " ".join((cls.__doc__ or "").strip().split("\n\n")[0].split())


def table(schema, cls):
    """The fields of one object as a list-table."""
    rows = []
    # Of a choice (name, or merged_into alone) the first is the usual one.
    choice = (schema.get("anyOf") or [{}])[0].get("required", ())
    required = {*schema.get("required", ()), *choice}
    for name, field in cls.model_fields.items():
        wire = field.alias or name
        found = schema["properties"][wire]
        bold = f"**{wire}**" if wire in required else wire
        rows.append((bold, kind_of(found, schema), field.description or ""))
    text = ".. list-table::\n   :header-rows: 1\n   :widths: 18 30 52\n\n"
    for row in [("Field", "Holds", "Remark"), *rows]:
        lead = "   * - "
        for cell in row:
            text += f"{lead}{' '.join(cell.split())}".rstrip() + "\n"
            lead = "     - "
    return text + "\n"


def kind_of(found, schema):
    """What a field holds, in a few words."""
    choices = [x for x in found.get("anyOf", ()) if x.get("type") != "null"]
    if choices:
        found = choices[0]
    if "$ref" in found:
        return PARTS[found["$ref"].rpartition("/")[2]]
    if "x-entity" in found:
        return f"reference to {found['x-entity']}"
    if "enum" in found:
        return ", ".join(f"``{value}``" for value in found["enum"])
    if found.get("type") == "array":
        inner = kind_of(found["items"], schema)
        return f"list of at most {found['maxItems']:,}: {inner}"
    if found.get("type") == "object":
        (inner,) = found["patternProperties"].values()
        return f"object of at most {found['maxProperties']}: {kind_of(inner, schema)}"
    if found.get("type") == "boolean":
        return "``true`` or ``false``"
    if found.get("type") == "integer":
        return "whole number"
    return text_kind(found)


def text_kind(found):
    """What a text holds."""
    if found.get("format") == "date":
        return "day"
    pattern = found.get("pattern", "")
    if pattern in PATTERNS:
        return PATTERNS[pattern]
    if "@" in pattern:
        return "e-mail address"
    if "[0-9]" in pattern:
        return "amount"
    limit = found.get("maxLength")
    length = f", at most {limit}" if limit else ""
    return f"{'code' if pattern.startswith('^[ -~]') else 'text'}{length}"


def parts(cls):
    """``{wire name: class}`` of the fields that hold further objects of ours."""
    from_package = "construction_sync_schemas"
    found = {}
    for name, field in cls.model_fields.items():
        for kind in leaves(field.annotation):
            named = getattr(kind, "__module__", "").startswith(from_package)
            if named and kind.__name__ != "Reference":
                found[field.alias or name] = kind
    return found


def leaves(annotation):
    """The plain classes inside a type: through unions, lists and annotations."""
    arguments = typing.get_args(annotation)
    if not arguments:
        return [annotation] if isinstance(annotation, type) else []
    if isinstance(annotation, types.GenericAlias) or arguments:
        return [leaf for argument in arguments for leaf in leaves(argument)]
    return []


def heading(text, line):
    """A section title of reStructuredText."""
    return f"{text}\n{line * len(text)}\n"


def main():
    """Write the pages."""
    for path, text in pages().items():
        write_whole(places.REPO / path, text)
        print(f"{path}: {len(text.splitlines())} lines")


if __name__ == "__main__":
    main()
