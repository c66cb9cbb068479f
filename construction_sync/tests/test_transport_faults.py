"""Where a call may go, and what becomes of it when the other side misbehaves.

The other side are listeners on loopback that note every connection and every byte: what
must not be called is shown not to have been called.
"""

import datetime
import ipaddress
import os
import socket
import ssl
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path
from unittest.mock import patch

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from odoo.exceptions import ValidationError
from odoo.tests import BaseCase, tagged
from odoo.tests.common import _super_send

from ..pipeline import addresses, transport
from .foreign_server import ForeignServer, Reply
from .outgoing_case import OutgoingCase
from .receiver import Say
from .rows import rows

LOOPBACK = addresses.Policy(
    networks=(ipaddress.ip_network("127.0.0.0/8"),), plain_http=True
)
NOTHING_PRIVATE = addresses.Policy()
PRIVATE = (
    "127.0.0.1", "[::1]", "0.0.0.0", "169.254.169.254", "10.1.2.3", "172.16.0.1",
    "192.168.1.1", "100.64.0.1", "[fd12:3456::1]", "[fe80::1]", "255.255.255.255",
    "224.0.0.1", "[ff02::1]", "localhost",
)  # fmt: skip
DISGUISED = (
    "2130706433", "0x7f000001", "017700000001", "127.1", "0177.0.0.1", "0x7f.1",
    "127.0.0.1.", "127.000.000.001",
)  # fmt: skip
CARRIERS = (
    "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]",
    "[2001:0:4136:e378:8000:63bf:80ff:fffe]", "[::127.0.0.1]",
)  # fmt: skip


class Listener:
    """Takes every connection and notes what comes; says nothing."""

    def __init__(self, host="127.0.0.1"):
        self.got = []
        self._socket = socket.create_server((host, 0))
        self.port = self._socket.getsockname()[1]
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self):
        with suppress(OSError):
            while True:
                connection, _peer = self._socket.accept()
                self.got.append("connection")
                connection.close()

    def close(self):
        # close() alone leaves a thread in accept()
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()


class TransportCase(BaseCase):
    @classmethod
    def _request_handler(cls, session, request, /, **options):
        # Odoo's tests let nothing out but to their own host by its name; the names of
        # these tests stand for loopback, see ``resolving``
        return _super_send(session, request, **options)

    def listener(self, host="127.0.0.1"):
        found = Listener(host)
        self.addCleanup(found.close)
        return found

    def server(self, answer):
        server = ForeignServer(answer)
        self.addCleanup(server.close)
        return server

    def failed(self, url, policy=NOTHING_PRIVATE, **request):
        with self.assertRaises(transport.Failed) as caught:
            transport.call(
                transport.Request("POST", url, body=b"{}", **request), policy
            )
        return caught.exception


