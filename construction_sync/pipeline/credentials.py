"""Logins and signing keys of the way out.

Read and unsealed while the database can be read; what comes out are plain objects that
threads use. Nothing of it is ever logged or kept with an attempt.
"""

import base64
import threading
import time
from dataclasses import replace
from datetime import timedelta
from urllib.parse import urlencode, urlsplit

from odoo import fields

from ..schemas import strict_json
from ..schemas.json_faults import StrictJsonError
from . import addresses, certificates, lanes, transport, vault

LOGINS = ("header", "bearer", "basic", "oauth2")
#: a token is renewed this long before its end
EARLY = 60
TOKEN_SPACE = 1_129_700_000

_token_lock = threading.Lock()


class CredentialUnavailable(Exception):
    """A login cannot be read here, or is past its time; its text is for anybody."""


class Login:
    """How one system is called; plain values, usable from threads.

    :param policy: ``transport.Policy`` of its calls
    :param headers: what goes with every call
    :param token: a ``Token`` when the login is got by OAuth2
    """

    def __init__(self, policy, headers=None, token=None):
        self.policy = policy
        self.headers = headers or {}
        self.token = token

    def apply(self, request):
        """``request`` with the login.

        :raises CredentialUnavailable: no token can be got
        :raises transport.Failed: the token's address does not answer
        """
        headers = dict(self.headers)
        if self.token is not None:
            headers["Authorization"] = f"Bearer {self.token.get()}"
        return replace(request, headers={**request.headers, **headers})

    def refused(self):
        """The system did not accept the login: the next call gets a new token."""
        if self.token is not None:
            self.token.drop()


class Token:
    """An OAuth2 token by client credentials (RFC 6749, 4.4), shared by all threads and
    processes: whoever finds it too old renews it, everybody else waits for that one
    (FA-H15)."""

    def __init__(self, dbname, credential, client_id, secret, policy):
        self.dbname = dbname
        self.id = credential.id
        self.binding = f"{credential._binding()}:token"
        self.address = credential.token_address
        self.scope = credential.scope
        self.client_id = client_id
        self.secret = secret
        self.policy = policy
        self.value, self.until = None, 0.0
        self._refused = None

    def get(self):
        """A token that is good for at least a minute."""
        if self.value and time.time() < self.until - EARLY:
            return self.value
        with _token_lock:
            if self.value and time.time() < self.until - EARLY:
                return self.value
            session = lanes.LaneSession(self.dbname)
            try:
                session.execute("SELECT pg_advisory_lock(%s, %s)", TOKEN_SPACE, self.id)
                return self._stored(session) or self._fetch(session)
            finally:
                session.close()

    def drop(self):
        """It was not accepted: renew it, unless somebody else has already."""
        self._refused, self.value = self.value, None

    def _stored(self, session):
        rows = session.execute(
            "SELECT token_sealed, extract(epoch FROM token_until AT TIME ZONE 'UTC') "
            "FROM construction_sync_credential WHERE id = %s",
            self.id,
        )
        if not rows or rows[0][0] is None:
            return None
        try:
            value = vault.unseal(bytes(rows[0][0]), self.binding)
        except vault.SecretUnreadable:
            return None  # the master key was changed since: get another
        until = float(rows[0][1])
        if value == self._refused or time.time() >= until - EARLY:
            return None
        self.value, self.until = value, until
        return value

    def _fetch(self, session):
        form = {"grant_type": "client_credentials"}
        if self.scope:
            form["scope"] = self.scope
        pair = base64.b64encode(f"{self.client_id}:{self.secret}".encode()).decode()
        answer = transport.call(
            transport.Request(
                "POST",
                self.address,
                {
                    "Content-Type": "application/x-www-form-urlencoded",
                    "Accept": "application/json",
                    "Authorization": f"Basic {pair}",
                },
                urlencode(
                    {
                        **form,
                        "client_id": self.client_id,
                        "client_secret": self.secret,
                    }
                ).encode(),
            ),
            self.policy,
        )
        try:
            found = strict_json.parse(answer.body)
            value = found["access_token"]
            seconds = int(found.get("expires_in", 3600))
        except (StrictJsonError, KeyError, TypeError, ValueError) as error:
            raise CredentialUnavailable(
                f"Its login server answered with status {answer.status} and no token."
            ) from error
        self.value, self.until = str(value), time.time() + max(seconds, EARLY + 1)
        session.execute(
            "UPDATE construction_sync_credential SET token_sealed = %s, "
            "token_until = (now() AT TIME ZONE 'UTC') + %s * interval '1 second' "
            "WHERE id = %s",
            vault.seal(self.value, self.binding),
            seconds,
            self.id,
        )
        return self.value


