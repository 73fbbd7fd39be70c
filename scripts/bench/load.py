"""Loads a server with wrk and looks at who used the processor meanwhile."""

import json
import os
import pathlib
import re
import resource
import statistics
import subprocess
import tempfile

from product import Failed

HERE = pathlib.Path(__file__).parent
TICK = os.sysconf("SC_CLK_TCK")


def processor_seconds(pid, children=False):
    """User and system time of a process, with the children that it has waited for."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(int(field) for field in fields[11:15 if children else 13]) / TICK


def parent_of(pid):
    return int(pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def postgres_seconds(postmaster):
    """Of a PostgreSQL server: of the process that listens and of its sessions, also of those that are gone. 0 elsewhere."""
    if postmaster is None:
        return 0.0
    total = processor_seconds(postmaster, children=True)
    for entry in pathlib.Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and parent_of(entry.name) == postmaster:
                total += processor_seconds(entry.name)
        except OSError:
            pass  # it has ended, and is counted with the next look
    return total


def machine_seconds():
    """What all processes of the machine have used."""
    user, nice, system = pathlib.Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:4]
    return (int(user) + int(nice) + int(system)) / TICK


class Wrk:
    """One kind of request to one server."""

    def __init__(self, name, port, paths, token, process, postmaster, first_day=None):
        self.name, self.port, self.token, self.first_day = name, port, token, first_day
        self.process, self.postmaster = process, postmaster
        self.targets = tempfile.NamedTemporaryFile("w", suffix=".txt")
        self.targets.write("".join(f"{path}\n" for path in paths))
        self.targets.flush()
        self.paths = len(paths)
        self.rounds = []

    def run(self, connections, seconds):
        """One measurement. Any answer but a 2xx ends the benchmark."""
        environment = os.environ | {"BENCH_TOKEN": self.token, "BENCH_TARGETS": self.targets.name}
        if self.first_day is not None:
            environment["BENCH_FIRST_DAY"] = str(self.first_day)
        server, database = processor_seconds(self.process.child.pid), postgres_seconds(self.postmaster)
        own, machine = resource.getrusage(resource.RUSAGE_CHILDREN), machine_seconds()
        done = subprocess.run(
            ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "10s", "-s", str(HERE / "load.lua"),
             f"http://127.0.0.1:{self.port}"], env=environment, capture_output=True, text=True)
        after, machine = resource.getrusage(resource.RUSAGE_CHILDREN), machine_seconds() - machine
        self.process.check()
        found = re.search(r"^RESULT (.*)$", done.stdout, re.MULTILINE)
        if done.returncode != 0 or not found:
            raise Failed(f"wrk: {done.stdout}{done.stderr}")
        result = json.loads(found[1])
        if result["bad_status"] or result["socket_errors"] or not result["requests"]:
            raise Failed(f"{self.name}: not every answer was a 2xx: {result}")
        result["per_second"] = result["requests"] / result["seconds"]
        per_request = 1e6 / result["requests"]
        server = processor_seconds(self.process.child.pid) - server
        database = postgres_seconds(self.postmaster) - database
        generator = after.ru_utime + after.ru_stime - own.ru_utime - own.ru_stime
        result |= {"server_us": server * per_request, "postgres_us": database * per_request,
                   "wrk_us": generator * per_request,
                   "others_cores": max(0.0, machine - server - database - generator) / result["seconds"]}
        if self.first_day is not None:
            # Periods that were asked for are gone, with those of requests that were under way at the end.
            self.first_day += (result["requests"] + 4 * connections) // self.paths + 2
        return result

    def round(self, connections, seconds):
        self.rounds.append(self.run(connections, seconds))

    def medians(self):
        """The median of each figure over the rounds."""
        return {key: round(statistics.median(one[key] for one in self.rounds), 3) for key in self.rounds[0]}


def compare(contestants, connections, seconds, rounds, warm_up):
    """Takes turns, so that what the machine does meanwhile hits all of them; answers the medians by name."""
    for one in contestants:
        one.run(connections, warm_up)
        one.rounds.clear()
    for _ in range(rounds):
        for one in contestants:
            one.round(connections, seconds)
    return {one.name: one.medians() for one in contestants}
