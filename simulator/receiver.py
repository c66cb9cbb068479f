"""A receiver of Odoo's webhooks, as a careful integrator writes one: it verifies,
recognises what it had already, keeps a log, and answers. And, by switch, as others do.

Two addresses, both on loopback: ``address`` takes webhooks and answers the question
whether one arrived (``GET /received/<webhook-id>``); ``control`` shows a page and the
log and turns the switches, whatever state the first one is in.
"""

import hashlib
import json
import threading
from collections import Counter

from . import certificates, receiver_control
from .listener import Listener, Said
from .receive_log import TELLING, ReceiveLog, stamp
from .trouble import FAULTS, Trouble
from .verification import NotProven, Verifier

JSON = {"Content-Type": "application/json"}


class Receiver:
    """One receiver.

    :param code: its name in the log
    :param log: path of the receive log (pathlib.Path), None to keep it in memory
    :param verifier: what proves a delivery (``verification.Verifier``)
    :param trouble: its switches (``trouble.Trouble``)
    :param keep_bodies: write the events themselves to the log
    """

    def __init__(
        self, code, log=None, verifier=None, trouble=None, *, keep_bodies=False
    ):
        self.code = code
        self.log = ReceiveLog(log)
        self.verifier = verifier or Verifier()
        self.trouble = trouble or Trouble()
        self.keep_bodies = keep_bodies
        self.counts = Counter()
        self.known = {}
        self.latest = {}
        self._lock = threading.Lock()
        self._authority = None
        self._door = Listener(self._handle, self._early, f"{code}-receiver")
        self._control = Listener(
            lambda asked: receiver_control.handle(self, asked), name=f"{code}-control"
        )

    # ---- life ----------------------------------------------------------------------

    def start(self, port=0, control_port=0):
        """Begin to listen; returns itself."""
        self._control.start(control_port)
        self._door.start(port, self._tls())
        if self.trouble.down:
            self._door.close_door()
        return self

    def stop(self):
        """Stop listening and close the log."""
        self._door.stop()
        self._control.stop()
        self.log.close()

    @property
    def address(self):
        """Where Odoo sends its webhooks."""
        return f"{self._door.address}/webhooks"

    @property
    def control(self):
        """Where the page and the switches are."""
        return self._control.address

    @property
    def authority_file(self):
        """The authority that signed the good certificate, as a file; made when asked
        for."""
        if self._authority is None:
            self._authority = certificates.Authority()
        return self._authority.file

    def change(self, **values):
        """Turn switches while it runs.

        :raises ValueError: a switch or value is not known
        """
        before = self.trouble.down, self.trouble.certificate
        self.trouble.change(values)
        now = self.trouble.down, self.trouble.certificate
        if now == before:
            return
        if not before[0]:
            self._door.close_door()
        if not now[0]:
            self._door.open_door(self._tls())

    def _tls(self):
        if self.trouble.certificate == "none":
            return None
        if self._authority is None:
            self._authority = certificates.Authority()
        return self._authority.context(self.trouble.certificate)

    # ---- taking ---------------------------------------------------------------------

    def _early(self, asked):
        """A reset before the body is read; everything else waits for the body."""
        if asked.method != "POST":
            return None
        fault = self.trouble.next_fault()
        if FAULTS[fault][1]:
            asked.headers[":fault"] = fault
            return None
        self._write(asked, None, fault=fault, received=False, answer=None)
        return Said(conduct=FAULTS[fault][0], after=self.trouble.delay())

    def _handle(self, asked):
        if asked.method == "GET" and asked.path.startswith("/received/"):
            return self._probed(asked.path.removeprefix("/received/"))
        if asked.method != "POST":
            return Said(405, b"Send webhooks by POST.\n", {"Allow": "POST"})
        fault = asked.headers.pop(":fault", "none")
        try:
            proof = self.verifier.verify(asked.body, asked.headers, self.trouble.now())
        except NotProven as error:
            self._write(asked, f"refused: {error}", fault=fault, answer=401)
            return Said(401, after=self.trouble.delay(), headers=self._date())
        received = self.trouble.counts(fault)
        said = self._said(fault)
        silent = FAULTS[fault][0] not in ("proper", "truncated", "slow_loris")
        self._write(
            asked, proof, fault=fault, received=received,
            answer=None if silent else said.status,
        )  # fmt: skip
        return said

    def _said(self, fault):
        said = Said(204, headers=self._date(), after=self.trouble.delay())
        said.conduct = FAULTS[fault][0]
        if fault == "none":
            return said
        said.status, said.body = 200, b'{"status": "received", "by": "a simulator"}'
        said.headers.update(JSON)
        if fault in ("status", "redirect"):
            said.status = self.trouble.status
            said.body = b'{"error": "simulated"}'
            if fault == "redirect":
                said.status = said.status if 300 <= said.status < 400 else 307
                said.headers["Location"] = self.trouble.location
            if text := self.trouble.retry_after_text():
                said.headers["Retry-After"] = text
        elif fault == "error_in_body":
            said.body = json.dumps(
                {"entities": [], "errors": [{"errors": {"name": ["is simulated"]}}]}
            ).encode()
        return said

    def _date(self):
        moment = self.trouble.now()
        return {"Date": moment.strftime("%a, %d %b %Y %H:%M:%S GMT")}

    def _probed(self, delivery_id):
        """The answer to: did you get this one?"""
        self.counts["probes"] += 1
        if self.trouble.probe == "absent":
            return Said(404, b"No such page.\n", {"Content-Type": "text/plain"})
        if self.trouble.probe == "lost":
            return Said(conduct="silent")
        with self._lock:
            digest = self.known.get(delivery_id)
        answer = {"id": delivery_id, "received": digest is not None, "sha256": digest}
        return Said(200, json.dumps(answer).encode(), dict(JSON))

    def _write(self, asked, proof, *, fault, answer, received=False):
        """Note a call, and remember what was taken."""
        event = _event(asked.body)
        digest = hashlib.sha256(asked.body).hexdigest()
        delivery_id = asked.headers.get("webhook-id", "")
        with self._lock:
            number = self.counts["calls"] = self.counts["calls"] + 1
            earlier = self.known.get(delivery_id)
            duplicate = received and earlier is not None
            if duplicate:
                self.counts["duplicates"] += 1
                if earlier != digest:
                    self.counts["other_bytes"] += 1
            elif received:
                self.known[delivery_id] = digest
                self.counts["received"] += 1
                self._remember(event)
            if fault != "none":
                self.counts["faults"] += 1
            if (proof or "").startswith("refused"):
                self.counts["refused"] += 1
        headers = asked.headers
        self.log.write(
            {
                "at": stamp(),
                "receiver": self.code,
                "number": number,
                "method": asked.method,
                "path": asked.path,
                "id": delivery_id or None,
                "timestamp": headers.get("webhook-timestamp"),
                "headers": {name: headers[name] for name in TELLING if name in headers},
                "sha256": digest if asked.body else None,
                "bytes": len(asked.body),
                "subject": event.get("subject"),
                "type": event.get("type"),
                "sequence": event.get("sequence"),
                "odooid": event.get("odooid"),
                "time": event.get("time"),
                "deleted": ".deleted." in str(event.get("type")),
                "proof": proof,
                "duplicate": duplicate,
                "received": received,
                "fault": fault,
                "answer": answer,
                "body": event if self.keep_bodies and event else None,
            }
        )

    def _remember(self, event):
        """The newest state per object; what is older than it came out of order."""
        sequence = str(event.get("sequence") or "")
        if not sequence.isdigit():
            return
        entity = str(event.get("type")).split(".")[1:2]
        key = (entity[0] if entity else "", str(event.get("odooid")))
        if self.latest.get(key, (0, None))[0] > int(sequence):
            self.counts["out_of_order"] += 1
            return
        self.latest[key] = int(sequence), event

    def objects(self):
        """``{(entity, Odoo's id): newest event}`` of all that it has."""
        with self._lock:
            return {key: event for key, (_sequence, event) in self.latest.items()}


def _event(body):
    """The event as an object, {} when the body is none."""
    try:
        event = json.loads(body)
    except ValueError:
        return {}
    return event if isinstance(event, dict) else {}
