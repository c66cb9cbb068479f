"""How sending to a system goes: figures of all systems on the screen at once, and one
sentence for each, the worst thing first.

"Needs you" is what no program will move: given up by the schedule, refused, or of
which nobody knows and nobody can be asked. All else moves by itself and is said in
calmer words.
"""

from dataclasses import dataclass

from odoo import fields
from odoo.tools import SQL, format_datetime

from . import credentials, gateway, standing

#: deliveries that move by themselves, and those that need a person
WAITING_DOMAIN = [
    "|", ("state", "in", ("pending", "leased", "retry", "held")),
    "&", ("state", "=", "unknown"), ("next_at", "!=", False),
]  # fmt: skip
NEEDED_DOMAIN = [
    "|", ("state", "=", "dead"),
    "&", ("state", "=", "unknown"), ("next_at", "=", False),
]  # fmt: skip
#: attempts that the usual time of an answer is taken from
SAMPLE = 100
#: deliveries of a system among which the last one of a data type is looked for
LOOK_BACK = 1000
EMPTY = {"waiting": 0, "retry": 0, "held": 0, "needed": 0, "last": None, "next": None}


@dataclass(frozen=True, slots=True)
class Health:
    """``state``: ``off`` (nothing goes out), ``held`` (on purpose), ``trouble`` (heals
    itself), ``needed`` (a person must act) or ``well``; ``text`` says it, ``remedy``
    what to do now, empty for nothing."""

    state: str
    text: str
    remedy: str = ""

    @property
    def level(self):
        return {
            "off": "secondary",
            "held": "warning",
            "preview": "info",
            "trouble": "warning",
            "needed": "danger",
        }.get(self.state, "success")

    @property
    def icon(self):
        return {
            "off": "fa-circle-o",
            "held": "fa-pause",
            "preview": "fa-eye",
            "trouble": "fa-refresh",
            "needed": "fa-exclamation-circle",
        }.get(self.state, "fa-check-circle")


def clock(hours):
    """``20.5`` hours as ``20:30``."""
    minutes = round(hours * 60)
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def of_flows(env, flows):
    """``{flow id: {waiting, retry, held, needed, last, next}}`` of flows that go out.

    ``waiting`` counts what moves by itself (``retry`` among it), ``held`` what waits
    for the data type to go live; ``last`` is the last delivery, ``next`` the next try.
    """
    figures = {flow.id: dict(EMPTY) for flow in flows}
    if not figures:
        return figures
    env.flush_all()
    env.cr.execute(
        SQL(
            """
            SELECT flow_id,
                   count(*) FILTER (WHERE state IN ('pending', 'leased', 'retry')
                                       OR state = 'unknown' AND next_at IS NOT NULL),
                   count(*) FILTER (WHERE state = 'retry'),
                   count(*) FILTER (WHERE state = 'held'),
                   count(*) FILTER (WHERE state = 'dead'
                                       OR state = 'unknown' AND next_at IS NULL),
                   min(next_at) FILTER (WHERE state IN ('pending', 'retry', 'unknown'))
              FROM construction_sync_delivery
             WHERE flow_id = ANY(%s) AND state IN
                   ('pending', 'leased', 'retry', 'unknown', 'held', 'dead')
          GROUP BY flow_id
            """,
            list(figures),
        )
    )
    for flow_id, waiting, retry, held, needed, due in env.cr.fetchall():
        figures[flow_id].update(
            waiting=waiting, retry=retry, held=held, needed=needed, next=_whole(due)
        )
    env.cr.execute(
        SQL(
            """
            SELECT d.flow_id, max(d.done_at)
              FROM construction_sync_flow f
             CROSS JOIN LATERAL (
                    SELECT flow_id, done_at, state FROM construction_sync_delivery
                     WHERE system_id = f.system_id ORDER BY id DESC LIMIT %s) d
             WHERE f.id = ANY(%s) AND d.flow_id = f.id AND d.state = 'delivered'
          GROUP BY d.flow_id
            """,
            LOOK_BACK,
            list(figures),
        )
    )
    for flow_id, last in env.cr.fetchall():
        figures[flow_id]["last"] = _whole(last)
    return figures


def _whole(moment):
    return moment and moment.replace(microsecond=0)


def together(figures):
    """Figures of several data types as those of their system."""
    total = dict(EMPTY)
    for one in figures:
        for name in ("waiting", "retry", "held", "needed"):
            total[name] += one[name]
        total["last"] = max(filter(None, (total["last"], one["last"])), default=None)
        total["next"] = min(filter(None, (total["next"], one["next"])), default=None)
    return total


def out_flows(system):
    """The data types that go out and are not switched off."""
    return system.flow_ids.filtered(lambda f: f.direction == "out" and f.state != "off")


