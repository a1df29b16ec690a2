#!/usr/bin/python3 -B
"""The reorganisation of July 2025 at its full size: the 63 provinces of the list of 2024, with
people in them, become 34 by one bounded call each, while events under the old codes keep
coming in and enrollment is killed in between. Afterwards nobody is lost, old codes answer,
and every figure, as of then and as of now, is what a recount of the journal comes to.

Of the communes before July 2025 there is no list here: the provinces are leaves in this test."""

import csv
import json
import os
import random
import threading

from deployment import *

DATA = os.path.join(ROOT, "tests", "data")
BEFORE, AFTER, DECREE = (os.path.join(DATA, name) for name in (
    "vietnam-provinces-2024.csv", "vietnam-units-2025.csv", "vietnam-predecessors-2025.csv"))
MONTHS = ["2025-%02d" % month for month in range(1, 9)]
PEOPLE_PER_PROVINCE, PER_PUSH = 150, 50


def table(path):
    with open(path, encoding="utf-8") as file:
        return list(csv.DictReader(file))


class Provinces:
    """Who hires whom: pushes hirings and keeps what was accepted."""

    def __init__(self, deployment, token, codes, seed):
        self.http = deployment.http(token)
        self.random = random.Random(seed)
        self.codes, self.name, self.accepted = codes, "s%d" % seed, []

    def push(self, code, count):
        """Events of one province with dates all over the months; the old code is their source."""
        batch = []
        for _ in range(count):
            number = "%s-%d" % (self.name, len(self.accepted) + len(batch))
            day = "%s-%02d" % (self.random.choice(MONTHS), self.random.randint(1, 28))
            batch.append(event("hired", "/authorities/%s/hr" % code, number, number, hired(on=day)))
        body, headers = events_batch(batch)
        results = self.http.keep("POST", "/v1/events", body, headers=headers)["results"]
        bad = [result for result in results if result["outcome"] not in ("accepted", "duplicate")]
        if bad:
            raise Refused("of province %s: %s" % (code, bad[0]))
        self.accepted += [(code, one["subject"]) for one in batch]


class Stream(threading.Thread):
    """Events that keep coming in, from everywhere, until told to stop."""

    def __init__(self, provinces):
        super().__init__(daemon=True)
        self.provinces, self.stop, self.failure = provinces, threading.Event(), None

    def run(self):
        try:
            while not self.stop.is_set():
                self.provinces.push(self.provinces.random.choice(self.provinces.codes), PER_PUSH)
        except Exception as error:
            self.failure = "%s: %s" % (type(error).__name__, error)

    def end(self):
        self.stop.set()
        self.join(60)
        if self.failure or self.is_alive():
            raise Refused(self.failure or "it does not end")


class Recount:
    """Every figure once more, from the facts in their order."""

    def __init__(self, deployment):
        self.parent, self.before, self.own = {}, {}, {}
        self.mergers = 0
        for line in deployment.ctl("follow", "enrollment", "--once").stdout.splitlines():
            entry = json.loads(line)
            self.take(entry["fact"], entry["data"])

    def take(self, name, body):
        if name == "AuthorityRegistered":
            self.parent[body["authority"]["authorityId"]] = body["authority"].get("parentId", "")
        elif name == "AuthorityMerged":
            self.before[body["authorityId"]] = self.parent[body["authorityId"]]
            self.parent[body["authorityId"]] = body["intoId"]
            self.mergers += 1
        elif name == "PersonHired":
            on = body.get("effectiveDate") or body["change"]["effectiveDate"]
            self.add(self.own, (body["authorityId"], on[:7]))

    def above(self, authority, month):
        """Itself and all above it in the tree of that month; of today without one."""
        while authority:
            yield authority
            early = month and month <= "2025-06" and authority in self.before
            authority = (self.before if early else self.parent)[authority]

    @staticmethod
    def add(sums, key, value=1):
        sums[key] = sums.get(key, 0) + value

    def sums(self, of_then):
        """Flows by the tree of their month, or by today's; the stock with month ""."""
        sums = {}
        for (authority, month), value in self.own.items():
            for at in self.above(authority, month if of_then else ""):
                self.add(sums, (at, month), value)
            for at in self.above(authority, ""):
                self.add(sums, (at, ""), value)
        return sums


def figures(http, metric, units, depth=1):
    """(authority id, month) -> value, summed over categories; a row that comes twice is an error."""
    answer = http.must("GET", "/v1/figures?metric=%s&authority=VN&depth=%d&units=%s" % (metric, depth, units))
    sums, seen = {}, set()
    for one in answer["figures"]:
        row = (one["authorityId"], one["category"], one["month"])
        if row in seen or one["masked"]:
            raise Refused("row %s comes twice or is masked" % (row,))
        seen.add(row)
        key = (one["authorityId"], one["month"])
        sums[key] = sums.get(key, 0) + int(one["value"])
    return sums


def authorities(http, of_day):
    answer = http.must("GET", "/v1/authorities/VN/children?pageSize=1000" + ("&asOf=" + of_day if of_day else ""))
    return {one["authorityId"]: one for one in answer["authorities"]}


def prepare(report, d):
    """The provinces of 2024 and their people. Who pushes, and what the tree was."""
    d.ctl("units", BEFORE, "--version", "2024", "--valid-from", "2004-01-01", "--valid-to", "2025-06-30", "--quiet")
    token = d.grant(["PROVINCE_SYSTEM", "HR_OFFICER", "DASHBOARD"], "VN")
    codes = [row["code"] for row in table(BEFORE)]
    provinces = Provinces(d, token, codes, 1)
    for code in codes:
        provinces.push(code, PEOPLE_PER_PROVINCE)
    report.note("%d people in %d provinces" % (len(provinces.accepted), len(codes)))
    return token, provinces


