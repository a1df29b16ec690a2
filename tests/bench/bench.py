#!/usr/bin/python3
"""make bench: the whole path of ours beside PostgreSQL, in one run on one machine.

    tests/bench/bench.py build/release        QUICK=1: a smoke run of about a minute
                                              BENCH_DIR: on which disk, /var/tmp by default
                                              BENCH_MEMORY: --memory in MiB, 256 by default
                                              BENCH_PEOPLE: the nation's size, 2500000 by default
                                              BENCH_ONLY: asking, sizes, killed, certificates, verify, passport,
                                              status, correction, log: these works, without the peer
                                              BENCH_CERTIFICATES: so many before passports are asked

Ours and the peer take turns, three rounds of each work of some seconds; the table gives
medians, ratios, CPU time an operation and what each was limited by. Once only: the load of
the nation, memory, the minute of scattered changes, the size of the data. Load generators run
on the same cores. It starts a deployment, a PostgreSQL cluster and generators of its own, on
free ports of loopback, and ends them all. Fourteen minutes at most."""

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
import certificates  # noqa: E402
import limits  # noqa: E402
import registry  # noqa: E402
import supply  # noqa: E402
from peer import Peer  # noqa: E402
from stack import ROOT, SERVERS, UNITS, Stack, kill  # noqa: E402
from table import HEAD, Row, median, write_table  # noqa: E402

