"""Send a batch, wait for each message, read the objects back.

BASE=http://127.0.0.1:8069 KEY=... python send_and_wait.py
"""

import os
import time

from construction_sync_client import Client

client = Client(os.environ["BASE"], os.environ["KEY"], "examples")
version = time.time_ns() // 1_000_000
events = [
    client.event(
        "vendor",
        f"EX-{number}",
        {"name": f"Example Vendor {number}", "tax_id": f"98-76543{number}"},
        version,
    )
    for number in (21, 22)
]

answer = client.send(events)
print(f"accepted {answer['accepted']}, rejected {answer['rejected']}")

again = client.send(events)
print(f"sent again: duplicate {again['duplicate']}")

for event, status in zip(events, answer["events"], strict=True):
    standing = client.wait(status["message"])
    print(f"{event['subject']}: {standing['state']}")

for event in events:
    vendor = client.get("vendor", event["subject"])
    name = vendor["data"]["name"]
    print(f"{vendor['id']} is number {vendor['odoo_id']} in Odoo: {name}")
