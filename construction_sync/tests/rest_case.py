"""Ground of the tests of the REST connector: a system, a list, a server to call."""

import os
from unittest.mock import patch

from ..pipeline import fetching
from .foreign_server import ForeignServer, Reply
from .interface_case import InterfaceCase


class RestCase(InterfaceCase):
    """A REST system ``plant`` whose vendors are listed by a server of the test."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.startClassPatcher(
            patch.dict(
                os.environ, {"CONSTRUCTION_SYNC_PRIVATE_NETWORKS": "127.0.0.0/8"}
            )
        )

    def setUp(self):
        super().setUp()
        self.records = []
        self.server = ForeignServer(self.answer)
        self.addCleanup(self.server.close)
        self.system = self.new_system(
            "plant",
            "Plant",
            entities=("vendor",),
            adapter="rest",
            environment="test",
            address=self.server.address,
        )
        self.list = self.new_list()

    def new_list(self, **values):
        """The list of vendors as an administrator fills it in."""
        lines = values.pop(
            "lines", {"name": "company_name", "email": "contact.email", "tax_id": "vat"}
        )
        return self.env["construction.sync.rest.fetch"].create(
            {
                "system_id": self.system.id,
                "entity": "vendor",
                "list_path": "/v1/vendors",
                "items_at": "data",
                "paging": "none",
                "id_at": "id",
                "line_ids": [
                    (0, 0, {"field": name, "expression": place})
                    for name, place in lines.items()
                ],
                **values,
            }
        )

    def answer(self, call):
        """What the server answers; a test replaces it."""
        return Reply({"data": self.records})

    @staticmethod
    def record(number, **values):
        return {"id": number, "company_name": f"Vendor {number}", **values}

    def mark(self):
        return self.flow().watermark_ids

    def fetch(self, *flows):
        """What the cron does; returns ``(pages, whether something is left)``."""
        self.env.flush_all()
        found = fetching.run(self.registry, 60, [f.id for f in flows or self.flow()])
        self.env.invalidate_all()
        return found

    def again(self):
        """The time of the next fetch has come."""
        self.mark().due_at = False
        return self.fetch()
