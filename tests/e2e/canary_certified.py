"""The canary's certificate: corrected, recorded from paper, recognised, verified in every form, and what is kept of it
when the person is erased."""

import csv
import io
import json

from canary_search import *


class Certified:
    """Of a Canary: d, client, person, certificate."""

    def codes(self):
        """{certificate: code of its verification URL}"""
        rows = self.client.must("GET", "/v1/persons/%s/certificates" % self.person)["certificates"]
        return {row["certificateId"]: row["verificationUrl"].rsplit("/", 1)[1] for row in rows}

    def corrected(self):
        """A mistaken name in a second edition, the right one in a third; the reasons name somebody too."""
        path = "/v1/certificates/%s:correct" % self.certificate
        for edition, name in ((2, FORMER), (3, NAME)):
            reply = self.client.must("POST", path, {"content": {"name": name}, "reason": {"text": "không phải " + OTHER}})
            assert reply["edition"] == edition, reply
        for state in ("suspend", "reinstate"):
            self.client.must("POST", "/v1/certificates/%s:%s" % (self.certificate, state), {"reason": OTHER + " đã báo"})

    def on_paper(self):
        """Recorded by a spreadsheet and confirmed; another one only recorded."""
        rows = "Số vào sổ,Năm,Mã cá nhân,Mã cơ quan,Họ và tên,Ngày sinh,Chương trình,Ngày cấp\n" + "".join(
            "%d,2012,%s,%s,%s,%s,Tin học văn phòng,15/06/2012\n" % (
                number, self.person, PROVINCE, name, "/".join(reversed(BORN.split("-"))))
            for number, name in ((71, NAME), (72, FORMER)))
        answer = self.client.request("POST", "/v1/authorities/%s/paper-certificates.csv" % PROVINCE, rows.encode(),
                                     headers={"Content-Type": "text/csv"})
        told = list(csv.DictReader(io.StringIO(answer.body.decode().lstrip("\ufeff"))))
        assert answer.status == 200 and len(told) == 2, answer
        ids = [list(row.values())[-1] for row in told]
        assert all(len(one) == 26 for one in ids), told
        self.client.must("POST", "/v1/certificates/%s:confirm" % ids[0], {"decisionNumber": "9/QĐ", "decisionDate": "2026-01-14"})
        self.paper = ids

    def recognised(self):
        self.client.must("POST", "/v1/persons/%s/recognitions" % self.person, {
            "authority": PROVINCE, "form": "MENTORING", "hours": 12, "on": "2026-01-14",
            "text": {"title": "kèm cặp " + OTHER, "evidence": "xác nhận của " + NAME}})

    def verified(self):
        """By everybody, in every form; papers are drawn."""
        code = self.codes()[self.certificate]
        stranger = self.d.http("")
        pdf = stranger.request("GET", "/v1/certificates/%s/certificate.pdf?token=%s" % (self.certificate, code))
        jwt = stranger.request("GET", "/v1/certificates/%s?token=%s" % (self.certificate, code),
                               headers={"Accept": "application/vc+jwt"})
        for kind, body in (("application/pdf", pdf.body), ("application/vc+jwt", jwt.body),
                           ("application/json", json.dumps({"code": code})),
                           ("application/json", json.dumps({"registerNumber": "72", "year": 2012, "institution": PROVINCE,
                                                            "name": OTHER, "birthDate": BORN}))):
            answer = stranger.request("POST", "/v1/certificates:verify", body, headers={"Content-Type": kind})
            assert answer.status == 200 and answer.json["verdict"] in ("valid", "no_match"), (kind, answer)
        page = stranger.get("/v/" + code).body.decode()
        assert NAME in page, "the page does not show the name"
        sheet = "code,register_number,year,institution,name,birth_date\n%s,,,,,\n,72,2012,%s,%s,%s\n" % (
            code, PROVINCE, FORMER, BORN)
        answer = self.client.request("POST", "/v1/certificates:verify-list", sheet.encode(), headers={"Content-Type": "text/csv"})
        assert answer.status == 200 and len(answer.body.splitlines()) == 3, answer
        passport = self.client.must("GET", "/v1/persons/%s/passport" % self.person)
        assert passport["name"] == NAME and len(passport["courses"]) == 3 and passport["recognitions"], passport
        assert self.client.get("/v1/persons/%s/passport.pdf" % self.person).body.startswith(b"%PDF-")


def check_register(report, canary, when):
    """What the law keeps: the institution's staff reads it, and nobody else."""
    year = canary.issued_on[:4]
    for of, wanted in ((year, NAME), ("2012", FORMER)):
        path = "/v1/authorities/%s/register/%s" % (PROVINCE, of)
        for suffix in ("", "/register.csv"):
            answer = canary.client.get(path + suffix)
            report.check("%s: the register of %s is kept, for staff%s" % (when, of, suffix and " as CSV"),
                         answer.status == 200 and wanted in answer.body.decode(), answer)
            for name, token in (("a stranger", ""), ("the privacy officer", canary.officer), ("HR", canary.hr),
                                ("the person", canary.own)):
                answer = canary.d.http(token).get(path + suffix)
                report.check("%s: and not for %s%s" % (when, name, suffix and " as CSV"),
                             answer.status in (401, 403) and wanted not in answer.body.decode(), answer)