@tagged("post_install", "-at_install")
class TestAddresses(TransportCase):
    @rows("FA-I01")
    def test_no_private_address_is_called(self):
        listener = self.listener()
        for host in PRIVATE:
            for port in (listener.port, 443):
                failed = self.failed(f"https://{host}:{port}/")
                self.assertEqual(failed.kind, "refused", host)
        self.assertEqual(listener.got, [])

    @rows("FA-I02")
    def test_no_address_in_disguise_is_called(self):
        listener = self.listener()
        for host in DISGUISED:
            failed = self.failed(f"https://{host}:{listener.port}/")
            self.assertEqual(failed.kind, "refused", host)
        self.assertEqual(listener.got, [])

    @rows("FA-I03")
    def test_no_address_that_carries_another_one_is_called(self):
        listener = self.listener()
        for host in CARRIERS:
            failed = self.failed(f"https://{host}:{listener.port}/")
            self.assertEqual(failed.kind, "refused", host)
        self.assertEqual(listener.got, [])

    @rows("FA-I01")
    def test_where_clouds_keep_their_keys_is_called_by_no_configuration(self):
        everything = addresses.Policy(
            networks=(ipaddress.ip_network("0.0.0.0/0"), ipaddress.ip_network("::/0")),
            plain_http=True,
        )
        for host in ("169.254.169.254", "[fd00:ec2::254]", "[::ffff:169.254.169.254]"):
            self.assertEqual(self.failed(f"http://{host}/", everything).kind, "refused")

    @rows("FA-I04")
    def test_a_name_that_stands_for_a_private_address_is_not_called(self):
        listener = self.listener()
        failed = self.failed(f"https://localhost:{listener.port}/")
        self.assertEqual(failed.kind, "refused")
        with resolving("partner.example", ["93.184.216.34", "127.0.0.1"]):
            failed = self.failed(f"https://partner.example:{listener.port}/")
        self.assertEqual(failed.kind, "refused", "one bad address refuses them all")
        self.assertEqual(listener.got, [])

    @rows("FA-I05", "FA-H11")
    def test_a_name_that_changes_after_the_check_leads_nowhere_else(self):
        server = self.server(lambda call: Reply({"fine": True}))
        port = int(server.address.rpartition(":")[2])
        other = socket.create_server(("127.0.0.2", port))
        self.addCleanup(other.close)
        other.settimeout(0.3)
        only = addresses.Policy(
            networks=(ipaddress.ip_network("127.0.0.1/32"),), plain_http=True
        )
        request = transport.Request("GET", f"http://partner.example:{port}/")
        with resolving("partner.example", ["127.0.0.1"], ["127.0.0.2"]) as asked:
            answer = transport.call(request, only)
            self.assertEqual((answer.status, len(asked)), (200, 1), "asked once a call")
            with self.assertRaises(transport.Failed) as caught:
                transport.call(request, only)
        self.assertEqual(caught.exception.kind, "refused", "judged again at each call")
        self.assertEqual(len(server.calls), 1)
        with self.assertRaises(TimeoutError):
            other.accept()

    @rows("FA-I06", "FA-H08")
    def test_a_redirect_is_a_failure_and_is_not_followed(self):
        listener = self.listener()
        for status in (301, 302, 303, 307, 308):
            server = self.server(
                lambda call, status=status: Reply(
                    status=status,
                    headers={"Location": f"http://127.0.0.1:{listener.port}/"},
                )
            )
            failed = self.failed(server.address, LOOPBACK)
            self.assertEqual(failed.kind, "refused")
            self.assertIn(str(status), failed.words)
            self.assertEqual(len(server.calls), 1)
        self.assertEqual(listener.got, [])

    @rows("FA-I07")
    def test_other_schemes_and_ports_are_not_called(self):
        listener = self.listener()
        with resolving("partner.example", ["93.184.216.34"]):
            for url in (
                f"http://partner.example:{listener.port}/",
                "http://partner.example/",
                "https://partner.example:22/",
                "https://partner.example:8069/",
                "file:///etc/passwd",
                "gopher://partner.example/_x",
                "ftp://partner.example/",
                "//partner.example/",
                "partner.example",
                "",
            ):
                self.assertEqual(self.failed(url).kind, "refused", url)
        plain_outside = addresses.Policy(networks=LOOPBACK.networks, plain_http=True)
        with resolving("partner.example", ["93.184.216.34"]):
            failed = self.failed("http://partner.example/", plain_outside)
        self.assertEqual(failed.kind, "refused", "without TLS only inside")
        self.assertEqual(listener.got, [])

    @rows("FA-I08")
    def test_a_url_that_two_programs_read_differently_is_not_called(self):
        listener = self.listener()
        inside = f"127.0.0.1:{listener.port}"
        with resolving("partner.example", ["127.0.0.1"]):
            for url in (
                f"https://partner.example@{inside}/",
                f"https://partner.example:443@{inside}/",
                f"https://{inside}\\@partner.example/",
                f"https:\\\\{inside}/",
                f"https://partner.example\n@{inside}/",
                f"https://{inside}#@partner.example/",
                f"https://{inside}%2f@partner.example/",
                "https://partner.example:99999/",
                f"https://[{inside}/",
                f"https://partn\u00e9r.example:{listener.port}/",
            ):
                self.assertEqual(self.failed(url).kind, "refused", url)
        self.assertEqual(listener.got, [])

    @rows("FA-I09")
    def test_our_own_name_is_not_called(self):
        policy = addresses.Policy(
            networks=LOOPBACK.networks,
            plain_http=True,
            own_hosts=frozenset(["odoo.north.example"]),
        )
        listener = self.listener()
        with resolving("odoo.north.example", ["127.0.0.1"]):
            for host in ("odoo.north.example", "ODOO.North.example."):
                failed = self.failed(f"http://{host}:{listener.port}/", policy)
                self.assertEqual(failed.kind, "refused")
        self.assertEqual(listener.got, [])

    @rows("FA-I10")
    def test_proxies_of_the_environment_are_not_used(self):
        server = self.server(lambda call: Reply({"fine": True}))
        proxy = self.listener()
        there = f"http://127.0.0.1:{proxy.port}"
        names = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "all_proxy")
        with patch.dict(os.environ, dict.fromkeys(names, there)):
            answer = transport.call(transport.Request("GET", server.address), LOOPBACK)
        self.assertEqual(answer.status, 200)
        self.assertEqual(proxy.got, [])

    @rows("FA-I11")
    def test_what_anybody_reads_tells_nothing_of_our_network(self):
        with resolving("partner.example", ["10.20.30.40"]):
            failed = self.failed("https://partner.example/hooks")
        self.assertNotIn("10.20", failed.words)
        self.assertIn("10.20.30.40", failed.detail)
        failed = self.failed("https://no-such-host.invalid/")
        self.assertEqual(failed.words, "The name of its server stands for no address.")
        with socket.create_server(("127.0.0.1", 0)) as closed:
            port = closed.getsockname()[1]
        failed = self.failed(f"http://127.0.0.1:{port}/", LOOPBACK)
        self.assertEqual(failed.words, "Its server cannot be reached.")

    @rows("FA-H11")
    def test_a_name_without_an_address_is_tried_again_later(self):
        self.assertEqual(
            self.failed("https://no-such-host.invalid/").kind, "unreachable"
        )


