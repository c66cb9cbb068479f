"""Client certificates: what an administrator pastes, and until when it is good."""

import re
from datetime import timezone

from cryptography import x509
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
)

_BLOCK = re.compile(r"-----BEGIN ([A-Z ]+)-----.*?-----END \1-----", re.DOTALL)


def split(text):
    """``(certificates PEM, key PEM)`` of what was pasted together, in any order."""
    certificates, key = [], ""
    for match in _BLOCK.finditer(text or ""):
        if "PRIVATE KEY" in match.group(1):
            key = match.group(0)
        elif match.group(1) == "CERTIFICATE":
            certificates.append(match.group(0))
    return "\n".join(certificates), key


def problem_of(text):
    """Why this is no certificate with its key, in words; None when it is."""
    certificates, key = split(text)
    if not certificates or not key:
        return "paste the certificate and its private key, both as PEM"
    try:
        certificate = x509.load_pem_x509_certificate(certificates.encode())
        private = load_pem_private_key(key.encode(), None)
    except (ValueError, TypeError):
        return "the certificate or its private key cannot be read"

    def public_bytes(public):
        return public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    if public_bytes(certificate.public_key()) != public_bytes(private.public_key()):
        return "the private key is not the certificate's"
    return None


def expires_at(certificates):
    """When the first certificate ends, in UTC without zone."""
    found = x509.load_pem_x509_certificate(certificates.encode())
    if hasattr(found, "not_valid_after_utc"):
        return found.not_valid_after_utc.astimezone(timezone.utc).replace(tzinfo=None)
    return found.not_valid_after
