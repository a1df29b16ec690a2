#!/usr/bin/python3
"""Certificates as people meet them, over HTTP: a class of forty with two provisional learners and one wrong mark,
the register as a spreadsheet, a corrected name, the page behind the QR code, PDF and JWT, verification of whatever
is presented, rate limits. And what libraries that share no code with ours say of the same credentials
(tests/web/credential.mjs; skipped, and said so, where there is no npm)."""

import base64
import csv
import gzip
import io
import json
import os
import re
import sys

from deployment import PUBLIC_URL, Deployment, event, events_batch, hired, wait_until
from report import Report
from story import School, hire, new_key, person_of
import webtools

LEARNERS = 40


class World:
    def __init__(self, deployment):
        self.d = deployment
        self.http = deployment.http()
        deployment.add_authority("VN", "", "nation", "Việt Nam")
        deployment.add_authority("P-CERT", "VN", "province", "Tỉnh thử")
        deployment.add_authority("T-CERT", "P-CERT", "school", "Trường Chính trị tỉnh")
        deployment.add_authority("A-CERT", "P-CERT", "agency", "Sở Nội vụ")
        self.staff = deployment.grant(["REGISTRAR", "EXAMINER", "LECTURER", "LEADER", "AUDITOR", "HR_OFFICER"], "P-CERT",
                                      subject="giamdoc")
        self.province = deployment.grant(["PROVINCE_SYSTEM"], "A-CERT")
        self.school = School(self.http, "T-CERT", self.staff)

    def post(self, path, body, token=None):
        return self.http.keep("POST", path, body, token=token or self.staff, key=new_key())

    def get(self, path, **more):
        return self.http.request("GET", path, token=self.staff, **more)

    def view(self, person, certificate):
        rows = self.get("/v1/persons/%s/certificates" % person).json["certificates"]
        return next(row for row in rows if row["certificateId"] == certificate)


def make_class(world):
    """Everyone attends; all but one answer right. {person: certificate} of the 39, and the one."""
    school = world.school
    people = hire(world.http, world.province, "A-CERT", ["C-%02d" % i for i in range(LEARNERS - 2)], birthDate="1990-05-27")
    for name in ("Phạm Thị Tạm", "Đỗ Văn Thời"):
        made = world.post("/v1/persons", {"authority": "T-CERT", "name": name, "birthDate": "1988",
                                         "employer": "Ủy ban nhân dân xã"})
        people.append(made["personId"])
    class_id = school.open_class(school.programme(title="Bồi dưỡng ngạch chuyên viên", markPercentMin=0), seats=LEARNERS)
    for person in people:
        school.nominate(class_id, person)
    for session in (1, 2):
        school.attend(class_id, session, {person: "PRESENT" for person in people})
    school.wait_completions(class_id, LEARNERS)
    wrong = people[7]
    approved = school.approve(class_id, exceptPersonIds=[wrong])
    assert approved == LEARNERS - 1, approved
    return class_id, people, wrong, school.wait_issued(class_id, LEARNERS - 1)


def check_register(report, world, year):
    answer = world.get("/v1/authorities/T-CERT/register/%d/register.csv" % year)
    text = answer.body.decode("utf-8")
    rows = list(csv.reader(io.StringIO(text.lstrip("\ufeff"))))
    numbers = [row[0] for row in rows[1:]]
    report.check("the register opens in a spreadsheet: byte order mark, a header, a row each",
                 text.startswith("\ufeff") and rows[0][0] == "Số vào sổ" and all(len(r) == len(rows[0]) for r in rows), rows[:2])
    report.check("its numbers have no gap", numbers == ["%d/%06d" % (year, i + 1) for i in range(len(numbers))], numbers)
    semicolons = world.get("/v1/authorities/T-CERT/register/%d/register.csv?separator=;" % year).body.decode()
    report.check("with semicolons where Excel wants them", semicolons.splitlines()[0].count(";") == len(rows[0]) - 1)
    return rows


def verify(world, body, kind="application/json"):
    data = body if isinstance(body, (bytes, str)) else json.dumps(body)
    return world.http.request("POST", "/v1/certificates:verify", data, headers={"Content-Type": kind})


