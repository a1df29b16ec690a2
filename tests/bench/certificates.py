"""The works of certificates: issued in bulk, presented by strangers, a person's passport, revoked, corrected, proven in the log.

Beside them libsodium's bare Ed25519 by itself, in the same run on the same cores. Everything here lives on what
`issue` made, so that comes first: classes of the service's own kind, whose people sat an exam, and classes of a
kind of the school's with rules, an end and a signatory. A certificate counts as issued when the figure says so:
decided, signed, a leaf of the log, durable."""

import base64
import gzip
import json
import os
import random
import subprocess
import time

import limits
import supply
from stack import PUBLIC_URL
from table import Row, median

CORES = os.cpu_count()
BARE_S = 1
PRESENTED = 20000  # different credentials; more of a run are the same ones again
PASSPORT_RATE = 250
PROOF_RATE = 100
REVOKED = CORRECTED = 48
LIST_LIMIT_S = 20
# The node alone, for what a proof costs it.
LEAVES, PROOFS = 100000, 20000
# Certificates that there shall be before passports are asked, if more than the issuing works make.
WANTED = int(os.environ.get("BENCH_CERTIFICATES", "0"))


def bare(bench, row, work, threads=CORES):
    """One round of libsodium's bare rate."""
    done = subprocess.run([os.path.join(bench.programs, "bare"), work, str(threads), str(BARE_S)], stdout=subprocess.PIPE,
                          text=True, timeout=60, check=True)
    said = json.loads(done.stdout)
    row.add(said["rate"], {"bare": said["cpu_us"]})


# --- issuing -----------------------------------------------------------------------------------------------------

def issue_rooms(bench, row, rooms):
    """One round: from the first approval until the last certificate of these classes is issued."""
    before = limits.Look(bench.stack)
    issued, seconds = supply.approve_and_wait(bench.stack, rooms, time.monotonic)
    after = limits.Look(bench.stack)
    row.looks.append(before.until(after, issued))
    row.add(issued / seconds, {name: (after.cpu[name] - before.cpu[name]) / max(1, issued) for name in before.cpu})
    return issued


def issue_all(bench, row, signing, rooms):
    """All of them in as many parts as there are rounds, the bare rate before each."""
    parts = list(bench.rounds())
    each = len(rooms) // len(parts)
    total = 0
    for number in parts:
        bare(bench, signing, "sign")
        end = len(rooms) if number == parts[-1] else (number + 1) * each
        total += issue_rooms(bench, row, rooms[number * each:end])
    return total


def issue(bench, rooms):
    """rooms: classes of people who passed; others, of a kind with rules, are made here."""
    one, signing, signing_too = Row("bare", "/s"), Row("bare", "/s"), Row("bare", "/s")
    row = bench.row("certificates signed, logged and issued (peer: bare Ed25519 signing, %d cores)" % CORES, "/s",
                    ("at least", 15000), signing)
    kinds = bench.row("the same, of a kind with rules, an end, reminders (peer: as before)", "/s", ("at least", 15000), signing_too)
    bare(bench, one, "sign", 1)
    bench.issued, bench.holders = list(rooms), None
    bench.kind("a certificate", "certificate", lambda: issue_all(bench, row, signing, rooms))
    programme = supply.programme(bench.stack, mark_min=0)
    supply.kind(bench.stack, programme)
    more = attended(bench, programme, len(rooms))
    found = bench.stack.get("/v1/classes/%s/completion-list" % more[0])["list"]
    if found["kindCode"] != "officer":
        raise RuntimeError("the school's kind does not serve its classes: %s" % found)
    bench.kind("a certificate of a kind with an end", "certificate", lambda: issue_all(bench, kinds, signing_too, more))
    bench.issued += more
    bench.notes.append("libsodium's bare Ed25519 signing in this run: %.0f/s on one core, %.0f/s on %d. The service signs on its "
                       "loop and, where a core is free, a worker: of one core's bare rate issuing has a share of %.2f."
                       % (median(one.values), median(signing.values + signing_too.values), CORES,
                          median(row.values) / max(1, median(one.values))))
    bench.say("certificates: %.0f/s, of a kind %.0f/s, bare signing %.0f/s"
              % (median(row.values), median(kinds.values), median(signing.values)))
    fill(bench, programme, len(rooms))


