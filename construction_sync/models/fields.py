"""Field kinds of the hot tables."""

from odoo import fields


class LooseMany2one(fields.Many2one):
    """A many2one without a foreign key in the database.

    For insert-hot tables only: a foreign key costs a look-up per row and key, a
    quarter of the time it takes to accept an event. The records pointed to refuse
    to be deleted while messages name them (``_unlink_except_used``).
    """

    def update_db_foreign_key(self, model, column):
        return False
