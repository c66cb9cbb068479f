"""Change the master key: seal every secret anew, a batch a transaction.

Both keys are readable meanwhile; killed half way it goes on where it stopped (C15).
"""


def sealed_models(env):
    """Models that keep secrets."""
    return [
        name
        for name in sorted(env.registry)
        if hasattr(env.registry[name], "_rotate")
        and not env.registry[name]._abstract
        and not env.registry[name]._transient
    ]


def rotate(registry, environment, batch=100):
    """Seal everything with today's master key; returns how many rows were left over
    by each model (all zero when nothing was in the way).

    :param environment: ``gateway.environment``
    """
    with registry.cursor() as cr:
        names = sealed_models(environment(cr))
    left = {}
    for name in names:
        while True:
            with registry.cursor() as cr:
                left[name] = environment(cr)[name]._rotate(batch)
            if not left[name]:
                break
    return left
