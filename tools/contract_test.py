"""The API against its own description, with Schemathesis."""


def run(workshop, configuration, database, report, log, examples):
    """Return what is wrong in words, or None."""
    return
