import json
from collections import defaultdict
from datetime import timedelta

import pytz
from babel.dates import format_timedelta

from odoo import api, fields, models
from odoo.tools import SQL, babel_locale_parse, format_date, format_time, formatLang

#: days that the bars of a card show
DAYS = 14
OPEN = ("new", "assigned", "waiting")


class SyncOverview(models.AbstractModel):
    """What a person sees first: the tiles and the cards of all systems.

    Everything is computed for all systems on the screen at once: two passes over
    partial indexes of the inbox, one over the figures per minute, and four counts;
    never a query per card.
    """

    _name = "construction.sync.overview"
    _description = "Construction Sync: figures of the overview"

    # ---- tiles ---------------------------------------------------------------------

    @api.model
    @api.readonly
    def tiles(self):
        """Counts above the overview and the exceptions list, each with its door.

        :return: ``[{key, label, level, all, mine, help}]``; ``mine`` is None where
            nobody owns the records. ``level`` is the colour of a count above zero.
        """
        self.env["construction.sync.gatekeeper"]._check("read")
        exceptions = self.env["construction.sync.exception"]
        today = fields.Date.context_today(self)
        open_, late, others = {}, {}, {}
        for mine in (False, True):
            domain = [("user_id", "=", self.env.uid)] if mine else []
            open_[mine] = exceptions.search_count(
                [("state", "in", ("new", "assigned")), *domain]
            )
            late[mine] = exceptions.search_count(
                [("state", "in", OPEN), ("date_deadline", "<", today), *domain]
            )
            others[mine] = exceptions.search_count([("state", "=", "waiting"), *domain])
        flows = self.env["construction.sync.flow"].search([])
        figures = self._flow_figures(flows)
        moving = sum(f["waiting"] for f in figures.values())
        preview = sum(f["preview"] for f in figures.values())
        unlinked = self.env["construction.sync.match"].search_count(
            [("state", "in", ("proposed", "unmatched"))]
        )

        def tile(key, label, level, everyone, mine, explanation):
            return {
                "key": key,
                "label": label,
                "level": level,
                "all": everyone,
                "mine": mine,
                "help": explanation,
            }

        return [
            tile(
                "open",
                self.env._("Need you"),
                "danger",
                open_[False],
                open_[True],
                self.env._("Causes that a person has to decide on"),
            ),
            tile(
                "late",
                self.env._("Overdue"),
                "warning",
                late[False],
                late[True],
                self.env._("Open causes whose due date has passed"),
            ),
            tile(
                "others",
                self.env._("Waiting on others"),
                "info",
                others[False],
                others[True],
                self.env._("Open causes for which somebody else was asked"),
            ),
            tile(
                "moving",
                self.env._("On their way"),
                "info",
                moving,
                None,
                self.env._("Messages received and not yet applied; nothing to do"),
            ),
            tile(
                "preview",
                self.env._("In preview"),
                "info",
                preview,
                None,
                self.env._("Messages held back until their data type goes live"),
            ),
            tile(
                "unlinked",
                self.env._("Not linked"),
                "info",
                unlinked,
                None,
                self.env._("Outside records that wait for a link to Odoo"),
            ),
        ]

    @api.model
    @api.readonly
    def open_tile(self, key, mine=False):
        """The action behind a tile; it shows exactly the records that were counted."""
        if key in ("moving", "preview"):
            xmlid, name = "action_sync_message", f"search_default_{key}"
        elif key == "unlinked":
            xmlid, name = "action_sync_match", "search_default_open"
        else:
            xmlid, name = "action_sync_exception", f"search_default_{key}"
        context = {name: 1}
        if mine:
            context["search_default_mine"] = 1
        return self._door(xmlid, context=context)

    @api.model
    def _door(self, xmlid, name=None, domain=(), context=None):
        """Action ``xmlid`` of this module, cut down to some records and named after
        them."""
        action = self.env["ir.actions.act_window"]._for_xml_id(
            f"construction_sync.{xmlid}"
        )
        action["name"] = action["display_name"] = name or action["name"]
        action["domain"] = list(domain)
        action["context"] = context or {}
        return action

    # ---- figures -------------------------------------------------------------------

    @api.model
    def _flow_figures(self, flows):
        """``{flow id: {last, waiting, preview, retry, failed}}`` in one pass.

        ``waiting`` counts what moves by itself: received, waiting for a parent or to
        be tried again; ``preview`` what waits for the data type to go live.
        """
        empty = {"last": None, "waiting": 0, "preview": 0, "retry": 0, "failed": 0}
        figures = {flow.id: dict(empty) for flow in flows}
        if not figures:
            return figures
        self.env["construction.sync.message"].flush_model()
        self.env.cr.execute(
            SQL(
                """
                SELECT f.id,
                       (SELECT max(received_at) FROM construction_sync_message m
                         WHERE m.flow_id = f.id),
                       (SELECT count(*) FROM construction_sync_message m
                         WHERE m.flow_id = f.id AND m.state = 'ready'),
                       o.waiting, o.preview, o.retry, o.failed
                  FROM construction_sync_flow f
             LEFT JOIN LATERAL (
                        SELECT count(*) FILTER (WHERE m.state = 'waiting'
                                 AND m.waits_on NOT LIKE 'preview:%%') AS waiting,
                               count(*) FILTER (WHERE m.state = 'waiting'
                                 AND m.waits_on LIKE 'preview:%%') AS preview,
                               count(*) FILTER (WHERE m.state = 'retry') AS retry,
                               count(*) FILTER (WHERE m.state IN
                                   ('exception', 'dead')) AS failed
                          FROM construction_sync_message m
                         WHERE m.flow_id = f.id
                           AND m.state IN ('waiting', 'retry', 'exception', 'dead')
                       ) o ON TRUE
                 WHERE f.id = ANY(%s)
                """,
                list(figures),
            )
        )
        for row in self.env.cr.fetchall():
            flow_id, last, ready, waiting, preview, retry, failed = row
            figures[flow_id] = {
                "last": last and last.replace(microsecond=0),
                "waiting": ready + waiting + retry,
                "preview": preview,
                "retry": retry,
                "failed": failed,
            }
        return figures

    @api.model
    def _days(self, systems):
        """``{system id: [(day, received, failed)]}`` of the last 14 days, in the
        user's time zone, oldest first."""
        today = self._local(fields.Datetime.now()).date()
        days = [today - timedelta(days=n) for n in range(DAYS - 1, -1, -1)]
        found = defaultdict(dict)
        if systems:
            self.env.cr.execute(
                SQL(
                    """
                    SELECT f.system_id,
                           (x.minute AT TIME ZONE 'UTC' AT TIME ZONE %s)::date,
                           sum(x.accepted), sum(x.failed)
                      FROM construction_sync_metric x
                      JOIN construction_sync_flow f ON f.id = x.flow_id
                     WHERE f.system_id = ANY(%s) AND x.minute >= %s
                  GROUP BY 1, 2
                    """,
                    str(self.env.tz),
                    systems.ids,
                    fields.Datetime.now() - timedelta(days=DAYS),
                )
            )
            for system_id, day, accepted, failed in self.env.cr.fetchall():
                found[system_id][day] = (accepted or 0, failed or 0)
        return {
            system.id: [(day, *found[system.id].get(day, (0, 0))) for day in days]
            for system in systems
        }

    @api.model
    def _open_exceptions(self, systems):
        """``{system id: open causes}``."""
        rows = self.env["construction.sync.exception"]._read_group(
            [("system_id", "in", systems.ids), ("state", "in", OPEN)],
            ["system_id"],
            ["__count"],
        )
        return {system.id: count for system, count in rows}

    # ---- words ---------------------------------------------------------------------

    @api.model
    def _number(self, number):
        return formatLang(self.env, number, digits=0)

    @api.model
    def _span(self, delta):
        """A span of time in words of the user's language: ``3 days``."""
        locale = babel_locale_parse(self.env.lang or "en_US")
        return format_timedelta(delta, granularity="minute", locale=locale)

    @api.model
    def _local(self, moment):
        """A stored (UTC) moment in the user's time zone."""
        return pytz.utc.localize(moment).astimezone(self.env.tz)

    @api.model
    def _moment(self, moment, now):
        """A past moment in words: the time if it was today, else the day."""
        local = self._local(moment)
        if local.date() == self._local(now).date():
            return format_time(
                self.env, moment, tz=str(self.env.tz), time_format="short"
            )
        return format_date(self.env, local.date(), date_format="d MMM")

    # ---- cards ---------------------------------------------------------------------

    @api.model
    def _cards(self, systems):
        """``{system id: card}`` for the overview; see the keys below."""
        now = fields.Datetime.now()
        flows = systems.flow_ids
        figures = self._flow_figures(flows)
        exceptions = self._open_exceptions(systems)
        days = self._days(systems)
        labels = dict(self.env["construction.sync.flow"]._selection_entity())
        cards = {}
        for system in systems:
            rows = [
                self._row(flow, figures[flow.id], labels, now)
                for flow in system.flow_ids
                if figures[flow.id]["last"]
                or (flow.state != "off" and flow.entity != "hook")
            ]
            open_causes = exceptions.get(system.id, 0)
            received = sum(day[1] for day in days[system.id])
            failed = sum(day[2] for day in days[system.id])
            cards[system.id] = {
                "pill": self._pill(system),
                "health": self._health(system, rows, figures, open_causes, now),
                "rows": rows,
                "steps": self._steps(system, rows),
                "button": self._button(system, open_causes),
                "received": received,
                "caption": self.env._(
                    "Last %(days)s days: %(received)s received, %(failed)s failed",
                    days=DAYS,
                    received=self._number(received),
                    failed=self._number(failed),
                ),
            }
        return cards

    @api.model
    def _graphs(self, systems):
        """``{system id: JSON}`` in the shape of Odoo's dashboard graph."""
        return {
            system_id: json.dumps(
                [
                    {
                        "key": self.env._("Received"),
                        "is_sample_data": False,
                        "values": [
                            {
                                "label": format_date(
                                    self.env,
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
            for system_id, days in self._days(systems).items()
        }

    @api.model
    def _row(self, flow, figures, labels, now):
        """One data type on a card."""
        last, state = figures["last"], flow.state
        target = timedelta(minutes=flow.freshness_minutes)
        late = bool(
            state == "live" and last and flow.freshness_minutes and now - last > target
        )
        if not last:
            fresh = self.env._("Nothing received yet")
        elif late:
            fresh = self.env._("Late: expected every %(span)s", span=self._span(target))
        else:
            fresh = self.env._("Up to date")
        return {
            "flow": flow.id,
            "label": labels.get(flow.entity, flow.entity),
            "state": state,
            "word": {
                "off": self.env._("Off"),
                "preview": self.env._("Preview"),
                "live": self.env._("Live"),
            }[state],
            "waiting": figures["waiting"] + figures["preview"],
            "failed": figures["failed"],
            "last": last and self._moment(last, now),
            "age": last and self._span(now - last),
            "late": late,
            "fresh": fresh,
        }

    @api.model
    def _pill(self, system):
        """Environment or state in one word: no card leaves it open whether what
        arrives is written."""
        if system.environment == "test":
            return {"text": self.env._("TEST"), "level": "warning"}
        if system.state == "paused":
            return {"text": self.env._("PAUSED"), "level": "warning"}
        if system.state == "draft":
            return {"text": self.env._("SETTING UP"), "level": "secondary"}
        if not system._writing_flows():
            return {"text": self.env._("PREVIEW"), "level": "info"}
        return {"text": self.env._("LIVE"), "level": "success"}

    @api.model
    def _health(self, system, rows, figures, open_causes, now):
        """One sentence on how the system is: worst thing first."""
        waiting = sum(row["waiting"] for row in rows)
        retry = sum(figures[row["flow"]]["retry"] for row in rows)
        seen = [figures[row["flow"]]["last"] for row in rows]
        last = max(filter(None, seen), default=None)
        late = [row for row in rows if row["late"]]
        if system.state == "draft":
            return self._sentence(
                "secondary", "fa-wrench", self.env._("Being set up: nothing is written")
            )
        if system.state == "paused":
            text = self.env._(
                "Paused: %(count)s messages wait, nothing is lost",
                count=self._number(waiting),
            )
            return self._sentence("warning", "fa-pause", text)
        if open_causes:
            text = (
                self.env._("Needs you: 1 exception")
                if open_causes == 1
                else self.env._(
                    "Needs you: %(count)s exceptions", count=self._number(open_causes)
                )
            )
            return self._sentence("danger", "fa-exclamation-circle", text)
        if late:
            text = self.env._(
                "%(what)s: nothing arrived for %(age)s. Check the sender",
                what=", ".join(row["label"] for row in late[:2]),
                age=late[0]["age"],
            )
            return self._sentence("warning", "fa-clock-o", text)
        if retry:
            text = self.env._(
                "Temporary trouble: %(count)s messages are tried again, nothing to do",
                count=self._number(retry),
            )
            return self._sentence("warning", "fa-refresh", text)
        if not system._writing_flows() and waiting:
            text = self.env._(
                "Preview: %(count)s messages wait, nothing is written",
                count=self._number(waiting),
            )
            return self._sentence("info", "fa-eye", text)
        if not last:
            return self._sentence(
                "info", "fa-hourglass-o", self.env._("Waits for its first message")
            )
        text = self.env._(
            "Healthy: last message %(when)s", when=self._moment(last, now)
        )
        return self._sentence("success", "fa-check-circle", text)

    @api.model
    def _sentence(self, level, icon, text):
        return {"level": level, "icon": icon, "text": text}

    @api.model
    def _steps(self, system, rows):
        """Checklist of a system that is not live; empty once it is."""
        if system.state != "draft":
            return []
        inner = system.sudo()  # gateway: only whether a key exists
        steps = [
            (
                self.env._("Choose its data types"),
                any(f.state != "off" and f.entity != "hook" for f in system.flow_ids),
            ),
            (
                self.env._("Give it a key"),
                bool(inner.client_ids.filtered("key_count") or inner.secret_ids),
            ),
            (self.env._("Receive a first message"), any(r["last"] for r in rows)),
            (self.env._("Switch it on"), False),
        ]
        return [
            {
                "label": label,
                "done": done,
                "word": self.env._("Done") if done else self.env._("To do"),
            }
            for label, done in steps
        ]

    @api.model
    def _button(self, system, open_causes):
        """The next right action, primary only where a person is needed."""
        if system.state == "draft":
            return {"label": self.env._("Finish setup"), "primary": True}
        if system.state == "paused":
            return {"label": self.env._("Resume"), "primary": True}
        if open_causes == 1:
            return {"label": self.env._("Fix 1 exception"), "primary": True}
        if open_causes:
            label = self.env._(
                "Fix %(count)s exceptions", count=self._number(open_causes)
            )
            return {"label": label, "primary": True}
        return {"label": self.env._("See messages"), "primary": False}
