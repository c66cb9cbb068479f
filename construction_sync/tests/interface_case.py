"""Ground of the tests that come in by HTTP: systems, clients with keys, calls, drain.

A test calls the interface as an outside system does, lets the carrier's work be done
with ``drain`` and looks at what stands in Odoo.
"""

import base64
import json
import os
import socket
import time
from contextlib import contextmanager
from datetime import datetime, timezone
from itertools import count
from unittest.mock import patch

from odoo.tests import HttpCase, new_test_user, tagged
from odoo.tests.common import HOST, TEST_CURSOR_COOKIE_NAME

from ..adapters.standard_webhooks import signed_headers
from ..pipeline import drain, lanes

BASE = "/construction_sync/v1"
EVENT = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"
PROBLEM = "application/problem+json"
MASTER_KEY = base64.b64encode(b"k" * 32).decode()
ENTITIES = (
    "project", "wbs_node", "cost_code", "cost_type", "segment_value", "vendor",
)  # fmt: skip


@tagged("post_install", "-at_install")
class InterfaceCase(HttpCase):
    """A system ``portal`` with every data type live, and a client that speaks for
    it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.startClassPatcher(
            patch.dict(os.environ, {"CONSTRUCTION_SYNC_KEY": MASTER_KEY})
        )
        cls.numbers = count(1)
        cls.company = cls.env["res.company"].create({"name": "North Contractors"})
        cls.other_company = cls.env["res.company"].create({"name": "South Builders"})
        cls.system = cls.new_system("portal", "Portal")
        cls.client, cls.key = cls.new_client("Portal's client", cls.system)

    def setUp(self):
        super().setUp()
        # the interface counts calls on a connection of its own, outside the test
        self.addCleanup(self._forget_calls)

    def _forget_calls(self):
        lanes.session(self.env.cr.dbname).execute("DELETE FROM construction_sync_rate")

    # ---- what an administrator sets up -------------------------------------------

    @classmethod
    def new_system(cls, code, name, company=None, entities=ENTITIES, **values):
        """A live system with these data types live."""
        system = cls.env["construction.sync.system"].create(
            {
                "code": code,
                "name": name,
                "company_id": (company or cls.company).id,
                **values,
            }
        )
        cls.env["construction.sync.flow"].create(
            [
                {"system_id": system.id, "entity": entity, "state": "live"}
                for entity in entities
            ]
        )
        system.action_go_live()
        return system

    @classmethod
    def new_client(cls, name, systems, **values):
        """A client that speaks for ``systems``, and a key of it in clear."""
        client = cls.env["construction.sync.client"].create(
            {"name": name, "system_ids": [(6, 0, systems.ids)], **values}
        )
        return client, cls.new_key(client)

    @classmethod
    def new_key(cls, client):
        """Press the button that shows a new key once."""
        action = client.action_new_key()
        return cls.env[action["res_model"]].browse(action["res_id"]).key

    @classmethod
    def new_secret(cls, system, kind="hmac", key=bytes(range(32)), **values):
        """A webhook key of ``system``, pasted as an administrator does."""
        prefix = {"hmac": "whsec_", "ed25519": "whpk_"}.get(kind)
        text = prefix + base64.b64encode(key).decode() if prefix else key.decode()
        return cls.env["construction.sync.secret"].create(
            {"system_id": system.id, "kind": kind, "value": text, **values}
        )

    def flow(self, entity="vendor", system=None):
        return (system or self.system).flow_ids.filtered(lambda f: f.entity == entity)

    # ---- what an outside system does ---------------------------------------------

    def call(self, method, path, body=None, key=None, headers=None):
        """One call of the interface with the bytes or JSON value ``body``."""
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
        given = {"Authorization": f"Bearer {key or self.key}", **(headers or {})}
        return self.url_open(
            BASE + path,
            data=body,
            method=method,
            headers={k: v for k, v in given.items() if v is not None},
            allow_redirects=False,
            timeout=60,
        )

    def event(self, external_id, data, entity="vendor", **attributes):
        """An event in canonical words; ``attributes`` replace or add."""
        deleted = attributes.pop("deleted", False)
        number = next(self.numbers)
        event = {
            "specversion": "1.0",
            "id": f"event-{number}",
            "source": "portal",
            "type": f"construction.{entity}.{'deleted.' if deleted else ''}v1",
            "subject": external_id,
            "time": datetime.now(timezone.utc).isoformat(),
            "data": data,
        }
        if event["data"] is None:
            del event["data"]
        event.update(attributes)
        return {name: value for name, value in event.items() if value is not None}

    def vendor(self, external_id="v1", name="Ace Concrete", **attributes):
        """A vendor's event; ``fields`` are further fields of the vendor."""
        more = attributes.pop("fields", {})
        return self.event(external_id, {"name": name, **more}, **attributes)

    def gone(self, external_id, entity="vendor", **attributes):
        """The event of a deletion at the source."""
        return self.event(external_id, None, entity, deleted=True, **attributes)

    def project(self, external_id="p1", number="P-1", **attributes):
        """A project's event; ``fields`` are further fields of the project."""
        more = {"name": f"Project {number}", **attributes.pop("fields", {})}
        return self.event(
            external_id, {"number": number, **more}, "project", **attributes
        )

    def post(self, events, key=None, headers=None):
        """Send one event (a dict or bytes) or a batch (a list)."""
        kind = BATCH if isinstance(events, list) else EVENT
        return self.call(
            "POST", "/events", events, key, {"Content-Type": kind, **(headers or {})}
        )

    def send(self, *events, key=None):
        """Send events that must all be taken; their messages, in order."""
        response = self.post(list(events), key)
        self.assertEqual(response.status_code, 202, response.text)
        answers = response.json()["events"]
        self.assertNotIn("rejected", [a["status"] for a in answers], response.text)
        return self.env["construction.sync.message"].concat(
            *(self.message(answer["message"]) for answer in answers)
        )

    def put(self, entity, external_id, data, key=None, **headers):
        """Send an object; ``Sync_Sequence="3"`` gives the header Sync-Sequence."""
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.call(
            "PUT",
            f"/{entity}/{external_id}",
            data,
            key,
            {"Content-Type": "application/json", **given},
        )

    def get(self, path, key=None, headers=None):
        return self.call("GET", path, None, key, headers)

    def hook(self, raw, message_id="msg_1", code="portal", key=bytes(range(32)),
             at=None, headers=None):  # fmt: skip
        """A signed webhook delivery; ``headers`` replace what would be sent."""
        signed = signed_headers("hmac", key, message_id, raw, at)
        given = {"Content-Type": "application/json", "Authorization": None, **signed}
        return self.call(
            "POST", f"/hooks/{code}", raw, None, {**given, **(headers or {})}
        )

    def wire(self, request, read=True):
        """Send bytes as they are and return all that comes back: for what no HTTP
        library would send. ``{cookie}`` in them becomes the test's own cookie.

        :param read: False hangs up without waiting for the answer
        """
        self.env.cr.flush()
        self.env.cr.clear()
        with self.allow_requests():
            cookie = f"{TEST_CURSOR_COOKIE_NAME}={self.http_request_key}".encode()
            address = (HOST, self.http_port())
            with socket.create_connection(address, timeout=20) as connection:
                connection.sendall(request.replace(b"{cookie}", cookie))
                answer = b""
                if not read:
                    connection.close()
                    time.sleep(0.5)
                    self._wait_remaining_requests()
                    return answer
                connection.shutdown(socket.SHUT_WR)
                while piece := connection.recv(65536):
                    answer += piece
        return answer

    # ---- what happens in the background --------------------------------------------

    def drain(self, *flows):
        """What the carrier does: apply all that is ready; returns how many messages
        got a new state."""
        self.env.flush_all()
        ids = [flow.id for flow in flows] or None
        done, left = drain.run(self.registry, 60, ids)
        self.env.invalidate_all()
        self.assertFalse(left, "the drain did not come to an end")
        return done

    def later(self, **interval):
        """Let time pass for what waits: its moments move into the past."""
        (unit, number), *_rest = interval.items()
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE construction_sync_message SET next_at = next_at - %s::interval "
            "WHERE next_at IS NOT NULL",
            [f"{int(number)} {unit}"],
        )
        self.env.invalidate_all()

    def sweep(self):
        """What the minute's cron does."""
        self.env.flush_all()
        self.env["construction.sync.message"]._cron_wake()
        self.env.invalidate_all()

    # ---- what a person sees --------------------------------------------------------

    def message(self, uuid):
        found = self.env["construction.sync.message"].search([("uuid", "=", uuid)])
        self.assertEqual(len(found), 1, uuid)
        return found

    def messages(self, external_id=None, system=None):
        domain = [("system_id", "=", (system or self.system).id)]
        if external_id is not None:
            domain.append(("external_id", "=", external_id))
        return self.env["construction.sync.message"].search(domain, order="id")

    def states(self, external_id=None):
        return self.messages(external_id).mapped("state")

    def exceptions(self, **values):
        domain = [("system_id", "=", self.system.id)]
        domain += [(name, "=", value) for name, value in values.items()]
        return self.env["construction.sync.exception"].search(domain, order="id")

    def binding(self, external_id, entity="vendor", system=None):
        return self.env["construction.sync.binding"].search(
            [
                ("system_id", "=", (system or self.system).id),
                ("entity", "=", entity),
                ("external_id", "=", external_id),
            ]
        )

    def linked(self, external_id, entity="vendor"):
        """The record in Odoo that the system calls ``external_id``."""
        binding = self.binding(external_id, entity)
        return self.env[
            self.env["construction.sync.handler"]._for(entity)._target
        ].browse(binding.res_id if binding else ())

    def vendors(self, name):
        return (
            self.env["res.partner"]
            .with_context(active_test=False)
            .search([("name", "=", name)])
        )

    def audit(self, **values):
        domain = [(name, "=", value) for name, value in values.items()]
        return self.env["construction.sync.audit"].search(domain, order="id")

    def assertProblem(self, response, status, kind, pointer=None):
        """An RFC 9457 answer of this kind; returns the document."""
        self.assertEqual(response.status_code, status, response.text)
        self.assertTrue(response.headers["Content-Type"].startswith(PROBLEM))
        document = response.json()
        kinds = {document["type"], *(e.get("type") for e in document.get("errors", ()))}
        slugs = {k.rpartition("/")[2].rpartition(":")[2] for k in kinds if k}
        self.assertIn(kind, slugs, document)
        if pointer is not None:
            pointers = [e.get("pointer") for e in document.get("errors", ())]
            self.assertIn(pointer, [document.get("pointer"), *pointers], document)
        return document

    @contextmanager
    def assertNothingStored(self):
        """No message, link, exception or audit entry is left behind."""
        tables = ("message", "binding", "exception", "audit")
        before = {t: self._count(t) for t in tables}
        yield
        self.assertEqual({t: self._count(t) for t in tables}, before)

    def _count(self, table):
        self.env.flush_all()
        return self.env[f"construction.sync.{table}"].search_count([])

    def user(self, login, *groups, companies=None):
        """A user of these groups of the suite, in the test's company."""
        companies = companies or self.company
        return new_test_user(
            self.env,
            login,
            ",".join(f"construction_sync.group_{group}" for group in groups),
            company_id=companies[0].id,
            company_ids=[(6, 0, companies.ids)],
        )
