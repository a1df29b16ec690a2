#!/usr/bin/python3 -B
"""A canary name: a person whose name, birth date, addresses and citizen id stand nowhere else
goes through everything that takes personal data: hired, updated, corrected, parked, rejected,
in conflict, held, in a roster, searched for, refused, enrolled, examined, certified, corrected on the
certificate, recorded from paper and confirmed, recognised, verified, mailed to a server that does not
want it, backed up. Then every byte of every file of the deployment and
of its backup is searched for it, in the spellings in which it could have been kept. None may
be found: personal data is sealed wherever it lies. The search itself is proven first: what
was put there to be found must be found.

Then the person is erased, and every service must have forgotten: what it answers, its key,
also after a backup made before the erasure was restored; but for the institution's register, which the law
keeps and only its staff reads. Before and after, the journal says what the state says (`matricula verify`)."""

import base64
import json
import os
import socket
import threading
import urllib.parse

import story
from canary_certified import Certified, check_register
from canary_search import *
from deployment import *

BRAKED = 21          # one more than act within a day, services/enrollment/brake_window.h
TOKENS = 201         # more than one answer holds of a list, services/subject_part.h
RECORD_BYTES = 64    # of a slot, common/host/slots.h


# --- what is searched for -------------------------------------------------------------------------------------------

def needles():
    words = [NAME, FORMER, OTHER, EMAIL, EMAIL.split("@")[0], CITIZEN, PHONE, PHONE.replace(" ", "")[1:], BORN,
             BORN_WRONG]
    for name in (NAME, FORMER, OTHER):
        words += name.split()
    return {raw: "%s of %s" % (how, word) for word in words for how, raw in spellings(word).items()}


def prove_search(report, folder, wanted):
    """Each spelling alone, at the seam of two chunks, must be found; and one word of the name alone."""
    path = os.path.join(folder, "seeded")
    missed = []
    for needle, what in wanted.items():
        with open(path, "wb") as file:
            file.seek(1000)
            file.write(b"\x07" + needle + b"\x07")
        if not search(folder, wanted)[0]:
            missed.append(what)
    with open(path, "wb") as file:
        file.seek(CHUNK_BYTES - 3)
        file.write(NAME.encode())
    if not any(hit.endswith(" of " + NAME) for hit in search(folder, wanted)[0]):
        missed.append("over the seam of two chunks")
    os.unlink(path)
    for shift in range(3):    # real codings, not the needles themselves
        with open(path, "wb") as file:
            file.write(base64.b64encode(b"xyz"[:shift] + ("name: %s, born" % NAME).encode()))
        if not search(folder, wanted)[0]:
            missed.append("in a longer text in base64, shifted by %d" % shift)
        os.unlink(path)
    report.check("the search finds what is put there to be found (%d spellings)" % len(wanted), not missed, missed[:5])


# --- a mail server that wants nothing -------------------------------------------------------------------------------

class Sink(threading.Thread):
    """Takes connections, refuses every recipient for now, and counts them: the mail stays queued."""

    def __init__(self):
        super().__init__(daemon=True)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port, self.refused = self.listener.getsockname()[1], 0

    def run(self):
        while True:
            try:
                stream, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(stream,), daemon=True).start()

    def serve(self, stream):
        with contextlib.suppress(OSError), stream, stream.makefile("rwb") as lines:
            self.say(lines, b"220 sink")
            for line in lines:
                word = line[:4].upper()
                if word == b"RCPT":
                    self.refused += 1
                    self.say(lines, b"451 not now")
                elif word == b"QUIT":
                    return self.say(lines, b"221 bye")
                else:
                    self.say(lines, b"250 fine")

    @staticmethod
    def say(lines, text):
        lines.write(text + b"\r\n")
        lines.flush()


# --- the life of the canary -----------------------------------------------------------------------------------------

