#!/usr/bin/python3
"""Real processes, killed with -9 at random moments under load, and what every client was
told held against what is there at the end.

  tests/e2e/kill.py [--count 8] [--seconds 0] [--seed N]

Clients push personnel events (single and in batches, sent again, in conflict) and run
classes from programme to certificate; each command has a key and is asked again with
it until it is answered. Meanwhile one of the four services, the gateway, or all of them
are killed, also while they recover. At the end nothing that was acknowledged may be
missing, nothing may have acted twice, chains and states verify, figures equal a
recount. Kills end after --count, or after --seconds if that is longer."""

import argparse
import collections
import http.client
import json
import random
import threading
import time

import story
from deployment import *

EVENT_CLIENTS, SCHOOL_CLIENTS, CROWD_CLIENTS = 2, 2, 2
CROWD_SEATS = 25
CROWD_PEOPLE = 200       # of one client: the shared class has a bounded waitlist
ANSWER_LIMIT_S = 180     # one request, through all restarts
PAUSE_S = 0.02           # between a client's requests: the load is steady, not a benchmark
RECOVERS_S = 90


class Told:
    """One request and the answer it got in the end."""
    __slots__ = ("verb", "path", "body", "headers", "key", "token", "status", "answer", "tries")


class Client(threading.Thread):
    """Asks until answered and keeps what it was told."""

    def __init__(self, world, name, seed):
        super().__init__(name=name, daemon=True)
        self.world, self.random = world, random.Random(seed)
        self.http = world.deployment.http(timeout_s=30)
        self.history = []
        self.failure = None
        self.unknown = 0

    def run(self):
        try:
            while not self.world.stopping.is_set():
                self.step()
                time.sleep(self.random.random() * 2 * PAUSE_S)
        except Exception as error:
            self.failure = "%s: %s" % (type(error).__name__, error)
        finally:
            self.http.close()

    def ask(self, verb, path, body=None, token=None, key=None, headers=None, also=()):
        told = Told()
        told.verb, told.path, told.key, told.token = verb, path, key, token or self.world.token
        told.body = body if body is None or isinstance(body, str) else json.dumps(body)
        told.headers = headers or ({"Content-Type": "application/json"} if body is not None else {})
        told.tries = 0
        until = time.monotonic() + ANSWER_LIMIT_S
        why = ""
        while time.monotonic() < until:
            told.tries += 1
            try:
                answer = self.http.request(verb, path, told.body, token=told.token, key=key, headers=told.headers)
                # 401 and 404 (also): a node that was restarted, or has not yet heard from another.
                if answer.status not in (429, 500, 502, 503, 504) and answer.status not in also:
                    told.status, told.answer = answer.status, answer.json if answer.body else None
                    if verb == "POST":
                        self.history.append(told)
                    return told
                why = str(answer)
                if answer.status == 500:
                    raise SystemError("%s %s: %s" % (verb, path, answer))
            except (OSError, http.client.HTTPException) as error:
                why = repr(error)
                self.unknown += 1
            time.sleep(0.02 + self.random.random() * 0.05)
        raise Refused("%s %s was not answered within %d s: %s" % (verb, path, ANSWER_LIMIT_S, why))

    def command(self, path, body, also=(401,)):
        """The reply of a command that must succeed in the end."""
        told = self.ask("POST", path, body, key=story.new_key(), also=also)
        if told.status != 200:
            raise Refused("POST %s %s: HTTP %d %s" % (path, body, told.status, told.answer))
        return told.answer


# --- events ---------------------------------------------------------------------------------------------------------

