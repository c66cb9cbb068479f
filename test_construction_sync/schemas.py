"""Canonical schema of the test-only money document."""

from typing import ClassVar

from odoo.addons.construction_sync.schemas import register
from odoo.addons.construction_sync.schemas.amounts import Amount
from odoo.addons.construction_sync.schemas.canonical import Canonical
from odoo.addons.construction_sync.schemas.references import reference
from odoo.addons.construction_sync.schemas.texts import Code


@register
class TestDocument(Canonical):
    """A document with money that does what its ``behaviour`` says while applied:
    ``ok``, ``crash``, ``slow:<seconds>``, ``refuse`` or ``fail``."""

    __test__ = False

    entity: ClassVar[str] = "test_document"
    money: ClassVar[bool] = True

    number: Code
    amount: Amount | None = None
    behaviour: Code | None = None
    parent: reference("test_document") | None = None