def attended(bench, programme, count, first=0):
    """Classes with a completion for everyone, people from the first on: who was present has passed."""
    first %= len(bench.person_ids)
    people = bench.person_ids[first:] + bench.person_ids[:first]
    rooms, _ = supply.attended(bench.stack, bench.folder, bench.load, programme, count, people)
    return rooms


def fill(bench, programme, count):
    """More of the same, of one person after the other, until there are as many as were asked for."""
    first = 0
    while bench.stack.figure("certificates.issued") < WANTED:
        first += count * supply.COHORT_ROOM
        rooms = attended(bench, programme, count, first)
        supply.approve_and_wait(bench.stack, rooms, time.monotonic)
        bench.issued += rooms


# --- presented ---------------------------------------------------------------------------------------------------

def holders(bench):
    """[(person, certificate)] of all that was issued, in no order, always the same."""
    if bench.holders is None:
        bench.holders = supply.completions(bench.stack, bench.issued)
        random.Random(5).shuffle(bench.holders)
    return bench.holders


def fetched(bench, wanted):
    """As many of the holders as there are up to a limit, and where their credentials lie, in no order."""
    found = holders(bench)[:wanted]
    paths = supply.write_lines(bench.folder, "credential-paths", ["/v1/certificates/" + row[1] for row in found])
    kept = os.path.join(bench.folder, "credentials")
    said = bench.load(work="get", connections=32, paths=paths, count=len(found), seconds=120, keep=kept)
    if said["failed"] or said["done"] < len(found):
        raise RuntimeError("fetching credentials: %d of %d, %s" % (said["done"], len(found), said["failure"]))
    return found, kept


def verify(bench):
    found, kept = fetched(bench, PRESENTED)
    checking, one = Row("bare", "/s"), Row("bare", "/s")
    row = bench.row("credentials verified, JSON, HTTP, 64 connections (peer: bare Ed25519 verifying, %d cores)" % CORES,
                    "/s", ("at least", 5000), checking)
    bare(bench, one, "verify", 1)
    bench.next["presented"] = 0
    for _ in bench.rounds():
        bare(bench, checking, "verify")
        bench.measure(row, "load", "presented", work="verify", connections=64, bodies=kept, token="", seconds=4)
    bench.notes.append("Presented were %d different credentials (%.1f KB each), %d times in all, by strangers without a token; only "
                       "\"valid\" counts. Bare verifying: %.0f/s on one core, %.0f/s on %d."
                       % (len(found), os.path.getsize(kept) / len(found) / 1000, bench.next["presented"], median(one.values),
                          median(checking.values), CORES))
    bench.say("verified: %.0f/s, bare %.0f/s" % (median(row.values), median(checking.values)))


# --- passports ---------------------------------------------------------------------------------------------------

def passport(bench, scale):
    people = sorted({person for person, _ in holders(bench)})
    random.Random(6).shuffle(people)
    said = bench.stack.get("/v1/persons/%s/passport" % people[0])
    if not [course for course in said["courses"] if course.get("certificate")]:
        raise RuntimeError("a passport without a certificate: %s" % json.dumps(said)[:300])
    bench.stack.settle()
    time.sleep(11)  # the last memtable is flushed when it is ten seconds old
    total = bench.stack.figure("certificates.issued")
    paths = supply.write_lines(bench.folder, "passport-paths", ["/v1/persons/%s/passport" % person for person in people])
    row = bench.row("a passport, p99, %d asked a second, with %d certificates" % (PASSPORT_RATE, total), "ms", ("at most", 5))
    each = max(2, 5 * scale)
    for number in bench.rounds():
        bench.measure(row, "load", work="get", connections=16, paths=paths, rate=PASSPORT_RATE, seconds=each, whole=True,
                      value="p99_us", first=number * int(each * PASSPORT_RATE))
    bench.notes.append("Passports were asked of %d people with %d certificates, all that the issuing works of this run made; the "
                       "goal speaks of 5 million (BENCH_CERTIFICATES=N makes N of them, as fast as people can be enrolled)."
                       % (len(people), total))
    bench.say("passport p99 %.2f ms with %d certificates" % (median(row.values), total))


# --- status lists ------------------------------------------------------------------------------------------------

