"""Scheduler: a planning system. It puts each object by itself, with its version in
``Sync-Sequence``, and keeps the work breakdown and the dates of the projects."""

from urllib.parse import quote

from . import API, contractor
from .event import Call, Record
from .system import System, json_bytes


class Scheduler(System):
    """``PUT /<entity>/<external id>``; the answer says what became of it."""

    code = "scheduler"
    title = "Scheduler"
    describes = (
        "The planning system of Harbour & Hale. It puts projects with their dates and "
        "the nodes of the work breakdown, one call each."
    )

    def call(self, event):
        (record,) = event.records
        return Call(
            "PUT",
            f"{API}/{record.entity}/{quote(record.external_id, safe='')}",
            json_bytes(record.data),
            {
                "Content-Type": "application/json",
                "Sync-Sequence": str(record.version),
                "Idempotency-Key": f'"{event.id}"',
            },
            (event,),
        )

    def outcomes(self, call, status, answer):
        outcome = answer.get("outcome") if isinstance(answer, dict) else None
        return [outcome or str(status)]

    def try_again(self, call, status, answer):
        """409 is final here: another version stands, or a field is led by Odoo."""
        return status != 409 and super().try_again(call, status, answer)

    def projects(self):
        """The projects with their dates, under the names that everybody uses."""
        wanted = ("number", "name", "start_date", "completion_date")
        return [
            Record(
                "project",
                project_id,
                {name: data[name] for name in wanted},
                kept_out=("name",),
            )
            for project_id, data in contractor.projects()
        ]

    def wbs_nodes(self):
        """The work breakdown of all projects, parents before children."""
        return [
            Record("wbs_node", *node)
            for project_id, _data in contractor.projects()
            for node in contractor.wbs_nodes(project_id)
        ]

    def one_more(self):
        """The first project's completion moves to the end of August."""
        record = self.projects()[0]
        data = dict(record.data, completion_date="2028-08-31")
        return [Record("project", record.external_id, data, kept_out=("name",))]