@tagged("post_install", "-at_install")
class TestAnswers(TransportCase):
    def timed(self, server, **request):
        started = time.monotonic()
        failed = self.failed(server.address, LOOPBACK, **request)
        return failed, time.monotonic() - started

    @rows("FA-H05")
    def test_an_answer_that_drips_ends_with_the_whole_calls_time(self):
        server = self.server(lambda call: Reply(b"x" * 100, drip=0.2))
        failed, seconds = self.timed(server, timeout=1.0)
        self.assertEqual(failed.kind, "unknown", "the request has left")
        self.assertLess(seconds, 5)
        self.assertIn("longer than 1 second", failed.words)

    @rows("FA-H05")
    def test_headers_that_drip_end_with_the_whole_calls_time(self):
        listening = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(listening.close)

        def drip():
            with suppress(OSError):
                connection, _peer = listening.accept()
                connection.recv(65536)
                for byte in b"HTTP/1.1 200 OK\r\nX-Slow: " + b"a" * 500:
                    connection.sendall(bytes([byte]))
                    time.sleep(0.1)

        threading.Thread(target=drip, daemon=True).start()
        started = time.monotonic()
        failed = self.failed(
            f"http://127.0.0.1:{listening.getsockname()[1]}/", LOOPBACK, timeout=1.0
        )
        self.assertEqual(failed.kind, "unknown")
        self.assertLess(time.monotonic() - started, 5)

    @rows("FA-H05")
    def test_an_endless_answer_is_cut(self):
        listening = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(listening.close)
        sent = []

        def flood():
            with suppress(OSError):
                connection, _peer = listening.accept()
                connection.recv(65536)
                connection.sendall(
                    b"HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\n"
                )
                for _piece in range(16_384):
                    connection.sendall(b"y" * 65_536)
                    sent.append(65_536)

        thread = threading.Thread(target=flood, daemon=True)
        thread.start()
        failed = self.failed(
            f"http://127.0.0.1:{listening.getsockname()[1]}/", LOOPBACK, timeout=20
        )
        self.assertEqual(failed.kind, "unknown")
        self.assertIn("larger than 65,536 bytes", failed.words)
        thread.join(10)
        self.assertLess(sum(sent), 64 * 1024 * 1024, "we hung up")

    @rows("FA-H06")
    def test_an_answer_that_breaks_off_is_no_answer(self):
        for reply in (
            Reply({"status": "created", "id": 7}, cut=9),
            Reply({"status": "created", "id": 7}, cut=0),
        ):
            server = self.server(lambda call, reply=reply: reply)
            failed, _seconds = self.timed(server)
            self.assertEqual(failed.kind, "unknown")

    @rows("FA-H06")
    def test_a_connection_that_is_reset_after_the_request_leaves_it_unknown(self):
        listening = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(listening.close)

        def reset():
            with suppress(OSError):
                connection, _peer = listening.accept()
                connection.recv(65536)
                # close with a reset instead of an orderly end
                connection.setsockopt(
                    socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0"
                )
                connection.close()

        threading.Thread(target=reset, daemon=True).start()
        failed = self.failed(
            f"http://127.0.0.1:{listening.getsockname()[1]}/", LOOPBACK
        )
        self.assertEqual(failed.kind, "unknown")


