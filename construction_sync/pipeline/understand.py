"""From a stored message to an item: validated, with its company and its link."""

import json
from collections import defaultdict
from decimal import Decimal

from pydantic import ValidationError as SchemaError

from .. import schemas
from ..schemas.problem import Problem, one_line, problems_of
from .intake import RECORD_TYPE
from .item import Item


class Reader:
    """Reads rows of one flow into items; problems stay on the row or the item."""

    def __init__(self, env, flow):
        self.env = env
        self.flow = flow
        self.system = flow.system_id
        self.handler = env["construction.sync.handler"]._for(flow.entity)
        self._foreign = None

    def item_of(self, row):
        """The row as an item, or None when it cannot be read."""
        handler = self.handler
        if handler is None:
            row.problems = [
                Problem(
                    "unsupported",
                    f"No installed module applies {self.flow.entity} yet.",
                    extra={"event": self.flow.entity},
                )
            ]
            return None
        if handler._raw:
            data = None
        else:
            data = self._data(row)
            if row.problems:
                return None
        item = Item(
            rows=[row],
            system=self.system,
            flow=self.flow,
            entity=self.flow.entity,
            external_id=row.external_id,
            data=data,
            deleted=row.deleted,
        )
        row.item = item
        row.content_hash = _hash(row, data)
        item.content_hash = row.content_hash
        item.company = self._company(item)
        return item

    def _data(self, row):
        schema = schemas.SCHEMAS.get(self.flow.entity)
        if schema is None:
            row.problems = [
                Problem("schema-unknown", f"{self.flow.entity} is not known here.")
            ]
            return None
        try:
            if row.content_type == RECORD_TYPE:
                if row.deleted:
                    return None
                value = self._translated(row)
                if row.problems:
                    return None
            else:
                value = json.loads(row.raw, parse_float=Decimal)
            if row.content_type.startswith("application/cloudevents"):
                value = value.get("data")
            if value is None and row.deleted:
                return None
            return schema.model_validate(value)
        except SchemaError as error:
            row.problems = problems_of(error, "/data")
            subject = row.title or row.external_id
            for problem in row.problems:
                problem.detail = f"{subject}: {problem.detail}"
        except ValueError as error:
            row.problems = [Problem("unreadable", one_line(error))]
        return None

    def _translated(self, row):
        """A foreign record in canonical words, by the system's dialect."""
        if self._foreign is None:
            self._foreign = self.system._adapter().reader(self.flow)
        value, row.problems = self._foreign(bytes(row.raw))
        subject = row.title or row.external_id
        for problem in row.problems:
            problem.detail = f"{subject}: {problem.detail}"
            problem.extra.setdefault("subject", row.external_id)
        return value

    def _company(self, item):
        handler = self.handler
        companies = self.env["res.company"]
        if not handler._per_company:
            return companies
        code = handler.company_code(item.data) if item.data is not None else None
        company = self.system._company_for(code)
        if not company and code:
            item.fail(
                Problem(
                    "company-unknown",
                    f"{item.external_id} names the company {code}, which is not a "
                    f"company of {self.system.name}.",
                    "/data/company",
                    extra={"value_kind": "company", "value": code},
                )
            )
        if not code and len(item.rows) == 1 and item.rows[0].company_id:
            company = companies.browse(item.rows[0].company_id)
        return company

    def look_up(self, items):
        """Find what is linked already."""
        if not items:
            return
        found = self.env["construction.sync.binding"].search(
            [
                ("system_id", "=", self.system.id),
                ("entity", "=", self.flow.entity),
                ("external_id", "in", list({i.external_id for i in items})),
            ]
        )
        by_key = {(b.external_id, b.company_id.id): b for b in found}
        by_id = defaultdict(list)
        for binding in found:
            by_id[binding.external_id].append(binding)
        for item in items:
            company_id = item.company.id if item.company else False
            binding = by_key.get((item.external_id, company_id))
            if binding is None and item.deleted and item.data is None:
                # a deletion without data does not name its company
                only = by_id.get(item.external_id, [])
                binding = only[0] if len(only) == 1 else None
            if binding is not None:
                item.binding = binding
                item.record_id = binding.res_id
                item.company = item.company or binding.company_id


def _hash(row, data):
    """Content hash: of the canonical data, of the deletion, or of the raw body."""
    if row.deleted:
        return "deleted"
    if data is None:
        return str(row.id)
    found = schemas.content_hash(data)
    return found.hex() if isinstance(found, bytes) else found
