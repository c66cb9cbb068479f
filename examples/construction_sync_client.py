"""A small client of the Construction Sync interface, to copy and change.

Needs ``requests``. It repeats what may be repeated, and nothing else.
"""

import json
import random
import time
import uuid
from datetime import datetime, timezone
from urllib.parse import quote

import requests

REPEAT = {408, 425, 429, 500, 502, 503, 504}
ON_ITS_WAY = {"ready", "waiting", "retry"}


class Refused(Exception):
    """The server refused a call; ``problem`` is its RFC 9457 problem document."""

    def __init__(self, response):
        try:
            self.problem = response.json()
        except ValueError:
            self.problem = {
                "title": response.text[:200],
                "status": response.status_code,
            }
        super().__init__(self.problem.get("detail") or self.problem.get("title"))


class Client:
    """Speaks for one system.

    :param base: Odoo's address, such as ``http://127.0.0.1:8069``
    :param key: a key of the registered client
    :param source: the code of the system it speaks for
    """

    def __init__(self, base, key, source):
        self.base = base.rstrip("/")
        self.api = self.base + "/construction_sync/v1"
        self.source = source
        self.session = requests.Session()
        self.session.headers["Authorization"] = f"Bearer {key}"

    def call(self, method, path, tries=6, **options):
        """One call, repeated with the same bytes while the server is busy or away."""
        address = path if path.startswith("http") else self.api + path
        for attempt in range(tries):
            last = attempt == tries - 1
            pause = min(30, 0.5 * 2**attempt) * random.uniform(0.8, 1.2)
            try:
                response = self.session.request(
                    method, address, timeout=(5, 60), **options
                )
            except requests.ConnectionError:
                if last:
                    raise
            else:
                if response.status_code not in REPEAT or last:
                    return response
                pause = max(pause, float(response.headers.get("Retry-After", 0)))
            time.sleep(pause)

    def event(self, entity, external_id, data, version):
        """A canonical event. Keep its id: whoever repeats it repeats the same id."""
        return {
            "specversion": "1.0",
            "id": str(uuid.uuid4()),
            "source": self.source,
            "type": f"construction.{entity}.v1",
            "subject": external_id,
            "time": datetime.now(timezone.utc).isoformat(),
            "sequence": str(version),
            "data": data,
        }

    def send(self, events):
        """Send up to 1,000 events; the answer has one status per event."""
        response = self.call(
            "POST",
            "/events",
            data=json.dumps(events).encode(),
            headers={"Content-Type": "application/cloudevents-batch+json"},
        )
        if response.status_code not in (202, 422):
            raise Refused(response)
        return response.json()

    def put(self, entity, external_id, data, version, idempotency_key=None):
        """Put one object; applied before the answer."""
        response = self.call(
            "PUT",
            f"/{entity}/{quote(external_id, safe='')}",
            data=json.dumps(data).encode(),
            headers={
                "Content-Type": "application/json",
                "Sync-Sequence": str(version),
                "Idempotency-Key": f'"{idempotency_key or uuid.uuid4()}"',
            },
        )
        if response.status_code >= 400:
            raise Refused(response)
        return response.json()

    def get(self, entity, external_id):
        """One object by your own id, or None."""
        response = self.call("GET", f"/{entity}/{quote(external_id, safe='')}")
        if response.status_code == 404:
            return None
        if response.status_code >= 400:
            raise Refused(response)
        return response.json()

    def walk(self, entity, limit=100):
        """All objects that the key may see, page by page."""
        page = f"/{entity}?limit={limit}"
        while page:
            response = self.call("GET", page)
            if response.status_code >= 400:
                raise Refused(response)
            yield from response.json()["items"]
            following = response.links.get("next", {}).get("url")
            page = requests.compat.urljoin(self.base, following) if following else None

    def wait(self, message, seconds=30):
        """Until a message is through: its last state and history."""
        deadline = time.monotonic() + seconds
        while True:
            response = self.call("GET", f"/messages/{message}")
            if response.status_code >= 400:
                raise Refused(response)
            standing = response.json()
            if standing["state"] not in ON_ITS_WAY or time.monotonic() > deadline:
                return standing
            time.sleep(0.3)
