"""Why an exception happened and what to do about it, with the names of the case.

The catalogue of problems has the general words; a person at the screen needs the value
that came, who sent it, and the next step.
"""


def of(exception):
    """``(why, what to do)`` of one exception, in the user's language."""
    env, kind = exception.env, exception.kind
    kinds = env["construction.sync.crosswalk"]._kinds()
    words = {
        "system": exception._sender(),
        "value": exception.value,
        "what": kinds.get(exception.value_kind, (exception.value_kind, None))[0],
    }
    if kind == "company-unknown":
        return _company(env, words)
    if exception.fix == "map":
        return _unknown(env, kind, words, exception)
    if exception.fix == "link":
        return (
            env._(
                "%(system)s sent something that looks like a record Odoo already has, "
                "but no key proves that it is the same.",
                **words,
            ),
            env._("Link it to that record, or say that it is new and it is created."),
        )
    if exception.fix == "decide":
        return (
            env._(
                "Odoo leads these fields, and %(system)s sent other values for them. "
                "Everything else it sent has been applied.",
                **words,
            ),
            env._(
                "Compare the values below and say which ones count. Nothing changes "
                "until you do."
            ),
        )
    if exception.fix == "version":
        return (
            env._(
                "%(system)s sent a version that does not fit the one that stands: it "
                "has started counting again, or it gave two contents one version.",
                **words,
            ),
            env._(
                "Ask the system which of the two is right. If it is what came last, an "
                "administrator takes it as it came; if not, discard it with a reason."
            ),
        )
    return exception.why, exception.remedy


def _company(env, words):
    return (
        env._(
            "%(system)s calls a company %(value)s, and nobody has said yet which of "
            "your companies that is.",
            **words,
        ),
        env._("Choose the company. What waits goes on by itself."),
    )


def _unknown(env, kind, words, exception):
    if kind == "parent-missing":
        return (
            env._(
                "%(value)s was named, but it has not arrived from %(system)s.", **words
            ),
            env._(
                "Have %(system)s send it, or choose the record it stands for.", **words
            ),
        )
    if kind == "reference-ambiguous":
        return (
            env._(
                "%(value)s could be more than one record (%(what)s) in Odoo.", **words
            ),
            env._("Choose which one it is. It is remembered."),
        )
    if kind.startswith("code-"):
        return (
            exception.why,
            env._(
                "Choose another one that %(value)s stands for, or take it back into "
                "use and retry.",
                **words,
            ),
        )
    return (
        env._(
            "%(system)s wrote %(value)s (%(what)s). No record in Odoo has that code, "
            "no link and no value mapping names it, and Odoo never guesses.",
            **words,
        ),
        env._(
            "Choose what it stands for. What waits goes on by itself, and what comes "
            "later follows the same mapping."
        ),
    )
