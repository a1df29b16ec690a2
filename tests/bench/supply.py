"""What the works need before they can be measured: ids of people, classes that are open,
a cohort that has sat through its only session and may take an exam."""

import concurrent.futures
import os
import random
import unicodedata
import uuid

from stack import UNITS, wait_for

ITEMS = [{"stem": "Câu hỏi số %d: điều nào đúng?" % number, "choices": ["một", "hai", "ba", "bốn"], "key": 1}
         for number in range(1, 11)]
COHORT_ROOM = 500
DECISION = {"decisionNumber": "12/QĐ", "decisionDate": "2026-02-01"}
SCHOOL = "01"
THREADS = 8


def new_key():
    return "b-" + uuid.uuid4().hex


def write_lines(folder, name, lines):
    path = os.path.join(folder, name)
    with open(path, "w") as file:
        file.write("".join(line + "\n" for line in lines))
    return path


def units():
    """{code of a commune: of its province}"""
    with open(UNITS, encoding="utf-8") as file:
        rows = [line.split(",") for line in file.read().splitlines()[1:]]
    return {row[0]: row[3] for row in rows if row[3]}


def people_of(stack, unit):
    found, token = [], ""
    while True:
        page = stack.get("/v1/persons?authority=%s&pageSize=1000&pageToken=%s" % (unit, token))
        found += page.get("persons", [])
        token = page.get("nextPageToken", "")
        if not token:
            return found


def persons(stack, wanted):
    """That many person ids from communes all over the nation, in no order. Nobody who will be transferred matters:
    an id stays for life."""
    codes = sorted(units())
    random.Random(7).shuffle(codes)
    found = []
    for unit in codes:
        found += [person["personId"] for person in people_of(stack, unit)]
        if len(found) >= wanted:
            break
    random.Random(8).shuffle(found)
    return found[:wanted]


def plain(text):
    """As somebody types without a Vietnamese keyboard."""
    text = unicodedata.normalize("NFD", text.replace("đ", "d").replace("Đ", "D"))
    return "".join(letter for letter in text if not unicodedata.combining(letter)).lower()


def searches(stack, wanted):
    """Bodies of searches for people who are there, of ten kinds in turn: full names, two words of them, their
    beginnings; with and without diacritics; all over the nation and in one province."""
    provinces = units()
    codes = sorted(provinces)
    random.Random(9).shuffle(codes)
    bodies = []
    for unit in codes:
        for person in people_of(stack, unit)[:25]:
            words = person["personal"]["name"].split()
            name, given, here = " ".join(words), words[-1], provinces[unit]
            q, place = ((name, ""), (plain(name), ""), (name, here), (plain(name), here),
                        (words[0] + " " + given + " ", ""), (plain(words[0] + " " + given) + " ", here),
                        (plain(words[0] + " " + given[:2]), ""), (name[:-1], ""), (plain(given)[:3], here),
                        (" ".join(words[:2]), here))[len(bodies) % 10]
            body = {"q": q, "pageSize": 20}
            if place:
                body["authority"] = place
            bodies.append(body)
        if len(bodies) >= wanted:
            return bodies[:wanted]
    return bodies


def rosters(folder, people):
    """CSV files of provinces, the largest first, as [(province's code, rows, path)]: other people than are there."""
    files = []
    for name in sorted(os.listdir(folder)):
        path = os.path.join(folder, name)
        with open(path, encoding="utf-8-sig") as file:
            lines = file.read().splitlines()
        rows = [line.split(",", 6) for line in lines[1:]]
        for row in rows:
            row[0] = "R." + row[0]
            row[5] = row[5] and "1" + row[5][1:]
        with open(path, "w", encoding="utf-8") as file:
            file.write("\n".join([lines[0]] + [",".join(row) for row in rows]) + "\n")
        files.append((name.split("-")[0], len(rows), path))
    assert sum(rows for _, rows, _ in files) == people
    return sorted(files, key=lambda file: -file[1])


