"""Projects: canonical to Odoo and back."""

from decimal import Decimal

from odoo import models
from odoo.fields import Command

from ..pipeline.item import Match, Reference
from ..schemas.canonical import amount_text
from ..schemas.problem import Problem
from . import (
    legal_entity,
    natural_values,
    postal_address,
    project_breakdown,
    suggestions,
    twins,
)


class ProjectHandler(models.AbstractModel):
    """A project is recognised by its number in its company. Its work breakdown, codes
    and segments replace what was there."""

    _name = "construction.sync.handler.project"
    _inherit = "construction.sync.handler"
    _description = "Construction Sync: projects"
    _entity = "project"
    _target = "project.project"
    _batch_size = 300
    _link_policy = "link"
    _per_company = True
    _publishes_through = {"construction.wbs": "project_id"}
    _fills = {
        "number": ("construction_number",),
        "name": ("name",),
        "parent": ("construction_parent_id",),
        "accounting_number": ("construction_accounting_number",),
        "status": ("construction_status",),
        "currency": ("construction_currency_id",),
        "start_date": ("date_start",),
        "completion_date": ("date",),
        "estimated_value": ("construction_estimated_value",),
        "contract_form": ("construction_contract_form",),
        "customer": ("partner_id",),
        "address": postal_address.odoo_fields("construction_"),
        "wbs": ("construction_wbs_ids",),
        "cost_codes": ("construction_cost_code_ids",),
        "segments": ("construction_segment_value_ids",),
    }
    #: canonical fields that fill one Odoo field with the value as it is
    _plain = {
        "accounting_number": "construction_accounting_number",
        "status": "construction_status",
        "start_date": "date_start",
        "completion_date": "date",
        "contract_form": "construction_contract_form",
    }

    def references(self, items):
        present = [item for item in items if not item.deleted]
        found = []
        for item in present:
            found += [(item, reference) for reference in self._named_by(item)]
            project_breakdown.check(item)
        currencies = [
            (item, "/currency", item.data.currency, None)
            for item in present
            if item.data.currency
        ]
        found += natural_values.resolve(self.env, "currency", currencies)
        found += postal_address.references(
            self.env, present, self._target, "construction_"
        )
        return found

    @staticmethod
    def _named_by(item):
        data = item.data
        if data.parent is not None:
            yield Reference("/parent", "project", data.parent, True)
        if data.customer is not None:
            yield Reference("/customer", "vendor", data.customer, True)
        for position, code in enumerate(data.cost_codes or ()):
            yield Reference(
                f"/cost_codes/{position}", "cost_code", code, scope=item.system.id
            )
        for segment, value in (data.segments or {}).items():
            yield Reference(
                f"/segments/{segment}", "segment_value", value, True, segment
            )

    def resolve_codes(self, codes, company):
        numbers = {code for code, _scope in codes}
        known = self._by_number(numbers, company) if company else {}
        return {
            (code, scope): known[company.id, code][0]
            for code, scope in codes
            if len(known.get((company.id, code), ())) == 1
        }

    def _by_number(self, numbers, companies):
        """``{(company id, number): [ids]}``, archived projects included."""
        projects = (
            self.env[self._target]
            .with_context(active_test=False)
            .search_fetch(
                [
                    ("construction_number", "in", list(numbers)),
                    ("company_id", "in", companies.ids),
                ],
                ["construction_number", "company_id"],
            )
        )
        result = {}
        for project in projects:
            key = (project.company_id.id, project.construction_number)
            result.setdefault(key, []).append(project.id)
        return result

    def check_reference(self, item, reference, record_id):
        project = self.env[self._target].browse(record_id)
        return legal_entity.crossed(item, project)

    def match(self, items):
        companies = self.env["res.company"].union(*(item.company for item in items))
        known = self._by_number({item.data.number for item in items}, companies)
        result = {}
        for item in items:
            evidence = self.env._(
                "Same project number %(number)s in %(company)s",
                number=item.data.number,
                company=item.company.name,
            )
            found = known.get((item.company.id, item.data.number))
            if found:
                result[id(item)] = [Match(found[0], "number", evidence)]
        return result

    def values(self, item):
        data = item.data
        result = {
            "number": {"construction_number": data.number},
            "name": {"name": data.name},
        }
        for canonical, name in self._plain.items():
            if item.sent(canonical):
                result[canonical] = {name: getattr(data, canonical) or False}
        if item.sent("parent"):
            parent = item.refs.get("/parent") or False
            result["parent"] = {"construction_parent_id": parent}
        if item.sent("customer"):
            result["customer"] = {"partner_id": item.refs.get("/customer") or False}
        if item.sent("currency"):
            currency = item.refs.get("/currency") or item.company.currency_id.id
            result["currency"] = {"construction_currency_id": currency}
        if item.sent("estimated_value"):
            value = float(data.estimated_value or 0)
            result["estimated_value"] = {"construction_estimated_value": value}
        if item.sent("address"):
            result["address"] = postal_address.values(item, "construction_")
        if item.sent("cost_codes"):
            ids = self._ids_under(item, "/cost_codes/")
            result["cost_codes"] = {"construction_cost_code_ids": [Command.set(ids)]}
        if item.sent("segments"):
            ids = self._ids_under(item, "/segments/")
            result["segments"] = {"construction_segment_value_ids": [Command.set(ids)]}
        return result

    @staticmethod
    def _ids_under(item, prefix):
        return sorted(
            {value for key, value in item.refs.items() if key.startswith(prefix)}
        )

    def insert(self, items):
        return twins.create_once(
            self,
            items,
            lambda item: (item.company.id, item.data.number),
            self._create_firsts,
            self.env._("the same number"),
        )

    def _create_firsts(self, items):
        """Projects in one create; their analytic accounts in one before (see
        ``project.project._construction_create_accounts``)."""
        vals_list = []
        stages = self._first_stages(items)
        for item in items:
            vals = {
                "company_id": item.company.id,
                # given explicitly, or Odoo looks for them one record at a time
                "user_id": False,
                "stage_id": stages[item.company],
                "construction_currency_id": item.company.currency_id.id,
            }
            for part in self.values(item).values():
                vals.update(part)
            vals_list.append(vals)
        return self.env[self._target].create(vals_list).ids

    def _first_stages(self, items):
        """``{company: id of the stage its new projects start in}``."""
        stages = self.env["project.project.stage"].search([])
        return {
            company: stages.filtered(
                lambda stage, c=company: stage.company_id in (c, stage.company_id[:0])
            )[:1].id
            for company in {item.company for item in items}
        }

    def change(self, items):
        """As everywhere, but a new name is written project by project: Odoo renames
        the analytic account of one project at a time."""
        for item in items:
            self._check_dates(item)
        projects = self.env[self._target].with_context(construction_dates_as_sent=True)
        groups = {}
        for item in items:
            if item.failed:
                continue
            alone = item.record_id if "name" in item.changes else None
            key = (alone, repr(sorted(item.changes.items(), key=lambda pair: pair[0])))
            groups.setdefault(key, []).append(item)
        for group in groups.values():
            ids = [item.record_id for item in group]
            projects.browse(ids).write(group[0].changes)

    def _check_dates(self, item):
        project = self.env[self._target].browse(item.record_id)
        start = item.changes.get("date_start", project.date_start)
        end = item.changes.get("date", project.date)
        if start and end and end < start:
            item.fail(
                Problem(
                    "business-rule",
                    f"Project {self.title(item)} would be complete before it starts. "
                    f"Correct its dates at the source.",
                    pointer="/completion_date",
                )
            )

    def after(self, items):
        listed = [
            item
            for item in items
            if item.open
            and item.sent("wbs")
            and (item.created or item.flow._owner_of("wbs") == "source")
        ]
        project_breakdown.replace(self.env, listed)

    def title(self, item):
        return f"{item.data.number} {item.data.name}" if item.data else item.external_id

    def candidates(self, value, company, limit=5):
        domain = [("construction_number", "!=", False)]
        if company:
            domain.append(("company_id", "in", company.ids))
        projects = self.env[self._target].search(domain, limit=5000)
        return suggestions.ranked(
            projects, value, lambda p: (p.construction_number, p.name), limit
        )

    def export_domain(self):
        return [("construction_number", "!=", False), ("is_template", "=", False)]

    def export(self, records):
        breakdown = project_breakdown.export(self.env, records)
        companies = self._company_codes()
        result = []
        for project in records:
            data = {"number": project.construction_number, "name": project.name}
            if code := companies.get(project.company_id.id):
                data["company"] = code
            for canonical, name in self._plain.items():
                if value := project[name]:
                    data[canonical] = (
                        value if isinstance(value, str) else value.isoformat()
                    )
            self._export_links(project, data)
            if project.id in breakdown:
                data["wbs"] = breakdown[project.id]
            result.append(data)
        return result

    @staticmethod
    def _export_links(project, data):
        currency = project.construction_currency_id
        if currency:
            data["currency"] = currency.name
        if project.construction_estimated_value:
            places = currency.decimal_places
            amount = f"{project.construction_estimated_value:.{places}f}"
            data["estimated_value"] = amount_text(Decimal(amount))
        if project.construction_parent_id:
            data["parent"] = {"odoo_id": project.construction_parent_id.id}
        if project.partner_id:
            data["customer"] = {"odoo_id": project.partner_id.id}
        if address := postal_address.export(project, "construction_"):
            data["address"] = address
        if project.construction_cost_code_ids:
            data["cost_codes"] = [
                {"odoo_id": code.id} for code in project.construction_cost_code_ids
            ]
        if project.construction_segment_value_ids:
            data["segments"] = {
                value.segment_id.code: {"odoo_id": value.id}
                for value in project.construction_segment_value_ids
            }

    def _company_codes(self):
        """``{company id: code}`` of the system that asks (context
        ``construction_system_id``), if it has codes."""
        system_id = self.env.context.get("construction_system_id")
        system = self.env["construction.sync.system"].browse(system_id or ())
        return {line.company_id.id: line.code for line in system.company_code_ids}
