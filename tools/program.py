"""Running other programs: output into a log file, progress for the reader."""

import re
import subprocess
import time

from tools import places
from tools.terminal import CannotGoOn, interactive, say

PROGRESS_SECONDS = 10

NO_NETWORK = re.compile(
    r"Temporary failure (in name resolution|resolving)|Could not resolve"
    r"|Name or service not known|Network is unreachable|No route to host"
    r"|Failed to establish a new connection|Cannot connect to proxy|ProxyError"
    r"|Could not connect|Failed to connect|Connection (refused|timed out)"
    r"|ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ETIMEDOUT|Read timed out"
)
DISK_FULL = re.compile(
    r"No space left on device|ENOSPC|not enough free space", re.IGNORECASE
)


class ProgramFailed(Exception):
    """A program ended with an error; ``output`` holds its last lines."""

    def __init__(self, command, code, output):
        super().__init__(f"{command[0]} ended with {code}")
        self.command, self.code, self.output = command, code, output

    @property
    def no_network(self):
        """Tell whether the output speaks of a network that does not answer."""
        return bool(NO_NETWORK.search(self.output))

    @property
    def disk_full(self):
        """Tell whether the output speaks of a full disk."""
        return bool(DISK_FULL.search(self.output))


def run_logged(command, subject, log="set-up.log", **options):
    """Run ``command`` with its output in the log; show its progress now and then.

    Raises ProgramFailed. ``options`` go to subprocess.Popen.
    """
    command = [str(part) for part in command]
    path = places.LOGS / log
    path.parent.mkdir(parents=True, exist_ok=True)
    options.setdefault("stdin", subprocess.DEVNULL)
    tail = []
    begin = shown = time.monotonic()
    with path.open("a", encoding="utf-8") as log_file:
        log_file.write(f"\n$ {' '.join(command)}\n")
        process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            **options,
        )
        try:
            for line in process.stdout:
                log_file.write(line)
                tail = (tail + [line.rstrip()])[-80:]
                now = time.monotonic()
                if now - shown >= (2 if interactive() else PROGRESS_SECONDS):
                    shown = now
                    say(f"  {subject}, {now - begin:.0f} s: {_gist(line)}")
            code = process.wait()
        except BaseException:
            process.terminate()
            process.wait()
            raise
    if code:
        raise ProgramFailed(command, code, "\n".join(tail))


def _gist(line):
    """Return the part of an output line that a person waits for."""
    return line.strip().rpartition(" odoo.")[2].partition(": ")[2][:60] or line[:60]


def explain(failure, subject, otherwise=""):
    """Return the CannotGoOn for a ProgramFailed, in words a newcomer can use.

    ``otherwise`` is another way out, beside mending what is wrong.
    """
    log = (places.LOGS / "set-up.log").relative_to(places.REPO)
    otherwise = f", {otherwise}" if otherwise else ""
    if failure.disk_full:
        return CannotGoOn(
            f"{subject}: the disk is full; make room and start ./run again{otherwise}."
        )
    if failure.no_network:
        return CannotGoOn(
            f"{subject}: there is no network, or the other side does not answer; check "
            f"the connection or the proxy and start ./run again{otherwise}."
        )
    last = next((x for x in reversed(failure.output.splitlines()) if x.strip()), "")
    return CannotGoOn(
        f"{subject} failed: {last.strip().rstrip('.')}; the whole output is in {log}, "
        f"mend what it says and start ./run again{otherwise}."
    )


def quietly(command, **options):
    """Run ``command`` and return its standard output, or None when it fails."""
    try:
        done = subprocess.run(
            [str(part) for part in command],
            check=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            errors="replace",
            **options,
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout
