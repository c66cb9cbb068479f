"""Seal what the audit holds: numbers without a gap, a Merkle tree, signed checkpoints.

Entries are written by many transactions at once and get their number only here, under
one lock, when nothing can slip in before them any more: a row is taken when its
transaction and all older ones have ended (its ``xmin`` is below the snapshot's). The
right edge of the tree is kept with each checkpoint, so that a step reads nothing that
was sealed before. A step is one transaction: killed half way, the same rows are sealed
again (crash point C12).

A checkpoint proves something only where the database's owner cannot reach it: it goes
with every acknowledgement to a system, and into a file outside of the database (C13).
``verify_audit.py`` checks the rest.
"""

import base64
import json
import logging
import time
from datetime import timedelta
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from odoo import fields
from odoo.tools import SQL, config

from ..schemas.problem import Problem
from ..verify_audit import (
    FORMAT,
    Checkpoint,
    Tree,
    Unreadable,
    Verification,
    checkpoint_body,
    key_id,
    key_line,
    read_anchors,
    read_keys,
)
from . import gateway, lanes, park, standing, vault
from .columns import arrays

_logger = logging.getLogger(__name__)

HEADER = "Sync-Audit-Checkpoint"
#: entries of one step and one checkpoint
STEP = 1_000
BUDGET = 40.0
LOCK = 1_129_700_007
#: entries that wait longer to be sealed, and checkpoints to be anchored, are told of
LATE = timedelta(minutes=10)
UNANCHORED = timedelta(hours=1)
#: how long a process hands out the checkpoint that it has read (seconds)
FRESH = 10.0
CAUSES = {"late": "audit-late", "anchor": "audit-unanchored", "broken": "audit-broken"}

_known = {}


# ---- sealing -------------------------------------------------------------------------


def run(registry, budget=BUDGET):
    """Seal what can be sealed; returns how many entries. Called by the cron.

    A copy does not go on with the log of its original: it would sign another end of it.
    """
    with registry.cursor() as cr:
        if standing.may_send(gateway.environment(cr)):
            return 0
    sealed, end = 0, time.monotonic() + budget
    while time.monotonic() < end:
        with registry.cursor() as cr:
            done = step(cr)
        sealed += done
        if done < STEP:
            break
    with registry.cursor() as cr:
        anchor(gateway.environment(cr))
    with registry.cursor() as cr:
        watch(gateway.environment(cr))
    return sealed


def step(cr, limit=STEP):
    """Seal up to ``limit`` entries and sign a checkpoint over all; returns how many.

    :raises vault.MasterKeyError: the server has no key to keep the signing key with
    """
    cr.execute("SELECT pg_try_advisory_xact_lock(%s)", [LOCK])
    if not cr.fetchone()[0]:
        return 0
    env = gateway.environment(cr)
    keys = _signing_keys(env)
    tree, floor = _state(cr)
    found = _settled(cr, floor, limit)
    if not found:
        return 0
    rows = []
    for audit_id, entry_hash in found:
        leaf = tree.add(entry_hash)
        rows.append((tree.size, audit_id, leaf))
    cr.execute(
        SQL(
            "INSERT INTO construction_sync_audit_seal (id, audit_id, leaf) "
            "SELECT * FROM unnest(%s) u (id, audit_id, leaf)",
            arrays(rows, ("int", "int", "text")),
        )
    )
    _sign(env, keys, tree)
    return len(rows)


def _state(cr):
    """The tree as it stands, and an entry's id below which everything is sealed."""
    cr.execute(
        "SELECT size, edge, floor_id FROM construction_sync_checkpoint "
        "ORDER BY size DESC LIMIT 1"
    )
    row = cr.fetchone()
    if not row:
        return Tree(), 0
    edge = row[1] if isinstance(row[1], list) else json.loads(row[1])
    return Tree(row[0], edge), row[2] or 0


def _settled(cr, floor, limit):
    """``[(id, hash)]`` of entries that are not sealed and that no entry of a running
    transaction can come before; the differences of transaction ids are taken modulo
    2^32, as PostgreSQL takes them."""
    cr.execute(
        SQL(
            """
            SELECT a.id, a.hash
              FROM construction_sync_audit a
             WHERE a.id > %s
               AND NOT EXISTS (SELECT FROM construction_sync_audit_seal s
                                WHERE s.audit_id = a.id)
               AND ((pg_snapshot_xmin(pg_current_snapshot())::text::bigint
                     - a.xmin::text::bigint) & 4294967295) BETWEEN 1 AND 2147483647
          ORDER BY a.id LIMIT %s
            """,
            floor,
            limit,
        )
    )
    return cr.fetchall()


