"""ERP requests of Procore, fetched: those a webhook named and those it did not. No
Odoo, no database.

A webhook names a request and says nothing of it; the request is read here. The list is
asked for besides, because webhooks get lost; a Procore without the list (404) is
content with the first.
"""

from dataclasses import dataclass, field
from datetime import datetime, timezone
from urllib.parse import quote

from ..pipeline import outgoing, transport
from ..schemas.json_faults import StrictJsonError
from . import procore_erp_calls, rest_fetching, rest_values
from .fetched import MAX_PAGE_BYTES, FetchFailed, Page
from .parsed import Parsed
from .procore_webhooks import text_of, time_of

PER_PAGE = 100


@dataclass(slots=True)
class Requests:
    """What is to be asked: ``announced`` numbers, and those that are ``known``."""

    place: procore_erp_calls.Place
    announced: list = field(default_factory=list)
    known: frozenset = frozenset()


def fetch(source, cursor):
    """One page: first what was announced, then the list page by page.

    :raises FetchFailed: nothing of the page may be used
    """
    if cursor is None:
        page = Page(cursor={"page": 1})
        for number in source.setting.announced:
            page.parsed.append(_show(source, number, page))
        page.count = len(page.parsed)
        return page
    return _list(source, int(cursor["page"]))


def _list(source, number):
    setting = source.setting
    path = f"/erp_requests?page={number}&per_page={PER_PAGE}"
    if source.since is not None:
        since = (source.since - source.overlap).strftime("%Y-%m-%dT%H:%M:%SZ")
        until = datetime.now(timezone.utc).replace(year=9000).strftime("%Y-%m-%d")
        path += f"&{quote('filters[updated_at]')}={since}...{until}T00:00:00Z"
    answer = _call(source, path)
    if answer.status == 404:
        return Page()
    rows = _read(answer)
    if not isinstance(rows, list):
        raise FetchFailed("items", f"{source.name} gave no list of requests.")
    page = Page(count=len(rows))
    for row in rows:
        if not isinstance(row, dict):
            continue
        request_id, time = text_of(row.get("id")), time_of(row.get("updated_at"))
        if time and (page.newest is None or time > page.newest):
            page.newest = time
        if request_id.isdigit() and request_id not in setting.known:
            page.parsed.append(_show(source, request_id, page))
    if len(rows) >= PER_PAGE or 'rel="next"' in (answer.headers.get("Link") or ""):
        page.cursor = {"page": number + 1}
    return page


def _show(source, number, page):
    """One request as it stands in Procore."""
    answer = _call(source, f"/erp_requests/{number}")
    page.now = page.now or rest_fetching._clock(answer.headers)
    if answer.status == 404:
        return Parsed(
            "procore_request",
            f"request-{number}-missing",
            number,
            title=f"ERP request {number}",
            data={"id": number, "missing": True},
        )
    body = _read(answer)
    if not isinstance(body, dict) or text_of(body.get("id")) != number:
        raise FetchFailed(
            "items",
            f"{source.name} was asked for request {number} and gave another one.",
        )
    name = text_of(body.get("request_name"))
    return Parsed(
        "procore_request",
        f"request-{number}",
        number,
        title=f"{name} {number}",
        time=time_of(body.get("updated_at") or body.get("created_at")),
        raw=answer.body,
    )


def _call(source, path):
    place = source.setting.place
    request = place.call("GET", place.inside(path))
    request = transport.Request(
        request.method, request.url, {**source.headers, **request.headers}, None,
        source.timeout, MAX_PAGE_BYTES,
    )  # fmt: skip
    try:
        if source.login is not None:
            request = source.login.apply(request)
        answer = source.call(request, source.policy)
    except transport.Failed as error:
        raise rest_fetching._unreached(source, error) from error
    if answer.status == 404 or 200 <= answer.status < 300:
        return answer
    if answer.status == 401 and source.login is not None:
        source.login.refused()
    failure = rest_fetching._refused(source, answer)
    if answer.status in (429, 503):
        failure.retry_after = (
            outgoing.judge(answer).wait
            or procore_erp_calls.pace(answer.headers)
            or failure.retry_after
        )
    raise failure


def _read(answer):
    try:
        return rest_values.read_answer(answer.body)
    except StrictJsonError as error:
        raise FetchFailed(
            "answer", f"The answer cannot be read. {error.reason}"
        ) from error
