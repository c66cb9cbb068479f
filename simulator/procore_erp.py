"""A stand-in for Procore's ERP integration over real HTTP on loopback.

It follows the published contract: OAuth2 client credentials, ``Procore-Company-Id``,
rate limit headers and 429, ``Link`` and ``Total``, sync actions that answer 200 with
``entities`` and ``errors``, ERP requests and their details. What a person does in
Procore is a method of ``company``, or a ``POST /people`` to its control address.

Everything it was asked stands in its receive log (``receive_log.py``).
"""

import hashlib
import html
import json
import re
import secrets
import threading
import time
from urllib.parse import parse_qs, unquote_plus, urlsplit

from . import NOTICE
from .listener import Listener, Said
from .page import STYLE
from .procore_company import Company, Refused
from .procore_hooks import Hooks
from .receive_log import TELLING, ReceiveLog, stamp
from .trouble import FAULTS, Trouble

JSON = {"Content-Type": "application/json"}
TEXT = {"Content-Type": "text/plain; charset=utf-8"}
HTML = {"Content-Type": "text/html; charset=utf-8"}
BASE = "/rest/v1.0"
TOO_MANY = (
    "You have surpassed the max number of requests for an hour. "
    "Please wait until your limit resets."
)
#: path -> what it lists or keeps; ``{c}`` is the company, ``{id}`` an object
SYNCS = {"vendors": "vendors", "projects": "projects", "standard_cost_codes": "codes"}
PEOPLE = (
    "new_vendor", "new_project", "new_code", "accept_vendor", "accept_project",
    "accept_codes", "import_staged", "link_vendor", "press_sync",
)  # fmt: skip


