#!/usr/bin/python3 -B
"""Who changes what he read: with If-Match a command is carried out only while GET still shows what the ETag was of.
The service looks in the same instant in which it decides, so of two who change the same record at once one is told 412.
"""

import threading

import story
from deployment import *

PLACE, SCHOOL = "E1", "E1-S"
RACERS, ROUNDS = 8, 20


def kind(hours):
    return {"kind": {"name": "Chứng nhận", "hoursMin": hours}}


def check_kind(report, http):
    path = "/v1/authorities/%s/certificate-kinds/cn" % SCHOOL
    put = lambda hours, tag, **more: http.request("PUT", path, kind(hours), headers={"If-Match": tag}, **more)
    report.check("what is not there matches nothing, not even *", put(1, "*").status == 404)
    first = http.request("PUT", path, kind(1))
    report.check("a command's own answer has no ETag: it is no record", "ETag" not in first.headers, first.headers)
    tag = http.get(path).headers["ETag"]
    done = put(2, tag, key="once")
    report.check("the tag that was read lets a change pass", done.status == 200, done)
    again = put(2, tag, key="once")
    report.check("asked again under its key it is answered as it was", again.status == 200 and
                 again.headers.get("Idempotent-Replayed") == "true", again)
    stale = put(3, tag)
    report.check("and no other after it: 412", stale.status == 412 and stale.json["code"] == "ABORTED", stale)
    report.check("nothing was changed", http.get(path).json["hoursMin"] == 2)
    now = http.get(path).headers["ETag"]
    report.check("of several tags one will do", put(4, '"v1-0000000000000000", %s' % now).status == 200)
    now = http.get(path).headers["ETag"]
    for name, wrong in (("a weak tag", "W/" + now), ("another's tag", '"x"'), ("a tag cut short", now[:-2] + '"')):
        report.check("%s matches nothing" % name, put(5, wrong).status == 412)
    for name, wrong in (("no quotes", now.strip('"')), ("an open quote", now[:-1]), ("two without a comma", now + now),
                        ("too many", ", ".join([now] * 9)), ("nothing", " ")):
        answer = put(5, wrong)
        report.check("%s is 400" % name, answer.status == 400, answer)
    report.check("* is whatever is there", put(6, "*").status == 200)
    dry = http.request("PUT", path + "?dryRun=true", kind(7), headers={"If-Match": tag})
    report.check("a dry run says it too", dry.status == 412, dry)
    report.check("at the end it is what * said", http.get(path).json["hoursMin"] == 6)


def check_elsewhere(report, d, http):
    registrar = story.School(http, SCHOOL, http.token)
    place = "/v1/classes/%s" % registrar.open_class(registrar.programme())
    tag = http.get(place).headers["ETag"]
    rename = lambda title, **headers: http.post(place + ":rename", {"title": title}, headers=headers)
    report.check("what stands behind a colon changes what stands before it",
                 rename("Một", **{"If-Match": tag}).status == 200 and rename("Hai", **{"If-Match": tag}).status == 412)
    for name, verb, path in (("of what no GET shows", "POST", "/v1/programmes"), ("by who only reads", "GET", place),
                             ("of events", "POST", "/v1/events"), ("of a roster", "POST", "/v1/rosters?authority=E1")):
        answer = http.request(verb, path, {} if verb == "POST" else None, headers={"If-Match": tag})
        report.check("If-Match is refused %s, not ignored" % name, answer.status == 501, answer)
    officer = d.grant("HR_OFFICER", PLACE)
    d.wait_followed()
    other = d.http(officer).post(place + ":rename", {"title": "Ba"}, headers={"If-Match": tag})
    report.check("who may not change it hears that first", other.status == 403, other)


def check_race(report, d, token):
    path = "/v1/authorities/%s/certificate-kinds/cn" % SCHOOL
    http = d.http(token)
    wrong = []
    for round in range(ROUNDS):
        tag = http.get(path).headers["ETag"]
        statuses, start = [], threading.Barrier(RACERS)

        def change(number):
            mine = d.http(token)
            start.wait()
            statuses.append(mine.request("PUT", path, kind(100 + round * RACERS + number), headers={"If-Match": tag}).status)
            mine.close()
        threads = [threading.Thread(target=change, args=(number,)) for number in range(RACERS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if sorted(statuses) != [200] + [412] * (RACERS - 1):
            wrong.append(statuses)
    report.check("of %d who read the same, one changes it, %d times" % (RACERS, ROUNDS), not wrong, wrong)


def test(report):
    with Deployment() as d:
        d.start()
        d.add_authority("VN", "")
        d.add_authority(PLACE, "VN")
        d.add_authority(SCHOOL, PLACE, kind="school")
        token = d.grant(("REGISTRAR", "LEADER"), SCHOOL)
        d.wait_followed()
        check_kind(report, d.http(token))
        check_elsewhere(report, d, d.http(token))
        check_race(report, d, token)


main(test)
