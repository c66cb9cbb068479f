"""The mark by which a test says which rows of the feature list it states.

The same as that of the addons, which cannot be imported without an Odoo registry.
"""


def rows(*codes):
    """Mark a test with row codes ("C1", "FA-F17")."""

    def mark(test):
        test.construction_rows = codes
        return test

    return mark
