"""Stand-ins for outside systems that speak real HTTP to Construction Sync.

Nothing here is part of the product, and nothing here imports it or Odoo: a
stand-in knows only the published interface, as an outside system would. It runs
only when started, listens on loopback only, and says on every page and in every
header that it is a simulator.
"""

SIMULATOR_HEADER = ("X-Simulator", "construction-sync")
NOTICE = (
    "This is a simulator that belongs to Construction Sync. "
    "It is not the real system, and what it sends is made up."
)
API = "/construction_sync/v1"