class EventClient(Client):
    """A province: every event it ever sent, by id, with the outcome that must stand."""

    def __init__(self, world, number, seed):
        super().__init__(world, "events-%d" % number, seed)
        self.authority = "E%d" % number
        self.source = "/authorities/%s/hr" % self.authority
        self.next = 0
        self.sent = {}       # id -> event as acknowledged
        self.people = {}     # staff code -> "active", "retired", "away"
        self.moved = {}      # staff code -> staff code at ET
        self.parked = []     # staff codes with an update that waits
        self.counts = collections.Counter()

    def new(self, kind, code, data, prefix="e"):
        self.next += 1
        return event(kind, self.source, "%s-%d" % (prefix, self.next), code, data)

    def new_code(self):
        self.next += 1
        return "%s-%06d" % (self.authority, self.next)

    def fresh(self):
        """One new event, as (event, outcome expected, what to note)."""
        roll = self.random.random()
        active = [code for code, state in self.people.items() if state == "active"] if roll >= 0.6 else []
        if self.parked and roll < 0.1:
            code = self.parked.pop()
            return self.new("hired", code, hired(name="Trần Văn " + code)), ("accepted",), (code, "active", "hired")
        if roll < 0.6 or not active:
            code = self.new_code()
            category = self.random.choice(("CADRE", "CIVIL_SERVANT", "PUBLIC_EMPLOYEE"))
            return (self.new("hired", code, hired(category=category)), ("accepted",), (code, "active", "hired"))
        if roll < 0.68:
            code = self.new_code()
            self.parked.append(code)
            return self.new("updated", code, {"position": "CV.02"}), ("parked",), None
        code = self.random.choice(active)
        if roll < 0.84:
            return self.new("updated", code, {"position": "CV.%02d" % self.random.randrange(99)}), ("accepted",), None
        self.people[code] = "leaving"
        if roll < 0.92:
            return (self.new("retired", code, {"effectiveDate": "2026-01-06"}), ("accepted",),
                    (code, "retired", "retired"))
        self.moved[code] = "ET-" + code
        return (self.new("transferred", code, {"toAuthority": "ET", "toStaffCode": "ET-" + code,
                                               "effectiveDate": "2026-01-06"}),
                ("accepted",), (code, "away", "transferred"))

    def again(self):
        """One that was acknowledged: the same, or another payload under its id."""
        id = self.random.choice(list(self.sent)) if len(self.sent) < 1000 else "e-%d" % self.random.randrange(self.next)
        known = self.sent.get(id)
        if known is None:
            return None
        if self.random.random() < 0.7:
            return known, ("duplicate",), None
        other = dict(known, data=dict(known["data"], effectiveDate="2026-01-07"))
        return other, ("conflict",), None

    def step(self):
        single = self.random.random() < 0.5
        items, taken = [], set()
        for _ in range(1 if single else self.random.randrange(2, 30)):
            item = self.again() if self.sent and self.random.random() < 0.25 else self.fresh()
            # One event a person and request, so that the order within it does not matter to the model.
            if item is not None and item[0]["id"] not in taken:
                taken.add(item[0]["id"])
                items.append(item)
        if items:
            self.push(items, single and len(items) == 1)

    def push(self, items, single):
        events = [item[0] for item in items]
        if not single:
            body, headers = events_batch(events)
            told = self.ask("POST", "/v1/events", body, headers=headers, also=(401,))
            results = told.answer["results"]
        else:
            told = self.push_one(events[0])
            results = [told.answer]
        if len(results) != len(events):
            raise Refused("%d results for %d events: %s" % (len(results), len(events), told.answer))
        self.history.pop()    # events are checked by id, not by key
        for (sent, outcomes, note), result in zip(items, results):
            good = outcomes + ("duplicate",) if told.tries > 1 and "conflict" not in outcomes else outcomes
            if result.get("outcome") not in good or result["id"] != sent["id"]:
                raise Refused("event %s %s: expected %s, told %s after %d tries" % (sent["id"], sent["type"], good, result,
                                                                                   told.tries))
            self.counts[result["outcome"]] += 1
            if "conflict" in outcomes:
                continue
            self.sent[sent["id"]] = sent
            if note is not None:
                code, state, what = note
                self.people[code] = state
                self.counts["people " + what] += 1

    def push_one(self, sent):
        if self.random.random() < 0.5:
            return self.ask("POST", "/v1/events", json.dumps(sent), also=(401,),
                            headers={"Content-Type": "application/cloudevents+json"})
        headers = {"ce-" + name: value for name, value in sent.items() if name not in ("data", "datacontenttype")}
        return self.ask("POST", "/v1/events", json.dumps(sent["data"]), also=(401,),
                        headers=dict(headers, **{"Content-Type": "application/json"}))


# --- classes --------------------------------------------------------------------------------------------------------

