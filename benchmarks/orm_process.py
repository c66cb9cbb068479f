"""Odoo in this process, without HTTP: what peers and floors are measured with.

Reads ``[name, parameters]`` a line, answers a JSON object a line. Runs as politely as
Odoo's own cron workers do (``nice 10``), so that both sides get the same share of the
machine.
"""

import json
import os
import sys
import time
import traceback

from . import records


class Calls:
    """The functions that a bench may call; each returns a JSON object."""

    def __init__(self, registry):
        self.registry = registry

    def _env(self, cr, **context):
        from odoo import api

        return api.Environment(cr, api.SUPERUSER_ID, context)

    def carry_by_cron(self):
        """Uninstall the glue to queue_job, if it is there: the benches ring the cron,
        which is what a database without queue_job has."""
        with self.registry.cursor() as cr:
            glue = self._env(cr)["ir.module.module"].search(
                [("name", "=", "construction_sync_queue"), ("state", "=", "installed")]
            )
            if glue:
                glue.button_immediate_uninstall()
        return {}

    def set_up(self):
        """A system with live flows, a client with a key, a key of the API JSON-2."""
        from odoo.addons.construction_sync.pipeline import keys

        plain = keys.new_key()
        with self.registry.cursor() as cr:
            env = self._env(cr)
            system = env["construction.sync.system"].create(
                {"name": "Bench", "code": "bench"}
            )
            for entity in ("vendor", "project"):
                env["construction.sync.flow"].create(
                    {"system_id": system.id, "entity": entity, "state": "live"}
                )
            system.action_go_live()
            client = env["construction.sync.client"].create(
                {"name": "Bench", "system_ids": [(6, 0, system.ids)]}
            )
            env["construction.sync.client.key"].create(
                {
                    "client_id": client.id,
                    "prefix": keys.prefix(plain),
                    "key_hash": keys.digest(plain),
                }
            )
        return {"key": plain}

    def json2_key(self):
        """An API key of the administrator for JSON-2."""
        from datetime import datetime, timedelta

        with self.registry.cursor() as cr:
            env = self._env(cr)
            admin = env.ref("base.user_admin")
            key = env(user=admin.id)["res.users.apikeys"]._generate(
                "rpc", "bench", datetime.now() + timedelta(days=1)
            )
        return {"key": key}

    def create_vendors(self, count, flags=False, explicit=False):
        """Raw ORM: ``count`` vendors in one ``create`` and one commit.

        :param flags: with the context flags of the drain
        :param explicit: with the values, too, that the drain gives so that Odoo need
            not compute them
        """
        from odoo.addons.construction_sync.pipeline import gateway

        vals_list = [records.vendor_values(n) for n in records.numbers(count)]
        context = {}
        if flags:
            context = {**gateway.QUIET, "_partners_skip_fields_sync": True}
        if explicit:
            for vals in vals_list:
                vals.update(user_id=False, properties={})
        started = time.perf_counter()
        with self.registry.cursor() as cr:
            self._env(cr, **context)["res.partner"].create(vals_list)
        return {"seconds": time.perf_counter() - started}

    def create_projects(self, count):
        """Raw ORM: analytic accounts in one ``create``, projects in another."""
        with self.registry.cursor() as cr:
            env = self._env(cr)
            company_id = env.company.id
            project_plan, *_others = env["account.analytic.plan"]._get_all_plans()
        pairs = [
            records.project_values(n, company_id, project_plan.id)
            for n in records.numbers(count)
        ]
        started = time.perf_counter()
        with self.registry.cursor() as cr:
            env = self._env(cr)
            accounts = env["account.analytic.account"].create([a for _p, a in pairs])
            env["project.project"].create(
                [
                    {**vals, "account_id": account.id}
                    for (vals, _a), account in zip(pairs, accounts, strict=True)
                ]
            )
        return {"seconds": time.perf_counter() - started}

    def enqueue_vendors(self, count):
        """One queue_job per vendor, enqueued in one transaction."""
        found = records.numbers(count)
        with self.registry.cursor() as cr:
            partners = self._env(cr)["res.partner"]
            for number in found:
                partners.with_delay().create([records.vendor_values(number)])
        return {}

    def drain(self, count=None, besides=None):
        """Drain until ``count`` messages are done, or until every one is that is not
        about the object ``besides``; seconds and resident memory (MB)."""
        from odoo.addons.construction_sync.pipeline import drain

        started = time.perf_counter()
        done, idle = 0, 0
        while idle < 3 and (done < count if besides is None else self._waits(besides)):
            some, _left = drain.run(self.registry, 0.01)
            done += some
            idle = 0 if some else idle + 1
        seconds = time.perf_counter() - started
        return {"seconds": seconds, "done": done, "rss": _resident()}

    def _waits(self, besides):
        with self.registry.cursor() as cr:
            cr.execute(
                "SELECT 1 FROM construction_sync_message "
                "WHERE state = 'ready' AND external_id <> %s LIMIT 1",
                [besides],
            )
            return bool(cr.fetchall())

    def add_partners(self, count):
        """``count`` vendors by SQL, with times of change a little apart."""
        with self.registry.cursor() as cr:
            cr.execute(
                """
                INSERT INTO res_partner (name, complete_name, active, is_company, type,
                       lang, email, vat, construction_vendor,
                       construction_vendor_status, create_date, write_date,
                       create_uid, write_uid)
                SELECT 'Vendor ' || n, 'Vendor ' || n, true, true, 'contact', 'en_US',
                       'office' || n || '@vendor.example', 'T-' || n, true,
                       'approved', t, t, 1, 1
                  FROM (SELECT n, now() AT TIME ZONE 'UTC' - interval '1 day'
                                  + n * interval '10 milliseconds' AS t
                          FROM generate_series(1, %s) n) s
                """,
                [count],
            )
        return {}

    def make_vendors(self, count):
        """``count`` vendors by the ORM."""
        with self.registry.cursor() as cr:
            self._env(cr, tracking_disable=True)["res.partner"].create(
                [
                    {**records.vendor_values(n), "construction_vendor": True}
                    for n in records.numbers(count)
                ]
            )
        return {}

    def _vendors(self, env, count):
        return env["res.partner"].search(
            [("construction_vendor", "=", True)], order="id", limit=count
        )

    def write_vendors(self, count):
        """Each of ``count`` vendors written by itself, as people do, in one commit."""
        mark = f"+1 {time.time_ns()}"
        with self.registry.cursor() as cr:
            vendors = self._vendors(self._env(cr), count)
            vendors.mapped("name")
            started = time.perf_counter()
            for number, vendor in enumerate(vendors):
                vendor.write({"phone": f"{mark} {number}"})
            cr.commit()
            seconds = time.perf_counter() - started
        return {"seconds": seconds}

    def touch_vendors(self, count):
        """A change to each of ``count`` vendors, made if they are not there."""
        with self.registry.cursor() as cr:
            env = self._env(cr, tracking_disable=True)
            vendors = self._vendors(env, count)
            if len(vendors) < count:
                env["res.partner"].create(
                    [
                        {**records.vendor_values(n), "construction_vendor": True}
                        for n in records.numbers(count - len(vendors))
                    ]
                )
                vendors = self._vendors(env, count)
            vendors.write({"phone": f"+1 {time.time_ns()}"})
        return {}

    def subscribe(self, code, address, concurrency):
        """A live system that is told of vendors."""
        with self.registry.cursor() as cr:
            env = self._env(cr)
            system = env["construction.sync.system"].create(
                {
                    "name": code, "code": code, "environment": "test",
                    "address": address, "concurrency": concurrency,
                }
            )  # fmt: skip
            env["construction.sync.flow"].create(
                {
                    "system_id": system.id, "entity": "vendor", "direction": "out",
                    "state": "live",
                }
            )  # fmt: skip
            system.action_go_live()
        return {}

    def _system(self, env, code):
        return env["construction.sync.system"].search([("code", "=", code)])

    def pause(self, code):
        """It is told, but nothing is sent."""
        with self.registry.cursor() as cr:
            self._system(self._env(cr), code).action_pause()
        return {}

    def listen(self, code, heard):
        """Whether the system is told of vendors."""
        with self.registry.cursor() as cr:
            flows = self._system(self._env(cr), code).flow_ids
            flows.filtered(lambda f: f.direction == "out").state = (
                "live" if heard else "off"
            )
        self.registry.clear_all_caches()
        return {}

    def dispatch(self, count):
        """Send until ``count`` deliveries are done."""
        from odoo.addons.construction_sync.pipeline import dispatch

        started = time.perf_counter()
        done = 0
        while done < count and time.perf_counter() - started < 300:
            done += dispatch.run(self.registry, 60)[0]
        return {"seconds": time.perf_counter() - started, "done": done}

    def trickle(self, seconds, rate):
        """Change one of a hundred vendors ``rate`` times a second, each in its own
        transaction."""
        with self.registry.cursor() as cr:
            ids = self._vendors(self._env(cr), 100).ids
        if len(ids) < 100:
            self.make_vendors(100)
            with self.registry.cursor() as cr:
                ids = self._vendors(self._env(cr), 100).ids
        started = time.monotonic()
        for number in range(int(seconds * rate)):
            with self.registry.cursor() as cr:
                vendor = self._env(cr, tracking_disable=True)["res.partner"].browse(
                    ids[number % 100]
                )
                vendor.phone = f"+1 {time.time_ns()}"
            time.sleep(max(0.0, started + (number + 1) / rate - time.monotonic()))
        return {}

    def switch(self, code, state):
        """Set whether a system is ``live`` or ``paused``."""
        with self.registry.cursor() as cr:
            self._system(self._env(cr), code).state = state
        return {}

    def backlog(self, code, count):
        """``count`` deliveries that wait for the system, of 5,000 objects."""
        with self.registry.cursor() as cr:
            system = self._system(self._env(cr), code)
            flow = system.flow_ids.filtered(lambda f: f.direction == "out")
            cr.execute(
                """
                WITH event AS (
                    INSERT INTO construction_sync_event
                           (uuid, entity, res_model, res_id, sequence, deleted, title,
                            created_at, trace_id)
                    SELECT gen_random_uuid()::text, 'vendor', 'res.partner',
                           10000000 + n %% 5000, n / 5000 + 1, false, 'Vendor ' || n,
                           now() AT TIME ZONE 'UTC', md5(n::text)
                      FROM generate_series(1, %(count)s) n
                 RETURNING id, res_id),
                delivery AS (
                    INSERT INTO construction_sync_delivery
                           (event_id, system_id, flow_id, key, title, state, attempts,
                            created_at, next_at)
                    SELECT id, %(system)s, %(flow)s, 'vendor:' || res_id, 'Vendor',
                           'pending', 0, now() AT TIME ZONE 'UTC',
                           now() AT TIME ZONE 'UTC' FROM event RETURNING id)
                INSERT INTO construction_sync_delivery_body (id, raw, sha256)
                SELECT id, '{"traceparent": "00-0-0-01", "data": {}}', 'x' FROM delivery
                """,
                {"count": count, "system": system.id, "flow": flow.id},
            )
        return {}


def _resident():
    with open("/proc/self/statm") as file:
        pages = int(file.read().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def main(config_file, database):
    """Answer calls until the input ends."""
    os.nice(10)
    from odoo.modules.registry import Registry
    from odoo.tools import config

    config.parse_config(
        ["-c", config_file, "-d", database, "--no-http", "--log-level=warn"],
        setup_logging=True,
    )
    calls = Calls(Registry(database))
    for line in sys.stdin:
        name, parameters = json.loads(line)
        try:
            answer = getattr(calls, name)(**parameters)
        except Exception:
            answer = {"error": traceback.format_exc()}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
