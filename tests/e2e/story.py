"""The main job in small steps, for tests that need people, classes and certificates.

Each step is one HTTP request with an Idempotency-Key, so it may be asked again after
any failure; a step that waits for another service (a roster, a mark, a completion)
asks until the follower has caught up, within a limit."""

import itertools
import uuid

from deployment import Refused, event, events_batch, hired, wait_until

PAST = ("2026-01-12T01:00:00Z", "2026-01-13T01:00:00Z")
ITEMS = [{"stem": "Điều nào đúng?", "choices": ["một", "hai", "ba"], "key": 2},
         {"stem": "Which one is right?", "choices": ["one", "two"], "key": 1, "points": 2}]
RIGHT, WRONG = [2, 1], [1, 2]

_numbers = itertools.count(1)


def new_key():
    return "key-" + uuid.uuid4().hex


def hire(http, token, authority, codes, limit_s=60, **more):
    """Person ids of people hired under these staff codes, in their order."""
    source = "/authorities/%s/hr" % authority
    run = uuid.uuid4().hex[:8]
    batch = [event("hired", source, "h-%s-%s" % (run, code), code, hired(**more)) for code in codes]
    body, headers = events_batch(batch)
    for result in http.keep("POST", "/v1/events", body, headers=headers, token=token, limit_s=limit_s)["results"]:
        if result["outcome"] not in ("accepted", "duplicate"):
            raise Refused("event was not accepted: %s" % result)
    return [person_of(http, token, authority, code) for code in codes]


def person_of(http, token, authority, code):
    found = http.keep("GET", "/v1/persons?authority=%s&staffCode=%s" % (authority, code), token=token)
    if len(found.get("persons", [])) != 1:
        raise Refused("staff code %s of %s: %s" % (code, authority, found))
    return found["persons"][0]["personId"]


class School:
    """What a registrar, examiner and leader of one authority do. One thread."""

    def __init__(self, http, authority, token):
        self.http, self.authority, self.token = http, authority, token

    def post(self, path, body, also=(), limit_s=60):
        return self.http.keep("POST", path, body, token=self.token, key=new_key(), also=also, limit_s=limit_s)

    def programme(self, **more):
        body = dict({"authority": self.authority, "code": "P%s-%d" % (uuid.uuid4().hex[:6], next(_numbers)),
                     "title": "Quản lý nhà nước ngạch chuyên viên", "titleEn": "State management", "hours": 40,
                     "attendancePercentMin": 80, "markPercentMin": 50, "absencesWarnedAt": 2}, **more)
        return self.post("/v1/programmes", body)["programmeId"]

    def open_class(self, programme, seats=3, sessions=PAST):
        body = {"programmeId": programme, "seats": seats,
                "sessions": [{"beginsAt": at, "minutes": 240, "place": "A1"} for at in sessions]}
        return self.post("/v1/classes", body)["classId"]

    def nominate(self, class_id, person_id):
        return self.post("/v1/classes/%s/enrolments" % class_id, {"personId": person_id})["state"]

    def attend(self, class_id, session, marks):
        """marks: {person id: "PRESENT"}"""
        body = {"marks": [{"personId": person, "state": state} for person, state in marks.items()]}
        return self.post("/v1/classes/%s/sessions/%d/attendance" % (class_id, session), body)

    def exam(self, class_id, attempts_max=1, minutes=60):
        body = {"classId": class_id, "authority": self.authority, "title": "Bài kiểm tra", "minutes": minutes,
                "attemptsMax": attempts_max, "items": ITEMS}
        return self.post("/v1/exams", body)["examId"]

    def start(self, exam_id, person_id):
        # 409 until assessment has heard of the enrolment.
        return self.post("/v1/exams/%s/attempts" % exam_id, {"personId": person_id}, also=(409,))["attemptId"]

    def submit(self, attempt_id, answers=None):
        return self.post("/v1/attempts/%s:submit" % attempt_id, {"answers": answers or RIGHT})["markPercent"]

    def completion_list(self, class_id):
        answer = self.http.get("/v1/classes/%s/completion-list" % class_id, token=self.token)
        return answer.json if answer.status == 200 else {}

    def wait_completions(self, class_id, count, limit_s=60):
        return wait_until("%d completions of class %s are listed" % (count, class_id),
                          lambda: len(self.completion_list(class_id).get("completions", [])) >= count, limit_s)

    def approve(self, class_id, **more):
        body = dict({"decisionNumber": "12/QĐ", "decisionDate": "2026-01-14"}, **more)
        return self.post("/v1/classes/%s/completion-list:approve" % class_id, body)["approved"]

    def wait_issued(self, class_id, count, limit_s=60):
        """Certificate ids by person id."""
        def issued():
            rows = self.completion_list(class_id).get("completions", [])
            found = {row["personId"]: row["certificateId"] for row in rows if row.get("certificateId")}
            return found if len(found) >= count else None
        return wait_until("%d certificates of class %s are issued" % (count, class_id), issued, limit_s)

    def whole_class(self, person_ids, attempts_max=1):
        """A class that everyone completes, with certificates: {"class", "exam", "certificates"}."""
        class_id = self.open_class(self.programme(), seats=len(person_ids))
        for person in person_ids:
            self.nominate(class_id, person)
        exam_id = self.exam(class_id, attempts_max=attempts_max)
        for session in (1, 2):
            self.attend(class_id, session, {person: "PRESENT" for person in person_ids})
        for person in person_ids:
            self.submit(self.start(exam_id, person))
        self.wait_completions(class_id, len(person_ids))
        self.approve(class_id)
        return {"class": class_id, "exam": exam_id, "certificates": self.wait_issued(class_id, len(person_ids))}
