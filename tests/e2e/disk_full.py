#!/usr/bin/python3 -B
"""A disk that runs full, and a process that stands still.

Enrollment's folder lies on a small disk of its own (ext4 on a loop device, else tmpfs).
Before it is full, commands are refused with a clear sentence while reads live on; when it
is full to the last byte under load, nothing that was acknowledged is lost and all goes
on once there is room. Then services are stopped with SIGSTOP: the others live, and the
stopped one catches up.

Needs root for the disk; without it that part is skipped."""

import os
import shutil
import signal
import subprocess
import tempfile
import threading
import time

import story
from deployment import *

DISK_MIB = 256
MEMORY_MIB = 32          # the smallest budget: a reserve of 16 MiB + two flushes of 8
RESERVE_MIB = 32
FULL_S = 4
STOPPED_S = 5


class Disk:
    def __init__(self, folder, mount):
        self.image, self.mount = os.path.join(folder, "disk.img"), mount
        os.makedirs(mount)
        subprocess.run(["truncate", "-s", "%dM" % DISK_MIB, self.image], check=True)
        made = subprocess.run(["mkfs.ext4", "-q", "-m", "0", self.image], capture_output=True)
        self.kind = "ext4"
        if made.returncode != 0 or subprocess.run(["mount", "-o", "loop", self.image, mount],
                                                  capture_output=True).returncode != 0:
            self.kind = "tmpfs"
            done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=%dm" % DISK_MIB, "tmpfs", mount],
                                  capture_output=True, text=True)
            if done.returncode != 0:
                raise Skip("neither a loop device nor tmpfs can be mounted: %s" % done.stderr.strip())
        self.ballast = os.path.join(mount, "ballast")

    def free_mib(self):
        at = os.statvfs(self.mount)
        return at.f_bavail * at.f_frsize / (1 << 20)

    def fill(self, left_mib):
        """Real blocks, at one stroke, until so much is left; 0: to the last byte."""
        with open(self.ballast, "ab") as file:
            try:
                while self.free_mib() > left_mib + 1:
                    more = int(self.free_mib() - left_mib - 0.5) << 20
                    os.posix_fallocate(file.fileno(), os.fstat(file.fileno()).st_size, max(more, 1 << 20))
                while left_mib == 0:
                    file.write(b"\xaa" * 4096)
                    file.flush()
                os.fsync(file.fileno())
            except OSError:
                pass

    def room(self):
        with open(self.ballast, "w"):
            pass
        os.unlink(self.ballast)

    def close(self):
        for _ in range(50):
            if subprocess.run(["umount", self.mount], capture_output=True).returncode == 0:
                return
            time.sleep(0.2)
        subprocess.run(["umount", "-l", self.mount], capture_output=True)


class Writer(threading.Thread):
    """Pushes events, each again until it is answered; keeps what was acknowledged and what was said."""

    def __init__(self, deployment, token, number):
        super().__init__(daemon=True)
        self.http, self.number, self.stop = deployment.http(token, timeout_s=20), number, threading.Event()
        self.told, self.refusals, self.failure, self.next = {}, {}, None, 0

    def run(self):
        try:
            while not self.stop.is_set():
                self.push()
        except Exception as error:
            self.failure = repr(error)

    def push(self):
        self.next += 1
        events = [event("hired", "/authorities/DF/hr", "w%d-%d-%d" % (self.number, self.next, n),
                        "W%d-%05d-%02d" % (self.number, self.next, n), hired()) for n in range(10)]
        body, headers = events_batch(events)
        until = time.monotonic() + 90
        while True:
            try:
                answer = self.http.request("POST", "/v1/events", body, headers=headers)
                if answer.status == 200:
                    break
                self.refusals[answer.status] = answer.problem[2]
                if answer.status not in (429, 503, 504):
                    raise Refused(str(answer))
                time.sleep(0.1)
            except OSError:
                time.sleep(0.1)
            if time.monotonic() > until:
                raise Refused("event batch %d was not answered" % self.next)
        for sent, result in zip(events, answer.json["results"]):
            if result["outcome"] not in ("accepted", "duplicate"):
                raise Refused(str(result))
            self.told[sent["id"]] = sent


def make(d):
    d.add_authority("VN", "", "nation")
    d.add_authority("DF", "VN", "province")
    return d.grant([r for r in ROLES if r not in ("LEARNER", "OPERATOR")], "VN")


def push_one(client, id):
    return client.post("/v1/events", event("hired", "/authorities/DF/hr", id, "C-" + id, hired()),
                       headers={"Content-Type": "application/cloudevents+json"})


def before_it_is_full(report, d, disk, client):
    disk.fill(RESERVE_MIB - 8)
    report.note("%s, %.0f MiB left" % (disk.kind, disk.free_mib()))
    answer = wait_until("commands are refused", lambda: next(
        (a for a in [push_one(client, "x%d" % time.monotonic_ns())] if a.status != 200), None), 20)
    report.check("a command is refused with 429 or 503 and a clear sentence, before the disk is full",
                 answer.status in (429, 503) and "no space left" in answer.problem[2], answer)
    report.check("and says when to come again", int(answer.headers.get("Retry-After", 0)) > 0, dict(answer.headers))
    answer = client.post("/v1/programmes", {"authority": "DF", "code": "X", "title": "t"}, key=story.new_key())
    report.check("so is one with a key", answer.status in (429, 503) and "no space left" in answer.problem[2], answer)
    report.check("no space was used up by refusing", disk.free_mib() > RESERVE_MIB - 16, disk.free_mib())
    found = client.must("GET", "/v1/persons?authority=DF&staffCode=C-first")
    report.check("reads live on", len(found["persons"]) == 1, found)
    wait_until("readyz says 503", lambda: d.readyz() == 503, 20)
    report.ok("readyz says 503")
    disk.room()
    answer = wait_until("commands are taken again", lambda: next(
        (a for a in [push_one(client, "after")] if a.status == 200), None), 30)
    report.check("after space is freed everything goes on", answer.json["outcome"] in ("accepted", "duplicate"), answer)
    wait_until("readyz is 200 again", lambda: d.readyz() == 200, 30)
    report.ok("readyz is 200 again")


