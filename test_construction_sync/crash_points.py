"""Where the fault harness makes a process die, and how it breaks the software.

Nothing happens unless ``CONSTRUCTION_SYNC_CRASH_DIR`` names a folder. A file
``c3-7`` in it is an order: the first process that passes crash point C3 and gets to
rename the file dies of SIGKILL. ``pause-1``
makes it wait before it commits. A file ``break-skip-gate`` breaks a rule for as long
as it is there: the harness must notice, or it would notice nothing.
"""

import contextlib
import hashlib
import logging
import os
import signal
import threading
import time

from psycopg2 import OperationalError

from odoo.addons.construction_sync.handlers.handler import SyncHandler
from odoo.addons.construction_sync.pipeline import drain, gate, intake, lanes

_logger = logging.getLogger(__name__)

VARIABLE = "CONSTRUCTION_SYNC_CRASH_DIR"
TAKEN = "taken-"


def ordered(folder, point):
    """Whether this process is to die here; each order is taken once."""
    with contextlib.suppress(OSError):
        for name in sorted(os.listdir(folder)):
            if name.rpartition("-")[0] != point:
                continue
            with contextlib.suppress(OSError):
                os.rename(
                    os.path.join(folder, name),
                    os.path.join(folder, f"{TAKEN}{name}-{os.getpid()}"),
                )
                return True
    return False


def die():
    os.kill(os.getpid(), signal.SIGKILL)


def install(folder):
    """Patch the points of the way in."""

    def broken(rule):
        return os.path.exists(os.path.join(folder, f"break-{rule}"))

    _doors(folder, broken)
    _lanes(folder)
    _work(folder, broken)
    crash_points_out.install(folder, broken)
    _logger.info("Crash points take their orders from a folder.")


def _doors(folder, broken):
    """C1 to C3, and a door that loses or doubles."""
    inner, outer = intake._store, intake.store

    def _store(cr, entries, *args, **kwargs):
        if broken("skip-dedup"):
            for entry in entries:
                entry.event_id = f"{entry.event_id}#{intake.new_uuid()}"
        result = inner(cr, entries, *args, **kwargs)
        if ordered(folder, "c1"):
            die()
        if ordered(folder, "pause"):
            # ids are given, others commit higher ones meanwhile
            time.sleep(1.5)
        return result

    def store(registry, entries, *, ring=True, **kwargs):
        if broken("lose"):
            kept = [e for e in entries if not _unlucky(e)]
            for entry in entries:
                entry.uuid = intake.new_uuid()
            if kept:
                outer(registry, kept, ring=ring, **kwargs)
            return entries
        silent = ring and ordered(folder, "c3")
        result = outer(registry, entries, ring=ring and not silent, **kwargs)
        if ordered(folder, "c2"):
            die()
        if silent:
            # the answer gets out, then the process dies without having rung
            threading.Timer(0.3, die).start()
        return result

    intake._store, intake.store = _store, store


def _unlucky(entry):
    return hashlib.sha256(entry.event_id.encode()).digest()[0] < 26


def _lanes(folder):
    """C4: a lane is locked, the working transaction has not begun."""
    for name in ("take", "take_one"):
        original = getattr(lanes.LaneSession, name)

        def taken(self, *args, _original=original):
            result = _original(self, *args)
            if result and ordered(folder, "c4"):
                die()
            return result

        setattr(lanes.LaneSession, name, taken)


def _work(folder, broken):
    """C5 and C6, and a drain without gate or with two hands."""
    apply, process, judge = SyncHandler.apply, drain.batches.process, gate.judge

    def apply_or_die(self, items):
        result = apply(self, items)
        if broken("apply-twice"):
            for item in items:
                if item.created:
                    record = self.env[self._target].browse(item.record_id)
                    record.copy({"name": record.name})
        if ordered(folder, "c5"):
            self.env.flush_all()
            die()
        return result

    def process_or_die(env, *args, **kwargs):
        result = process(env, *args, **kwargs)
        if ordered(folder, "c6"):
            _commit_then(env.cr, die)
        elif ordered(folder, "c6cut"):
            _commit_then(env.cr, _acknowledgement_lost)
        return result

    def judge_or_wave(stored, incoming, ordering):
        if broken("skip-gate"):
            return gate.Verdict.APPLY
        return judge(stored, incoming, ordering)

    SyncHandler.apply = apply_or_die
    drain.batches.process = process_or_die
    gate.judge = judge_or_wave


def _commit_then(cr, end):
    commit = cr.commit

    def commit_and_end():
        commit()
        end()

    cr.commit = commit_and_end


def _acknowledgement_lost():
    raise OperationalError("server closed the connection unexpectedly")


from . import crash_points_out  # noqa: E402 - it takes orders as this module does

if folder := os.environ.get(VARIABLE):
    install(folder)
