"""A copy and a restored database are silent until an administrator has spoken."""

import json
from pathlib import Path
from unittest.mock import patch

from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user
from odoo.tools import config

from ..pipeline import fetching, gateway, sealing, standing
from .outgoing_case import OutgoingCase
from .rows import rows


class TestStanding(OutgoingCase):
    def setUp(self):
        super().setUp()
        self.cr_env = gateway.environment(self.env.cr)
        self.admin = new_test_user(
            self.env, "standing-admin", "construction_sync.group_admin"
        )
        self.auditor = new_test_user(
            self.env, "standing-auditor", "construction_sync.group_auditor"
        )

    def restored(self):
        """The database's mark as it stands after a dump was restored elsewhere."""
        self.env.cr.execute(
            "UPDATE construction_sync_standing SET identity = 'another-1', "
            "place = 'production'"
        )

    def decide(self, kind, **values):
        wizard = (
            self.env["construction.sync.standing.decision"]
            .with_user(self.admin)
            .create({"kind": kind, "reason": "Disk failure of 14 March", **values})
        )
        return wizard.action_confirm()

    def exception(self):
        return self.env["construction.sync.exception"].search(
            [("kind", "=", "database-unconfirmed"), ("state", "!=", "resolved")]
        )

    @rows("FA-G10")
    def test_a_copy_calls_nobody_and_says_so(self):
        self.new_vendor()
        self.commit()
        self.restored()
        self.dispatch()
        self.assertEqual(self.receiver.got, [])
        self.assertEqual(self.deliveries().attempts, 0, "nothing is used up")
        self.assertEqual(len(self.exception()), 1)
        self.assertIn("copy of production", self.exception().name)
        self.assertTrue(fetching._held(self.cr_env), "nothing is fetched either")
        self.dispatch()
        self.assertEqual(len(self.exception()), 1, "told once")

    @rows("FA-G10")
    def test_an_administrator_says_that_it_is_a_copy(self):
        self.restored()
        self.dispatch()
        self.decide("copy")
        self.assertFalse(self.exception())
        self.new_vendor()
        self.dispatch()
        self.assertEqual(self.receiver.got, [])
        self.assertFalse(self.exception(), "it was decided")
        with patch.object(sealing, "step") as step:
            sealing.run(self.registry)
        step.assert_not_called()  # it would sign another end of the original's log

    @rows("FA-G09")
    def test_a_restored_database_goes_on_in_a_new_epoch(self):
        vendor = self.new_vendor()
        self.dispatch()
        told = json.loads(self.receiver.got[0].body)["sequence"]
        self.restored()
        vendor.name = "Ace Concrete Works"
        self.dispatch()
        self.assertEqual(len(self.receiver.got), 1)
        with self.assertRaises(UserError):
            self.decide("goes_on")
        self.decide("goes_on", sure=True)
        self.assertIsNone(standing.may_send(self.cr_env))
        self.assertFalse(self.exception())
        self.dispatch()
        sequences = [int(json.loads(g.body)["sequence"]) for g in self.receiver.got]
        self.assertEqual(sequences, sorted(sequences))
        # what was told after the backup and is lost here stays below
        self.assertGreater(sequences[-1], int(told) + 900_000)
        last = json.loads(self.receiver.got[-1].body)
        self.assertEqual(last["data"]["name"], "Ace Concrete Works")
        entry = self.env["construction.sync.audit"].search(
            [("doc_key", "=", "odoo>standing")], limit=1
        )
        self.assertEqual(
            (entry.action, entry.reason), ("decided", "Disk failure of 14 March")
        )

    @rows("FA-G09")
    def test_a_database_that_was_set_back_in_its_place_is_noticed(self):
        self.assertIsNone(standing.may_send(self.cr_env))
        standing.note_water(self.cr_env, force=True)
        path = standing._file(self.cr_env, standing._current(self.cr_env))
        self.addCleanup(path.unlink)
        self.assertIn(Path(config["data_dir"]), path.parents)
        kept = json.loads(path.read_text())
        kept["construction_sync_message"] += 7  # what came in after the backup
        path.write_text(json.dumps(kept))
        self.new_vendor()
        self.dispatch()
        self.assertEqual(self.receiver.got, [])
        self.assertIn("set back", self.exception().name)
        self.decide("goes_on", sure=True, everything=False)
        self.addCleanup(
            standing._file(self.cr_env, standing._current(self.cr_env)).unlink
        )
        self.dispatch()
        self.assertEqual(len(self.receiver.got), 1)

    def test_only_an_administrator_decides(self):
        self.restored()
        with self.assertRaises(AccessError):
            self.env["construction.sync.standing.decision"].with_user(
                self.auditor
            ).create({"kind": "goes_on", "sure": True, "reason": "x"}).action_confirm()
