"""A flood of messages for one object keeps no other object waiting (R4)."""

from ..pipeline import rows as messages
from ..pipeline.lanes import slot_of
from .interface_case import InterfaceCase
from .rows import rows


class TestFlood(InterfaceCase):
    def setUp(self):
        super().setUp()
        names = (f"V-{number}" for number in range(10_000))
        lane = (name for name in names if slot_of(name) == slot_of("hot"))
        self.others = [next(lane) for _other in range(3)]
        flood = [
            self.vendor("hot", f"Version {n}", sequence=str(n)) for n in range(1, 121)
        ]
        self.send(*flood, *(self.vendor(name, name) for name in self.others))

    def selected(self, size):
        flow_id = self.flow().id
        return messages.select(self.env.cr, flow_id, range(64), size)

    @rows("FA-E06")
    def test_the_objects_of_its_lane_are_in_the_next_batch(self):
        names = [row.external_id for row in self.selected(20)]
        self.assertLessEqual(len(names), 20)
        self.assertLessEqual(set(self.others), set(names))

    @rows("FA-E06")
    def test_of_the_flood_it_is_the_oldest_that_go(self):
        versions = [r.version for r in self.selected(20) if r.external_id == "hot"]
        self.assertEqual(versions, list(range(1, len(versions) + 1)))

    @rows("FA-E06")
    def test_all_of_it_lands(self):
        self.drain()
        self.assertEqual(set(self.states()), {"applied"})
        self.assertEqual(self.linked("hot").name, "Version 120")