def reorganise(report, d, token, codes):
    """The decree while events come in, cut off by a kill and run again. What was pushed meanwhile."""
    stream = Stream(Provinces(d, token, codes, 2))
    stream.start()
    wait_until("events come in", lambda: len(stream.provinces.accepted) > 10 * PER_PUSH)
    part = os.path.join(d.folder, "part.csv")
    rows = table(DECREE)
    chosen = set(sorted({row["new"] for row in rows})[:17])
    with open(part, "w", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows(row for row in rows if row["new"] in chosen)
    words = ("units", "--predecessors", "--quiet")
    d.ctl(*words, part)
    d.kill("enrollment")
    d.wait_ready()
    again = d.ctl(*words, DECREE)
    unchanged = d.ctl(*words, DECREE)
    report.check("the decree again changes nothing",
                 unchanged.stdout.startswith("0 coded, 0 renamed, 0 merged, 0 split, 97 unchanged, 0 refused"),
                 unchanged.stdout)
    report.note(again.stdout.strip())
    before = len(stream.provinces.accepted)
    wait_until("events go on", lambda: stream.failure or len(stream.provinces.accepted) > before + 10 * PER_PUSH)
    stream.end()
    report.note("%d people hired meanwhile" % len(stream.provinces.accepted))
    return stream.provinces.accepted


def check_tree(report, http):
    now, then = authorities(http, ""), authorities(http, "2025-06-30")
    expected = {row["code"]: row["name"] for row in table(AFTER) if row["parent_code"] == ""}
    report.check("34 provinces stand below the nation, by the names and codes of the new list",
                 {one["code"]: one["name"] for one in now.values()} == expected, sorted(o["code"] for o in now.values()))
    report.check("as of the day before there were 63, by their old names",
                 {one["name"] for one in then.values()} == {row["name"] for row in table(BEFORE)}, len(then))
    wrong = []
    for row in table(DECREE):
        old = http.must("GET", "/v1/authorities/vn-units:2024:%s" % row["old"])
        new = http.must("GET", "/v1/authorities/vn-units:2025:%s" % row["new"])
        successors = [one["authorityId"] for one in old.get("successors", [])]
        if old["authorityId"] != new["authorityId"] and successors != [new["authorityId"]]:
            wrong.append(row["old"])
    report.check("each old code answers and names its successor", not wrong, wrong)
    return now, then


def check_figures(report, http, recount, now, then):
    active, flows_now = figures(http, "persons.active", "now"), figures(http, "persons.hired", "now")
    sums = recount.sums(False)
    nation = next(iter(now.values()))["parentId"]
    listed = set(now) | {nation}
    wanted = {key: value for key, value in sums.items() if key[0] in listed}
    report.check("people in service are exact for the nation and each of the 34",
                 active == {key: value for key, value in wanted.items() if key[1] == ""}, len(active))
    report.check("as of now, the 34 have all that was ever counted at their predecessors",
                 flows_now == {key: value for key, value in wanted.items() if key[1] != ""}, len(flows_now))
    report.check("stocks are the same as of then", figures(http, "persons.active", "then") == active)

    # Below the nation those that left it are listed up to June, with all that they count of those months.
    flows_then = figures(http, "persons.hired", "then")
    left = set(then) - set(now)
    wanted = {(at, month): value for (at, month), value in recount.sums(True).items()
              if month and (at in listed or (at in left and month <= "2025-06"))}
    report.check("as of then, the 63 have what was counted in the tree of the time", flows_then == wanted,
                 sorted(set(flows_then.items()) ^ set(wanted.items()))[:4])
    report.check("the nation is the same both ways", all(flows_then[nation, month] == flows_now[nation, month]
                                                         for month in MONTHS))


def check_people(report, http, recount, accepted):
    """Nobody is lost: counted by facts, and found under the old code."""
    report.check("everyone who was accepted is counted once", sum(recount.own.values()) == len(accepted),
                 "%d of %d" % (sum(recount.own.values()), len(accepted)))
    chosen = random.Random(3).sample(accepted, 60)
    lost = [(code, staff) for code, staff in chosen
            if len(http.must("GET", "/v1/persons?authority=%s&staffCode=%s" % (code, staff)).get("persons", [])) != 1]
    report.check("people are found under their old codes", not lost, lost[:3])


def test(report):
    with Deployment(memory_mib=64) as d:
        d.start()
        token, provinces = prepare(report, d)
        meanwhile = reorganise(report, d, token, provinces.codes)
        d.wait_followed()
        http = d.http(token)
        now, then = check_tree(report, http)
        recount = Recount(d)
        report.check("29 mergers were one fact each", recount.mergers == 29, recount.mergers)
        check_figures(report, http, recount, now, then)
        check_people(report, http, recount, provinces.accepted + meanwhile)
        before = {units: figures(http, "persons.hired", units) for units in ("then", "now")}
        d.kill("enrollment")
        wait_until("figures answer again", lambda: figures(http, "persons.active", "now"))
        report.check("after another kill the figures are the same",
                     before == {units: figures(http, "persons.hired", units) for units in ("then", "now")})
        with report.case("the units of the new list join the tree"):
            done = d.ctl("units", AFTER, "--valid-from", "2025-07-01", "--quiet")
            assert done.stdout.startswith("3321 added, 34 unchanged, 0 refused"), done.stdout
        d.wait_followed()
        d.stop()
        with report.case("each state is what its journal makes of it"):
            d.ctl("verify", timeout_s=120)


if __name__ == "__main__":
    main(test)
