"""Logins and signing keys. A first slice: the sealed ones take its place."""


class CredentialUnavailable(Exception):
    """A login cannot be read here."""


class Login:
    """No login."""

    policy = None

    def apply(self, request):
        return request


def prepare(_env, _system):
    return Login()


def signing_keys(_env, _system):
    return []
