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
client = clients.search([("name", "=", "Harness")]) or clients.create(
    {"name": "Harness", "system_ids": [(6, 0, systems.ids)]}
)
client.system_ids |= systems
if not client.key_ids:
    env["construction.sync.client.key"].create(
        {"client_id": client.id, "prefix": KEY[:12], "key_hash": keys.digest(KEY)}
    )
env.cr.commit()
print("harness is set up")
