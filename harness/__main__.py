"""``python -m harness``: play the scenarios, print one JSON line for each.

Exit code 0 when every scenario is clean and every deliberate break was noticed; 1 when
not; 2 when something needed is missing. What happened in detail (histories, Odoo's
logs) is kept in ``var/faults``.
"""

import argparse
import json
import shutil
import sys
import time
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from harness import out_scenarios, scenarios
from harness.installation import CannotGoOn, Installation
from harness.odoo_server import OdooServer
from harness.sender import Gone
from harness.stage import Stage

CRASH_ADDON = "test_construction_sync"


@dataclass
class Limits:
    """How large the scenarios are.

    :param kills: random kills
    :param seconds: the random kills end after so many seconds, 0: when all are done
    :param restarts: immediate restarts of PostgreSQL
    :param crashes: crashes per crash point
    :param flood: messages for the one hot object
    :param ramp_seconds: how long each step of a load takes
    :param messages: what comes in while things are killed both ways
    :param unsteady_seconds: how long a receiver is unsteady
    :param others_seconds: what the objects beside it may take
    """

    kills: int = 50
    seconds: int = 0
    restarts: int = 20
    crashes: int = 3
    flood: int = 10_000
    ramp_seconds: float = 3.0
    unsteady_seconds: float = 10.0
    messages: int = 2_000
    others_seconds: float = 15.0


class Play:
    """Scenarios on one installation and one running server."""

    def __init__(self, installation, names, limits, port=None):
        self.installation = installation
        self.names = names
        self.limits = limits
        self.server = OdooServer(installation, port)
        self.mark = uuid4().hex[:5]

    def system(self, name):
        return f"h-{name.replace('_', '-').replace(':', '-')}"[:24] + f"-{self.mark}"

    def prefix(self, name):
        return f"{name.replace('_', '').replace(':', '')}{self.mark}-".upper()

    def __enter__(self):
        folder = self.installation.crash_folder
        shutil.rmtree(folder)
        listeners = [
            f"{self.system(name)}{ending}"
            for name in self.names
            if name in out_scenarios.LISTENING
            for ending in ("-o", "-p")
        ]
        self.installation.set_up([self.system(n) for n in self.names], listeners)
        self.server.start()
        return self

    def __exit__(self, *_exc):
        self.server.stop()

    def play(self, name, rule=None):
        """One scenario; returns its Verdict."""
        stage = Stage(
            self.installation,
            self.server,
            name.replace(":", "-"),
            self.system(name),
            self.prefix(name),
            self.limits,
        )
        scenario = scenarios.SCENARIOS.get(name) or scenarios.BROKEN[name]
        try:
            with stage.broken(rule) if rule else nullcontext():
                scenario(stage)
        except Gone as error:
            stage.complaints.append(str(error))
        verdict = stage.verdict()
        verdict.notes = stage.notes
        return verdict


def main(arguments=None):
    """Play what the arguments ask for; returns the exit code."""
    options = _parse(arguments)
    limits = Limits(options.kills, options.seconds, options.restarts)
    limits.messages = options.messages
    try:
        installation = Installation(
            options.config, options.database, options.odoo_bin, options.folder
        )
        names = _names(options, installation)
        say(f"Faults: {len(names)} scenarios on {options.database}, Odoo starts")
        with Play(installation, names, limits, options.port) as play:
            wrong = sum([not _one(play, name, options.rule) for name in names])
    except CannotGoOn as stop:
        say(f"Faults: {stop}")
        return 2
    kept = f"histories and logs are in {_shown(options.folder)}"
    say(
        f"Faults: {len(names) - wrong} of {len(names)} scenarios as they should be"
        + (f"; {wrong} not, {kept}" if wrong else "")
    )
    return 1 if wrong else 0


def _one(play, name, rule):
    """Play one scenario and print its line; returns whether it ended as it should."""
    start = time.monotonic()
    verdict = play.play(name, rule)
    deliberate = name in scenarios.BROKEN
    line = verdict.line(name)
    if deliberate:
        line["expected"] = "violations"
    print(json.dumps(line), flush=True)
    say(f"  {name}: {time.monotonic() - start:.0f} s")
    if not deliberate:
        for sentence in verdict.sentences():
            say(f"  {sentence}")
    elif verdict.clean:
        say(f"  {name}: the checker did not notice")
    return verdict.clean != deliberate


def _names(options, installation):
    """The scenarios to play; what cannot be played is named, with its reason."""
    known = {**scenarios.SCENARIOS, **scenarios.BROKEN}
    unknown = [name for name in options.scenarios if name not in known]
    if unknown:
        raise CannotGoOn(
            f"There is no scenario {unknown[0]}; there is {', '.join(known)}."
        )
    if not installation.has_module(CRASH_ADDON):
        raise CannotGoOn(f"{options.database} lacks the module {CRASH_ADDON}.")
    names = options.scenarios or list(known)
    playable = []
    for name in names:
        needed = scenarios.NEEDS.get(name)
        if needed and not installation.has_module(needed):
            say(f"Faults: {name} is left out, {needed} is not installed")
        else:
            playable.append(name)
    return playable


def _parse(arguments):
    parser = argparse.ArgumentParser(prog="harness", description=__doc__)
    parser.add_argument("--config", type=Path, required=True)
    parser.add_argument("--database", required=True)
    parser.add_argument("--odoo-bin", type=Path, required=True)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--restarts", type=int, default=20)
    parser.add_argument(
        "--seconds", type=int, default=0, help="end the random kills after so long"
    )
    parser.add_argument(
        "--messages", type=int, default=2_000, help="that come in, for both_ways"
    )
    parser.add_argument("--port", type=int, help="Odoo's port; else a free one")
    parser.add_argument("--folder", type=Path, default=Path("var/faults"))
    parser.add_argument(
        "--break",
        dest="rule",
        choices=scenarios.RULES,
        help="break the software on purpose while the scenarios run",
    )
    parser.add_argument("scenarios", nargs="*", metavar="SCENARIO")
    return parser.parse_args(arguments)


def _shown(path):
    return path if not path.is_absolute() else path.name


def say(text):
    """Words for people go to standard error; standard output has only the lines."""
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
