"""``python -m simulator receive``: a receiver of Odoo's webhooks on loopback, with
switches. It runs until it is interrupted.

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

from .receiver import Receiver
from .trouble import Trouble
from .verification import Verifier


def main(arguments=None):
    """Run one stand-in; see the module's first lines."""
    parser = argparse.ArgumentParser(prog="python -m simulator", description=__doc__)
    kinds = parser.add_subparsers(dest="kind", required=True)
    receive = kinds.add_parser("receive", help="take Odoo's webhooks")
    receive.add_argument("--code", default="receiver", help="its name in the log")
    receive.add_argument("--port", type=int, default=0)
    receive.add_argument("--control-port", type=int, default=0)
    receive.add_argument("--log", type=Path, help="receive log, JSON lines")
    receive.add_argument("--secret", action="append", default=[], help="whsec_...")
    receive.add_argument(
        "--public-key", action="append", default=[], help="Ed25519, base64"
    )
    receive.add_argument("--keep-bodies", action="store_true")
    receive.add_argument(
        "--fault",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a switch, such as latency_ms=50 or fault=status",
    )
    options = parser.parse_args(arguments)
    return run(build(options), options)


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
