"""Harbour & Hale Construction: the believable contractor behind the stand-ins.

Everything is made up; names end in ``.example`` and telephone numbers are of the
range kept for fiction. The tables are files in ``records/``.
"""

import csv
import json
from functools import cache
from pathlib import Path

COMPANY = "Harbour & Hale Construction"
RECORDS = Path(__file__).with_name("records")

COST_TYPES = (
    ("L", "Labour", "labour"),
    ("M", "Material", "material"),
    ("E", "Equipment", "equipment"),
    ("S", "Subcontract", "subcontract"),
    ("O", "Other direct cost", "other"),
    ("H", "Overhead", "overhead"),
)


@cache
def _table(name):
    with (RECORDS / f"{name}.csv").open(encoding="utf-8", newline="") as table:
        return tuple(csv.DictReader(table))


@cache
def _projects():
    return json.loads((RECORDS / "projects.json").read_text(encoding="utf-8"))


def cost_codes():
    """``(code, canonical cost_code)`` of the library, divisions first."""
    for row in _table("cost_codes"):
        data = {
            "code": row["code"],
            "name": row["name"],
            "scheme": "masterformat",
            "postable": row["postable"] == "yes",
        }
        if row["parent"]:
            data["parent"] = row["parent"]
        if row["uom"]:
            data["uom"] = row["uom"]
        yield row["code"], data


def cost_types():
    """``(code, canonical cost_type)``."""
    for code, name, kind in COST_TYPES:
        yield code, {"code": code, "name": name, "class": kind}


def vendors():
    """``(id, canonical vendor)`` of the thirty vendors."""
    for row in _table("vendors"):
        address = {
            name: row[name]
            for name in ("street", "city", "state", "zip", "country")
            if row[name]
        }
        data = {
            name: row[name]
            for name in ("name", "legal_name", "tax_id", "email", "phone", "status")
        }
        data["address"] = address
        data["trades"] = row["trades"].split("|")
        account = {name: row[name] for name in ("iban", "number", "bic") if row[name]}
        if account:
            data["bank_accounts"] = [account]
        yield row["id"], data


def trades():
    """Every trade that a vendor names."""
    return {trade for _id, data in vendors() for trade in data["trades"]}


def projects():
    """``(id, canonical project)`` of the three projects, without their WBS."""
    fields = (
        "number",
        "name",
        "accounting_number",
        "status",
        "currency",
        "contract_form",
        "start_date",
        "completion_date",
        "estimated_value",
        "address",
        "cost_codes",
    )
    for project in _projects():
        yield project["id"], {name: project[name] for name in fields}


def wbs_nodes(project_id):
    """``(id, canonical wbs_node)`` of one project, each parent before its children.

    Short codes repeat under different parents, as in real schedules; the ids carry
    the whole path, slashes included.
    """
    (project,) = (p for p in _projects() if p["id"] == project_id)
    yield from _nodes(project["wbs"], project_id, project_id, None)


def _nodes(nodes, project_id, path, parent):
    for position, node in enumerate(nodes, 1):
        node_id = f"{path}/{node['code']}"
        data = {
            "project": project_id,
            "code": node["code"],
            "name": node["name"],
            "sequence": position * 10,
        }
        if parent:
            data["parent"] = parent
        yield node_id, data
        yield from _nodes(node.get("children", ()), project_id, node_id, node_id)


def segment_values():
    """``(id, canonical segment_value)``: areas of every project, and floors."""
    floors = {}
    for project in _projects():
        for area in project["areas"]:
            code = f"{project['id']}-{area}"
            data = {"segment": "area", "code": code, "name": f"{code} area"}
            yield f"area/{code}", data
        for floor in project["floors"]:
            floors[floor] = f"Floor {floor}"
    for floor, name in sorted(floors.items()):
        yield f"floor/{floor}", {"segment": "floor", "code": floor, "name": name}


def main_area(project_id):
    """Id of the segment value that the project as a whole is booked under."""
    (project,) = (p for p in _projects() if p["id"] == project_id)
    return f"area/{project_id}-{project['areas'][0]}"
