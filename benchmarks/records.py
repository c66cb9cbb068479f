"""What is sent, and the same records as a developer would hand them to the ORM."""

import itertools
import json
import os

_run = os.urandom(4).hex()
_numbers = itertools.count(1)


def numbers(count):
    """``count`` numbers that no other record of this process has."""
    return [next(_numbers) for _ in range(count)]


def vendor(number):
    """Canonical data of a vendor."""
    return {
        "name": f"Vendor {number:06d} {_run} Contracting Ltd",
        "tax_id": f"TX-{_run}-{number:06d}",
        "email": f"office{number}@vendor.example",
        "phone": f"+1 555 {number:07d}",
        "address": {
            "street": f"{number} Industrial Road",
            "city": "Springfield",
            "zip": f"{number % 100000:05d}",
        },
    }


def vendor_values(number):
    """The same vendor as values of res.partner."""
    data = vendor(number)
    return {
        "name": data["name"],
        "vat": data["tax_id"],
        "email": data["email"],
        "phone": data["phone"],
        "is_company": True,
        "construction_vendor": True,
        "construction_vendor_status": "prospect",
        **data["address"],
    }


def project(number):
    """Canonical data of a project."""
    return {
        "number": f"{_run}-{number:06d}",
        "name": f"Building {number:06d}",
        "accounting_number": f"A{number:06d}",
        "status": "active",
        "start_date": "2026-03-02",
        "completion_date": "2027-09-30",
    }


def project_values(number, company_id, plan_id):
    """The same project and its analytic account as ORM values, in that order."""
    data = project(number)
    name = data["name"]
    return (
        {
            "name": name,
            "company_id": company_id,
            "construction_number": data["number"],
            "construction_accounting_number": data["accounting_number"],
            "construction_status": data["status"],
            "date_start": data["start_date"],
            "date": data["completion_date"],
        },
        {
            "name": name,
            "code": data["number"],
            "company_id": company_id,
            "plan_id": plan_id,
        },
    )


def event(entity, subject, data, sequence=1):
    """A CloudEvents envelope with an id of its own."""
    number = next(_numbers)
    return {
        "specversion": "1.0",
        "id": f"{_run}-{number}",
        "source": "bench",
        "type": f"construction.{entity}.v1",
        "subject": subject,
        "time": "2026-11-20T10:00:00Z",
        "sequence": str(sequence),
        "data": data,
    }


def events(entity, count):
    """``count`` events about objects of their own."""
    make = {"vendor": vendor, "project": project}[entity]
    return [event(entity, f"{_run}-{n}", make(n)) for n in numbers(count)]


def body(found):
    """Events as the bytes of one batch."""
    return json.dumps(found, separators=(",", ":")).encode()
