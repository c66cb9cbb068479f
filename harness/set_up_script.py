"""Run in Odoo's shell, after lines that set ``CODES`` and ``KEY``."""

# ruff: noqa: F821 - the shell gives env, the lines before give CODES and KEY
from odoo.addons.construction_sync.pipeline import keys

Flow = env["construction.sync.flow"]
ENTITIES = ["vendor"]
if env["construction.sync.handler"]._for("test_document") is not None:
    ENTITIES.append("test_document")

systems = env["construction.sync.system"]
for code in CODES:
    system = systems.search([("code", "=", code)])
    if not system:
        system = system.create({"name": f"Harness {code}", "code": code})
        Flow.create(
            [
                {"system_id": system.id, "entity": entity, "state": "live"}
                for entity in ENTITIES
            ]
        )
        system.action_go_live()
    systems |= system

clients = env["construction.sync.client"]
for name, key, rate in (("Harness", KEY, 0), ("Harness, limited", LIMITED_KEY, 240)):
    client = clients.search([("name", "=", name)]) or clients.create(
        {"name": name, "system_ids": [(6, 0, systems.ids)], "rate_per_minute": rate}
    )
    client.system_ids |= systems
    client.rate_per_minute = rate
    if not client.key_ids:
        env["construction.sync.client.key"].create(
            {"client_id": client.id, "prefix": key[:12], "key_hash": keys.digest(key)}
        )
if LISTENERS:
    for code in LISTENERS:
        listener = env["construction.sync.system"].search([("code", "=", code)])
        if not listener:
            listener = listener.create(
                {"name": f"Listener {code}", "code": code, "environment": "test"}
            )
            values = {"system_id": listener.id, "entity": "vendor", "direction": "out"}
            flow = Flow.create({**values, "state": "live"})
            listener.action_go_live()
            flow.state = "off"
    user = env["res.users"].search([("login", "=", LOGIN)])
    if not user:
        groups = ["base.group_system", "construction_sync.group_admin"]
        groups += ["base.group_partner_manager"]
        group_ids = [(4, env.ref(name).id) for name in groups]
        user = user.create({"name": "Harness", "login": LOGIN, "group_ids": group_ids})
    PERSON = user.with_user(user).env["res.users.apikeys"]
    PERSON_KEY = PERSON.sudo()._generate("rpc", "harness", None)
env.cr.commit()
print("harness is set up", PERSON_KEY if LISTENERS else "")
