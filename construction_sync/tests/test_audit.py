"""The audit: written with the effect, append-only, chained per object."""

import hashlib
import json

import psycopg2

from odoo.exceptions import UserError
from odoo.tools import mute_logger

from .interface_case import InterfaceCase
from .rows import rows


def verify(rows_):
    """Ids of entries whose hash does not follow from what stands before them."""
    heads, wrong = {}, []
    for entry_id, key, content, prev_hash, digest in rows_:
        made = hashlib.sha256(
            (heads.get(key) or "").encode() + b"\n" + content.encode()
        ).hexdigest()
        if (prev_hash or None) != heads.get(key) or made != digest:
            wrong.append(entry_id)
        heads[key] = digest
    return wrong


class TestAudit(InterfaceCase):
    def setUp(self):
        super().setUp()
        self.send(self.vendor("v1", "Ace", sequence="1"))
        self.drain()
        self.send(self.vendor("v1", "Ace Two", sequence="2"), self.vendor("v2", "Bolt"))
        self.drain()
        self.send(self.vendor("v1", "Old", sequence="1", time="2020-01-05T00:00:00Z"),
                  self.project(fields={"cost_codes": ["03 30 99"]}))  # fmt: skip
        self.drain()

    def entries(self):
        self.env.cr.execute(
            "SELECT id, doc_key, content, prev_hash, hash FROM construction_sync_audit "
            "ORDER BY id"
        )
        return self.env.cr.fetchall()

    @rows("FA-K04")
    def test_update_delete_and_truncate_are_refused_by_the_database(self):
        before = self.entries()
        for statement in (
            "UPDATE construction_sync_audit SET reason = 'x'",
            "UPDATE construction_sync_audit SET hash = hash WHERE id = 0 OR true",
            "DELETE FROM construction_sync_audit",
            "TRUNCATE construction_sync_audit",
        ):
            with (
                mute_logger("odoo.sql_db"),
                self.assertRaisesRegex(psycopg2.Error, "append-only"),
                self.env.cr.savepoint(),
            ):
                self.env.cr.execute(statement)
        self.assertEqual(self.entries(), before)

    @rows("FA-K04")
    def test_the_orm_writes_none_either(self):
        entry = self.audit(doc_key="portal/vendor/v1")[0]
        for change in (
            lambda: entry.write({"reason": "x"}),
            entry.unlink,
            lambda: entry.create({"doc_key": "x", "action": "created"}),
        ):
            with self.assertRaises(UserError):
                change()
        auditor = self.user("aud", "auditor")
        with self.assertRaises(UserError):
            entry.with_user(auditor).write({"reason": "x"})
        self.assertEqual(entry.with_user(auditor).action, "created")

    def test_every_outcome_has_its_entry_in_the_chain_of_its_object(self):
        chain = self.audit(doc_key="portal/vendor/v1")
        self.assertEqual(chain.mapped("action"), ["created", "updated", "superseded"])
        self.assertEqual(chain.mapped("prev_hash"), [False, *chain.mapped("hash")[:-1]])
        self.assertEqual([e.message_id.external_id for e in chain], ["v1", "v1", "v1"])
        self.assertEqual(chain[1].changes, {"name": ["Ace", "Ace Two"]})
        parked = self.audit(doc_key=f"portal/project@{self.company.id}/p1")
        self.assertEqual(parked.mapped("action"), ["parked"])

    def test_the_chain_verifies_and_every_change_to_it_shows(self):
        entries = self.entries()
        self.assertEqual(verify(entries), [])
        ours = [n for n, e in enumerate(entries) if e[1] == "portal/vendor/v1"]
        flipped = list(entries)
        middle = list(flipped[ours[1]])
        middle[2] = middle[2].replace("updated", "created")
        flipped[ours[1]] = tuple(middle)
        self.assertTrue(verify(flipped))
        self.assertTrue(verify([e for n, e in enumerate(entries) if n != ours[1]]))
        swapped = list(entries)
        swapped[ours[1]], swapped[ours[2]] = swapped[ours[2]], swapped[ours[1]]
        self.assertTrue(verify(swapped))
        self.assertTrue(verify([*entries, entries[ours[0]]]))

    def test_before_and_after_stand_in_the_hash_only_as_a_salted_hash(self):
        entry = self.audit(doc_key="portal/vendor/v1", action="updated")
        content = json.loads(entry.content)
        text = json.dumps(entry.changes, sort_keys=True, ensure_ascii=False)
        self.assertEqual(
            content["changes"],
            hashlib.sha256((content["salt"] + text).encode()).hexdigest(),
        )
        self.assertNotIn("Ace Two", entry.content)

    def test_a_body_is_kept_as_it_came(self):
        message = self.messages("v1")[0]
        for statement in (
            "UPDATE construction_sync_message_body SET raw = 'x' WHERE id = %s",
            "UPDATE construction_sync_message_body SET raw = NULL WHERE id = %s",
            "DELETE FROM construction_sync_message_body WHERE id = %s",
        ):
            with (
                mute_logger("odoo.sql_db"),
                self.assertRaisesRegex(psycopg2.Error, "kept as it came"),
                self.env.cr.savepoint(),
            ):
                self.env.cr.execute(statement, [message.id])
        self.assertIn("Ace", message.payload)

    def test_a_message_is_not_made_changed_or_deleted_by_hand(self):
        message = self.messages("v1")[0]
        for change in (
            lambda: message.write({"state": "ready"}),
            message.unlink,
            lambda: message.create({"external_id": "x"}),
        ):
            with self.assertRaises(UserError):
                change()

    @rows("F06")
    def test_a_system_that_has_sent_something_is_kept(self):
        with self.assertRaisesRegex(UserError, "must stay for the audit"):
            self.system.unlink()
        with self.assertRaisesRegex(UserError, "cannot change"):
            self.system.code = "other"
