"""The exceptions that the house checks know, each with its reason."""

# Files of the addons that may raise rights (sudo) or act as the system.
PRIVILEGED = {}

# Folders where a transaction may be ended by hand: the pipeline's drain, and programs
# that are themselves clients of a database.
COMMIT_ROOMS = (
    "construction_sync/pipeline/",
    "harness/",
    "benchmarks/",
    "simulator/",
    "test_construction_sync/models/",
)
