"""``GET /vendor`` walked from the first page to the last."""

from . import caller
from .figure import Figure, middle
from .site import BenchFailed

VENDORS = 100_000
LIMIT = 500
PAGES = VENDORS // LIMIT
EDGE = 10


def walk_list(place):
    """100,000 vendors in pages of 500: the last page is as fast as the first. The
    first and the last pages are read by turns, so that the machine is the same."""
    with place.site("walk_list") as site, site.server(crons=0) as server:
        site.orm.call("add_partners", count=VENDORS)
        site.settle()
        pages = [f"{caller.BASE}/vendor?limit={LIMIT}"]
        while len(pages) < PAGES:
            found = _page(server, site, pages[-1])["next"]
            if not found:
                raise BenchFailed(f"The list ended on page {len(pages)}.")
            pages.append(f"{caller.BASE}/vendor?limit={LIMIT}&cursor={found}")
        first, last = [], []
        for _turn in range(EDGE):
            first.append(_timed(server, site, pages[0]))
            last.append(_timed(server, site, pages[PAGES - 1]))
        value, peer = LIMIT / middle(last), LIMIT / middle(first)
        yield Figure(
            "walk_list, page 200",
            value,
            "vendors/s",
            ">= 0.9 x peer (page 1)",
            value >= 0.9 * peer,
            peer=peer,
        )


def _page(server, site, path):
    answer = caller.get(server.port, path, site.key)
    if answer.status != 200:
        raise BenchFailed(f"{path} answered {answer.status}: {answer.raw[:300]!r}")
    return answer.json


def _timed(server, site, path):
    answer = caller.get(server.port, path, site.key)
    if len(answer.json["items"]) != LIMIT:
        raise BenchFailed(f"{path} holds {len(answer.json['items'])} vendors.")
    return answer.seconds
