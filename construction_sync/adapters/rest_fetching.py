"""One page of a foreign list: asked for, read, judged. No Odoo, no database.

Every way in which it can fail is a :class:`~.fetched.FetchFailed` that names the check
that failed, so that the form can say "the address is right, the login is not".
"""

from dataclasses import dataclass, field
from datetime import timezone
from email.utils import parsedate_to_datetime
from urllib.parse import quote

from ..pipeline import paging as pages
from ..pipeline import transport
from ..schemas.json_faults import StrictJsonError
from ..schemas.problem import one_line, shown
from . import rest_reading, rest_shape, rest_values
from .fetched import MAX_PAGE_BYTES, FetchFailed, Page
from .rest_expressions import Expression, ExpressionError

#: records one page may have
MAX_RECORDS = 5_000
#: calls for single objects that one page may cost
MAX_ITEM_CALLS = 200


@dataclass(frozen=True, slots=True)
class ListCall:
    """How a list is called; see ``construction.sync.rest.fetch`` for the words.

    ``items`` finds the records in an answer, ``error`` finds something when an answer
    with status 200 is an error all the same (FA-H07).
    """

    reading: rest_reading.Reading
    path: str
    item_path: str = ""
    parameters: dict = field(default_factory=dict)
    paging: pages.Paging = field(default_factory=pages.Paging)
    items: Expression | None = None
    item: Expression | None = None
    error: Expression | None = None
    since_parameter: str = ""
    since_format: str = "iso"


def joined(address, path):
    """Base address and path as one address; a path is never another host."""
    return f"{address.rstrip('/')}/{path.lstrip('/')}"


def first_url(source):
    """The address of the list's first page."""
    setting = source.setting
    parameters = dict(setting.parameters)
    if setting.since_parameter and source.since is not None:
        parameters[setting.since_parameter] = rest_values.asked_since(
            source.since - source.overlap, setting.since_format
        )
    url = joined(source.address, setting.path)
    return pages.with_parameters(url, parameters) if parameters else url


def fetch(source, cursor):
    """The page that ``cursor`` names, the first one for None.

    :raises FetchFailed: nothing of the page may be used
    """
    setting = source.setting
    url = pages.url_of(setting.paging, first_url(source), cursor)
    headers = {}
    if cursor is None and source.conditional_url == url:
        if source.etag:
            headers["If-None-Match"] = source.etag
        if source.modified:
            headers["If-Modified-Since"] = source.modified
    answer = _call(source, url, headers)
    page = Page(url=url, seconds=answer.seconds, now=_clock(answer.headers))
    if answer.status == 304:
        page.unchanged = True
        return page
    body = _body(setting, answer)
    records = _records(setting, body, answer)
    page.count = len(records)
    try:
        page.cursor = pages.next_cursor(
            setting.paging,
            url,
            cursor,
            pages.Seen(answer.headers, body, answer.body, page.count),
        )
    except (pages.PagingRefused, ExpressionError) as error:
        raise FetchFailed(
            "items",
            f"{source.name}: the next page of {setting.reading.name} cannot be asked "
            f"for. {error}",
        ) from error
    if setting.item_path:
        records = _details(source, records)
    page.etag = one_line(answer.headers.get("ETag") or "", 200)
    page.modified = one_line(answer.headers.get("Last-Modified") or "", 60)
    page.records = records
    page.shape = rest_shape.shape_of(records)
    _judge(setting.reading, records, page)
    return page


def _judge(reading, records, page):
    """Each record as :class:`Parsed`, or among the foreign ones."""
    for position, record in enumerate(records):
        try:
            parsed = rest_reading.identify(reading, record, position)
        except rest_reading.ForeignRecord as error:
            page.foreign.append(str(error))
            continue
        page.parsed.append(parsed)
        if parsed.time and (page.newest is None or parsed.time > page.newest):
            page.newest = parsed.time


def _call(source, url, headers):
    """The answer to GET ``url``, whatever its status, unless it is a failure."""
    request = transport.Request(
        "GET",
        url,
        {"Accept": "application/json", **source.headers, **headers},
        None,
        source.timeout,
        MAX_PAGE_BYTES,
    )
    try:
        if source.login is not None:
            request = source.login.apply(request)
        answer = source.call(request, source.policy)
    except transport.Failed as error:
        raise _unreached(source, error) from error
    if answer.status == 304 or 200 <= answer.status < 300:
        return answer
    raise _refused(source, answer)


def _unreached(source, error):
    words = f"{source.name} was not reached. {error.words}"
    check = "address"
    text = f"{error.words} {error.detail}".lower()
    if error.kind == "unreachable" and ("certificate" in text or "tls" in text):
        check = "tls"
    elif error.kind == "unknown":
        check = "answer"
        words = f"The answer of {source.name} did not come whole. {error.words}"
    return FetchFailed(check, words, detail=str(error.detail or ""))


