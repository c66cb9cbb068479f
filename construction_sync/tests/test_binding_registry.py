"""The cross-reference registry: who is called what, where, since when (F06)."""

import psycopg2

from odoo.exceptions import UserError
from odoo.tools import mute_logger

from .interface_case import InterfaceCase
from .rows import rows


class TestRegistry(InterfaceCase):
    @rows("F06")
    def test_every_record_has_its_system_id_version_hash_and_moments(self):
        self.send(self.vendor("v1", "Ace", sequence="3"))
        self.drain()
        binding = self.binding("v1")
        self.assertEqual(
            (binding.system_id, binding.entity, binding.external_id, binding.res_model,
             binding.res_id, binding.version, binding.state),
            (self.system, "vendor", "v1", "res.partner", self.vendors("Ace").id, "3",
             "linked"),
        )  # fmt: skip
        self.assertRegex(binding.content_hash, "^[0-9a-f]{64}$")
        first, digest = binding.first_seen, binding.content_hash
        self.assertTrue(first and binding.last_seen)
        self.send(self.vendor("v1", "Ace Two", sequence="4"))
        self.drain()
        self.assertEqual((binding.version, binding.first_seen), ("4", first))
        self.assertNotEqual(binding.content_hash, digest)

    @rows("F06")
    def test_the_same_content_in_other_words_has_the_same_hash(self):
        self.send(self.project(fields={"estimated_value": "100.00"}, sequence="1"))
        again = self.send(self.project(fields={"estimated_value": "100"}, sequence="1"))
        self.drain()
        self.assertEqual(again.state, "duplicate")

    @rows("F06", "F08")
    def test_one_row_per_system_company_entity_and_id(self):
        self.system.company_code_ids = [
            (0, 0, {"code": "south", "company_id": self.other_company.id})
        ]
        self.send(
            self.project("x", "P-1"),
            self.project("x", "P-1", fields={"company": "south"}),
            self.vendor("x", "Ace"),
        )
        self.drain()
        self.assertEqual(set(self.states()), {"applied"})
        projects = self.binding("x", "project")
        self.assertEqual(projects.company_id, self.company | self.other_company)
        self.assertEqual(len(set(projects.mapped("res_id"))), 2)
        self.assertEqual(len(self.binding("x")), 1)
        with (
            mute_logger("odoo.sql_db"),
            self.assertRaises(psycopg2.errors.UniqueViolation),
            self.env.cr.savepoint(),
        ):
            self.env.cr.execute(
                "INSERT INTO construction_sync_binding (system_id, company_id, entity, "
                "external_id, res_model, state) SELECT system_id, company_id, entity, "
                "external_id, res_model, state FROM construction_sync_binding "
                "WHERE id = %s",
                [projects[0].id],
            )

    @rows("F06")
    def test_two_systems_call_one_record_by_their_own_ids(self):
        other = self.new_system("other", "Other")
        _client, key = self.new_client("Other's", other)
        self.send(self.project("p1", "P-1"))
        self.send(self.project("77", "P-1", source="other"), key=key)
        self.drain()
        mine, theirs = (self.binding("p1", "project"),
                        self.binding("77", "project", other))  # fmt: skip
        self.assertEqual(mine.res_id, theirs.res_id)
        self.assertIn("P-1", theirs.linked_by)
        self.assertEqual(self.get("/project/77", key).json()["odoo_id"], mine.res_id)

    @rows("F06")
    def test_it_survives_the_record_with_its_history(self):
        self.send(self.vendor("v1", "Ace", sequence="3"))
        self.drain()
        binding, record_id = self.binding("v1"), self.linked("v1").id
        self.linked("v1").unlink()
        self.env.invalidate_all()
        self.assertEqual(
            (binding.state, binding.res_id, binding.version),
            ("tombstone", record_id, "3"),
        )
        self.assertTrue(self.audit(res_model="res.partner", res_id=record_id))
        self.assertTrue(self.get("/vendor/v1").json()["deleted"])
        message = self.send(self.vendor("v1", "Ace again", sequence="4"))
        self.drain()
        self.assertEqual(message.exception_id.kind, "record-removed")

    @rows("F06")
    def test_a_deletion_at_the_source_archives_and_leaves_a_tombstone(self):
        self.send(self.vendor("v1", "Ace"))
        self.drain()
        partner = self.linked("v1")
        self.send(self.gone("v1"))
        self.drain()
        self.assertEqual((partner.active, self.binding("v1").state),
                         (False, "tombstone"))  # fmt: skip

    @rows("F06")
    def test_nobody_edits_the_registry_by_hand(self):
        self.send(self.vendor("v1", "Ace"))
        self.drain()
        admin = self.user("adm", "admin")
        with self.assertRaises(UserError):
            self.binding("v1").with_user(admin).write({"external_id": "v2"})
        with self.assertRaises(Exception):  # noqa: B017  whatever stands in the way
            self.binding("v1").with_user(admin).unlink()
        self.assertTrue(self.binding("v1"))
