"""A breakdown that comes as a list replaces the list; nothing is lost by it."""

from odoo.exceptions import UserError, ValidationError

from .master_data_case import MasterDataCase
from .rows import rows


def entry(id_, code, parent=None, name=None):
    return {"id": id_, "code": code, "name": name or f"Node {id_}", "parent": parent}


class TestWbsBreakdown(MasterDataCase):
    def put(self, *wbs, external_id="p1", number="P-1"):
        data = {"number": number, "name": "Tower", "wbs": list(wbs)}
        return self.record(self.send("project", (external_id, data)))

    def active(self, project):
        nodes = project.construction_wbs_ids.sorted("sequence")
        return [(node.path, node.name) for node in nodes]

    @rows("F01")
    def test_a_node_left_out_is_archived_and_taken_back_when_listed_again(self):
        project = self.put(entry("1", "A"), entry("2", "B"))
        gone = project.construction_wbs_ids.filtered(lambda n: n.code == "B")
        self.put(entry("1", "A"))
        self.assertFalse(gone.active)
        self.put(entry("1", "A"), entry("2", "B"))
        self.assertTrue(gone.active)
        everything = self.env["construction.wbs"].with_context(active_test=False)
        self.assertEqual(everything.search_count([("project_id", "=", project.id)]), 2)

    def test_a_node_is_renamed_moved_and_recoded_by_its_id(self):
        project = self.put(entry("1", "A"), entry("2", "B"), entry("3", "X", "1"))
        node = project.construction_wbs_ids.filtered(lambda n: n.code == "X")
        self.put(entry("1", "A"), entry("2", "B"), entry("3", "Y", "2", "Moved"))
        self.assertEqual((node.path, node.name), ("B › Y", "Moved"))

    def test_two_nodes_can_swap_their_codes(self):
        project = self.put(entry("1", "A"), entry("2", "B"))
        self.put(entry("1", "B"), entry("2", "A"))
        self.assertEqual(self.active(project), [("B", "Node 1"), ("A", "Node 2")])

    def test_ids_that_change_from_file_to_file_find_the_node_by_its_place(self):
        project = self.put(entry("100", "A"), entry("101", "1", "100"))
        nodes = project.construction_wbs_ids
        self.put(entry("900", "A"), entry("901", "1", "900"))
        self.assertEqual(project.construction_wbs_ids, nodes)
        self.assertTrue(all(nodes.mapped("active")))

    def test_a_known_node_may_take_the_place_of_one_that_goes(self):
        project = self.put(entry("1", "A"), entry("2", "B"))
        taken = project.construction_wbs_ids.filtered(lambda n: n.code == "B")
        self.put(entry("2", "A"))
        self.assertEqual(taken.path, "A")
        self.assertEqual(self.active(project), [("A", "Node 2")])

    def test_two_projects_may_use_the_same_ids(self):
        one = self.put(entry("1", "A"), entry("2", "B", "1"))
        two = self.put(entry("1", "A"), entry("2", "C", "1"),
                       external_id="p2", number="P-2")  # fmt: skip
        self.assertEqual([path for path, _n in self.active(one)], ["A", "A › B"])
        self.assertEqual([path for path, _n in self.active(two)], ["A", "A › C"])
        self.put(entry("1", "A", name="New"), entry("2", "C", "1"),
                 external_id="p2", number="P-2")  # fmt: skip
        self.assertEqual(self.active(one)[0], ("A", "Node 1"))
        self.assertEqual(self.active(two)[0], ("A", "New"))
        item = self.send("project", ("p2", {"number": "P-2", "name": "Tower"}))
        data = self.assertComesBackUnchanged("project", item)
        self.assertEqual([e["id"] for e in data["wbs"]], ["1", "2"])

    def test_a_null_list_archives_all_and_an_absent_one_leaves_all(self):
        project = self.put(entry("1", "A"))
        self.send("project", ("p1", {"number": "P-1", "name": "Tower"}))
        self.assertEqual(len(project.construction_wbs_ids), 1)
        self.send("project", ("p1", {"number": "P-1", "name": "Tower", "wbs": None}))
        self.assertFalse(project.construction_wbs_ids)

    def test_nodes_nobody_named_come_back_under_an_id_of_ours(self):
        project = self.put()
        self.env["construction.wbs"].create(
            {"project_id": project.id, "code": "M", "name": "By hand"}
        )
        item = self.send("project", ("p1", {"number": "P-1", "name": "Tower"}))
        data = self.assertComesBackUnchanged("project", item)
        self.assertEqual(data["wbs"][0]["code"], "M")

    def test_the_same_place_twice_is_refused(self):
        item = self.send(
            "project",
            (
                "p1",
                {
                    "number": "P-1",
                    "name": "T",
                    "wbs": [entry("1", "A"), entry("2", "A")],
                },
            ),
        )
        self.assertRefused(item, "business-rule", "/wbs/1/code")

    def test_nodes_sent_alone_join_those_of_the_list(self):
        project = self.put(entry("1", "A"))
        item = self.send(
            "wbs_node",
            (
                "x",
                {
                    "project": "p1",
                    "code": "9",
                    "name": "Late",
                    "parent": "1",
                    "sequence": 70,
                },
            ),
        )
        self.assertEqual(self.record(item).path, "A › 9")
        self.assertEqual(self.record(item).project_id, project)
        self.assertComesBackUnchanged("wbs_node", item)
        same = self.send(
            "wbs_node", ("1", {"project": "p1", "code": "A", "name": "Renamed"})
        )
        self.assertEqual(self.record(same).name, "Renamed")
        self.assertFalse(same.created)

    def test_a_node_waits_for_its_project(self):
        item = self.send(
            "wbs_node", ("x", {"project": "none", "code": "9", "name": "Late"})
        )
        self.assertTrue(item.waits_on)

    def test_a_parent_in_another_project_is_refused(self):
        self.put(entry("1", "A"))
        self.put(entry("7", "A"), external_id="p2", number="P-2")
        item = self.send(
            "wbs_node",
            ("x", {"project": "p2", "code": "9", "name": "Late", "parent": "1"}),
        )
        self.assertRefused(item, "business-rule", "/parent")

    def test_a_node_cannot_be_a_part_of_itself_or_of_another_project(self):
        one, two = self.env["project.project"].create(
            [{"name": name, "construction_number": name} for name in ("One", "Two")]
        )
        nodes = self.env["construction.wbs"]
        top = nodes.create({"project_id": one.id, "code": "A", "name": "A"})
        part = nodes.create(
            {"project_id": one.id, "code": "B", "name": "B", "parent_id": top.id}
        )
        with self.assertRaises(UserError), self.cr.savepoint():
            top.parent_id = part
        with self.assertRaisesRegex(ValidationError, "different projects"):
            part.project_id = two
        with self.assertRaisesRegex(ValidationError, "separates the levels"):
            part.code = "B › C"
