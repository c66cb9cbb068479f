"""The driver of ``orm_process``: a warm Odoo without HTTP, for peers and floors."""

import json
import subprocess
import sys


class OrmProcess:
    """A child process that carries out one call after the other."""

    def __init__(self, config, database):
        python = [sys.executable, "-W", "ignore", "-m"]
        self._process = subprocess.Popen(
            [*python, "benchmarks.orm_process", config, database],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def call(self, name, **parameters):
        """Result of the function ``name`` of ``orm_process`` (a dict).

        :raises RuntimeError: when it failed there
        """
        print(json.dumps([name, parameters]), file=self._process.stdin, flush=True)
        line = self._process.stdout.readline()
        answer = json.loads(line) if line else {"error": "the process ended"}
        if "error" in answer:
            raise RuntimeError(f"{name}: {answer['error']}")
        return answer

    def close(self):
        """End the process."""
        self._process.stdin.close()
        self._process.wait(30)
        self._process.stdout.close()
