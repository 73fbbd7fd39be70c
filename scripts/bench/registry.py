"""Many organizations over few connections: what the server sees, what callers wait for, what the process holds."""

import argparse
import json
import os
import pathlib
import random
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse
import uuid

from product import PASSWORD, Client, Failed, Process, free_port, in_parallel, psql, url_with_database


def say(text):
    print(text, file=sys.stderr, flush=True)


class Sessions:
    """Looks at pg_stat_activity twenty times a second, on one connection of its own; remembers the most that it saw."""

    def __init__(self, server, prefix):
        parts = urllib.parse.urlsplit(server)
        environment = os.environ | {
            "PGHOST": parts.hostname, "PGPORT": str(parts.port or 5432), "PGDATABASE": parts.path.lstrip("/"),
            "PGUSER": urllib.parse.unquote(parts.username or ""),
            "PGPASSWORD": urllib.parse.unquote(parts.password or "")}
        self.child = subprocess.Popen(
            ["psql", "-XAtq"], env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.child.stdin.write(
            f"SELECT 'sessions=' || count(*) FROM pg_stat_activity WHERE starts_with(datname, '{prefix}') \\watch 0.05\n")
        self.child.stdin.flush()

    def most(self):
        self.child.send_signal(signal.SIGINT)
        output, _ = self.child.communicate(timeout=30)
        seen = [int(number) for number in re.findall(r"sessions=(\d+)", output)]
        if len(seen) < 5:
            raise Failed(f"the sessions were looked at {len(seen)} times only")
        return max(seen), len(seen)


class Installation:
    """The product with many organizations, each with a dashboard that bears its name."""

    def __init__(self, options, folder, name, environment):
        self.options, self.folder, self.port = options, folder / name, free_port()
        self.folder.mkdir()
        self.tokens = {}
        self.environment = {
            "VIGIE__HTTP__BIND": f"127.0.0.1:{self.port}", "VIGIE__DATA_DIR": str(self.folder / "data"),
            "VIGIE__LIMITS__ENABLED": "false", "VIGIE__LOG__FILTER": "error", "VIGIE__WORKER__EMBEDDED": "false",
            } | environment

    def api(self):
        return Process([self.options.binaries / "vigie-api"], self.environment, self.folder / "api.log")

    def sign_up(self, client, number):
        slug = f"bench-{number:05}"
        client.token = None
        session = client.call("POST", "/auth/signup", {
            "organization_name": slug, "organization_slug": slug, "full_name": "Owner",
            "email": f"owner{number}@bench.example", "password": PASSWORD, "locale": "en"})
        self.tokens[slug] = session["access_token"]
        client.token = session["access_token"]
        client.call("POST", "/dashboards", {"title": slug, "process_name": "Bench"})

    def fill(self, count):
        say(f"creating {count} organizations")
        began = time.monotonic()
        self.sign_up(Client(self.port), 0)  # makes the template
        in_parallel(self.port, None, self.sign_up, list(range(1, count)), threads=8)
        return round(time.monotonic() - began, 1)


def one_request(client, slug, kind):
    """A request, and whether all that it showed is the organization's own. Answers status and milliseconds."""
    body = None
    method, path = {"read": ("GET", "/dashboards?limit=100"), "overview": ("GET", "/reporting/overview"),
                    "write": ("POST", "/dashboards")}[kind]
    headers = {"Authorization": f"Bearer {client.token}"}
    if kind == "write":
        headers["Content-Type"] = "application/json"
        body = json.dumps({"title": slug, "process_name": "Bench"})
    began = time.monotonic()
    client.connection.request(method, f"/api/v1{path}", body, headers)
    answer = client.connection.getresponse()
    content = answer.read()
    took = (time.monotonic() - began) * 1000
    if answer.status < 300 and kind == "read":
        foreign = {item["title"] for item in json.loads(content)["items"]} - {slug}
        if foreign:
            raise Failed(f"{slug} was shown {foreign}")
    return answer.status, took, content[:300] if answer.status >= 400 else b""


def hammer(installation, requests, parallel):
    """Mixed requests to random organizations, so many at a time."""
    chance = random.Random(20261120)
    slugs = sorted(installation.tokens)
    jobs = [(chance.choice(slugs), chance.choices(["read", "overview", "write"], [6, 2, 2])[0])
            for _ in range(requests)]
    results, errors, lock = [], [], threading.Lock()
    pending = iter(jobs)

    def loop():
        client = Client(installation.port)
        while not errors:
            with lock:
                job = next(pending, None)
            if job is None:
                return
            slug, kind = job
            client.token = installation.tokens[slug]
            try:
                result = one_request(client, slug, kind)
            except Exception as error:  # told by the thread that waits
                errors.append(error)
                return
            with lock:
                results.append(result)

    began = time.monotonic()
    threads = [threading.Thread(target=loop) for _ in range(parallel)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
    return results, time.monotonic() - began


def on_postgres(options, folder, sizes):
    server = os.environ["VIGIE_TEST_POSTGRES_URL"]
    mark = f"vigie_bench_{uuid.uuid4().hex[:8]}"
    psql(server, f"CREATE DATABASE {mark}")
    try:
        installation = Installation(options, folder, "postgres", {
            "VIGIE__DATABASE__URL": url_with_database(server, mark),
            "VIGIE__DATABASE__TENANT_PREFIX": f"{mark}_org_", "VIGIE__DATABASE__CONNECTIONS": str(sizes["cap"])})
        with installation.api() as api:
            api.wait_for(installation.port, "/health/ready")
            figures = {"organizations": sizes["organizations"], "cap": sizes["cap"],
                       "create_s": installation.fill(sizes["organizations"])}
            say(f"{sizes['requests']} requests, {sizes['parallel']} at a time")
            sessions = Sessions(server, f"{mark}_org_")
            time.sleep(0.3)
            results, seconds = hammer(installation, sizes["requests"], sizes["parallel"])
            most, looks = sessions.most()
            api.check()
            figures["memory_mb"] = api.resident_mb()
        took = sorted(milliseconds for _, milliseconds, _ in results)
        failed = [(status, text) for status, _, text in results if status >= 500]
        other = [(status, text) for status, _, text in results if 400 <= status < 500]
        if other:
            raise Failed(f"{len(other)} requests were refused: {other[0]}")
        figures |= {"requests": len(results), "parallel": sizes["parallel"], "per_second": round(len(results) / seconds),
                    "p50_ms": round(statistics.median(took), 1), "p99_ms": round(took[int(len(took) * 0.99) - 1], 1),
                    "most_sessions": most, "looks": looks, "server_errors": len(failed),
                    "first_error": failed[0][1].decode(errors="replace") if failed else None}
        if most > sizes["cap"]:
            raise Failed(f"the server saw {most} sessions, over the cap of {sizes['cap']}")
        return figures
    finally:
        for name in psql(server, f"SELECT datname FROM pg_database WHERE datname LIKE '{mark}%'").split():
            psql(server, f'DROP DATABASE "{name}" WITH (FORCE)')


def memory(options, folder, sizes):
    """A process that knows many organizations, of which some were used lately."""
    installation = Installation(options, folder, "sqlite", {})
    with installation.api() as api:
        api.wait_for(installation.port, "/health/ready")
        installation.fill(sizes["known"])
    recent = sorted(installation.tokens)[-sizes["used"]:]
    with installation.api() as api:
        api.wait_for(installation.port, "/health/ready")

        def use(client, slug):
            client.token = installation.tokens[slug]
            for _ in range(3):
                client.call("GET", "/dashboards?limit=100")
        in_parallel(installation.port, None, use, recent, threads=16)
        now, peak = api.resident_mb()
    return {"known": sizes["known"], "used": sizes["used"], "resident_mb": now, "peak_mb": peak}


def main():
    parser = argparse.ArgumentParser()
    place = lambda text: pathlib.Path(text).resolve()
    parser.add_argument("--binaries", type=place, required=True)
    parser.add_argument("--out", type=place, required=True)
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    sizes = ({"organizations": 60, "cap": 20, "requests": 300, "parallel": 30, "known": 60, "used": 20} if options.quick
             else {"organizations": 500, "cap": 60, "requests": 2000, "parallel": 100, "known": 1000, "used": 200})
    folder = pathlib.Path(tempfile.mkdtemp(prefix="vigie-bench."))
    try:
        load = on_postgres(options, folder, sizes)
        held = memory(options, folder, sizes)
        print(f"PostgreSQL, {load['organizations']} organizations, {load['requests']} requests, "
              f"{load['parallel']} at a time, {load['per_second']} a second:")
        for name, value, met, aim in [
                ("most sessions that the server saw", load["most_sessions"], load["most_sessions"] <= load["cap"],
                 f"at most {load['cap']}"),
                ("answers 5xx", load["server_errors"], load["server_errors"] == 0, "none"),
                ("p50 [ms]", load["p50_ms"], None, None),
                ("p99 [ms]", load["p99_ms"], load["p99_ms"] < 1000, "under 1000"),
                (f"memory, {held['known']} known and {held['used']} used [MB]", held["resident_mb"],
                 held["resident_mb"] < 256, "under 256")]:
            verdict = "" if aim is None else f"  {'MET' if met else 'MISSED'} (aim: {aim})"
            print(f"  {name:42}{value:9}{verdict}", flush=True)
        if load["first_error"]:
            print(f"  the first 5xx: {load['first_error']}")
        options.out.parent.mkdir(parents=True, exist_ok=True)
        options.out.write_text(json.dumps({"postgres": load, "memory": held}, indent=2) + "\n")
    except (Failed, KeyError, OSError, subprocess.TimeoutExpired) as error:
        say(f"bench: error: {type(error).__name__}: {error}")
        return 1
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