def check_presented(report, world, person, certificate):
    """The same certificate in every form it can be presented in."""
    view = world.view(person, certificate)
    code = view["verificationUrl"].rsplit("/", 1)[1]
    credential = world.http.request("GET", "/v1/certificates/%s?token=%s" % (certificate, code))
    jwt = world.http.request("GET", "/v1/certificates/%s?token=%s" % (certificate, code),
                             headers={"Accept": "application/vc+jwt"})
    pdf = world.http.request("GET", "/v1/certificates/%s/certificate.pdf?token=%s" % (certificate, code))
    report.check("the credential is there for whoever has its code, and for nobody without",
                 credential.status == 200 and world.http.request("GET", "/v1/certificates/" + certificate).status == 404,
                 credential.status)
    report.check("the PDF is a PDF", pdf.status == 200 and pdf.body.startswith(b"%PDF-"), pdf.status)
    forms = {
        "JSON in a member": ({"credential": credential.json}, "application/json"),
        "JSON as it is": (credential.body, "application/vc"),
        "JWT": (jwt.body, "application/vc+jwt"),
        "PDF": (pdf.body, "application/pdf"),
        "code": ({"code": code}, "application/json"),
        "address": ({"code": view["verificationUrl"]}, "application/json"),
    }
    for name, (body, kind) in forms.items():
        answer = verify(world, body, kind)
        report.check("presented as %s it is valid" % name, answer.status == 200 and answer.json["verdict"] == "valid"
                     and answer.json["checkedAt"] and answer.json["statusListAsOf"], answer)
    tampered = json.loads(credential.body)
    tampered["credentialSubject"]["name"] = "Nguyễn Văn Giả"
    report.check("with another name it is not", verify(world, {"credential": tampered}).json["verdict"] == "invalid")
    broken = pdf.body.replace(b"%%EOF", b"%%EOF\n1 0 obj<<>>endobj\n%%EOF")
    report.check("nor is a PDF that was added to", verify(world, broken, "application/pdf").json["verdict"] == "invalid")
    page = world.http.request("GET", "/v/" + code)
    report.check("the page behind the QR code says so, and shows the name",
                 page.status == 200 and "Chứng chỉ hợp lệ" in page.body.decode() and
                 credential.json["credentialSubject"]["name"] in page.body.decode(), page.status)
    typed = {"registerNumber": view["registerNumber"].split("/")[1].lstrip("0"), "year": int(view["issuedOn"][:4]),
             "institution": "Trường Chính trị tỉnh", "name": credential.json["credentialSubject"]["name"],
             "birthDate": credential.json["credentialSubject"].get("birthDate", "")}
    answer = verify(world, typed)
    report.check("typed fields match, and no more is told", answer.json["verdict"] == "match" and
                 not answer.json.get("content") and not answer.json.get("certificateId"), answer)
    report.check("with another birth date they do not",
                 verify(world, dict(typed, birthDate="1991-01-01")).json["verdict"] == "no_match")
    return {"credential": credential.json, "jwt": jwt.body.decode(), "code": code, "typed": typed, "view": view}


def by_hand(world, person, name, title="Tin học", completed="2026-01-05"):
    return world.post("/v1/certificates", {
        "authority": "T-CERT", "personId": person, "personAuthority": "A-CERT", "reason": {"text": "cấp lẻ"},
        "content": {"name": name, "programmeTitle": title, "completedOn": completed}})["certificateId"]


def check_undrawable(report, world, person):
    """Kawi is younger than the fonts of Debian 12: nobody has a glyph for it."""
    def pdf(certificate):
        return world.get("/v1/certificates/%s/certificate.pdf" % certificate)
    answer = pdf(by_hand(world, person, "Nguyễn \U00011f04"))
    report.check("a name in no font: 422 and the field at fault", answer.status == 422 and
                 answer.json["field"] == "content.name" and answer.json["code"] == "UNDRAWABLE", answer)
    answer = pdf(by_hand(world, person, "Nguyễn Thị Hường", title="Kawi \U00011f04"))
    report.check("a title too", answer.status == 422 and answer.json["field"] == "content.programmeTitle", answer)
    passport = world.get("/v1/persons/%s/passport.pdf" % person)
    report.check("in a passport it is named with its row", passport.status == 422 and
                 re.fullmatch(r"courses\[\d+\]\.programmeTitle", passport.json["field"]), passport)
    answer = pdf(by_hand(world, person, "W" * 256, title="M" * 256))
    report.check("the longest texts that are taken are drawn too", answer.status == 200 and
                 answer.body.startswith(b"%PDF-"), answer)
    answer = pdf(by_hand(world, person, "\ufeffNguyễn\u202e Thị\u200b Hường"))
    report.check("what nobody sees of a name is left out", answer.status == 200 and answer.body.startswith(b"%PDF-"), answer)


