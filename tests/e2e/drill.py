#!/usr/bin/python3 -B
"""The day a disk dies: a backup taken under load, a service's folder gone entirely, restored
from the backup; followers that were ahead stop and say why, `matricula rejoin` shows what
is lost and mends, and then everything works again and verifies.

Once with certificate, whose folder vanishes under the running deployment, then with
enrollment, which all others follow."""

import json
import os
import re
import shutil
import threading

import story
from deployment import *

PROVINCE, SCHOOL = "DR", "DS"


class Load(threading.Thread):
    """A province that pushes and a school that runs classes, until told to stop."""

    def __init__(self, deployment, token, name):
        super().__init__(daemon=True)
        self.d, self.token, self.name, self.stop = deployment, token, name, threading.Event()
        self.events, self.classes, self.failure, self.pushed_at = {}, [], None, {}

    def run(self):
        client = self.d.http(self.token)
        try:
            while not self.stop.is_set():
                for _ in range(5):
                    self.push(client)
                self.whole_class(client)
        except Exception as error:
            self.failure = "%s: %s" % (type(error).__name__, error)

    def push(self, client):
        number = len(self.events)
        sent = [event("hired", "/authorities/%s/hr" % PROVINCE, "%s-%d" % (self.name, number + n),
                      "%s-%06d" % (self.name, number + n), hired()) for n in range(20)]
        body, headers = events_batch(sent)
        results = client.keep("POST", "/v1/events", body, headers=headers)["results"]
        bad = [r for r in results if r["outcome"] not in ("accepted", "duplicate")]
        if bad:
            raise Refused(str(bad[0]))
        for one in sent:
            self.events[one["id"]] = one

    def whole_class(self, client):
        codes = ["%s-C%04d-%d" % (self.name, len(self.classes), n) for n in range(3)]
        people = story.hire(client, self.token, SCHOOL, codes)
        done = story.School(client, SCHOOL, self.token).whole_class(people)
        self.classes.append(dict(done, people=people))

    def end(self):
        self.stop.set()
        self.join(120)
        if self.failure or self.is_alive():
            raise Refused("the load: %s" % (self.failure or "is stuck"))


def make(d):
    d.add_authority("VN", "", "nation")
    d.add_authority(PROVINCE, "VN", "province")
    d.add_authority(SCHOOL, PROVINCE, "school")
    token = d.grant([r for r in ROLES if r not in ("LEARNER", "OPERATOR")], "VN")
    d.wait_followed()
    return token


def wipe(d, service):
    """All of it, also what a server that is just being started puts there."""
    home = os.path.join(d.data, service)
    for _ in range(20):
        shutil.rmtree(home, ignore_errors=True)
        if not os.path.exists(home):
            return


def stopped_feeds(d):
    """{(follower, producer): reason} as `matricula status --json` says it."""
    shown = json.loads(d.ctl("status", "--json").stdout)
    return {(service, feed["producer"]): feed.get("reason", "") for service, status in shown.items() if status
            for feed in status.get("feeds", []) if feed["state"] == "stopped"}


def wait_stopped(report, d, wanted, what):
    """Those feeds stop, with a reason that names an entry; plain status shows it too."""
    found = wait_until("%s stop" % sorted(wanted),
                       lambda: (lambda s: s if set(s) >= wanted else None)(stopped_feeds(d)), 60)
    report.check("%s: followers that were ahead stop, and only they" % what, set(found) == wanted, found)
    report.check("%s: each says why" % what, all(re.search(r"entry \d+", r) and re.search(
        r"hash|not in this journal|incarnation", r) for r in found.values()), found)
    text = d.ctl("status").stdout
    report.check("%s: matricula status says it to people" % what, "stopped" in text and
                 all(reason[:20] in text for reason in found.values()), text[-300:])
    for (follower, producer), reason in found.items():
        report.note("%s of %s: %s" % (follower, producer, reason))
    return found


