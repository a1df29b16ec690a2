"""The checker of kill.py: what every client was told, held against what is there."""

import collections
import json

from deployment import *
from kill_clients import CROWD_SEATS

# --- the checker ----------------------------------------------------------------------------------------------------

def check_events(report, world, clients):
    http = world.deployment.http(world.token)
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
            differ = [(c, model.get(c),
                       states.get(c)) for c in set(model) | set(states) if model.get(c) != states.get(c)]
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
    report.check("the crowded class: %d nominated, %d moved up, seats taken = enrolments listed" % (len(told),
        len(moved)),
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
    same("persons.active", "CROWD", len(world.crowd))
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