class Canary(Certified):
    def __init__(self, d, sink):
        self.d, self.sink = d, sink
        self.source = "/authorities/%s/hr" % PROVINCE

    def begin(self):
        d = self.d
        d.add_authority("VN", "", "nation")
        d.add_authority(PROVINCE, "VN", "province")
        everything = [role for role in ROLES if role not in ("LEARNER", "DASHBOARD", "PRIVACY_OFFICER")]
        self.token = d.grant(everything, PROVINCE)
        self.officer = d.grant("PRIVACY_OFFICER", PROVINCE)
        self.client = d.http(self.token)
        story.hire(self.client, self.token, PROVINCE, ["B-%d" % n for n in range(BRAKED)])
        d.wait_followed()

    def again(self):
        """After a restart."""
        self.client.close()
        self.d.start()
        self.d.wait_followed()

    def push(self, kind, id, subject, data):
        answer = self.client.request("POST", "/v1/events", json.dumps(event(kind, self.source, id, subject, data)),
                                     headers={"Content-Type": "application/cloudevents+json"})
        return answer.json.get("outcome", str(answer))

    def expect(self, outcome, *arguments):
        got = self.push(*arguments)
        assert got == outcome, "%s: %s, not %s" % (arguments[1], got, outcome)

    def hire(self):
        self.expect("accepted", "hired", "k-1", "K-1",
                    hired(name=FORMER, birthDate=BORN_WRONG, email=EMAIL, phone=PHONE, citizenId=CITIZEN))
        self.person = story.person_of(self.client, self.token, PROVINCE, "K-1")
        self.expect("accepted", "updated", "k-2", "K-1", {"name": NAME, "effectiveDate": "2026-01-06",
                                                         "unit": "<script>alert(1)</script> & 'x' \"y\""})
        self.expect("accepted", "corrected", "k-3", "K-1",
                    {"eventId": "k-1", "birthDate": BORN, "name": NAME, "reason": "misread"})

    def not_acting(self):
        """Events that are kept without acting."""
        self.expect("parked", "updated", "k-4", "K-nobody", {"name": OTHER, "effectiveDate": "2026-01-06"})
        self.expect("rejected", "hired", "k-5", "K-2", hired(name=OTHER, on="not a date", citizenId=CITIZEN))
        self.expect("conflict", "updated", "k-2", "K-1", {"name": OTHER, "effectiveDate": "2026-01-06"})
        self.client.request("POST", "/v1/events:retry", {"source": self.source, "id": "k-5"})

    def held(self):
        """Too many leave: the last one's leaving is held, and what comes about them after that."""
        if why_no_clock():
            raise Skip("people of a first load are not braked: " + why_no_clock())
        for n in range(BRAKED):
            self.expect("held" if n + 1 == BRAKED else "accepted", "suspended", "b-%d" % n, "B-%d" % n,
                        {"reason": "inspection", "effectiveDate": "2026-01-06"})
        self.expect("held", "updated", "b-x", "B-%d" % (BRAKED - 1), {"name": OTHER, "effectiveDate": "2026-01-06"})

    def rude(self):
        """Where nothing personal belongs: it is refused, and neither logged nor kept."""
        quoted = urllib.parse.quote(NAME)
        for verb, path, body in (("GET", "/v1/persons?authority=%s&name=%s" % (PROVINCE, quoted), None),
                                 ("GET", "/v1/persons/%s" % quoted, None),
                                 ("GET", "/v1/%s" % quoted, None),
                                 ("POST", "/v1/events", {"specversion": "1.0", "name": NAME}),
                                 ("POST", "/v1/classes/%s/enrolments" % quoted, {"personId": NAME})):
            status = self.client.request(verb, path, body).status
            assert status in (400, 404, 415, 422), "%s %s: %d" % (verb, path.replace(quoted, "NAME"), status)

    def learn(self):
        self.school = story.School(self.client, PROVINCE, self.token)
        team = self.client.must("POST", "/v1/teams", {"authority": PROVINCE, "name": "Tổ số hóa", "kind": "TEAM"})
        self.client.must("POST", "/v1/teams/%s/members" % team["teamId"], {"personId": self.person, "task": "thư ký"})
        done = self.school.whole_class([self.person])
        self.certificate = done["certificates"][self.person]

    def mailed(self):
        wait_until("the mail server refused a message", lambda: self.sink.refused > 0, 60)

    def searched(self):
        for q in (NAME, folded(GIVEN), folded(FAMILY)[:4]):
            found = self.client.must("POST", "/v1/persons:search", {"q": q, "authority": PROVINCE})["persons"]
            assert [p["personId"] for p in found] == [self.person], "%s: %s" % (q, found)
        found = self.client.must("POST", "/v1/persons:lookup", {"citizenId": CITIZEN})
        assert found["personId"] == self.person

    def roster(self):
        if not self.has_route("/v1/rosters", "post"):
            raise Skip("there is no route for rosters yet")
        rows = ("staff_code,name,birth_date,email,phone,citizen_id,category,position,effective_date\n"
                "K-7,%s,%s,%s,%s,079163553216,CIVIL_SERVANT,01.003,2026-01-05\n"
                "K-8,%s,31/31/1963,%s,%s,%s0,CADRE,01.003,someday\n" % (OTHER, BORN, EMAIL, PHONE, OTHER, EMAIL, PHONE,
                                                                       CITIZEN))
        answer = self.client.request("POST", "/v1/rosters?authority=%s&mode=upsert" % PROVINCE, rows,
                                     headers={"Content-Type": "text/csv"})
        assert answer.status // 100 == 2, answer

    def provisional(self):
        if not self.has_route("/v1/persons", "post"):
            raise Skip("there is no route for provisional persons yet")
        self.client.must("POST", "/v1/persons", {"authority": PROVINCE, "name": OTHER, "birthDate": BORN,
                                                 "employer": "Công ty Hải An", "email": EMAIL})

    def merged(self):
        self.expect("accepted", "hired", "k-6", "K-3", hired(name=FORMER, birthDate=BORN, email="x" + EMAIL))
        self.second = story.person_of(self.client, self.token, PROVINCE, "K-3")
        self.client.must("POST", "/v1/persons/%s:merge" % self.person, {"otherId": self.second, "proof": "one person"})

    def has_route(self, path, verb):
        return verb in self.client.must("GET", "/openapi.json")["paths"].get(path, {})


