"""What the records of a foreign list look like, and when that changes (FA-H18).

A shape is ``{path: {"kinds": [...], "always": bool}}``: the kinds of value under each
name, and whether every record has the name. It is learned from the first whole run and
compared from then on.
"""

from collections import Counter

from ..schemas.problem import one_line

MAX_PATHS = 400
DEPTH = 4


def shape_of(records):
    """The shape of ``records``."""
    kinds, counts, objects = {}, Counter(), Counter()
    for record in records:
        _add(kinds, counts, objects, "", record, 0)
    return {
        path: {
            "kinds": sorted(found),
            "always": counts[path] == objects[path.rpartition(".")[0]],
        }
        for path, found in kinds.items()
    }


def _add(kinds, counts, objects, path, value, depth):
    if isinstance(value, dict) and depth < DEPTH:
        objects[path] += 1
        for name, child in value.items():
            name = one_line(name, 60).replace(".", "_")
            inner = f"{path}.{name}" if path else name
            if inner not in kinds and len(kinds) >= MAX_PATHS:
                continue
            kinds.setdefault(inner, set()).add(_kind(child))
            counts[inner] += 1
            _add(kinds, counts, objects, inner, child, depth + 1)
    elif isinstance(value, list):
        for child in value[:20]:
            if isinstance(child, dict):
                _add(kinds, counts, objects, f"{path}[]", child, depth)


def _kind(value):
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true or false"
    return {str: "text", dict: "object", list: "list"}.get(type(value), "number")


def drift(known, shape):
    """What changed from ``known`` to ``shape``, in short sentences.

    A name that was never seen, one that every record had and none has now, another
    kind of value. Nulls and absent parents prove nothing.
    """
    changes = []
    for path, found in shape.items():
        before = known.get(path)
        if before is None:
            changes.append(f"{path} is new")
            continue
        was = {k for k in before["kinds"] if k != "null"}
        other = {k for k in found["kinds"] if k != "null"} - was
        if was and other:
            changes.append(f"{path} is {_either(other)}, was {_either(was)}")
    for path, before in known.items():
        if path in shape or not before["always"]:
            continue
        parent = path.rpartition(".")[0].removesuffix("[]")
        if not parent or {"object", "list"} & set(
            shape.get(parent, {}).get("kinds", ())
        ):
            if "[]" not in path:
                changes.append(f"{path} is gone")
    return sorted(changes)


def _either(kinds):
    return " or ".join(sorted(kinds))


def learned(known, shape):
    """The shape to compare with from now on: both together."""
    merged = dict(known)
    for path, found in shape.items():
        before = known.get(path)
        merged[path] = {
            "kinds": sorted({*found["kinds"], *(before["kinds"] if before else ())}),
            "always": found["always"] and (before["always"] if before else not known),
        }
    for path in known.keys() - shape.keys():
        parent = path.rpartition(".")[0]
        if not parent or parent in shape:
            merged[path] = {**known[path], "always": False}
    return merged