class SchoolClient(Client):
    """Classes from programme to certificate, alone in its school: every state is known exactly."""

    def __init__(self, world, number, seed):
        super().__init__(world, "school-%d" % number, seed)
        self.school = "S%d" % number
        self.classes = []     # {"id", "states", "certificates"}
        self.counts = collections.Counter()

    def hire(self, count):
        codes = ["%s-%05d-%d" % (self.school, len(self.classes), n) for n in range(count)]
        events = [event("hired", "/authorities/%s/hr" % self.school, "h-" + code, code, hired()) for code in codes]
        body, headers = events_batch(events)
        told = self.ask("POST", "/v1/events", body, headers=headers, also=(401,))
        self.history.pop()
        bad = [r for r in told.answer["results"] if r["outcome"] not in ("accepted", "duplicate")]
        if bad:
            raise Refused("hiring: %s" % bad)
        people = []
        for code in codes:
            found = self.ask("GET", "/v1/persons?authority=%s&staffCode=%s" % (self.school, code), also=(401,)).answer
            if len(found["persons"]) != 1:
                raise Refused("an acknowledged person is not found: %s %s" % (code, found))
            people.append(found["persons"][0]["personId"])
        self.counts["hired"] += count
        return people

    def step(self):
        people = self.hire(5)
        programme = self.command("/v1/programmes", {
            "authority": self.school, "code": "P%d" % len(self.classes), "title": "Bồi dưỡng", "hours": 40,
            "attendancePercentMin": 80, "markPercentMin": 50, "absencesWarnedAt": 2})["programmeId"]
        cls = self.command("/v1/classes", {
            "programmeId": programme, "seats": 3,
            "sessions": [{"beginsAt": at, "minutes": 60, "place": "A"} for at in story.PAST]})["classId"]
        row = {"id": cls, "people": people, "states": {}, "certificates": 0, "revoked": 0, "exam": None}
        self.classes.append(row)
        self.enrol(row)
        self.teach(row)
        self.certify(row)

    def enrol(self, row):
        for place, person in enumerate(row["people"]):
            state = self.command("/v1/classes/%s/enrolments" % row["id"], {"personId": person})["state"]
            want = "ENROLLED" if place < 3 else "WAITLISTED"
            if state != want:
                raise Refused("class %s: place %d of 3 seats is %s" % (row["id"], place, state))
            row["states"][person] = want
        first, moved = row["people"][0], row["people"][3]
        reply = self.command("/v1/classes/%s/enrolments/%s:withdraw" % (row["id"], first), {"reason": "ốm"})
        if reply.get("movedUpPersonId") != moved:
            raise Refused("class %s: %s moved up, not the first of the waitlist" % (row["id"], reply))
        row["states"].update({first: "WITHDRAWN", moved: "ENROLLED"})

    def teach(self, row):
        one, absent, two = row["people"][1:4]
        for session in (1, 2):
            marks = [{"personId": p, "state": "ABSENT" if p == absent else "PRESENT"} for p in (one, absent, two)]
            reply = self.command("/v1/classes/%s/sessions/%d/attendance" % (row["id"], session), {"marks": marks})
            self.counts["present"] += 2
            if reply.get("warnedPersonIds", []) != ([absent] if session == 2 else []):
                raise Refused("class %s session %d: warned %s" % (row["id"], session, reply))
        self.counts["warnings"] += 1
        exam = self.command("/v1/exams", {"classId": row["id"], "authority": self.school, "title": "Kiểm tra",
                                          "minutes": 60, "items": story.ITEMS})["examId"]
        row["exam"] = exam
        for person in (one, absent, two):
            # 409 until assessment has heard of the enrolment.
            attempt = self.command("/v1/exams/%s/attempts" % exam, {"personId": person}, also=(401, 409))["attemptId"]
            mark = self.command("/v1/attempts/%s:submit" % attempt, {"answers": story.RIGHT})["markPercent"]
            if mark != 100:
                raise Refused("attempt %s: mark %s" % (attempt, mark))
            self.counts["graded"] += 1
        row["states"].update({one: "COMPLETED", two: "COMPLETED", absent: "NOT_COMPLETED"})

    def certify(self, row):
        listed = self.wait_list(row, lambda rows: len(rows) == 2)
        if listed is None:
            return
        self.command("/v1/classes/%s/completion-list:approve" % row["id"],
                     {"decisionNumber": "7/QĐ", "decisionDate": "2026-01-14"})
        row["certificates"] = 2
        rows = self.wait_list(row, lambda rows: all(r.get("certificateId") for r in rows))
        if rows and self.random.random() < 0.3:
            self.command("/v1/certificates/%s:revoke" % rows[0]["certificateId"], {"reason": "sai tên"})
            row["revoked"] = 1

    def wait_list(self, row, good):
        """The completion rows once they are as wanted; None if the test is ending."""
        until = time.monotonic() + ANSWER_LIMIT_S
        while time.monotonic() < until:
            told = self.ask("GET", "/v1/classes/%s/completion-list" % row["id"], also=(401,))
            rows = told.answer.get("completions", []) if told.status == 200 else []
            if len(rows) > 2:
                raise Refused("class %s: %d completions" % (row["id"], len(rows)))
            if len(rows) == 2 and good(rows):
                return rows
            if self.world.stopping.is_set() and row["certificates"] == 0:
                return None
            time.sleep(0.1)
        raise Refused("completions of class %s do not come" % row["id"])