def to_the_last_byte(report, d, disk, client, token):
    writers = [Writer(d, token, n) for n in range(3)]
    for writer in writers:
        writer.start()
    wait_until("the load runs", lambda: all(len(w.told) > 50 for w in writers), 60)
    pid = d.pid("enrollment")
    disk.fill(0)
    report.note("%.2f MiB left" % disk.free_mib())
    time.sleep(FULL_S)
    report.check("enrollment outlives a disk that is full", d.pid("enrollment") == pid, d.log_tail(5))
    began = [len(w.told) for w in writers]
    disk.room()
    wait_until("events are taken again", lambda: all(len(w.told) > n for w, n in zip(writers, began)), 90)
    for writer in writers:
        writer.stop.set()
    for writer in writers:
        writer.join(100)
    report.check("the writers went through it", not any(w.failure or w.is_alive() for w in writers),
                 [w.failure for w in writers])
    said = {status: text for w in writers for status, text in w.refusals.items()}
    report.note("said meanwhile: %s" % said)
    report.check("what was refused was refused clearly", set(said) <= {429, 503, 504}, said)
    lost = check_told(client, writers)
    report.check("nothing acknowledged is lost (%d events)" % sum(len(w.told) for w in writers), not lost, lost[:5])
    d.kill("enrollment")
    d.wait_ready()
    lost = check_told(client, writers)
    report.check("nor after kill -9", not lost, lost[:5])


def check_told(client, writers):
    lost = []
    for writer in writers:
        events = list(writer.told.values())
        for at in range(0, len(events), 500):
            body, headers = events_batch(events[at:at + 500])
            results = client.keep("POST", "/v1/events", body, headers=headers)["results"]
            lost += [r for r in results if r["outcome"] != "duplicate"]
    return lost


def standing_still(report, d, client, token):
    school = story.School(client, "DF", token)
    people = story.hire(client, token, "DF", ["STOP-%d" % n for n in range(3)])
    cls = school.open_class(school.programme(), seats=5)
    try:
        d.signal("assessment", signal.SIGSTOP)
        until = time.monotonic() + STOPPED_S
        served = 0
        while time.monotonic() < until:
            assert push_one(client, "stop-%d" % served).status == 200
            client.must("GET", "/v1/classes/" + cls)
            served += 1
        for person in people:
            school.nominate(cls, person)
        report.check("while assessment stands still the others live (%d events)" % served, served > 5)
        answer = client.get("/v1/attempts/%s" % people[0])
        report.check("and what needs it is refused by name", answer.status in (503,
            504) and "assessment" in str(answer),
                     answer)
        report.check("readyz says 503", d.readyz() == 503)
    finally:
        d.signal("assessment", signal.SIGCONT)
    d.wait_ready()
    exam = school.exam(cls)
    marks = [school.submit(school.start(exam, person)) for person in people]
    report.check("it catches up and grades who was enrolled meanwhile", marks == [100] * 3, marks)
    try:
        d.signal("enrollment", signal.SIGSTOP)
        time.sleep(1)
        wait_until("the gateway notices", lambda: d.readyz() == 503, 20)
        answer = client.post("/v1/programmes", {"authority": "DF", "code": "S", "title": "t"}, key="stopped-1")
        report.check("while enrollment stands still its commands are refused by name",
                     answer.status in (503, 504) and "enrollment" in str(answer), answer)
        report.check("and others answer", client.get("/v1/attempts/" + people[0]).status in (400, 404))
    finally:
        d.signal("enrollment", signal.SIGCONT)
    d.wait_ready()
    first = client.keep("POST", "/v1/programmes", {"authority": "DF", "code": "S", "title": "t"}, key="stopped-1")
    again = client.keep("POST", "/v1/programmes", {"authority": "DF", "code": "S", "title": "t"}, key="stopped-1")
    report.check("the command asked again with its key is done once", first == again, (first, again))
    d.wait_followed()
    report.ok("all feeds have caught up")


def test(report):
    folder = tempfile.mkdtemp(prefix="mt-disk-")
    data = os.path.join(folder, "d")
    disk = None
    try:
        with report.case("the small disk is there"):
            if os.geteuid() != 0:
                raise Skip("mounting needs root")
            disk = Disk(folder, os.path.join(data, "enrollment"))
        with Deployment(data, memory_mib=MEMORY_MIB) as d:
            d.log_path = os.path.join(folder, "up.log")
            d.start()
            token = make(d)
            client = d.http(token)
            assert push_one(client, "first").status == 200
            d.wait_followed()
            if disk is not None:
                for part, more in ((before_it_is_full, ()), (to_the_last_byte, (token,))):
                    with report.case(part.__name__ + " ran"):
                        part(report, d, disk, client, *more)
            with report.case("standing_still ran"):
                standing_still(report, d, client, token)
            done = d.ctl("verify", check=False, timeout_s=300)
            report.check("matricula verify finds nothing wrong", done.returncode == 0, done.stdout + done.stderr)
    finally:
        if disk is not None:
            disk.close()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main(test)
