"""How lists go on: from one page of a foreign interface to the next (FA-H13).

Five dialects, one cursor. A cursor is a small JSON object that is stored with the
records its page brought; whoever reads it goes on exactly there. A list that never
ends is noticed: a page that names itself, a circle of pages (Brent's algorithm, one
remembered page), and a list that repeats its last page.
"""

import hashlib
import re
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit, urlunsplit

KINDS = ("none", "link_header", "page", "cursor", "next_link", "offset")
#: a list of more pages in one run is not a list
MAX_PAGES = 20_000
#: records that two pages of an offset list share, so that a few deletions between two
#: calls skip nobody
SHARED_RECORDS = 10

_LINK = re.compile(
    r"<([^<>]{1,4000})>((?:\s*;\s*[^,;<>\"=]+(?:=(?:\"[^\"]*\"|[^,;<>\"]*))?)*)"
)
_REL = re.compile(r";\s*rel\s*=\s*\"?([^\";,]+)\"?", re.IGNORECASE)


class PagingRefused(Exception):
    """The next page cannot be asked for; the message says why, in a sentence."""


@dataclass(frozen=True, slots=True)
class Paging:
    """How a list is asked for page by page.

    ``next`` is what finds the next cursor or link in the body: a callable, or None.
    ``size`` is the number of records asked for, 0 leaves it to the system.
    """

    kind: str = "none"
    page_parameter: str = "page"
    size_parameter: str = "per_page"
    cursor_parameter: str = "cursor"
    offset_parameter: str = "offset"
    first_page: int = 1
    size: int = 100
    next: object = None


@dataclass(frozen=True, slots=True)
class Seen:
    """What an answer says for the way on: headers, body, number of records."""

    headers: object
    body: object
    raw: bytes
    count: int


def with_parameters(url, parameters):
    """``url`` with ``parameters`` (a dict) added; those that stand there are
    replaced."""
    parts = urlsplit(url)
    kept = [
        (name, value)
        for name, value in parse_qsl(parts.query, keep_blank_values=True)
        if name not in parameters
    ]
    query = urlencode([*kept, *((n, str(v)) for n, v in parameters.items())])
    return urlunsplit(parts._replace(query=query, fragment=""))


def url_of(paging, url, cursor):
    """The address of the page that ``cursor`` names; the first one for None, and for
    a link to where the system is no more."""
    if cursor and "url" in cursor:
        link = cursor["url"]
        return link if _origin(urlsplit(link)) == _origin(urlsplit(url)) else url
    parameters = {}
    if paging.size and paging.kind != "none" and paging.size_parameter:
        parameters[paging.size_parameter] = paging.size
    if paging.kind == "page":
        parameters[paging.page_parameter] = (cursor or {}).get(
            "page", paging.first_page
        )
    elif paging.kind == "offset":
        parameters[paging.offset_parameter] = (cursor or {}).get("offset", 0)
    elif paging.kind == "cursor" and cursor and "at" in cursor:
        parameters[paging.cursor_parameter] = cursor["at"]
    return with_parameters(url, parameters) if parameters else url


def next_cursor(paging, url, cursor, seen):
    """The cursor of the page after this one, or None at the end.

    :param url: the address that was asked
    :raises PagingRefused: the next page lies on another host, or there is no end
    """
    cursor = cursor or {}
    digest = hashlib.sha256(seen.raw).hexdigest()[:16]
    place = _PLACES[paging.kind](paging, url, cursor, seen, digest)
    if place is None:
        return None
    number = cursor.get("number", 1) + 1
    if number > MAX_PAGES:
        raise PagingRefused(f"The list has more than {MAX_PAGES:,} pages.")
    here = _mark(place)
    if here == cursor.get("mark"):
        # the same place again: the list runs in a circle
        return None
    mark, power = cursor.get("mark"), cursor.get("power", 1)
    if number >= power:
        mark, power = here, 2 * power
    return {**place, "number": number, "mark": mark, "power": power, "digest": digest}


def _mark(place):
    return hashlib.sha256(repr(sorted(place.items())).encode()).hexdigest()[:16]


def _no_page(paging, url, cursor, seen, digest):
    return None


def _by_number(paging, url, cursor, seen, digest):
    if not seen.count or digest == cursor.get("digest"):
        # an empty page, or the last one once more
        return None
    return {"page": cursor.get("page", paging.first_page) + 1}


def _by_offset(paging, url, cursor, seen, digest):
    shared = min(SHARED_RECORDS, (paging.size or seen.count) // 10)
    step = seen.count - (shared if seen.count > shared else 0)
    offset = cursor.get("offset", 0)
    if not seen.count or digest == cursor.get("digest"):
        return None
    if offset and seen.count <= shared:
        # nothing but what the page before gave
        return None
    return {"offset": offset + step}


def _by_cursor(paging, url, cursor, seen, digest):
    found = paging.next(seen.body) if paging.next else None
    if found in (None, "", False) or str(found) == cursor.get("at"):
        return None
    if isinstance(found, (dict, list, bool)) or len(str(found)) > 4_000:
        raise PagingRefused("The next cursor is not a text or number.")
    return {"at": str(found)}


def _by_next_link(paging, url, cursor, seen, digest):
    found = paging.next(seen.body) if paging.next else None
    if found in (None, "", False):
        return None
    if not isinstance(found, str):
        raise PagingRefused("The link to the next page is not a text.")
    return _link(url, found)


def _by_header(paging, url, cursor, seen, digest):
    header = seen.headers.get("Link") or seen.headers.get("link") or ""
    for target, attributes in _LINK.findall(header[:16_000]):
        relations = _REL.search(attributes)
        if relations and "next" in relations[1].lower().split():
            return _link(url, target)
    return None


def _link(url, target):
    """A link of the answer, on the same host as the address that gave it."""
    if len(target) > 4_000:
        raise PagingRefused("The link to the next page is longer than an address.")
    found = urljoin(url, target)
    here, there = urlsplit(url), urlsplit(found)
    if _origin(here) != _origin(there):
        raise PagingRefused(
            f"The link to the next page leads to another host ({there.hostname}). "
            "It was not followed."
        )
    found = urlunsplit(there._replace(fragment=""))
    return None if found == urlunsplit(here._replace(fragment="")) else {"url": found}


def _origin(parts):
    default = {"https": 443, "http": 80}.get(parts.scheme)
    try:
        port = parts.port or default
    except ValueError as error:
        raise PagingRefused("The link to the next page is no address.") from error
    return parts.scheme, (parts.hostname or "").lower(), port, parts.username


_PLACES = {
    "none": _no_page,
    "page": _by_number,
    "offset": _by_offset,
    "cursor": _by_cursor,
    "next_link": _by_next_link,
    "link_header": _by_header,
}