def check_list(report, world, shown):
    typed = shown["typed"]
    sheet = "\ufeffSố vào sổ;Năm;Nơi cấp;Họ và tên;Ngày sinh\r\n%s;%d;%s;%s;%s\r\n999;2026;%s;Ai đó;1990\r\n" % (
        typed["registerNumber"], typed["year"], typed["institution"], typed["name"],
        "/".join(reversed(typed["birthDate"].split("-"))), typed["institution"])
    answer = world.http.request("POST", "/v1/certificates:verify-list", sheet.encode(), token=world.staff,
                                headers={"Content-Type": "text/csv"})
    rows = list(csv.reader(io.StringIO(answer.body.decode().lstrip("\ufeff")), delimiter=";"))
    report.check("an HR officer's sheet comes back with a verdict a row",
                 answer.status == 200 and [row[1] for row in rows[1:]] == ["match", "no_match"], answer.body[:300])
    report.check("a stranger may not send one", world.http.request(
        "POST", "/v1/certificates:verify-list", sheet.encode(), headers={"Content-Type": "text/csv"}).status in (401, 403))


def check_paper(report, world, person):
    """Older paper certificates from a spreadsheet, and what is no such spreadsheet."""
    path = "/v1/authorities/T-CERT/paper-certificates.csv"

    def send(text, kind="text/csv", key=None):
        data = text if isinstance(text, bytes) else text.encode()
        return world.http.request("POST", path, data, token=world.staff, headers={"Content-Type": kind}, key=key)

    head = "Số vào sổ,Năm,person_id,Mã cơ quan,Họ và tên,Ngày sinh,Chương trình,Số giờ,Ngày hoàn thành,Ngày cấp\r\n"
    row = "%s,2015,%s,A-CERT,Nguyễn Thị Xưa,1979,Tin học văn phòng,60,30/06/2015,%s\r\n"
    sheet = head + row % ("77/CC", person, "15/07/2015") + row % ("78/CC", person, "31/02/2015") + \
        row % ("79/CC", "nobody", "15/07/2015") + '"80/CC,never closed'
    answer = send("\ufeff" + sheet)
    rows = list(csv.reader(io.StringIO(answer.body.decode().lstrip("\ufeff"))))
    report.check("paper certificates: the good row stands, each bad one says which field",
                 answer.status == 200 and [(r[2], r[3]) for r in rows[1:]] ==
                 [("recorded", ""), ("rejected", "issued_on"), ("rejected", "person_id"), ("rejected", "")], rows)
    again = list(csv.reader(io.StringIO(send(head + row % ("77/CC", person, "15/07/2015")).body.decode().lstrip("\ufeff"))))
    report.check("the same row again changes nothing", again[1][2] == "unchanged" and again[1][6] == rows[1][6], again)
    certificate = rows[1][6]
    typed = {"registerNumber": "77/CC", "year": 2015, "institution": "T-CERT", "name": "nguyễn thị xưa", "birthDate": "1979"}
    report.check("unconfirmed, it matches nothing", verify(world, typed).json["verdict"] == "no_match")
    world.post("/v1/certificates/%s:confirm" % certificate, {"decisionNumber": "9/QĐ", "decisionDate": "2026-01-05"})
    report.check("confirmed by its issuer, it does", verify(world, typed).json["verdict"] == "match")
    credential = check_second(world, person, certificate)["credential"]
    report.check("and is a credential under its old number",
                 credential["credentialSubject"]["licenseNumber"] == "77/CC" and
                 verify(world, {"credential": credential}).json["verdict"] == "valid", credential)
    earlier = row.replace(",2015,", ",2014,")
    keyed = head + "".join(earlier % ("K%d" % i, person, "15/07/2014") for i in range(500))
    key = new_key()
    first, second = send(keyed, key=key), send(keyed, key=key)
    report.check("the same list under the same key is answered as the first time", first.body.count(b"recorded") == 500 and
                 second.body == first.body and second.headers["Idempotent-Replayed"] == "true" and
                 "Idempotent-Replayed" not in first.headers, second)
    answer = send(keyed + earlier % ("K500", person, "15/07/2014"), key=key)
    report.check("a longer list under that key is refused, and nothing of it recorded", answer.status == 422 and
                 answer.json["code"] == "IDEMPOTENCY_KEY_REUSED" and send(keyed).body.count(b"unchanged") == 500 and
                 send(head + earlier % ("K500", person, "15/07/2014")).body.count(b"recorded") == 1, answer)
    report.check("what is no key is refused", send(keyed, key="two words").status == 400)
    many = head + "".join(row % ("M%d" % i, person, "15/07/2015") for i in range(20000))
    answer = send(many)
    report.check("twenty thousand rows at once, a row's outcome each", answer.status == 200 and
                 answer.body.count(b"recorded") == 20000, "%d: %s" % (answer.status, answer.body[:200]))
    report.check("one more is refused", send(many + row % ("M", person, "15/07/2015")).status == 400)
    register = world.get("/v1/authorities/T-CERT/register/2015/register.csv")
    report.check("and the register of that year has them all", register.body.count(b"\r\n") == 20002, register.status)
    faults = {"an Excel workbook": b"PK\x03\x04aaaa", "an empty file": b"", "another encoding": "Họ tên,Năm\r\n".encode("utf-16"),
              "a header twice": "Năm,year,register_number\r\n", "an unknown header": "colour\r\n", "no wanted header": "Năm\r\n"}
    for name, text in faults.items():
        answer = send(text)
        report.check("%s is refused with a sentence" % name, answer.status == 400 and answer.json["detail"], answer)
    return credential


