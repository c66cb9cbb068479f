from odoo import api, models


class SyncAdapter(models.AbstractModel):
    """A dialect: how one kind of outside system signs and writes what it sends.

    A dialect is an AbstractModel ``construction.sync.adapter.<code>`` that inherits
    this one; its ``_description`` is the name a person chooses on the system's form.
    The backbone finds it by name and calls it in this order:

    1. ``verify(keys, raw, headers)`` on the bytes as received, before anything is
       read from them;
    2. ``parse(raw, headers)``, which turns them into canonical events.

    An adapter keeps no state and touches no record: what it needs is handed to it.
    """

    _name = "construction.sync.adapter"
    _description = "Sync Dialect"

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
