"""Certificates made on the fly, good ones and those that no client may accept.

A certificate authority of this very process signs them; its public part is written to
a file that a test environment may name as its own authority.
"""

import datetime
import ipaddress
import ssl
import tempfile
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

DAY = datetime.timedelta(days=1)


class Authority:
    """Signs certificates for 127.0.0.1 and localhost.

    :param folder: where the files are kept (pathlib.Path); a temporary one for None
    """

    def __init__(self, folder=None):
        self._kept = None
        if folder is None:
            self._kept = tempfile.TemporaryDirectory(prefix="simulator-tls-")
            folder = self._kept.name
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _name("Simulator authority (not a real one)")
        self._own = self._certificate(
            self._name, self._key, self._name, self._key, authority=True
        )
        self.file = self.folder / "authority.pem"
        self.file.write_bytes(self._own.public_bytes(serialization.Encoding.PEM))

    def context(self, kind):
        """A server's ``ssl.SSLContext`` with a certificate of this kind; None for
        "none".

        :param kind: ``good``, ``expired``, ``wrong_host``, ``self_signed`` or ``none``
        """
        if kind == "none":
            return None
        key = ec.generate_private_key(ec.SECP256R1())
        host = "elsewhere.example" if kind == "wrong_host" else "localhost"
        issuer, signer = self._name, self._key
        if kind == "self_signed":
            issuer, signer = _name(host), key
        certificate = self._certificate(
            _name(host), key, issuer, signer, expired=kind == "expired", host=host
        )
        return self._server(kind, key, certificate)

    def client(self, name, days=30):
        """``(certificate, key)`` files of a client for mutual TLS, valid so long."""
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = self._certificate(
            _name(name), key, self._name, self._key, days=days, host=name
        )
        return self._files(f"client-{name}", key, certificate)

    def _server(self, kind, key, certificate):
        pair = self._files(f"server-{kind}", key, certificate)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*pair)
        return context

    def _files(self, name, key, certificate):
        found = self.folder / f"{name}.pem", self.folder / f"{name}.key"
        found[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        found[1].touch(mode=0o600)
        found[1].write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        return found

    def _certificate(
        self, subject, key, issuer, signer, *, authority=False, expired=False,
        host="", days=30,
    ):  # fmt: skip
        now = datetime.datetime.now(datetime.timezone.utc)
        until = now - DAY if expired else now + days * DAY
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - 30 * DAY)
            .not_valid_after(until)
            .add_extension(x509.BasicConstraints(authority, None), critical=True)
        )
        # a strict client wants to know which key signed which
        builder = builder.add_extension(
            x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False
        )
        if authority:
            builder = builder.add_extension(_may_sign(), critical=True)
        else:
            builder = builder.add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()),
                critical=False,
            )
        if host:
            names = [x509.DNSName(host)]
            if host == "localhost":
                names.append(x509.IPAddress(ipaddress.ip_address("127.0.0.1")))
            builder = builder.add_extension(
                x509.SubjectAlternativeName(names), critical=False
            )
        return builder.sign(signer, hashes.SHA256())


def _may_sign():
    return x509.KeyUsage(
        digital_signature=False,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=True,
        encipher_only=False,
        decipher_only=False,
    )


def _name(text):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])
