"""What stands in a simulated Procore company with the ERP integration switched on:
its directory, its staged records, its ERP requests and their details.

Written after the vendor's published guides (ERP technical guide, staged records, events
dictionary): an object leaves Procore only after an accounting approver accepted it, and
enters it only after one imported it. What those people do are methods here
(``accept_vendor``, ``import_staged`` ...); what an integrator calls stands under
"calls". Nothing is ever made twice for one ``origin_id``.
"""

import threading
from collections import Counter
from datetime import datetime, timezone

STATUSES = ("staged", "archived", "imported", "invalid")
#: item type of a staged record -> where it lives once it is imported
STAGED_KINDS = {"vendor": "vendors", "project": "projects"}
ITEM_KINDS = {**STAGED_KINDS, "standard_cost_code": "codes"}
MOST_UPDATES = 1000


class Refused(Exception):
    """A call that Procore does not take: ``status`` and a sentence."""

    def __init__(self, status, words):
        super().__init__(words)
        self.status = status


class Company:
    """One company.

    :param number: its id
    :param code_list: id of its ERP standard cost code list
    """

    def __init__(self, number=8, code_list=21):
        self.number = number
        self.code_list = code_list
        self.vendors, self.projects, self.codes = {}, {}, {}
        self.staged, self.requests, self.details = {}, {}, {}
        self.told = []
        self._next = Counter()
        self._lock = threading.RLock()

    # ---- what people do in Procore --------------------------------------------------

    def new_vendor(self, name, **values):
        """A vendor typed into the directory; returns its id."""
        return self._make("vendors", {"name": name, "company": name, **values})

    def new_project(self, name, **values):
        """A project; returns its id."""
        return self._make("projects", {"name": name, **values})

    def new_code(self, code, name, parent_id=None):
        """A standard cost code; returns its id."""
        return self._make("codes", self._code(code, name, parent_id))

    def accept_vendor(self, vendor_id):
        """The accounting approver accepts a vendor for export; returns the request."""
        with self._lock:
            detail = self._detail("vendor", vendor_id)
            return self._request(
                "create_vendor",
                {
                    "vendor": self._shown("vendors", vendor_id),
                    "request_detail_id": detail,
                    "company_id": self.number,
                },
            )

    def accept_project(self, project_id, code_ids=()):
        """The approver accepts a project with its cost codes."""
        with self._lock:
            return self._request(
                "create_or_update_job",
                {
                    "job": self._shown("projects", project_id),
                    "all_cost_codes": [
                        {
                            "id": 10_000 + code_id,
                            "parent": {"id": None},
                            "line_item_types": [],
                            **{
                                name: self.codes[code_id][name]
                                for name in ("name", "code", "full_code")
                            },
                        }
                        for code_id in code_ids
                    ],
                    "request_detail_id": self._detail("project", project_id),
                    "company_id": self.number,
                },
            )

    def accept_codes(self, code_ids):
        """The approver exports standard cost codes, each with a detail of its own."""
        with self._lock:
            rows = []
            for code_id in code_ids:
                row = self._shown("codes", code_id)
                row["request_detail_id"] = self._detail("standard_cost_code", code_id)
                rows.append(row)
            return self._request("create_standard_cost_codes", rows)

    def import_staged(self, item_type, origin_id):
        """The approver imports a staged record: it becomes an object of Procore."""
        with self._lock:
            record = self.staged[item_type, origin_id]
            if record["status"] != "staged":
                raise Refused(422, f"It is {record['status']}.")
            kind = STAGED_KINDS[item_type]
            values = {**record["data"], "synced_to_erp": True}
            values.update(origin_id=origin_id, origin_code=record["origin_code"])
            number = self._make(kind, values)
            record["status"] = "imported"
            name = "job" if item_type == "project" else item_type
            return self._request(
                f"create_{name}_in_procore",
                {
                    item_type: {"id": number, "origin_id": origin_id},
                    "company_id": self.number,
                },
            )

    def link_vendor(self, vendor_id, origin_id):
        """The approver says that a staged vendor is one that Procore knows already."""
        with self._lock:
            self.staged["vendor", origin_id]["status"] = "imported"
            self.vendors[vendor_id].update(origin_id=origin_id, synced_to_erp=True)
            vendor = {"id": vendor_id, "origin_id": origin_id}
            return self._request(
                "link_vendor", {"vendor": vendor, "company_id": self.number}
            )

    def press_sync(self, name):
        """Somebody presses a refresh button (``sync_vendors``, ``sync_jobs`` ...)."""
        with self._lock:
            detail = self._detail(name, None)
            return self._request(
                name, {"request_detail_id": detail, "company_id": self.number}
            )

    def other_event(self, name, data):
        """Any other event of the dictionary."""
        with self._lock:
            return self._request(name, data)

    # ---- calls ----------------------------------------------------------------------

    def stage(self, updates):
        """``PATCH staged_records/sync``: ``(entities, errors)``."""
        return self._each(updates, self._stage)

    def _stage(self, update):
        item_type, origin_id = update.get("item_type"), update.get("origin_id")
        if item_type not in STAGED_KINDS:
            raise Refused(422, f"item_type {item_type} cannot be staged")
        if not origin_id:
            raise Refused(422, "origin_id can't be blank")
        data = update.get("data") or {}
        if not str(data.get("name") or "").strip():
            raise Refused(422, "name can't be blank")
        status = update.get("status")
        if status is not None and status not in STATUSES:
            raise Refused(422, f"status {status} is not included in the list")
        record = self.staged.get((item_type, origin_id))
        if record is None:
            record = {"id": self._number("staged"), "item_type": item_type}
            record["status"] = "staged"
            self.staged[item_type, origin_id] = record
        record.update(
            origin_id=origin_id,
            origin_code=update.get("origin_code"),
            origin_data=update.get("origin_data"),
            data=data,
            status=status or record["status"],
        )
        return dict(record)

    def sync(self, kind, updates):
        """``PATCH vendors/sync`` and its like: by ``id``, else by ``origin_id``, else
        new."""
        return self._each(updates, lambda update: self._sync(kind, update))

    def _sync(self, kind, update):
        objects = getattr(self, kind)
        if not str(update.get("name") or "").strip():
            raise Refused(422, "name can't be blank")
        number = update.get("id")
        if number is not None and int(number) not in objects:
            number = None
        if number is None and update.get("origin_id"):
            number = next(
                (n for n, o in objects.items()
                 if o.get("origin_id") == update["origin_id"]), None
            )  # fmt: skip
        values = {name: value for name, value in update.items() if name != "id"}
        if kind == "codes":
            parent = values.get("parent_id")
            if parent is not None and int(parent) not in self.codes:
                raise Refused(422, "parent_id is not a cost code of this list")
            values = {**values, **self._code(values["code"], values["name"], parent)}
        if number is None:
            number = self._make(kind, values)
        else:
            objects[int(number)].update(values, updated_at=stamp())
        return self._shown(kind, int(number))

    def mark(self, updates):
        """``PATCH external_data/sync``: what the objects are called in the ERP."""
        return self._each(updates, self._mark)

    def _mark(self, update):
        kind = ITEM_KINDS.get(update.get("item_type"))
        objects = getattr(self, kind) if kind else {}
        number = int(update.get("item_id") or 0)
        if number not in objects:
            raise Refused(422, "item can't be found")
        origin_id = update.get("origin_id")
        taken = [
            n for n, o in objects.items()
            if origin_id and o.get("origin_id") == origin_id and n != number
        ]  # fmt: skip
        if taken:
            raise Refused(422, f"origin_id has already been taken by {taken[0]}")
        objects[number].update(origin_id=origin_id, synced_to_erp=bool(origin_id))
        return {**update, "id": 900_000 + number}

    def close(self, detail_id, status, messages):
        """``PATCH erp_request_details/:id``."""
        with self._lock:
            detail = self.details.get(detail_id)
            if detail is None:
                raise Refused(404, "Not Found")
            if status not in ("success", "failed"):
                raise Refused(422, "status is not included in the list")
            detail.update(status=status, messages=list(messages), updated_at=stamp())
            return dict(detail)

    def listed(self, kind, filters):
        """The objects of a kind that fit ``{field: text}``, in order of their id."""
        with self._lock:
            return [
                dict(one)
                for _key, one in sorted(getattr(self, kind).items())
                if all(str(one.get(n)) == text for n, text in filters.items())
            ]

    # ---- how it is kept -------------------------------------------------------------

    def _each(self, updates, take):
        entities, errors = [], []
        if not isinstance(updates, list) or len(updates) > MOST_UPDATES:
            raise Refused(413, f"At most {MOST_UPDATES} updates")
        with self._lock:
            for update in updates:
                try:
                    entities.append(take(update))
                except Refused as error:
                    errors.append({**update, "errors": {"base": [str(error)]}})
        return entities, errors

    def _make(self, kind, values):
        with self._lock:
            number = self._number(kind)
            getattr(self, kind)[number] = {
                "origin_id": None,
                "created_at": stamp(),
                "updated_at": stamp(),
                **values,
                "id": number,
            }
            return number

    def _code(self, code, name, parent_id):
        above = self.codes[int(parent_id)]["full_code"] if parent_id else None
        return {
            "standard_cost_code_list_id": self.code_list,
            "code": code,
            "full_code": f"{above}-{code}" if above else code,
            "name": name,
            "parent_id": parent_id,
        }

    def _shown(self, kind, number):
        return dict(getattr(self, kind)[number])

    def _number(self, kind):
        self._next[kind] += 1
        starts = {"vendors": 35_000, "projects": 7_000, "requests": 500}
        return starts.get(kind, 100) + self._next[kind]

    def _detail(self, item_type, item_id):
        number = self._number("details")
        self.details[number] = {
            "id": number,
            "item_type": item_type,
            "item_id": item_id,
            "status": "in_progress",
            "messages": [],
            "updated_at": stamp(),
        }
        return number

    def _request(self, name, data):
        number = self._number("requests")
        self.requests[number] = {
            "id": number,
            "company_id": self.number,
            "request_name": name,
            "request_data": data,
            "created_at": stamp(),
            "updated_at": stamp(),
            "integration_app_name": None,
        }
        self.told.append(number)
        return number


def stamp():
    """Now, as Procore writes it."""
    return datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
