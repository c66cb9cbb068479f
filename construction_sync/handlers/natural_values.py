"""Values that are no objects of a system: units, currencies, countries, trades.

A mapping of the system goes first, then the natural key (an ISO code, the exact name
of a unit). What neither knows is left to the backbone as an unknown reference: it is
put before a person, never guessed.
"""

from collections import defaultdict

from ..pipeline.item import Reference
from ..schemas.canonical import Reference as WireReference

#: kind -> (model, fields whose value names a record)
NATURAL_KEYS = {
    "uom": ("uom.uom", ("name",)),
    "currency": ("res.currency", ("name",)),
    "country": ("res.country", ("code",)),
    "state": ("res.country.state", ("code", "name")),
    "trade": ("construction.trade", ("code", "name")),
}


def resolve(env, kind, wanted):
    """Fill ``item.refs`` for values of one kind, in two or three queries.

    :param wanted: ``[(item, pointer, text, scope)]``; ``scope`` is the id of the
        country of a state, else None
    :return: ``[(item, Reference)]`` of what stays unknown
    """
    if not wanted:
        return []
    texts = {text for _item, _pointer, text, _scope in wanted}
    system = wanted[0][0].system
    lines = env["construction.sync.crosswalk"]._lookup(system, kind, texts)
    known = _by_natural_key(env, kind, texts - set(lines))
    unknown = []
    for item, pointer, text, scope in wanted:
        line = lines.get(text)
        found = known.get((text.casefold(), scope)) or ()
        if line and line.target:
            item.refs[pointer] = line.target.id
        elif len(found) == 1:
            item.refs[pointer] = next(iter(found))
        else:
            # the text may hold letters that no external id has: not validated
            wire = WireReference.model_construct(id=text)
            unknown.append((item, Reference(pointer, kind, wire)))
    return unknown


def _by_natural_key(env, kind, texts):
    """``{(casefolded text, scope): {ids}}``; two ids: the text is ambiguous."""
    result = defaultdict(set)
    if not texts:
        return result
    model, names = NATURAL_KEYS[kind]
    scoped = kind == "state"
    for name in names:
        fetched = [name, "country_id"] if scoped else [name]
        for record in env[model].search_fetch(_any_case(name, texts), fetched):
            text = (record[name] or "").casefold()
            result[text, None].add(record.id)
            if scoped:
                result[text, record.country_id.id].add(record.id)
    return result


def _any_case(name, texts):
    spellings = set()
    for text in texts:
        spellings |= {text, text.upper(), text.lower(), text.title()}
    return [(name, "in", list(spellings))]
