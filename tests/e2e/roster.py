#!/usr/bin/python3 -B
"""Rosters over HTTP, as an HR office sends them with Excel and curl.

With curl alone: a template, 1,000 rows with 30 planted faults, a dry run, errors.csv,
the faults repaired, the file accepted, and the same file again 1,000 unchanged. Then
what should not come: a workbook, UTF-16, doubled headers, a quote that never closes, a
cell of 64 MiB (the gateway's memory stays flat), a body cut off in the middle of a row.
And the middle: enrollment is killed with -9 while rows come, the sender's connection
breaks; nothing acknowledged is lost, nothing acts twice, the file goes on where it was.

  tests/e2e/roster.py [BUILD-FOLDER] [--rows 20000]"""

import argparse
import collections
import csv
import hashlib
import io
import json
import os
import subprocess
import tempfile
import threading
import time
import unicodedata

from deployment import *

ROWS, FAULTS = 1000, 30
FLAT_MIB = 256 if SANITIZED else 24
BIG_CELL_MIB = 64
COLUMNS = ("staff_code", "name", "birth_date", "email", "phone", "citizen_id", "category", "position", "rank", "unit",
           "supervisor", "effective_date", "authority")


class Office:
    """An HR office with a shell: files in a folder, and curl."""

    def __init__(self, deployment, token, folder):
        self.deployment, self.token, self.folder = deployment, token, folder
        self.url = "http://%s:%d" % deployment.address

    def write(self, name, data):
        path = os.path.join(self.folder, name)
        with open(path, "wb") as file:
            file.write(data)
        return path

    def curl(self, *words, timeout_s=120, input=None):
        """(status, body)"""
        done = subprocess.run(["curl", "-sS", "-w", "\n%{http_code}", "-H", "Authorization: Bearer " + self.token,
                               *words], capture_output=True, timeout=timeout_s, input=input)
        body, _, status = done.stdout.rpartition(b"\n")
        return int(status or 0), body

    def send(self, path, query="authority=HR", *words, **more):
        status, body = self.curl("--data-binary", "@" + path, *words, self.url + "/v1/rosters?" + query, **more)
        try:
            answer = json.loads(body)
            if "counts" in answer:
                answer["counts"] = collections.Counter(answer["counts"])
            return status, answer
        except ValueError:
            return status, {"detail": body.decode(errors="replace")}

    def get(self, path):
        return self.curl(self.url + path)

    def errors(self, roster, lang="en"):
        status, body = self.get("/v1/rosters/%s/errors.csv?lang=%s" % (roster, lang))
        assert status == 200 and body.startswith(b"\xef\xbb\xbf"), (status, body[:200])
        text = body[3:].decode()
        separator = ";" if text.splitlines()[0].count(";") > 2 else ","
        return list(csv.DictReader(io.StringIO(text), delimiter=separator))


def person(number, prefix="CB"):
    return {"staff_code": "%s%05d" % (prefix, number), "name": "Nguyễn Thị Hồng Ánh %d" % number,
            "birth_date": "%d/%d/%d" % (1 + number % 28, 1 + number % 12, 1960 + number % 40),
            "email": "cb%d@example.vn" % number, "phone": "0900 %06d" % number,
            "citizen_id": "001%09d" % number, "category": ("Cán bộ", "công chức", "VIÊN CHỨC")[number % 3],
            "position": "specialist", "rank": "01.003", "unit": "Phòng \"Tổ chức\", tầng %d" % (number % 5),
            "effective_date": "01/07/2025"}


# What is planted, and the code that answers it.
PLANTED = [
    ({"birth_date": "31/02/1990"}, "bad_date"), ({"birth_date": "12/31/1990"}, "bad_date"),
    ({"birth_date": "1/1/90"}, "bad_date"), ({"effective_date": "hôm qua"}, "bad_date"),
    ({"effective_date": "29.2.2025"}, "bad_date"), ({"birth_date": "32874"}, "date_number"),
    ({"effective_date": "45839"}, "date_number"), ({"effective_date": "1/7/2060"}, "implausible_date"),
    ({"birth_date": "1/1/2024"}, "implausible_date"), ({"effective_date": ""}, "missing"), ({"name": ""}, "missing"),
    ({"category": ""}, "missing"), ({"staff_code": ""}, "missing"), ({"category": "giám đốc"}, "bad_category"),
    ({"category": "officer"}, "bad_category"), ({"citizen_id": "1.23E+11"}, "scientific_notation"),
    ({"phone": "9,1E+8"}, "scientific_notation"), ({"staff_code": "1E+05"}, "scientific_notation"),
    ({"citizen_id": "123456789"}, "bad_citizen_id"), ({"citizen_id": "00119000000A"}, "bad_citizen_id"),
    ({"name": "x" * 300}, "too_long"), ({"position": "p" * 40}, "too_long"), ({"unit": "u" * 1500}, "cell_too_long"),
    ({"name": "-"}, "cannot_clear"), ({"authority": "nowhere"}, "unknown_authority"),
    ({"authority": "OTHER"}, "outside_authority"), ({"staff_code": "CB00001"}, "duplicate_row"),
    ({"name": b"Nguy\xean"}, "bad_text"), ({"staff_code": None}, "wrong_cell_count"),
    ({"unit": b"\"quoted\" badly"}, "bad_quote"),
]
assert len(PLANTED) == FAULTS


