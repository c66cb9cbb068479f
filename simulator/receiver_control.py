"""The other door of a receiver: its page, its log, its switches.

``GET /`` a page; ``GET /log`` the latest lines; ``GET /counts``; ``GET /faults`` and
``POST /faults`` (a JSON object, or the form on the page) the switches; ``POST /forget``
forgets what was received (a receiver that was restored from a backup).
"""

import html
import json
from urllib.parse import parse_qs

from . import NOTICE
from .listener import Said
from .page import STYLE
from .trouble import CERTIFICATES, FAULTS

HTML = {"Content-Type": "text/html; charset=utf-8"}
JSON = {"Content-Type": "application/json"}


def handle(receiver, asked):
    """Answer one call to the control address."""
    if asked.method == "GET":
        return _show(receiver, asked.path)
    origin = asked.headers.get("origin")
    if origin and origin != f"http://{asked.headers.get('host')}":
        return Said(403, b"Use the form on this simulator's page.\n")
    if asked.path == "/faults":
        return _change(receiver, asked)
    if asked.path == "/forget":
        receiver.known.clear()
        receiver.latest.clear()
        receiver.counts.clear()
        return Said(204)
    return _none()


def _show(receiver, path):
    if path == "/":
        return Said(200, render(receiver).encode(), dict(HTML))
    if path == "/log":
        lines = "".join(json.dumps(line) + "\n" for line in receiver.log.recent())
        return Said(200, lines.encode(), {"Content-Type": "application/jsonl"})
    if path == "/counts":
        return _json(dict(receiver.counts))
    if path == "/faults":
        return _json(receiver.trouble.as_dict())
    if path == "/health":
        return _json({"status": "pass", "address": receiver.address})
    return _none()


def _change(receiver, asked):
    form = "urlencoded" in asked.headers.get("content-type", "")
    try:
        if form:
            values = _typed(parse_qs(asked.body.decode("utf-8", "replace")))
        else:
            values = json.loads(asked.body or b"{}")
        if not isinstance(values, dict):
            raise ValueError("Send a JSON object with the switches.")
        receiver.change(**values)
    except (ValueError, TypeError) as error:
        return Said(400, json.dumps({"error": str(error)}).encode(), dict(JSON))
    if form:
        return Said(303, headers={"Location": "/"})
    return _json(receiver.trouble.as_dict())


def _typed(form):
    """Values of the page's form in the types of the switches."""
    values = {name: found[-1] for name, found in form.items()}
    for name in ("status", "every", "times"):
        if name in values:
            values[name] = int(values[name])
    for name in ("latency_ms", "jitter_ms", "clock_skew"):
        if name in values:
            values[name] = float(values[name])
    if "down" in values:
        values["down"] = values["down"] == "true"
    return values


def _json(value):
    return Said(200, json.dumps(value).encode(), dict(JSON))


def _none():
    return Said(404, b"This simulator has no such page.\n")


def _options(names, chosen):
    return "".join(
        f"<option{' selected' if name == chosen else ''}>{name}</option>"
        for name in names
    )


def render(receiver):
    """The page as HTML; everything that came from outside is escaped."""
    trouble = receiver.trouble
    rows = "".join(_row(line) for line in reversed(receiver.log.recent()[-200:]))
    if not rows:
        rows = "<tr><td colspan='7'>Nothing has come yet.</td></tr>"
    counts = receiver.counts
    figures = ", ".join(
        f"{counts[name]} {words}"
        for name, words in (
            ("calls", "calls"),
            ("received", "received"),
            ("duplicates", "came again"),
            ("refused", "not believed"),
            ("out_of_order", "out of order"),
            ("other_bytes", "came again with other bytes"),
        )
    )
    title = html.escape(receiver.code)
    turned = "false" if trouble.down else "true"
    return f"""<!doctype html>
<html lang="en"><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Receiver of {title} (simulator)</title><style>{STYLE}</style>
<p class="notice" role="note"><strong>Simulator.</strong> {NOTICE}</p>
<h1>Receiver of {title}</h1>
<p>It takes Odoo's webhooks at <code>{html.escape(receiver.address)}</code>:
{figures}. <a href="/log">Receive log as JSON lines</a></p>
<form method="post" action="/faults"><input type="hidden" name="down" value="{turned}">
<button>{"Come up again" if trouble.down else "Go down"}</button></form>
<form method="post" action="/faults">
<label>What goes wrong <select name="fault">{_options(FAULTS, trouble.fault)}
</select></label>
<label>Status <input name="status" size="3" value="{trouble.status}"></label>
<label>Retry-After <input name="retry_after" size="8"
 value="{html.escape(trouble.retry_after)}"></label>
<label>Every n-th call <input name="every" size="3" value="{trouble.every}"></label>
<label>So many times (-1: always) <input name="times" size="3"
 value="{trouble.times}"></label>
<label>Latency (ms) <input name="latency_ms" size="5"
 value="{trouble.latency_ms}"></label>
<label>Clock ahead (s) <input name="clock_skew" size="5"
 value="{trouble.clock_skew}"></label>
<label>Certificate <select name="certificate">
{_options(CERTIFICATES, trouble.certificate)}</select></label>
<button>Set</button></form>
<table><thead><tr><th>When (UTC)<th>What<th>Subject<th>Sequence<th>Proof<th>Again
<th>Answer</thead><tbody>{rows}</tbody></table></html>
"""


def _row(line):
    cells = (
        line["at"][11:23],
        line["type"] or f"{line['method']} {line['path']}",
        line["subject"] or "",
        line["sequence"] or "",
        line["proof"] or "",
        "yes" if line["duplicate"] else "",
        line["fault"] if line["answer"] is None else line["answer"],
    )
    return "<tr>" + "".join(f"<td>{html.escape(str(cell))}" for cell in cells) + "</tr>"