def _floor(cr):
    """An id below which every entry is sealed or was never committed.

    The sequence's value is noted with the newest transaction id of the time; when all
    transactions up to that one have ended, nothing below the value can appear any more.
    """
    cr.execute(
        SQL(
            """
            SELECT c.floor_id, c.next_floor_id, c.next_floor_xid,
                   pg_snapshot_xmin(pg_current_snapshot())::text,
                   pg_snapshot_xmax(pg_current_snapshot())::text,
                   (SELECT last_value FROM construction_sync_audit_id_seq),
                   construction_sync_identity()
              FROM (SELECT 1) one
         LEFT JOIN (SELECT * FROM construction_sync_checkpoint
                  ORDER BY size DESC LIMIT 1) c ON TRUE
            """
        )
    )
    floor, next_floor, noted, xmin, xmax, last, identity = cr.fetchone()
    xid, _, place = (noted or "").partition("@")
    if xid and place == identity and int(xmin) >= int(xid):
        # up to there everything has ended; what of it is not sealed yet keeps it down
        cr.execute(
            SQL(
                "SELECT min(a.id) FROM construction_sync_audit a "
                "WHERE a.id > %s AND a.id <= %s AND NOT EXISTS (SELECT FROM "
                "construction_sync_audit_seal s WHERE s.audit_id = a.id)",
                floor or 0,
                next_floor,
            )
        )
        unsealed = cr.fetchone()[0]
        floor = unsealed - 1 if unsealed else next_floor
        return floor, last, f"{xmax}@{identity}"
    if xid and place == identity:
        return floor or 0, next_floor, noted
    return floor or 0, last, f"{xmax}@{identity}"


def _sign(env, keys, tree):
    origin = origin_of(env)
    body = checkpoint_body(origin, tree.size, tree.root())
    note = body + "\n"
    for name, public, private in keys:
        signature = key_id(name, public) + private.sign(body.encode())
        note += f"\u2014 {name} {base64.b64encode(signature).decode()}\n"
    floor, next_floor, noted = _floor(env.cr)
    env.cr.execute(
        SQL(
            """
            INSERT INTO construction_sync_checkpoint
                   (size, at, root, note, edge, floor_id, next_floor_id,
                    next_floor_xid)
            VALUES (%s, now() AT TIME ZONE 'UTC', %s, %s, %s, %s, %s, %s)
            """,
            tree.size,
            tree.root().hex(),
            note,
            json.dumps(tree.kept()),
            floor,
            next_floor,
            noted,
        )
    )
    # the first checkpoint of a new key is signed by the old one too; then that retires
    env["construction.sync.audit.key"]._retire_all_but_newest()
    env["construction.sync.checkpoint"].invalidate_model()


def origin_of(env):
    """The name of this log: no two databases share it."""
    uuid = env["ir.config_parameter"].get_param("database.uuid")
    return f"construction-sync/{uuid}"


def _signing_keys(env):
    """``[(name, public bytes, private key)]`` that sign now; made at first use."""
    keys = env["construction.sync.audit.key"]
    current = keys.search([("retired_at", "=", False)], order="id")
    if not current:
        current = keys._make()
    found = []
    for key in current:
        private = Ed25519PrivateKey.from_private_bytes(
            base64.b64decode(key._unsealed())
        )
        public = private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        found.append((key.name, public, private))
    return found


def new_key_line(env, private_bytes):
    """``(name, public key as it is handed out)`` for a new signing key."""
    private = Ed25519PrivateKey.from_private_bytes(private_bytes)
    public = private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    name = origin_of(env)
    return name, key_line(name, public)


# ---- anchors -------------------------------------------------------------------------


def header(cr):
    """The newest checkpoint as the value of ``Sync-Audit-Checkpoint``, or None; noted
    as anchored: who gets it keeps it outside of this database."""
    known = _known.get(cr.dbname)
    if known and time.monotonic() - known[0] < FRESH:
        return known[1]
    cr.execute(
        "SELECT id, note, anchored_at IS NULL FROM construction_sync_checkpoint "
        "ORDER BY size DESC LIMIT 1"
    )
    row = cr.fetchone()
    value = base64.b64encode(row[1].encode()).decode() if row else None
    if row and row[2]:
        lanes.session(cr.dbname).execute(
            "UPDATE construction_sync_checkpoint SET anchored_at = now() AT TIME ZONE "
            "'UTC', anchor = 'acknowledgement' WHERE id = %s AND anchored_at IS NULL",
            row[0],
        )
    _known[cr.dbname] = (time.monotonic(), value)
    return value


