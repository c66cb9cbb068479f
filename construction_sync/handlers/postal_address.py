"""Addresses of vendors and sites: canonical to Odoo's fields and back."""

from . import natural_values

PARTS = {
    "street": "street",
    "street2": "street2",
    "city": "city",
    "zip": "zip",
    "state": "state_id",
    "country": "country_id",
}


def odoo_fields(prefix=""):
    """Odoo fields an address fills, for a handler's ``_fields``."""
    return tuple(prefix + name for name in PARTS.values())


def references(env, items, target, prefix=""):
    """Resolve countries and states of a batch; see ``natural_values.resolve``."""
    addressed = [i for i in items if not i.deleted and getattr(i.data, "address", None)]
    countries = [
        (item, "/address/country", item.data.address.country, None)
        for item in addressed
        if item.data.address.country
    ]
    unknown = natural_values.resolve(env, "country", countries)
    records = env[target].browse([i.record_id for i in addressed if i.record_id])
    current = {record.id: record[f"{prefix}country_id"].id for record in records}
    states = [
        (
            item,
            "/address/state",
            item.data.address.state,
            item.refs.get("/address/country")
            or current.get(item.record_id)
            or (item.company or item.system.company_id).country_id.id
            or None,
        )
        for item in addressed
        if item.data.address.state
    ]
    return unknown + natural_values.resolve(env, "state", states)


def values(item, prefix=""):
    """Odoo values of the parts of the address that were sent; null clears all."""
    address = item.data.address
    if address is None:
        return dict.fromkeys(odoo_fields(prefix), False)
    result = {}
    for part, name in PARTS.items():
        if part not in address.model_fields_set:
            continue
        value = getattr(address, part)
        if name.endswith("_id"):
            value = item.refs.get(f"/address/{part}") if value else False
        result[prefix + name] = value or False
    return result


def export(record, prefix=""):
    """Canonical address of a record, or None when it has none."""
    result = {}
    for part, name in PARTS.items():
        value = record[prefix + name]
        if name == "state_id":
            value = value.code or value.name
        elif name == "country_id":
            value = value.code
        if value:
            result[part] = value
    return result or None