class CrowdClient(Client):
    """Many into one class at once: seats and waitlist under contention."""

    def __init__(self, world, number, seed):
        super().__init__(world, "crowd-%d" % number, seed)
        self.people = list(world.crowd[number * CROWD_PEOPLE:(number + 1) * CROWD_PEOPLE])
        self.states = {}
        self.moved_up = []
        self.version = 0

    def step(self):
        cls = self.world.crowd_class
        if self.people:
            person = self.people.pop()
            reply = self.command("/v1/classes/%s/enrolments" % cls, {"personId": person})
            self.states[person] = reply["state"]
            if self.random.random() < 0.5:
                leaving = self.random.choice([p for p, s in self.states.items() if s != "WITHDRAWN"])
                reply = self.command("/v1/classes/%s/enrolments/%s:withdraw" % (cls, leaving), {"reason": "x"})
                self.states[leaving] = "WITHDRAWN"
                if reply.get("movedUpPersonId"):
                    self.moved_up.append(reply["movedUpPersonId"])
        seen = self.ask("GET", "/v1/classes/%s" % cls).answer
        if int(seen["version"]) < self.version:
            raise Refused("class %s was seen at version %d, now at %s" % (cls, self.version, seen["version"]))
        self.version = int(seen["version"])
        if int(seen.get("seatsTaken", 0)) > CROWD_SEATS:
            raise Refused("more seats taken than there are: %s" % seen)
        time.sleep(0.05)


class World:
    def __init__(self, deployment):
        self.deployment = deployment
        self.stopping = threading.Event()
        self.token = self.crowd = self.crowd_class = None

    def make(self):
        d = self.deployment
        d.add_authority("VN", "", "nation")
        d.add_authority("PROV", "VN", "province")
        for code in ["ET", "CROWD"] + ["E%d" % n for n in range(EVENT_CLIENTS)] + ["S%d" % n
                                                                                 for n in range(SCHOOL_CLIENTS)]:
            d.add_authority(code, "PROV")
        self.token = d.grant([r for r in ROLES if r != "LEARNER"], "VN")
        client = d.http(self.token)
        codes = ["CROWD-%04d" % n for n in range(CROWD_CLIENTS * CROWD_PEOPLE)]
        self.crowd = story.hire(client, self.token, "CROWD", codes)
        school = story.School(client, "CROWD", self.token)
        self.crowd_class = school.open_class(school.programme(), seats=CROWD_SEATS)
        d.wait_followed()


# --- killing --------------------------------------------------------------------------------------------------------

def kill_loop(report, world, clients, count, seconds, rng):
    """How often each was killed."""
    d = world.deployment
    kills, began = collections.Counter(), time.monotonic()
    dead, stuck_since = {}, time.monotonic()
    while sum(kills.values()) < count or time.monotonic() - began < seconds:
        pause = rng.choice((rng.random() * 0.3, 0.3 + rng.expovariate(1.0), 1.5))
        time.sleep(min(pause, 4))
        target = rng.choice(SERVERS + ("enrollment", "all"))
        names = list(SERVERS) if target == "all" else [target]
        rng.shuffle(names)
        hit = [name for name in names if dead.get(name) != d_pid(d, name) and kill_one(d, name, dead)]
        if hit:
            kills[target] += 1
            stuck_since = time.monotonic()
        if time.monotonic() - stuck_since > RECOVERS_S:
            raise Refused("nobody is left to kill: the supervisor restarts nobody")
        failed = [c for c in clients if c.failure]
        if failed:
            break
        if sum(kills.values()) % 20 == 0 and hit:
            report.note("%d kills, %d answers" % (sum(kills.values()), sum(len(c.history) for c in clients)))
            d.wait_ready(RECOVERS_S)     # now and then all are up together
    return kills


