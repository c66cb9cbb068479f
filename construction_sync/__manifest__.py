{
    "name": "Construction Sync",
    "summary": "Keep construction systems and Odoo in step: projects, cost codes, "
    "vendors, exactly once, in order, with an audit trail",
    "version": "19.0.1.0.0",
    "category": "Services/Construction",
    "website": "https://github.com/construction-sync/construction-sync",
    "author": "Construction Sync contributors",
    "license": "LGPL-3",
    "application": True,
    "depends": ["base", "mail", "analytic", "project"],
    "external_dependencies": {"python": ["pydantic", "rapidfuzz", "cryptography"]},
    "data": [
        "security/groups.xml",
        "security/ir.model.access.csv",
        "security/master_data_rules.xml",
        "data/analytic_plans.xml",
        "data/cost_types.xml",
        "data/masterformat_divisions.xml",
    ],
    "demo": [],
    "post_init_hook": "post_init_hook",
    "uninstall_hook": "uninstall_hook",
}
