"""Ground of the tests of the way out: a system that subscribes, its receiver, and the
dispatcher's work done at once."""

import base64
import json
import os
from unittest.mock import patch

from ..pipeline import dispatch, lanes
from .interface_case import InterfaceCase
from .receiver import Receiver

KEY = bytes(range(32))


class OutgoingCase(InterfaceCase):
    """``self.hub`` subscribes to vendors and projects; what it is sent stands in
    ``self.receiver.got``."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.startClassPatcher(
            patch.dict(
                os.environ, {"CONSTRUCTION_SYNC_PRIVATE_NETWORKS": "127.0.0.0/8"}
            )
        )
        cls.hub = cls.new_hub("hub", "Project Hub")

    def setUp(self):
        super().setUp()
        self.receiver = self.new_receiver()
        self.hub.address = self.receiver.address
        self.addCleanup(self._forget_pace)

    def _forget_pace(self):
        lanes.session(self.env.cr.dbname).execute("DELETE FROM construction_sync_pace")

    @classmethod
    def new_hub(cls, code, name, entities=("vendor", "project"), **values):
        """A live system in a test environment that is told of ``entities``."""
        hub = cls.env["construction.sync.system"].create(
            {
                "code": code,
                "name": name,
                "company_id": cls.company.id,
                "environment": "test",
                "address": "http://127.0.0.1:9/hooks",
                **values,
            }
        )
        cls.env["construction.sync.flow"].create(
            [
                {
                    "system_id": hub.id,
                    "entity": entity,
                    "direction": "out",
                    "state": "live",
                }
                for entity in entities
            ]
        )
        hub.action_go_live()
        return hub

    def new_receiver(self, *answers):
        receiver = Receiver(*answers)
        self.addCleanup(receiver.close)
        return receiver

    def new_vendor(self, name="Ace Concrete", **values):
        """A vendor made in Odoo by a person."""
        return self.env["res.partner"].create(
            {"name": name, "is_company": True, "construction_vendor": True, **values}
        )

    def commit(self):
        """The end of the transaction: what was changed is published."""
        self.env.flush_all()
        self.env.cr.flush()

    def dispatch(self, budget=20):
        """What the dispatcher's cron does; returns how many tries came to an end."""
        self.commit()
        done, _left = dispatch.run(self.registry, budget)
        self.env.invalidate_all()
        return done

    def later_out(self, **interval):
        """Let time pass for deliveries and breakers."""
        (unit, number), *_rest = interval.items()
        shift = f"{int(number)} {unit}"
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE construction_sync_delivery SET next_at = next_at - %s::interval, "
            "lease_until = lease_until - %s::interval",
            [shift, shift],
        )
        self.env.cr.execute(
            "UPDATE construction_sync_breaker SET open_until = open_until - "
            "%(i)s::interval, probe_until = probe_until - %(i)s::interval, "
            "paused_until = paused_until - %(i)s::interval, "
            "failing_since = failing_since - %(i)s::interval",
            {"i": shift},
        )
        self.env.cr.execute(
            "UPDATE construction_sync_attempt SET started_at = started_at - "
            "%s::interval",
            [shift],
        )
        self.env.invalidate_all()

    def until_due(self):
        """Let pass just the time until something is tried again."""
        self.env.flush_all()
        self.env.cr.execute(
            "SELECT ceil(extract(epoch FROM greatest("
            "  (SELECT min(next_at) FROM construction_sync_delivery"
            "    WHERE state IN ('retry', 'unknown')),"
            "  (SELECT max(open_until) FROM construction_sync_breaker))"
            " - now() AT TIME ZONE 'UTC'))"
        )
        self.later_out(seconds=max(int(self.env.cr.fetchone()[0] or 0), 0) + 1)

    def deliveries(self, system=None, **values):
        return self.env["construction.sync.delivery"].search(
            [
                ("system_id", "=", (system or self.hub).id),
                *((name, "=", value) for name, value in values.items()),
            ],
            order="id",
        )

    def breaker(self, system=None):
        return self.env["construction.sync.breaker"].search(
            [("system_id", "=", (system or self.hub).id)]
        )

    def bodies(self, receiver=None):
        """The events that arrived, as objects."""
        return [json.loads(got.body) for got in (receiver or self.receiver).got]


def whsec(key=KEY):
    return "whsec_" + base64.b64encode(key).decode()