def cell(value, separator):
    if isinstance(value, bytes):
        return value
    if any(c in value for c in '"\n' + separator):
        value = '"%s"' % value.replace('"', '""')
    return value.encode()


def sheet(rows, header=COLUMNS, separator=",", end="\r\n", mark=True):
    """A file as Excel writes it. A staff code of None leaves the row one cell short."""
    lines = [separator.join(header).encode()]
    for row in rows:
        cells = [cell(row.get(column) or "", separator) for column in COLUMNS]
        if row.get("staff_code", "") is None:
            cells = [b"CB99999"] + cells[2:]
        lines.append(separator.encode().join(cells))
    return (b"\xef\xbb\xbf" if mark else b"") + end.encode().join(lines) + end.encode()


def rows_digest(rows):
    return hashlib.sha256(b"".join(b"\x1f".join((row.get(column) or "").encode() for column in COLUMNS) + b"\x1e"
                                   for row in rows)).hexdigest()


# --- the good day ------------------------------------------------------------------------------------------------------

def good_day(report, office):
    with report.case("roster_template"):
        status, body = office.get("/v1/rosters/template.csv?lang=vi")
        assert status == 200 and body.startswith(b"\xef\xbb\xbfM\xc3\xa3 c\xc3\xa1n b\xe1\xbb\x99,"), body[:80]
        header = body[3:].decode().splitlines()[0].split(",")
        status, view = office.send(office.write("template.csv", body), "authority=HR&dryRun=true")
        assert status == 201 and view["counts"]["hired"] == 1 and view["counts"]["rejected"] == 0, (status, view)
        status, body = office.get("/v1/rosters/template.csv?lang=en&separator=;")
        assert body[3:].decode().splitlines()[0] == ";".join(COLUMNS), body
        status, body = office.get("/rosters")
        assert status == 200 and b"<noscript>" in body and "Gửi danh sách".encode() in body, status
    good = [person(n) for n in range(1, ROWS + 1)]
    places = {20 + 31 * n: planted for n, planted in enumerate(PLANTED)}
    bad = [dict(row, **places.get(n, ({}, ""))[0]) for n, row in enumerate(good)]
    with report.case("roster_dry_run_30_faults"):
        status, view = office.send(office.write("bad.csv", sheet(bad, header)), "authority=HR&dryRun=true")
        assert status == 201 and view["dryRun"] and view["counts"]["rows"] == ROWS, (status, view)
        assert view["counts"]["rejected"] == FAULTS and view["counts"]["hired"] == ROWS - FAULTS, view["counts"]
        found = {int(line["row"]) - 2: line for line in office.errors(view["rosterId"])}
        for place, (_, code) in places.items():
            assert found.pop(place, {}).get("code") == code, (place, code, found.get(place))
        assert not found, found
        lines = office.errors(view["rosterId"], "vi")
        assert len(lines) == FAULTS and all(line["giải thích"] for line in lines), lines[:3]
        for folder, _, names in os.walk(office.deployment.data):
            for name in filter(lambda name: os.path.isfile(os.path.join(folder, name)), names):
                with open(os.path.join(folder, name), "rb") as file:
                    assert "hôm qua".encode() not in file.read(), "a cell lies open in " + name
        status, body = office.get("/v1/persons?authority=HR")
        assert status == 200 and not json.loads(body).get("persons"), body[:200]
    with report.case("roster_good_rows_stand"):
        status, view = office.send(office.write("bad.csv", sheet(bad, header)))
        assert status == 201 and view["counts"]["hired"] == ROWS - FAULTS, (status, view)
    data = sheet(good, header)
    path = office.write("good.csv", data)
    with report.case("roster_repaired_is_accepted"):
        status, view = office.send(path)
        assert status == 201 and view["state"] == "DONE", (status, view)
        counts = view["counts"]
        assert (counts["hired"], counts["unchanged"], counts["rejected"]) == (FAULTS, ROWS - FAULTS, 0), counts
        assert view["fileSha256"] == hashlib.sha256(data).hexdigest(), view
        assert view["digest"] == rows_digest(good), (view["digest"], rows_digest(good))
    with report.case("roster_same_again_unchanged"):
        status, view = office.send(path)
        assert status == 201 and view["counts"]["unchanged"] == ROWS and view["counts"]["changed"] == 0, view
    with report.case("roster_other_spellings_unchanged"):
        for name, data in {
            "english.csv": sheet(good, COLUMNS), "semicolon.csv": sheet(good, header, ";"),
            "unix.csv": sheet(good, [c.upper() for c in header], end="\n", mark=False),
            "nfd.csv": unicodedata.normalize("NFD", sheet(good, header).decode()).encode(),
            "rows.ndjson": "".join(json.dumps({"".join(w.title() if i else w for i, w in enumerate(c.split("_"))): v
                                               for c, v in row.items()}) + "\n" for row in good).encode(),
        }.items():
            status, view = office.send(office.write(name, data))
            assert status == 201 and view["counts"]["unchanged"] == ROWS, (name, status, view)
    with report.case("roster_changes_and_clears"):
        rows = [{"staff_code": "CB00001", "email": "moi@example.vn"}, {"staff_code": "CB00002", "phone": "-"},
                {"staff_code": "CB00003"}, dict(person(4), citizen_id="%d" % int(person(4)["citizen_id"]))]
        status, view = office.send(office.write("some.csv", sheet(rows)))
        assert view["counts"]["changed"] == 2 and view["counts"]["unchanged"] == 2, view
        assert [line["code"] for line in office.errors(view["rosterId"])] == ["padded"], view
        status, body = office.get("/v1/persons?authority=HR&staffCode=CB00002")
        found = json.loads(body)["persons"][0]["personal"]
        assert not found.get("phone") and found["name"] == person(2)["name"], found
    with report.case("roster_full_reports_the_missing"):
        status, view = office.send(office.write("half.csv", sheet(good[:ROWS // 2])), "authority=HR&mode=full")
        roster = view["rosterId"]
        wait_until("the roster is compared", lambda: json.loads(
            office.get("/v1/rosters/" + roster)[1])["state"] == "DONE", 30)
        view = json.loads(office.get("/v1/rosters/" + roster)[1])
        assert view["counts"].get("missing") == ROWS - ROWS // 2, view
        assert len(office.errors(roster)) == ROWS - ROWS // 2
        status, body = office.get("/v1/rosters?authority=HR&pageSize=1")
        assert json.loads(body)["rosters"][0]["rosterId"] == roster, body


# --- the bad day -------------------------------------------------------------------------------------------------------

def refused(report, office):
    some = sheet([person(n) for n in range(1, 4)])
    cases = {
        "xlsx": (b"PK\x03\x04" + bytes(2 << 20), 400, "Excel workbook; save it as CSV UTF-8"),
        "utf16": (some.decode().encode("utf-16"), 400, "UTF-16"),
        "utf16_without_mark": (some.decode().lstrip("\ufeff").encode("utf-16-le"), 400, "not text in UTF-8"),
        "doubled_header": (b"staff_code,name,H\xe1\xbb\x8d t\xc3\xaan\r\nA,B,C\r\n", 400, "mean the same"),
        "no_staff_code": (b"name,email\r\nA,B\r\n", 400, "staff_code"),
        "windows_1258_header": ("mã cán bộ".encode("utf-8").replace(b"\xc3\xa3", b"\xe3") + b",name\r\nA,B\r\n", 400,
                                "not UTF-8"),
        "empty": (b"", 400, "empty"),
        "long_header": (b"staff_code," + b"x" * 100000 + b"\r\nA,B\r\n", 400, "longer than a header"),
    }
    for name, (data, expected, sentence) in cases.items():
        for chunked in (False, True):
            with report.case("roster_refused_%s%s" % (name, "_chunked" if chunked else "")):
                words = ("-H", "Transfer-Encoding: chunked") if chunked else ()
                status, problem = office.send(office.write("refused", data), "authority=HR", *words)
                assert status == expected and sentence in problem.get("detail", ""), (status, problem)
    with report.case("roster_refused_whose"):
        path = office.write("some.csv", some)
        for query, expected in (("authority=OTHER", 403), ("authority=nowhere", 403), ("mode=full", 400),
                                ("authority=HR&mode=all", 400), ("authority=HR&color=red", 400),
                                ("roster=nothing", 400)):
            status, problem = office.send(path, query)
            assert status in (expected, 400 if expected == 403 else expected, 404), (query, status, problem)
        status, problem = office.send(office.write("big.csv", some + b"\r\n" * 1000000), "authority=OTHER")
        assert status == 403, (status, problem)
        status, _ = office.curl("-F", "file=@" + path, office.url + "/v1/rosters?authority=HR")
        assert status == 415, status
    with report.case("roster_unclosed_quote"):
        data = b"staff_code,name\r\nCB00001,\r\nCB00002,\r\nCB00003,\r\nCB00004,\"never closed\r\n" + b"A5,B\r\n" * 10000
        status, view = office.send(office.write("quote.csv", data), "authority=HR&dryRun=true")
        assert status == 201 and view["counts"]["rows"] == 4 and view["counts"]["rejected"] == 1, (status, view)
        line, = office.errors(view["rosterId"])
        assert (line["row"], line["code"], line["column"]) == ("5", "unclosed_quote", "name"), line
    with report.case("roster_odd_columns_are_told"):
        data = b"STT,staff_code,email,\r\n1,CB00003,,\r\n2,CB00004,,\r\n"
        status, view = office.send(office.write("odd.csv", data))
        assert status == 201 and view["counts"]["unchanged"] == 2 and view["counts"]["warnings"] == 1, view
    with report.case("roster_formulas_stay_text"):
        data = b"staff_code,effective_date\r\nCB00003,=1+1\r\n"
        status, view = office.send(office.write("odd.csv", data))
        body = office.get("/v1/rosters/%s/errors.csv" % view["rosterId"])[1]
        assert b"\"'=1+1\"" in body, body


def memory_is_flat(report, office):
    d = office.deployment
    path = office.write("cell.csv", b"")
    with open(path, "wb") as file:
        file.write(b"staff_code,name\r\nCB00001,\"")
        for _ in range(BIG_CELL_MIB):
            file.write(b"x" * (1 << 20))
        file.write(b"\"\r\nCB00002,\r\n")
    with report.case("roster_cell_of_%d_mib" % BIG_CELL_MIB):
        before, most, over = private_kib(d.pid("gateway")), [0], threading.Event()

        def watch():
            while not over.wait(0.02):
                most[0] = max(most[0], private_kib(d.pid("gateway")))
        watcher = threading.Thread(target=watch)
        watcher.start()
        status, view = office.send(path)
        over.set()
        watcher.join()
        assert status == 201 and view["counts"]["rejected"] == 1 and view["counts"]["unchanged"] == 1, (status, view)
        assert office.errors(view["rosterId"])[0]["code"] == "cell_too_long"
        grown = (most[0] - before) / 1024
        report.note("the gateway grew by %.1f MiB" % grown)
        assert grown < FLAT_MIB, grown


# --- in the middle -----------------------------------------------------------------------------------------------------

def half_sent(office, data, query, size):
    """The head and a part of a body; then the connection ends."""
    with socket.create_connection(office.deployment.address) as sender:
        sender.sendall(b"POST /v1/rosters?%s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nIdempotency-Key: half\r\n"
                       b"Content-Length: %d\r\n\r\n" % (query.encode(), office.token.encode(), len(data)))
        sender.sendall(data[:size])
        time.sleep(2)


def broken_off(report, office, count):
    data = sheet([person(n, "BRK") for n in range(count)])
    path = office.write("broken.csv", data)
    with report.case("roster_cut_off_and_resumed"):
        half_sent(office, data, "authority=HR", len(data) // 2 + 17)
        view = json.loads(office.get("/v1/rosters?authority=HR&pageSize=1")[1])["rosters"][0]
        taken = view["counts"].get("hired", 0)
        assert view["state"] == "OPEN" and 0 < taken < count, view
        other = office.write("other.csv", sheet([person(n + 1, "BRK") for n in range(count)]))
        status, problem = office.send(other, "roster=" + view["rosterId"])
        assert status == 409 and "not the one" in problem["detail"], problem
        status, done = office.send(path, "roster=" + view["rosterId"])
        assert status == 201 and done["counts"]["hired"] == count and done["counts"]["unchanged"] == 0, (status, done)
        status, again = office.send(path, "authority=HR", "-H", "Idempotency-Key: half")
        assert status == 201 and again["rosterId"] == view["rosterId"] and again["counts"] == done["counts"], again
    with report.case("roster_enrollment_killed_in_the_middle"):
        data = sheet([person(n, "KILL") for n in range(count)])
        path = office.write("killed.csv", data)
        answers = []
        sender = threading.Thread(target=lambda: answers.append(office.send(path, timeout_s=240)))
        sender.start()
        kills = 0
        while sender.is_alive() and kills < 3:
            time.sleep(0.25)
            kills += office.deployment.kill("enrollment") is not None
            time.sleep(1.5)
        sender.join()
        status, view = answers[0]
        report.note("%d kills" % kills)
        assert status == 201 and view["counts"]["hired"] == count and view["counts"]["unchanged"] == 0, (status, view)
        assert view["digest"] == rows_digest([person(n, "KILL") for n in range(count)])
        status, view = office.send(path)
        assert view["counts"]["unchanged"] == count, view
    with report.case("roster_gateway_killed_in_the_middle"):
        data = sheet([person(n, "GATE") for n in range(count)])
        path = office.write("gate.csv", data)
        key = ("-H", "Idempotency-Key: gate", "--limit-rate", "2M")
        sender = threading.Thread(target=lambda: office.send(path, "authority=HR", *key))
        sender.start()
        time.sleep(0.6)
        office.deployment.kill("gateway")
        sender.join()
        office.deployment.wait_ready()
        status, view = office.send(path, "authority=HR", *key)
        assert status == 201 and view["counts"]["hired"] == count and view["counts"]["unchanged"] == 0, (status, view)


def by_push(report, office, count):
    with report.case("roster_pushed_from_a_shell"):
        rows = [person(n, "PUSH") for n in range(count)]
        rows[count // 2]["birth_date"] = "31/02/1990"
        path = office.write("push.csv", sheet(rows))
        done = office.deployment.ctl("push", path, "--roster", "--authority", "HR", "--http", office.url, "--token",
                                     office.token, check=False)
        assert done.returncode != 0 and "%d rows" % count in done.stdout, (done.stdout, done.stderr)
        with open(path + ".errors.csv", "rb") as file:
            assert b"bad_date" in file.read()
        rows[count // 2]["birth_date"] = "28/02/1990"
        office.write("push.csv", sheet(rows))
        done = office.deployment.ctl("push", path, "--roster", "--authority", "HR", "--http", office.url, "--token",
                                     office.token)
        assert "1 hired" in done.stdout and not os.path.exists(path + ".errors.csv"), (done.stdout, done.stderr)


def push_broken_off(report, office, count):
    with report.case("roster_push_killed_and_run_again"):
        path = office.write("again.csv", sheet([person(n, "AGAIN") for n in range(count)]))
        words = [os.path.join(BIN, "matricula"), "push", path, "--roster", "--authority", "HR", "--http", office.url,
                 "--token", office.token]
        first = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_until("some rows are taken", lambda: any(
            view["state"] == "OPEN" and view["counts"].get("hired") for view in json.loads(
                office.get("/v1/rosters?authority=HR&pageSize=1")[1])["rosters"]), 60, 0.01)
        first.kill()
        first.wait()
        done = subprocess.run(words, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0 and "going on" in done.stderr, (done.stdout, done.stderr)
        assert "%d rows: %d hired, 0 changed, 0 unchanged" % (count, count) in done.stdout, done.stdout
        assert not os.path.exists(path + ".roster")


def rate(report, office, count):
    with report.case("roster_rate"):
        path = office.write("rate.csv", sheet([person(n, "RATE") for n in range(count)]))
        for what in ("hired", "unchanged"):
            began = time.monotonic()
            status, view = office.send(path, timeout_s=600)
            took = time.monotonic() - began
            assert status == 201 and view["counts"][what] == count, (status, view)
            report.note("%d rows %s in %.2f s: %.0f rows/s" % (count, what, took, count / took))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=20000)
    options = parser.parse_args()
    report = Report()
    with Deployment() as deployment, tempfile.TemporaryDirectory(prefix="mt-roster-") as folder:
        deployment.start()
        deployment.add_authority("VN", "", "nation")
        for code in ("HR", "OTHER"):
            deployment.add_authority(code, "VN", "province")
        office = Office(deployment, deployment.grant("HR_OFFICER", "HR"), folder)
        good_day(report, office)
        refused(report, office)
        memory_is_flat(report, office)
        broken_off(report, office, options.rows)
        by_push(report, office, 2000)
        push_broken_off(report, office, 5 * options.rows)
        rate(report, office, options.rows)
    return report.end()


if __name__ == "__main__":
    raise SystemExit(main())
