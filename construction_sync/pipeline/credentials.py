"""Logins and signing keys. A first slice: the sealed ones take its place."""

from urllib.parse import urlsplit

from . import addresses


class CredentialUnavailable(Exception):
    """A login cannot be read here, or is past its time; its text is for anybody."""


class Login:
    """How one system is called; plain values, usable from threads."""

    def __init__(self, policy):
        self.policy = policy

    def apply(self, request):
        """``request`` with the login."""
        return request


def policy_of(system, client_cert=None):
    """What may be called for ``system``, and how."""
    own = urlsplit(system.get_base_url()).hostname
    networks = addresses.configured_networks()
    return addresses.Policy(
        networks=networks,
        plain_http=bool(networks) and system.environment == "test",
        client_cert=client_cert,
        # a name only: numbers and localhost are judged as the addresses they are
        own_hosts=frozenset([own] if own and not addresses.is_local(own) else []),
    )


def prepare(_env, system):
    """The Login of ``system``.

    :raises CredentialUnavailable: when it cannot be used now
    """
    return Login(policy_of(system))


def signing_keys(_env, _system):
    """``[(kind, bytes)]`` of the keys that sign what ``system`` is sent."""
    return []