def check_correction(report, world, person, shown):
    certificate = shown["view"]["certificateId"]
    world.post("/v1/certificates/%s:correct" % certificate, {"content": {"name": "Nguyễn Thị Đúng"},
                                                             "reason": {"text": "sai tên"}})
    view = world.view(person, certificate)
    old = verify(world, {"credential": shown["credential"]}).json
    report.check("a corrected name: the old edition is superseded at once", old["verdict"] == "superseded", old)
    code = view["verificationUrl"].rsplit("/", 1)[1]
    page = world.http.request("GET", "/v/" + code).body.decode()
    report.check("the new one is valid, under the same register number", "Nguyễn Thị Đúng" in page and
                 view["registerNumber"] == shown["view"]["registerNumber"] and view["edition"] == 2, view)
    passport = world.get("/v1/persons/%s/passport" % person).json
    report.check("the passport has it", passport["name"] == "Nguyễn Thị Đúng", passport)
    pdf = world.get("/v1/persons/%s/passport.pdf" % person)
    report.check("also as PDF", pdf.status == 200 and pdf.body.startswith(b"%PDF-"), pdf)


def status_of(world, credential, purpose):
    entry = next(e for e in credential["credentialStatus"] if e["statusPurpose"] == purpose)
    url = entry["statusListCredential"]
    assert url.startswith(PUBLIC_URL), url
    return world.http.request("GET", url[len(PUBLIC_URL):])