def programme(stack, mark_min=50):
    body = {"authority": SCHOOL, "code": "P-" + uuid.uuid4().hex[:8], "title": "Quản lý nhà nước ngạch chuyên viên",
            "titleEn": "State management", "hours": 40, "attendancePercentMin": 80, "markPercentMin": mark_min,
            "absencesWarnedAt": 2}
    return stack.post("/v1/programmes", body, new_key())["programmeId"]


def classes(stack, programme_id, count, seats):
    body = {"programmeId": programme_id, "title": "Lớp bồi dưỡng", "seats": seats,
            "sessions": [{"beginsAt": "2026-01-12T01:00:00Z", "minutes": 240, "place": "A1"}]}
    return [stack.post("/v1/classes", body, new_key())["classId"] for _ in range(count)]


def parallel(work, items):
    with concurrent.futures.ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(work, items))


def attended(stack, folder, generator, programme_id, rooms_count, person_ids):
    """Classes of 500 in which everyone is nominated and present: ids, and files for load."""
    room_ids = classes(stack, programme_id, rooms_count, COHORT_ROOM)
    learners = person_ids[:rooms_count * COHORT_ROOM]
    files = {"rooms": write_lines(folder, "cohort-classes", room_ids),
             "persons": write_lines(folder, "cohort-persons", learners), "stride": COHORT_ROOM}
    said = generator(work="nominate", connections=64, seconds=120, run=new_key(), count=len(learners), **files)
    if said["failed"] or said["done"] < len(learners):
        raise RuntimeError("nominating the cohort: %d of %d, %s" % (said["done"], len(learners), said["failure"]))

    def attend(number):
        seats = learners[number * COHORT_ROOM:(number + 1) * COHORT_ROOM]
        stack.post("/v1/classes/%s/sessions/1/attendance" % room_ids[number],
                   {"marks": [{"personId": person, "state": "PRESENT"} for person in seats]}, new_key())
    parallel(attend, range(rooms_count))
    stack.settle()
    return room_ids, files


def cohort(stack, folder, generator, rooms_count, person_ids):
    """The same with an exam of ten questions each, so that completion waits for it."""
    room_ids, files = attended(stack, folder, generator, programme(stack), rooms_count, person_ids)
    exams = parallel(lambda room: stack.post(
        "/v1/exams", {"classId": room, "authority": SCHOOL, "title": "Bài kiểm tra", "minutes": 60, "attemptsMax": 1,
                      "items": ITEMS}, new_key())["examId"], room_ids)
    files["rooms"] = write_lines(folder, "cohort-exams", exams)
    return room_ids, files


def kind(stack, programme_id):
    """A certificate kind of the school for a programme: rules, an end, reminders before it, a signatory."""
    said = {"name": "Chứng chỉ bồi dưỡng ngạch chuyên viên", "nameEn": "Officer's certificate",
            "programmeIds": [programme_id], "hoursMin": 40, "validMonths": 60, "remindDays": [90, 30],
            "signatories": [{"subject": "bench", "name": "Trần Văn Giám", "title": "Giám đốc", "titleEn": "Director"}],
            "pointsPer10Hours": 5}
    stack.put("/v1/authorities/%s/certificate-kinds/officer" % SCHOOL, {"kind": said}, new_key())


def completions(stack, room_ids):
    """[(person's id, certificate's id)] of classes whose certificates are issued."""
    rows = parallel(lambda room: stack.get("/v1/classes/%s/completion-list" % room)["completions"], room_ids)
    return [(row["personId"], row["certificateId"]) for room in rows for row in room if row.get("certificateId")]


def approve_and_wait(stack, room_ids, clock):
    """Certificates issued, and the seconds from the first approval until the last one is there."""
    before = stack.figure("certificates.issued")
    began = clock()
    approved = sum(parallel(lambda room: stack.post("/v1/classes/%s/completion-list:approve" % room, DECISION,
                                                    new_key())["approved"], room_ids))
    wait_for("%d certificates are issued" % approved,
             lambda: stack.figure("certificates.issued") >= before + approved, 120, 0.02)
    return approved, clock() - began
