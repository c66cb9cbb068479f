"""Common styles of REST interfaces: what an administrator need not look up.

``STYLES`` holds the values of a list call by style, ``lines`` the fields that nearly
every system has under nearly the same name; both are a start, not an answer.
"""

STYLES = {
    "page": {
        "paging": "page",
        "items_at": "@",
        "page_parameter": "page",
        "first_page": 1,
        "size_parameter": "per_page",
        "page_size": 100,
        "id_at": "id",
        "time_at": "updated_at",
        "since_parameter": "updated_since",
        "since_format": "iso",
    },
    "cursor": {
        "paging": "cursor",
        "items_at": "data",
        "next_at": "meta.next_cursor",
        "cursor_parameter": "cursor",
        "size_parameter": "limit",
        "page_size": 100,
        "id_at": "id",
        "time_at": "updated_at",
        "since_parameter": "updated_after",
        "since_format": "iso",
    },
    "jsonapi": {
        "paging": "next_link",
        "items_at": "data",
        "next_at": "links.next.href || links.next",
        "size_parameter": "page[size]",
        "page_size": 100,
        "id_at": "id",
        "time_at": "attributes.updated_at",
        "error_at": "errors",
        "since_parameter": "filter[updated_at][gte]",
        "since_format": "iso",
    },
}

_FIELDS = {
    "vendor": {
        "name": "name",
        "tax_id": "tax_id",
        "email": "email",
        "phone": "phone",
    },
    "project": {"number": "number", "name": "name"},
    "cost_code": {"code": "code", "name": "name"},
    "cost_type": {"code": "code", "name": "name"},
    "wbs_node": {"code": "code", "name": "name", "project": "project_id"},
    "segment_value": {"code": "code", "name": "name"},
}


def lines(entity, style):
    """Values of the first lines of a list of ``entity`` in this style."""
    above = "attributes." if style == "jsonapi" else ""
    return [
        {"field": name, "expression": above + there, "sequence": 10 * position}
        for position, (name, there) in enumerate(_FIELDS.get(entity, {}).items(), 1)
    ]


#: values of a sending call by style of the answers
ANSWERS = {
    "plain": {"id_at": "body.id", "errors_at": False, "success_at": False},
    "errors_in_200": {
        "id_at": "body.data.id || body.id",
        "errors_at": "body.errors",
        "success_at": False,
    },
    "sync": {
        "create_method": "PATCH",
        "id_at": "body.entities[0].id",
        "success_at": "status < `300` && length(body.entities || `[]`) > `0`"
        " && length(body.errors || `[]`) == `0`",
        "errors_at": "body.errors[].errors",
    },
}


def target_lines(entity, style):
    """Values of the first fields of a sending call for ``entity`` in this style."""
    above = "updates[]." if style == "sync" else ""
    found = [
        {"field": above + there, "expression": name}
        for name, there in _FIELDS.get(entity, {}).items()
    ]
    if style == "sync":
        found.insert(0, {"field": "updates[].id", "expression": "odoo.external_id"})
        found.insert(
            1,
            {"field": "updates[].origin_id", "expression": "odoo.id", "format": "text"},
        )
    return [{**values, "sequence": 10 * n} for n, values in enumerate(found, 1)]
