"""Whether this database may call anybody: a copy and a restored one may not (FA-G09,
FA-G10), until an administrator has said that it goes on.

Two marks tell. The *identity* of the database (the cluster's system identifier and the
database's oid) is kept in ``construction.sync.standing``; a copy, a dump that was
restored and a moved database have another. The *high water* (how many events and
messages it has ever had) is kept in a file in the server's data folder; a database that
was set back in its place (point-in-time recovery) stands below it. What is set back
together with its files cannot be told by either and is in the operator's handbook.

Going on after a restore begins a new epoch: sequences leap over what was told and lost,
what the copy holds as undone may have been done since, and money is asked for, not sent
again.
"""

import json
import logging
import os
import time
from pathlib import Path

from odoo.tools import SQL, config

from ..schemas.problem import Problem
from . import audit, gateway, park, publish, resending

_logger = logging.getLogger(__name__)

#: how far sequences leap when a restored database goes on: more than were ever told
#: between a backup and its restore
EPOCH = 1_000_000
#: how often a process notes the high water (seconds)
EVERY = 20
COUNTED = ("construction_sync_event", "construction_sync_message")
CAUSE = "standing"

_noted = {}


def may_send(env):
    """None when this database may call other systems, else words why not."""
    row = _current(env)
    if row is None:
        return None  # the module has just been installed
    kind, place, _id, same = row
    if kind == "copy" and same:
        return env._(
            "An administrator said that this database is a copy, so it sends and "
            "fetches nothing. Configuration > This database changes that."
        )
    if not same:
        return env._(
            "This database is a copy of %(place)s, or was restored from a backup of "
            "it. It sends and fetches nothing until an administrator says under "
            "Configuration > This database what it is.",
            place=place,
        )
    if _set_back(env, row):
        return env._(
            "This database was set back to an earlier state. It sends and fetches "
            "nothing until an administrator says under Configuration > This database "
            "that it goes on."
        )
    return None


def watch(env):
    """Called by the dispatcher: an exception while this database may not send, else
    its high water is noted now and then. Returns ``may_send``."""
    words = may_send(env)
    if words is None:
        note_water(env)
        return None
    kind, _place, _id, same = _current(env)
    if kind == "copy" and same:
        return words  # it was decided: nothing to ask
    park.open_exception(
        env,
        Problem("database-unconfirmed", words),
        system_id=None,
        cause=CAUSE,
    )
    return words


def note_water(env, force=False):
    """Keep in the data folder how far this database has come."""
    name, now = env.cr.dbname, time.monotonic()
    if not force and now - _noted.get(name, -EVERY) < EVERY:
        return
    row = _current(env)
    if row is None:
        return
    _noted[name] = now
    path = _file(env, row)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_suffix(f".{os.getpid()}")
        fresh.write_text(json.dumps(_water(env)))
        fresh.replace(path)
    except OSError as error:
        _logger.warning(
            "How far %s has come could not be kept in %s (%s): that it is set back to "
            "an earlier state would not be noticed.",
            name, path.parent, error.strerror,
        )  # fmt: skip


def confirm(env, kind, reason, everything=False):
    """An administrator says what this database is.

    :param kind: ``goes_on`` (restored or moved: it is the one that sends) or ``copy``
    :param everything: also tell all systems the present state of everything
    :return: how many deliveries ``everything`` made
    """
    inner = gateway.environment(env.cr)
    goes_on = kind == "goes_on"
    if goes_on:
        _new_epoch(inner)
    inner["construction.sync.standing"]._note(kind, reason, env.uid)
    journal = audit.Journal(inner, env.uid)
    journal.note("odoo>standing", "decided", reason=reason, facts={"database": kind})
    journal.flush()
    if goes_on:
        note_water(inner, force=True)
    found = inner["construction.sync.exception"].search(
        [("cause", "=", CAUSE), ("state", "!=", "resolved")]
    )
    found._close("corrected", reason, by=env.uid)
    count = 0
    if goes_on and everything:
        flows = inner["construction.sync.flow"].search(
            [("direction", "=", "out"), ("state", "=", "live")]
        )
        kept = {
            flow.id
            for system in flows.system_id
            for flow in resending.one_by_one(system)
        }
        count = sum(
            publish.everything(env, flow) for flow in flows if flow.id not in kept
        )
    env["construction.sync.carrier"]._ring_dispatch()
    return count


# ---- marks ---------------------------------------------------------------------------


def _current(env):
    """``(kind, place, id, whether the identity is this database's)`` or None."""
    env.cr.execute(
        "SELECT kind, place, id, identity = construction_sync_identity() "
        "FROM construction_sync_standing ORDER BY id DESC LIMIT 1"
    )
    return env.cr.fetchone()


def _water(env):
    """``{table: how many rows it has ever had}``; never goes back by itself."""
    env.cr.execute(
        SQL(
            "SELECT %s",
            SQL(", ").join(
                SQL("(SELECT last_value FROM %s)", SQL.identifier(f"{table}_id_seq"))
                for table in COUNTED
            ),
        )
    )
    return dict(zip(COUNTED, env.cr.fetchone(), strict=True))


def _file(env, row):
    env.cr.execute("SELECT construction_sync_identity()")
    (identity,) = env.cr.fetchone()
    return Path(config["data_dir"]) / "construction_sync" / f"{identity}-{row[2]}.json"


def _set_back(env, row):
    try:
        kept = json.loads(_file(env, row).read_text())
    except (OSError, ValueError):
        return False
    now = _water(env)
    return any(now[table] < kept.get(table, 0) for table in COUNTED)


# ---- a new epoch ---------------------------------------------------------------------


def _new_epoch(env):
    """What was told after the backup is lost here and known there."""
    env.cr.execute(
        SQL(
            "UPDATE construction_sync_publication "
            "SET sequence = sequence + %s, content_hash = ''",
            EPOCH,
        )
    )
    flows = [
        flow.id
        for system in env["construction.sync.system"].search([])
        for flow in resending.one_by_one(system)
    ]
    # whether these were sent after the backup nobody here knows (FA-H04)
    env.cr.execute(
        SQL(
            """
            UPDATE construction_sync_delivery
               SET state = 'unknown', lease_token = NULL, lease_until = NULL,
                   attempts = greatest(attempts, 1),
                   next_at = now() AT TIME ZONE 'UTC',
                   note = 'It may have been sent before the database was restored'
             WHERE flow_id = ANY(%s) AND state IN ('pending', 'leased', 'retry')
            """,
            flows,
        )
    )
    env.invalidate_all()
