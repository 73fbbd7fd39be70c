"""Many organizations over few connections: what the servers see, what callers wait for, what the process holds."""

import argparse
import datetime
import json
import os
import pathlib
import random
import re
import shutil
import signal
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse
import urllib.request
import uuid

from load import parent_of
from product import PASSWORD, Client, Failed, Process, free_port, in_parallel, psql, url_with_database

# What every name and title of an organization bears, so that one in another's answer is seen.
MARKER = re.compile(rb"bench-\d{5}")
# What a request asks for, and how often.
KINDS = {"list": 5, "overview": 2, "create": 2, "rename": 1}


def say(text):
    print(text, file=sys.stderr, flush=True)


class Sessions:
    """Looks at pg_stat_activity of one server fifty times a second, on a connection of its own; remembers the most that it saw."""

    def __init__(self, server, prefix):
        parts = urllib.parse.urlsplit(server)
        environment = os.environ | {
            "PGHOST": parts.hostname, "PGPORT": str(parts.port or 5432), "PGDATABASE": parts.path.lstrip("/"),
            "PGUSER": urllib.parse.unquote(parts.username or ""),
            "PGPASSWORD": urllib.parse.unquote(parts.password or "")}
        # In a session of its own: Ctrl-C at the terminal is for us, who ask it to stop.
        self.child = subprocess.Popen(
            ["psql", "-XAtq"], env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            start_new_session=True)
        self.seen, self.reader = [], threading.Thread(target=self.read, daemon=True)
        self.reader.start()
        self.child.stdin.write(
            f"SELECT 'sessions=' || count(*) FROM pg_stat_activity WHERE starts_with(datname, '{prefix}') \\watch 0.02\n")
        self.child.stdin.flush()

    def read(self):
        for line in self.child.stdout:
            if found := re.search(r"sessions=(\d+)", line):
                self.seen.append(int(found[1]))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.child.kill()
        self.child.wait()
        self.reader.join()

    def most(self):
        """The most so far, and how often was looked."""
        seen = list(self.seen)
        if len(seen) < 5:
            raise Failed(f"the sessions were looked at {len(seen)} times only")
        return max(seen), len(seen)


class Stopped:
    """A PostgreSQL server of this machine that hangs: no process of it runs, and its sockets stay open. Goes on with the end of the block."""

    def __init__(self, server):
        folder = pathlib.Path(psql(server, "SHOW data_directory"))
        # Whoever names a server of his own does not expect us to stop it.
        if not folder.parent.name.startswith("vigie-services."):
            raise Failed(f"{folder} is no server that scripts/services has started: it is not stopped")
        self.postmaster = int((folder / "postmaster.pid").read_text().split()[0])

    def processes(self):
        found = []
        for entry in pathlib.Path("/proc").iterdir():
            try:
                if entry.name.isdigit() and parent_of(entry.name) == self.postmaster:
                    found.append(int(entry.name))
            except OSError:
                pass  # it has ended
        return found

    def send(self, number, pids):
        for pid in pids:
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                pass

    def __enter__(self):
        self.send(signal.SIGSTOP, [self.postmaster])  # first, so that no child comes after we have looked
        self.send(signal.SIGSTOP, self.processes())
        return self

    def __exit__(self, *_):
        self.send(signal.SIGCONT, self.processes())
        self.send(signal.SIGCONT, [self.postmaster])


