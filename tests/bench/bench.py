#!/usr/bin/python3
"""make bench: the whole path of ours beside PostgreSQL, in one run on one machine.

    tests/bench/bench.py build/release        QUICK=1: a smoke run of about a minute
                                              BENCH_DIR: on which disk, /var/tmp by default
                                              BENCH_MEMORY: --memory in MiB, 256 by default

Ours and the peer take turns, three rounds of each work; the table gives medians, ratios and
CPU time an operation. Load generators run on the same cores. It starts a deployment, a
PostgreSQL cluster and generators of its own, on free ports of loopback, and ends them all."""

import http.client
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import supply  # noqa: E402
from peer import Peer  # noqa: E402
from stack import ROOT, SERVERS, UNITS, Stack, kill  # noqa: E402
from table import HEAD, Row, median, write_table  # noqa: E402

QUICK = os.environ.get("QUICK", "") not in ("", "0")
PEOPLE = 100000 if QUICK else 2500000
ROUNDS = 1 if QUICK else 3
SCALE = 0.25 if QUICK else 1.0
MEMORY_MIB = int(os.environ.get("BENCH_MEMORY", "256"))
REST_S = 12 if QUICK else 30
KIND_EVENTS = 2000 if QUICK else 20000
COHORT_ROOMS = 6 if QUICK else 81
MIB = float(1 << 20)


