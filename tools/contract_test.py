"""The API against its own description: Schemathesis on a running server.

Schemathesis reads ``/openapi.json``, calls each operation with what the description
allows and with what it does not, and looks whether every answer is one that the
description names and none is a server error.
"""

import re
import subprocess
import time
import urllib.error
import urllib.request
from contextlib import contextmanager

from tools import places, set_up
from tools.embedded_postgres import free_port
from tools.terminal import CannotGoOn, say

DATABASE = "construction_contract"
BASE = "/construction_sync/v1"
DEFAULT_EXAMPLES = 10
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
)
START_SECONDS = 120
# Run in Odoo's shell; the key is shown once, as on the screen.
CLIENT = """
system = env["construction.sync.system"].create(
    {"name": "Contract test", "code": "contract", "adapter": "canonical"}
)
client = env["construction.sync.client"].create(
    {
        "name": "Contract test",
        "system_ids": [(6, 0, system.ids)],
        "scopes": "*:read *:write metrics:read",
    }
)
shown = client.action_new_key()
env.cr.commit()
print("KEY=" + env[shown["res_model"]].browse(shown["res_id"]).key)
"""


def run(workshop, configuration, template, report, log, examples=DEFAULT_EXAMPLES):
    """Test the API on a copy of ``template``; return what is wrong, or None.

    The junit report goes to ``report``, the server's log to ``log``.
    """
    tool = set_up.side_environment(".venv-schemathesis", "schemathesis", "Schemathesis")
    workshop.copy(configuration, template, DATABASE)
    try:
        key = _client_key(workshop, configuration)
        with _server(workshop, configuration, log) as address:
            command = _command(tool, address, key, report, examples)
            # It leaves its findings where it stands.
            code = workshop.call(command, stdin=subprocess.DEVNULL, cwd=places.VAR)
    finally:
        workshop.drop(configuration, DATABASE)
    return "the API does not keep to its description" if code else None


def _command(tool, address, key, report, examples):
    command = [tool.folder / "bin" / "st", "run", f"{address}{BASE}/openapi.json"]
    command += ["--origin", address, "--header", f"Authorization: Bearer {key}"]
    command += ["--checks", ",".join(CHECKS), "--phases", "examples,coverage,fuzzing"]
    command += ["--max-examples", str(examples), "--request-timeout", "60"]
    command += ["--suppress-health-check", "all"]
    command += ["--report", "junit", "--report-junit-path", report]
    command += ["--workers", "1", "--continue-on-failure", "--warnings", "off"]
    # The everyday run is the same each time; a larger one searches anew.
    if examples <= DEFAULT_EXAMPLES:
        return [*command, "--generation-deterministic"]
    return [*command, "--generation-database", "none"]


def _client_key(workshop, configuration):
    done = subprocess.run(
        [str(workshop.odoo_bin), "shell", "--config", str(configuration)]
        + ["--database", DATABASE, "--no-http", "--log-level=error"],
        input=CLIENT,
        env=workshop.environ,
        cwd=places.REPO,
        capture_output=True,
        text=True,
    )
    found = re.search(r"KEY=(\S+)", done.stdout)
    if not found:
        said = (done.stderr or done.stdout).strip().splitlines()[-1:]
        raise CannotGoOn(f"the contract test could not register a client: {said}")
    return found[1]


@contextmanager
def _server(workshop, configuration, log):
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    command = [workshop.odoo_bin, "--config", configuration, "--database", DATABASE]
    command += [f"--db-filter=^{DATABASE}$", "--http-port", port]
    command += ["--gevent-port", free_port(), "--workers=2", "--logfile", log]
    process = subprocess.Popen(
        [str(part) for part in command],
        env=workshop.environ,
        cwd=places.REPO,
        stdin=subprocess.DEVNULL,
    )
    try:
        _wait(process, f"{address}{BASE}/health", log)
        say(f"Contract test: the server answers on {address}")
        yield address
    finally:
        process.terminate()
        try:
            process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait(process, address, log):
    """Wait until the server answers; a server that says no is an answer too."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            urllib.request.urlopen(address, timeout=10).close()
            return
        except urllib.error.HTTPError as error:
            raise CannotGoOn(
                f"the contract test asked {address} and was answered {error.code}; "
                f"see {log.relative_to(places.REPO)}"
            ) from error
        except OSError:
            time.sleep(0.5)
    raise CannotGoOn(
        f"the contract test's server does not start; see {log.relative_to(places.REPO)}"
    )
