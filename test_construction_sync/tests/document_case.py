"""Ground of the tests with the money document."""

from odoo.addons.construction_sync.tests.interface_case import InterfaceCase


class DocumentCase(InterfaceCase):
    """As the interface's own cases, with the money document live too."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["construction.sync.flow"].create(
            {
                "system_id": cls.system.id,
                "entity": "test_document",
                "state": "live",
                "on_error": "skip",
            }
        )

    def document(self, external_id="d1", number="D-1", behaviour="ok", **attributes):
        """A money document's event."""
        data = {"number": number, "amount": "100.00", "behaviour": behaviour}
        return self.event(external_id, data, "test_document", **attributes)

    def pay(self, external_id="d1", number="D-1", behaviour="ok", **headers):
        """PUT a money document."""
        data = {"number": number, "amount": "100.00", "behaviour": behaviour}
        return self.put("test_document", external_id, data, **headers)

    def documents(self):
        return self.env["construction.test.document"].search([])