def d_pid(d, name):
    try:
        return d.pid(name)
    except (OSError, ValueError):
        return None


def kill_one(d, name, dead):
    pid = d.kill(name)
    if pid is not None:
        dead[name] = pid
    return pid is not None


# --- the checker ----------------------------------------------------------------------------------------------------

def check_events(report, world, clients):
    d, http = world.deployment, world.deployment.http(world.token)
    total, wrong = 0, []
    for client in clients:
        sent = list(client.sent.values())
        for at in range(0, len(sent), 500):
            body, headers = events_batch(sent[at:at + 500])
            results = http.keep("POST", "/v1/events", body, headers=headers)["results"]
            wrong += [r for r in results if r["outcome"] != "duplicate"]
            total += len(results)
    report.check("%d acknowledged events answer duplicate" % total, total > 0 and not wrong, wrong[:5])

    wrong = []
    for client in clients:
        listed = list_all(http, "/v1/persons?authority=" + client.authority, "persons")
        states = {code: "active" if p["state"] == "ACTIVE" else "retired" for p in listed
                  for code in [current_code(p)]}
        model = {code: state for code, state in client.people.items() if state != "away"}
        if len(listed) != len(states) or len({p["personId"] for p in listed}) != len(listed):
            wrong.append("%s lists somebody twice" % client.authority)
        if states != model:
            differ = [(c, model.get(c), states.get(c)) for c in set(model) | set(states) if model.get(c) != states.get(c)]
            wrong.append("%s: %d differ (code, told, there): %s" % (client.authority, len(differ), differ[:5]))
        for code in client.random.sample(sorted(client.people), min(60, len(client.people))):
            found = http.keep("GET", "/v1/persons?authority=%s&staffCode=%s" % (client.authority, code))["persons"]
            if len(found) != 1:
                wrong.append("%s is found %d times" % (code, len(found)))
    moved = [new for client in clients for code, new in client.moved.items() if client.people[code] == "away"]
    there = {current_code(p) for p in list_all(http, "/v1/persons?authority=ET", "persons")}
    if set(moved) != there:
        wrong.append("transferred: %s" % (set(moved) ^ there))
    people = sum(len(c.people) for c in clients)
    report.check("%d people are there exactly once, as told" % people, people > 0 and not wrong, wrong[:5])


def current_code(person):
    return person["staffCodes"][0]["code"]


def list_all(http, path, field):
    out, token = [], ""
    while True:
        page = http.keep("GET", "%s%spageSize=1000%s" % (path, "&" if "?" in path else "?",
                                                         "&pageToken=" + token if token else ""))
        out += page.get(field, [])
        token = page.get("nextPageToken", "")
        if not token:
            return out


def check_replies(report, world, clients):
    """The same key again: the same reply, and said to be a repetition."""
    http, total, wrong = world.deployment.http(world.token), 0, []
    for client in clients:
        for told in client.history:
            if told.key is None or told.status != 200:
                continue
            answer = http.request(told.verb, told.path, told.body, key=told.key, headers=told.headers)
            total += 1
            if answer.status != 200 or answer.json != told.answer or answer.headers.get("Idempotent-Replayed") != "true":
                wrong.append("%s: told %s, now %s" % (told.path, told.answer, answer))
    report.check("%d acknowledged commands repeat their reply" % total, total > 0 and not wrong,
                 "%d: %s" % (len(wrong), wrong[:3]))


def check_classes(report, world, schools, crowd):
    http, wrong, registers = world.deployment.http(world.token), [], collections.defaultdict(list)
    issued = 0
    for client in schools:
        for row in client.classes:
            path = "/v1/classes/%s" % row["id"]
            cls = http.keep("GET", path)
            listed = {e["personId"]: e["state"] for e in list_all(http, path + "/enrolments", "enrolments")}
            if listed != row["states"]:
                wrong.append("class %s: told %s, there %s" % (row["id"], row["states"], listed))
            seats = sum(state in ("ENROLLED", "COMPLETED", "NOT_COMPLETED") for state in listed.values())
            if seats != int(cls.get("seatsTaken", 0)) or seats > 3:
                wrong.append("class %s: %d with a seat, %s counted" % (row["id"], seats, cls.get("seatsTaken", 0)))
            if sum(state == "WAITLISTED" for state in listed.values()) != int(cls.get("waitlisted", 0)):
                wrong.append("class %s: waitlisted %s, counted %s" % (row["id"], listed, cls.get("waitlisted", 0)))
            issued += check_certificates(http, row, registers[client.school], wrong)
    for school, numbers in registers.items():
        if sorted(int(n.split("/")[1]) for n in numbers) != list(range(1, len(numbers) + 1)):
            wrong.append("register of %s has gaps or doubles: %s" % (school, sorted(numbers)[:20]))
    total = sum(len(c.classes) for c in schools)
    report.check("%d classes and %d certificates are as told, none twice" % (total, issued),
                 total > 0 and issued > 0 and not wrong, "%d: %s" % (len(wrong), wrong[:4]))
    check_crowd(report, http, world, crowd)


