"""Write audit entries: in the transaction of the effect, chained per object.

``content`` is canonical JSON of the entry; ``hash`` covers the hash of the object's
previous entry and the content, so that an entry cannot be changed, taken out or moved
without every later hash of the object being wrong. The values before and after stand
beside it and only their salted hash inside, so that they could be erased one day
without breaking the chain.
"""

import json
import os
from datetime import datetime, timezone

from odoo.tools import SQL

from ..verify_audit import chain, salted

COLUMNS = (
    "doc_key", "at", "action", "system_id", "company_id", "message_id", "user_id",
    "res_model", "res_id", "reason", "changes", "content", "prev_hash", "hash",
)  # fmt: skip


def doc_key(system_code, entity, external_id, company_id=None):
    """Name of an object's chain."""
    scope = f"@{company_id}" if company_id else ""
    return f"{system_code}/{entity}{scope}/{external_id}"


class Journal:
    """Entries of one transaction, written together by ``flush``."""

    def __init__(self, env, user_id=None):
        self.env = env
        self.user_id = user_id if user_id is not None else env.uid
        self.rows = []
        self._heads = {}

    def prefetch(self, keys):
        """Read the heads of many chains in one query."""
        keys = [key for key in keys if key not in self._heads]
        if not keys:
            return
        self.env.cr.execute(
            SQL(
                """
                SELECT k, (SELECT hash FROM construction_sync_audit a
                            WHERE a.doc_key = k ORDER BY a.id DESC LIMIT 1)
                  FROM unnest(%s::text[]) k
                """,
                keys,
            )
        )
        self._heads.update(self.env.cr.fetchall())

    def note(
        self,
        key,
        action,
        *,
        system_id=None,
        company_id=None,
        message=None,
        record=None,
        reason=None,
        changes=None,
        facts=None,
    ):
        """Add one entry; returns its hash, the new head of the chain.

        :param message: ``(id, uuid)`` of the message that caused it
        :param record: ``(model, id)`` of the Odoo record
        :param changes: ``{field: [before, after]}`` as texts
        :param facts: further members of the content (version, content hash)
        """
        at = datetime.now(timezone.utc).replace(tzinfo=None)
        content = {
            "object": key,
            "action": action,
            "at": at.isoformat(timespec="milliseconds") + "Z",
            "user": self.user_id,
        }
        if message:
            content["message"] = message[1]
        if record and record[1]:
            content["record"] = f"{record[0]},{record[1]}"
        if reason:
            content["reason"] = reason
        if facts:
            content.update(facts)
        if changes:
            salt = os.urandom(16).hex()
            content["changes"] = salted(changes, salt)
            content["salt"] = salt
        text = json.dumps(
            content, sort_keys=True, ensure_ascii=False, separators=(",", ":")
        )
        prev_hash = self._prev(key)
        digest = chain(prev_hash, text)
        self._heads[key] = digest
        self.rows.append(
            (
                key,
                at,
                action,
                system_id or None,
                company_id or None,
                message[0] if message else None,
                self.user_id,
                record[0] if record and record[1] else None,
                (record[1] if record else None) or None,
                reason or None,
                json.dumps(changes, ensure_ascii=False) if changes else None,
                text,
                prev_hash,
                digest,
            )
        )
        return digest

    def _prev(self, key):
        self.prefetch([key])
        return self._heads[key]

    def flush(self):
        """Insert what was noted, in order."""
        if not self.rows:
            return
        columns = list(zip(*self.rows, strict=True))
        kinds = (
            "text", "timestamp", "text", "int", "int", "int", "int", "text", "int",
            "text", "jsonb", "text", "text", "text",
        )  # fmt: skip
        self.env.cr.execute(_insert(columns, kinds))
        self.rows.clear()


def _insert(columns, kinds):
    """One statement for all rows: arrays in, rows out, in the order given."""
    arrays = SQL(", ").join(
        SQL(f"%s::{kind}[]", list(column))
        for kind, column in zip(kinds, columns, strict=True)
    )
    names = SQL(", ").join(SQL.identifier(c) for c in COLUMNS)
    return SQL(
        "INSERT INTO construction_sync_audit (%s) SELECT * FROM unnest(%s)",
        names,
        arrays,
    )
