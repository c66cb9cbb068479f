"""Every example does what it says, against a running server.

Needs a system ``examples`` (canonical dialect, vendors and projects live) and:

    EXAMPLES_BASE    address of Odoo
    EXAMPLES_KEY     key of a client that speaks for the system
    EXAMPLES_SECRET  webhook secret of the system

``./run demo --check`` sets all that up and runs this file at its end.
"""

import json
import os
import shutil
import subprocess
import sys
import unittest
from pathlib import Path

EXAMPLES = Path(__file__).resolve().parent.parent
BASE = os.environ.get("EXAMPLES_BASE")
MISSING = {"sh", "curl", "openssl", "sed", "od"} - {
    tool for tool in ("sh", "curl", "openssl", "sed", "od") if shutil.which(tool)
}


def run(*command, expect=0):
    """Output of an example that ends with the exit code ``expect``."""
    environment = dict(
        os.environ,
        BASE=BASE,
        KEY=os.environ["EXAMPLES_KEY"],
        SECRET=os.environ.get("EXAMPLES_SECRET", ""),
        NO_PROXY="*",
    )
    done = subprocess.run(
        command,
        cwd=EXAMPLES,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    if done.returncode != expect:
        raise AssertionError(
            f"{command} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}"
        )
    return done.stdout


def shell(name, *arguments, expect=0):
    """Output of one of the scripts."""
    return run("sh", name, *arguments, expect=expect)


def python(name):
    """Output of one of the Python examples."""
    return run(sys.executable, name)


@unittest.skipUnless(BASE, "EXAMPLES_BASE is not set: no server to try them on")
class Examples(unittest.TestCase):
    def setUp(self):
        if MISSING and "shell" in self._testMethodName:
            self.skipTest(f"not installed here: {', '.join(sorted(MISSING))}")

    def test_shell_first_call_reads_health_and_a_page_of_vendors(self):
        printed = shell("first_call.sh")
        self.assertRegex(printed, r'"status": ?"ok"')
        self.assertIn('"items"', printed)

    def test_shell_one_event_is_accepted_then_a_duplicate_and_is_applied(self):
        first = json.loads(shell("send_one_event.sh"))
        self.assertEqual(first["accepted"] + first["duplicate"], 1)
        again = json.loads(shell("send_one_event.sh"))
        self.assertEqual(again["duplicate"], 1)
        state = shell("wait_for_message.sh", first["events"][0]["message"])
        self.assertEqual(state.strip(), "applied")

    def test_shell_batch_judges_each_event_alone_and_can_be_read_back(self):
        answer = json.loads(shell("send_batch.sh"))
        statuses = [event["status"] for event in answer["events"]]
        self.assertEqual(statuses[2], "rejected")
        self.assertIn("tax_identification", json.dumps(answer["events"][2]))
        for event in answer["events"][:2]:
            self.assertIn(event["status"], ("accepted", "duplicate"))
            shell("wait_for_message.sh", event["message"])
        printed = shell("read_back.sh")
        self.assertIn("Example Scaffolding", printed.split("A page:")[0])
        self.assertGreater(printed.count("A page:"), 1)
        self.assertIn("EX-12", printed)

    def test_shell_put_applies_before_the_answer_and_may_be_repeated(self):
        first = json.loads(shell("put_project.sh"))
        self.assertIn(first["outcome"], ("created", "changed", "unchanged"))
        again = json.loads(shell("put_project.sh"))
        self.assertEqual(again, first)

    def test_shell_signed_hook_is_accepted(self):
        shell("signed_hook.sh")

    def test_python_batch_is_sent_applied_and_read_back(self):
        printed = python("send_and_wait.py")
        self.assertIn("accepted 2, rejected 0", printed)
        self.assertIn("sent again: duplicate 2", printed)
        self.assertIn("EX-21: applied", printed)
        self.assertIn("EX-22: applied", printed)
        self.assertIn("Example Vendor 22", printed)

    def test_python_put_is_idempotent_and_refuses_an_older_version(self):
        printed = python("put_twice.py")
        first, repeated = printed.splitlines()[0].removeprefix("first ").split(", ")
        self.assertEqual(f"repeated {first}", repeated)
        self.assertIn("newer version: changed", printed)
        self.assertIn("older version: 409", printed)
        self.assertIn("among the vendors: True", printed)

    def test_python_hook_is_accepted_signed_and_refused_forged(self):
        printed = python("signed_hook.py")
        self.assertIn("signed: 202", printed)
        self.assertIn("changed after signing: 401", printed)


if __name__ == "__main__":
    unittest.main()
