"""No record crosses companies: what is shared has no company, the rest stays."""

from ..schemas.problem import Problem


def crossed(item, record):
    """A problem when ``record`` belongs to another company than ``item``; an item
    without a company may use what belongs to any company of its system."""
    allowed = item.company or item.system.company_ids
    if not record.company_id or record.company_id in allowed:
        return None
    return Problem(
        "company-crossed",
        f"{record.display_name} belongs to {record.company_id.name} and cannot be "
        f"used in {', '.join(allowed.mapped('name'))}.",
    )
