"""``python -m simulator.demo``: a contractor with four connected systems, simulated
on loopback, in a running Odoo. ``--check`` plays the day without anybody watching and
ends with 0 only when Odoo has exactly what was sent.
"""

import argparse
import secrets
import signal
import sys
import threading
import time
from pathlib import Path

from . import check, examples, office, signature, told
from .day import DECIDED_BY_MAPPING, Day
from .journal import Journal
from .odoo_process import NotStarted, OdooProcess, port_taken
from .trouble import Trouble

ADMINISTRATOR = ("admin", "admin")
#: status pages take these ports above Odoo's own, when they are free
PAGE_PORTS = {"procore": 11, "fieldbook": 12, "scheduler": 13, "ledgerline": 14}


def main(arguments=None):
    """Run the demonstration; the exit code as said in the module's first lines."""
    options = parse(arguments)
    folder = Path(options.folder) / options.database
    process = OdooProcess(
        options.odoo_bin,
        options.config,
        options.database,
        options.port,
        folder / "odoo.log",
    )
    for port in (options.port, process.gevent_port):
        if port_taken(port):
            print(
                f"Port {port} is taken by another program. Stop that program, or "
                f"choose another port with --port.",
                file=sys.stderr,
            )
            return 2
    signal.signal(signal.SIGTERM, _interrupt)
    signal.signal(signal.SIGINT, _interrupt)
    try:
        if options.check:
            return run_check(process, folder)
        return run_demo(process, folder)
    except KeyboardInterrupt:
        print("\nStopping.")
        return 0 if not options.check else 130
    except (NotStarted, office.OdooRefused) as error:
        print(error, file=sys.stderr)
        return 1
    finally:
        process.stop()


def parse(arguments):
    """The command line."""
    parser = argparse.ArgumentParser(prog="run demo", description=__doc__)
    parser.add_argument("--config", required=True, help="Odoo's configuration file")
    parser.add_argument("--database", default="construction_demo")
    parser.add_argument("--odoo-bin", required=True, help="the odoo executable")
    parser.add_argument("--port", type=int, default=8069)
    parser.add_argument(
        "--check",
        action="store_true",
        help="play the day on a database that is still fresh, compare, end",
    )
    parser.add_argument("--folder", default="var/demo", help="for logs and send logs")
    return parser.parse_args(arguments)


def run_demo(process, folder):
    """Start everything, print where it is, and stay until interrupted."""
    say("Starting Odoo; the first start takes a minute or two ...")
    process.start()
    process.wait()
    desk = sign_in(process)
    day = open_office(process, desk, folder, PAGE_PORTS)
    try:
        if not desk.count("construction.sync.message", []):
            say("The four systems begin their day ...")
            unfinished = check.play(desk, day, say)
            if unfinished:
                say("Something did not come to an end; look at Exceptions.")
        print_welcome(process, day)
        threading.Event().wait()
    finally:
        close_office(day)
    return 0


def run_check(process, folder):
    """Play and compare on a fresh database; 0 when nothing differs."""
    started = time.monotonic()
    process.start()
    process.wait()
    say(f"Odoo is up after {time.monotonic() - started:.0f} s")
    desk = sign_in(process)
    if desk.count("construction.sync.message", []):
        print(
            f"The database {process.database} has messages already, so a comparison "
            f"would mean nothing. Name a new one with --database.",
            file=sys.stderr,
        )
        return 1
    for log in folder.glob("*.jsonl"):
        log.unlink()
    day = open_office(process, desk, folder)
    try:
        problems = check.play(desk, day, say)
        problems += check.resolve_unknown_code(desk)
        if check.wait_until_quiet(desk, day) is None:
            problems.append("The messages of the mapped code did not come to an end.")
        result = check.Check(desk, day, decided=(DECIDED_BY_MAPPING,))
        problems += result.run()
        if check.wait_until_told(desk) is None:
            problems.append("Not everything that changed reached Tradegate in time.")
        heard = told.Told(desk, day.listener)
        problems += heard.run()
        problems += examples.run(process, desk, say)
    finally:
        close_office(day)
    for line in [*result.table(), *heard.lines]:
        print(line)
    print(f"audit: {result.audited} applied messages, each with its entry")
    for problem in problems:
        print(f"  {problem}")
    verdict = f"{len(problems)} differences" if problems else "no difference"
    print(f"demo --check: {verdict} in {time.monotonic() - started:.0f} s")
    return 1 if problems else 0


def sign_in(process):
    """The administrator's session."""
    desk = office.Office(process.address, process.database)
    desk.sign_in(*ADMINISTRATOR)
    return desk


def open_office(process, desk, folder, ports=None):
    """Set Odoo up as an administrator would, connect and start the systems."""
    company = office.set_up_company(desk)
    office.set_up_people(desk)
    office.set_up_trades(desk)

    def make(kind):
        log = Journal(folder / f"{kind.code}.jsonl")
        return kind(process.address, log, process.database)

    day = Day(make)
    day.procore.token = "Bearer " + secrets.token_urlsafe(32)
    day.ledgerline.secret = signature.new_secret()
    day.ledgerline.faults.burst = 3
    webhook_keys = {
        day.procore: ("token", day.procore.token),
        day.ledgerline: ("hmac", day.ledgerline.secret),
    }
    # every ninth call of the first is refused: it comes again
    trouble = Trouble(fault="status", status=503, every=9, times=3)
    day.listener = told.listen(desk, company, folder / "tradegate.jsonl", trouble)
    for system in day.systems:
        office.connect(desk, system, company, webhook_keys.get(system))
        port = process.port + (ports or {}).get(system.code, 0) if ports else 0
        system.start(0 if port_taken(port) else port)
    return day


def close_office(day):
    """Stop the systems."""
    for system in day.systems:
        system.stop()
    if day.listener:
        day.listener.stop()


def print_welcome(process, day):
    """Address, logins, and what to look at."""
    logins = ", ".join(login for login, _name, _group in office.LOGINS)
    pages = "  ".join(f"{system.title} {system.address}" for system in day.systems)
    print(
        f"""
Odoo is at {process.address}
Sign in as admin (administrator), {logins}; the password is the login.

Look at, in the app Construction Sync:
  1. Overview: a card per system, what waits, what needs you.
  2. Exceptions: two codes that nobody knows, a name that both sides changed,
     webhooks of kinds not supported yet. Map a code and see its messages land.
  3. Bank details: sign in as finance and approve the new account of Marconi Electric.
  4. Messages: every message with its history, payload and result.
  5. Deliveries: what Tradegate, which only listens, was told of vendors, projects and
     cost codes, with each try; the form of a vendor says it under Sent.
  6. Master data: the projects with their breakdown, vendors, cost codes.
The simulated systems, with what they sent and switches for faults:
  {pages}
  Tradegate {day.listener.control}
Ctrl-C stops everything.
""",
        flush=True,
    )


def say(sentence):
    """Progress for the person who waits."""
    print(sentence, flush=True)


def _interrupt(_signal, _frame):
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