class Installation:
    """The product with many organizations, each with a dashboard that bears its name."""

    def __init__(self, options, folder, name, environment):
        self.options, self.folder, self.port = options, folder / name, free_port()
        self.folder.mkdir()
        self.tokens, self.dashboards = {}, {}
        self.environment = {
            "VIGIE__HTTP__BIND": f"127.0.0.1:{self.port}", "VIGIE__DATA_DIR": str(self.folder / "data"),
            "VIGIE__LIMITS__ENABLED": "false", "VIGIE__LOG__FILTER": "error", "VIGIE__WORKER__EMBEDDED": "false",
            } | environment

    def api(self):
        return Process([self.options.binaries / "vigie-api"], self.environment, self.folder / "api.log")

    def operate(self, *arguments, given=""):
        done = subprocess.run(
            [self.options.binaries / "vigie-worker", "--json", *arguments], input=given, capture_output=True, text=True,
            env={k: v for k, v in os.environ.items() if not k.startswith("VIGIE__")} | self.environment,
            cwd=self.folder)
        if done.returncode != 0:
            raise Failed(f"vigie-worker {' '.join(arguments)} ended with {done.returncode}: {done.stderr[-1000:]}")
        return json.loads(done.stdout)

    def sign_up(self, client, number):
        slug = f"bench-{number:05}"
        client.token = None
        session = client.call("POST", "/auth/signup", {
            "organization_name": slug, "organization_slug": slug, "full_name": "Owner",
            "email": f"owner{number}@bench.example", "password": PASSWORD, "locale": "en"})
        self.tokens[slug] = client.token = session["access_token"]
        made = client.call("POST", "/dashboards", {"title": slug, "process_name": slug})
        self.dashboards[slug] = made["id"]

    def pools(self):
        """What the process counts of its connections to organizations' databases."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/metrics", timeout=10) as answer:
            lines = answer.read().decode().splitlines()
        counted = ("tenant_pool_opens_total", "tenant_pool_evictions_total", "tenant_pool_rejections_total")
        return {name: int(float(value)) for name, value in (line.rsplit(" ", 1) for line in lines if line.startswith(counted))}

    def fill(self, count):
        """So many more organizations; answers their slugs, and the seconds that it took."""
        say(f"creating {count} organizations")
        began, before = time.monotonic(), set(self.tokens)
        first = len(before)
        self.sign_up(Client(self.port), first)  # makes the template
        in_parallel(self.port, None, self.sign_up, list(range(first + 1, first + count)), threads=8)
        return sorted(set(self.tokens) - before), round(time.monotonic() - began, 1)


class Caller:
    """Sends requests one after the other, each for another organization; looks for what is not that organization's."""

    def __init__(self, installation):
        self.installation, self.client = installation, Client(installation.port)

    def request(self, slug, kind):
        """The status, the milliseconds, and the body of an error. Raises when the answer shows another organization."""
        dashboard = self.installation.dashboards[slug]
        method, path, body = {
            "list": ("GET", "/dashboards?limit=100", None),
            "overview": ("GET", "/reporting/overview", None),
            "create": ("POST", "/dashboards", {"title": slug, "process_name": slug}),
            "rename": ("PATCH", f"/dashboards/{dashboard}", {"process_name": slug}),
            }[kind]
        headers = {"Authorization": f"Bearer {self.installation.tokens[slug]}"}
        if body is not None:
            headers["Content-Type"], body = "application/json", json.dumps(body)
        if time.monotonic() - self.client.used > 5:
            self.client.connection.close()
        began = time.monotonic()
        self.client.connection.request(method, f"/api/v1{path}", body, headers)
        answer = self.client.connection.getresponse()
        content = answer.read()
        self.client.used = time.monotonic()
        shown = set(MARKER.findall(content))
        if foreign := shown - {slug.encode()}:
            raise Failed(f"{slug} was shown {foreign} by {method} {path}")
        if answer.status < 300 and not shown:
            raise Failed(f"{slug} was not shown its own marker by {method} {path}: {content[:300]}")
        return answer.status, (self.client.used - began) * 1000, content[:300] if answer.status >= 400 else b""


def hammer(installation, slugs, requests=None, parallel=1, until=None):
    """Mixed requests to random ones of the organizations, so many at a time: so many requests, or until an instant."""
    chance, lock = random.Random(20261120), threading.Lock()
    results, errors, left = [], [], [requests]

    def next_job():
        with lock:
            if until is not None and time.monotonic() >= until:
                return None
            if left[0] is not None:
                if left[0] == 0:
                    return None
                left[0] -= 1
            return chance.choice(slugs), chance.choices(list(KINDS), list(KINDS.values()))[0]

    def loop():
        caller = Caller(installation)
        while not errors and (job := next_job()) is not None:
            try:
                result = caller.request(*job)
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


def figures_of(results, seconds):
    took = sorted(milliseconds for _, milliseconds, _ in results)
    failed = [(status, text) for status, _, text in results if status >= 500]
    other = [(status, text) for status, _, text in results if 400 <= status < 500]
    if other:
        raise Failed(f"{len(other)} requests were refused: {other[0]}")
    return {"requests": len(results), "per_second": round(len(results) / seconds),
            "p50_ms": round(statistics.median(took), 1), "p99_ms": round(took[max(int(len(took) * 0.99) - 1, 0)], 1),
            "slowest_ms": round(took[-1], 1), "server_errors": len(failed),
            "first_error": failed[0][1].decode(errors="replace") if failed else None}


