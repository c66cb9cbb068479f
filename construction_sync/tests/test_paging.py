"""Paging as plain code: every list ends, and no page leads to another host."""

import json

from hypothesis import given
from hypothesis import strategies as st

from odoo.tests import BaseCase, tagged

from ..pipeline import paging
from .rows import rows

URL = "https://api.example.com/v1/vendors"


def seen(body=None, count=1, headers=None, raw=None):
    raw = json.dumps(body).encode() if raw is None else raw
    return paging.Seen(headers or {}, body, raw, count)


@tagged("post_install", "-at_install")
class TestPaging(BaseCase):
    def walk(self, how, answer, most=500):
        """Addresses asked for until the list ends."""
        cursor, asked = None, []
        while len(asked) < most:
            url = paging.url_of(how, URL, cursor)
            asked.append(url)
            cursor = paging.next_cursor(how, url, cursor, answer(url, len(asked)))
            if cursor is None:
                return asked
        self.fail(f"no end after {most} pages")

    @rows("FA-H13")
    @given(st.lists(st.integers(0, 30), min_size=1, max_size=40))
    def test_whatever_links_a_system_gives_the_list_ends(self, links):
        how = paging.Paging("next_link", next=lambda body: body["next"])

        def answer(url, number):
            here = int(url.rpartition("p=")[2] or 0) if "p=" in url else 0
            target = links[here % len(links)]
            return seen({"next": f"?p={target}"})

        self.assertLess(len(self.walk(how, answer)), 200)

    @rows("FA-H13")
    @given(st.lists(st.text("ab", max_size=2), min_size=1, max_size=30))
    def test_whatever_cursors_a_system_gives_the_list_ends(self, cursors):
        how = paging.Paging("cursor", next=lambda body: body)
        walked = self.walk(how, lambda url, n: seen(cursors[n % len(cursors)]))
        self.assertLess(len(walked), 200)

    @rows("FA-H13")
    @given(st.integers(0, 95), st.integers(1, 25))
    def test_an_offset_list_gives_every_record(self, total, size):
        how = paging.Paging("offset", size=size)
        got = []

        def answer(url, number):
            start = int(url.rpartition("offset=")[2])
            page = list(range(total))[start : start + size]
            got.extend(page)
            return seen(page, len(page), raw=f"{start}{page}".encode())

        self.walk(how, answer)
        self.assertEqual(set(got), set(range(total)))

    @rows("FA-H13")
    @given(st.integers(0, 95), st.integers(1, 25), st.integers(1, 25))
    def test_a_page_list_gives_every_record_though_pages_are_cut_short(
        self, total, asked, given_
    ):
        """A system that gives fewer a page than it was asked for ends no earlier."""
        how = paging.Paging("page", size=asked)
        size, got = min(asked, given_), []

        def answer(url, number):
            page = int(url.rpartition("page=")[2]) - 1
            records = list(range(total))[page * size : (page + 1) * size]
            got.extend(records)
            return seen(records, len(records))

        self.walk(how, answer)
        self.assertEqual(got, list(range(total)))

    def test_a_system_that_gives_the_same_page_for_every_number_ends(self):
        how = paging.Paging("page")
        self.assertEqual(len(self.walk(how, lambda url, n: seen([1, 2], 2))), 2)

    def test_links_to_elsewhere_are_refused(self):
        how = paging.Paging("link_header")
        for target in (
            "https://other.example.com/v1",
            "http://api.example.com/v1/vendors?p=2",
            "//evil.example/x",
            "https://api.example.com:8443/v1",
            "https://user@api.example.com/v1",
            "https://api.example.com@evil.example/",
            "https://api.example.com:port/",
        ):
            with self.subTest(target), self.assertRaises(paging.PagingRefused):
                header = {"Link": f'<{target}>; rel="next"'}
                paging.next_cursor(how, URL, None, seen(headers=header))

    def test_links_of_the_same_host_are_followed(self):
        how = paging.Paging("link_header")
        for target in ("?p=2", "/v1/vendors?p=2", f"{URL}?p=2",
                       "https://API.example.com:443/v1/vendors?p=2"):  # fmt: skip
            with self.subTest(target):
                header = {
                    "Link": f'<x>; rel="prev", <{target}>; title="a, b"; rel=next'
                }
                found = paging.next_cursor(how, URL, None, seen(headers=header))
                self.assertTrue(found["url"].endswith("?p=2"))

    def test_a_place_on_a_host_that_was_changed_is_forgotten(self):
        how = paging.Paging("link_header")
        cursor = {"url": "https://old.example.com/v1?p=3"}
        self.assertEqual(paging.url_of(how, URL, cursor), URL)

    def test_parameters_of_the_form_stay_and_are_not_doubled(self):
        how = paging.Paging("page", page_parameter="page", size=5)
        url = f"{URL}?status=a%26b&page=9"
        found = paging.url_of(how, url, {"page": 2})
        self.assertEqual(found, f"{URL}?status=a%26b&per_page=5&page=2")
