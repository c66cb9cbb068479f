"""Fieldbook: a field and portal system. It speaks the canonical interface in
CloudEvents batches, and keeps projects, cost types and custom segments."""

from . import contractor
from .event import Record
from .system import System, batch_call, event_outcomes

BATCH = 25


class Fieldbook(System):
    """``POST /events`` with up to 25 events a call."""

    code = "fieldbook"
    title = "Fieldbook"
    describes = (
        "The field and portal system of Harbour & Hale. It sends projects, cost types "
        "and custom segments as CloudEvents in batches."
    )

    def pack(self, events):
        return [
            batch_call(events[start : start + BATCH], self.code)
            for start in range(0, len(events), BATCH)
        ]

    def outcomes(self, call, status, answer):
        return event_outcomes(call, status, answer)

    def cost_types(self):
        """The cost types of the trade."""
        return [Record("cost_type", *one) for one in contractor.cost_types()]

    def segment_values(self):
        """Areas and floors."""
        return [Record("segment_value", *one) for one in contractor.segment_values()]

    def projects(self):
        """The projects as the field keeps them, each with the codes it books on."""
        left_to_the_schedule = {"start_date", "completion_date"}
        records = []
        for project_id, data in contractor.projects():
            known = {k: v for k, v in data.items() if k not in left_to_the_schedule}
            known["segments"] = {"area": contractor.main_area(project_id)}
            records.append(Record("project", project_id, known))
        return records

    def one_more(self):
        """A project is put on hold, or taken up again."""
        record = self.projects()[1]
        status = "on_hold" if record.version % 2 else "active"
        return [Record("project", record.external_id, dict(record.data, status=status))]
