"""One day at Harbour & Hale: what the four systems say, in which order, and what
goes wrong on the way. The records say which of them a person has to decide."""

from dataclasses import replace

from . import contractor
from .event import EVERYTHING, Record
from .fieldbook import Fieldbook
from .ledgerline import Ledgerline
from .procore import FIRST_VENDOR, Procore
from .scheduler import Scheduler

#: an unknown code that the check resolves by mapping, and the code it stands for
MAPPED_CODE, MAPPED_TO = "STL-ERECT", "05 12 00"
#: an unknown code that stays for a person
LEFT_CODE = "99-PLANT-HIRE"
DECIDED_BY_MAPPING = f"unknown cost code {MAPPED_CODE}"
RENAMED = "Eastgate Logistics Hub, Phase 1"
CONFLICT_NAME = "RMC master schedule rev 4"
DOWN_SECONDS = 15


class Day:
    """The four systems and what they do in the course of the day.

    :param make: makes a system of a class, ready to start
    """

    #: the receiver of the system that only listens, when there is one
    listener = None

    def __init__(self, make):
        self.procore = make(Procore)
        self.fieldbook = make(Fieldbook)
        self.scheduler = make(Scheduler)
        self.ledgerline = make(Ledgerline)

    @property
    def systems(self):
        """All four."""
        return (self.procore, self.fieldbook, self.scheduler, self.ledgerline)

    def unpleasant(self):
        """Throw the switches: duplicates, wrong order, bursts, one system down."""
        self.procore.faults.duplicate_every = 2
        self.procore.faults.order = "reversed"
        self.fieldbook.faults.duplicate_every = 3
        self.fieldbook.faults.order = "shuffled"
        self.ledgerline.faults.duplicate_every = 5
        self.ledgerline.faults.order = "shuffled"
        self.ledgerline.faults.down_for(DOWN_SECONDS)

    def morning(self):
        """The libraries: codes, types, segments, vendors, each in one burst."""
        self.procore.put(self.procore.cost_codes())
        self.procore.put(self.procore.vendors())
        self.fieldbook.tell(
            self.fieldbook.segment_values() + self.fieldbook.cost_types()
        )
        self.ledgerline.tell(self.ledgerline.vendors())

    def noon(self):
        """Projects from two systems, then the schedule with its breakdown."""
        self.procore.put(self.procore.projects())
        self.fieldbook.tell(self.fieldbook.projects())

    def afternoon(self):
        """The schedule: projects with their dates, and the breakdown; of one
        project the lowest nodes come before their parents."""
        self.scheduler.tell(self.scheduler.projects())
        nodes = self.scheduler.wbs_nodes()
        first, rest = nodes[:3], nodes[3:]
        self.scheduler.tell(list(reversed(first)) + rest)

    def evening(self):
        """Changes: a project renamed, codes nobody knows, a field Odoo leads, a new
        bank account, two vendors merged, webhooks of kinds not supported yet."""
        self._renamed_and_unknown_codes()
        self._conflict()
        self._vendors_change()
        self.procore.put(
            [
                self.procore.webhook(2, 1, "RFIs", 54321),
                self.procore.webhook(3, 2, "Submittals", 379913),
                self.procore.webhook(4, 3, "Direct Cost Line Items", 379914),
            ]
        )
        self.procore.put(
            [self.procore.sub_job_exported("3301", "SJ-IMG", "Imaging suite", "RMC")]
        )

    def _renamed_and_unknown_codes(self):
        projects = dict(contractor.projects())
        renamed = dict(projects["ELH"], name=RENAMED)
        self.procore.put([self.procore.project_exported("ELH", renamed)])
        changes = []
        for record in self.fieldbook.projects():
            codes = record.data["cost_codes"]
            if record.external_id == "ELH":
                data, person = dict(record.data, name=RENAMED), ""
            elif record.external_id == "TWR":
                data = dict(record.data, cost_codes=[*codes, MAPPED_CODE])
                person = f"unknown cost code {MAPPED_CODE}"
            else:
                data = dict(record.data, cost_codes=[*codes, LEFT_CODE])
                person = f"unknown cost code {LEFT_CODE}"
            kept_out = EVERYTHING if person else ()
            changes.append(replace(record, data=data, person=person, kept_out=kept_out))
        self.fieldbook.tell(changes)

    def _conflict(self):
        record = self.scheduler.projects()[0]
        data = dict(record.data, name=CONFLICT_NAME, completion_date="2028-08-31")
        person = "the name is led by Odoo"
        self.scheduler.tell([replace(record, data=data, person=person)])

    def _vendors_change(self):
        known = dict(contractor.vendors())
        account = {"number": "004499120077"}
        self.ledgerline.tell(
            [
                Record(
                    "vendor",
                    "V-1006",
                    dict(known["V-1006"], bank_accounts=[account]),
                    person="new bank details",
                    kept_out=("bank_accounts",),
                ),
                Record("vendor", "V-1022", dict(known["V-1022"], status="approved")),
                Record("vendor", "V-1018", dict(known["V-1018"], phone=None)),
            ]
        )
        twin = str(FIRST_VENDOR + 60)
        name = known["V-1030"]["name"]
        self.procore.put(
            [self.procore.vendor_exported(twin, {"name": f"{name} Contractors"})]
        )

    def night(self):
        """The twin of a vendor is merged into the vendor."""
        twin, master = str(FIRST_VENDOR + 60), str(FIRST_VENDOR + 29)
        self.procore.put([self.procore.vendors_merged(master, [twin])])