class Bench:
    def __init__(self, build):
        self.folder = tempfile.mkdtemp(prefix="matricula-bench-", dir=os.environ.get("BENCH_DIR", "/var/tmp"))
        os.chmod(self.folder, 0o711)
        # Copies, so that somebody may build while it runs.
        self.programs = shutil.copytree(os.path.join(build, "tests", "bench"), os.path.join(self.folder, "load"))
        programs = shutil.copytree(os.path.join(build, "bin"), os.path.join(self.folder, "bin"))
        self.stack = Stack(self.folder, programs, MEMORY_MIB)
        self.peer = Peer(self.folder, PEOPLE)
        self.rows, self.kinds, self.notes = [], [], []
        self.next = {"hired": PEOPLE, "mixed": KIND_EVENTS * 5, "nominate": 0, "exam": 0, "paths": 0}
        self.runs = 0
        self.peak = {}

    def say(self, text):
        print("%s  %s" % (time.strftime("%H:%M:%S"), text), flush=True)

    def row(self, *words, **more):
        self.rows.append(Row(*words, **more))
        return self.rows[-1]

    # --- generators --------------------------------------------------------------------------------------------

    def words(self, program, options):
        self.runs += 1
        base = {"units": UNITS, "people": PEOPLE, "run": "r%d" % self.runs}
        if program == "load":
            base.update(port=self.stack.http_port, token=self.stack.token)
        else:
            base.update(endpoint=self.stack.door, key=self.stack.key_file, server=self.stack.server_key())
        base.update(options)
        return [os.path.join(self.programs, program)] + ["%s=%s" % pair for pair in base.items()]

    def generate(self, program, **options):
        done = subprocess.run(self.words(program, options), stdout=subprocess.PIPE, text=True, timeout=400)
        return json.loads(done.stdout)

    def load(self, **options):
        return self.generate("load", **options)

    def measure(self, row, program, counter=None, **options):
        """One round: rate, latency, CPU an operation of each process."""
        if counter:
            options["first"] = self.next[counter]
        options["seconds"] = options.get("seconds", 4) * SCALE
        before = self.stack.cpu()
        said = self.generate(program, **options)
        after = self.stack.cpu()
        done = max(1, said["done"])
        if counter:
            self.next[counter] = said["next"]
        row.add(said["rate"], {name: (after.get(name, 0) - before[name]) / done for name in before},
                (said["p50_us"], said["p99_us"]), said["cpu_us"] / done, said["failed"], said["failure"])
        return said

    def measure_peer(self, row, script, clients, seconds, things=1):
        said = self.peer.bench(script, clients, max(2, int(seconds * SCALE)), things)
        row.add(said["rate"], {"postgres": said["cpu_us"]}, (said["mean_us"], said["mean_us"]))

    # --- the works ---------------------------------------------------------------------------------------------

    def nation(self):
        """The nation through the door, then at rest: time, memory, what stands on the disk for it."""
        row = self.row("load a nation of %g million by the door" % (PEOPLE / 1e6), "s", ("at most", 40 * PEOPLE / 2.5e6))
        before = self.stack.written()["enrollment"]
        cpu = self.stack.cpu()
        began = time.monotonic()
        said = self.generate("door", events="hired", first=0, count=PEOPLE, seconds=300)
        seconds = time.monotonic() - began
        after = self.stack.cpu()
        row.add(seconds, {name: (after[name] - cpu[name]) / PEOPLE for name in cpu}, (said["p50_us"], said["p99_us"]),
                said["cpu_us"] / PEOPLE, said["failed"], said["failure"])
        self.say("nation: %.1f s, %s failed %s" % (seconds, said["failed"], said["failure"]))
        self.stack.settle()
        time.sleep(REST_S)
        self.notes.append("Disk bytes the enrollment process wrote an event, journal and state: %.0f while the nation "
                          "was loaded in its order." % ((self.stack.written()["enrollment"] - before) / PEOPLE))
        row = self.row("private memory at rest, all five, with that nation", "MiB", ("at most", 128))
        memory = self.stack.memory()
        row.add(sum(memory.values()) / MIB)
        self.notes.append("At rest: %s MiB." % ", ".join("%s %.0f" % (name, size / MIB) for name, size in memory.items()))

    def kind(self, name, service, work):
        """Facts, rows and journal bytes that one operation of a kind leaves in its service."""
        before = self.stack.status(service)
        done = max(1, work())
        self.stack.settle()
        after = self.stack.status(service)
        per = [(after.number(field) - before.number(field)) / done for field in ("facts", "rowsWritten", "journalBytes")]
        self.kinds.append([name, service] + ["%.2f" % per[0], "%.2f" % per[1], "%.0f" % per[2],
                                             "%.0f" % (per[2] / per[0] if per[0] else 0)])

    def each_kind(self):
        count = KIND_EVENTS
        self.kind("hired", "enrollment", lambda: self.generate("door", events="hired", first=self.next["hired"],
                                                               count=count, seconds=60)["done"])
        self.next["hired"] += count
        self.kind("updated", "enrollment", lambda: self.generate("door", events="updated", count=count, seconds=60)["done"])
        self.kind("transferred", "enrollment", lambda: self.generate("door", events="transferred", count=count,
                                                                     seconds=60)["done"])

    def prepare(self):
        need = max(20000, COHORT_ROOMS * supply.COHORT_ROOM) if not QUICK else 3000
        self.person_ids = supply.persons(self.stack, need)
        programme = supply.programme(self.stack)
        self.open = {"rooms": supply.write_lines(self.folder, "classes", supply.classes(self.stack, programme, 64, 100000)),
                     "persons": supply.write_lines(self.folder, "persons", self.person_ids), "stride": 7919}
        self.paths = supply.write_lines(self.folder, "paths", ["/v1/persons/" + person for person in self.person_ids])
        self.figure = supply.write_lines(self.folder, "figure", ["/v1/figures?metric=persons.active&authority=VN"])

    def singles(self):
        peers = {clients: Row("peer", "/s") for clients in (64, 256)}
        rows = []
        for clients in (64, 256):
            peer = peers[clients]
            rows.append((self.row("enrol one person, HTTP, %d connections" % clients, "/s", ("times peer", 2), peer),
                         self.row("one event, HTTP, %d connections" % clients, "/s", ("times peer", 2), peer), peer, clients))
        self.peers = peers
        for _ in range(ROUNDS):
            for nominate, event, peer, clients in rows:
                self.measure(nominate, "load", "nominate", work="nominate", connections=clients, **self.open)
                self.measure_peer(peer, "one.sql", clients, 4)
                self.measure(event, "load", "hired", work="event", connections=clients)
        self.say("singles: " + "; ".join("%s %.0f" % (row.work, median(row.values)) for row in self.rows[-4:]))

    def bulk(self):
        peer = Row("peer", "/s")
        single = self.peers[64]
        rows = {"http hired": self.row("new people, HTTP batches of 500, 8 connections", "/s", ("at least", 40000), peer),
                "http mixed": self.row("updates and transfers, HTTP batches of 500", "/s", ("at least", 40000), peer),
                "door hired": self.row("new people by the door, frames of 500", "/s", ("at least", 100000), peer),
                "door mixed": self.row("updates and transfers by the door, scattered", "/s", ("at least", 50000), peer)}
        against = self.row("the same against the peer's single statements", "/s", ("times peer", 5), single)
        written, done = self.stack.written()["enrollment"], 0
        with Watch(self):
            for _ in range(ROUNDS):
                for name, row in rows.items():
                    way, events = name.split()
                    more = {"work": "events", "connections": 8} if way == "http" else {"sockets": 4, "flight": 6}
                    said = self.measure(row, "load" if way == "http" else "door", events, events=events,
                                        seconds=12 if name == "door mixed" else 5, **more)
                    done += said["done"]
                    if name == "http mixed":
                        self.measure_peer(peer, "many.sql", 4, 5, 500)
        against.values = rows["door mixed"].values
        self.stack.settle()
        time.sleep(11)  # the last memtable is flushed when it is ten seconds old
        self.notes.append("Disk bytes the enrollment process wrote an event over all bulk rounds (scattered): %.0f."
                          % ((self.stack.written()["enrollment"] - written) / max(1, done)))
        row = self.row("private memory at full load, all five", "MiB", ("at most", MEMORY_MIB + 512))
        row.add(max(self.peak.values()) / MIB)
        self.notes.append("At full load, at the highest: %s MiB."
                          % ", ".join("%s %.0f" % (name, size / MIB) for name, size in self.peak_parts.items()))
        self.say("bulk: " + "; ".join("%s %.0f" % (name, median(row.values)) for name, row in rows.items()))

    def queries(self):
        peer = Row("peer", "/s")
        person = self.row("read a person, HTTP, 64 connections", "/s", None, peer)
        figure = self.row("read a national figure, HTTP, 64 connections")
        for _ in range(ROUNDS):
            self.measure(person, "load", "paths", work="get", connections=64, paths=self.paths, seconds=3)
            self.measure_peer(peer, "read.sql", 64, 3)
            self.measure(figure, "load", "paths", work="get", connections=64, paths=self.figure, seconds=3)

    def school(self):
        """Nominations, exams and certificates of one cohort."""
        def nominate():
            self.rooms, self.cohort = supply.cohort(self.stack, self.folder, self.load, COHORT_ROOMS, self.person_ids)
            return COHORT_ROOMS * supply.COHORT_ROOM
        self.kind("nominated, and present at a session", "enrollment", nominate)
        row = self.row("an exam of 10 questions, start and submit", "/s", ("at least", 5000))

        each = COHORT_ROOMS * supply.COHORT_ROOM // ROUNDS

        def sit():
            return sum(self.measure(row, "load", "exam", work="exam", connections=64, count=each, seconds=15,
                                    **self.cohort)["done"] for _ in range(ROUNDS))
        self.kind("an exam, started and submitted", "assessment", sit)
        row = self.row("certificates signed and issued", "/s", ("at least", 15000))
        part = len(self.rooms) // ROUNDS

        def issue():
            total = 0
            for number in range(ROUNDS):
                before = self.stack.cpu()
                issued, seconds = supply.approve_and_wait(self.stack, self.rooms[number * part:(number + 1) * part],
                                                          time.monotonic)
                after = self.stack.cpu()
                total += issued
                row.add(issued / seconds, {name: (after[name] - before[name]) / max(1, issued) for name in before})
            return total
        self.kind("a certificate", "certificate", issue)

    def restarts(self):
        ready = self.row("enrollment killed under load: /readyz again", "s", ("at most", 2))
        answer = self.row("the same: next event accepted", "s")
        for _ in range(ROUNDS):
            noise = self.noise()
            time.sleep(4 * SCALE)
            began = time.monotonic()
            kill(self.stack.pids()["enrollment"])
            self.down(began, ready, answer)
            noise.kill()
            noise.wait()
            self.next["mixed"] += 2000000
        row = self.row("the whole stack killed under load: ready again", "s", ("at most", 2))
        for _ in range(ROUNDS):
            noise = self.noise()
            time.sleep(3 * SCALE)
            self.stack.kill()
            noise.kill()
            noise.wait()
            self.next["mixed"] += 2000000
            began = time.monotonic()
            self.stack.start()
            row.add(time.monotonic() - began)

    def noise(self):
        words = self.words("door", dict(events="mixed", first=self.next["mixed"], seconds=60, sockets=4, flight=6))
        return subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def down(self, began, ready, answer):
        """From the kill until /readyz says yes for good, and until an event is taken, sent again and again."""
        taken = []
        prober = threading.Thread(target=self.push_until_taken, args=(taken, began + 60), daemon=True)
        prober.start()
        said_yes, last_no = None, None
        while time.monotonic() < began + 60 and not (taken and said_yes):
            if self.stack.is_ready():
                said_yes = said_yes or time.monotonic()
            else:
                said_yes, last_no = None, time.monotonic()
            time.sleep(0.005)
        prober.join()
        if not taken or not said_yes:
            raise RuntimeError("enrollment did not come back within 60 s")
        answer.add(taken[0] - began)
        # A restart between two probes of the gateway is not seen by /readyz at all.
        ready.add((said_yes if last_no else taken[0]) - began)

    def push_until_taken(self, taken, until):
        event = {"specversion": "1.0", "type": "matricula.person.updated.v1", "source": "/authorities/VN/hr",
                 "id": "probe-%d" % time.monotonic_ns(), "subject": "nobody", "data": {"position": "CV.1"}}
        while time.monotonic() < until and not taken:
            try:
                if self.stack.ask("POST", "/v1/events", event, timeout_s=0.25,
                                  content="application/cloudevents+json")[0] in (200, 202):
                    taken.append(time.monotonic())
            except (OSError, http.client.HTTPException):
                pass
            time.sleep(0.005)

    # --- the run -----------------------------------------------------------------------------------------------

    def run(self):
        self.say("disk: %s" % filesystem(self.folder))
        self.stack.start()
        self.stack.prepare()
        self.nation()
        self.peer.start()
        self.say("%s, %d rows" % (self.peer.version, PEOPLE))
        self.prepare()
        self.each_kind()
        self.singles()
        self.bulk()
        self.queries()
        self.school()
        self.peer.stop()
        self.restarts()

    def close(self):
        self.stack.stop()
        self.peer.stop()
        if os.environ.get("BENCH_KEEP", "") == "":
            shutil.rmtree(self.folder, ignore_errors=True)

    def report(self, load_before, seconds):
        lines = ["# make bench\n",
                 "%s, %d cores, load before %.2f, %.0f s%s. Disk: %s. Ours: five processes, --memory %d; peer: %s, "
                 "fsync and synchronous_commit on, shared_buffers 512MB, else defaults, one statement: a journal row and "
                 "three indexed rows of %d updated; in bulk 500 of them as one set. Absolute numbers are of this run on "
                 "this machine, generators included; compare the ratios.\n"
                 % (time.strftime("%Y-%m-%d %H:%M"), os.cpu_count(), load_before, seconds,
                    ", QUICK: a smoke run, not a measurement" if QUICK else "", filesystem(self.folder), MEMORY_MIB,
                    self.peer.version, PEOPLE),
                 write_table(HEAD, [row.cells() for row in self.rows])]
        lines.append(write_table(["kind", "service", "facts", "rows", "journal bytes", "journal bytes a fact"], self.kinds))
        load = ", ".join("%s %.1f" % (row.work, median(row.load_cpu)) for row in self.rows if median(row.load_cpu) > 0)
        lines.append("CPU us of the load generator an operation, on the same cores: %s.\n" % load)
        lines += [note + "\n" for note in self.notes]
        lines += ["FAILED: %s: %d operations, first: %s\n" % (row.work, row.failed, row.failure[:300])
                  for row in self.rows if row.failed]
        text = "\n".join(lines)
        print("\n" + text)
        with open(os.path.join(ROOT, "tests", "bench", "last.md"), "w", encoding="utf-8") as file:
            file.write(text)