def rejoin(report, d, feeds, what):
    for follower, producer in sorted(feeds):
        before = d.status(follower).seq
        shown = d.ctl("rejoin", follower, producer, "--dry-run")
        said = shown.stdout + shown.stderr
        report.check("%s: rejoin --dry-run shows what %s loses of %s" % (what, follower, producer),
                     re.search(r"\d+", said), said)
        report.note("%s %s: %s" % (follower, producer, " / ".join(said.strip().splitlines()[:3])[:300]))
        report.check("%s: and changes nothing" % what, d.status(follower).seq == before and
                     (follower, producer) in stopped_feeds(d))
        done = d.ctl("rejoin", follower, producer, check=False)
        report.check("%s: rejoin mends the feed" % what, done.returncode == 0, done.stderr)
    wait_until("no feed is stopped", lambda: not stopped_feeds(d), 60)
    d.wait_followed()
    again = d.ctl("rejoin", *sorted(feeds)[0], check=False)
    report.check("%s: a feed that runs is not rejoined" % what, again.returncode != 0 and again.stderr, again.stdout)


def everything_works(report, d, token, what):
    with report.case("%s: a class goes from nomination to certificates again" % what):
        client = d.http(token)
        people = story.hire(client, token, SCHOOL, ["AFTER-%s-%d" % (what, n) for n in range(3)])
        done = story.School(client, SCHOOL, token).whole_class(people)
        for certificate in done["certificates"].values():
            verify(client, certificate)
        wait_until("their messages", lambda: client.must("GET",
                                                         "/v1/persons/%s/messages" % people[0]).get("messages"), 30)
    checked = d.ctl("verify", check=False, timeout_s=300)
    report.check("%s: matricula verify is clean" % what, checked.returncode == 0, checked.stdout + checked.stderr)


def verify(client, certificate):
    credential = client.get("/v1/certificates/" + certificate)
    if credential.status != 200:
        raise Refused("certificate %s: %s" % (certificate, credential))
    verdict = client.must("POST", "/v1/certificates:verify", {"credential": credential.json})
    if verdict["verdict"] != "valid":
        raise Refused("certificate %s: %s" % (certificate, verdict))


def backup_under_load(report, d, token, dest, name):
    """The load's classes known before the backup began, and all of them at the end."""
    load = Load(d, token, name)
    load.start()
    wait_until("the load runs", lambda: len(load.classes) >= 2 or load.failure, 90)
    before = (dict(load.events), list(load.classes))
    done = d.ctl("backup", dest, check=False)
    report.check("%s: a backup is made under load" % name, done.returncode == 0 and
                 os.path.exists(os.path.join(dest, "MANIFEST")), done.stderr)
    taken = len(load.classes)
    wait_until("the load goes on", lambda: len(load.classes) >= taken + 2 or load.failure, 90)
    load.end()
    d.wait_followed()
    report.note("%s: %d events and %d classes before the backup, %d and %d at the end" % (
        name, len(before[0]), len(before[1]), len(load.events), len(load.classes)))
    return before, load


def lose_certificate(report, d, token, folder):
    dest = os.path.join(folder, "backup-1")
    (_, before), load = backup_under_load(report, d, token, dest, "L1")
    d.kill("certificate")
    wipe(d, "certificate")
    os.makedirs(os.path.join(d.data, "certificate"), mode=0o700, exist_ok=True)    # a new disk is mounted, empty
    feed = ("notification", "certificate")
    with report.case("certificate: when the folder is gone under the running deployment, its follower stops too"):
        wait_until("it stops", lambda: feed in stopped_feeds(d), 60)
    report.check("certificate: it stops cleanly all the same", d.stop() == 0)
    if os.path.exists(os.path.join(d.data, "certificate")):
        wipe(d, "certificate")
    done = d.ctl("restore", dest, "--service", "certificate", check=False)
    report.check("certificate: restored from the backup", done.returncode == 0, done.stderr)
    d.start()
    wait_stopped(report, d, {feed}, "certificate")
    rejoin(report, d, {feed}, "certificate")
    client = d.http(token)
    with report.case("certificate: what was issued before the backup is valid"):
        for row in before:
            for certificate in row["certificates"].values():
                verify(client, certificate)
    with report.case("certificate: completions since then are listed again and can be approved"):
        school = story.School(client, SCHOOL, token)
        lost = [row for row in load.classes
                if any(client.get("/v1/certificates/" + c).status == 404 for c in row["certificates"].values())]
        assert lost, "the backup held everything: nothing was tried"
        for row in lost:
            school.wait_completions(row["class"], 3)
            if not school.completion_list(row["class"])["list"].get("approvedBy"):
                school.approve(row["class"])
            for certificate in school.wait_issued(row["class"], 3).values():
                verify(client, certificate)
    everything_works(report, d, token, "certificate")