def bit_of(world, credential, purpose):
    """What the signed list that is served says of a credential: bit 0 is the first byte's highest."""
    entry = next(e for e in credential["credentialStatus"] if e["statusPurpose"] == purpose)
    text = status_of(world, credential, purpose).json["credentialSubject"]["encodedList"][1:]
    bits = gzip.decompress(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    index = int(entry["statusListIndex"])
    return bits[index // 8] >> (7 - index % 8) & 1


def check_registry(report, world):
    """Correct once, correct everywhere: only the registry is told. The credential before it."""
    def push(kind, id, data):
        body, headers = events_batch([event(kind, "/authorities/A-CERT/hr", id, "REG-1", data)])
        answer = world.http.keep("POST", "/v1/events", body, headers=headers, token=world.province)
        assert answer["results"][0]["outcome"] == "accepted", answer
    push("hired", "registry-1", hired(name="Nguyễn Thị Sại", email="dung@sonoivu.example"))
    person = person_of(world.http, world.province, "A-CERT", "REG-1")
    certificate = by_hand(world, person, "Nguyễn Thị Sại")
    paper = world.post("/v1/authorities/T-CERT/paper-certificates:import", {"rows": [{
        "registerNumber": "REG-9", "year": 2012, "personId": person, "personAuthority": "A-CERT", "issuedOn": "2012-05-03",
        "content": {"name": "Nguyễn Thị Sại", "programmeTitle": "Ngoại ngữ"}}]})["outcomes"][0]["certificateId"]
    before = check_second(world, person, certificate)
    held = status_of(world, before["credential"], "revocation").headers["ETag"]
    report.check("before: valid, its bit is not set", bit_of(world, before["credential"], "revocation") == 0 and
                 verify(world, {"credential": before["credential"]}).json["verdict"] == "valid", before["view"])
    push("corrected", "registry-2", {"eventId": "registry-1", "name": "Nguyễn Thị Sải"})
    wait_until("the certificate has its next edition", lambda: world.view(person, certificate)["edition"] == 2)
    after = check_second(world, person, certificate)
    report.check("the next edition says the name, under the same number, and is valid",
                 after["credential"]["credentialSubject"]["name"] == "Nguyễn Thị Sải" and
                 after["view"]["registerNumber"] == before["view"]["registerNumber"] and
                 verify(world, {"credential": after["credential"]}).json["verdict"] == "valid", after)
    old = verify(world, {"credential": before["credential"]}).json
    listed = status_of(world, before["credential"], "revocation")
    report.check("the edition before is superseded, in its status list too", old["verdict"] == "superseded" and
                 listed.headers["ETag"] != held and bit_of(world, before["credential"], "revocation") == 1 and
                 bit_of(world, after["credential"], "revocation") == 0, old)
    passport = world.get("/v1/persons/%s/passport" % person).json
    report.check("the passport says the name", passport["name"] == "Nguyễn Thị Sải", passport)
    told = wait_until("the holder is told", lambda: [
        message for message in world.get("/v1/persons/%s/messages" % person).json["messages"]
        if message["about"] == certificate and "corrected" in message["subjectEn"]])
    report.check("once", len(told) == 1, told)
    world.post("/v1/certificates/%s:confirm" % paper, {})
    confirmed = check_second(world, person, paper)
    report.check("paper that waited for its issuer is signed under the name as it is right", confirmed["view"]["edition"] == 1
                 and confirmed["credential"]["credentialSubject"]["name"] == "Nguyễn Thị Sải", confirmed)
    return before["credential"]


def check_states(report, world, person, shown):
    certificate, credential = shown["view"]["certificateId"], shown["credential"]
    before = status_of(world, credential, "suspension")
    world.post("/v1/certificates/%s:suspend" % certificate, {"reason": "đang xác minh"})
    report.check("suspended: the verdict says so", verify(world, {"credential": credential}).json["verdict"] == "suspended")
    after = status_of(world, credential, "suspension")
    report.check("the list changed, and its ETag", after.headers["ETag"] != before.headers["ETag"], after.headers)
    again = world.http.request("GET", credential["credentialStatus"][1]["statusListCredential"][len(PUBLIC_URL):],
                               headers={"If-None-Match": '"x", W/' + after.headers["ETag"]})
    report.check("who holds it is told 304, and of no other length",
                 again.status == 304 and again.headers["Content-Length"] == after.headers["Content-Length"], again.headers)
    yield "suspended", credential
    world.post("/v1/certificates/%s:reinstate" % certificate, {"reason": "đã xác minh"})
    report.check("reinstated: valid again", verify(world, {"credential": credential}).json["verdict"] == "valid")
    world.post("/v1/certificates/%s:revoke" % certificate, {"reason": "gian lận"})
    page = world.http.request("GET", "/v/" + shown["code"]).body.decode()
    report.check("revoked: the page turns at once", "thu hồi" in page and "Chứng chỉ hợp lệ" not in page)
    yield "revoked", credential


def check_etag(report, world):
    """Whoever holds a record is told 304 until it reads differently, whatever made it so."""
    def ask(held):
        return world.http.request("GET", "/v1/authorities/T-CERT", headers={"If-None-Match": held} if held else {})
    first = ask(None)
    again = ask(first.headers["ETag"])
    world.d.ctl("call", "Authorities.Rename", json.dumps({"authority": "T-CERT", "name": "Học viện tỉnh",
                                                          "effectiveDate": "2099-01-01"}))
    later = ask(first.headers["ETag"])
    report.check("who holds a record is told 304, and anew once another name is planned", again.status == 304 and
                 later.status == 200 and later.json["planned"], (again.status, later))


def check_browsers(report, world, shown):
    """Pages of other sites may fetch and verify what is public, and see why they were refused; nothing else is theirs."""
    def preflight(path, verb):
        return world.http.request("OPTIONS", path, headers={"Origin": "https://verifier.example",
                                  "Access-Control-Request-Method": verb, "Access-Control-Request-Headers": "content-type"})
    asked = preflight("/v1/certificates:verify", "POST")
    report.check("a page of another site may present a credential", asked.status == 204 and
                 asked.headers["Access-Control-Allow-Origin"] == "*" and asked.headers["Allow"] == "POST, OPTIONS" and
                 asked.headers["Access-Control-Allow-Methods"] == "POST" and
                 "content-type" in asked.headers["Access-Control-Allow-Headers"].lower(), asked.headers)
    certificate = shown["view"]["certificateId"]
    public = ["/.well-known/did.json", "/issuers/T-CERT/did.json", "/issuers/NOBODY/did.json", "/v1/log/checkpoint",
              "/v1/log/entries", "/v1/issuers/T-CERT/keys", "/v1/status-lists/T-CERT/1/nothing", "/openapi.json",
              "/v1/certificates/%s?token=%s" % (certificate, shown["code"]), "/v1/certificates/%s?token=x" % certificate,
              "/v1/certificates/%s/inclusion?token=%s" % (certificate, shown["code"])]
    answers = {path: world.http.request("GET", path) for path in public}
    closed = [path for path, answer in answers.items() if answer.headers.get("Access-Control-Allow-Origin") != "*"]
    named = [world.http.request("GET", public[8], headers={"Accept": accept}).headers["Content-Type"] for accept in
             ("application/vc+jwt, application/vc;q=0.5", "application/vc+jwt;q=0.5, application/vc", "*/*")]
    report.check("the form that Accept weighs higher is served",
                 named == ["application/vc+jwt", "application/vc", "application/vc"], named)
    report.check("it may read what is public, refusals too", not closed, closed)
    unknown = [answers[path].status for path in ("/issuers/NOBODY/did.json", "/v1/status-lists/T-CERT/1/nothing")]
    report.check("an issuer that is not there is 404, as resolvers expect", unknown == [404, 404], unknown)
    others = [preflight("/v1/whoami", "GET"), preflight("/v1/persons/x/passport", "GET"),
              preflight("/v1/certificates/%s:revoke" % certificate, "POST"), world.get("/v1/whoami")]
    told = [answer.headers.get("Access-Control-Allow-Origin") for answer in others]
    report.check("and nothing else", told == [None] * 4 and [a.status for a in others] == [204, 204, 204, 200], told)
    pages = [world.http.request("GET", "/v/" + shown["code"]), answers[public[8]]]
    report.check("search engines are told to forget what a published link shows",
                 all(page.headers["X-Robots-Tag"] == "noindex" for page in pages), [page.headers for page in pages])


def check_limits(report, world):
    answers = [world.http.request("GET", "/v/" + "0" * 17) for _ in range(60)]
    statuses, refused = [answer.status for answer in answers], answers[-1]
    report.check("who tries codes is told to wait", 404 in statuses and statuses[-1] == 429, statuses)
    waits = refused.headers.get_all("Retry-After")
    report.check("how long, once, on a page in both languages", len(waits) == 1 and 1 <= int(waits[0]) <= 11 and
                 refused.headers["Content-Type"].startswith("text/html") and "Quá nhiều" in refused.body.decode() and
                 "Too much at once" in refused.body.decode(), (waits, refused))

    def look(seen):
        return world.http.request("GET", "/v/" + "0" * 17, headers={"X-Forwarded-For": seen}).status
    report.check("behind a proxy on this machine another visitor is not held up", look("203.0.113.1") == 404)
    statuses = [look("198.51.100.%d, 203.0.113.2" % i) for i in range(60)]
    report.check("what a visitor says of himself before the proxy does gains nothing", statuses[-1] == 429, statuses)
    pdf = "/v1/certificates/%s/certificate.pdf?token=0" % ("0" * 8 + "-0000-0000-0000-" + "0" * 12)
    answers = [world.http.request("GET", pdf, headers={"X-Forwarded-For": "203.0.113.4"}).status for _ in range(60)]
    report.check("who has PDFs drawn without end is told to wait", answers[0] != 429 and answers[-1] == 429, answers)
    report.check("staff are not", world.get(pdf, headers={"X-Forwarded-For": "203.0.113.4"}).status != 429)


def main(report):
    with Deployment() as d:
        d.start()
        world = World(d)
        with report.case("a class of forty, two of them provisional, one mark wrong: 39 are approved and issued"):
            class_id, people, wrong, issued = make_class(world)
            assert len(issued) == LEARNERS - 1 and wrong not in issued
        year = int(world.view(people[0], issued[people[0]])["issuedOn"][:4])
        check_register(report, world, year)
        shown = check_presented(report, world, people[0], issued[people[0]])
        check_list(report, world, shown)
        check_browsers(report, world, shown)
        outside = webtools.Credentials(report, d, PUBLIC_URL)
        outside.expect("valid", "JSON", credential=shown["credential"])
        outside.expect("valid", "JWT", jwt=shown["jwt"])
        tampered = json.loads(json.dumps(shown["credential"]))
        tampered["credentialSubject"]["name"] += "x"
        outside.expect("invalid", "with another name", credential=tampered)
        outside.expect("valid", "of an older paper certificate", credential=check_paper(report, world, people[5]))
        second = check_second(world, people[1], issued[people[1]])
        for verdict, credential in check_states(report, world, people[1], second):
            outside.expect(verdict, verdict, credential=credential)
        check_keys(report, world, outside, people, issued)
        check_correction(report, world, people[0], shown)
        outside.expect("revoked", "superseded by a corrected edition", credential=shown["credential"])
        with report.case("the one with the wrong mark is approved later, and the register goes on"):
            world.school.approve(class_id, decisionNumber="13/QĐ")
            world.school.wait_issued(class_id, LEARNERS)
            rows = check_register(report, world, year)
            assert len(rows) == LEARNERS + 1
        outside.expect("revoked", "superseded by the registry's correction", credential=check_registry(report, world))
        check_undrawable(report, world, people[9])
        check_etag(report, world)
        check_limits(report, world)


def check_second(world, person, certificate):
    view = world.view(person, certificate)
    code = view["verificationUrl"].rsplit("/", 1)[1]
    return {"view": view, "code": code,
            "credential": world.http.request("GET", "/v1/certificates/%s?token=%s" % (certificate, code)).json}


def check_keys(report, world, outside, people, issued):
    """Rotation leaves what was signed; a compromise takes it back from an instant on."""
    old = check_second(world, people[2], issued[people[2]])["credential"]
    world.post("/v1/issuers/T-CERT/keys", {"algorithm": "ED25519"})
    outside.expect("valid", "signed by a key that was retired since", credential=old)
    outside.expect("invalid", "signed by a key that was retired before", credential=old, expires=old["validFrom"])
    report.check("signed by a retired key it is valid here too", verify(world, {"credential": old}).json["verdict"] == "valid")
    world.post("/v1/certificates/%s:reissue" % issued[people[3]], {"reason": "mất bản gốc"})
    new = check_second(world, people[3], issued[people[3]])["credential"]
    report.check("the next key signs now", new["proof"][0]["verificationMethod"].endswith("#key-2"), new["proof"])
    outside.expect("valid", "signed by the next key", credential=new)
    world.post("/v1/issuers/T-CERT/keys/key-2:compromise", {"since": new["validFrom"], "reason": "lộ khóa"})
    report.check("signed after a compromise it is not", verify(world, {"credential": new}).json["verdict"] == "invalid",
                 verify(world, {"credential": new}).json)
    outside.expect("invalid", "signed after its key was compromised", credential=new)


if __name__ == "__main__":
    told = Report()
    with told.case("the test ran to its end"):
        main(told)
    sys.exit(told.end())
