"""Procore's side of the ERP integration: event bodies in the shape of the vendor's
published event dictionary, and webhooks of three versions, to one webhook address.

What each event means in canonical words stands beside it in ``Event.records``, said
here independently of how the receiver reads the dialect.
"""

import itertools

from . import API, contractor
from .event import EVERYTHING, Call, Event, Record, utc_now
from .system import System, json_bytes

COMPANY_ID = 7
#: Procore's own ids: it numbers everything, its partners' ids are elsewhere
PROJECT_IDS = {"RMC": 2041, "TWR": 2042, "ELH": 2043}
FIRST_COST_CODE = 51001
FIRST_VENDOR = 9001


class Procore(System):
    """``POST /hooks/procore`` with the Authorization header agreed for the hook."""

    code = "procore"
    title = "Procore"
    describes = (
        "A stand-in for the project platform. It sends exported vendors, projects, sub "
        "jobs and standard cost codes as ERP events, merges vendors, and sends "
        "webhooks of the versions 2, 3 and 4."
    )
    token = ""

    def __init__(self, *arguments, **keywords):
        super().__init__(*arguments, **keywords)
        self._details = itertools.count(1)

    def call(self, event):
        return Call(
            "POST",
            f"{API}/hooks/{self.code}",
            json_bytes(event.payload),
            {"Content-Type": "application/json"},
            (event,),
        )

    def credentials(self, call):
        return {"Authorization": self.token}

    def outcomes(self, call, status, answer):
        return ["accepted" if status < 300 else str(status)]

    # ERP events

    def vendor_exported(self, external_id, data, updated_at=None):
        """``create_vendor``."""
        address = data.get("address", {})
        vendor = {
            "id": int(external_id),
            "name": data["name"],
            "abbreviated_name": None,
            "address": address.get("street", ""),
            "authorized_bidder": True,
            "business_phone": data.get("phone", ""),
            "city": address.get("city", ""),
            "company": data["name"],
            "country_code": address.get("country", "US"),
            "created_at": "2026-01-12T16:03:11Z",
            "email_address": data.get("email"),
            "fax_number": "",
            "is_active": True,
            "labor_union": None,
            "license_number": None,
            "logo": None,
            "mobile_phone": None,
            "notes": None,
            "origin_code": None,
            "origin_data": None,
            "origin_id": None,
            "prequalified": False,
            "state_code": address.get("state", ""),
            "synced_to_erp": False,
            "trade_name": "",
            "union_member": False,
            "updated_at": updated_at or utc_now(),
            "website": None,
            "zip": address.get("zip", ""),
            "erp_custom_fields": {},
            "business_register": None,
            "primary_contact": None,
            "attachments": [],
            "vendor_group": None,
        }
        request = {
            "vendor": vendor,
            "request_detail_id": next(self._details),
            "company_id": COMPANY_ID,
        }
        record = Record("vendor", external_id, data, version=None)
        return Event((record,), _named("create_vendor", request))

    def vendors_merged(self, master, sources):
        """``merge_vendors``: the sources live on in the master."""
        request = {
            "master_vendor": {"id": int(master), "origin_id": None},
            "source_vendors": [
                {"id": int(source), "origin_id": None} for source in sources
            ],
            "company_id": COMPANY_ID,
        }
        records = tuple(
            Record("vendor", source, {"merged_into": master}, version=None)
            for source in sources
        )
        return Event(records, _named("merge_vendors", request))

    def project_exported(self, project_id, data):
        """``create_or_update_job`` with the codes of the project."""
        external_id = str(PROJECT_IDS[project_id])
        address = data["address"]
        job = {
            "id": PROJECT_IDS[project_id],
            "name": data["name"],
            "origin_id": None,
            "origin_data": None,
            "origin_code": data["number"],
            "erp_custom_fields": {},
            "address": address["street"],
            "city": address["city"],
            "state_code": address["state"],
            "zip": address["zip"],
            "latitude": None,
            "longitude": None,
            "synced": False,
            "active": True,
        }
        request = {"job": job, "all_cost_codes": self._project_codes(job, data)}
        payload = _named("create_or_update_job", request)
        payload["request_detail_id"] = next(self._details)
        payload["company_id"] = COMPANY_ID
        known = {"number": data["number"], "name": data["name"]}
        known["cost_codes"] = data["cost_codes"]
        return Event((Record("project", external_id, known, version=None),), payload)

    def sub_job_exported(self, sub_job_id, code, name, project_id):
        """``create_sub_job``: a part of a project with a budget of its own."""
        project = PROJECT_IDS[project_id]
        sub_job = {
            "id": int(sub_job_id),
            "code": code,
            "created_at": "2026-03-02T20:08:09Z",
            "name": name,
            "origin_data": None,
            "origin_id": None,
            "updated_at": utc_now(),
            "synced": False,
            "project": {
                "id": project,
                "name": project_id,
                "origin_id": None,
                "origin_data": None,
                "origin_code": None,
            },
        }
        request = {
            "sub_job": sub_job,
            "all_cost_codes": [],
            "request_detail_id": next(self._details),
            "company_id": COMPANY_ID,
        }
        data = {"project": str(project), "code": code, "name": name}
        record = Record("wbs_node", sub_job_id, data, version=None)
        return Event((record,), _named("create_sub_job", request))

    def cost_codes_exported(self, codes):
        """``create_standard_cost_codes`` for ``(code, canonical)`` pairs."""
        ids = cost_code_ids()
        rows, records = [], []
        for code, data in codes:
            parent = data.get("parent")
            own = code[len(parent) + 1 :] if parent else code
            rows.append(
                {
                    "id": ids[code],
                    "standard_cost_code_list_id": 1,
                    "origin_id": None,
                    "parent_id": ids[parent] if parent else None,
                    "code": own,
                    "full_code": f"{parent}-{own}" if parent else code,
                    "name": data["name"],
                    "origin_data": None,
                    "parent_origin_id": None,
                    "long_name_helper": (
                        [[parent, own], ["", data["name"]]]
                        if parent
                        else [[code], [data["name"]]]
                    ),
                    "erp_custom_fields": {},
                    "request_detail_id": next(self._details),
                }
            )
            known = {"code": code if parent else f"{code} 00 00", "name": data["name"]}
            if parent:
                known["parent"] = str(ids[parent])
            records.append(Record("cost_code", str(ids[code]), known, version=None))
        payload = {"request_name": "create_standard_cost_codes", "request_data": rows}
        return Event(tuple(records), payload)

    # Webhooks

    def webhook(self, version, number, resource, resource_id):
        """A webhook of version 2, 3 or 4; nothing that master data can take."""
        at = utc_now()
        if version == 4:
            payload = {
                "id": f"01JMYXMZRBVKK0PC6XS8{number:06d}",
                "timestamp": at,
                "reason": "update",
                "company_id": str(COMPANY_ID),
                "project_id": str(PROJECT_IDS["RMC"]),
                "user_id": "5447",
                "resource_type": resource,
                "resource_id": str(resource_id),
            }
        else:
            payload = {
                "id": 700_000 + number,
                "ulid": f"0A1B2C3D4F5G6H7I8J{number:06d}",
                "timestamp": at,
                "metadata": {
                    "source_user_id": 5447,
                    "source_project_id": PROJECT_IDS["RMC"],
                    "source_operation_id": None,
                    "source_company_id": COMPANY_ID,
                    "source_application_id": None,
                },
                "user_id": 5447,
                "company_id": COMPANY_ID,
                "project_id": PROJECT_IDS["RMC"],
                "api_version": f"v{version}.0",
                "event_type": "update",
                "resource_name": resource,
                "resource_id": resource_id,
            }
            if version == 3:
                payload["related_resources"] = [{"id": 1234, "name": "Submittals"}]
        record = Record(
            "hook",
            str(payload["id"]),
            {},
            version=None,
            person="not supported yet",
            kept_out=EVERYTHING,
        )
        return Event((record,), payload)

    # The contractor's records as Procore numbers them

    def cost_codes(self):
        """The library, as three exports of about thirty codes each."""
        codes = list(contractor.cost_codes())
        third = -(-len(codes) // 3)
        return [
            self.cost_codes_exported(codes[start : start + third])
            for start in range(0, len(codes), third)
        ]

    def vendors(self):
        """The vendors that only this platform knows."""
        return [
            self.vendor_exported(str(FIRST_VENDOR + number), _without_finance(data))
            for number, (vendor_id, data) in enumerate(contractor.vendors())
            if vendor_id >= "V-1025"
        ]

    def projects(self):
        """All projects."""
        return [self.project_exported(*one) for one in contractor.projects()]

    def one_more(self):
        """A vendor's telephone number changes."""
        number = len(self.journal.recent()) % 100
        external_id, data = (
            FIRST_VENDOR + 24,
            _without_finance(dict(contractor.vendors())["V-1025"]),
        )
        data["phone"] = f"+1 603 555 01{number:02d}"
        self.put([self.vendor_exported(str(external_id), data)])
        return []

    def _project_codes(self, job, data):
        ids = cost_code_ids()
        names = dict(contractor.cost_codes())
        rows = []
        for code in data["cost_codes"]:
            division, own = code[:2], code[3:]
            rows.append(
                {
                    "id": ids[code],
                    "name": names[code]["name"],
                    "full_code": f"{division}-{own}",
                    "origin_id": None,
                    "origin_data": None,
                    "biller": job["name"],
                    "biller_id": job["id"],
                    "biller_type": "Project",
                    "budgeted": False,
                    "code": own,
                    "created_at": "2026-01-12T16:03:11Z",
                    "deleted_at": None,
                    "line_item_types": [],
                    "parent": {"id": ids[division]},
                    "position": None,
                    "sortable_code": f"{division}-{own}",
                    "updated_at": "2026-01-12T16:03:11Z",
                    "long_name_helper": [[division, own], ["", names[code]["name"]]],
                    "standard_cost_code_origin_id": None,
                }
            )
        return rows


def cost_code_ids():
    """``{code: Procore's id}``."""
    return {
        code: FIRST_COST_CODE + position
        for position, (code, _data) in enumerate(contractor.cost_codes())
    }


def _named(name, request):
    return {"request_name": name, "request_data": request}


def _without_finance(data):
    """A vendor as a project platform knows it: no tax id, no bank account."""
    known = ("name", "email", "phone", "address")
    return {name: data[name] for name in known}
