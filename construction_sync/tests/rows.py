"""The mark by which a test says which rows of the feature list it states."""


def rows(*codes):
    """Mark a test, or every test of a class, with row codes ("F01", "FA-A03").

    ``./run features`` reads the marks from the source and lists each row with its
    tests and how they ended.
    """

    def mark(test):
        test.construction_rows = codes
        return test

    return mark
