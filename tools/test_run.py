"""The stages of ``./run test``, and the verdict over all of them."""

import shutil
import signal
from collections import Counter

from tools import browser, contract_test, junit, log_scan, places, suite, translations
from tools.terminal import CannotGoOn, say

DATABASE = "construction_test"
REPORTS = places.VAR / "junit"
NOTHING_COLLECTED = 5


class TestRun:
    """One run: ``wrong`` collects in words whatever makes it fail."""

    def __init__(self, workshop, arguments):
        self._workshop = workshop
        self._arguments = arguments
        self._addons, self._folders = suite.chosen(arguments.names)
        self._logs = []
        self.totals = Counter()
        self.wrong = []

    def run(self):
        """Go through the stages; return the exit code."""
        shutil.rmtree(REPORTS, ignore_errors=True)
        REPORTS.mkdir(parents=True)
        # The job runner would take up jobs of tests that are about to be undone.
        self._workshop.extra_environ["ODOO_QUEUE_JOB_CHANNELS"] = "root:0"
        whole = not (self._arguments.names or self._arguments.expression)
        self._plain_tests()
        processes = [x for x in self._folders if x in suite.PROCESS_FOLDERS]
        contract = whole and not self._arguments.no_contract
        if self._addons or processes or contract:
            self._configuration = self._workshop.configuration(
                "test",
                max_cron_threads=0,
                screenshots=places.VAR / "screenshots",
                db_name=DATABASE,
                dbfilter=f"^{DATABASE}$",
            )
            self._prepare_database()
            self._odoo_tests()
            self._process_tests(processes)
            if whole:
                self._compare_translations()
            if contract:
                self._contract()
        return self._verdict()

    def _log(self, name):
        path = places.LOGS / name
        path.unlink(missing_ok=True)
        self._logs.append(path)
        return path

    def _prepare_database(self):
        log = self._log("test-install.log")
        addons = self._addons or suite.addons()
        usable = self._arguments.reuse and self._workshop.server.exists(DATABASE)
        make = self._workshop.update if usable else self._workshop.install
        make(self._configuration, DATABASE, addons, "Test database", log.name)

    def _odoo_tests(self):
        folders = [f"{addon}/tests" for addon in self._addons if suite.has_tests(addon)]
        if not folders:
            return
        options = []
        if self._arguments.no_tours or browser.ensure() is None:
            options.append("--ignore-glob=*/tests/test_tour*.py")
        log = self._log("test-odoo.log")
        options += [
            "--odoo-http",
            f"--odoo-config={self._configuration}",
            f"--odoo-database={DATABASE}",
            "--odoo-log-level=info",
            f"--odoo-extra=logfile={log}",
        ]
        self._pytest("odoo", [*folders, *options])

    def _plain_tests(self):
        for folder in self._folders:
            if folder in suite.PLAIN_FOLDERS:
                self._pytest(folder, [f"{folder}/tests", "-p", "no:odoo"])

    def _process_tests(self, folders):
        for folder in folders:
            self._pytest(
                folder,
                [f"{folder}/tests", "-p", "no:odoo"],
                CONSTRUCTION_SYNC_CONFIG=str(self._configuration),
                CONSTRUCTION_SYNC_TEMPLATE=DATABASE,
                CONSTRUCTION_SYNC_ODOO_BIN=str(self._workshop.odoo_bin),
            )

    def _pytest(self, name, arguments, **environ):
        say(f"\n== {name}")
        report = REPORTS / f"{name}.xml"
        command = [self._workshop.python, "-m", "pytest", *arguments]
        command += [f"--junitxml={report}", "-o", "junit_family=xunit1"]
        if self._arguments.expression:
            command += ["-k", self._arguments.expression]
        # On an interrupt pytest still takes down its server and its browser.
        code = self._workshop.call(
            command, signal.SIGINT, env={**self._workshop.environ, **environ}
        )
        self._count(name, report)
        if code not in (0, 1, NOTHING_COLLECTED):
            self.wrong.append(f"pytest of {name} broke off with exit code {code}")
        elif code == 1:
            self.wrong.append(f"tests of {name} failed")

    def _count(self, name, report):
        found = junit.cases(report)
        self.totals += junit.count(found)
        for case in junit.skipped_without_reason(found):
            self.wrong.append(f"{name}: {case.name} is skipped without a reason")

    def _compare_translations(self):
        exported = translations.export(
            self._workshop, self._configuration, DATABASE, self._addons
        )
        for addon, difference in translations.stale(exported).items():
            self.wrong.append(
                f"{addon}/i18n/{addon}.pot is not up to date ({difference}); "
                "'./run i18n' writes it"
            )

    def _contract(self):
        say("\n== contract")
        try:
            report = contract_test.run(
                self._workshop,
                self._configuration,
                DATABASE,
                REPORTS / "contract.xml",
                self._log("test-contract.log"),
                self._arguments.schemathesis_examples,
            )
        except CannotGoOn as stop:
            self.wrong.append(str(stop))
            return
        if report:
            self.wrong.append(report)
        self._count("contract", REPORTS / "contract.xml")

    def _verdict(self):
        for path in self._logs:
            for complaint in log_scan.scan(path):
                say(f"\n{path.relative_to(places.REPO)}:{complaint.number}")
                say(complaint.text)
                self.wrong.append(f"{complaint.level} of {complaint.logger} in the log")
        if not sum(self.totals.values()):
            self.wrong.append("no test ran")
        say("")
        for sentence, times in Counter(self.wrong).items():
            say(f"wrong: {sentence}{f' ({times} times)' if times > 1 else ''}")
        say(junit.closing_line(self.totals))
        return 1 if self.wrong or self.totals["failed"] else 0
