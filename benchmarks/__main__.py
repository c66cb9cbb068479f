"""``python -m benchmarks --config FILE --database DB --odoo-bin PATH [name ...]``."""

import argparse
import base64
import os
import sys
import time

from . import accept, apply, backlog, deliver, walk
from .figure import table
from .site import Place

BENCHES = {
    bench.__name__: bench
    for bench in (
        accept.accept_500,
        accept.accept_100,
        accept.accept_single,
        apply.apply_vendors,
        apply.apply_projects,
        apply.apply_beside_queue_job,
        apply.one_bad,
        backlog.drain_100000,
        backlog.full_inbox,
        backlog.hot_key,
        walk.walk_list,
        deliver.deliveries,
        deliver.dead_endpoint,
        deliver.publish,
        deliver.retry_storm,
    )
}


def _arguments():
    parser = argparse.ArgumentParser(prog="./run bench", description=__doc__)
    parser.add_argument("--config", required=True)
    parser.add_argument("--database", required=True)
    parser.add_argument("--odoo-bin", required=True)
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help="of " + ", ".join(BENCHES)
    )
    arguments = parser.parse_args()
    unknown = set(arguments.names) - set(BENCHES)
    if unknown:
        names = ", ".join(sorted(unknown))
        parser.error(f"no such bench: {names}; there are {', '.join(BENCHES)}")
    return arguments


def main():
    """Run the benches, print their lines and the table; 1 if one could not run."""
    arguments = _arguments()
    os.environ.setdefault(
        "CONSTRUCTION_SYNC_KEY", base64.b64encode(os.urandom(32)).decode()
    )
    # the receivers of these measurements are on loopback
    os.environ["CONSTRUCTION_SYNC_PRIVATE_NETWORKS"] = "127.0.0.0/8"
    place = Place(arguments.config, arguments.database, arguments.odoo_bin)
    figures, broken = [], []
    for name in arguments.names or BENCHES:
        started = time.monotonic()
        print(f"{name} ...", file=sys.stderr, flush=True)
        try:
            for figure in BENCHES[name](place):
                print(figure.line(), flush=True)
                figures.append(figure)
        except (Exception, KeyboardInterrupt) as error:
            broken.append(name)
            print(f"{name} could not run: {error}", file=sys.stderr, flush=True)
            if isinstance(error, KeyboardInterrupt):
                break
        seconds = time.monotonic() - started
        print(f"{name}: {seconds:.0f} s", file=sys.stderr, flush=True)
    place.close()
    print(f"\n{table(figures)}")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
