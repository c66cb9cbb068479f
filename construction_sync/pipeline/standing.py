"""Whether this database may send. A first slice."""


def may_send(_env):
    """None, or words why not."""
    return None
