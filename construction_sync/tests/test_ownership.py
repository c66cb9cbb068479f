"""Who leads a field wins, not who wrote last (F07)."""

from odoo.exceptions import UserError
from odoo.fields import Command

from .interface_case import InterfaceCase
from .rows import rows


class TestOwnership(InterfaceCase):
    def setUp(self):
        super().setUp()
        self.controller = self.user("con", "project_controls")

    def lead(self, entity, **owners):
        """Say who leads single fields of a data type."""
        self.flow(entity).field_ids = [
            Command.create({"field": field, "owner": owner})
            for field, owner in owners.items()
        ]

    def tower(self, **fields):
        message = self.send(self.project("p1", "P-1", fields=fields))
        self.drain()
        return message

    @rows("F07")
    def test_dates_led_outside_and_manager_led_here_are_kept_apart(self):
        """Dates are the schedule's, the value is Odoo's."""
        self.lead("project", estimated_value="odoo")
        self.tower(start_date="2026-01-05", completion_date="2027-01-05",
                   estimated_value="100.00")  # fmt: skip
        project = self.linked("p1", "project").with_user(self.controller)
        with self.assertRaisesRegex(UserError, "led by Portal"):
            project.date_start = "2026-02-01"
        with self.assertRaisesRegex(UserError, "led by Portal"):
            project.write({"name": "Mine", "construction_estimated_value": 5})
        project.construction_estimated_value = 250.0
        self.assertEqual(str(project.date_start), "2026-01-05")

        message = self.tower(start_date="2026-03-01", completion_date="2027-01-05",
                             estimated_value="900.00")  # fmt: skip
        self.assertEqual(message.state, "applied")
        self.assertEqual(str(project.date_start), "2026-03-01")
        self.assertEqual(project.construction_estimated_value, 250.0)
        exception = message.exception_id
        self.assertEqual(exception.kind, "owner-conflict")
        conflict = exception.conflict_ids
        self.assertEqual(
            (conflict.field, conflict.source_value, conflict.odoo_value),
            ("estimated_value", "900.0", "250.0"),
        )

    def conflict(self):
        """Odoo leads the name, and the outside has changed it."""
        self.lead("project", name="odoo")
        self.tower()
        self.linked("p1", "project").with_user(self.controller).name = "Our name"
        self.tower(name="Their name")
        return self.exceptions(kind="owner-conflict").with_user(self.controller)

    @rows("F07")
    def test_the_outside_value_is_taken_when_a_person_says_so(self):
        exception = self.conflict()
        exception.action_take_source()
        self.env.invalidate_all()
        self.assertEqual(self.linked("p1", "project").name, "Their name")
        self.assertEqual(
            (exception.state, exception.resolution), ("resolved", "source")
        )
        noted = self.audit(doc_key=f"exception:{exception.id}", action="decided")
        self.assertEqual(noted.user_id, self.controller)
        self.assertEqual(list(noted.changes.values()), [["Our name", "Their name"]])

    @rows("F07")
    def test_ours_is_kept_and_the_same_difference_is_not_asked_again(self):
        exception = self.conflict()
        exception.action_keep_odoo()
        again = self.tower(name="Their name", accounting_number="7")
        self.assertEqual(again.state, "applied")
        project = self.linked("p1", "project")
        self.assertEqual((project.name, project.construction_accounting_number),
                         ("Our name", "7"))  # fmt: skip
        self.assertEqual(len(self.exceptions(kind="owner-conflict")), 1)
        self.tower(name="A third name")
        self.assertEqual(
            self.exceptions(kind="owner-conflict").mapped("state"), ["resolved", "new"]
        )

    @rows("F07", "FA-D16")
    def test_a_put_that_meets_a_field_led_here_answers_with_both_values(self):
        self.lead("project", name="odoo")
        self.put("project", "p1", {"number": "P-1", "name": "Tower"}, Sync_Sequence="1")
        response = self.put(
            "project", "p1", {"number": "P-1", "name": "Other"}, Sync_Sequence="2"
        )
        document = self.assertProblem(response, 409, "owner-conflict")
        self.assertEqual(
            document["conflicts"], [{"field": "name", "sent": "Other", "kept": "Tower"}]
        )
        self.assertEqual(response.headers["Sync-Sequence"], "2")
        self.assertEqual(self.linked("p1", "project").name, "Tower")

    @rows("F07")
    def test_everything_is_led_here_when_the_data_type_says_so(self):
        self.flow().owner = "odoo"
        self.lead("vendor", email="source")
        self.send(self.vendor("v1", "Ace", fields={"email": "a@example.com"}))
        self.drain()
        partner = self.linked("v1")
        buyer = self.user("buyer", "procurement")
        partner.with_user(buyer).name = "Ace Ltd"
        with self.assertRaisesRegex(UserError, "led by Portal"):
            partner.with_user(buyer).email = "b@example.com"
        self.send(self.vendor("v1", "Ace", fields={"email": "c@example.com"}))
        self.drain()
        self.assertEqual((partner.name, partner.email), ("Ace Ltd", "c@example.com"))

    @rows("F07")
    def test_what_does_not_change_a_led_field_is_let_through(self):
        self.tower()
        project = self.linked("p1", "project").with_user(self.controller)
        project.write({"name": project.name, "description": "<p>Ours</p>"})
        self.assertIn("Ours", project.description)

    @rows("F07")
    def test_the_lock_goes_with_the_data_type(self):
        self.tower()
        project = self.linked("p1", "project").with_user(self.controller)
        self.assertIn("name", project.construction_sync_lock)
        self.assertIn("Portal", project.construction_sync_lock["name"])
        self.flow("project").action_switch_off()
        project.invalidate_recordset()
        self.assertFalse(project.construction_sync_lock)
        project.name = "Free"
        self.assertEqual(project.name, "Free")

    @rows("F07")
    def test_a_caller_cannot_lift_the_lock_through_the_context(self):
        self.tower()
        project = self.linked("p1", "project").with_user(self.controller)
        for token in (True, 1, "construction_sync_token", {}):
            with self.assertRaisesRegex(UserError, "led by Portal"):
                project.with_context(construction_sync_token=token).name = "Mine"

    @rows("F07")
    def test_what_changed_from_outside_stands_in_the_chatter_in_one_note(self):
        self.tower(accounting_number="1")
        project = self.linked("p1", "project")
        before = project.message_ids
        self.tower(name="Tower B", accounting_number="2")
        note = project.message_ids - before
        self.assertEqual(len(note), 1)
        self.assertIn("Portal", note.body)
        self.assertIn("Tower B", note.body)
