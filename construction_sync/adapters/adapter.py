from odoo import api, models

from ..pipeline import outgoing
from ..pipeline.outgoing import not_sendable
from ..pipeline.transport import Request


class SyncAdapter(models.AbstractModel):
    """A dialect: how one kind of outside system signs and writes what it sends.

    A dialect is an AbstractModel ``construction.sync.adapter.<code>`` that inherits
    this one; its ``_description`` is the name a person chooses on the system's form.
    The backbone finds it by name and calls it in this order:

    1. ``verify(keys, raw, headers)`` on the bytes as received, before anything is
       read from them;
    2. ``parse(raw, headers)``, which turns them into canonical events.

    On the way out, for each delivery:

    3. ``request(out)`` makes the call, before it is claimed;
    4. ``stamp(out, request, keys)`` adds what belongs to the moment (a signature);
    5. ``judge(out, answer)`` says what the answer means;
    6. ``probe(out)`` and ``judge_probe(out, answer)`` ask whether a delivery of which
       nobody knows did arrive.

    An adapter keeps no state and touches no record: what it needs is handed to it.
    """

    _name = "construction.sync.adapter"
    _description = "Sync Dialect"

    #: the target recognises a delivery that comes twice by its id
    _repeatable = True
    #: systems of this dialect can be sent to
    _sends = False
    #: data types that this dialect needs besides those that a person chooses, as values
    #: of flows
    _own_flows = ()
    #: nothing comes of a system of this dialect before it is called
    _called = False
    #: where systems of this dialect usually are, and how they let us in, as values of
    #: the wizard
    _usual = {}
    #: the target gives each object an id of its own in its answer to the first delivery
    _learns_ids = False

    @api.private
    def verify(self, keys, raw, headers):
        """Prove that the delivery comes from the system.

        :param keys: ``[(kind, bytes)]`` that are valid now; kind is ``hmac``,
            ``ed25519`` or ``token``
        :param raw: the body as received
        :param headers: the request's headers
        :raises SignatureRefused: when it is not proven, for whatever reason; a system
            without keys proves nothing
        """
        raise NotImplementedError

    @api.private
    def parse(self, raw, headers):
        """The events in a verified delivery, in order.

        Nothing that was verified is refused for its content: what is not understood
        comes back as a :class:`~.parsed.Parsed` with a problem. At least one is
        returned for every delivery, so that nothing disappears.

        :rtype: list[Parsed]
        """
        raise NotImplementedError

    @api.private
    def title(self, raw):
        """How a person calls a delivery that was not read yet."""
        return self.env._("Webhook from %(dialect)s", dialect=self._description)

    # ---- the way out ---------------------------------------------------------------

    @api.private
    def request(self, out):
        """The call that delivers ``out`` (a :class:`~..pipeline.outgoing.Out`).

        Made while the database can be read, before the delivery is claimed; made again
        for every try, it must come out the same.

        :rtype: ~..pipeline.transport.Request
        :raises ~..pipeline.outgoing.NotSendable: when the target cannot take the object
            as it is: a person is told field and limit, nothing is sent
        """
        raise not_sendable(
            self.env._(
                "%(dialect)s can only be received from. Choose another dialect for "
                "the system, or switch its outgoing data types off.",
                dialect=self._description,
            )
        )

    @api.private
    def stamp(self, out, request, keys):
        """``request`` with what belongs to this very try; touches no record.

        Called in a thread that sends, after the claim.

        :param keys: ``[(kind, bytes)]`` that are valid now
        """
        return request

    @api.private
    def judge(self, out, answer):
        """What ``answer`` means (a :class:`~..pipeline.outgoing.Verdict`); touches no
        record."""
        return outgoing.judge(answer)

    @api.private
    def probe(self, out):
        """The call that asks whether ``out`` arrived, or None when it cannot be asked:
        then a person decides."""
        return None

    @api.private
    def judge_probe(self, out, answer):
        """``delivered``, ``retry`` (it did not arrive: send it) or ``unknown``."""
        return outgoing.Verdict("unknown", final=True)

    @api.private
    def hello(self, system):
        """A call that changes nothing there, to see whether ``system`` answers and
        takes our login (*Test connection*)."""
        return Request("GET", system.address, timeout=float(system.timeout_seconds))

    @api.private
    def judge_hello(self, answer):
        """``(fine, words, remedy)`` of the answer to :meth:`hello`."""
        status = answer.status
        if status in (401, 403):
            return (
                False,
                self.env._("It answered, and it does not take our login."),
                self.env._("Compare keys and login on both sides."),
            )
        if 300 <= status < 400:
            return (
                False,
                self.env._("It sends us to another address."),
                self.env._("Ask for the final address and enter that one."),
            )
        if status >= 500:
            return (
                False,
                self.env._("It answered that it is in trouble (%s).", status),
                self.env._("Try again later, or ask the people who run it."),
            )
        return True, self.env._("It answered (%s).", status), ""

    # ---- what comes of what came ----------------------------------------------------

    @api.private
    def asked(self, system, name):
        """Have ``name`` fetched soon, which a webhook of ``system`` named
        (``Parsed.asks``)."""
        raise NotImplementedError

    @api.private
    def settled(self, flow, rows):
        """Messages of ``flow`` (``pipeline.rows.Row``) have come to an end or to a
        person, in the transaction that writes it: for dialects whose systems want to
        be told what became of them."""

    # ---- what the system does not send itself ---------------------------------------

    @api.private
    def source(self, flow):
        """All that fetching ``flow`` needs as a :class:`~.fetched.Source`, read now;
        None when this dialect has nothing to fetch for it."""
        return None

    @api.private
    def fetch(self, source, cursor):
        """One page (a :class:`~.fetched.Page`) of the list that ``source`` describes.

        Called while no transaction is open: no record may be touched.

        :param cursor: what the page before gave, None for the first
        :raises ~.fetched.FetchFailed: nothing of the page may be stored
        """
        raise NotImplementedError

    @api.private
    def reader(self, flow):
        """``raw -> (canonical data, problems)`` for records that ``fetch`` gave with
        their own bytes; asked for once a batch."""
        raise NotImplementedError
