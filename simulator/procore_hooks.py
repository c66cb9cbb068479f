"""Webhooks of the simulated Procore: they name a request and say nothing of it. Some
come twice, some never."""

import queue
import secrets
import threading
from datetime import datetime, timezone

import requests

from . import SIMULATOR_HEADER

TRIES = 5
PAUSE = 0.5
TIMEOUT = 10


class Hooks:
    """Sends webhooks, each a few times until it is taken.

    :param address: where they go, None for nowhere
    :param authorization: the header that was agreed
    :param version: 2, 3 or 4
    """

    def __init__(self, company_id, address=None, authorization="", version=4):
        self.company_id = company_id
        self.address = address
        self.authorization = authorization
        self.version = version
        self.sent, self.discarded = [], []
        #: every n-th is sent twice, every n-th is never sent; 0 for none
        self.duplicate_every = self.discard_every = 0
        self._count = 0
        self._waiting = queue.Queue()
        self._stopped = threading.Event()
        self._thread = None

    def start(self):
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def stop(self):
        self._stopped.set()
        self._waiting.put(None)

    def tell(self, request_id, resource="ERP Requests", reason="create"):
        """Announce a request."""
        if not self.address:
            return
        self._count += 1
        if self.discard_every and self._count % self.discard_every == 0:
            self.discarded.append(request_id)
            return
        notice = self.notice(request_id, resource, reason)
        twice = self.duplicate_every and self._count % self.duplicate_every == 0
        for _again in range(2 if twice else 1):
            self._waiting.put(notice)

    def notice(self, resource_id, resource="ERP Requests", reason="create"):
        """The body of one webhook."""
        now = datetime.now(timezone.utc).isoformat().replace("+00:00", "Z")
        ulid = secrets.token_hex(13).upper()
        if self.version == 4:
            return {
                "id": ulid,
                "timestamp": now,
                "reason": reason,
                "company_id": str(self.company_id),
                "project_id": None,
                "user_id": "5447",
                "resource_type": resource,
                "resource_id": str(resource_id),
            }
        body = {
            "id": secrets.randbelow(10**9),
            "ulid": ulid,
            "timestamp": now,
            "metadata": {"source_user_id": 5447},
            "user_id": 5447,
            "company_id": self.company_id,
            "project_id": None,
            "api_version": f"v{self.version}.0",
            "event_type": reason,
            "resource_name": resource,
            "resource_id": resource_id,
        }
        if self.version == 3:
            body["related_resources"] = []
        return body

    def _run(self):
        with requests.Session() as session:
            session.trust_env = False
            while (notice := self._waiting.get()) is not None:
                self._send(session, notice)

    def _send(self, session, notice):
        headers = dict([SIMULATOR_HEADER], Authorization=self.authorization)
        for _try in range(TRIES):
            try:
                answer = session.post(
                    self.address, json=notice, headers=headers, timeout=TIMEOUT,
                    allow_redirects=False,
                )  # fmt: skip
                self.sent.append((notice["resource_id"], answer.status_code))
                if answer.status_code < 300:
                    return
            except requests.RequestException as error:
                self.sent.append((notice["resource_id"], type(error).__name__))
            if self._stopped.wait(PAUSE):
                return
