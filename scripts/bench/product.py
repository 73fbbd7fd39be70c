"""The processes that are measured, and the organization that the product is filled with."""

import datetime
import http.client
import json
import os
import pathlib
import queue
import signal
import socket
import subprocess
import threading
import time
import urllib.parse
import uuid

PASSWORD = "seven quiet lamps over a river"


class Failed(Exception):
    """What ends the benchmark."""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Process:
    """A process of ours; ended with the block that it was started for."""

    def __init__(self, command, environment, log):
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("VIGIE__")}
        self.log = log
        with open(log, "ab") as output:
            self.started = time.monotonic()
            self.child = subprocess.Popen(
                [str(part) for part in command], env=inherited | environment, cwd=log.parent,
                stdin=subprocess.DEVNULL, stdout=output, stderr=output)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()

    def end(self):
        if self.child.poll() is None:
            self.child.send_signal(signal.SIGTERM)
            try:
                self.child.wait(30)
            except subprocess.TimeoutExpired:
                self.child.kill()
                self.child.wait()

    def check(self):
        if self.child.poll() is not None:
            raise Failed(f"{self.child.args[0]} ended with {self.child.returncode}:\n{self.log.read_text()[-2000:]}")

    def wait_for(self, port, path, pause=0.02):
        """Waits for a 200; answers the seconds since the start."""
        request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode()
        while time.monotonic() - self.started < 60:
            try:
                with socket.create_connection(("127.0.0.1", port), 5) as connection:
                    connection.sendall(request)
                    if connection.recv(64).startswith(b"HTTP/1.1 200"):
                        return time.monotonic() - self.started
            except OSError:
                self.check()
            time.sleep(pause)
        raise Failed(f"{self.child.args[0]} is not ready after a minute:\n{self.log.read_text()[-2000:]}")

    def resident_mb(self):
        """Memory in use now and at the peak, in MB of 10^6 bytes."""
        status = pathlib.Path(f"/proc/{self.child.pid}/status").read_text()
        sizes = dict(line.split(":", 1) for line in status.splitlines())
        return [round(int(sizes[key].split()[0]) * 1024 / 1e6, 1) for key in ("VmRSS", "VmHWM")]


class Client:
    """Talks HTTP to the product as one user. One per thread."""

    def __init__(self, port, token=None):
        self.port, self.token = port, token
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self.used = time.monotonic()

    def call(self, method, path, body=None, headers=None, expect=(200, 201, 202)):
        headers = dict(headers or {})
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        if isinstance(body, dict):
            headers["Content-Type"] = "application/json"
            body = json.dumps(body)
        if time.monotonic() - self.used > 5:
            self.connection.close()  # the server hangs up on idle connections; the next request opens a new one
        self.connection.request(method, f"/api/v1{path}", body, headers)
        answer = self.connection.getresponse()
        content = answer.read()
        self.used = time.monotonic()
        if answer.status not in expect:
            raise Failed(f"{method} {path}: {answer.status} {content[:1000].decode(errors='replace')}")
        return json.loads(content) if content else None

    def sign_up(self):
        self.token = None
        session = self.call("POST", "/auth/signup", {
            "organization_name": "Bench", "organization_slug": "bench", "full_name": "Bench Owner",
            "email": "owner@bench.example", "password": PASSWORD, "locale": "en"})
        self.token = session["access_token"]

    def log_in(self):
        """A fresh access token: one lives ten minutes."""
        self.token = None
        session = self.call("POST", "/auth/login", {"email": "owner@bench.example", "password": PASSWORD})
        self.token = session["access_token"]

    def import_csv(self, content):
        """Sends a file; answers the seconds until it is applied, and its counts."""
        boundary = uuid.uuid4().hex
        head = (f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="values.csv"\r\n'
                "Content-Type: text/csv\r\n\r\n").encode()
        body = head + content + f"\r\n--{boundary}--\r\n".encode()
        began = time.monotonic()
        run = self.call("POST", "/imports/kpi-values", body,
                        {"Content-Type": f"multipart/form-data; boundary={boundary}"})
        accepted = time.monotonic() - began
        while run["status"] in ("PENDING", "RUNNING"):
            if time.monotonic() - began > 120:
                raise Failed(f"the import is not applied after two minutes: {run['progress']}")
            time.sleep(0.05)
            run = self.call("GET", f"/imports/jobs/{run['id']}")
        seconds = time.monotonic() - began
        if run["status"] != "SUCCESS":
            raise Failed(f"the import ended as {run['status']}: {run['counts']} {run['issues'][:3]}")
        return seconds, accepted, run["counts"]


