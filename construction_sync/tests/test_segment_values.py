"""Custom segments: area, lot, floor; up to ten."""

from odoo.exceptions import ValidationError

from .master_data_case import MasterDataCase
from .rows import rows


class TestSegmentValues(MasterDataCase):
    @rows("F03")
    def test_an_area_survives_the_round_trip(self):
        tower = self.send(
            "segment_value", ("A", {"segment": "area", "code": "A", "name": "Tower A"})
        )
        item = self.send(
            "segment_value",
            ("A1", {"segment": "area", "code": "A1", "name": "Core", "parent": "A"}),
        )
        self.assertEqual(self.record(item).parent_id, self.record(tower))
        data = self.assertComesBackUnchanged("segment_value", item)
        self.assertEqual(data["segment"], "area")
        project = self.send(
            "project",
            ("p", {"number": "1", "name": "Tower", "segments": {"area": "A1"}}),
        )
        data = self.assertComesBackUnchanged("project", project)
        self.assertEqual(list(data["segments"]), ["area"])
        landed = self.record(project).construction_segment_value_ids
        self.assertEqual(landed.code, "A1")

    def test_a_value_of_another_segment_is_refused(self):
        self.send(
            "segment_value", ("L1", {"segment": "lot", "code": "1", "name": "Lot 1"})
        )
        item = self.send(
            "project",
            ("p", {"number": "1", "name": "Tower", "segments": {"area": "L1"}}),
        )
        self.assertRefused(item, "business-rule", "/segments/area")

    def test_the_eleventh_segment_is_refused(self):
        self.env["construction.segment"].search([]).action_archive()
        items = self.send(
            "segment_value",
            *[
                (f"v{n}", {"segment": f"s{n}", "code": "1", "name": "One"})
                for n in range(10, 21)
            ],
        )
        self.assertEqual([item.failed for item in items], [False] * 10 + [True])
        self.assertRefused(items[-1], "segment-limit", "/segment")
        with self.assertRaisesRegex(ValidationError, "at most"):
            self.env["construction.segment"].create({"code": "more", "name": "More"})

    def test_the_same_code_in_two_segments_is_two_values(self):
        one, two = self.send(
            "segment_value",
            ("a", {"segment": "area", "code": "1", "name": "One"}),
            ("b", {"segment": "floor", "code": "1", "name": "One"}),
        )
        self.assertNotEqual(self.record(one), self.record(two))
