"""Rows into one SQL statement: arrays in, rows out, in the order given."""

from odoo.tools import SQL


def arrays(rows, kinds):
    """``unnest`` arguments for ``rows``; ``kinds`` are the columns' SQL types."""
    return SQL(", ").join(
        SQL(f"%s::{kind}[]", list(column))
        for kind, column in zip(kinds, zip(*rows, strict=True), strict=True)
    )
