"""Which addresses may be called: what an administrator types must not become a way into
our own network (FAULTS, I).

A URL is judged by its shape, then every address its name stands for. One bad address
refuses them all, because a name that stands for a public and a private address is an
attack or a mistake. The caller connects to the very address that was judged.
Private networks can be allowed by the server's configuration only, never in the
database: ``private_networks`` in the section ``[construction_sync]`` or the
environment variable ``CONSTRUCTION_SYNC_PRIVATE_NETWORKS``.
"""

import concurrent.futures
import ipaddress
import os
import re
import socket
from dataclasses import dataclass
from urllib.parse import urlsplit

from . import vault

PORTS = frozenset({443, 8443})
DNS_SECONDS = 5
#: what only looks like a name: every way to write an IPv4 address that resolvers take
_NUMERIC = re.compile(r"(0[xX][0-9a-fA-F]*|[0-9]+)(\.(0[xX][0-9a-fA-F]*|[0-9]+))*\.?")
_HOST = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?(\.[A-Za-z0-9_]"
                   r"([A-Za-z0-9_-]*[A-Za-z0-9_])?)*\.?")  # fmt: skip
#: addresses that carry another address inside (Teredo, 6to4, NAT64)
_TUNNELS = tuple(
    ipaddress.ip_network(text)
    for text in ("2001::/32", "2002::/16", "64:ff9b::/96", "64:ff9b:1::/48", "::/96")
)
#: never, whatever the configuration allows: where clouds keep their keys
_NEVER = frozenset(
    ipaddress.ip_address(text)
    for text in ("169.254.169.254", "fd00:ec2::254", "100.100.100.200")
)

_resolver = concurrent.futures.ThreadPoolExecutor(8, thread_name_prefix="resolve")


class AddressRefused(Exception):
    """The address may not be called. ``words`` are for anybody, ``detail`` (which may
    tell of our network) is for the log."""

    def __init__(self, words, detail=""):
        super().__init__(words)
        self.words = words
        self.detail = detail


class AddressUnknown(Exception):
    """The name stands for no address now."""


@dataclass(frozen=True, slots=True)
class Policy:
    """What may be called, and how.

    ``networks`` are private networks that the server's configuration allows;
    ``plain_http`` allows ``http://`` inside them. ``ca_file`` names more certificate
    authorities, ``client_cert`` is ``(certificate PEM, key PEM)``, ``own_hosts`` are
    our own names (a call to ourselves would go in circles).
    """

    networks: tuple = ()
    plain_http: bool = False
    ca_file: str | None = None
    client_cert: tuple | None = None
    own_hosts: frozenset = frozenset()


def configured_networks():
    """Private networks that the server's configuration allows to be called."""
    text = os.environ.get("CONSTRUCTION_SYNC_PRIVATE_NETWORKS")
    if text is None:
        text = vault.configured("private_networks")
    return tuple(
        ipaddress.ip_network(part.strip(), strict=False)
        for part in text.split(",")
        if part.strip()
    )


def check_url(url, policy):
    """Judge the shape of ``url``; returns ``(scheme, host, port)``.

    :raises AddressRefused: for anything that is no plain https address
    """
    if not url or len(url) > 2000:
        raise AddressRefused("An address has 1 to 2,000 signs.")
    if any(ord(c) < 33 or ord(c) > 126 for c in url) or "\\" in url:
        raise AddressRefused(
            "An address holds no blanks, backslashes or letters outside of ASCII."
        )
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise AddressRefused("The address cannot be read.") from None
    if parts.scheme not in ("https", "http"):
        raise AddressRefused("An address begins with https://.")
    if parts.scheme == "http" and not policy.plain_http:
        raise AddressRefused(
            "An address begins with https://; without TLS everybody on the way reads "
            "along."
        )
    if "@" in parts.netloc or parts.username is not None:
        raise AddressRefused("A login does not belong into an address.")
    host = parts.hostname or ""
    _check_host(host, policy)
    return parts.scheme, host, port or (443 if parts.scheme == "https" else 80)


def is_local(host):
    """Whether a host is an address by itself, or this machine."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return host.rstrip(".").lower() == "localhost"
    return True


def _check_host(host, policy):
    try:
        ipaddress.ip_address(host)
    except ValueError:
        if _NUMERIC.fullmatch(host):
            raise AddressRefused(
                "The address writes a number in a way that hides where it leads."
            ) from None
        if len(host) > 253 or not _HOST.fullmatch(host):
            raise AddressRefused("The address names no host.") from None
    if host.rstrip(".").lower() in policy.own_hosts:
        raise AddressRefused("The address is our own.")


def judge(address, port, scheme, policy):
    """Whether this very address may be called.

    :param address: an address as text
    :raises AddressRefused: when not
    """
    found = ipaddress.ip_address(address.partition("%")[0])
    found = getattr(found, "ipv4_mapped", None) or found
    words = "The address leads to a network that may not be called."
    if found in _NEVER:
        raise AddressRefused(words, f"{found} is never called")
    if any(
        found.version == network.version and found in network
        for network in policy.networks
    ):
        return
    if scheme != "https":
        raise AddressRefused("Outside of our own network an address needs https://.")
    if found.version == 6 and any(found in tunnel for tunnel in _TUNNELS):
        raise AddressRefused(words, f"{found} carries another address inside")
    if not found.is_global or found.is_multicast or found.is_reserved:
        raise AddressRefused(words, f"{found} is not public")
    if port not in PORTS:
        raise AddressRefused(f"Port {port} may not be called; use 443 or 8443.")


def resolve(host, port, scheme, policy):
    """Addresses of ``host``, judged, in the resolver's order.

    :raises AddressRefused: when one of them may not be called
    :raises AddressUnknown: when there is none
    """
    future = _resolver.submit(socket.getaddrinfo, host, port, 0, socket.SOCK_STREAM)
    try:
        rows = future.result(DNS_SECONDS)
    except (OSError, UnicodeError, concurrent.futures.TimeoutError) as error:
        raise AddressUnknown(str(error)) from error
    found = list(dict.fromkeys(row[4][0] for row in rows))
    if not found:
        raise AddressUnknown(f"{host} has no address")
    for address in found:
        judge(address, port, scheme, policy)
    return found


def check_at_save(url, policy):
    """Judge an address that a person types; what cannot be resolved now is let through,
    it is judged again at every call.

    :raises AddressRefused: when it may not be called
    """
    scheme, host, port = check_url(url, policy)
    try:
        resolve(host, port, scheme, policy)
    except AddressUnknown:
        return
