"""The contractor's office: what an administrator does in the web client, done
through the web client's own calls."""

import requests

from . import contractor

LOGINS = (
    # login, name, group
    ("finance", "Fatima Finch (finance)", "group_finance"),
    ("procurement", "Paul Prentice (procurement)", "group_procurement"),
    ("project", "Priya Raman (project manager)", "group_project_controls"),
    ("auditor", "Aldo Audley (auditor)", "group_auditor"),
)
FLOWS = {
    "procore": ("hook", "project", "wbs_node", "cost_code", "vendor"),
    "fieldbook": ("project", "cost_type", "segment_value"),
    "scheduler": ("project", "wbs_node"),
    "ledgerline": ("hook", "vendor"),
    "examples": ("hook", "project", "vendor"),
}
#: fields that Odoo leads although the outside system leads the rest of the object
LED_BY_ODOO = {("scheduler", "project"): ("name",)}


class OdooRefused(Exception):
    """Odoo answered a call with an error; the text is Odoo's."""


class Office:
    """One person's session in the web client.

    :param address: Odoo's address
    """

    def __init__(self, address, database):
        self.address = address
        self.database = database
        self._session = requests.Session()
        self._session.trust_env = False

    def sign_in(self, login, password):
        """Start the session."""
        answer = self._post(
            "/web/session/authenticate",
            {"db": self.database, "login": login, "password": password},
        )
        if not answer.get("uid"):
            raise OdooRefused(f"Odoo did not let {login} in.")

    def call(self, model, method, *arguments, **keywords):
        """Call a model's method as the web client does."""
        return self._post(
            f"/web/dataset/call_kw/{model}/{method}",
            {
                "model": model,
                "method": method,
                "args": list(arguments),
                "kwargs": keywords,
            },
        )

    def search_read(self, model, domain, fields, **keywords):
        """Records as dicts."""
        return self.call(model, "search_read", domain, fields, **keywords)

    def count(self, model, domain):
        """How many records there are."""
        return self.call(model, "search_count", domain)

    def first(self, model, domain):
        """Id of the first record found, or None."""
        found = self.call(model, "search", domain, limit=1)
        return found[0] if found else None

    def reference(self, module, name):
        """Record id behind an external identifier of a module."""
        (found,) = self.search_read(
            "ir.model.data", [("module", "=", module), ("name", "=", name)], ["res_id"]
        )
        return found["res_id"]

    def _post(self, path, parameters):
        response = self._session.post(
            self.address + path,
            json={"jsonrpc": "2.0", "method": "call", "params": parameters},
            timeout=120,
        )
        response.raise_for_status()
        answer = response.json()
        if error := answer.get("error"):
            detail = error.get("data") or {}
            raise OdooRefused(detail.get("message") or error.get("message"))
        return answer.get("result")


def set_up_company(office):
    """Name, country and currency of the contractor; returns the company's id."""
    (company,) = office.search_read("res.company", [], ["name"], order="id", limit=1)
    if company["name"] != contractor.COMPANY:
        office.call(
            "res.company",
            "write",
            [company["id"]],
            {
                "name": contractor.COMPANY,
                "country_id": office.reference("base", "us"),
                "currency_id": office.reference("base", "USD"),
                "street": "Pier 26, The Embarcadero",
                "city": "San Francisco",
                "zip": "94105",
            },
        )
    return company["id"]


def set_up_people(office):
    """One login per role; the password is the login."""
    for login, name, group in LOGINS:
        if office.first("res.users", [("login", "=", login)]):
            continue
        groups = [office.reference("construction_sync", group)]
        office.call(
            "res.users",
            "create",
            {
                "name": name,
                "login": login,
                "password": login,
                "email": f"{login}@harbourhale.example",
                "group_ids": [(4, group_id) for group_id in groups],
            },
        )


def set_up_trades(office):
    """The trades that vendors name; one that Odoo does not know is never guessed."""
    known = {
        trade["code"]
        for trade in office.search_read("construction.trade", [], ["code"])
    }
    missing = sorted(set(contractor.trades()) - known)
    if missing:
        office.call(
            "construction.trade",
            "create",
            [
                {"code": trade, "name": trade[0].upper() + trade[1:]}
                for trade in missing
            ],
        )


def connect(office, system, company, webhook_key=None):
    """Connect one stand-in: system, flows, client, and a key made for this run.

    :param webhook_key: ``(kind, value)`` that proves what the system sends to its
        webhook address: ``("token", Authorization header)`` or ``("hmac", secret)``
    :return: id of the system in Odoo
    """
    system_id = office.first("construction.sync.system", [("code", "=", system.code)])
    if system_id is None:
        system_id = _new_system(office, system, company)
    if webhook_key:
        _set_webhook_key(office, system_id, *webhook_key)
    system.key = _new_key(office, system, system_id)
    return system_id


def _new_system(office, system, company):
    system_id = office.call(
        "construction.sync.system",
        "create",
        {
            "name": system.title,
            "code": system.code,
            "adapter": "procore" if system.code == "procore" else "canonical",
            "environment": "test",
            "company_id": company,
            "note": f"<p>Simulated. {system.describes}</p>",
            "company_code_ids": [(0, 0, {"code": "HHC", "company_id": company})],
        },
    )
    known = {
        key
        for key, _label in office.call(
            "construction.sync.flow", "fields_get", ["entity"], ["selection"]
        )["entity"]["selection"]
    }
    flows = {
        flow["entity"]: flow["id"]
        for flow in office.search_read(
            "construction.sync.flow", [("system_id", "=", system_id)], ["entity"]
        )
    }
    for entity in FLOWS[system.code]:
        if entity not in known:
            continue
        led = LED_BY_ODOO.get((system.code, entity), ())
        values = {
            "state": "live",
            "link_policy": "link",
            "field_ids": [(0, 0, {"field": f, "owner": "odoo"}) for f in led],
        }
        if entity in flows:
            office.call("construction.sync.flow", "write", [flows[entity]], values)
        else:
            values.update(system_id=system_id, entity=entity)
            office.call("construction.sync.flow", "create", values)
    office.call("construction.sync.system", "action_go_live", [system_id])
    return system_id


def _set_webhook_key(office, system_id, kind, value):
    old = office.call(
        "construction.sync.secret", "search", [("system_id", "=", system_id)]
    )
    if old:
        office.call("construction.sync.secret", "unlink", old)
    office.call(
        "construction.sync.secret",
        "create",
        {"system_id": system_id, "kind": kind, "value": value},
    )


def _new_key(office, system, system_id):
    domain = [("name", "=", system.title)]
    client = office.first("construction.sync.client", domain)
    if client is None:
        client = office.call(
            "construction.sync.client",
            "create",
            {
                "name": system.title,
                "system_ids": [(6, 0, [system_id])],
                "scopes": "*:read *:write",
                "note": "Registered by the demonstration; it acts for a simulator.",
            },
        )
    old = office.call(
        "construction.sync.client.key", "search", [("client_id", "=", client)]
    )
    if old:
        office.call("construction.sync.client.key", "action_revoke", old)
    shown = office.call("construction.sync.client", "action_new_key", [client])
    (wizard,) = office.call(shown["res_model"], "read", [shown["res_id"]], ["key"])
    return wizard["key"]
