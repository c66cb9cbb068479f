"""Wizards: what they ask, what they keep, and what they refuse."""

from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, TransactionCase, new_test_user, tagged

from ..pipeline import keys


@tagged("post_install", "-at_install")
class TestConnection(TransactionCase):
    def steps(self, **values):
        """The wizard after its second step: the system is stored, being set up."""
        with Form(self.env["construction.sync.connection"]) as form:
            for name, value in values.items():
                form[name] = value
        wizard = form.record
        wizard.action_next()
        wizard.write({"name": "Site Office", "code": "site-office"})
        wizard.action_next()
        return wizard

    def test_the_steps_say_where_one_is(self):
        wizard = self.env["construction.sync.connection"].create({})
        self.assertEqual(wizard.step_text, "Step 1 of 4: Kind of system")
        wizard.action_next()
        self.assertEqual(wizard.step_text, "Step 2 of 4: Name and company")

    def test_each_kind_is_asked_for_what_it_needs(self):
        wizard = self.env["construction.sync.connection"].create(
            {
                "adapter": "procore_erp", "name": "Procore", "code": "procore-erp",
                "environment": "test", "step": "name",
            }
        )  # fmt: skip
        wizard.action_next()
        self.assertEqual(wizard.step_text, "Step 3 of 5: Address and login")
        self.assertEqual(
            (wizard.address, wizard.login_kind), ("https://api.procore.com", "oauth2")
        )
        wizard.address = False
        with self.assertRaisesRegex(UserError, "Enter the address of Procore"):
            wizard.action_next()
        wizard.address = "https://api.procore.com"
        with self.assertRaisesRegex(UserError, "number of the company"):
            wizard.action_next()
        wizard.write(
            {
                "procore_company": 8, "login_kind": "oauth2", "login_name": "client",
                "token_address": "https://login.procore.com/oauth/token",
            }
        )  # fmt: skip
        with self.assertRaisesRegex(UserError, "key or password"):
            wizard.action_next()
        wizard.login_value = "secret-0123456789"
        wizard.action_next()
        self.assertFalse(wizard.login_value, "kept encrypted with the system only")
        wizard.action_next()
        system = wizard.system_id
        self.assertEqual(system.credential_ids.kind, "oauth2")
        asks = system.flow_ids.filtered(lambda f: f.entity == "procore_request")
        self.assertEqual(sorted(asks.mapped("direction")), ["in", "out"])
        self.assertTrue(asks.filtered("fetches"))
        wizard.action_finish()
        self.assertEqual(system.mode, "preview", "asking writes nothing by itself")

    def test_a_name_suggests_a_code_that_can_be_part_of_an_address(self):
        wizard = self.env["construction.sync.connection"].create(
            {"name": "Büro 24 / A"}
        )
        self.assertRegex(wizard.code, r"^[a-z0-9][a-z0-9-]*$")

    def test_nothing_is_written_before_a_person_goes_live(self):
        wizard = self.steps()
        system = wizard.system_id
        self.assertEqual(system.state, "draft")
        wizard.action_next()
        flows = system.flow_ids.filtered(lambda f: f.entity != "hook")
        self.assertTrue(flows)
        self.assertEqual(set(flows.mapped("state")), {"preview"})
        self.assertEqual(system.mode, "setup")
        wizard.action_finish()
        self.assertEqual(system.state, "live")
        self.assertEqual(system.mode, "preview")

    def test_a_person_can_stop_and_go_on_later(self):
        wizard = self.steps()
        system = wizard.system_id
        action = system.action_next_step()
        again = self.env[action["res_model"]].browse(action["res_id"])
        self.assertEqual(again.system_id, system)
        self.assertEqual(again.step, "types")
        again.action_next()
        self.assertEqual(again.step, "ready")
        action = system.action_continue_setup()
        self.assertEqual(
            self.env[action["res_model"]].browse(action["res_id"]).step, "ready"
        )

    def test_the_key_is_kept_as_a_hash_and_shown_until_the_end_only(self):
        wizard = self.steps()
        wizard.action_next()
        wizard.action_make_key()
        plain = wizard.key
        stored = wizard.client_id.key_ids.sudo()
        self.assertEqual(stored.key_hash, keys.digest(plain))
        self.assertIn(plain, wizard.example)
        wizard.action_later()
        self.assertFalse(wizard.key)
        self.assertEqual(wizard.system_id.state, "draft")

    def test_an_integration_administrator_needs_no_other_role(self):
        user = new_test_user(
            self.env, "wizard-admin", "construction_sync.group_admin", tz="UTC"
        )
        self.env = self.env(user=user)
        wizard = self.steps()
        wizard.action_next()
        wizard.action_make_key()
        self.assertTrue(wizard.key.startswith("csk_"))
        wizard.action_finish()
        self.assertEqual(wizard.system_id.state, "live")

    def test_a_system_without_data_types_is_refused_with_the_remedy(self):
        wizard = self.steps()
        wizard.line_ids.state = "off"
        with self.assertRaisesRegex(UserError, "Site Office.*Preview"):
            wizard.action_next()

    def test_only_an_administrator_connects_systems(self):
        user = new_test_user(
            self.env, "wizard-user", "construction_sync.group_project_controls"
        )
        with self.assertRaises(AccessError):
            self.env["construction.sync.connection"].with_user(user).create({})


