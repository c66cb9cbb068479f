"""The audit is sealed, and any change to what was sealed is found (FA-K04 to FA-K08,
C12, C13, F71).

The entries are committed on connections of their own, since only what other
transactions cannot come before any more is sealed: a test whose own transaction has
written something could wait for its own end. They stay in the test database.
"""

import base64
import json
import os
import subprocess
import sys
import tempfile
import time
import uuid
from pathlib import Path
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.sql_db import db_connect
from odoo.tests import TransactionCase, new_test_user, tagged
from odoo.tests.common import get_db_name
from odoo.tools import mute_logger

from .. import verify_audit
from ..pipeline import audit, gateway, sealing
from .interface_case import MASTER_KEY, InterfaceCase
from .rows import rows

PROGRAM = verify_audit.__file__


class Sealing:
    """Real transactions beside the test's."""

    @staticmethod
    def transaction():
        """A cursor whose commit is real."""
        return db_connect(get_db_name()).cursor()

    def beside(self):
        """A cursor whose commit is real, until the test ends."""
        cursor = self.transaction()
        self.addCleanup(cursor.close)
        return cursor

    @classmethod
    def entries(cls, count=3, key=None, commit=True, **values):
        """Write entries of one object in a transaction of their own."""
        key = key or f"test/audit/{uuid.uuid4()}"
        cursor = cls.transaction()
        journal = audit.Journal(gateway.environment(cursor))
        for number in range(count):
            journal.note(
                key, "updated", reason=f"Number {number}",
                changes={"name": [f"Ace {number}", f"Ace {number + 1}"]}, **values,
            )  # fmt: skip
        journal.flush()
        if not commit:
            return cursor
        cursor.commit()
        cursor.close()
        return None

    @classmethod
    def seal(cls):
        """What the cron does, on real cursors; returns how many were sealed. Waits for
        transactions of others (autovacuum, the web server) that hold it up."""
        sealed, end = 0, time.monotonic() + 30
        while True:
            with cls.transaction() as cursor:
                done = sealing.step(cursor)
                cursor.commit()
                cursor.execute(
                    "SELECT count(*) FROM construction_sync_audit a WHERE NOT EXISTS "
                    "(SELECT FROM construction_sync_audit_seal s "
                    "WHERE s.audit_id = a.id)"
                )
                (left,) = cursor.fetchone()
            sealed += done
            if not left:
                return sealed
            if time.monotonic() > end:
                raise AssertionError(f"{left} entries could not be sealed")
            time.sleep(0 if done else 0.2)

    @classmethod
    def exported(cls, cursor=None, **limits):
        if cursor:
            return list(sealing.export(cursor, **limits))
        with cls.transaction() as own:
            return list(sealing.export(own, **limits))

    @classmethod
    def keys(cls):
        with cls.transaction() as cursor:
            return "\n".join(sealing.public_keys(gateway.environment(cursor)))

    def keep_outside(self):
        """A folder for what is kept outside of the database."""
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.startPatcher(
            patch.object(sealing, "anchors_file", lambda _cr: self.folder / "anchors")
        )

    def verify(self, lines, keys=None, anchors=()):
        """``(exit code, output)`` of the program that anyone can run."""
        (self.folder / "audit.jsonl").write_text("\n".join(lines), encoding="utf-8")
        (self.folder / "keys").write_text(keys or self.keys(), encoding="utf-8")
        command = [sys.executable, PROGRAM, self.folder / "audit.jsonl"]
        command += ["--key", self.folder / "keys"]
        for number, anchor in enumerate(anchors):
            path = self.folder / f"anchor{number}"
            path.write_text(anchor, encoding="utf-8")
            command += ["--anchor", path]
        done = subprocess.run(
            [str(part) for part in command], capture_output=True, text=True, check=False
        )
        self.assertFalse(done.stderr)
        return done.returncode, done.stdout

    @classmethod
    def checkpoint(cls):
        """The newest checkpoint, as an acknowledgement carries it."""
        with cls.transaction() as cursor:
            cursor.execute(
                "SELECT note FROM construction_sync_checkpoint "
                "ORDER BY size DESC LIMIT 1"
            )
            return base64.b64encode(cursor.fetchone()[0].encode()).decode()

    def at_the_end(self, lines, count=3):
        """Positions in ``lines`` of the last ``count`` entries."""
        found = [i for i, line in enumerate(lines) if line.startswith('{"seq"')]
        return found[-count:]


