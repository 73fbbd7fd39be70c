"""Starts the product and its bare reference on PostgreSQL, fills an organization, measures, tells."""

import argparse
import contextlib
import datetime
import json
import os
import pathlib
import platform
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import uuid

from load import Wrk, compare, parent_of
from product import (Client, Failed, Process, create_dashboards, csv_of, days_before, define_kpis, free_port,
                     in_parallel, months_before, psql, url_with_database)

CONNECTIONS = 16
DASHBOARDS, KPIS_EACH, MONTHS = 50, 20, 60
RED_WITH_ACTION = 100
DAILY_KPIS, DAILY_DAYS = 100, 2000


def say(text):
    print(text, file=sys.stderr, flush=True)


class Bench:
    def __init__(self, options, folder):
        self.options, self.folder = options, folder
        self.today = datetime.date.today()
        self.rounds, self.seconds, self.warm_up = (1, 1, 1) if options.quick else (3, 4, 2)
        self.server = os.environ["VIGIE_TEST_POSTGRES_URL"]
        self.mark = f"vigie_bench_{uuid.uuid4().hex[:8]}"
        self.control = url_with_database(self.server, self.mark)
        self.port, self.bare_port = free_port(), free_port()
        self.figures, self.aims = {}, []

    def aim(self, name, met, text):
        self.aims.append({"aim": name, "met": bool(met), "measured": text})

    # --- start-up and memory on the embedded default ----------------------------------------------------------

    def start_on_sqlite(self):
        """On a data folder that has an organization: spawn to the first 200 of /health/ready, and memory at rest."""
        say("start-up and memory on SQLite")
        folder = self.folder / "sqlite"
        folder.mkdir()
        port = free_port()
        environment = {"VIGIE__HTTP__BIND": f"127.0.0.1:{port}", "VIGIE__DATA_DIR": str(folder / "data"),
                       "VIGIE__LIMITS__ENABLED": "false", "VIGIE__LOG__FILTER": "warn"}
        start = lambda: Process([self.options.binaries / "vigie-api"], environment, folder / "api.log")
        with start() as api:
            first = api.wait_for(port, "/health/ready")
            client = Client(port)
            client.sign_up()
            dashboard = create_dashboards(client, ["One"])[0]
            define_kpis(client, [(dashboard, f"ONE-{number}") for number in range(20)], "MONTHLY")
        times = []
        for _ in range(3 if self.options.quick else 10):
            with start() as api:
                times.append(api.wait_for(port, "/health/ready", pause=0.001) * 1000)
        with start() as api:
            api.wait_for(port, "/health/ready")
            time.sleep(1 if self.options.quick else 3)
            idle, peak = api.resident_mb()
            client = Client(port)
            client.log_in()
            after_login, _ = api.resident_mb()
        figures = {"first_start_ms": round(first * 1000, 1), "median_ms": round(statistics.median(times), 1),
                   "slowest_ms": round(max(times), 1), "runs": len(times), "idle_rss_mb": idle,
                   "idle_peak_rss_mb": peak, "after_login_rss_mb": after_login}
        self.figures["start"] = figures
        self.aim("memory of the idle process under 60 MB", idle < 60, f"{idle} MB")
        self.aim("start on an existing data folder under 300 ms", figures["median_ms"] < 300,
                 f"{figures['median_ms']} ms (median of {len(times)})")

    # --- the product on PostgreSQL ----------------------------------------------------------------------------

    def fill(self, client):
        say(f"filling: {DASHBOARDS} dashboards x {KPIS_EACH} KPIs x {MONTHS} months")
        began = time.monotonic()
        dashboards = create_dashboards(client, [f"Dashboard {number:02}" for number in range(DASHBOARDS)])
        jobs = [(dashboard, f"K{place:02}-{number:02}")
                for place, dashboard in enumerate(dashboards) for number in range(KPIS_EACH)]
        kpis = define_kpis(client, jobs, "MONTHLY")
        defined = time.monotonic() - began
        self.import_file(client, "import_60k", [code for _, code in jobs], months_before(self.today, MONTHS))
        due = str(self.today - datetime.timedelta(days=5))
        in_parallel(client.port, client.token, lambda own, kpi: own.call(
            "POST", f"/kpis/{kpi}/actions", {"title": "Look into it", "due_date": due}), kpis[:RED_WITH_ACTION])
        self.figures["fill"] = {"dashboards_and_kpis_s": round(defined, 2), "of": len(dashboards) + len(kpis)}
        return kpis

    def import_file(self, client, name, codes, periods):
        content = csv_of(codes, periods)
        rows = len(codes) * len(periods)
        seconds, accepted, counts = client.import_csv(content)
        if counts["inserted"] != rows:
            raise Failed(f"{rows} rows were imported, and these counts told: {counts}")
        self.figures[name] = {"rows": rows, "megabytes": round(len(content) / 1e6, 2), "seconds": round(seconds, 2),
                              "until_accepted_s": round(accepted, 2), "rows_per_second": round(rows / seconds)}

    def same_answers(self, kpis):
        """The bare handlers must do the product's work: their answers are the product's, field by field."""
        for kpi in kpis[:: max(1, len(kpis) // 20)]:
            own = Client(self.port, self.client.token).call("GET", f"/kpis/{kpi}/values?limit={MONTHS}")
            for path in ("values", "values-only"):
                connection = Client(self.bare_port).connection
                connection.request("GET", f"/kpis/{kpi}/{path}?limit={MONTHS}")
                bare = json.loads(connection.getresponse().read())
                if own != bare or len(own["items"]) != MONTHS:
                    raise Failed(f"the bare handler {path} answers otherwise than the product for the KPI {kpi}")
        seen = Client(self.port, self.client.token).call("GET", "/reporting/overview")["organization"]
        counts = seen["counts"]
        if seen["kpis"] != len(kpis) or min(counts["red"], counts["orange"], counts["green"]) == 0:
            raise Failed(f"the overview is not that of the filled organization: {seen}")
        self.figures["overview_shows"] = {"kpis": seen["kpis"], "counts": counts, "actions_open": seen["actions_open"]}

    def contestant(self, name, bare, paths, first_day=None):
        port, process = (self.bare_port, self.bare) if bare else (self.port, self.api)
        return Wrk(name, port, paths, self.client.token, process, self.postmaster, first_day)

    def history(self, kpis):
        say("GET /kpis/{id}/values?limit=60")
        self.client.log_in()
        query = f"?limit={MONTHS}"
        got = compare([
            self.contestant("product", False, [f"/api/v1/kpis/{kpi}/values{query}" for kpi in kpis]),
            self.contestant("bare, same statements", True, [f"/kpis/{kpi}/values{query}" for kpi in kpis]),
            self.contestant("bare, values alone", True, [f"/kpis/{kpi}/values-only{query}" for kpi in kpis]),
        ], CONNECTIONS, self.seconds, self.rounds, self.warm_up)
        self.figures["history"] = got
        ratio = got["product"]["per_second"] / got["bare, same statements"]["per_second"]
        self.aim("history at 0.5 of the bare handler or more", ratio >= 0.5, f"{ratio:.2f}")

    def overview(self):
        self.client.log_in()
        for connections in (1, 4):
            say(f"GET /reporting/overview, {connections} at a time")
            got = compare([
                self.contestant("product", False, ["/api/v1/reporting/overview"]),
                self.contestant("bare, same statements", True, ["/overview"]),
            ], connections, self.seconds, self.rounds, self.warm_up)
            self.figures[f"overview_{connections}"] = got
        median = self.figures["overview_1"]["product"]["p50_ms"]
        self.aim("overview within 5 ms at the median", median <= 5, f"{median:.2f} ms at one connection")

    def record(self):
        say("POST /kpis/{id}/values")
        self.client.log_in()
        dashboard = create_dashboards(self.client, ["Recorded"])[0]
        own = lambda name: define_kpis(
            self.client, [(dashboard, f"{name}-{number}") for number in range(DAILY_KPIS)], "DAILY")
        self.figures["record"] = compare([
            self.contestant("product", False, [f"/api/v1/kpis/{kpi}/values" for kpi in own("RA")], 0),
            self.contestant("bare, same statements", True, [f"/kpis/{kpi}/values-judged" for kpi in own("RB")], 0),
            self.contestant("bare, two inserts", True, [f"/kpis/{kpi}/values" for kpi in own("RC")], 0),
        ], CONNECTIONS, self.seconds, self.rounds, self.warm_up)

    def large_import(self):
        say(f"importing {DAILY_KPIS * DAILY_DAYS} rows")
        self.client.log_in()
        dashboard = create_dashboards(self.client, ["Imported"])[0]
        codes = [f"DAY-{number}" for number in range(DAILY_KPIS)]
        define_kpis(self.client, [(dashboard, code) for code in codes], "DAILY")
        self.import_file(self.client, "import_200k", codes, days_before(self.today, DAILY_DAYS))

    def on_postgres(self):
        environment = {
            "VIGIE__HTTP__BIND": f"127.0.0.1:{self.port}", "VIGIE__DATA_DIR": str(self.folder / "data"),
            "VIGIE__DATABASE__URL": self.control, "VIGIE__DATABASE__TENANT_PREFIX": f"{self.mark}_",
            "VIGIE__LIMITS__ENABLED": "false", "VIGIE__LOG__FILTER": "warn"}
        binaries = self.options.binaries
        psql(self.server, f"CREATE DATABASE {self.mark}")
        with contextlib.ExitStack() as stack:
            stack.callback(self.drop)
            self.api = stack.enter_context(
                Process([binaries / "vigie-api"], environment, self.folder / "api.log"))
            self.api.wait_for(self.port, "/health/ready")
            self.figures["postgres_idle_rss_mb"] = self.api.resident_mb()[0]
            worker = stack.enter_context(
                Process([binaries / "vigie-worker", "run"], environment, self.folder / "worker.log"))
            self.client = Client(self.port)
            self.client.sign_up()
            kpis = self.fill(self.client)
            # What autovacuum does in a server that lives longer than a benchmark.
            database = psql(self.control, "SELECT database_name FROM organizations")
            tenant = url_with_database(self.server, database)
            psql(tenant, "VACUUM ANALYZE")
            self.bare = stack.enter_context(Process(
                [self.options.bare], {"BARE_BIND": f"127.0.0.1:{self.bare_port}", "BARE_DATABASE_URL": tenant},
                self.folder / "bare.log"))
            self.bare.wait_for(self.bare_port, f"/kpis/{kpis[0]}/values?limit=1")
            # The parent of a process of the server that lives as long as the server does.
            own = psql(tenant, "SELECT pid FROM pg_stat_activity WHERE backend_type = 'checkpointer'")
            self.postmaster = parent_of(own) if self.is_local(tenant) else None
            self.same_answers(kpis)
            self.history(kpis)
            self.overview()
            self.record()
            if not self.options.quick:
                self.large_import()
            self.figures["memory_after_load_mb"] = {
                "api": self.api.resident_mb(), "worker": worker.resident_mb(), "bare": self.bare.resident_mb()}

    def drop(self):
        for name in psql(self.server, f"SELECT datname FROM pg_database WHERE datname LIKE '{self.mark}%'").split():
            psql(self.server, f'DROP DATABASE "{name}" WITH (FORCE)')

    # --- telling ----------------------------------------------------------------------------------------------

    def machine(self):
        model = next((line.split(":", 1)[1].strip() for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines()
                      if line.startswith("model name")), platform.processor())
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
        commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True).stdout.strip()
        settings = psql(self.server, "SELECT string_agg(name || '=' || setting, ' ' ORDER BY name) FROM pg_settings "
                        "WHERE name IN ('fsync', 'synchronous_commit', 'shared_buffers', 'jit')")
        return {"cores": len(os.sched_getaffinity(0)), "processor": model, "memory_gib": round(memory, 1),
                "kernel": platform.release(), "postgres": psql(self.server, "SHOW server_version"),
                "postgres_settings": settings, "commit": commit, "profile": self.options.profile,
                "date": str(self.today), "quick": self.options.quick}

    def tell(self):
        report = {"machine": self.machine(), "figures": self.figures, "aims": self.aims}
        self.options.out.parent.mkdir(parents=True, exist_ok=True)
        self.options.out.write_text(json.dumps(report, indent=2) + "\n")
        machine = report["machine"]
        print(f"\n{machine['cores']} cores of {machine['processor']}, {machine['memory_gib']} GiB; "
              f"PostgreSQL {machine['postgres']} on the same machine ({machine['postgres_settings']}); "
              f"build {machine['profile']}, commit {machine['commit']}\n")
        titles = {"history": f"GET /kpis/{{id}}/values, 60 values, {CONNECTIONS} connections",
                  "overview_1": "GET /reporting/overview, 1000 KPIs, 1 connection",
                  "overview_4": "GET /reporting/overview, 1000 KPIs, 4 connections",
                  "record": f"POST /kpis/{{id}}/values, {CONNECTIONS} connections"}
        for key, title in titles.items():
            print(title)
            print(f"  {'':24}{'req/s':>7}{'p50 ms':>8}{'p99 ms':>8} | us of processor: {'server':>6}{'postgres':>9}"
                  f"{'wrk':>5} | product is at: {'req/s':>5}{'processor':>10}")
            rows = self.figures[key]
            own = rows["product"]
            for name, row in rows.items():
                share = f"{own['per_second'] / row['per_second']:21.2f}{self.used(row) / self.used(own):10.2f}"
                print(f"  {name:24}{row['per_second']:7.0f}{row['p50_ms']:8.2f}{row['p99_ms']:8.2f} | "
                      f"{row['server_us']:23.0f}{row['postgres_us']:9.0f}{row['wrk_us']:5.0f} |"
                      f"{'' if row is own else share}")
            if (others := max(row["others_cores"] for row in rows.values())) > 0.1:
                print(f"  other programs kept {others:.1f} cores busy meanwhile: measure again when the machine is quiet")
        for key in ("import_60k", "import_200k"):
            if one := self.figures.get(key):
                print(f"import of {one['rows']} rows (CSV, {one['megabytes']} MB): {one['seconds']} s, "
                      f"{one['rows_per_second']} rows/s")
        start = self.figures["start"]
        print(f"start on SQLite: {start['median_ms']} ms (slowest of {start['runs']}: {start['slowest_ms']} ms); "
              f"idle {start['idle_rss_mb']} MB on SQLite, {self.figures['postgres_idle_rss_mb']} MB on PostgreSQL; "
              f"after the load {self.figures['memory_after_load_mb']} MB now and at the peak\n")
        for aim in self.aims:
            print(f"{'MET   ' if aim['met'] else 'MISSED'} {aim['aim']}: {aim['measured']}")
        if machine["quick"] or machine["profile"] != "release":
            print("a quick run, or one without optimization: the figures say little")
        print(f"figures: {self.options.out}")

    @staticmethod
    def used(row):
        """Processor time of a request, in microseconds: what other programs on the machine disturb the least."""
        return row["server_us"] + row["postgres_us"]

    @staticmethod
    def is_local(url):
        return "@127.0.0.1" in url or "@localhost" in url


def main():
    parser = argparse.ArgumentParser()
    place = lambda text: pathlib.Path(text).resolve()
    parser.add_argument("--binaries", type=place, required=True)
    parser.add_argument("--bare", type=place, required=True)
    parser.add_argument("--out", type=place, required=True)
    parser.add_argument("--profile", required=True)
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    # Told to end: what was started is ended on the way out.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    folder = pathlib.Path(tempfile.mkdtemp(prefix="vigie-bench."))
    try:
        bench = Bench(options, folder)
        bench.start_on_sqlite()
        bench.on_postgres()
        bench.tell()
    except (Failed, KeyError, OSError) as error:
        for log in folder.rglob("*.log"):
            if text := log.read_text(errors="replace").strip():
                say(f"--- {log.name}, its end\n" + "\n".join(text.splitlines()[-5:]))
        say(f"bench: error: {type(error).__name__}: {error}")
        return 1
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