def _refused(source, answer):
    excerpt = answer.body[:2_000].decode("utf-8", "replace")
    status = answer.status
    if status in (401, 403):
        check, words = "login", f"{source.name} did not accept the login ({status})."
    elif status in (429, 503):
        check, words = "pace", f"{source.name} asked us to wait ({status})."
    elif 300 <= status < 400:
        check = "address"
        words = (
            f"{source.name} sent us to another address ({status}), which is not "
            "followed. Enter the final address."
        )
    elif status in (404, 405, 410):
        check, words = "address", f"{source.name} has no such list there ({status})."
    else:
        check, words = "answer", f"{source.name} answered with an error ({status})."
    return FetchFailed(
        check,
        words,
        detail=one_line(excerpt, 500),
        retry_after=retry_after(answer.headers) if check == "pace" else None,
        excerpt=excerpt,
    )


def retry_after(headers, now=None):
    """Seconds that ``Retry-After`` asks for (a number or a date), 1 to 86,400; None
    when it asks for nothing."""
    text = (headers.get("Retry-After") or "").strip()
    if text.isdigit() and len(text) < 10:
        seconds = int(text)
    else:
        moment = _date(text)
        here = now or _clock(headers)
        if moment is None or here is None:
            return None
        seconds = int((moment - here).total_seconds())
    return min(max(seconds, 1), 86_400)


def _clock(headers):
    """What time it is there, or None."""
    return _date(headers.get("Date") or "")


def _date(text):
    try:
        found = parsedate_to_datetime(text)
    except (TypeError, ValueError, IndexError):
        return None
    return found if found.tzinfo else found.replace(tzinfo=timezone.utc)


def _body(setting, answer):
    try:
        body = rest_values.read_answer(answer.body)
    except StrictJsonError as error:
        raise FetchFailed(
            "answer",
            f"The answer cannot be read. {error.reason}",
            excerpt=answer.body[:2_000].decode("utf-8", "replace"),
        ) from error
    if setting.error is not None:
        try:
            found = setting.error(body)
        except ExpressionError:
            found = None
        if found:
            raise FetchFailed(
                "answer",
                f"The answer says that it is an error: {_said(found)}",
                excerpt=answer.body[:2_000].decode("utf-8", "replace"),
            )
    return body


def _said(found):
    """What stands there, as one line."""
    if isinstance(found, (dict, list)):
        return one_line(rest_values.write_record(found).decode(), 200)
    return shown(rest_values.plain(found), 200)


def _records(setting, body, answer):
    expression = setting.items
    try:
        found = expression(body) if expression is not None else body
    except ExpressionError as error:
        raise FetchFailed(
            "items", f"{expression.text} does not fit the answer: {error}"
        ) from error
    if found is None and isinstance(body, dict):
        raise FetchFailed(
            "items",
            f"Nothing stands at {expression.text if expression else 'the top'}. The "
            f"answer has: {one_line(', '.join(list(body)[:20]), 200) or 'nothing'}.",
            excerpt=answer.body[:2_000].decode("utf-8", "replace"),
        )
    if not isinstance(found, list):
        raise FetchFailed(
            "items",
            "A list of records is expected at "
            f"{expression.text if expression else 'the top'}; "
            "something else stands there.",
            excerpt=answer.body[:2_000].decode("utf-8", "replace"),
        )
    if len(found) > MAX_RECORDS:
        raise FetchFailed(
            "items",
            f"One page has {len(found):,} records; at most {MAX_RECORDS:,} are taken. "
            "Ask for smaller pages.",
        )
    return found


def _details(source, records):
    """Each record in full, by a call of its own; its id must be the one asked for."""
    setting = source.setting
    if len(records) > MAX_ITEM_CALLS:
        raise FetchFailed(
            "items",
            f"A page has {len(records)} records and each is asked for alone. Ask for "
            f"at most {MAX_ITEM_CALLS} a page.",
        )
    found = []
    for record in records:
        external_id = rest_values.plain(_listed_id(setting, record))
        path = setting.item_path.replace("{id}", quote(str(external_id), safe=""))
        answer = _call(source, joined(source.address, path), {})
        body = _body(setting, answer)
        item = setting.item(body) if setting.item is not None else body
        if rest_values.plain(_listed_id(setting, item)) != external_id:
            raise FetchFailed(
                "items",
                f"{source.name} was asked for {shown(external_id)} and answered with "
                "another object.",
            )
        found.append(item)
    return found


def _listed_id(setting, record):
    if not isinstance(record, dict):
        return record
    try:
        return setting.reading.id(record)
    except ExpressionError as error:
        raise FetchFailed(
            "items", f"{setting.reading.id.text} does not find an id: {error}"
        ) from error