QUICK = os.environ.get("QUICK", "") not in ("", "0")
PEOPLE = int(os.environ.get("BENCH_PEOPLE", "100000" if QUICK else "2500000"))
ROUNDS = 1 if QUICK else 3
SCALE = 0.25 if QUICK else 1.0
ONLY = [name for name in os.environ.get("BENCH_ONLY", "").split(",") if name]
MEMORY_MIB = int(os.environ.get("BENCH_MEMORY", "256"))
REST_S = 12 if QUICK else 45  # the last flushes are over, and their memory is given back
SUSTAINED_S = 6 if QUICK else 60
ROSTER_PEOPLE = 40000 if QUICK else 600000
LATE_S = 720  # from then on, one round of each work that is left
KIND_EVENTS = 2000 if QUICK else 20000
COHORT_ROOMS = 6 if QUICK else 81
SIZE_AFTER_ALL = "the same after all works, their changes, classes, exams and certificates"
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
        self.next = {"hired": PEOPLE, "roster": 0, "mixed": KIND_EVENTS * 5, "nominate": 0, "exam": 0, "paths": 0}
        self.runs = 0
        self.began = time.monotonic()
        self.peak = {}
        self.trouble = None

    def say(self, text):
        print("%s  %s" % (time.strftime("%H:%M:%S"), text), flush=True)

    def row(self, *words, **more):
        self.rows.append(Row(*words, **more))
        return self.rows[-1]

    def rounds(self):
        for number in range(ROUNDS):
            if number > 0 and time.monotonic() - self.began > LATE_S:
                self.notes.append("The run was late: one round only of what came after %d s." % LATE_S)
                return
            yield number

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
        # What failed first is cut after so many bytes, maybe within a letter.
        done = subprocess.run(self.words(program, options), stdout=subprocess.PIPE, text=True, errors="replace", timeout=400)
        said = json.loads(done.stdout)
        if said.get("refused"):
            self.notes.append("%s of %s: %d frames were refused as a whole and sent again."
                              % (program, options.get("events", ""), said["refused"]))
        return said

    def load(self, **options):
        return self.generate("load", **options)

    def measure(self, row, program, counter=None, whole=False, value="rate", **options):
        """One round: rate (or p99 in ms), latency, CPU an operation of each process, what was full. whole: as many
        seconds as asked for, also in a smoke run."""
        if counter:
            options["first"] = self.next[counter]
        options["seconds"] = options.get("seconds", 3) * (1 if whole else SCALE)
        before = limits.Look(self.stack)
        said = self.generate(program, **options)
        after = limits.Look(self.stack)
        done = max(1, said["done"])
        if counter:
            self.next[counter] = said["next"]
        row.looks.append(before.until(after, done, said["cpu_us"]))
        # Beside a steady load, CPU time is not of these operations alone.
        cpu = {name: (after.cpu.get(name, 0) - before.cpu[name]) / done for name in before.cpu}
        row.add(said["rate"] if value == "rate" else said[value] / 1000, cpu if value == "rate" else None,
                (said["p50_us"], said["p99_us"]), said["cpu_us"] / done, said["failed"], said["failure"])
        return said

    def measure_peer(self, row, scripts, clients, seconds, things=1, whole=False):
        said = self.peer.bench(scripts, clients, max(2, int(seconds * (1 if whole else SCALE))), things)
        row.add(said["rate"], {"postgres": said["cpu_us"]}, (said["mean_us"], said["mean_us"]))

    # --- the works ---------------------------------------------------------------------------------------------

    def load_nation(self):
        row = self.row("load a nation of %g million by the door" % (PEOPLE / 1e6), "s", ("at most", 40 * PEOPLE / 2.5e6))
        before = limits.Look(self.stack)
        said = self.generate("door", events="hired", first=0, count=PEOPLE, seconds=300)
        after = limits.Look(self.stack)
        seconds = after.at - before.at
        row.looks.append(before.until(after, PEOPLE, said["cpu_us"]))
        row.add(seconds, {name: (after.cpu[name] - before.cpu[name]) / PEOPLE for name in before.cpu},
                (said["p50_us"], said["p99_us"]), said["cpu_us"] / PEOPLE, said["failed"], said["failure"])
        self.say("nation: %.1f s, %s failed %s" % (seconds, said["failed"], said["failure"]))

    def nation(self):
        """The nation through the door, then at rest: time, memory, what stands on the disk for it."""
        self.load_nation()
        # While ours rests, the peer makes its tables.
        filling = threading.Thread(target=self.fill_peer, daemon=True)
        filling.start()
        self.stack.settle()
        time.sleep(REST_S)
        row = self.row("private memory at rest, all five, with that nation", "MiB", ("at most", 128))
        memory = self.stack.memory()
        row.add(sum(memory.values()) / MIB)
        self.notes.append("At rest: %s MiB." % ", ".join("%s %.0f" % (name, size / MIB) for name, size in memory.items()))
        registry.sizes(self, "data folder a person, the nation loaded")
        filling.join()
        if self.trouble:
            raise self.trouble
        self.say("%s, %d people in %.0f s" % (self.peer.version, PEOPLE, self.peer.filled_s))
        self.notes.append("The peer made its tables of as many people in %.0f s, with generate_series inside the server, one "
                          "statement a table, beside ours at rest: no load to compare with." % self.peer.filled_s)

    def fill_peer(self):
        try:
            self.peer.start()
        except Exception as trouble:
            self.trouble = trouble

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
        need = max(need, min(PEOPLE * 9 // 10, certificates.WANTED // 5))  # five certificates a person
        self.person_ids = supply.persons(self.stack, need)
        programme = supply.programme(self.stack)
        self.open = {"rooms": supply.write_lines(self.folder, "classes", supply.classes(self.stack, programme, 64, 100000)),
                     "persons": supply.write_lines(self.folder, "persons", self.person_ids), "stride": 7919}
        self.paths = supply.write_lines(self.folder, "paths", ["/v1/persons/" + person for person in self.person_ids])
        self.figure = supply.write_lines(self.folder, "figure", ["/v1/figures?metric=persons.active&authority=VN"])

    def singles(self):
        rows = []
        for clients in (64, 256):
            enrols, events = Row("peer", "/s"), Row("peer", "/s")
            rows.append((self.row("enrol one person, HTTP, %d connections" % clients, "/s", ("times peer", 2), enrols), enrols,
                         self.row("one event, a hiring, HTTP, %d connections" % clients, "/s", ("times peer", 2), events),
                         events, clients))
        for _ in self.rounds():
            for nominate, enrols, event, events, clients in rows:
                self.measure(nominate, "load", "nominate", work="nominate", connections=clients, seconds=2.5, **self.open)
                self.measure_peer(enrols, ["enrol.sql"], clients, 2)
                self.measure(event, "load", "hired", work="event", connections=clients, seconds=2.5)
                self.measure_peer(events, ["hired.sql"], clients, 2)
        self.say("singles: " + "; ".join("%s %.0f" % (row.work, median(row.values)) for row in self.rows[-4:]))

    def bulk(self):
        hired, mixed = Row("peer", "/s"), Row("peer", "/s")
        rows = {"http hired": self.row("new people, HTTP batches of 500, 8 connections", "/s", ("at least", 40000), hired),
                "http mixed": self.row("updates and transfers, HTTP batches of 500", "/s", ("at least", 40000), mixed),
                "door roster": self.row("provinces' new people by the door, in order", "/s", ("at least", 100000), hired),
                "door hired": self.row("new people by the door, scattered", "/s", None, hired)}
        with Watch(self):
            for _ in self.rounds():
                for name, row in rows.items():
                    way, events = name.split()
                    more = {"work": "events", "connections": 8} if way == "http" else {"sockets": 4, "flight": 6}
                    self.measure(row, "load" if way == "http" else "door", events, events=events, seconds=3, **more)
                self.measure_peer(hired, ["hired-many.sql"], 4, 3, 500)
                self.measure_peer(mixed, ["mixed-many.sql"], 4, 3, 500)
            self.say("bulk: " + "; ".join("%s %.0f" % (name, median(row.values)) for name, row in rows.items()))
            registry.rosters(self, ROSTER_PEOPLE)
            written, done = self.stack.written()["enrollment"], self.next["mixed"]
            registry.sustained(self, SUSTAINED_S)
        time.sleep(11)  # the last memtable is flushed when it is ten seconds old
        self.notes.append("Disk bytes the enrollment process wrote an event over the scattered %d s, flushes after it "
                          "included: %.0f." % (SUSTAINED_S, (self.stack.written()["enrollment"] - written) /
                                               max(1, self.next["mixed"] - done)))
        row = self.row("private memory at full load, all five", "MiB", ("at most", MEMORY_MIB + 512))
        row.add(max(self.peak.values()) / MIB)
        self.notes.append("At full load, at the highest: %s MiB."
                          % ", ".join("%s %.0f" % (name, size / MIB) for name, size in self.peak_parts.items()))

    def queries(self):
        peer = Row("peer", "/s")
        person = self.row("read a person, HTTP, 64 connections", "/s", None, peer)
        figure = self.row("read a national figure, HTTP, 64 connections")
        for _ in self.rounds():
            self.measure(person, "load", "paths", work="get", connections=64, paths=self.paths, seconds=2)
            self.measure_peer(peer, ["read.sql"], 64, 2)
            self.measure(figure, "load", "paths", work="get", connections=64, paths=self.figure, seconds=2)

    def school(self):
        """Nominations, exams and certificates of one cohort, no larger than there are people."""
        count = min(COHORT_ROOMS, len(self.person_ids) // supply.COHORT_ROOM)
        if count < ROUNDS:
            raise RuntimeError("%d people are too few for classes of %d" % (len(self.person_ids), supply.COHORT_ROOM))

        def nominate():
            self.rooms, self.cohort = supply.cohort(self.stack, self.folder, self.load, count, self.person_ids)
            return count * supply.COHORT_ROOM
        self.kind("nominated, and present at a session", "enrollment", nominate)
        row = self.row("an exam of 10 questions, start and submit", "/s", ("at least", 5000))

        each = count * supply.COHORT_ROOM // ROUNDS

        def sit():
            return sum(self.measure(row, "load", "exam", work="exam", connections=64, count=each, seconds=15,
                                    **self.cohort)["done"] for _ in range(ROUNDS))
        self.kind("an exam, started and submitted", "assessment", sit)
        certificates.issue(self, self.rooms)

    def restarts(self):
        ready = self.row("enrollment killed under full load: /readyz again", "s", ("at most", 2))
        answer = self.row("the same: next event accepted", "s")
        for _ in self.rounds():
            noise = self.noise()
            time.sleep(3 * SCALE)
            self.kill_enrollment(ready, answer)
            noise.kill()
            noise.wait()
        row = self.row("the whole stack killed under full load: ready again", "s", ("at most", 2))
        for _ in self.rounds():
            noise = self.noise()
            time.sleep(3 * SCALE)
            self.stack.kill()
            noise.kill()
            noise.wait()
            began = time.monotonic()
            self.stack.start()
            row.add(time.monotonic() - began)

    def kill_enrollment(self, ready, answer):
        began = time.monotonic()
        kill(self.stack.pids()["enrollment"])
        self.down(began, ready, answer)

    def noise(self):
        words = self.words("door", dict(events="mixed", first=self.next["mixed"], seconds=60, sockets=4, flight=6))
        self.next["mixed"] += int(1200000 * SCALE) // ROUNDS  # it does not come that far
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

    def only(self, names):
        works = {"asking": lambda: registry.asking(self, SCALE), "sizes": lambda: registry.sizes(self, SIZE_AFTER_ALL),
                 "killed": lambda: registry.killed(self, SCALE), "certificates": self.school, **self.presented()}
        if set(names) - set(works):
            raise SystemExit("bench: BENCH_ONLY knows %s" % ", ".join(works))
        self.load_nation()
        self.stack.settle()
        self.prepare()
        if "certificates" not in names and any(name in self.presented() for name in names):
            self.school()
        for name, work in works.items():  # in this order: what was revoked is presented no more
            if name in names:
                work()

    def presented(self):
        """What lives on the certificates of school."""
        return {"verify": lambda: certificates.verify(self), "passport": lambda: certificates.passport(self, SCALE),
                "status": lambda: certificates.status(self),
                "correction": lambda: certificates.correction(self), "log": lambda: certificates.log(self, SCALE, QUICK)}

    def run(self):
        self.say("disk: %s" % filesystem(self.folder))
        self.stack.start()
        self.stack.prepare()
        if ONLY:
            self.only(ONLY)
            return
        self.nation()
        self.prepare()
        self.each_kind()
        self.singles()
        self.bulk()
        self.queries()
        self.peer.stop()
        self.school()
        for work in self.presented().values():
            work()
        registry.asking(self, SCALE)
        registry.sizes(self, SIZE_AFTER_ALL)
        registry.killed(self, SCALE)
        self.restarts()

    def close(self):
        self.stack.stop()
        self.peer.stop()
        if os.environ.get("BENCH_KEEP", "") == "":
            shutil.rmtree(self.folder, ignore_errors=True)

    def report(self, load_before, seconds):
        lines = ["# make bench\n",
                 "%s, %d cores, load before %.2f, %.0f s%s. Disk: %s. Ours: five processes, --memory %d; peer: %s, "
                 "fsync and synchronous_commit on, shared_buffers 512MB, else defaults, with %d people; for each event one "
                 "prepared statement with the same rows (a hiring: journal, person, staff code, history, event id, three "
                 "words of the name, two blocks); in bulk 500 events as one set. Absolute numbers are of this run on this "
                 "machine, generators included; compare the ratios.\n"
                 % (time.strftime("%Y-%m-%d %H:%M"), os.cpu_count(), load_before, seconds,
                    ", QUICK: a smoke run, not a measurement" if QUICK else "", filesystem(self.folder), MEMORY_MIB,
                    self.peer.version or "none in this run", PEOPLE),
                 write_table(HEAD, [row.cells() for row in self.rows])]
        lines.append(write_table(["kind", "service", "facts", "rows", "journal bytes", "journal bytes a fact"], self.kinds))
        lines.append("Where it is limited, the round in the middle of each (of one core = 100 %; cores busy: of all):\n")
        lines.append(write_table(limits.HEAD, [limits.cells(row) for row in self.rows if row.looks]))
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
