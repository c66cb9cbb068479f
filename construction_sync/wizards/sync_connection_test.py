from odoo import api, fields, models

from ..pipeline import connection_check


class SyncConnectionTest(models.TransientModel):
    """What came of a test of the connection, or of a test event: check by check."""

    _name = "construction.sync.connection.test"
    _description = "Test of a Connection"

    system_id = fields.Many2one(
        "construction.sync.system", required=True, readonly=True, ondelete="cascade"
    )
    kind = fields.Selection(
        [("hello", "Connection"), ("event", "Test event")],
        required=True,
        readonly=True,
        default="hello",
    )
    ok = fields.Boolean(readonly=True)
    outcome = fields.Char(readonly=True, help="What came of it, in one sentence.")
    request = fields.Text(readonly=True, help="Secrets are masked.")
    response = fields.Text(readonly=True, help="Masked, the first 4 KiB.")
    line_ids = fields.One2many(
        "construction.sync.connection.test.line", "test_id", readonly=True
    )

    @api.model
    def _labels(self):
        return {
            "address": self.env._("Address"),
            "name": self.env._("Name"),
            "connection": self.env._("Connection"),
            "login": self.env._("Login"),
            "answer": self.env._("Answer"),
        }

    @api.model
    def _run(self, system, kind):
        """Test ``system`` now; returns the window that shows what came of it."""
        found = (
            connection_check.send_test(self.env, system)
            if kind == "event"
            else connection_check.run(self.env, system)
        )
        labels = self._labels()
        test = self.create(
            {
                "system_id": system.id,
                "kind": kind,
                "ok": found.ok,
                "outcome": self._words(system, kind, found),
                "request": found.request or False,
                "response": found.response or False,
                "line_ids": [
                    fields.Command.create(
                        {
                            "label": labels[check.name],
                            "state": check.state,
                            "words": check.words,
                            "remedy": check.remedy,
                        }
                    )
                    for check in found.checks
                ],
            }
        )
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Test event to %(system)s", system=system.name)
            if kind == "event"
            else self.env._("Test of %(system)s", system=system.name),
            "res_model": self._name,
            "res_id": test.id,
            "view_mode": "form",
            "target": "new",
        }

    def _words(self, system, kind, found):
        if not found.ok:
            failed = next(c for c in found.checks if c.state == "failed")
            return self.env._(
                "%(system)s cannot be used yet. %(words)s %(remedy)s",
                system=system.name,
                words=failed.words,
                remedy=failed.remedy,
            )
        if kind == "event":
            return self.env._("%(system)s took the test event.", system=system.name)
        return self.env._(
            "%(system)s can be reached and takes our login.", system=system.name
        )

    def action_again(self):
        self.ensure_one()
        self.env["construction.sync.gatekeeper"]._check("admin", self.system_id)
        return self._run(self.system_id, self.kind)


class SyncConnectionTestLine(models.TransientModel):
    """One check of a test: what it found, and what to do."""

    _name = "construction.sync.connection.test.line"
    _description = "Check of a Connection"

    test_id = fields.Many2one(
        "construction.sync.connection.test", required=True, ondelete="cascade"
    )
    label = fields.Char(string="Checked", readonly=True)
    state = fields.Selection(
        [("ok", "Fine"), ("failed", "Failed"), ("open", "Not tried")], readonly=True
    )
    words = fields.Char(string="What it found", readonly=True)
    remedy = fields.Char(string="What to do", readonly=True)