@tagged("post_install", "-at_install")
class SealCase(Sealing, TransactionCase):
    """Nothing is written in the test's own transaction."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.startClassPatcher(
            patch.dict(os.environ, {"CONSTRUCTION_SYNC_KEY": MASTER_KEY})
        )

    def setUp(self):
        super().setUp()
        self.keep_outside()


class TestSealing(SealCase):
    @rows("F71")
    def test_what_was_written_is_sealed_and_verifies(self):
        self.seal()
        self.entries(3)
        self.assertEqual(self.seal(), 3)
        lines = self.exported()
        code, said = self.verify(lines, anchors=[self.checkpoint()])
        self.assertEqual(code, 0, said)
        self.assertIn("Everything is right", said)
        numbers = [json.loads(line)["seq"] for line in lines if '{"seq"' in line[:6]]
        self.assertEqual(numbers, list(range(1, len(numbers) + 1)), "no gap")

    def test_a_part_verifies_too(self):
        self.seal()
        first = json.loads(self.exported()[-1])["end"] + 1
        self.entries(5)
        self.seal()
        code, said = self.verify(self.exported(start=first + 2))
        self.assertEqual(code, 0, said)
        self.assertIn(f"Entries {first + 2} to", said)

    def test_a_running_transaction_is_not_overtaken(self):
        self.seal()
        late = self.entries(2, commit=False)
        self.entries(1)
        cursor = self.beside()
        self.assertEqual(sealing.step(cursor), 0, "an older one may still commit")
        cursor.rollback()
        late.commit()
        late.close()
        self.assertEqual(self.seal(), 3)

    @rows("C12")
    def test_a_sealer_that_died_half_way_leaves_nothing_behind(self):
        self.seal()
        before = self.checkpoint()
        self.entries(4)
        cursor = self.beside()
        end = time.monotonic() + 30
        while not sealing.step(cursor, limit=2) and time.monotonic() < end:
            cursor.rollback()
        cursor.rollback()
        self.assertEqual(self.checkpoint(), before)
        self.assertEqual(self.seal(), 4)
        code, said = self.verify(self.exported(), anchors=[before])
        self.assertEqual(code, 0, said)

    def test_two_sealers_do_not_meet(self):
        self.seal()
        self.entries(2)
        first, second = self.beside(), self.beside()
        end = time.monotonic() + 30
        while not sealing.step(first) and time.monotonic() < end:
            first.rollback()
        self.assertEqual(sealing.step(second), 0)
        first.rollback()

    # ---- keys ----------------------------------------------------------------------

    @rows("FA-K07")
    def test_a_new_key_and_what_the_old_one_signed_both_verify(self):
        self.entries(1)
        self.seal()
        cursor = self.beside()
        gateway.environment(cursor)["construction.sync.audit.key"]._make()
        cursor.commit()
        self.entries(1)
        self.seal()
        both = verify_audit.read_anchors(self.checkpoint())[0]
        self.assertEqual(len(both.signatures), 2, "the old one vouches for the new")
        self.entries(1)
        self.seal()
        one = verify_audit.read_anchors(self.checkpoint())[0]
        self.assertEqual(len(one.signatures), 1)
        code, said = self.verify(self.exported())
        self.assertEqual(code, 0, said)
        old = self.keys().split()[1]
        code, said = self.verify(self.exported(), keys=old)
        self.assertEqual(code, 1, "signed by a key that was not given")

    @rows("FA-K08")
    def test_erased_values_leave_a_log_that_verifies(self):
        key = f"test/erase/{uuid.uuid4()}"
        self.entries(2, key=key)
        self.seal()
        cursor = self.beside()
        env = gateway.environment(cursor)
        entry = env["construction.sync.audit"].search([("doc_key", "=", key)], limit=1)
        entry.action_erase_changes()
        self.assertFalse(entry.changes)
        cursor.commit()
        self.seal()
        code, said = self.verify(self.exported(), anchors=[self.checkpoint()])
        self.assertEqual(code, 0, said)
        self.assertIn("were erased", said)
        last = env["construction.sync.audit"].search([("doc_key", "=", key)], limit=1)
        self.assertEqual(last.action, "erased")

    @rows("FA-K04")
    @mute_logger("odoo.sql_db")
    def test_nobody_changes_an_entry_by_sql(self):
        self.entries(1)
        self.seal()
        for table in ("construction_sync_audit", "construction_sync_audit_seal"):
            for statement in (
                f"UPDATE {table} SET id = id",
                f"DELETE FROM {table}",
                f"TRUNCATE {table}",
            ):
                with self.transaction() as cursor:
                    with self.assertRaisesRegex(Exception, "append-only"):
                        cursor.execute(statement)
                    cursor.rollback()


class TestSealScreens(Sealing, InterfaceCase):
    """What outside systems and people see of it; sealed before the test begins."""

    @classmethod
    def setUpClass(cls):
        with patch.dict(os.environ, {"CONSTRUCTION_SYNC_KEY": MASTER_KEY}):
            cls.entries(2)
            cls.seal()
        super().setUpClass()

    def setUp(self):
        super().setUp()
        self.keep_outside()

    @rows("C13", "F71")
    def test_a_checkpoint_leaves_the_database_with_an_answer_and_into_a_file(self):
        sealing._known.clear()
        self.addCleanup(sealing._known.clear)
        answer = self.put("vendor", "V-1", {"name": "Ace Concrete"})
        self.assertIn(answer.status_code, (200, 201, 202))
        carried = answer.headers[sealing.HEADER]
        self.assertEqual(carried, self.checkpoint())
        self.assertEqual(self.verify(self.exported(), anchors=[carried])[0], 0)
        cursor = self.beside()
        sealing.anchor(gateway.environment(cursor))
        sealing.anchor(gateway.environment(cursor))
        kept = (self.folder / "anchors").read_text(encoding="utf-8")
        self.assertEqual(len(verify_audit.read_anchors(kept)), 1, "once")
        self.assertEqual(self.verify(self.exported(), anchors=[kept])[0], 0)

    @rows("C13")
    @mute_logger("odoo.addons.construction_sync.pipeline.sealing")
    def test_a_checkpoint_that_cannot_leave_is_told_of(self):
        env = gateway.environment(self.env.cr)
        self.env.cr.execute(
            "INSERT INTO construction_sync_checkpoint (size, at, root, note, edge) "
            "VALUES (1 << 30, (now() AT TIME ZONE 'UTC') - interval '2 hours', 'r', "
            "'n', to_json(ARRAY[repeat('0', 64)]))"
        )
        (self.folder / "anchors").mkdir()
        sealing.anchor(env)
        sealing.watch(env)
        found = self.env["construction.sync.exception"].search(
            [("cause", "=", "audit-unanchored"), ("state", "!=", "resolved")]
        )
        self.assertEqual(len(found), 1)
        (self.folder / "anchors").rmdir()
        sealing.anchor(env)
        sealing.watch(env)
        self.assertEqual(found.state, "resolved")

    def test_sealing_that_is_late_is_told_of_with_its_reason(self):
        env = gateway.environment(self.env.cr)
        journal = audit.Journal(env)
        journal.note("test/late", "updated")
        journal.flush()
        with patch.object(sealing, "LATE", -sealing.LATE):
            sealing.watch(env)
        found = self.env["construction.sync.exception"].search(
            [("cause", "=", "audit-late"), ("state", "!=", "resolved")]
        )
        self.assertIn("wait to be sealed", found.name)

    @rows("FA-K04")
    @mute_logger("odoo.sql_db")
    def test_nobody_changes_an_entry_by_the_software(self):
        entry = self.env["construction.sync.audit"].search([], limit=1)
        for attempt in (
            lambda: entry.write({"reason": "x"}),
            entry.unlink,
            lambda: entry.create({"doc_key": "x", "action": "updated"}),
        ):
            with self.assertRaises(UserError):
                attempt()

    def test_the_button_says_whether_the_audit_is_whole(self):
        audits = self.env["construction.sync.audit"]
        auditor = new_test_user(
            self.env, "seal-auditor", "construction_sync.group_auditor"
        )
        said = audits.with_user(auditor).action_check_integrity()["params"]
        self.assertEqual(
            (said["type"], said["title"]), ("success", "The audit is whole")
        )
        finance = new_test_user(
            self.env, "seal-finance", "construction_sync.group_finance"
        )
        with self.assertRaises(AccessError):
            audits.with_user(finance).action_check_integrity()

    def test_the_buttons_of_the_list_work_without_a_choice(self):
        self.authenticate("admin", "admin")
        for name, said in (
            ("action_check_integrity", "The audit is whole"),
            ("action_export", "/construction_sync/audit/export"),
        ):
            answer = self.make_jsonrpc_request(
                f"/web/dataset/call_button/construction.sync.audit/{name}",
                {
                    "model": "construction.sync.audit", "method": name,
                    "args": [[]], "kwargs": {},
                },
            )  # fmt: skip
            self.assertIn(said, json.dumps(answer))

    @rows("F71")
    def test_an_auditor_exports_and_that_is_written_down(self):
        new_test_user(
            self.env, "seal-exporter",
            "construction_sync.group_auditor,base.group_user",
            password="seal-exporter",
        )  # fmt: skip
        self.authenticate("seal-exporter", "seal-exporter")
        answer = self.url_open("/construction_sync/audit/export")
        self.assertEqual(answer.status_code, 200)
        code, said = self.verify(answer.text.splitlines())
        self.assertEqual(code, 0, said)
        entry = self.env["construction.sync.audit"].search(
            [("doc_key", "=", "odoo>audit")], limit=1
        )
        self.assertEqual(
            (entry.action, entry.at.date()), ("exported", fields.Date.today())
        )


class TestTampering(SealCase):
    """Each way to change a sealed log, and that it is found."""

    def setUp(self):
        super().setUp()
        self.key = f"test/tamper/{uuid.uuid4()}"
        self.entries(4, key=self.key)
        self.seal()
        self.kept = self.checkpoint()
        self.lines = self.exported()

    def found(self, lines, words, anchors=None, **options):
        code, said = self.verify(
            lines, anchors=[self.kept] if anchors is None else anchors, **options
        )
        self.assertEqual(code, 1, f"not noticed: {words}")
        self.assertIn(words, said)

    def changed(self, position, change):
        """The lines with one entry changed by ``change(entry)``."""
        lines = list(self.lines)
        entry = json.loads(lines[position])
        change(entry)
        lines[position] = json.dumps(entry, ensure_ascii=False, separators=(",", ":"))
        return lines

    @rows("FA-K05", "F71")
    def test_every_flipped_sign_of_an_entry(self):
        position = self.at_the_end(self.lines)[0]
        content = json.loads(self.lines[position])["content"]
        for place in range(0, len(content), 7):
            flipped = chr(ord(content[place]) ^ 1)
            if ord(flipped) < 32 or flipped in '"\\' or content[place] in '"\\':
                continue

            def flip(entry, place=place, flipped=flipped):
                text = entry["content"]
                entry["content"] = text[:place] + flipped + text[place + 1 :]

            verification = verify_audit.Verification(
                verify_audit.read_keys(self.keys())
            )
            try:
                right = verification.follow(self.changed(position, flip))
            except verify_audit.Unreadable:
                continue  # no JSON any more
            self.assertFalse(right, f"sign {place} of {content}")

    @rows("FA-K05", "FA-K04")
    def test_a_flip_in_every_part_is_named(self):
        position = self.at_the_end(self.lines)[1]

        def content(entry):
            entry["content"] = entry["content"].replace("Number", "Nvmber")

        def values(entry):
            entry["changes"]["name"][1] = "Mallory"

        def shown(entry):
            entry["shown"]["reason"] = "Agreed"

        def digest(entry):
            entry["hash"] = entry["hash"][:-1] + (
                "0" if entry["hash"][-1] != "0" else "1"
            )

        for change, words in (
            (content, "is not what its hash says"),
            (values, "shows other values than were written"),
            (shown, "shows reason 'Agreed' and says"),
            (digest, "is not what its hash says"),
        ):
            self.found(self.changed(position, change), words)

    @rows("FA-K05")
    def test_an_entry_that_was_taken_out(self):
        lines = list(self.lines)
        del lines[self.at_the_end(lines)[1]]
        self.found(lines, "one is missing or moved")

    @rows("FA-K05")
    def test_an_entry_that_was_put_in(self):
        lines = list(self.lines)
        position = self.at_the_end(lines)[1]
        lines.insert(position, lines[position])
        self.found(lines, "one is missing or moved")

    @rows("FA-K05")
    def test_two_entries_that_changed_places(self):
        lines = list(self.lines)
        one, two = self.at_the_end(lines)[:2]
        lines[one], lines[two] = lines[two], lines[one]
        self.found(lines, "one is missing or moved")

    @rows("FA-K05")
    def test_numbers_that_were_given_anew_after_an_entry_was_taken_out(self):
        lines = list(self.lines)
        gone, *later = self.at_the_end(lines)
        for position in later:
            entry = json.loads(lines[position])
            entry["seq"] -= 1
            lines[position] = json.dumps(entry)
        del lines[gone]
        end = json.loads(lines[-1])
        end["end"] -= 1
        lines[-1] = json.dumps(end)
        self.found(lines, "does not follow the entry")

    @rows("FA-K05", "FA-K06")
    def test_an_end_that_was_cut_off(self):
        lines = list(self.lines)
        for position in reversed(self.at_the_end(lines, 2)):
            del lines[position]
        end = json.loads(lines[-1])
        self.found(lines, "the end was cut off")
        # cut off at a checkpoint, with a right end: only what was kept outside tells
        first = next(i for i, line in enumerate(lines) if '{"checkpoint"' in line[:14])
        cut = lines[: first + 1]
        size = sum(line.startswith('{"seq"') for line in cut)
        totals = {}
        for line in cut:
            if line.startswith('{"seq"'):
                inside = json.loads(json.loads(line)["content"])
                name = f"{inside['at'][:7]} {inside['action']}"
                totals[name] = totals.get(name, 0) + 1
        end.update(end=size, totals=totals)
        cut.append(json.dumps(end))
        self.assertEqual(self.verify(cut)[0], 0, "nothing tells")
        self.found(cut, f"the file ends with {size}: the end was cut off")

    @rows("FA-K05", "F71")
    def test_a_log_that_was_computed_anew_without_the_key(self):
        """Contents, hashes, chains, numbers, roots: everything but the signature."""
        self.found(
            self.anew(self.lines, keep_signatures=True), "is not signed by a key"
        )

    @rows("FA-K05", "FA-K06")
    def test_a_log_that_was_computed_anew_with_another_key(self):
        lines, key = self.anew(self.lines)
        self.found(lines, "is not signed by a key")
        # even who believes the new key has what was kept outside
        self.found(lines, "the log was written anew", keys=f"{self.keys()}\n{key}")

    def anew(self, lines, keep_signatures=False):
        """Change one entry and compute everything after it anew."""
        from cryptography.hazmat.primitives.asymmetric.ed25519 import (
            Ed25519PrivateKey,
        )
        from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

        private = Ed25519PrivateKey.generate()
        public = private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        victim = self.at_the_end(lines)[0]
        tree, heads, made = verify_audit.Tree(), {}, []
        origin = json.loads(lines[0])["origin"]
        for position, line in enumerate(lines):
            found = json.loads(line)
            if "seq" in found:
                inside = json.loads(found["content"])
                if position == victim:
                    inside["reason"] = found["shown"]["reason"] = "Never happened"
                    found["content"] = json.dumps(
                        inside, sort_keys=True, ensure_ascii=False,
                        separators=(",", ":"),
                    )  # fmt: skip
                found["prev"] = heads.get(inside["object"], "")
                found["hash"] = verify_audit.chain(found["prev"], found["content"])
                heads[inside["object"]] = found["hash"]
                tree.add(found["hash"])
            elif "checkpoint" in found:
                old = verify_audit.Checkpoint(found["checkpoint"])
                body = verify_audit.checkpoint_body(origin, tree.size, tree.root())
                if keep_signatures:
                    tail = found["checkpoint"].partition("\n\n")[2]
                else:
                    signature = verify_audit.key_id(old.origin, public) + private.sign(
                        body.encode()
                    )
                    packed = base64.b64encode(signature).decode()
                    tail = f"\u2014 {old.origin} {packed}\n"
                found["checkpoint"] = f"{body}\n{tail}"
            made.append(json.dumps(found, ensure_ascii=False))
        if keep_signatures:
            return made
        return made, verify_audit.key_line(origin, public)

    @rows("FA-K04")
    def test_what_the_owner_of_the_database_changes_behind_the_triggers(self):
        for statement, words in (
            ("UPDATE construction_sync_audit SET content = "
             "replace(content, 'Number 1', 'Number 9') WHERE doc_key = %s",
             "is not what its hash says"),
            ("UPDATE construction_sync_audit SET reason = 'Agreed' WHERE doc_key = %s",
             "shows reason 'Agreed'"),
            ("UPDATE construction_sync_audit SET user_id = 7 WHERE doc_key = %s",
             "shows user '7'"),
            ("DELETE FROM construction_sync_audit WHERE doc_key = %s "
             "AND reason = 'Number 1'",
             "one is missing or moved"),
        ):  # fmt: skip
            cursor = self.beside()
            cursor.execute("ALTER TABLE construction_sync_audit DISABLE TRIGGER ALL")
            cursor.execute(statement, [self.key])
            self.found(self.exported(cursor), words)
            said = sealing.check(cursor)
            self.assertTrue(any(words in finding for finding in said.findings))
            cursor.rollback()

    def test_nonsense_is_said_to_be_unreadable(self):
        for lines in ([], ["no json"], ['{"format": "other"}']):
            code, said = self.verify(lines)
            self.assertEqual(code, 2)
            self.assertIn("Cannot be checked", said)
