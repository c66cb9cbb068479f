"""Outside text in logs is one harmless line; secrets are in none (FA-K01 to K03)."""

import json
import logging

from .interface_case import InterfaceCase
from .rows import rows

HOSTILE = "a%s%n${jndi:ldap://x}"
IBAN = "DE89370400440532013000"


class _Lines(logging.Handler):
    """Every record as it would be written."""

    def __init__(self):
        super().__init__(logging.DEBUG)
        self.lines = []

    def emit(self, record):
        self.lines.append(self.format(record))


class LogCase(InterfaceCase):
    def setUp(self):
        super().setUp()
        self.log = _Lines()
        logger = logging.getLogger("odoo.addons.construction_sync")
        level = logger.level
        logger.setLevel(logging.DEBUG)
        logger.addHandler(self.log)
        self.addCleanup(logger.setLevel, level)
        self.addCleanup(logger.removeHandler, self.log)

    def everywhere(self, *but):
        """All text the suite has written: log lines, exceptions, audit, notes, jobs."""
        self.env.flush_all()
        texts = list(self.log.lines)
        for table in ("exception", "audit", "message", "suggestion", "conflict"):
            if table in but:
                continue
            self.env.cr.execute(
                f"SELECT row_to_json(t) FROM construction_sync_{table} t"
            )
            texts += [json.dumps(row[0]) for row in self.env.cr.fetchall()]
        self.env.cr.execute("SELECT row_to_json(t) FROM ir_cron_trigger t")
        texts += [json.dumps(row[0]) for row in self.env.cr.fetchall()]
        return "\n".join(texts)


class TestHostileText(LogCase):
    @rows("FA-K01")
    def test_control_characters_in_ids_are_refused_at_the_door(self):
        for bad in ("a\r\nb", "a\x1b[31mb", "a\tb", "\u2028a"):
            for name in ("id", "source", "subject"):
                response = self.post({**self.vendor(), name: bad})
                document = self.assertProblem(response, 400, "envelope-invalid")
                text = json.dumps(document, ensure_ascii=False)
                self.assertNotRegex(text, "[\r\n\x1b\u2028]")

    @rows("FA-K01")
    def test_a_format_or_lookup_in_an_id_is_plain_text(self):
        message = self.send(self.vendor(HOSTILE, "Ace", id=HOSTILE))
        self.drain()
        self.assertEqual(message.state, "applied")
        self.assertEqual(self.linked(HOSTILE).name, "Ace")
        for line in self.log.lines:
            self.assertEqual(len(line.splitlines()), 1, line)

    @rows("FA-K01")
    def test_what_a_webhook_says_of_itself_is_logged_on_one_line(self):
        self.new_secret(self.system)
        refused = self.hook(
            b"{}", code="x%0d%0aINJECTED%1b[31m", headers={"User-Agent": "a%s\x1b[0m"}
        )
        self.assertEqual(refused.status_code, 401)
        noted = self.audit(doc_key="security:unknown")
        self.assertNotRegex(noted.reason, "[\r\n\x1b]")
        self.hook(b"{broken \x1b[31m\r\n", headers={"User-Agent": "agent\x1b[0m"})
        self.drain()
        exception = self.exceptions()
        self.assertNotRegex(exception.name, "[\r\n\x1b]")
        for line in self.log.lines:
            self.assertNotIn("\x1b", line)

    @rows("FA-K03")
    def test_a_trace_that_cannot_be_read_starts_a_new_one(self):
        zero = f"00-{'0' * 32}-{'1' * 16}-01"
        seen = set()
        for given in ("x", zero, f"00-{'1' * 32}-{'0' * 16}-01", "0" * 10_000,
                      f"ff-{'1' * 32}-{'1' * 16}-01", "00-ABC-x-01"):  # fmt: skip
            response = self.post(
                self.vendor(f"v{len(seen)}"), headers={"traceparent": given}
            )
            self.assertEqual(response.status_code, 202)
            made = response.headers["traceparent"]
            self.assertRegex(made, "^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$")
            self.assertNotEqual(made, given)
            message = self.message(response.json()["events"][0]["message"])
            self.assertRegex(message.trace_id, "^[0-9a-f]{32}$")
            self.assertNotEqual(message.trace_id, "0" * 32)
            seen.add(message.trace_id)
        self.assertEqual(len(seen), 6)

    @rows("FA-K03")
    def test_a_sound_trace_is_kept_to_the_message(self):
        trace = "4bf92f3577b34da6a3ce929d0e0e4736"
        given = f"00-{trace}-00f067aa0ba902b7-01"
        response = self.post(self.vendor(), headers={"traceparent": given})
        message = self.message(response.json()["events"][0]["message"])
        self.assertEqual(message.trace_id, trace)
        self.assertIn(trace, response.headers["traceparent"])


class TestSecrets(LogCase):
    @rows("FA-K02")
    def test_keys_and_bank_details_are_in_no_log_exception_or_audit_entry(self):
        secret = self.new_secret(self.system)
        whsec = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
        bank = {"bank_accounts": [{"iban": IBAN}], "tax_id": "not a tax id"}
        self.send(self.vendor("v1", "Ace", fields={"bank_accounts": [{"iban": IBAN}]}))
        self.drain()
        self.send(
            self.vendor("v1", "Ace", fields={
                "bank_accounts": [{"iban": "BE71096123456769"}]}),
            self.vendor("v2", "Bolt", fields=bank),
            self.vendor("v3", "Cap", fields={"bank_accounts": [
                {"iban": IBAN}, {"number": "998877665544", "bic": "KREDBEBB"}]}),
        )  # fmt: skip
        self.drain()
        self.hook(json.dumps(self.vendor("v4", "Dot", fields=bank)).encode())
        self.hook(b"{}", key=bytes(32))
        self.get("/vendor/v1", self.key + "x")
        self.drain()
        text = self.everywhere()
        for value in (self.key, whsec, IBAN, "BE71096123456769", "998877665544"):
            self.assertNotIn(value, text)
        self.assertTrue(secret.sealed)
        self.assertNotIn(whsec.encode(), bytes(secret.sealed))

    @rows("FA-K02")
    def test_a_person_sees_bank_details_of_a_payload_masked(self):
        message = self.send(
            self.vendor(
                "v1",
                "Ace",
                fields={"bank_accounts": [{"iban": IBAN}], "tax_id": "BE0477472701"},
            )  # fmt: skip
        )
        reader = self.user("reader", "user")
        seen = message.with_user(reader)
        self.assertIn("Ace", seen.payload)
        self.assertNotIn(IBAN, seen.payload)
        self.assertIn("3000", seen.payload)
        self.assertNotIn("BE0477472701", seen.payload)

    @rows("FA-K02")
    def test_a_key_is_shown_once_and_kept_as_a_hash(self):
        self.env.cr.execute(
            "SELECT row_to_json(k) FROM construction_sync_client_key k WHERE "
            "client_id = %s",
            [self.client.id],
        )
        stored = json.dumps(self.env.cr.fetchall())
        self.assertNotIn(self.key, stored)
        self.assertIn(self.key[:12], stored)
        secret = self.new_secret(self.system)
        admin = self.user("adm", "admin")
        self.assertFalse(secret.with_user(admin).value)
        self.assertNotIn("sealed", secret.with_user(admin).fields_get())