def in_parallel(port, token, work, jobs, threads=8):
    """Does `work(client, job)` for each job; answers the results in the order of the jobs."""
    pending, results, errors = queue.SimpleQueue(), [None] * len(jobs), []
    for numbered in enumerate(jobs):
        pending.put(numbered)

    def loop():
        client = Client(port, token)
        while not errors:
            try:
                index, job = pending.get_nowait()
            except queue.Empty:
                return
            try:
                results[index] = work(client, job)
            except Exception as error:  # told by the thread that waits
                errors.append(error)

    workers = [threading.Thread(target=loop) for _ in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    if errors:
        raise errors[0]
    return results


def define_kpis(client, dashboards, frequency):
    """KPIs with thresholds on dashboards: (dashboard id, code) each. Answers their ids."""
    def define(own, job):
        dashboard, code = job
        number = int(code.split("-")[-1])
        return own.call("POST", f"/dashboards/{dashboard}/kpis", {
            "name": f"Indicator {code}", "code": code, "unit": "%", "frequency": frequency,
            "direction": "UP_IS_BETTER", "threshold_green": "80", "threshold_orange": "60", "threshold_red": "20",
            "weight": str(1 + number % 3), "critical": number % 10 == 0})["id"]
    return in_parallel(client.port, client.token, define, dashboards)


def create_dashboards(client, titles):
    def create(own, job):
        number, title = job
        return own.call("POST", "/dashboards", {"title": title, "process_name": f"Process {number % 8}"})["id"]
    return in_parallel(client.port, client.token, create, list(enumerate(titles)))


def months_before(today, count):
    """Keys of the last months that are over, the oldest first."""
    index = today.year * 12 + today.month - 1
    return [f"{month // 12:04}-{month % 12 + 1:02}" for month in range(index - count, index)]


def days_before(today, count):
    return [str(today - datetime.timedelta(days=back)) for back in range(count, 0, -1)]


def csv_of(codes, periods):
    """A LONG table with a value for each code and period: between 30 and 100, so that each colour occurs."""
    lines = ["kpi_code,period,value"]
    for number, code in enumerate(codes):
        for step, period in enumerate(periods):
            hundredths = 3000 + (number * 7919 + step * 104729) % 7000
            lines.append(f"{code},{period},{hundredths // 100}.{hundredths % 100:02}")
    return ("\n".join(lines) + "\n").encode()


def url_with_database(url, database):
    return urllib.parse.urlunsplit(urllib.parse.urlsplit(url)._replace(path=f"/{database}"))


def psql(url, sql):
    """Runs SQL; answers its output. The password goes through the environment."""
    parts = urllib.parse.urlsplit(url)
    environment = os.environ | {
        "PGHOST": parts.hostname, "PGPORT": str(parts.port or 5432), "PGDATABASE": parts.path.lstrip("/"),
        "PGUSER": urllib.parse.unquote(parts.username or ""),
        "PGPASSWORD": urllib.parse.unquote(parts.password or "")}
    done = subprocess.run(["psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-c", sql], env=environment,
                          capture_output=True, text=True)
    if done.returncode != 0:
        raise Failed(f"psql: {done.stderr.strip()}")
    return done.stdout.strip()
