"""What a card of the overview says: health in a sentence, the next right action.

Words are made here, on the server, so that screen, test and translation see the same
ones.
"""

import json
from datetime import timedelta

from babel.dates import format_timedelta

from odoo import fields
from odoo.tools import babel_locale_parse, format_date, format_time, formatLang

from . import overview_figures


def _number(env, number):
    return formatLang(env, number, digits=0)


def _span(env, delta):
    """A span of time in words of the user's language: ``3 days``."""
    locale = babel_locale_parse(env.lang or "en_US")
    return format_timedelta(delta, granularity="minute", locale=locale)


def _moment(env, moment, now):
    """A past moment in words: the time if it was today, else the day."""
    local = overview_figures.local(env, moment)
    if local.date() == overview_figures.local(env, now).date():
        return format_time(env, moment, tz=str(env.tz), time_format="short")
    return format_date(env, local.date(), date_format="d MMM")


def cards(env, systems):
    """``{system id: card}`` for the overview; see the keys below."""
    now = fields.Datetime.now()
    flows = systems.flow_ids
    figures = overview_figures.of_flows(env, flows)
    exceptions = overview_figures.open_causes(env, systems)
    days = overview_figures.per_day(env, systems)
    labels = dict(env["construction.sync.flow"]._selection_entity())
    cards = {}
    for system in systems:
        rows = [
            _row(env, flow, figures[flow.id], labels, now)
            for flow in system.flow_ids
            if figures[flow.id]["last"] or (flow.state != "off" and not flow.intake)
        ]
        open_causes = exceptions.get(system.id, 0)
        received = sum(day[1] for day in days[system.id])
        failed = sum(day[2] for day in days[system.id])
        cards[system.id] = {
            "pill": _pill(env, system),
            "health": _health(env, system, rows, figures, open_causes, now),
            "rows": rows,
            "steps": _steps(env, system, rows),
            "button": _button(env, system, open_causes),
            "received": received,
            "caption": env._(
                "Last %(days)s days: %(received)s received, %(failed)s failed",
                days=overview_figures.DAYS,
                received=_number(env, received),
                failed=_number(env, failed),
            ),
        }
    return cards


def graphs(env, systems):
    """``{system id: JSON}`` in the shape of Odoo's dashboard graph."""
    return {
        system_id: json.dumps(
            [
                {
                    "key": env._("Received"),
                    "is_sample_data": False,
                    "values": [
                        {
                            "label": format_date(
                                env,
                                day,
                                # the month once, else 14 labels do not fit
                                date_format="d MMM"
                                if number == 0 or day.day == 1
                                else "d",
                            ),
                            "value": received,
                            "type": "past",
                        }
                        for number, (day, received, _failed) in enumerate(days)
                    ],
                }
            ]
        )
        for system_id, days in overview_figures.per_day(env, systems).items()
    }


def _row(env, flow, figures, labels, now):
    """One data type on a card."""
    last, state = figures["last"], flow.state
    target = timedelta(minutes=flow.freshness_minutes)
    late = bool(
        state == "live" and last and flow.freshness_minutes and now - last > target
    )
    if not last:
        fresh = env._("Nothing received yet")
    elif late:
        fresh = env._("Late: expected within %(span)s", span=_span(env, target))
    else:
        fresh = env._("Up to date")
    return {
        "flow": flow.id,
        "label": labels.get(flow.entity, flow.entity),
        "state": state,
        "word": {
            "off": env._("Off"),
            "preview": env._("Preview"),
            "live": env._("Live"),
        }[state],
        "waiting": figures["waiting"] + figures["preview"],
        "failed": figures["failed"],
        "last": last and _moment(env, last, now),
        "age": last and _span(env, now - last),
        "late": late,
        "fresh": fresh,
    }


def _pill(env, system):
    """Environment or state in one word: no card leaves it open whether what
    arrives is written."""
    if system.environment == "test":
        return {"text": env._("TEST"), "level": "warning"}
    if system.state == "paused":
        return {"text": env._("PAUSED"), "level": "warning"}
    if system.state == "draft":
        return {"text": env._("SETTING UP"), "level": "secondary"}
    if not system._writing_flows():
        return {"text": env._("PREVIEW"), "level": "info"}
    return {"text": env._("LIVE"), "level": "success"}


def _health(env, system, rows, figures, open_causes, now):
    """One sentence on how the system is: worst thing first."""
    waiting = sum(row["waiting"] for row in rows)
    retry = sum(figures[row["flow"]]["retry"] for row in rows)
    seen = [figures[row["flow"]]["last"] for row in rows]
    last = max(filter(None, seen), default=None)
    late = [row for row in rows if row["late"]]
    if system.state == "draft":
        return _sentence(
            env, "secondary", "fa-wrench", env._("Being set up: nothing is written")
        )
    if system.state == "paused":
        text = env._(
            "Paused: %(count)s waiting, nothing is lost",
            count=_number(env, waiting),
        )
        return _sentence(env, "warning", "fa-pause", text)
    if open_causes:
        text = (
            env._("Needs you: 1 exception")
            if open_causes == 1
            else env._(
                "Needs you: %(count)s exceptions", count=_number(env, open_causes)
            )
        )
        return _sentence(env, "danger", "fa-exclamation-circle", text)
    if late:
        text = env._(
            "%(what)s: nothing arrived for %(age)s. Check the sender",
            what=", ".join(row["label"] for row in late[:2]),
            age=late[0]["age"],
        )
        return _sentence(env, "warning", "fa-clock-o", text)
    if retry:
        text = env._(
            "Temporary trouble: %(count)s tried again, nothing to do",
            count=_number(env, retry),
        )
        return _sentence(env, "warning", "fa-refresh", text)
    if not system._writing_flows() and waiting:
        text = env._(
            "Preview: %(count)s waiting, nothing is written",
            count=_number(env, waiting),
        )
        return _sentence(env, "info", "fa-eye", text)
    if not last:
        return _sentence(
            env, "info", "fa-hourglass-o", env._("Waits for its first message")
        )
    text = env._("Healthy: last message %(when)s", when=_moment(env, last, now))
    return _sentence(env, "success", "fa-check-circle", text)


def _sentence(env, level, icon, text):
    return {"level": level, "icon": icon, "text": text}


def _steps(env, system, rows):
    """Checklist of a system that is not live; empty once it is."""
    if system.state != "draft":
        return []
    inner = system.sudo()  # gateway: only whether a key exists
    steps = [
        (
            env._("Choose its data types"),
            any(f.state != "off" and not f.intake for f in system.flow_ids),
        ),
        (
            env._("Give it a key"),
            bool(inner.client_ids.filtered("key_count") or inner.secret_ids),
        ),
        (env._("Receive a first message"), any(r["last"] for r in rows)),
        (env._("Switch it on"), False),
    ]
    return [
        {
            "label": label,
            "done": done,
            "word": env._("Done") if done else env._("To do"),
        }
        for label, done in steps
    ]


def _button(env, system, open_causes):
    """The next right action, primary only where a person is needed."""
    may = env["construction.sync.gatekeeper"]._may
    if system.state != "live" and may("admin"):
        label = env._("Finish setup") if system.state == "draft" else env._("Resume")
        return {"label": label, "primary": True}
    if open_causes and not may("resolve"):
        return {"label": env._("See exceptions"), "primary": False}
    if open_causes == 1:
        return {"label": env._("Fix 1 exception"), "primary": True}
    if open_causes:
        label = env._("Fix %(count)s exceptions", count=_number(env, open_causes))
        return {"label": label, "primary": True}
    return {"label": env._("See messages"), "primary": False}