def check_certificates(http, row, register, wrong):
    count = 0
    for person, state in row["states"].items():
        listed = http.keep("GET", "/v1/persons/%s/certificates" % person).get("certificates", [])
        want = 1 if state == "COMPLETED" and row["certificates"] else 0
        if len(listed) != want:
            wrong.append("person %s completed once and has %d certificates" % (person, len(listed)))
        register += [c["registerNumber"] for c in listed]
        count += len(listed)
        inbox = http.keep("GET", "/v1/persons/%s/messages?pageSize=100" % person).get("messages", [])
        doubles = [k for k, n in collections.Counter((m["template"], m["about"]) for m in inbox).items() if n > 1]
        if doubles:
            wrong.append("person %s was told twice: %s" % (person, doubles))
    return count


def check_crowd(report, http, world, crowd):
    path = "/v1/classes/%s" % world.crowd_class
    cls = http.keep("GET", path)
    listed = {e["personId"]: e["state"] for e in list_all(http, path + "/enrolments", "enrolments")}
    told = {person: state for client in crowd for person, state in client.states.items()}
    moved = [person for client in crowd for person in client.moved_up]
    wrong = []
    for person, state in told.items():
        if state == "WAITLISTED" and person in moved:
            state = "ENROLLED"
        if listed.get(person) != state:
            wrong.append("%s: told %s, there %s" % (person, state, listed.get(person)))
    enrolled = sum(state == "ENROLLED" for state in listed.values())
    waiting = sum(state == "WAITLISTED" for state in listed.values())
    if len(moved) != len(set(moved)):
        wrong.append("somebody moved up twice")
    if (enrolled, waiting) != (int(cls.get("seatsTaken", 0)), int(cls.get("waitlisted", 0))):
        wrong.append("%d enrolled, %d waiting, but %s" % (enrolled, waiting, cls))
    if enrolled > CROWD_SEATS or (waiting and enrolled != CROWD_SEATS):
        wrong.append("%d of %d seats taken while %d wait" % (enrolled, CROWD_SEATS, waiting))
    if set(listed) != set(told):
        wrong.append("listed and never nominated: %s" % (set(listed) - set(told)))
    report.check("the crowded class: %d nominated, %d moved up, seats taken = enrolments listed" % (len(told), len(moved)),
                 not wrong, wrong[:4])


def figure(http, metric, authority):
    rows = http.keep("GET", "/v1/figures?metric=%s&authority=%s&depth=0" % (metric, authority)).get("figures", [])
    return sum(int(row.get("value", 0)) for row in rows)