def bit_of(credential, index):
    """Of a signed list: bit 0 is the first byte's highest; multibase u is base64url."""
    text = credential["credentialSubject"]["encodedList"]
    bits = gzip.decompress(base64.urlsafe_b64decode(text[1:] + "=" * (-len(text[1:]) % 4)))
    return bits[index // 8] >> (7 - index % 8) & 1


class List:
    """One list as a verifier holds it."""

    def __init__(self, stack, path):
        self.stack, self.path, self.etag = stack, path, None

    def changed(self):
        """The list if it is another than the one held; asked with the ETag of that one."""
        headers = {"If-None-Match": self.etag} if self.etag else {}
        status, said, etag = self.stack.fetch(self.path, headers)
        if status == 304:
            return None
        if status != 200:
            raise RuntimeError("GET %s: %d %s" % (self.path, status, said[:300]))
        self.etag = etag
        return json.loads(said)


def revoke_and_see(stack, held, certificate, index):
    """Milliseconds from sending the revocation until the whole list came that says so."""
    began = time.monotonic()
    stack.post("/v1/certificates/%s:revoke" % certificate, {"reason": "cấp nhầm"}, supply.new_key())
    while time.monotonic() < began + LIST_LIMIT_S:
        credential = held.changed()
        took_ms = (time.monotonic() - began) * 1000
        if credential is not None and bit_of(credential, index):
            return took_ms
    raise RuntimeError("certificate %s is not in its status list after %d s" % (certificate, LIST_LIMIT_S))


def status(bench):
    row = bench.row("a revocation: the changed status list signed and served", "ms", ("at most", 1000))
    found, kept = fetched(bench, REVOKED)
    held = {}
    with open(kept, encoding="utf-8") as file:
        for line in file:
            credential = json.loads(line)
            entry = next(entry for entry in credential["credentialStatus"] if entry["statusPurpose"] == "revocation")
            path = entry["statusListCredential"].removeprefix(PUBLIC_URL)
            if path not in held:
                held[path] = List(bench.stack, path)
                held[path].changed()
            certificate = credential["id"].split("/")[-3]  # URL/v1/certificates/ID/editions/NUMBER
            row.add(revoke_and_see(bench.stack, held[path], certificate, int(entry["statusListIndex"])))
    unchanged(bench, list(held.values())[0])
    bench.say("%d revoked: seen after %.1f ms, at most %.1f" % (len(found), median(row.values), max(row.values)))


def unchanged(bench, held):
    """Verifiers who hold the list already ask again."""
    path = supply.write_lines(bench.folder, "list-path", [held.path])
    row = bench.row("an unchanged status list asked again: 304, HTTP, 64 connections")
    for _ in bench.rounds():
        bench.measure(row, "load", work="get", connections=64, paths=path, etag=held.etag, token="", seconds=2)


# --- corrections -------------------------------------------------------------------------------------------------

def personnel(stack, kind, number, run, data):
    """One event of the registry, acknowledged."""
    event = {"specversion": "1.0", "type": "matricula.person.%s.v1" % kind, "source": "/authorities/%s/hr" % supply.SCHOOL,
             "id": "%s-%s-%d" % (run, kind, number), "subject": "%s-%d" % (run, number), "data": data}
    status, said = stack.ask("POST", "/v1/events", event, content="application/cloudevents+json")
    if status not in (200, 202):
        raise RuntimeError("event %s: %d %s" % (event["id"], status, said))


def certified(stack, number, run):
    """Somebody with one certificate, issued by hand: its id."""
    name = "Nguyễn Thị Sại"
    personnel(stack, "hired", number, run, {"name": name, "category": "CIVIL_SERVANT", "effectiveDate": "2026-01-05"})
    found = stack.get("/v1/persons?authority=%s&staffCode=%s-%d" % (supply.SCHOOL, run, number))["persons"][0]["personId"]
    body = {"authority": supply.SCHOOL, "personId": found, "personAuthority": supply.SCHOOL, "reason": {"text": "cấp lẻ"},
            "content": {"name": name, "programmeTitle": "Tin học", "completedOn": "2026-01-05"}}
    return stack.post("/v1/certificates", body, supply.new_key())["certificateId"]


def correct_and_see(stack, held, credential, correct):
    """Milliseconds from the acknowledged event until the edition with the right name is served, and the list says of the
    one before that it is superseded."""
    path = "/v1/certificates/" + credential["id"].split("/")[-3]
    index = int(next(e for e in credential["credentialStatus"] if e["statusPurpose"] == "revocation")["statusListIndex"])
    correct()
    began = time.monotonic()
    served = listed = False
    while time.monotonic() < began + LIST_LIMIT_S:
        served = served or stack.get(path)["credentialSubject"]["name"] == "Nguyễn Thị Sải"
        changed = held.changed()
        listed = listed or (changed is not None and bool(bit_of(changed, index)))
        if served and listed:
            return (time.monotonic() - began) * 1000
    raise RuntimeError("certificate %s: served %s, listed %s after %d s" % (path, served, listed, LIST_LIMIT_S))


def correction(bench):
    row = bench.row("a name corrected in the registry: new edition served, the one before superseded in its list", "ms",
                    ("at most", 1000))
    run, stack, held = supply.new_key()[:12], bench.stack, {}
    for number in range(CORRECTED):
        credential = stack.get("/v1/certificates/" + certified(stack, number, run))
        entry = next(e for e in credential["credentialStatus"] if e["statusPurpose"] == "revocation")
        path = entry["statusListCredential"].removeprefix(PUBLIC_URL)
        if path not in held:
            held[path] = List(stack, path)
        held[path].changed()
        row.add(correct_and_see(stack, held[path], credential, lambda: personnel(
            stack, "corrected", number, run, {"eventId": "%s-hired-%d" % (run, number), "name": "Nguyễn Thị Sải"})))
    bench.say("%d names corrected: seen after %.1f ms, at most %.1f" % (CORRECTED, median(row.values), max(row.values)))


# --- the log -----------------------------------------------------------------------------------------------------

def log(bench, scale, quick):
    size = log_size(bench.stack)
    draw = random.Random(4)
    sizes = [sorted(draw.randint(1, size) for _ in range(2)) for _ in range(2000)]
    paths = {"inclusion": ["/v1/certificates/%s/inclusion" % row[1] for row in holders(bench)[:PRESENTED]],
             "consistency": ["/v1/log/consistency?oldSize=%d&newSize=%d" % tuple(pair) for pair in sizes]}
    each = max(2, 3 * scale)
    for name, lines in paths.items():
        path = supply.write_lines(bench.folder, name + "-paths", lines)
        row = bench.row("log: %s proof, p99 over HTTP, %d asked a second" % (name, PROOF_RATE), "ms")
        for number in bench.rounds():
            bench.measure(row, "load", work="get", connections=8, paths=path, rate=PROOF_RATE, seconds=each, whole=True,
                          value="p99_us", first=number * int(each * PROOF_RATE))
    alone(bench, quick)


def alone(bench, quick):
    """What the service itself takes: its node without network, gateway and disk."""
    leaves, asked = (LEAVES // 10, PROOFS // 10) if quick else (LEAVES, PROOFS)
    done = subprocess.run([os.path.join(bench.programs, "proofs"), str(leaves), str(asked)], stdout=subprocess.PIPE, text=True,
                          timeout=300, check=True)
    said = json.loads(done.stdout)
    for name in ("inclusion", "consistency"):
        row = bench.row("log: %s proof, p99 of the node alone, CPU time, %d leaves" % (name, said["leaves"]), "ms",
                        ("at most", 1))
        row.add(said[name]["p99_us"] / 1000, None, (said[name]["p50_us"], said[name]["p99_us"]))
    bench.notes.append("The service's own time for a proof is CPU time of its loop from the call's arrival until the reply left, "
                       "one call at a time, all state in memory: %d proofs of each kind, at most %.2f ms for inclusion (which "
                       "signs a checkpoint each) and %.2f for consistency."
                       % (asked, said["inclusion"]["max_us"] / 1000, said["consistency"]["max_us"] / 1000))
    bench.say("log: inclusion %.3f ms, consistency %.3f ms of the node alone at p99"
              % tuple(said[name]["p99_us"] / 1000 for name in ("inclusion", "consistency")))


def log_size(stack):
    """Leaves by the checkpoint: origin, size, root."""
    said = stack.fetch("/v1/log/checkpoint", {})
    return int(said[1].decode().splitlines()[1])
