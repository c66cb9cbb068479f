{
    "name": "Test: Construction Sync",
    "summary": "Entities that only tests and the fault harness use",
    "version": "19.0.1.0.0",
    "category": "Hidden/Tests",
    "website": "https://github.com/construction-sync/construction-sync",
    "author": "Construction Sync contributors",
    "license": "LGPL-3",
    "depends": ["construction_sync"],
    "data": ["security/ir.model.access.csv"],
}