def anchors_file(cr):
    """Where checkpoints are kept outside of the database: ``audit_anchors`` of the
    section ``[construction_sync]`` (a folder, best one that is written only once), else
    the server's data folder."""
    folder = vault.configured("audit_anchors")
    if not folder:
        folder = Path(config["data_dir"]) / "construction_sync"
    return Path(folder) / f"{cr.dbname}.checkpoints"


def anchor(env):
    """Append the newest checkpoint to the file of anchors, once."""
    env.cr.execute(
        "SELECT id, note FROM construction_sync_checkpoint ORDER BY size DESC LIMIT 1"
    )
    row = env.cr.fetchone()
    if not row:
        return
    path = anchors_file(env.cr)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a+", encoding="utf-8") as file:
            file.seek(max(0, file.tell() - 4096))
            if row[1] in file.read():
                return
            file.write(row[1])
    except OSError as error:
        _logger.warning(
            "The checkpoint of the audit could not be kept in %s: %s.",
            path,
            error.strerror,
        )
        return
    env.cr.execute(
        "UPDATE construction_sync_checkpoint SET anchored_at = "
        "COALESCE(anchored_at, now() AT TIME ZONE 'UTC'), "
        "anchor = COALESCE(anchor, 'file') WHERE id = %s",
        [row[0]],
    )
    env["construction.sync.checkpoint"].invalidate_model()


# ---- the watch -----------------------------------------------------------------------


def watch(env):
    """Exceptions while sealing or anchoring is late; they close when it is not."""
    now = fields.Datetime.now()
    _tree, floor = _state(env.cr)
    env.cr.execute(
        SQL(
            """
            SELECT min(a.at), count(*) FROM construction_sync_audit a
             WHERE a.id > %s AND a.at < %s
               AND NOT EXISTS (SELECT FROM construction_sync_audit_seal s
                                WHERE s.audit_id = a.id)
            """,
            floor,
            now - LATE,
        )
    )
    oldest, count = env.cr.fetchone()
    words = count and (
        f"{count} audit entries wait to be sealed, the oldest since "
        f"{oldest:%H:%M} UTC; "
        f"{_why_late(env.cr)}"
    )
    _tell(env, "late", words)
    env.cr.execute(
        SQL(
            "SELECT min(at) FROM construction_sync_checkpoint "
            "WHERE anchored_at IS NULL AND at < %s AND size > "
            "(SELECT COALESCE(max(size), 0) FROM construction_sync_checkpoint "
            "WHERE anchored_at IS NOT NULL)",
            now - UNANCHORED,
        )
    )
    (since,) = env.cr.fetchone()
    _tell(
        env,
        "anchor",
        since
        and f"No checkpoint of the audit left this database since {since:%H:%M} UTC: "
        f"the file {anchors_file(env.cr).name} could not be written.",
    )


def _why_late(cr):
    cr.execute(
        "SELECT pid, extract(epoch FROM now() - xact_start)::int FROM pg_stat_activity "
        "WHERE backend_xmin IS NOT NULL AND datname = current_database() "
        "AND pid <> pg_backend_pid() AND xact_start IS NOT NULL "
        "ORDER BY xact_start LIMIT 1"
    )
    row = cr.fetchone()
    if row and row[1] > 60:
        return f"the transaction of process {row[0]} runs for {row[1]} s."
    return "the scheduled action that seals did not run."


def _tell(env, which, words):
    exceptions = env["construction.sync.exception"]
    if words:
        kind = {"broken": "audit-broken"}.get(which, "audit-late")
        park.open_exception(
            env, Problem(kind, words), system_id=None, cause=CAUSES[which]
        )
        return
    exceptions.search(
        [("cause", "=", CAUSES[which]), ("state", "!=", "resolved")]
    )._close("itself")


# ---- the export ----------------------------------------------------------------------

BATCH = 2_000


