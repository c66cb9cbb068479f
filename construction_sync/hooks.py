"""What installing and removing the module does beyond its records."""


def post_init_hook(env):
    """Give existing analytic plans and cost codes their counterparts."""


def uninstall_hook(env):
    """Take away what the ORM does not know of: triggers, functions, tables."""
