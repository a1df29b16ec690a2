"""The clients of kill.py: each asks until it is answered and keeps what it was told, so that
every state is known exactly at the end, whatever was killed in between."""

import collections
import http.client
import json
import random
import threading
import time

from google.protobuf import json_format

import story
from deployment import *

CROWD_SEATS = 25
CROWD_PEOPLE = 200       # of one client: the shared class has a bounded waitlist
ANSWER_LIMIT_S = 180     # one request, through all restarts
PAUSE_S = 0.02           # between a client's requests: the load is steady, not a benchmark


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

OUTCOMES = {1: "accepted", 2: "duplicate", 3: "conflict", 4: "parked", 5: "held", 6: "rejected"}
DOOR_ANSWER_S = 5


class Door:
    """The same events by frames through the door; a new connection after each silence."""

    def __init__(self, world):
        self.world, self.rpc = world, None

    def push(self, events):
        """Outcomes in order, or OSError: then nobody knows."""
        if self.rpc is None:
            self.rpc = Rpc(self.world.deployment.door, None, self.world.door_pair, self.world.door_server)
        try:
            calls = [self.rpc.pack("Events.Push", self.request(one)) for one in events]
            got = self.rpc.exchange(calls, DOOR_ANSWER_S, key=None)
        except Refused as why:
            self.close()
            raise OSError(str(why))
        replies = [got[call.tag] for call in calls]
        away = [r for r in replies if r.status in (4, 8, 14, 16)]    # 16: the door has not fetched its keys yet
        if away:
            raise OSError(away[0].message)
        bad = [r for r in replies if r.status != 0]
        if bad:
            raise Refused("the door refuses: %s" % bad[0])
        read = protos().event.PushEventReply.FromString
        return [OUTCOMES[read(r.reply).outcome] for r in replies]

    @staticmethod
    def request(one):
        request = protos().event.PushEventRequest(source=one["source"], id=one["id"], subject=one["subject"],
                                                  time=one["time"])
        kind = one["type"].split(".")[2]
        getattr(request.data, kind).SetInParent()
        json_format.ParseDict(one["data"], getattr(request.data, kind))
        return request

    def close(self):
        if self.rpc is not None:
            self.rpc.close()
        self.rpc = None


class EventClient(Client):
    """A province: every event it ever sent, by id, with the outcome that must stand."""

    def __init__(self, world, number, seed):
        super().__init__(world, "events-%d" % number, seed)
        self.authority = "E%d" % number
        self.door = Door(world)
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
        if not single and self.random.random() < 0.4:
            told, results = self.push_door(events)
        elif not single:
            body, headers = events_batch(events)
            told = self.ask("POST", "/v1/events", body, headers=headers, also=(401,))
            results = told.answer["results"]
        else:
            told = self.push_one(events[0])
            results = [told.answer]
        if told.verb == "POST":
            self.history.pop()    # events are checked by id, not by key
        if len(results) != len(events):
            raise Refused("%d results for %d events: %s" % (len(results), len(events), told.answer))
        for (sent, outcomes, note), result in zip(items, results):
            good = outcomes + ("duplicate",) if told.tries > 1 and "conflict" not in outcomes else outcomes
            if result.get("outcome") not in good or result["id"] != sent["id"]:
                raise Refused("event %s %s: expected %s, told %s after %d tries" % (sent["id"], sent["type"], good,
                    result,
                                                                                   told.tries))
            self.counts[result["outcome"]] += 1
            if "conflict" in outcomes:
                continue
            self.sent[sent["id"]] = sent
            if note is not None:
                code, state, what = note
                self.people[code] = state
                self.counts["people " + what] += 1

    def push_door(self, events):
        told = Told()
        told.verb, told.answer, told.tries = "door", None, 0
        until = time.monotonic() + ANSWER_LIMIT_S
        while time.monotonic() < until:
            told.tries += 1
            try:
                outcomes = self.door.push(events)
                self.counts["through the door"] += len(events)
                return told, [{"id": one["id"], "outcome": outcome} for one, outcome in zip(events, outcomes)]
            except OSError:
                self.unknown += 1
            time.sleep(0.05)
        raise Refused("the door did not answer within %d s" % ANSWER_LIMIT_S)

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