# --- before and after -----------------------------------------------------------------------------------------------

def export(canary, **more):
    """Its members by service; the whole."""
    path = "/v1/persons/%s/export" % canary.person
    return canary.d.http(canary.officer).keep("GET", path, limit_s=30, **more)


def check_export(report, canary):
    with report.case("the export holds what each service has, and is whole"):
        whole = export(canary)
        said = json.dumps(whole, ensure_ascii=False)
        for word in (NAME, FORMER, BORN, EMAIL, PHONE, CITIZEN):
            assert word in said, "%s is not in it" % word
        assert whole["complete"] is True and whole["next"] == [], whole["next"]
        assert [c["change"]["kind"] for c in whole["enrollment"]["changes"]] == ["HIRED", "UPDATED", "CORRECTED"]
        assert whole["enrollment"]["enrolments"][0]["attendance"][1]["state"] == "PRESENT"
        assert whole["enrollment"]["exports"][0]["by"].startswith("token:")
        assert whole["enrollment"]["teams"][0]["name"] == "Tổ số hóa"
        assert whole["enrollment"]["teams"][0]["memberships"][0]["task"] == "thư ký"
        assert whole["assessment"]["attempts"][0]["attempt"]["state"] == "GRADED"
        shown = {row["certificate"]["certificateId"]: row["editions"] for row in whole["certificate"]["certificates"]}
        assert set(shown) == {canary.certificate, *canary.paper}, set(shown)
        names = [one["signedEdition"]["content"]["name"] for one in shown[canary.certificate]]
        assert names == [NAME, FORMER, NAME], names
        assert NAME in base64.b64decode(shown[canary.certificate][2]["signedEdition"]["credential"]).decode()
        assert OTHER in whole["certificate"]["recognitions"][0]["text"]["title"]
        assert whole["certificate"]["completions"] and whole["notification"]["messages"]
        assert whole["notification"]["contact"]["personal"]["email"] == EMAIL
    with report.case("and a record that was merged, as a part of its own, under either id"):
        assert [m["record"] for m in whole["merged"]] == [canary.second]
        assert all(service in whole["merged"][0] for service in SERVICES)
        assert whole["merged"][0]["notification"]["contact"]["personal"]["email"] == "x" + EMAIL
        other = canary.d.http(canary.officer).must("GET", "/v1/persons/%s/export" % canary.second)
        assert other["personId"] == canary.person and len(other["merged"]) == 1
    with report.case("the export names the events of the person's staff codes that did not act, and no others"):
        kept = [(e["event"]["id"], e["outcome"]) for e in whole["enrollment"]["keptEvents"]]
        assert kept == [("k-2", "CONFLICT")], kept
    with report.case("the person gets it too, and nobody else with the same role"):
        own = canary.d.grant("LEARNER", PROVINCE, subject=canary.person)
        canary.d.wait_followed()
        mine = canary.d.http(own).must("GET", "/v1/persons/%s/export" % canary.person)
        assert mine["enrollment"]["person"] == whole["enrollment"]["person"]
        assert [t["subject"] for t in mine["enrollment"]["tokens"]] == [canary.person]
        stranger = canary.d.http(own).get("/v1/persons/%s/export" % canary.person[:-4] + "0000")
        assert stranger.status in (400, 403, 404), stranger
    with report.case("each reading leaves a fact in all four journals"):
        for service in SERVICES:
            lines = canary.d.ctl("follow", service, "--once").stdout
            assert "ubjectExport" in lines, "none in the journal of " + service
    for name, token, status in (("nobody", "", 401), ("the office", canary.token, 403)):
        answer = canary.d.http(token).get("/v1/persons/%s/export" % canary.person)
        report.check("the export is not for %s" % name, answer.status == status, answer)
    for query, field in (("list=nothing&record=" + canary.person, "list"), ("pageToken=x", "list"), ("list=messages", "record"),
                         ("a=b", "a"), ("list=messages&pageToken=x&record=" + canary.person, "pageToken")):
        answer = canary.d.http(canary.officer).get("/v1/persons/%s/export?%s" % (canary.person, query))
        report.check("an export asked for by ?%s is refused" % query.split("&record")[0],
                     answer.status == 400 and answer.problem[1] == field, answer)