def check_figures(report, world, events, schools, crowd):
    http, wrong, sums = world.deployment.http(world.token), [], collections.Counter()

    def same(metric, authority, recount):
        counted = figure(http, metric, authority)
        sums[metric] += recount
        if counted != recount:
            wrong.append("%s of %s is %d, recounted %d" % (metric, authority, counted, recount))
    for c in events:
        same("persons.active", c.authority, sum(s == "active" for s in c.people.values()))
        same("persons.hired", c.authority, c.counts["people hired"])
        same("persons.retired", c.authority, c.counts["people retired"])
        same("persons.transferred", c.authority, c.counts["people transferred"])
    same("persons.active", "ET", sum(s == "away" for c in events for s in c.people.values()))
    for c in schools:
        states = collections.Counter(s for row in c.classes for s in row["states"].values())
        same("persons.active", c.school, c.counts["hired"])
        same("classes.open", c.school, len(c.classes))
        same("enrolments.active", c.school, states["ENROLLED"])
        same("enrolments.waitlisted", c.school, states["WAITLISTED"])
        same("completions", c.school, states["COMPLETED"])
        same("attendance.present", c.school, c.counts["present"])
        same("warnings", c.school, c.counts["warnings"])
        same("attempts.graded", c.school, c.counts["graded"])
        same("exams.total", c.school, sum(row["exam"] is not None for row in c.classes))
        same("certificates.issued", c.school, sum(row["certificates"] for row in c.classes))
        same("certificates.revoked", c.school, sum(row["revoked"] for row in c.classes))
        same("certificates.valid", c.school, sum(row["certificates"] - row["revoked"] for row in c.classes))
    enrolments = list_all(http, "/v1/classes/%s/enrolments" % world.crowd_class, "enrolments")
    same("enrolments.active", "CROWD", sum(e["state"] == "ENROLLED" for e in enrolments))
    same("enrolments.waitlisted", "CROWD", sum(e["state"] == "WAITLISTED" for e in enrolments))
    same("persons.active", "CROWD", CROWD_CLIENTS * CROWD_PEOPLE)
    same("classes.open", "CROWD", 1)
    for metric in list(sums):
        for above in ("PROV", "VN"):
            counted = figure(http, metric, above)
            if counted != sums[metric] and metric != "persons.hired":    # the crowd and the schools were hired too
                wrong.append("%s of %s is %d, its parts are %d" % (metric, above, counted, sums[metric]))
    report.check("figures equal a recount, and the nation's the sum of its parts", not wrong, wrong[:6])


def check_nodes(report, d):
    d.wait_followed()
    wrong = []
    for service in SERVICES:
        status = d.status(service)
        if status.refused_reactions:
            refused = d.operator(service).ask("Node.ListRefused", protos().node.ListRefusedRequest())
            wrong.append("%s refused %d reactions: %s" % (service, status.refused_reactions,
                                                          refused.refusals[0].refusal.message))
    report.check("feeds have caught up and refused nothing", not wrong, wrong)
    shown = d.ctl("status", "--json", check=False)
    report.check("matricula status --json says so too", shown.returncode == 0 and json.loads(shown.stdout) is not None,
                 shown.stderr or shown.stdout[:200])
    done = d.ctl("verify", check=False, timeout_s=900)
    report.check("matricula verify finds chains and states right", done.returncode == 0, done.stdout + done.stderr)


def test(report):
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=0)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    options = parser.parse_args()
    report.note("seed %d" % options.seed)
    with Deployment() as deployment:
        deployment.start()
        world = World(deployment)
        world.make()
        events = [EventClient(world, n, options.seed + n) for n in range(EVENT_CLIENTS)]
        schools = [SchoolClient(world, n, options.seed + 100 + n) for n in range(SCHOOL_CLIENTS)]
        crowd = [CrowdClient(world, n, options.seed + 200 + n) for n in range(CROWD_CLIENTS)]
        clients = events + schools + crowd
        for client in clients:
            client.start()
        time.sleep(1)
        try:
            kills = kill_loop(report, world, clients, options.count, options.seconds, random.Random(options.seed))
        finally:
            world.stopping.set()
        for client in clients:
            client.join(ANSWER_LIMIT_S + 30)
        stuck = ["%s: %s" % (c.name, "is stuck" if c.is_alive() else c.failure) for c in clients
                 if c.is_alive() or c.failure]
        report.check("every request was answered in the end, as it should", not stuck, "; ".join(stuck))
        report.check("%d kills" % sum(kills.values()), sum(kills.values()) >= options.count or stuck, kills)
        report.note("killed: %s" % ", ".join("%s %d" % item for item in sorted(kills.items())))
        report.note("events: %s" % dict(sum((c.counts for c in events), collections.Counter())))
        report.note("classes %d, answers without which nobody knew: %d" % (sum(len(c.classes) for c in schools),
                                                                          sum(c.unknown for c in clients)))
        deployment.wait_ready(RECOVERS_S)
        check_nodes(report, deployment)
        for part, arguments in ((check_events, (world, events)), (check_replies, (world, schools + crowd)),
                                (check_classes, (world, schools, crowd)),
                                (check_figures, (world, events, schools, crowd))):
            with report.case(part.__name__ + " ran"):
                part(report, *arguments)
        before = deployment.seqs()
        report.check("checking again changed no journal but for conflicts", all(before.values()), before)
        report.check("it stops cleanly", deployment.stop() == 0)


if __name__ == "__main__":
    main(test)
