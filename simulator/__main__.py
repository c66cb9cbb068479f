"""``python -m simulator receive``: a receiver of Odoo's webhooks on loopback, with
switches. ``python -m simulator procore``: Procore's ERP integration. Both run until
they are interrupted.

A first line on standard output, a JSON object, says where it is: ``address`` for the
system's form in Odoo, ``control`` for the page and the switches, ``authority`` for the
certificate authority's file when it speaks TLS.
"""

import argparse
import json
import signal
import sys
import threading
from pathlib import Path

from .procore_company import Company
from .procore_erp import ProcoreErp
from .procore_hooks import Hooks
from .receiver import Receiver
from .trouble import Trouble
from .verification import Verifier


def main(arguments=None):
    """Run one stand-in; see the module's first lines."""
    parser = argparse.ArgumentParser(prog="python -m simulator", description=__doc__)
    kinds = parser.add_subparsers(dest="kind", required=True)
    receive = kinds.add_parser("receive", help="take Odoo's webhooks")
    receive.add_argument("--code", default="receiver", help="its name in the log")
    receive.add_argument("--secret", action="append", default=[], help="whsec_...")
    receive.add_argument(
        "--public-key", action="append", default=[], help="Ed25519, base64"
    )
    receive.add_argument("--keep-bodies", action="store_true")
    procore = kinds.add_parser("procore", help="play Procore's ERP integration")
    procore.add_argument("--company", type=int, default=8)
    procore.add_argument("--client-id", default="erp-client")
    procore.add_argument("--client-secret", default="erp-secret")
    procore.add_argument("--limit", type=int, default=3600, help="calls an hour")
    procore.add_argument("--hook", help="Odoo's webhook address for it")
    procore.add_argument("--hook-authorization", default="", help="as agreed")
    for one in (receive, procore):
        one.add_argument("--port", type=int, default=0)
        one.add_argument("--control-port", type=int, default=0)
        one.add_argument("--log", type=Path, help="receive log, JSON lines")
        one.add_argument(
            "--fault",
            action="append",
            default=[],
            metavar="NAME=VALUE",
            help="a switch, such as latency_ms=50 or fault=status",
        )
    options = parser.parse_args(arguments)
    made = (build_procore if options.kind == "procore" else build)(options)
    return run(made, options)


def build(options):
    """The receiver that the options describe."""
    trouble = Trouble()
    trouble.change(dict(_switch(text) for text in options.fault))
    return Receiver(
        options.code,
        options.log,
        Verifier(options.secret, options.public_key),
        trouble,
        keep_bodies=options.keep_bodies,
    )


def build_procore(options):
    """The Procore that the options describe."""
    hooks = Hooks(options.company, options.hook, options.hook_authorization)
    made = ProcoreErp(
        Company(options.company),
        (options.client_id, options.client_secret),
        options.log,
        hooks,
        options.limit,
    )
    made.trouble.change(dict(_switch(text) for text in options.fault))
    return made


def run(receiver, options):
    """Say where it is, and stay until interrupted."""
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_call: stopped.set())
    receiver.start(options.port, options.control_port)
    place = {"address": receiver.address, "control": receiver.control}
    if receiver.trouble.certificate != "none":
        place["authority"] = str(receiver.authority_file)
    print(json.dumps({"simulator": receiver.code, **place}), flush=True)
    stopped.wait()
    receiver.stop()
    return 0


def _switch(text):
    name, _equals, value = text.partition("=")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value


if __name__ == "__main__":
    sys.exit(main())
