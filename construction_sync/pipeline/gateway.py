"""The one place where privileges are taken: who calls, and as whom we write.

Outside callers have no Odoo session. What they may say and see comes from their key
alone (P4); inside, the backbone works with full access rights and enforces source,
company, ownership and scope itself, because a service user's record rules know none
of these. Nothing else in the suite takes privileges without saying why on the line.
"""

import ipaddress
import time
from datetime import datetime, timezone

from odoo import api

from ..schemas.problem import Problem
from . import keys, lanes, ownership, rate

#: quiet bulk work: no mail tracking per record, no subscriptions, no partner re-sync
QUIET = {
    "tracking_disable": True,
    "mail_create_nolog": True,
    "mail_create_nosubscribe": True,
    "mail_notrack": True,
    "mail_auto_subscribe_no_notify": True,
}


#: (database, key digest) -> hour in which this process noted its use
_used = {}


class Refused(Exception):
    """The caller is refused; ``problem`` says how, ``headers`` go with the answer."""

    def __init__(self, problem, headers=None):
        super().__init__(problem.detail)
        self.problem = problem
        self.headers = headers or {}


def environment(cr, uid=api.SUPERUSER_ID):
    """Environment of backbone work on ``cr``, attributed to user ``uid``."""
    return api.Environment(cr, uid, {**QUIET, **ownership.apply_context()}, su=True)


def system_environment(env, system):
    """``env`` as the user and company that ``system`` acts for."""
    companies = (system.company_id | system.company_ids).ids
    return env(
        user=system.user_id.id,
        su=True,
        context={**env.context, "allowed_company_ids": companies, "lang": None},
    )


def authenticate(env, authorization, address):
    """The caller that presents ``Authorization: Bearer <key>``.

    :raises Refused: 401 for a missing, unknown, expired or revoked key (all alike),
        403 for an address outside the client's list, 429 past its rate
    :return: ``(Caller, headers)``
    """
    scheme, _, key = (authorization or "").partition(" ")
    if scheme.lower() != "bearer" or not key or len(key) > 200 or not key.isascii():
        raise _unauthenticated()
    digest = keys.digest(key.strip())
    caller = env["construction.sync.client"]._caller(digest)
    now = datetime.now(timezone.utc).replace(tzinfo=None)
    if caller is None or (caller.expires_at and caller.expires_at <= now):
        raise _unauthenticated()
    if caller.networks and not _inside(address, caller.networks):
        raise Refused(
            Problem("forbidden", "The key may not be used from this address.")
        )
    _note_use(env, digest)
    return caller, _spend(env, caller)


def _note_use(env, digest):
    """Keep when a key was last used, to the hour, outside the call's transaction."""
    hour = int(time.time() // 3600)
    if _used.get((env.cr.dbname, digest)) == hour:
        return
    _used[env.cr.dbname, digest] = hour
    lanes.session(env.cr.dbname).execute(
        "UPDATE construction_sync_client_key "
        "SET last_used_at = date_trunc('hour', now() AT TIME ZONE 'UTC') "
        "WHERE key_hash = %s",
        digest,
    )


def _unauthenticated():
    return Refused(
        Problem("unauthenticated", "The key is missing, unknown, expired or revoked."),
        {"WWW-Authenticate": 'Bearer realm="construction_sync"'},
    )


def _inside(address, networks):
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    return any(found in ipaddress.ip_network(n, strict=False) for n in networks)


def _spend(env, caller):
    if not caller.rate:
        return {}
    allowed, remaining, wait = rate.spend(
        lanes.session(env.cr.dbname), caller.client_id, caller.rate
    )
    headers = {
        "RateLimit-Policy": f'"default";q={caller.rate};w=60',
        "RateLimit": f'"default";r={remaining};t={wait or 60}',
    }
    if not allowed:
        raise Refused(
            Problem("rate-limited", f"More than {caller.rate} calls a minute."),
            {**headers, "Retry-After": str(wait)},
        )
    return headers
