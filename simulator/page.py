"""The status page of a stand-in: what it sent, and what Odoo answered."""

import html
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from . import NOTICE, SIMULATOR_HEADER
from .faults import ORDERS

STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 72rem;
  padding: 1rem; color: #212529; background: #fff; }
.notice { background: #fff3cd; border: 1px solid #b58105; padding: .5rem .75rem; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: .3rem .5rem; border-bottom: 1px solid #dee2e6;
  vertical-align: top; overflow-wrap: anywhere; }
form { display: inline-block; margin: 0 1rem 1rem 0; }
td.number { text-align: right; }
"""


def serve(system, port):
    """Serve the page of ``system`` on loopback; port 0 takes any free one."""
    handler = type("StatusPage", (StatusPage,), {"system": system})
    server = ThreadingHTTPServer(("127.0.0.1", port), handler)
    server.daemon_threads = True
    threading.Thread(
        target=server.serve_forever,
        args=(0.1,),
        name=f"{system.code}-page",
        daemon=True,
    ).start()
    return server


class StatusPage(BaseHTTPRequestHandler):
    """``GET /``, ``GET /log``, ``GET /health``, ``POST /change``, ``POST /faults``."""

    system = None
    server_version = "ConstructionSyncSimulator"
    sys_version = ""
    timeout = 30

    def do_GET(self):
        """Show the page, the log, or that the stand-in is alive."""
        path = urlsplit(self.path).path
        if path == "/":
            self._answer(200, "text/html", render(self.system))
        elif path == "/log":
            lines = [json.dumps(line) for line in self.system.journal.recent()]
            self._answer(200, "application/jsonl", "\n".join(lines) + "\n")
        elif path == "/health":
            self._answer(200, "application/json", '{"status": "pass"}')
        else:
            self._answer(404, "text/plain", "This simulator has no such page.\n")

    def do_POST(self):
        """Send one more change, or set the switches."""
        origin = self.headers.get("Origin")
        if origin and urlsplit(origin).netloc != self.headers.get("Host"):
            self._answer(403, "text/plain", "Use the form on this simulator's page.\n")
            return
        length = min(int(self.headers.get("Content-Length") or 0), 65536)
        form = parse_qs(self.rfile.read(length).decode("utf-8", "replace"))
        path = urlsplit(self.path).path
        if path == "/change":
            self.system.tell(self.system.one_more())
        elif path == "/faults":
            set_switches(self.system.faults, form)
            self.system.wake()
        else:
            self._answer(404, "text/plain", "This simulator has no such page.\n")
            return
        self.send_response(303)
        self.send_header("Location", "/")
        self.send_header(*SIMULATOR_HEADER)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _answer(self, status, content_type, text):
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", f"{content_type}; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.send_header(*SIMULATOR_HEADER)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        """Keep the terminal for what a person started there."""


def set_switches(faults, form):
    """Take the switches from a posted form; what it does not name stays."""
    if "duplicate_every" in form and form["duplicate_every"][0].isdigit():
        faults.duplicate_every = int(form["duplicate_every"][0])
    if form.get("order", [""])[0] in ORDERS:
        faults.order = form["order"][0]
    if form.get("down", [""])[0].isdigit():
        faults.down_for(int(form["down"][0]))


def render(system):
    """The page as HTML; everything that came from outside is escaped."""
    lines = list(reversed(system.journal.recent()))
    rows = "".join(_row(line) for line in lines[:200])
    if not rows:
        rows = "<tr><td colspan='6'>Nothing was sent yet.</td></tr>"
    down = system.faults.down_seconds
    state = f"down for {down:.0f} more seconds" if down else "up"
    options = "".join(
        f"<option{' selected' if order == system.faults.order else ''}>{order}"
        for order in ORDERS
    )
    title = html.escape(system.title)
    return f"""<!doctype html>
<html lang="en"><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title} (simulator)</title><style>{STYLE}</style>
<p class="notice" role="note"><strong>Simulator.</strong> {NOTICE}</p>
<h1>{title}</h1>
<p>{html.escape(system.describes)}</p>
<p>The system is <strong>{state}</strong>; {system.waiting()} calls wait for Odoo at
<code>{html.escape(system.odoo)}</code>. <a href="/log">Send log as JSON lines</a></p>
<form method="post" action="/change"><button>Send one more change</button></form>
<form method="post" action="/faults"><input type="hidden" name="down" value="60">
<button>Be down for a minute</button></form>
<form method="post" action="/faults">
<label>Send every n-th event twice (0: never)
<input name="duplicate_every" inputmode="numeric" size="3"
 value="{system.faults.duplicate_every}"></label>
<label>Order <select name="order">{options}</select></label>
<button>Set</button></form>
<table><thead><tr><th>When (UTC)<th>What<th>Call<th>Try<th>Answer<th>ms</thead>
<tbody>{rows}</tbody></table></html>
"""


def _row(line):
    labels = []
    for event in line["events"][:5]:
        first = event["records"][0]
        more = len(event["records"]) - 1
        labels.append(
            f"{first['entity']} {first['external_id']}"
            + (f" and {more} more" if more else "")
            + f": {event['outcome']}"
        )
    if len(line["events"]) > 5:
        labels.append(f"and {len(line['events']) - 5} more events")
    answer = line["status"] if line["status"] is not None else line["answer"]
    cells = (
        html.escape(line["at"][11:19]),
        "<br>".join(html.escape(label) for label in labels),
        html.escape(f"{line['method']} {line['path']}"),
        str(line["attempt"]),
        html.escape(str(answer)[:200]),
    )
    return (
        "<tr>"
        + "".join(f"<td>{cell}" for cell in cells)
        + f"<td class='number'>{line['milliseconds']}</tr>"
    )
