"""``Idempotency-Key``: the same call again gets the same answer, and no second effect.

The fingerprint is over the raw bytes, each part with its length, so that no two calls
share one. The key is stored in the transaction that stores the message, or with the
refusal; keys of one client mean nothing to another.
"""

import hashlib
import json
import re
import time
from dataclasses import dataclass

from psycopg2.errors import LockNotAvailable, UniqueViolation

from odoo.http import request
from odoo.tools import SQL

from ..pipeline import audit, gateway
from ..schemas.problem import Problem
from . import endpoint

TAKEN = (UniqueViolation, LockNotAvailable)
LOCK_TIMEOUT = "2s"
KEPT_ANSWER = 64 * 1024
_PLAIN = re.compile(r"[!-~](?:[ -~]{0,253}[!-~])?")


@dataclass(slots=True)
class Call:
    """One call with a key: its client, key and fingerprint."""

    client_id: int
    key: str
    fingerprint: str

    @classmethod
    def presented(cls, who, sent, required, operation, raw):
        """The call, or None when it has no key and needs none.

        The key is a quoted string as the draft standard writes it; without quotes it
        is taken too (FA-A07).

        :raises Refused: 400 missing or malformed
        """
        if not sent:
            if required:
                raise endpoint.Refused(
                    Problem(
                        "idempotency-key-missing",
                        "This call moves money: send an Idempotency-Key.",
                        "Idempotency-Key",
                    )
                )
            return None
        text = sent[0].strip()
        if len(text) >= 2 and text[0] == text[-1] == '"':
            text = text[1:-1]
        if len(sent) != 1 or not _PLAIN.fullmatch(text):
            raise endpoint.Refused(
                Problem(
                    "idempotency-key-invalid",
                    "The key has 1 to 255 printable ASCII characters and is sent once.",
                    "Idempotency-Key",
                )
            )
        digest = hashlib.sha256()
        for part in (*(p.encode() for p in operation), raw):
            digest.update(len(part).to_bytes(8, "big"))
            digest.update(part)
        return cls(who.client_id, text, digest.hexdigest())

    def values(self):
        """The row to store with the message; its name comes with the message."""
        return {
            "client_id": self.client_id,
            "key": self.key,
            "fingerprint": self.fingerprint,
        }

    def earlier(self, wait=False):
        """The answer to the same call made before, if there is one.

        :param wait: another worker has just taken the key: give it a moment
        :raises Refused: 422 when the key was used with another call
        """
        from . import answers  # answers keeps what it found through this class

        for attempt in range(20 if wait else 1):
            row = self._row()
            if row is None and not wait:
                return None
            if row is not None:
                fingerprint, uuid, status, text, headers = row
                if fingerprint != self.fingerprint:
                    self._reused()
                if status:
                    return self._replay(status, text, headers)
                if uuid:
                    response = answers.of_message(uuid, {}, self)
                    response.headers["Idempotent-Replayed"] = "true"
                    return response
            time.sleep(0.05 * min(attempt + 1, 4))
        return None

    def _row(self):
        try:
            with request.env.registry.cursor() as cr:
                cr.execute(SQL("SELECT set_config('lock_timeout', %s, true)",
                               LOCK_TIMEOUT))  # fmt: skip
                cr.execute(
                    SQL(
                        """
                        SELECT fingerprint, message_uuid, status, answer, headers
                          FROM construction_sync_idempotency
                         WHERE client_id = %s AND key = %s
                           FOR SHARE
                        """,
                        self.client_id,
                        self.key,
                    )
                )
                return cr.fetchone()
        except LockNotAvailable as error:
            raise endpoint.Refused(*self._running()) from error

    @staticmethod
    def _running():
        return (
            Problem(
                "idempotency-key-running", "The same call is being answered right now."
            ),
            {"Retry-After": "1"},
        )

    def running(self):
        """The answer while the first call is not finished."""
        problem, headers = self._running()
        return endpoint.problem_response(problem, headers)

    def _replay(self, status, text, headers):
        headers = {**(headers or {}), "Idempotent-Replayed": "true"}
        return request.make_response(
            text or "", headers=list(headers.items()), status=status
        )

    def _reused(self):
        """Another call under the same key: refused, and noted as a security event."""
        with request.env.registry.cursor() as cr:
            journal = audit.Journal(gateway.environment(cr))
            journal.note(
                f"client:{self.client_id}",
                "refused",
                reason="An Idempotency-Key was used with another call.",
            )
            journal.flush()
        raise endpoint.Refused(
            Problem(
                "idempotency-key-reused",
                "The key was used before with another call; its effect stands.",
                "Idempotency-Key",
            )
        )

    def keep(self, response):
        """Keep a final answer; a server error is never kept (FA-A09)."""
        if response.status_code >= 500:
            return
        text = response.get_data(as_text=True)
        headers = {
            k: v
            for k, v in response.headers.items()
            if k in ("Content-Type", "Location", "ETag", "Sync-Sequence")
        }
        with request.env.registry.cursor() as cr:
            cr.execute(
                SQL(
                    """
                    INSERT INTO construction_sync_idempotency AS i
                           (client_id, key, fingerprint, status, answer, headers,
                            created_at)
                    VALUES (%s, %s, %s, %s, %s, %s, now() AT TIME ZONE 'UTC')
                    ON CONFLICT (client_id, key) DO UPDATE
                       SET status = EXCLUDED.status, answer = EXCLUDED.answer,
                           headers = EXCLUDED.headers
                     WHERE i.fingerprint = EXCLUDED.fingerprint AND i.status IS NULL
                    """,
                    self.client_id,
                    self.key,
                    self.fingerprint,
                    response.status_code,
                    text[:KEPT_ANSWER],
                    json.dumps(headers),
                )
            )
