"""FA-C04: behind the documented proxy a slow sender holds no worker of Odoo.

The configuration is the one of ``docs/nginx``, with its addresses changed and nothing
else. nginx is taken from PATH or, on Debian, unpacked from its package.
"""

import os
import re
import shutil
import socket
import subprocess
import threading
import time
from pathlib import Path

import pytest
import requests

from harness.installation import KEY, Installation
from harness.odoo_server import OdooServer, free_port
from harness.rows import rows

NEEDED = (
    "CONSTRUCTION_SYNC_CONFIG",
    "CONSTRUCTION_SYNC_TEMPLATE",
    "CONSTRUCTION_SYNC_ODOO_BIN",
)
HEAD = (
    "POST /construction_sync/v1/events HTTP/1.1\r\nHost: odoo.example.com\r\n"
    f"Authorization: Bearer {KEY}\r\n"
    "Content-Type: application/cloudevents+json\r\nContent-Length: 400\r\n\r\n{"
)
SENDERS = 6

pytestmark = pytest.mark.skipif(
    not all(os.environ.get(name) for name in NEEDED),
    reason="no Odoo and PostgreSQL given; ./run test gives them",
)


def _nginx(folder):
    """The program, or a skip that says why there is none."""
    found = shutil.which("nginx")
    if found is None and shutil.which("apt-get"):
        if os.geteuid() == 0:
            subprocess.run(["apt-get", "-qq", "update"])
        subprocess.run(["apt-get", "-qq", "download", "nginx"], cwd=folder)
        for package in folder.glob("nginx_*.deb"):
            subprocess.run(["dpkg", "-x", package, folder / "nginx"], check=True)
        found = folder / "nginx" / "usr" / "sbin" / "nginx"
    if found is None or not Path(found).exists():
        pytest.skip("nginx is neither on PATH nor among Debian's packages here")
    return found


def _configuration(folder, port, odoo_port):
    """The documented server, on our addresses and without its certificate."""
    text = Path("docs/nginx/construction-sync.conf").read_text("utf-8")
    text = text.replace("server 127.0.0.1:8069;", f"server 127.0.0.1:{odoo_port};")
    text = re.sub(r"server \{\s+listen 80;.*?\n\}\n", "", text, flags=re.DOTALL)
    text = text.replace("listen 443 ssl http2;", f"listen 127.0.0.1:{port};")
    text = re.sub(r"\n\s+ssl_\w+ .*;", "", text)
    places = "".join(
        f"{name}_temp_path {folder}/{name};\n"
        for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    user = "user root;\n" if os.geteuid() == 0 else ""
    whole = folder / "nginx.conf"
    whole.write_text(
        f"{user}daemon off;\npid {folder}/nginx.pid;\nerror_log {folder}/error.log;\n"
        f"events {{}}\nhttp {{\naccess_log off;\n{places}{text}\n}}\n",
        "utf-8",
    )
    return whole


@pytest.fixture(scope="module")
def proxied():
    """``(Odoo's server, port of the proxy in front of it)``."""
    config, template, odoo_bin = (os.environ[name] for name in NEEDED)
    folder = Path("var/slow").absolute()
    installation = Installation(
        Path(config), "construction_slow", Path(odoo_bin), folder
    )
    program, port = _nginx(folder), free_port()
    installation.copy_of(template)
    try:
        installation.set_up(["slow"])
        with OdooServer(installation) as server:
            configuration = _configuration(folder, port, server.port)
            proxy = subprocess.Popen([program, "-p", folder, "-c", configuration])
            try:
                _await(port)
                yield server, port
            finally:
                proxy.terminate()
                proxy.wait()
    finally:
        installation.drop()


def _await(port):
    end = time.monotonic() + 10
    while True:
        try:
            return socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            assert time.monotonic() < end, "nginx does not listen"
            time.sleep(0.1)


def _slowest_answer(server, port):
    """Seconds of the slowest answer of Odoo while senders trickle into ``port``."""
    end = time.monotonic() + 6

    def trickle():
        with socket.create_connection(("127.0.0.1", port)) as sender:
            sender.sendall(HEAD.encode())
            while time.monotonic() < end:
                time.sleep(0.3)
                sender.sendall(b" ")

    threads = [threading.Thread(target=trickle) for _ in range(SENDERS)]
    for thread in threads:
        thread.start()
    time.sleep(1)
    slowest = 0.0
    while time.monotonic() < end - 1:
        started = time.monotonic()
        assert requests.get(f"{server.address}/health", timeout=30).ok
        slowest = max(slowest, time.monotonic() - started)
        time.sleep(0.2)
    for thread in threads:
        thread.join()
    return slowest


@rows("FA-C04")
def test_a_slow_sender_behind_the_documented_proxy_holds_no_worker(proxied):
    server, port = proxied
    health = requests.get(f"http://127.0.0.1:{port}/construction_sync/v1/health")
    assert health.json()["status"] in ("ok", "degraded")
    assert _slowest_answer(server, port) < 1.5


@rows("FA-C04")
def test_without_the_proxy_slow_senders_do_hold_the_workers(proxied):
    server, _port = proxied
    assert _slowest_answer(server, server.port) > 1.5
