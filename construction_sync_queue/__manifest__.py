{
    "name": "Construction Sync: Job Queue",
    "summary": "Carry the background work of Construction Sync on queue_job channels",
    "version": "19.0.1.0.0",
    "category": "Services/Construction",
    "website": "https://github.com/construction-sync/construction-sync",
    "author": "Construction Sync contributors",
    "license": "LGPL-3",
    "depends": ["construction_sync", "queue_job"],
    "auto_install": True,
    "data": ["data/queue_job.xml"],
}