class Watch(threading.Thread):
    """Looks at the private memory of all processes five times a second; the highest sums are kept."""

    def __init__(self, bench):
        super().__init__(daemon=True)
        self.bench, self.ends = bench, threading.Event()

    def __enter__(self):
        self.start()

    def __exit__(self, *_):
        self.ends.set()
        self.join()

    def run(self):
        while not self.ends.wait(0.2):
            memory = self.bench.stack.memory()
            if len(memory) == len(SERVERS) and sum(memory.values()) > max(self.bench.peak.values(), default=0):
                self.bench.peak = {"all": sum(memory.values())}
                self.bench.peak_parts = memory


def filesystem(folder):
    said = subprocess.run(["df", "--output=source,fstype", folder], stdout=subprocess.PIPE, text=True).stdout.split()
    if said[-1] in ("tmpfs", "ramfs"):
        raise SystemExit("bench: %s is a %s, which keeps nothing; set BENCH_DIR to a folder on a disk" % (folder, said[-1]))
    return "%s on %s" % (said[-1], said[-2])


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    if len(sys.argv) != 2:
        raise SystemExit("used as: bench.py BUILD_FOLDER")
    load_before, began = os.getloadavg()[0], time.monotonic()
    bench = Bench(os.path.abspath(sys.argv[1]))
    try:
        bench.run()
    finally:
        try:
            if any(row.values for row in bench.rows):
                bench.report(load_before, time.monotonic() - began)
        finally:
            bench.close()


if __name__ == "__main__":
    main()