def check_page(report, canary):
    answer = canary.d.http(canary.officer).get("/v1/persons/%s/export" % canary.person, headers={"Accept": "text/html"})
    page = answer.body.decode()
    with report.case("the export as a page: Vietnamese first, English beside, and nothing that runs"):
        assert answer.status == 200 and answer.headers["Content-Type"].startswith("text/html"), answer
        for word in (NAME, EMAIL, CITIZEN, "Quá trình công tác", "History", "Quản lý nhà nước ngạch chuyên viên",
                     'lang="vi"', 'lang="en"', "@media print", "Đã chấm"):
            assert word in page, "%s is not on it" % word
        assert page.index("Họ và tên") < page.index("Name</small>")
        assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; &#39;x&#39; &quot;y&quot;" in page
        for word in ("<script", "http-equiv", "src=", "javascript:"):
            assert word not in page, "%s is on it" % word
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    with report.case("the page is well-formed"):
        import html.parser

        class Tags(html.parser.HTMLParser):
            def __init__(self):
                super().__init__()
                self.open, self.wrong = [], []

            def handle_starttag(self, tag, attributes):
                if tag not in ("meta", "br"):
                    self.open.append(tag)

            def handle_endtag(self, tag):
                if not self.open or self.open.pop() != tag:
                    self.wrong.append((tag, self.getpos()))
        tags = Tags()
        tags.feed(page)
        assert not tags.wrong and not tags.open, (tags.wrong[:3], tags.open[-3:])
    return page


def check_pages(report, canary):
    with report.case("a list that is longer than an answer says so, and where it goes on"):
        wanted = set()
        for _ in range(TOKENS):
            canary.d.grant("LEARNER", PROVINCE, subject=canary.person)
        client, path, pages = canary.d.http(canary.officer), "/v1/persons/%s/export" % canary.person, 0
        while path:
            whole = client.must("GET", path)
            assert whole["complete"] is (whole["next"] == [])
            assert pages == 0 or list(whole["enrollment"]) and "assessment" not in whole, "a page of one list has others"
            rows = [token["tokenId"] for token in whole["enrollment"]["tokens"]]
            assert not wanted & set(rows), "a row came twice"
            wanted |= set(rows)
            path = whole["next"][0] if whole["next"] else None
            pages += 1
        assert pages == 2 and len(wanted) > TOKENS, (pages, len(wanted))
    with report.case("and so does the page"):
        page = client.get("/v1/persons/%s/export" % canary.person, headers={"Accept": "text/html"}).body.decode()
        assert "Chưa hết" in page and "list=tokens" in page