class Servers:
    """An installation with organizations on two servers: most on the first one, the others on the one that is stopped."""

    def __init__(self, options, folder, sizes):
        self.sizes, self.mark = sizes, f"vigie_bench_{uuid.uuid4().hex[:8]}"
        self.prefix = f"{self.mark}_org_"
        self.urls = [os.environ["VIGIE_TEST_POSTGRES_URL"], os.environ["VIGIE_TEST_POSTGRES_URL_2"]]
        self.installation = Installation(options, folder, "postgres", {
            "VIGIE__DATABASE__URL": url_with_database(self.urls[0], self.mark),
            "VIGIE__DATABASE__TENANT_PREFIX": self.prefix, "VIGIE__DATABASE__CONNECTIONS": str(sizes["cap"])})

    def __enter__(self):
        psql(self.urls[0], f"CREATE DATABASE {self.mark}")
        self.installation.operate(
            "server", "add", "--name", "second", "--dsn-stdin", "--state", "drain", given=self.urls[1] + "\n")
        return self

    def __exit__(self, *_):
        if os.environ.get("VIGIE_BENCH_OWN_SERVERS"):
            return  # they are about to be removed, and dropping hundreds of databases takes minutes
        for url in self.urls:
            for name in psql(url, f"SELECT datname FROM pg_database WHERE datname LIKE '{self.mark}%'").split():
                psql(url, f'DROP DATABASE "{name}" WITH (FORCE)')

    def fill(self):
        """Organizations on the first server, then on the second."""
        first, seconds = self.installation.fill(self.sizes["organizations"])
        for server, state in (("second", "accept"), ("default", "drain")):
            self.installation.operate("server", "set", "--name", server, "--state", state)
        second, _ = self.installation.fill(self.sizes["beside"])
        counted = psql(url_with_database(self.urls[0], self.mark),
                       "SELECT s.name, COUNT(*) FROM organizations o JOIN db_servers s ON s.id = o.server_id "
                       "GROUP BY s.name ORDER BY s.name").split()
        if counted != [f"default|{len(first)}", f"second|{len(second)}"]:
            raise Failed(f"the organizations are not where they should be: {counted}")
        self.slugs = [first, second]
        return seconds

    def sessions(self, number):
        return Sessions(self.urls[number], self.prefix)

    def within_cap(self, sessions):
        """The most that a server saw, and how often was looked."""
        most, looks = sessions.most()
        if most > self.sizes["cap"]:
            raise Failed(f"a server saw {most} sessions, over the cap of {self.sizes['cap']}")
        return {"most_sessions": most, "looks": looks}

    def crowd(self):
        """Everybody on the first server at once."""
        sizes = self.sizes
        say(f"{sizes['requests']} requests to random organizations, {sizes['parallel']} at a time")
        with self.sessions(0) as sessions:
            time.sleep(0.3)
            results, seconds = hammer(self.installation, self.slugs[0], sizes["requests"], sizes["parallel"])
            seen = self.within_cap(sessions)
        figures = {"parallel": sizes["parallel"]} | figures_of(results, seconds) | seen
        # Not more at once than one organization may have waiting: it gets its share of the connections, however many are free.
        say("the same to one organization")
        one = figures_of(*hammer(self.installation, self.slugs[0][:1], sizes["requests"], sizes["alone"]))
        return figures, {"parallel": sizes["alone"]} | one

    def outage(self):
        """The second server hangs, then comes back."""
        seconds, parallel = self.sizes["outage_s"], self.sizes["parallel"] // 2
        say(f"the second server hangs for {seconds} s")
        with self.sessions(0) as sessions:
            time.sleep(0.3)
            with Stopped(self.urls[1]):
                until, answers = time.monotonic() + seconds, [None, None]

                def load(server):
                    try:
                        answers[server] = hammer(self.installation, self.slugs[server], parallel=parallel, until=until)
                    except Exception as error:  # told by the thread that waits
                        answers[server] = error
                threads = [threading.Thread(target=load, args=[server]) for server in (0, 1)]
                for thread in threads:
                    thread.start()
                for thread in threads:
                    thread.join()
            back = time.monotonic()
            seen = self.within_cap(sessions)
        for answer in answers:
            if isinstance(answer, Exception):
                raise answer
        other, down = figures_of(*answers[0]) | seen, figures_of(*answers[1])
        down["statuses"] = sorted({status for status, _, _ in answers[1][0]})
        while any(status >= 500 for status, _, _ in hammer(self.installation, self.slugs[1], 5, 1)[0]):
            if time.monotonic() - back > 60:
                raise Failed("the second server is not used again a minute after it went on")
            time.sleep(0.2)
        recovered = round(time.monotonic() - back, 1)
        say("the second server is back")
        after = figures_of(*hammer(
            self.installation, self.slugs[0] + self.slugs[1], self.sizes["requests"] // 2, parallel))
        return {"seconds": seconds, "parallel": parallel, "other": other, "stopped": down, "used_again_after_s": recovered,
                "after": after}

    def run(self):
        with self.installation.api() as api:
            api.wait_for(self.installation.port, "/health/ready")
            figures = {key: self.sizes[key] for key in ("organizations", "beside", "cap")} | {"create_s": self.fill()}
            figures["crowd"], figures["one"] = self.crowd()
            figures["memory_mb"] = api.resident_mb()
            figures["pools"] = self.installation.pools()
            figures["outage"] = self.outage()
            api.check()
        return figures


def memory(options, folder, sizes):
    """A process that has resolved many organizations, of which some were used lately."""
    installation = Installation(options, folder, "sqlite", {})
    with installation.api() as api:
        api.wait_for(installation.port, "/health/ready")
        installation.fill(sizes["known"])
    with sqlite3.connect(folder / "sqlite" / "data" / "control.sqlite3") as control:
        rows = control.execute("SELECT COUNT(*) FROM organizations WHERE status = 'active'").fetchone()[0]
    control.close()
    if rows != sizes["known"]:
        raise Failed(f"{rows} organizations are active, not {sizes['known']}")
    with installation.api() as api:
        api.wait_for(installation.port, "/health/ready")
        idle, _ = api.resident_mb()

        def resolve(client, slug):
            client.token = installation.tokens[slug]
            client.call("GET", "/auth/me", headers={"X-Tenant-ID": slug})

        def use(client, slug):
            client.token = installation.tokens[slug]
            for _ in range(3):
                client.call("GET", "/dashboards?limit=100")
                client.call("GET", "/reporting/overview")
            client.call("POST", "/dashboards", {"title": slug, "process_name": slug})
        known = sorted(installation.tokens)
        in_parallel(installation.port, None, resolve, known, threads=16)
        resolved, _ = api.resident_mb()
        in_parallel(installation.port, None, use, known[-sizes["used"]:], threads=16)
        now, peak = api.resident_mb()
    return {"known": sizes["known"], "used": sizes["used"], "idle_mb": idle, "resolved_mb": resolved,
            "resident_mb": now, "peak_mb": peak}


def table(load, held):
    """The figures as docs/performance.md has them."""
    crowd, one, outage = load["crowd"], load["one"], load["outage"]
    number = "{:,}".format
    rows = [
        (f"{number(crowd['requests'])} requests to random organizations, {crowd['parallel']} at a time",
         f"{number(crowd['per_second'])} req/s, p50 {crowd['p50_ms']:.0f} ms, p99 {crowd['p99_ms']:.0f} ms", "p99 under 1 s"),
        (f"the same to one organization, {one['parallel']} at a time",
         f"{number(one['per_second'])} req/s, p50 {one['p50_ms']:.0f} ms, p99 {one['p99_ms']:.0f} ms", ""),
        ("many organizations beside one, requests a second", f"{crowd['per_second'] / one['per_second']:.2f}", ""),
        ("most sessions that the server saw, of the organizations' databases", f"{crowd['most_sessions']}",
         f"at most {load['cap']}"),
        ("answers 5xx", f"{crowd['server_errors'] + one['server_errors']}", "none"),
        ("rows of another organization", "0", "none"),
        (f"a second server with {load['beside']} organizations hangs for {outage['seconds']} s, {outage['parallel']} at a time "
         "ask for each server's: those of the first",
         f"{number(outage['other']['requests'])} requests, {outage['other']['server_errors']} errors, "
         f"p99 {outage['other']['p99_ms']:.0f} ms", "no error"),
        ("those of the second meanwhile, all told to come back",
         f"{number(outage['stopped']['requests'])} requests, p50 {outage['stopped']['p50_ms']:.0f} ms, "
         f"slowest {outage['stopped']['slowest_ms']:.0f} ms", ""),
        ("used again after it goes on", f"{outage['used_again_after_s']} s", ""),
        ("memory of the process after that load", f"{load['memory_mb'][0]:.0f} MB, peak {load['memory_mb'][1]:.0f} MB", ""),
        (f"memory with {number(held['known'])} organizations resolved, {held['used']} used since (SQLite)",
         f"{held['resident_mb']:.0f} MB, peak {held['peak_mb']:.0f} MB", "under 256 MB"),
    ]
    head = f"{number(load['organizations'])} organizations on one PostgreSQL server, {load['cap']} connections"
    return "\n".join([f"| {head} | | aim |", "|---|--:|---|"] + [f"| {' | '.join(row)} |" for row in rows])


def verdicts(load, held):
    crowd, outage = load["crowd"], load["outage"]
    return [
        ("no answer 5xx", crowd["server_errors"] + load["one"]["server_errors"] == 0),
        ("p99 under 1 s", crowd["p99_ms"] < 1000),
        ("the other server's organizations see no error", outage["other"]["server_errors"] == 0),
        ("the stopped server's organizations are told by 503, or by 504 when they were at it",
         set(outage["stopped"]["statuses"]) <= {503, 504}),
        ("no error once it is back", outage["after"]["server_errors"] == 0),
        ("memory under 256 MB", held["resident_mb"] < 256),
    ]


BEGIN, END = "<!-- registry: written by scripts/bench/run registry -->", "<!-- registry: end -->"


def write_into(document, text):
    before, begin, rest = document.read_text().partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise Failed(f"{document} has no place for the figures")
    document.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}")


def main():
    parser = argparse.ArgumentParser()
    place = lambda text: pathlib.Path(text).resolve()
    parser.add_argument("--binaries", type=place, required=True)
    parser.add_argument("--out", type=place, required=True)
    parser.add_argument("--document", type=place, help="the file whose figures are replaced")
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    sizes = ({"organizations": 60, "beside": 20, "cap": 20, "requests": 300, "parallel": 30, "alone": 8, "outage_s": 4, "known": 60, "used": 20}
             if options.quick else
             {"organizations": 500, "beside": 100, "cap": 60, "requests": 2000, "parallel": 100, "alone": 16, "outage_s": 15,
              "known": 1000, "used": 200})
    folder = pathlib.Path(tempfile.mkdtemp(prefix="vigie-bench."))
    try:
        # A database of PostgreSQL takes about nine megabytes before anything is in it, one of SQLite less than one.
        needed = (sizes["organizations"] + sizes["beside"]) * 12_000_000 + sizes["known"] * 1_500_000
        if (free := shutil.disk_usage(folder).free) < needed:
            raise Failed(f"{needed // 10**9 + 1} GB of disk are needed below {folder.parent}, and {free // 10**9} GB are free")
        with Servers(options, folder, sizes) as servers:
            load = servers.run()
        held = memory(options, folder, sizes)
        options.out.parent.mkdir(parents=True, exist_ok=True)
        options.out.write_text(json.dumps({"postgres": load, "memory": held}, indent=2) + "\n")
        text = table(load, held)
        print(text)
        for what, met in verdicts(load, held):
            print(f"  {'MET   ' if met else 'MISSED'}  {what}", flush=True)
        for part in (load["crowd"], load["one"], load["outage"]["other"], load["outage"]["after"]):
            if part["first_error"]:
                print(f"  an answer 5xx: {part['first_error']}")
        if options.document:
            write_into(options.document, f"{datetime.date.today():%-d %B %Y}.\n\n{text}")
    except (Failed, KeyError, OSError, subprocess.TimeoutExpired) as error:
        say(f"bench: error: {type(error).__name__}: {error}")
        return 1
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
