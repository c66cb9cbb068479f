"""Put an object, repeat the call, put an older version, read all pages.

BASE=http://127.0.0.1:8069 KEY=... python put_twice.py
"""

import os
import time

from construction_sync_client import Client, Refused

client = Client(os.environ["BASE"], os.environ["KEY"], "examples")
version = time.time_ns() // 1_000_000
data = {"name": "Example Paving", "tax_id": "98-7654331"}

first = client.put("vendor", "EX-31", data, version, f"paving-{version}")
second = client.put("vendor", "EX-31", data, version, f"paving-{version}")
print(f"first {first['outcome']}, repeated {second['outcome']}")

changed = client.put(
    "vendor", "EX-31", dict(data, phone="+1 510 555 0131"), version + 1
)
print(f"newer version: {changed['outcome']}")

try:
    client.put("vendor", "EX-31", dict(data, name="Example Pavement"), version - 1)
except Refused as refusal:
    print(f"older version: {refusal.problem['status']}")

ids = [vendor["id"] for vendor in client.walk("vendor", limit=5)]
print(f"EX-31 is among the vendors: {'EX-31' in ids}")