def latency(env, system):
    """Usual time of an answer in milliseconds, None before the first."""
    env.cr.execute(
        SQL(
            """
            SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY milliseconds)
              FROM (SELECT milliseconds FROM construction_sync_attempt
                     WHERE system_id = %s AND outcome = 'delivered'
                  ORDER BY started_at DESC LIMIT %s) a
            """,
            system.id,
            SAMPLE,
        )
    )
    return env.cr.fetchone()[0]


def of(env, system, figures, *, keys=False):
    """The :class:`Health` of one system.

    :param figures: of the system (``together``)
    :param keys: also look whether its login can be read here (unseals it)
    """
    flows = out_flows(system)
    if not flows and not figures["waiting"] and not figures["needed"]:
        return Health("off", env._("Nothing is sent to it"))
    return (
        _not_allowed(env, system, figures, keys)
        or _by_the_breaker(env, system, figures)
        or _by_the_queue(env, system, flows, figures)
    )


def _count(env, number):
    return (
        env._("1 delivery waits")
        if number == 1
        else env._("%(count)s deliveries wait", count=f"{number:,}")
    )


def _not_allowed(env, system, figures, keys):
    """Why nothing may go now, whatever the other side does."""
    waits = _count(env, figures["waiting"])
    if words := standing.may_send(gateway.environment(env.cr)):
        return Health(
            "needed",
            env._("This database may not send"),
            str(words),
        )
    if system.state == "draft":
        return Health(
            "off",
            env._("Being set up: nothing is sent"),
            env._("Finish the setup and switch it on."),
        )
    if system.state == "paused":
        return Health(
            "held",
            env._("Paused with the whole system: %(waits)s", waits=waits),
            env._("Resume the system when it may take changes again."),
        )
    if not system.address:
        return Health(
            "needed",
            env._("No address to send to: %(waits)s", waits=waits),
            env._("Enter the address under Sending."),
        )
    if keys:
        inner = gateway.environment(env.cr)
        try:
            credentials.prepare(inner, system.with_env(inner))
            credentials.signing_keys(inner, system.with_env(inner))
        except credentials.CredentialUnavailable as error:
            return Health(
                "needed",
                env._("Its login cannot be used: %(waits)s", waits=waits),
                str(error),
            )
    return None


def _by_the_breaker(env, system, figures):
    """What the last calls say about the system."""
    breaker = system.breaker_ids[:1]
    waits = _count(env, figures["waiting"])
    now = fields.Datetime.now()

    def at(moment):
        return format_datetime(env, moment, dt_format="short") if moment else ""

    if breaker.state == "forced_open":
        return Health(
            "held",
            env._("Sending is paused: %(waits)s", waits=waits),
            env._("%(words)s. Nothing is lost.", words=breaker.last_words or "")
            if breaker.last_words
            else env._("Nothing is lost."),
        )
    if breaker.state == "disabled":
        return Health(
            "needed",
            env._("Switched off after failures: %(waits)s", waits=waits),
            env._(
                "%(words)s Repair it, test the connection and resume sending.",
                words=breaker.last_words or "",
            ).strip(),
        )
    if breaker.state in ("open", "half_open"):
        return Health(
            "trouble",
            env._(
                "Does not answer since %(since)s, next try %(next)s: nothing to do",
                since=at(breaker.failing_since),
                next=at(breaker.open_until) or env._("now"),
            ),
            f"{breaker.last_words or ''} {waits}.".strip(),
        )
    if breaker.paused_until and breaker.paused_until > now:
        return Health(
            "trouble",
            env._(
                "It asked us to wait until %(when)s: nothing to do",
                when=at(breaker.paused_until),
            ),
            f"{waits}.",
        )
    return None


def _by_the_queue(env, system, flows, figures):
    """What stands in the queue of a system that may be called."""
    needed = figures["needed"]
    if needed:
        return Health(
            "needed",
            env._("1 delivery needs you")
            if needed == 1
            else env._("%(count)s deliveries need you", count=f"{needed:,}"),
            env._("Open them: each says what stands in the way."),
        )
    if figures["retry"]:
        return Health(
            "trouble",
            env._(
                "%(count)s tried again: nothing to do", count=f"{figures['retry']:,}"
            ),
        )
    if flows and not flows.filtered(lambda f: f.state == "live"):
        return Health(
            "preview",
            env._(
                "Preview: %(count)s would be sent, nothing is",
                count=f"{figures['held']:,}",
            ),
            env._("Go live on a data type when what it would send looks right."),
        )
    if figures["last"]:
        text = env._(
            "Healthy: last delivery %(when)s",
            when=format_datetime(env, figures["last"], dt_format="short"),
        )
    else:
        text = env._("Ready: nothing was sent yet")
    waiting = figures["waiting"]
    return Health("well", text, f"{_count(env, waiting)}." if waiting else "")