def export(cr, start=1, end=None):
    """Lines (texts without newline) of the export of sealed entries ``start`` to
    ``end``; a stream, whatever its length."""
    env = gateway.environment(cr)
    cr.execute("SELECT COALESCE(max(size), 0) FROM construction_sync_checkpoint")
    (last,) = cr.fetchone()
    end = min(end or last, last)
    start = max(1, start)
    cr.execute(
        SQL(
            "SELECT COALESCE(min(size), 0) FROM construction_sync_checkpoint "
            "WHERE size >= %s",
            end,
        )
    )
    # up to a checkpoint: what stands after the last one would be covered by nothing
    end = max(end, cr.fetchone()[0])
    yield _line(
        {
            "format": FORMAT,
            "origin": origin_of(env),
            "from": start,
            "to": end,
            "edge": _edge_before(cr, start).kept(),
            "keys": public_keys(env),
        }
    )
    totals, seq = {}, start - 1
    while seq < end:
        for line, key in _batch(cr, seq, min(seq + BATCH, end)):
            if key is not None:
                totals[key] = totals.get(key, 0) + 1
            yield line
        seq = min(seq + BATCH, end)
    yield _line({"end": end, "totals": totals})


def public_keys(env):
    """The public keys of all time, as lines."""
    keys = env["construction.sync.audit.key"].search([], order="id")
    return keys.mapped("public_part")


def _edge_before(cr, start):
    """The tree before entry ``start``."""
    cr.execute(
        SQL(
            "SELECT size, edge FROM construction_sync_checkpoint WHERE size < %s "
            "ORDER BY size DESC LIMIT 1",
            start,
        )
    )
    row = cr.fetchone()
    tree = Tree()
    if row:
        edge = row[1] if isinstance(row[1], list) else json.loads(row[1])
        tree = Tree(row[0], edge)
    if tree.size < start - 1:
        cr.execute(
            SQL(
                "SELECT a.hash FROM construction_sync_audit_seal s "
                "JOIN construction_sync_audit a ON a.id = s.audit_id "
                "WHERE s.id > %s AND s.id < %s ORDER BY s.id",
                tree.size,
                start,
            )
        )
        for (entry_hash,) in cr.fetchall():
            tree.add(entry_hash)
    return tree


def _batch(cr, after, upto):
    """``(line, key of the totals or None)`` of entries and checkpoints, in order."""
    cr.execute(
        SQL(
            "SELECT size, note FROM construction_sync_checkpoint "
            "WHERE size > %s AND size <= %s",
            after,
            upto,
        )
    )
    notes = dict(cr.fetchall())
    cr.execute(
        SQL(
            """
            SELECT s.id, a.prev_hash, a.content, a.hash, a.changes, a.doc_key, a.at,
                   a.action, a.user_id, a.res_model, a.res_id, a.reason
              FROM construction_sync_audit_seal s
              JOIN construction_sync_audit a ON a.id = s.audit_id
             WHERE s.id > %s AND s.id <= %s ORDER BY s.id
            """,
            after,
            upto,
        )
    )
    for row in cr.fetchall():
        yield _entry(row), f"{row[6]:%Y-%m} {row[7]}"
        if row[0] in notes:
            yield _line({"checkpoint": notes[row[0]]}), None


def _entry(row):
    (seq, prev, content, entry_hash, changes, doc_key, at, action, user, model, res_id,
     reason) = row  # fmt: skip
    shown = {
        "object": doc_key,
        "action": action,
        "at": at.isoformat(timespec="milliseconds") + "Z",
        "user": user,
    }
    if res_id:
        shown["record"] = f"{model},{res_id}"
    if reason:
        shown["reason"] = reason
    entry = {
        "seq": seq,
        "prev": prev or "",
        "content": content,
        "shown": shown,
        "hash": entry_hash,
    }
    if changes is not None:
        entry["changes"] = changes
    return _line(entry)


def _line(value):
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


# ---- integrity -----------------------------------------------------------------------


def check(cr):
    """Verify everything that is sealed, with the public keys and the anchors that this
    server has; returns the :class:`verify_audit.Verification` and notes what is wrong.
    """
    env = gateway.environment(cr)
    lines = public_keys(env)
    keys = read_keys("\n".join(lines)) if lines else {}
    try:
        anchors = read_anchors(anchors_file(cr).read_text(encoding="utf-8"))
    except (OSError, Unreadable):
        anchors = []
    origin = origin_of(env)
    # a copy has its own log, and its file may stand beside that of the original
    anchors = [a for a in anchors if a.origin == origin and a.signed_by(keys)]
    verification = Verification(keys, anchors)
    verification.follow(export(cr))
    _tell(
        env,
        "broken",
        verification.findings
        and f"The audit is not what was sealed: {verification.findings[0]}.",
    )
    return verification


def last_checkpoint(env):
    """The newest :class:`verify_audit.Checkpoint`, or None."""
    found = env["construction.sync.checkpoint"].search([], limit=1)
    return Checkpoint(found.note) if found else None
