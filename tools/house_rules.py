"""The exceptions that the house checks know, each with its reason.

Beside these files, a single line may raise rights when it, or the comment above it,
says why after the word ``gateway:``.
"""

# Files of the addons that may raise rights (sudo) or act as the system.
PRIVILEGED = {
    "construction_sync/pipeline/gateway.py": "the one place where the backbone takes "
    "its rights, after it has judged who calls",
    "construction_sync/models/construction_analytic_mirror.py": "who keeps cost codes "
    "need not be allowed to edit the analytic ledger that mirrors them",
    "construction_sync/models/construction_bank_change.py": "finance decides on bank "
    "accounts of vendors that no role may write directly",
    "construction_sync/models/construction_cost_code.py": "a code counts as used also "
    "by projects and costs that the asking user may not see",
    "construction_sync/models/project.py": "the analytic account is made with the "
    "project by people who have no right on analytic accounts",
    "construction_sync/models/res_partner.py": "a merge, once the role is checked, "
    "moves what belongs to the vendor in every company",
    "construction_sync/models/sync_client.py": "the address in an example is a setting "
    "that only administrators read",
    "construction_sync/models/sync_gatekeeper.py": "the refusal names the roles to ask "
    "for, and only administrators read the list of roles",
}

# Folders where a transaction may be ended by hand: the pipeline's drain, and programs
# that are themselves clients of a database.
COMMIT_ROOMS = (
    "construction_sync/pipeline/",
    "harness/",
    "benchmarks/",
    "simulator/",
    "tools/",
    "test_construction_sync/models/",
    "test_construction_sync/crash_points",
)