def lose_enrollment(report, d, token, folder):
    dest = os.path.join(folder, "backup-2")
    (events, _), load = backup_under_load(report, d, token, dest, "L2")
    report.check("enrollment: it stops cleanly", d.stop() == 0)
    wipe(d, "enrollment")
    done = d.ctl("restore", dest, "--service", "enrollment", check=False)
    report.check("enrollment: restored from the backup", done.returncode == 0, done.stderr)
    d.start()
    feeds = {(service, "enrollment") for service in SERVICES if "enrollment" in FOLLOWS[service]}
    wait_stopped(report, d, feeds, "enrollment")
    rejoin(report, d, feeds, "enrollment")
    client = d.http(token)
    with report.case("enrollment: what was acknowledged before the backup is there, the rest is taken again"):
        outcomes = {}
        sent = list(load.events.values())
        for at in range(0, len(sent), 500):
            body, headers = events_batch(sent[at:at + 500])
            for result in client.keep("POST", "/v1/events", body, headers=headers)["results"]:
                outcomes[result["id"]] = result["outcome"]
        missing = [id for id in events if outcomes[id] != "duplicate"]
        assert not missing, "acknowledged before the backup and not in it: %s" % missing[:5]
        assert set(outcomes.values()) <= {"duplicate", "accepted"}, set(outcomes.values())
        assert "accepted" in outcomes.values(), "the backup held everything: nothing was tried"
        for code in [one["subject"] for one in sent[::max(1, len(sent) // 50)]]:
            story.person_of(client, token, PROVINCE, code)
    everything_works(report, d, token, "enrollment")


def whole_elsewhere(report, folder):
    """The backup as a whole, on a machine that never was: it needs the keys besides."""
    with report.case("a whole backup restores into an empty folder and verifies"):
        data = os.path.join(folder, "elsewhere")
        os.makedirs(data)
        shutil.copytree(os.path.join(folder, "d", "keys"), os.path.join(data, "keys"))
        with Deployment(data, memory_mib=64) as other:
            other.log_path = os.path.join(folder, "elsewhere.log")
            other.ctl("restore", os.path.join(folder, "backup-2"))
            other.start()
            other.wait_followed()
            other.ctl("verify", timeout_s=300)
            assert not stopped_feeds(other)


def refusals(report, d, folder):
    dest = os.path.join(folder, "backup-1")
    again = d.ctl("backup", dest, check=False)
    report.check("a backup does not overwrite another", again.returncode != 0 and "already" in again.stderr,
                 again.stderr)
    running = d.ctl("restore", dest, check=False)
    report.check("restore refuses while servers run", running.returncode != 0 and running.stderr, running.stdout)
    nothing = d.ctl("restore", os.path.join(folder, "no-such"), check=False)
    report.check("restore refuses what is no backup", nothing.returncode != 0 and nothing.stderr, nothing.stdout)


def test(report):
    with Deployment(memory_mib=64) as d:
        d.start()
        token = make(d)
        for part, more in ((lose_certificate, (token, d.folder)), (refusals, (d.folder,)),
                           (lose_enrollment, (token, d.folder))):
            with report.case(part.__name__ + " ran"):
                part(report, d, *more)
        d.stop()
        whole_elsewhere(report, d.folder)


if __name__ == "__main__":
    main(test)
