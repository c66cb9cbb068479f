"""Views: what they promise to a person, and that nothing in them warns."""

from lxml import etree

from odoo.tests import TransactionCase, tagged
from odoo.tools import mute_logger

MODELS = (
    "construction.sync.system",
    "construction.sync.flow",
    "construction.sync.client",
    "construction.sync.message",
    "construction.sync.binding",
    "construction.sync.crosswalk",
    "construction.sync.exception",
    "construction.sync.match",
    "construction.sync.audit",
)


@tagged("post_install", "-at_install")
class TestViews(TransactionCase):
    def actions(self):
        return self.env["ir.actions.act_window"].search(
            [("res_model", "in", MODELS), ("target", "=", "current")]
        )

    def test_every_screen_has_a_list_a_card_and_a_form(self):
        for model in MODELS:
            for kind in ("list", "kanban", "form", "search"):
                views = self.env["ir.ui.view"].search(
                    [("model", "=", model), ("type", "=", kind)]
                )
                self.assertTrue(views, f"{model} has no {kind} view")

    def test_every_empty_screen_says_what_it_is_for(self):
        actions = self.actions().filtered("view_mode")
        self.assertTrue(actions)
        for xmlid in actions.get_external_id().values():
            if xmlid.startswith("construction_sync."):
                action = self.env.ref(xmlid)
                self.assertIn("o_view_nocontent", action.help or "", xmlid)

    def test_no_view_of_the_module_warns_about_accessibility(self):
        views = self.env["ir.ui.view"].search(
            [("model", "=like", "construction.%"), ("inherit_id", "=", False)]
        )
        logger = "odoo.addons.base.models.ir_ui_view"
        for view in views:
            with self.assertNoLogs(logger, "WARNING"):
                view._check_xml()

    def test_the_form_of_an_owned_record_knows_its_locks(self):
        for model in ("res.partner", "project.project", "construction.cost.code"):
            arch = etree.fromstring(self.env[model].get_view(view_type="form")["arch"])
            self.assertTrue(
                arch.xpath("//field[@name='construction_sync_lock']"), model
            )

    def test_tiles_count_what_their_doors_open(self):
        system = self.env["construction.sync.system"].create(
            {"name": "Tiles", "code": "tiles", "state": "live"}
        )
        overview = self.env["construction.sync.overview"]
        before = {tile["key"]: tile for tile in overview.tiles()}
        exceptions = self.env["construction.sync.exception"].sudo()
        for number, state in enumerate(("new", "assigned", "waiting", "resolved")):
            exceptions.create(
                {
                    "name": f"Cause {number}",
                    "cause": f"test:{number}",
                    "kind": "business-rule",
                    "state": state,
                    "system_id": system.id,
                    "date_deadline": "2020-01-01",
                }
            )
        after = {tile["key"]: tile for tile in overview.tiles()}
        risen = {k: after[k]["all"] - before[k]["all"] for k in after}
        self.assertEqual((risen["open"], risen["late"], risen["others"]), (2, 3, 1))
        self.assertEqual(after["open"]["mine"], before["open"]["mine"])
        tiles = after
        for key in tiles:
            action = overview.open_tile(key)
            self.assertIn(action["res_model"], MODELS)

    @mute_logger("odoo.sql_db")
    def test_overview_of_many_systems_asks_no_query_per_card(self):
        systems = self.env["construction.sync.system"]
        for number in range(12):
            systems += systems.create(
                {"name": f"System {number}", "code": f"many-{number}", "state": "live"}
            )
        self.env["construction.sync.flow"].create(
            [
                {"system_id": system.id, "entity": "vendor", "state": "live"}
                for system in systems
            ]
        )
        self.env.flush_all()

        def queries(some):
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            some.read(["name", "dashboard", "dashboard_graph"])
            return self.env.cr.sql_log_count - before

        queries(systems)  # fills caches of labels and access rules
        self.assertEqual(queries(systems[:2]), queries(systems))

    def test_an_exception_offers_the_fix_of_its_kind(self):
        exceptions = self.env["construction.sync.exception"].sudo()
        expected = {
            ("reference-unknown", "cost_code", "99"): "map",
            ("possible-match", None, None): "link",
            ("owner-conflict", None, None): "decide",
            ("business-rule", None, None): "retry",
        }
        for (kind, value_kind, value), fix in expected.items():
            exception = exceptions.create(
                {
                    "name": kind,
                    "cause": f"fix:{kind}",
                    "kind": kind,
                    "value_kind": value_kind,
                    "value": value,
                }
            )
            self.assertEqual(exception.fix, fix, kind)
