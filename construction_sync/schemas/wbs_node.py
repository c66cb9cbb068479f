"""One node of a project's breakdown structure, for sources that send it alone."""

from typing import Annotated, ClassVar

from pydantic import Field

from .canonical import Canonical
from .references import reference
from .texts import Code, Name


class WbsNode(Canonical):
    """A node; ``code`` is unique among the children of one parent only."""

    entity: ClassVar[str] = "wbs_node"
    example: ClassVar[dict] = {
        "project": {"code": "2026-014"},
        "code": "1.2",
        "name": "Pile caps",
        "parent": "w1",
        "sequence": 20,
    }

    project: reference("project")
    code: Code
    name: Name
    parent: reference("wbs_node") | None = None
    """The node above; none for the top."""
    sequence: Annotated[int, Field(ge=0, le=2**31 - 1)] | None = None
    """Place among the children of its parent."""
