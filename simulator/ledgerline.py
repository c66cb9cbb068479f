"""Ledgerline: an accounts-payable platform. It sends one canonical event a call,
and keeps vendors with their tax ids and bank accounts."""

from . import API, contractor, signature
from .event import Record
from .system import System, event_outcomes, single_call


class Ledgerline(System):
    """``POST /events`` with one event, or, when it has a webhook secret,
    ``POST /hooks/ledgerline`` signed as Standard Webhooks 1.0 says."""

    code = "ledgerline"
    title = "Ledgerline"
    describes = (
        "The accounts-payable platform of Harbour & Hale. It sends vendors with their "
        "tax ids and bank accounts, one event a call."
    )
    secret = ""

    def call(self, event):
        call = single_call(event, self.code)
        if self.secret:
            call.path = f"{API}/hooks/{self.code}"
        return call

    def credentials(self, call):
        if not self.secret:
            return super().credentials(call)
        return signature.headers(self.secret, call.events[0].id, call.body)

    def outcomes(self, call, status, answer):
        if self.secret:
            return ["accepted" if status < 300 else str(status)]
        return event_outcomes(call, status, answer)

    def vendors(self):
        """The vendors that invoice through this platform."""
        return [
            Record("vendor", vendor_id, data)
            for vendor_id, data in contractor.vendors()
            if vendor_id < "V-1025"
        ]

    def one_more(self):
        """A vendor has a new bank account: nothing a machine may decide."""
        record = self.vendors()[5]
        account = {"number": f"0099{record.version % 100_000_000:08d}"}
        data = dict(record.data, bank_accounts=[account])
        return [
            Record(
                "vendor",
                record.external_id,
                data,
                person="new bank details",
                kept_out=("bank_accounts",),
            )
        ]
