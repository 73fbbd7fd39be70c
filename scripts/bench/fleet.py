"""Creates many organizations and migrates them all: what an operator waits for."""

import argparse
import concurrent.futures
import json
import os
import pathlib
import shutil
import signal
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
import uuid

from product import PASSWORD, Client, Failed, Process, free_port, in_parallel, psql, url_with_database

# A released migration that only adds a table: databases are taken back to before it.
NEWEST, TABLE = "m20261120_000007_latest_values", "kpi_latest_values"
BACK = [f"DROP TABLE {TABLE}", f"DELETE FROM seaql_migrations WHERE version = '{NEWEST}'"]
APPLIED = f"SELECT COUNT(*) FROM seaql_migrations WHERE version = '{NEWEST}'"


def say(text):
    print(text, file=sys.stderr, flush=True)


class Fleet:
    """One installation with many organizations."""

    def __init__(self, options, folder, engine):
        self.options, self.folder, self.engine = options, folder / engine, engine
        self.folder.mkdir()
        self.port = free_port()
        self.environment = {
            "VIGIE__HTTP__BIND": f"127.0.0.1:{self.port}", "VIGIE__DATA_DIR": str(self.folder / "data"),
            "VIGIE__LIMITS__ENABLED": "false", "VIGIE__LOG__FILTER": "warn"}
        if engine == "postgres":
            self.server = os.environ["VIGIE_TEST_POSTGRES_URL"]
            self.mark = f"vigie_bench_{uuid.uuid4().hex[:8]}"
            self.control = url_with_database(self.server, self.mark)
            self.environment |= {"VIGIE__DATABASE__URL": self.control,
                                 "VIGIE__DATABASE__TENANT_PREFIX": f"{self.mark}_"}
            psql(self.server, f"CREATE DATABASE {self.mark}")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.engine == "postgres":
            names = psql(self.server, f"SELECT datname FROM pg_database WHERE datname LIKE '{self.mark}%'").split()
            for name in names:
                psql(self.server, f'DROP DATABASE "{name}" WITH (FORCE)')

    # --- the databases, behind the product's back -------------------------------------------------------------

    def in_control(self, statement):
        if self.engine == "postgres":
            return psql(self.control, statement)
        with sqlite3.connect(self.folder / "data" / "control.sqlite3", timeout=30) as connection:
            rows = connection.execute(statement).fetchall()
        connection.close()
        return "\n".join("|".join(str(cell) for cell in row) for row in rows)

    def in_each(self, statements, names):
        """Runs the statements in each database; answers what the last one found."""
        def one(name):
            if self.engine == "postgres":
                return psql(url_with_database(self.server, name), "; ".join(statements))
            file = self.folder / "data" / "tenants" / name / "tenant.sqlite3"
            connection = sqlite3.connect(file, timeout=30)
            with connection:
                for statement in statements:
                    found = connection.execute(statement).fetchall()
            connection.close()
            return str(found[0][0]) if found else ""
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            return list(pool.map(one, names))

    def names(self):
        return self.in_control("SELECT database_name FROM organizations WHERE status = 'active' ORDER BY slug").split()

    def age(self, names):
        self.in_each(BACK, names)
        listed = ", ".join(f"'{name}'" for name in names)
        self.in_control(f"UPDATE organizations SET schema_version = schema_version - 1 WHERE database_name IN ({listed})")

    # --- the operator -----------------------------------------------------------------------------------------

    def start_migrate(self, *arguments):
        return subprocess.Popen(
            [self.options.binaries / "vigie-worker", "--json", "tenant", "migrate", *arguments],
            env={k: v for k, v in os.environ.items() if not k.startswith("VIGIE__")} | self.environment,
            cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def migrate(self, *arguments, expect=0):
        began = time.monotonic()
        child = self.start_migrate(*arguments)
        output, errors = child.communicate(timeout=600)
        if child.returncode != expect:
            raise Failed(f"tenant migrate ended with {child.returncode}: {output[-1000:]} {errors[-1000:]}")
        return time.monotonic() - began, json.loads(output)

    # --- what is measured -------------------------------------------------------------------------------------

    def sign_up(self, client, number):
        began = time.monotonic()
        client.token = None
        client.call("POST", "/auth/signup", {
            "organization_name": f"Bench {number}", "organization_slug": f"bench-{number:05}", "full_name": "Owner",
            "email": f"owner{number}@bench.example", "password": PASSWORD, "locale": "en"})
        return (time.monotonic() - began) * 1000

    def by_platform(self, client, number):
        """Without a password to hash: 50 sign-ups at once are more than the pool of hashing threads takes."""
        made = client.call("POST", "/admin/organizations", {
            "name": f"Bench {number}", "slug": f"bench-{number:05}", "admin_email": f"owner{number}@bench.example"},
            {"Idempotency-Key": str(uuid.uuid4())})
        # 202: it goes on by itself.
        return made

    def log_in_as_platform(self):
        subprocess.run(
            [self.options.binaries / "vigie-worker", "admin", "create", "--email", "ops@bench.example", "--full-name",
             "Ops", "--password-stdin"], input=PASSWORD.encode() + b"\n", check=True, capture_output=True,
            env={k: v for k, v in os.environ.items() if not k.startswith("VIGIE__")} | self.environment,
            cwd=self.folder)
        session = Client(self.port).call(
            "POST", "/auth/login", {"email": "ops@bench.example", "password": PASSWORD})
        self.token = session["access_token"]

    def create(self, count):
        say(f"{self.engine}: creating {count} organizations")
        with Process([self.options.binaries / "vigie-api"], self.environment, self.folder / "api.log") as api:
            api.wait_for(self.port, "/health/ready")
            client = Client(self.port)
            self.log_in_as_platform()
            self.sign_up(client, 0)  # makes the template
            alone = [self.sign_up(client, number) for number in range(1, 31)]
            began = time.monotonic()
            in_parallel(self.port, self.token, self.by_platform, list(range(31, 81)), threads=50)
            together = time.monotonic() - began
            in_parallel(self.port, self.token, self.by_platform, list(range(81, count)), threads=8)
        deadline = time.monotonic() + 60
        while (active := len(self.names())) != count and time.monotonic() < deadline:
            time.sleep(0.2)
        if active != count:
            raise Failed(f"{active} organizations are active, not {count}")
        return {"median_ms": round(statistics.median(alone), 1), "slowest_of_30_ms": round(max(alone), 1),
                "fifty_at_once_s": round(together, 2)}

    def run(self, count):
        figures = {"organizations": count, "create": self.create(count)}
        names = self.names()
        say(f"{self.engine}: migrating {count} databases")
        self.age(names)
        seconds, answer = self.migrate("--concurrency", "8")
        if answer["run"]["counts"]["ok"] != count:
            raise Failed(f"not all were migrated: {answer['run']}")
        figures["migrate_s"] = round(seconds, 2)
        figures["nothing_to_do_s"] = round(self.migrate()[0], 2)
        self.killed(names)
        return figures

    def killed(self, names):
        """A migrator killed in the middle, then two at once: each step is applied once, none is left out."""
        some = names[: min(len(names), 200)]
        self.age(some)
        child = self.start_migrate()
        deadline = time.monotonic() + 60
        while int(self.in_control(
                "SELECT COUNT(*) FROM migration_results r JOIN migration_runs m ON m.id = r.run_id "
                "WHERE m.ended_at IS NULL")) < len(some) // 4:
            if child.poll() is not None or time.monotonic() > deadline:
                raise Failed("the migrator that was to be killed ended before")
        child.send_signal(signal.SIGKILL)
        child.communicate()
        both = [self.start_migrate(), self.start_migrate()]
        for one in both:
            output, errors = one.communicate(timeout=300)
            if one.returncode != 0:
                raise Failed(f"after a kill: {one.returncode} {output[-500:]} {errors[-500:]}")
        wrong = [name for name, found in zip(some, self.in_each([APPLIED], some)) if found != "1"]
        if wrong:
            raise Failed(f"not migrated exactly once: {wrong[:5]}")
        if behind := self.migrate("status")[1]["to_migrate"]:
            raise Failed(f"still behind: {behind[:5]}")


def main():
    parser = argparse.ArgumentParser()
    place = lambda text: pathlib.Path(text).resolve()
    parser.add_argument("--binaries", type=place, required=True)
    parser.add_argument("--out", type=place, required=True)
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    counts = {"sqlite": 100, "postgres": 90} if options.quick else {"sqlite": 1000, "postgres": 200}
    aims = {"sqlite": (100, 60), "postgres": (250, 120)}
    folder = pathlib.Path(tempfile.mkdtemp(prefix="vigie-bench."))
    report = {}
    try:
        for engine, count in counts.items():
            with Fleet(options, folder, engine) as fleet:
                figures = report[engine] = fleet.run(count)
            create, migrate = aims[engine]
            print(f"{engine}, {count} organizations:")
            for name, value, aim in [
                    ("create, median of 30 [ms]", figures["create"]["median_ms"], create),
                    ("create, 50 at once, all [s]", figures["create"]["fifty_at_once_s"], None),
                    ("one additive migration of all [s]", figures["migrate_s"], migrate),
                    ("again, nothing to do [s]", figures["nothing_to_do_s"], 3)]:
                verdict = "" if aim is None else f"  {'MET' if value < aim else 'MISSED'} (aim: under {aim})"
                print(f"  {name:40}{value:9}{verdict}", flush=True)
        options.out.parent.mkdir(parents=True, exist_ok=True)
        options.out.write_text(json.dumps(report, indent=2) + "\n")
    except (Failed, KeyError, OSError, subprocess.TimeoutExpired) as error:
        say(f"bench: error: {type(error).__name__}: {error}")
        return 1
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
