"""A version of the interface that ends says so before, and then ends (FA-K15)."""

from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from unittest.mock import patch

from ..controllers import retirement
from ..pipeline import vault
from .interface_case import InterfaceCase
from .rows import rows


class TestRetirement(InterfaceCase):
    @contextmanager
    def configured(self, **days):
        """The server's configuration has these days."""
        retirement._day.cache_clear()
        real = vault.configured
        try:
            with patch.object(vault, "configured", lambda n: days.get(n) or real(n)):
                yield
        finally:
            retirement._day.cache_clear()

    def test_nothing_is_announced_while_no_end_is_in_sight(self):
        answer = self.get("/vendor")
        self.assertNotIn("Deprecation", answer.headers)
        self.assertNotIn("Sunset", answer.headers)

    @rows("FA-K15")
    def test_every_answer_tells_of_the_end(self):
        with self.configured(v1_deprecated="2026-01-01", v1_sunset="2199-12-31"):
            for answer in (
                self.put("vendor", "V-1", {"name": "Ace Concrete"}),
                self.get("/vendor/V-1"),
                self.get("/vendor/V-2"),
            ):
                self.assertEqual(answer.headers["Deprecation"], "@1767225600")
                self.assertEqual(
                    answer.headers["Sunset"], "Tue, 31 Dec 2199 00:00:00 GMT"
                )
            self.assertEqual(self.get("/vendor/V-1").status_code, 200)

    @rows("FA-K15")
    def test_after_the_end_nothing_is_taken_and_the_description_stays(self):
        yesterday = datetime.now(timezone.utc) - timedelta(days=1)
        with self.configured(v1_sunset=f"{yesterday:%Y-%m-%d}"):
            refused = self.put("vendor", "V-1", {"name": "Ace Concrete"})
            self.assertProblem(refused, 410, "gone")
            self.assertIn("Sunset", refused.headers)
            self.assertEqual(self.get("/openapi.json").status_code, 200)
            self.assertEqual(self.get("/health").status_code, 200)
        self.assertFalse(self.messages())

    def test_a_day_that_is_none_is_told_and_ends_nothing(self):
        with (
            self.configured(v1_sunset="soon"),
            self.assertLogs(retirement._logger, "ERROR") as logged,
        ):
            self.assertEqual(self.get("/vendor").status_code, 200)
        self.assertIn("no date like 2027-12-31", logged.output[0])
