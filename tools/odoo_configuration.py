"""The odoo.conf of each purpose: server, demo, test, bench, faults."""

from tools import places
from tools.atomically import write_whole
from tools.terminal import CannotGoOn

SERVER_WIDE = "base,web,rpc,queue_job"


def write(purpose, server, source, **options):
    """Write ``var/odoo-<purpose>.conf`` and return its path.

    ``options`` are Odoo's own, they come on top of what every purpose shares. The
    file holds the database password, so only its owner may read it.
    """
    if "," in str(places.REPO):
        raise CannotGoOn(
            f"Odoo splits its addons path at commas and {places.REPO} has one; move "
            "the checkout to a folder without a comma."
        )
    shared = {
        "addons_path": ",".join(map(str, [*source.addons, places.REPO])),
        "data_dir": places.VAR / f"odoo-{purpose}",
        "db_host": server.host,
        "db_port": server.port,
        "db_user": server.user,
        "db_password": server.password or False,
        "db_maxconn": 32,
        "http_interface": "127.0.0.1",
        "list_db": False,
        "without_demo": True,
        "server_wide_modules": SERVER_WIDE,
        # A first request compiles assets; the default of 120 s is short on two cores.
        "limit_time_real": 300,
    }
    lines = [f"{key} = {value}" for key, value in {**shared, **options}.items()]
    path = places.VAR / f"odoo-{purpose}.conf"
    text = "\n".join(["[options]", *lines, "", "[queue_job]", "channels = root:2", ""])
    write_whole(path, text, 0o600)
    return path