@tagged("post_install", "-at_install")
class TestDecisions(TransactionCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.system = cls.env["construction.sync.system"].create(
            {"name": "Decisions", "code": "decisions", "state": "live"}
        )
        cls.exception = (
            cls.env["construction.sync.exception"]
            .sudo()
            .create(
                {
                    "name": "Something is wrong",
                    "cause": "decision:1",
                    "kind": "business-rule",
                    "system_id": cls.system.id,
                }
            )
        )

    def wizard(self, action):
        return self.env[action["res_model"]].browse(action["res_id"])

    def test_nothing_is_discarded_without_a_reason(self):
        wizard = self.wizard(self.exception.action_open_discard())
        with self.assertRaisesRegex(UserError, "Something is wrong"):
            wizard.action_discard()
        wizard.reason = "Sent by mistake"
        wizard.action_discard()
        self.assertEqual(self.exception.state, "resolved")
        self.assertEqual(self.exception.resolution, "discarded")
        self.assertEqual(self.exception.resolution_reason, "Sent by mistake")

    def test_ignoring_has_an_end(self):
        wizard = self.wizard(self.exception.action_open_ignore())
        wizard.reason = "Estimator is away"
        wizard.until = fields.Date.today()
        with self.assertRaises(UserError):
            wizard.action_ignore()
        wizard.until = fields.Date.today() + timedelta(days=3)
        wizard.action_ignore()
        self.assertEqual(self.exception.state, "ignored")
        self.exception.action_reopen()
        self.assertEqual(self.exception.state, "new")

    def test_a_retry_that_can_do_nothing_offers_no_button(self):
        wizard = self.wizard(self.exception.action_open_retry())
        self.assertEqual(wizard.ready_count, 0)
        self.assertIn("written again", wizard.plan)

    def test_a_mapping_needs_a_target(self):
        self.exception.write(
            {"kind": "reference-unknown", "value_kind": "cost_code", "value": "99"}
        )
        wizard = self.wizard(self.exception.action_open_map())
        self.assertEqual(wizard.res_model, "construction.cost.code")
        with self.assertRaisesRegex(UserError, "99"):
            wizard.action_map()

    def test_an_auditor_sees_and_decides_nothing(self):
        auditor = new_test_user(
            self.env, "wizard-auditor", "construction_sync.group_auditor"
        )
        exception = self.exception.with_user(auditor)
        self.assertEqual(exception.name, "Something is wrong")
        for button in (
            exception.action_open_discard,
            exception.action_open_ignore,
            exception.action_open_retry,
            exception.action_wait_on_others,
        ):
            with self.assertRaises(AccessError):
                button()