def check_away(report, canary):
    with report.case("while a service is away there is no export, rather than a part of one"):
        canary.d.signal("assessment", signal.SIGSTOP)
        try:
            answer = canary.d.http(canary.officer).get("/v1/persons/%s/export" % canary.person)
            assert answer.status in (503, 504), answer
        finally:
            canary.d.signal("assessment", signal.SIGCONT)
        canary.d.wait_ready()
        export(canary)


def check_forgotten(report, canary, when):
    client, officer = canary.client, canary.d.http(canary.officer)
    wanted = [word for word in [NAME, FORMER, EMAIL, PHONE, CITIZEN, BORN] + NAME.split()]

    def forgotten(what, answer, status=200):
        said = answer.body.decode()
        report.check("%s: %s" % (when, what), answer.status == status and not any(w in said for w in wanted), answer)
    person = "/v1/persons/%s" % canary.person
    forgotten("the record has nothing personal", client.get(person))
    forgotten("nor has it as of then", client.get(person + "?asOf=2026-01-05"))
    forgotten("nor its history", client.get(person + "/history"))
    forgotten("nobody but the person reads their messages", client.get(person + "/messages"), 404)
    forgotten("the list of certificates stays", client.get(person + "/certificates"))
    stranger, path = canary.d.http(""), "/v1/certificates/" + canary.certificate
    forgotten("the credential is gone", client.get(path), 404)
    forgotten("also its editions", client.get(path + "?edition=2"), 404)
    forgotten("and its PDF", client.get(path + "/certificate.pdf"), 404)
    forgotten("for whoever had its code too", stranger.get(path + "?token=" + canary.code), 404)
    forgotten("the verification page has no name", stranger.get("/v/" + canary.code), 404)
    forgotten("the passport has no name", client.get(person + "/passport"))
    forgotten("and is not drawn", client.get(person + "/passport.pdf"), 404)
    forgotten("the export has nothing personal", officer.get(person + "/export"))
    forgotten("nor has its page", officer.get(person + "/export", headers={"Accept": "text/html"}))
    forgotten("the citizen id leads nowhere", client.post("/v1/persons:lookup", {"citizenId": CITIZEN}), 404)
    answer = client.post("/v1/persons:search", {"q": NAME, "authority": PROVINCE})
    report.check("%s: the name leads nowhere" % when, answer.status == 200 and
                 canary.person not in answer.body.decode(), answer)
    with report.case("%s: nothing is kept of events that did not act" % when):
        whole = officer.must("GET", person + "/export")
        assert not whole["enrollment"]["keptEvents"], whole["enrollment"]["keptEvents"]
        assert [m["enrollment"]["person"]["erased"] for m in whole["merged"]] == [True]
    check_register(report, canary, when)
    with report.case("%s: what the law keeps is there" % when):
        kept = client.must("GET", person)
        assert kept["erased"] and kept["staffCodes"][0]["code"] == "K-1", kept
    with report.case("%s: the staff code takes no more" % when):
        got = canary.push("updated", "late-%s" % story.new_key(), "K-1", {"name": NAME})
        assert got == "rejected", got


def slots_of(d, person):
    """{service: (slot, its 64 bytes)} of those that had one, by the ledger."""
    found = {}
    for service in SERVICES:
        with contextlib.suppress(FileNotFoundError), open(os.path.join(d.keys, service + ".erasures")) as file:
            for line in file:
                subject, slot, *_ = line.split()
                if subject != person or not slot.isdigit():
                    continue
                with open(os.path.join(d.data, service, "slots"), "rb") as slots:
                    slots.seek((int(slot) + 1) * RECORD_BYTES)
                    found[service] = (int(slot), slots.read(RECORD_BYTES))
    return found