class TlsServer:
    """A TLS server on loopback with one certificate; notes the requests that came."""

    def __init__(self, folder, certificate, key, **options):
        path = Path(folder) / f"{id(self)}.pem"
        path.write_bytes(
            certificate.public_bytes(serialization.Encoding.PEM)
            + key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.set_ciphers("ALL:@SECLEVEL=0")
        for name, value in options.items():
            setattr(context, name, value)
        context.load_cert_chain(path)
        self.requests = []
        self._context = context
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                connection, _peer = self._socket.accept()
            except OSError:
                return
            with suppress(OSError):
                connection.settimeout(5)
                with self._context.wrap_socket(connection, server_side=True) as safe:
                    got = b""
                    while not got.endswith(b"amount") and (data := safe.recv(65536)):
                        got += data
                        self.requests.append(data)
                    safe.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")

    def close(self):
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()


@tagged("post_install", "-at_install")
class TestCertificates(TransportCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = folder.name
        cls.key = rsa.generate_private_key(65537, 2048)
        cls.authority = cls.certificate("Test Authority", authority=True)
        cls.file = Path(folder.name) / "authority.pem"
        cls.file.write_bytes(cls.authority.public_bytes(serialization.Encoding.PEM))

    @classmethod
    def certificate(cls, name, days=30, authority=False, issuer=None, key=None):
        today = datetime.datetime.now(datetime.timezone.utc)
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        issuer = issuer or (None if authority else cls.authority.subject) or subject
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer)
            .public_key((key or cls.key).public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(today - datetime.timedelta(days=60))
            .not_valid_after(today + datetime.timedelta(days=days))
            .add_extension(x509.BasicConstraints(authority, None), True)
        )
        if not authority:
            builder = builder.add_extension(
                x509.SubjectAlternativeName([x509.DNSName(name)]), False
            )
        return builder.sign(cls.key, hashes.SHA256())

    def serve(self, certificate, key=None, **options):
        server = TlsServer(self.folder, certificate, key or self.key, **options)
        self.addCleanup(server.close)
        return server

    def ask(self, server, trusted=True):
        policy = addresses.Policy(
            networks=LOOPBACK.networks, ca_file=str(self.file) if trusted else None
        )
        request = transport.Request(
            "POST", f"https://partner.example:{server.port}/hooks", body=b"amount",
            timeout=5,
        )  # fmt: skip
        with resolving("partner.example", ["127.0.0.1"]):
            return transport.call(request, policy)

    def not_asked(self, server, words, trusted=True):
        with self.assertRaises(transport.Failed) as caught:
            self.ask(server, trusted)
        self.assertEqual(caught.exception.kind, "unreachable", caught.exception.detail)
        self.assertEqual(caught.exception.words, words)
        self.assertEqual(server.requests, [], "no byte of the request left")

    def test_a_good_certificate_is_taken(self):
        server = self.serve(self.certificate("partner.example"))
        self.assertEqual(self.ask(server).status, 204)
        self.assertIn(b"amount", b"".join(server.requests))

    @rows("FA-H10")
    def test_a_certificate_past_its_end(self):
        self.not_asked(
            self.serve(self.certificate("partner.example", days=-1)),
            "Its certificate has expired.",
        )

    @rows("FA-H10")
    def test_a_certificate_of_another_name(self):
        self.not_asked(
            self.serve(self.certificate("attacker.example")),
            "Its certificate is for another name.",
        )

    @rows("FA-H10")
    def test_a_certificate_of_an_authority_that_nobody_knows(self):
        self.not_asked(
            self.serve(self.certificate("partner.example")),
            "Its certificate is not from an authority we know.",
            trusted=False,
        )

    @rows("FA-H10")
    def test_a_certificate_with_a_weak_key(self):
        weak = rsa.generate_private_key(65537, 1024)
        self.not_asked(
            self.serve(self.certificate("partner.example", key=weak), weak),
            "Its certificate is too weak.",
        )

    @rows("FA-H10")
    def test_an_old_protocol_is_not_agreed_to(self):
        server = self.serve(
            self.certificate("partner.example"),
            minimum_version=ssl.TLSVersion.TLSv1,
            maximum_version=ssl.TLSVersion.TLSv1_1,
        )
        self.not_asked(server, "A safe connection could not be made.")


class TestRefusedDeliveries(OutgoingCase):
    """The same where an administrator types an address and where a delivery goes."""

    @rows("FA-I01", "FA-I02", "FA-I03", "FA-I07", "FA-I08")
    def test_a_bad_address_cannot_be_saved(self):
        with patch.dict(os.environ, {"CONSTRUCTION_SYNC_PRIVATE_NETWORKS": ""}):
            for url in (
                *(f"https://{host}/" for host in (*PRIVATE, *DISGUISED, *CARRIERS)),
                "http://partner.example/",
                "https://user:word@partner.example/",
                "file:///etc/passwd",
            ):
                with self.assertRaises(ValidationError, msg=url) as caught:
                    self.hub.address = url
                self.assertIn("Project Hub", str(caught.exception))

    @rows("FA-I09")
    def test_our_own_address_cannot_be_saved(self):
        self.env["ir.config_parameter"].set_param(
            "web.base.url", "https://odoo.north.example"
        )
        with self.assertRaises(ValidationError):
            self.hub.address = "https://odoo.north.example/construction_sync/v1/events"

    @rows("FA-I01", "FA-I11")
    def test_an_address_that_has_become_forbidden_gets_nothing(self):
        self.new_vendor()
        self.commit()
        with patch.dict(os.environ, {"CONSTRUCTION_SYNC_PRIVATE_NETWORKS": ""}):
            self.dispatch()
        self.assertEqual(self.receiver.got, [])
        (delivery,) = self.deliveries()
        self.assertNotEqual(delivery.state, "delivered")
        self.assertNotIn("127.0.0.1", delivery.attempt_ids.words or "")

    @rows("FA-H08")
    def test_a_redirected_delivery_is_not_delivered(self):
        elsewhere = self.new_receiver(204)
        self.receiver.answers = [Say(302, {"Location": elsewhere.address})]
        self.new_vendor()
        self.dispatch()
        (delivery,) = self.deliveries()
        self.assertNotEqual(delivery.state, "delivered")
        self.assertEqual(elsewhere.got, [])
        self.assertIn("redirect", delivery.attempt_ids.words)


class resolving:
    """While it runs, ``name`` stands for the addresses of ``answers``, one list a
    question, the last one from then on; gives the questions that were asked."""

    def __init__(self, name, *answers):
        self.name = name
        self.answers = list(answers)
        self.asked = []

    def __enter__(self):
        self._real = socket.getaddrinfo
        self._patch = patch.object(socket, "getaddrinfo", self._resolve)
        self._patch.start()
        return self.asked

    def __exit__(self, *_error):
        self._patch.stop()

    def _resolve(self, host, port, *arguments, **options):
        if str(host).rstrip(".").lower() != self.name:
            return self._real(host, port, *arguments, **options)
        self.asked.append(host)
        found = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return [
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))
            for address in found
        ]