def policy_of(system, client_cert=None):
    """What may be called for ``system``, and how."""
    own = urlsplit(system.get_base_url()).hostname
    networks = addresses.configured_networks()
    test = system.environment == "test"
    return addresses.Policy(
        networks=networks,
        plain_http=bool(networks) and test,
        ca_file=(vault.configured("test_authorities") or None) if test else None,
        client_cert=client_cert,
        # a name only: numbers and localhost are judged as the addresses they are
        own_hosts=frozenset([own] if own and not addresses.is_local(own) else []),
    )


def prepare(env, system):
    """The Login of ``system``.

    :raises CredentialUnavailable: it cannot be read here, or is past its time
    """
    now = fields.Datetime.now()
    usable = system.credential_ids.filtered(
        lambda c: c.set_at and c.not_before <= now and c.kind in (*LOGINS, "mtls")
    )
    current = usable.filtered(lambda c: not c.expires_at or c.expires_at > now)
    if usable and not current:
        raise CredentialUnavailable(
            "The login or certificate is past its time. Set a new one under Access."
        )
    policy = policy_of(system, _client_cert(current))
    login = current.filtered(lambda c: c.kind in LOGINS)[:1]
    if not login:
        if any(c.kind == "mtls" for c in usable) and not policy.client_cert:
            raise CredentialUnavailable(
                "The client certificate is past its time. Set a new one under Access."
            )
        return Login(policy)
    return _login(env, login, _clear(login), policy)


def _login(env, credential, value, policy):
    if credential.kind == "header":
        return Login(policy, {credential.name: value})
    if credential.kind == "bearer":
        return Login(policy, {"Authorization": f"Bearer {value}"})
    if credential.kind == "basic":
        pair = base64.b64encode(f"{credential.name}:{value}".encode()).decode()
        return Login(policy, {"Authorization": f"Basic {pair}"})
    key = (env.cr.dbname, credential.id, credential.set_at)
    with _token_lock:
        token = _tokens.get(key)
        if token is None:
            token = _tokens[key] = Token(
                env.cr.dbname, credential, credential.name, value, policy
            )
    return Login(policy, token=token)


_tokens = {}


def _client_cert(usable):
    found = usable.filtered(lambda c: c.kind == "mtls")[:1]
    return certificates.split(_clear(found)) if found else None


def _clear(credential):
    try:
        value = credential._unsealed()
    except (vault.SecretUnreadable, vault.MasterKeyError) as error:
        raise CredentialUnavailable(str(error)) from error
    if value is None:
        raise CredentialUnavailable(
            "A key was taken out when this database was copied."
        )
    return value


def signing_keys(env, system):
    """``[(kind, bytes)]`` of all keys that sign what ``system`` is sent, newest first.

    :raises CredentialUnavailable: one of them cannot be read here
    """
    now = fields.Datetime.now()
    return [
        (credential.kind, vault.key_bytes(credential.kind, _clear(credential)))
        if credential.kind == "hmac"
        else ("ed25519", base64.b64decode(_clear(credential)))
        for credential in system.credential_ids
        if credential.kind in ("hmac", "ed25519")
        and credential.set_at
        and credential.not_before <= now
        and (not credential.expires_at or credential.expires_at > now)
    ]


def ending(env, days=14):
    """Client certificates and logins that end within ``days``, for the watch."""
    until = fields.Datetime.now() + timedelta(days=days)
    found = env["construction.sync.credential"].search(
        [("expires_at", "!=", False), ("expires_at", "<=", until)]
    )
    return found.filtered(lambda c: c.kind not in ("hmac", "ed25519"))