def check_slots(report, canary, when):
    def destroyed():
        slots = slots_of(canary.d, canary.person)
        return len(slots) >= 3 and not any(raw.strip(b"\0") for _, raw in slots.values()) and slots
    with report.case("%s: the person's keys are zeros" % when):
        slots = wait_until("keys are destroyed", destroyed, 60)
        report.note("slots destroyed: %s" % {service: slot for service, (slot, _) in slots.items()})


def check_verify(report, d, when):
    done = d.ctl("verify", check=False, timeout_s=300)
    report.check("%s: every chain holds and every state is what its journal says" % when, done.returncode == 0,
                 (done.stdout + done.stderr)[-400:])


def check_sealed(report, folder, wanted, when):
    hits, files, size = search(folder, wanted)
    report.check("%s: the canary is in none of %d files" % (when, files), not hits, "; ".join(hits[:6]))
    report.note("%d MiB were looked at" % (size >> 20))
    for hit in hits[:40]:
        report.note(hit)


def live(report, canary):
    for name, step in (("hired, updated, corrected", canary.hire), ("parked, rejected, in conflict", canary.not_acting),
                       ("in an event that the brake holds", canary.held),
                       ("refused where it does not belong", canary.rude), ("in a roster", canary.roster),
                       ("a provisional person", canary.provisional), ("searched for", canary.searched),
                       ("enrolled, examined, certified", canary.learn),
                       ("corrected on the certificate, twice", canary.corrected),
                       ("on paper, recorded and confirmed", canary.on_paper),
                       ("recognised for what was learnt beside courses", canary.recognised),
                       ("verified, and drawn on paper", canary.verified),
                       ("mailed to a server that refuses", canary.mailed),
                       ("found to have a second record, which is merged into the first", canary.merged)):
        with report.case("the canary is " + name):
            step()


def erase(report, canary):
    canary.code = canary.codes()[canary.certificate]
    canary.issued_on = canary.client.must("GET", "/v1/persons/%s/certificates" % canary.person)["certificates"][-1]["issuedOn"]
    canary.hr = canary.d.grant("HR_OFFICER", PROVINCE)
    canary.own = canary.d.grant("LEARNER", PROVINCE, subject=canary.person)
    with report.case("the person is erased"):
        canary.expect("accepted", "retired", "k-9", "K-1", {"effectiveDate": "2026-01-20"})
        canary.d.wait_followed()
        officer = canary.d.http(canary.officer)
        officer.must("POST", "/v1/persons/%s:erase" % canary.person, {"legalBasis": "Law 91/2025/QH15, art. 14"})
        canary.d.wait_followed()


def test(report):
    sink = Sink()
    sink.start()
    wanted = needles()
    with Deployment(options=("--smtp", "smtp://127.0.0.1:%d" % sink.port)) as d:
        seeds = os.path.join(d.folder, "seeds")
        os.makedirs(seeds)
        prove_search(report, seeds, wanted)
        canary = Canary(d, sink)
        start_at(d, None if why_no_clock() else "-25h")
        canary.begin()
        if not why_no_clock():
            d.stop()
            canary.again()
        live(report, canary)
        check_export(report, canary)
        check_page(report, canary)
        check_pages(report, canary)
        check_away(report, canary)
        d.wait_followed()
        backup = os.path.join(d.folder, "backup")
        done = d.ctl("backup", backup, check=False)
        report.check("a backup is made", done.returncode == 0, done.stderr)
        check_verify(report, d, "before")
        d.stop()
        check_sealed(report, d.folder, wanted, "stopped")
        canary.again()
        erase(report, canary)
        check_forgotten(report, canary, "erased")
        check_slots(report, canary, "erased")
        check_verify(report, d, "erased")
        d.stop()
        check_sealed(report, d.folder, wanted, "erased")
        done = d.ctl("restore", backup, check=False)
        report.check("the backup from before the erasure is restored", done.returncode == 0, done.stderr)
        canary.again()
        check_forgotten(report, canary, "restored")
        check_slots(report, canary, "restored")
        check_verify(report, d, "restored")
        d.stop()
        check_sealed(report, d.folder, wanted, "restored")


if __name__ == "__main__":
    main(test)