class ProcoreErp:
    """One simulated Procore.

    :param company: what stands in it (``procore_company.Company``)
    :param client: ``(client id, client secret)`` of the service account
    :param limit: calls per hour
    :param spike: calls per ten seconds, 0 for any number
    """

    code = "procore-erp"

    def __init__(
        self, company=None, client=("erp-client", "erp-secret"), log=None,
        hooks=None, limit=3600, spike=0,
    ):  # fmt: skip
        self.company = company or Company()
        self.client = client
        self.log = ReceiveLog(log)
        self.hooks = hooks or Hooks(self.company.number)
        self.limit, self.spike = limit, spike
        self.trouble = Trouble()
        self.token_seconds = 5400
        self.tokens = {}
        self.token_calls = 0
        self._windows = {3600: [0.0, 0], 10: [0.0, 0]}
        self._count = 0
        self._lock = threading.Lock()
        self._door = Listener(self._handle, self._early, "procore-erp")
        self._control = Listener(self._people, name="procore-erp-control")
        self._told = 0

    # ---- life -----------------------------------------------------------------------

    def start(self, port=0, control_port=0):
        """Begin to listen; returns itself."""
        self._control.start(control_port)
        self._door.start(port)
        self.hooks.start()
        return self

    def stop(self):
        self.hooks.stop()
        self._door.stop()
        self._control.stop()
        self.log.close()

    @property
    def address(self):
        return self._door.address

    @property
    def token_address(self):
        return f"{self.address}/oauth/token"

    @property
    def control(self):
        return self._control.address

    def change(self, **values):
        """Turn switches (``trouble.Trouble``) while it runs."""
        was_down = self.trouble.down
        self.trouble.change(values)
        if self.trouble.down and not was_down:
            self._door.close_door()
        elif was_down and not self.trouble.down:
            self._door.open_door()

    def announce(self):
        """Send the webhooks of requests that were made since the last time."""
        with self._lock:
            fresh = self.company.told[self._told :]
            self._told += len(fresh)
        for number in fresh:
            self.hooks.tell(number)

    # ---- taking calls ---------------------------------------------------------------

    def _early(self, asked):
        fault = self.trouble.next_fault() if asked.path != "/oauth/token" else "none"
        if fault != "none" and not FAULTS[fault][1]:
            self._write(asked, fault, None, False)
            return Said(conduct=FAULTS[fault][0], after=self.trouble.delay())
        asked.headers[":fault"] = fault
        return None

    def _handle(self, asked):
        fault = asked.headers.pop(":fault", "none")
        taken = self.trouble.counts(fault)
        if fault in ("status", "redirect", "error_in_body") and not taken:
            said = self._faulty(fault)
        else:
            said = self._answer(asked)
            if fault in ("status", "redirect"):
                said = self._faulty(fault)
            elif fault != "none":
                said.conduct = FAULTS[fault][0]
        said.after = self.trouble.delay()
        said.headers["Date"] = self.trouble.now().strftime("%a, %d %b %Y %H:%M:%S GMT")
        silent = said.conduct not in ("proper", "truncated", "slow_loris")
        self._write(asked, fault, None if silent else said.status, taken)
        return said

    def _faulty(self, fault):
        said = Said(self.trouble.status, b'{"errors": "simulated"}', dict(JSON))
        if fault == "redirect":
            said.headers["Location"] = self.trouble.location
        if text := self.trouble.retry_after_text():
            said.headers["Retry-After"] = text
        return said

    def _answer(self, asked):
        if asked.path == "/oauth/token" and asked.method == "POST":
            return self._token(asked)
        bearer = asked.headers.get("authorization", "").removeprefix("Bearer ")
        if self.tokens.get(bearer, 0) < time.time():
            return _json({"errors": "Invalid Authentication Token"}, 401)
        headers, over = self._pace()
        if over:
            return Said(429, TOO_MANY.encode(), {**TEXT, **headers})
        company = asked.headers.get("procore-company-id")
        if company != str(self.company.number) and asked.path != f"{BASE}/companies":
            said = _json({"errors": "Company not found for this account"}, 403)
        else:
            try:
                said = self._route(asked)
            except Refused as error:
                said = _json({"errors": str(error)}, error.status)
            except (ValueError, KeyError, TypeError) as error:
                said = _json({"errors": f"{type(error).__name__}: {error}"}, 400)
        said.headers.update(headers)
        return said

    def _token(self, asked):
        form = {n: v[-1] for n, v in parse_qs(asked.body.decode()).items()}
        self.token_calls += 1
        offered = form.get("client_id"), form.get("client_secret")
        if form.get("grant_type") != "client_credentials" or offered != self.client:
            return _json({"error": "invalid_client"}, 401)
        token = secrets.token_urlsafe(24)
        self.tokens[token] = time.time() + self.token_seconds
        return _json(
            {
                "access_token": token,
                "token_type": "Bearer",
                "expires_in": self.token_seconds,
                "created_at": int(time.time()),
            }
        )

    def _pace(self):
        """``(rate limit headers, whether it is too many)``."""
        now, over = time.time(), False
        found = {}
        for seconds, most in ((10, self.spike), (3600, self.limit)):
            if not most:
                continue
            window = self._windows[seconds]
            if now - window[0] >= seconds:
                window[:] = [now, 0]
            window[1] += 1
            over = over or window[1] > most
            if not found or window[1] > most or seconds == 3600:
                found = {
                    "X-Rate-Limit-Limit": str(most),
                    "X-Rate-Limit-Remaining": str(max(most - window[1], 0)),
                    "X-Rate-Limit-Reset": str(int(window[0] + seconds) + 1),
                }
            if window[1] > most:
                return found, True
        return found, over

    def _route(self, asked):
        path = asked.path.removeprefix(BASE)
        inside = path.removeprefix(f"/companies/{self.company.number}")
        query = _query(asked.target)
        body = json.loads(asked.body or b"{}") if asked.method != "GET" else {}
        if asked.method == "GET":
            return self._show(asked, path, inside, query)
        if asked.method in ("PATCH", "PUT"):
            if inside == "/staged_records/sync":
                return _sync(self.company.stage(body["updates"]))
            if inside == "/external_data/sync":
                return _sync(self.company.mark(body["updates"]))
            if found := re.fullmatch(r"/erp_request_details/(\d+)", inside):
                detail = body["request_detail"]
                return _json(
                    self.company.close(
                        int(found[1]), detail.get("status"), detail.get("messages", [])
                    )
                )
            if found := re.fullmatch(r"/(\w+)/sync", path):
                if kind := SYNCS.get(found[1]):
                    if str(body.get("company_id")) != str(self.company.number):
                        raise Refused(403, "company_id is not yours")
                    return _sync(self.company.sync(kind, body["updates"]))
        raise Refused(404, "Not Found")

    def _show(self, asked, path, inside, query):
        filters = {
            name[8:-1]: value
            for name, value in query.items()
            if name.startswith("filters[") and name != "filters[updated_at]"
        }
        company = self.company
        if path == "/companies":
            return _json([{"id": company.number, "name": "Simulated company"}])
        if found := re.fullmatch(r"/erp_requests/(\d+)", inside):
            request = company.requests.get(int(found[1]))
            if request is None:
                raise Refused(404, "Not Found")
            return _json(request)
        if inside == "/erp_requests":
            rows = [
                {n: v for n, v in row.items() if n != "request_data"}
                for row in company.listed("requests", filters)
                if _since(query, row)
            ]
        elif inside == "/erp_request_details":
            rows = company.listed("details", filters)
        elif inside == "/staged_records":
            rows = company.listed("staged", filters)
        elif kind := SYNCS.get(path.removeprefix("/")):
            rows = company.listed(kind, filters)
        else:
            raise Refused(404, "Not Found")
        return self._page(asked, rows, query)

    def _page(self, asked, rows, query):
        page = max(int(query.get("page", 1)), 1)
        per_page = min(max(int(query.get("per_page", 100)), 1), 100)
        shown = rows[(page - 1) * per_page : page * per_page]
        said = _json(shown)
        said.headers.update({"Total": str(len(rows)), "Per-Page": str(per_page)})
        if page * per_page < len(rows):
            link = f"{self.address}{asked.path}?page={page + 1}&per_page={per_page}"
            said.headers["Link"] = f'<{link}>; rel="next"'
        return said

    def _write(self, asked, fault, answer, taken):
        with self._lock:
            self._count += 1
            number = self._count
        secret = asked.path == "/oauth/token"
        try:
            body = json.loads(asked.body) if asked.body and not secret else None
        except ValueError:
            body = None
        headers = asked.headers
        self.log.write(
            {
                "at": stamp(),
                "receiver": self.code,
                "number": number,
                "method": asked.method,
                "path": asked.path,
                "headers": {name: headers[name] for name in TELLING if name in headers},
                "sha256": hashlib.sha256(asked.body).hexdigest() if body else None,
                "bytes": len(asked.body),
                "received": taken and bool(answer is None or answer < 300),
                "fault": fault,
                "answer": answer,
                "body": body,
            }
        )

    # ---- its people -----------------------------------------------------------------

    def _people(self, asked):
        """The control address: a page, switches, and what people do in Procore."""
        if asked.method == "GET":
            return self._shown(asked.path)
        origin = asked.headers.get("origin")
        if origin and origin != f"http://{asked.headers.get('host')}":
            return Said(403, b"Call this simulator from its own page.\n", dict(TEXT))
        try:
            values = json.loads(asked.body or b"{}")
            if asked.path == "/faults":
                self.change(**values)
                return _json(self.trouble.as_dict())
            if asked.path == "/people" and values.get("do") in PEOPLE:
                done = getattr(self.company, values.pop("do"))(**values)
                self.announce()
                return _json({"id": done})
        except (Refused, ValueError, KeyError, TypeError) as error:
            return _json({"error": str(error)}, 400)
        return Said(404, b"This simulator has no such page.\n", dict(TEXT))

    def _shown(self, path):
        if path == "/log":
            lines = "".join(json.dumps(line) + "\n" for line in self.log.recent())
            return Said(200, lines.encode(), {"Content-Type": "application/jsonl"})
        if path == "/faults":
            return _json(self.trouble.as_dict())
        if path == "/":
            return Said(200, self.render().encode(), dict(HTML))
        return Said(404, b"This simulator has no such page.\n", dict(TEXT))

    def render(self):
        """The page; everything that came from outside is escaped."""
        company = self.company
        parts = []
        for title, kind, names in (
            ("Vendors", "vendors", ("id", "name", "origin_id")),
            ("Projects", "projects", ("id", "name", "origin_id")),
            ("Standard cost codes", "codes", ("id", "full_code", "name", "origin_id")),
            ("Ready to import", "staged", ("item_type", "origin_id", "status", "data")),
            ("ERP requests", "requests", ("id", "request_name", "created_at")),
            ("Request details", "details", ("id", "item_type", "status", "messages")),
        ):
            head = "".join(f"<th>{name}" for name in names)
            rows = "".join(
                "<tr>"
                + "".join(f"<td>{html.escape(str(row.get(name)))}" for name in names)
                for row in company.listed(kind, {})
            )
            parts.append(f"<h2>{title}</h2><table><tr>{head}{rows}</table>")
        return (
            '<!doctype html><html lang="en"><meta charset="utf-8">'
            f"<title>Procore ERP (simulator)</title><style>{STYLE}</style>"
            '<p class="notice" role="note"><strong>Simulator.</strong> '
            f"{NOTICE}</p><h1>Procore with ERP integration</h1>"
            f"<p>Company {company.number} at <code>{html.escape(self.address)}</code>. "
            f'<a href="/log">Receive log</a></p>{"".join(parts)}</html>'
        )


def _query(target):
    found = parse_qs(urlsplit(target).query, keep_blank_values=True)
    return {unquote_plus(name): values[-1] for name, values in found.items()}


def _since(query, row):
    """``filters[updated_at]=start...end`` as Procore's list calls take it."""
    start, dots, end = query.get("filters[updated_at]", "").partition("...")
    if not dots:
        return True
    return start[:19] <= row["updated_at"][:19] <= (end[:19] or "9999")


def _json(value, status=200):
    return Said(status, json.dumps(value).encode(), dict(JSON))


def _sync(found):
    """A sync action says 200 whatever it took."""
    entities, errors = found
    return _json({"entities": entities, "errors": errors})
