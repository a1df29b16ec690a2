#!/usr/bin/python3 -B
"""Who may call what: every method x every role x how the thing called about relates to
the caller's authority, through HTTP and again straight at the service's socket.

The tree is VN > parent > (own > child), sibling. The caller stands at own; the thing
called about (a class, a person, a token...) stands at one of the five. What is expected
comes from the rule options and a few lines below that say what a handler adds. A denied
call must leave no entry in any journal; an allowed one is made as a dry run."""

import base64
import json
import os
import re
import secrets
import socket
import subprocess
import time

from google.protobuf import json_format

import story
from access_table import *
from deployment import *

DENIED_HTTP, DENIED = (401, 403), (7, 16)
UNIMPLEMENTED, UNAUTHENTICATED, PERMISSION_DENIED = 12, 16, 7
REVOKED_LIMIT_S = 15    # the promise is 5 s; the machine is shared


# --- the two ways in ------------------------------------------------------------------------------------------------

def http_status_only(address, target, token):
    """The status line of an answer that goes on for ever."""
    with socket.create_connection(address, timeout=30) as stream:
        lines = ["GET %s HTTP/1.1" % target, "Host: x"] + (["Authorization: Bearer " + token] if token else [])
        stream.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        got = b""
        while b"\r\n" not in got:
            piece = stream.recv(4096)
            if not piece:
                raise Refused("the stream was closed without an answer")
            got += piece
        return int(got.split()[1])


def ask_http(world, method, message, token, dry_run):
    verb, target, body, headers = http_request(method, message, dry_run)
    if method.name == "Figures.Watch":
        return http_status_only(world.deployment.address, target, token)
    return world.client.request(verb, target, body, token=token, headers=headers).status


def table(world, methods):
    """Every cell: (method, role, relation, message, token, expected)."""
    asked = {relation: requests(world.things[relation]) for relation in RELATIONS}
    for method in methods:
        for relation in RELATIONS:
            message = asked[relation].get(method.name)
            if message is None:
                message = guessed(method, world.things[relation])
            for role in ROLES:
                yield method, role, relation, message, world.tokens[role], expected(method, role, relation)
        for stranger, token in (("nobody", None), ("unknown token", "no-such-token")):
            want = None if expected(method, "OPERATOR", "own") is None else method.scope == "PUBLIC" and token is None
            message = asked["own"].get(method.name)
            yield method, stranger, "own", message if message is not None else guessed(
                method, world.things["own"]), token, want


def run_http(report, world, methods, allowed):
    wrong, count = [], 0
    for method, role, relation, message, token, want in table(world, methods):
        if want is not allowed or not method.path:
            continue
        if token == "no-such-token" and method.scope == "PUBLIC":
            continue    # the gateway answers some of these itself
        status = ask_http(world, method, message, token, allowed)
        count += 1
        denied = status in DENIED_HTTP
        if denied is allowed or status >= 500:
            wrong.append("%s as %s on %s: HTTP %d" % (method.name, role, relation, status))
    name = "HTTP: %d %s calls" % (count, "allowed" if allowed else "denied")
    report.check(name, count > 200 and not wrong, "%d wrong: %s" % (len(wrong), "; ".join(wrong[:8])))


def services_of(method):
    return (method.owner,) if method.owner else SERVICES


def pack(world, rpc, method, message, token, dry_run):
    principal = protos().envelope.Principal()
    if token is not None:
        principal.token_hash = token_hash(token)
    request = json_format.ParseDict(message, method.input()).SerializeToString() if message is not None else b""
    return rpc.pack(method.name, request, principal=principal, dry_run=dry_run)


def run_straight(report, world, methods, allowed):
    wrong, count = [], 0
    for service in SERVICES:
        with world.deployment.rpc(service, "gateway") as rpc:
            calls, cells = [], {}
            for method, role, relation, message, token, want in table(world, methods):
                if service not in services_of(method) or want is None and allowed:
                    continue
                if want is not None and want is not allowed:
                    continue
                call = pack(world, rpc, method, message, token, allowed and method.kind == "COMMAND")
                calls.append(call)
                cells[call.tag] = (method, role, relation, want)
            replies = {}
            for at in range(0, len(calls), 200):
                replies.update(rpc.exchange(calls[at:at + 200]))
            count += len(calls)
            for tag, (method, role, relation, want) in cells.items():
                status = replies[tag].status
                good = (status == UNIMPLEMENTED or status in DENIED) if want is None else (status in DENIED) is not want
                if not good or status == 13:
                    wrong.append("%s as %s on %s: status %d %s" % (method.name, role, relation, status,
                                                                   replies[tag].message))
    name = "straight at the services: %d %s calls" % (count, "allowed" if allowed else "denied")
    report.check(name, count > 300 and not wrong, "%d wrong: %s" % (len(wrong), "; ".join(wrong[:8])))


# --- single stories -------------------------------------------------------------------------------------------------

def one_source(report, methods):
    """openapi.json, the generated table and the proto options say the same."""
    with open(os.path.join(ROOT, "build", "gen", "openapi.json")) as file:
        paths = json.load(file)["paths"]
    shown = {op["operationId"]: (verb.upper(), path, set(op["x-roles"]))
             for path, verbs in paths.items() for verb, op in verbs.items() if "x-roles" in op}
    with open(os.path.join(ROOT, "build", "gen", "rules.c")) as file:
        rows = re.findall(r'\.name = "([\w.]+)",.*?\.scope = MT__SCOPE__(\w+),.*?\.roles = ([^,]*),.*?\.path = "([^"]*)"',
                          file.read(), re.S)
    enforced = {name: (scope, set(re.findall(r"MT__ROLE__(\w+)", roles)), path) for name, scope, roles, path in rows}
    report.check("every method has a row in rules.c", set(enforced) == set(methods),
                 set(enforced) ^ set(methods))
    wrong = [name for name, (scope, roles, path) in enforced.items()
             if name in methods and (scope, roles, path) != (methods[name].scope, set(methods[name].roles),
                                                              methods[name].path)]
    wrong += [name for name, (verb, path, roles) in shown.items()
              if name in methods and (verb, path, roles) != (methods[name].verb, methods[name].path,
                                                             set(methods[name].roles))]
    wrong += [name for name, method in methods.items() if method.path and name not in shown]
    report.check("openapi.json, rules.c and the proto options agree on %d methods" % len(enforced), not wrong, wrong)
    report.check("no method is for callers without a rule",
                 all(m.scope != "SCOPE_UNSET" and m.kind != "KIND_UNSET" and (m.roles or m.scope == "PUBLIC")
                     for m in methods.values()), "some rule is empty")


def seals(report, world):
    d, pb = world.deployment, protos()
    hr = pb.envelope.Principal(token_hash=token_hash(world.tokens["HR_OFFICER"]))
    find = pb.person.FindPersonsRequest(authority="AOWN")
    whoami = pb.access.WhoamiRequest()
    good = SealKey.read(d.keys, "gateway", "enrollment")
    with d.rpc("enrollment", "gateway") as rpc:
        def status(key, seal=None, principal=hr, method="Persons.Find", request=find, spoil=None):
            call = rpc.pack(method, request, principal=principal)
            frame = frame_of([call.SerializeToString()], key, seal)
            if spoil is not None:
                frame = spoil(frame)
            rpc.send(frame)
            answer = rpc.receive()
            if answer is None:
                raise Refused("no answer")
            return rpc.replies(answer)[0].status

        def flipped(frame):
            return frame[:-1] + bytes([frame[-1] ^ 1])

        def content_changed(frame):
            return frame.replace(b"AOWN", b"APAR")

        report.check("the gateway's seal is taken", status(good) == 0, status(good))
        wrong = {
            "no seal": status(None),
            "a seal of zeros": status(None, seal=bytes(32)),
            "a seal with one bit turned": status(good, spoil=flipped),
            "content changed under the seal": status(good, spoil=content_changed),
            "an unknown key id": status(SealKey(good.key_id ^ 1, good.key)),
            "another key under that id": status(SealKey(good.key_id, bytes(32))),
            "the key for another service": status(SealKey.read(d.keys, "gateway", "certificate")),
            "a public method without a seal": status(None, method="Programmes.List", principal=None,
                                                     request=pb.programme.ListProgrammesRequest(authority="AOWN")),
        }
        report.check("frames without a good seal are refused", all(s == UNAUTHENTICATED for s in wrong.values()), wrong)

        forged = {}
        for roles in (["OPERATOR"], ["NODE", "OPERATOR"], ["REGISTRAR", "LEADER", "AUDITOR"]):
            principal = pb.envelope.Principal(subject="operator", authority="VN", roles=[pb.role(r) for r in roles])
            forged["+".join(roles)] = status(good, principal=principal)
        principal = pb.envelope.Principal(subject="operator", authority="VN", roles=[pb.role("OPERATOR")],
                                          token_hash=token_hash(world.tokens["DASHBOARD"]))
        forged["OPERATOR beside a dashboard's token"] = status(good, principal=principal)
        principal = pb.envelope.Principal(roles=[pb.role("NODE")], token_hash=token_hash(world.tokens["DASHBOARD"]))
        forged["NODE beside a dashboard's token"] = status(good, principal=principal)
        principal = pb.envelope.Principal(roles=[pb.role("NODE")], door_key=b"x" * 40)
        forged["NODE beside an unknown door key"] = status(good, principal=principal)
        report.check("roles forged under the gateway's seal are not believed",
                     all(s in DENIED for s in forged.values()), forged)

        door = pb.envelope.Principal(door_key=world.things["own"].door_key.encode())
        there = pb.envelope.Principal(door_key=world.things["sibling"].door_key.encode())
        report.check("a door key pushes for its own authority only",
                     status(good, principal=door) == 0 and status(good, principal=there) == PERMISSION_DENIED,
                     "own %d, sibling's key %d" % (status(good, principal=door), status(good, principal=there)))
    with d.rpc("enrollment", "assessment") as rpc:
        reply = rpc.call("EnrolmentReactions.AttemptGraded", pb.attempt.AttemptGraded(class_id="x"))
        report.check("not even a node calls a reaction", reply.status == UNIMPLEMENTED, reply)
        reply = rpc.call("Persons.Find", find)
        report.check("a node's seal opens no method for people", reply.status == PERMISSION_DENIED, reply)
    with d.rpc("enrollment") as rpc:
        reply = rpc.call("EnrolmentTimers.SettleClass", pb.enrolment.ClassSettlingDue(class_id="x"))
        report.check("not even the operator fires a timer", reply.status == UNIMPLEMENTED, reply)
        reply = rpc.call("Access.Whoami", whoami, principal=pb.envelope.Principal(
            subject="s", authority="AOWN", roles=[pb.role("AUDITOR")]))
        report.check("the operator acts for whom it names",
                     pb.access.WhoamiReply.FromString(reply.reply).roles == [pb.role("AUDITOR")], reply)


def crossing(report, world):
    """Two authorities in one call, and roles that must not lend each other reach."""
    d, client = world.deployment, world.client
    own, sibling = world.things["own"], world.things["sibling"]
    mixed = d.grant(["LEARNER", "DASHBOARD"], "AOWN", subject=world.learner)
    lecturer = d.grant("LECTURER", "ASIB")
    both = d.grant(["LECTURER", "HR_OFFICER"], "ASIB")

    def status(verb, path, token, body=None):
        return client.request(verb, path + ("?dryRun=true" if verb == "POST" else ""), body, token=token).status
    cells = {
        "a learner's second role reads nobody else": status("GET", "/v1/persons/" + own.person, mixed) == 403,
        "that learner reads himself": status("GET", "/v1/persons/" + world.learner, mixed) == 200,
        "a registrar nominates somebody from elsewhere":
            status("POST", "/v1/classes/%s/enrolments" % own.cls, world.tokens["REGISTRAR"],
                   {"personId": sibling.person}) not in DENIED_HTTP,
        "an HR officer does not nominate somebody from elsewhere":
            status("POST", "/v1/classes/%s/enrolments" % own.cls, world.tokens["HR_OFFICER"],
                   {"personId": sibling.person}) == 403,
        "an HR officer nominates his own into another school":
            status("POST", "/v1/classes/%s/enrolments" % sibling.cls, world.tokens["HR_OFFICER"],
                   {"personId": own.person}) not in DENIED_HTTP,
        "a lecturer sees nothing of classes elsewhere":
            status("GET", "/v1/classes/%s/enrolments/%s" % (own.cls, own.person), lecturer) == 403,
        "nor with an HR role of that same authority":
            status("GET", "/v1/classes/%s/enrolments" % own.cls, both) == 403,
        "an exam is not made for another school's class":
            status("POST", "/v1/exams", world.tokens["EXAMINER"],
                   {"classId": sibling.cls, "authority": "AOWN", "title": "t", "minutes": 5,
                    "items": story.ITEMS}) == 400,
        "a token is not granted for somebody else's person":
            status("POST", "/v1/tokens", world.tokens["OPERATOR"],
                   {"authority": "AOWN", "roles": ["LEARNER"], "subject": sibling.person,
                    "tokenHash": base64.b64encode(secrets.token_bytes(32)).decode()}) == 400,
        "codes are put by an operator of the nation":
            status("POST", "/v1/code-lists/position/codes", world.root, {}) not in DENIED_HTTP,
        "nobody is granted the role NODE":
            status("POST", "/v1/tokens", world.tokens["OPERATOR"],
                   {"authority": "AOWN", "roles": ["NODE"],
                    "tokenHash": base64.b64encode(secrets.token_bytes(32)).decode()}) == 400,
    }
    for name, good in cells.items():
        report.check(name, good)
    known, elsewhere = "079190012345", world.tokens["HR_OFFICER"]
    story.hire(client, world.root, "ASIB", ["ASIB-known"], citizenId=known)
    looked = {token: client.request("POST", "/v1/persons:lookup", {"citizenId": known}, token=token).status
              for token in (world.root, elsewhere)}
    report.check("a citizen id of elsewhere is nobody's", looked == {world.root: 200, elsewhere: 404}, looked.values())
    listed = client.must("GET", "/v1/persons/%s/certificates" % sibling.person, token=world.tokens["AUDITOR"])
    report.check("certificates of elsewhere are left out", not listed.get("certificates"), listed)
    passport = client.must("GET", "/v1/persons/%s/passport" % sibling.person, token=world.tokens["AUDITOR"])
    report.check("a passport of elsewhere is empty, without even a name",
                 not passport.get("name") and not passport.get("courses") and not passport.get("hours"), passport)
    path, elsewhere_leader = "/v1/certificates/" + own.certificate, d.grant("LEADER", "ASIB")
    d.wait_followed()
    shown = client.must("GET", "/v1/persons/%s/certificates" % world.learner, token=world.tokens["AUDITOR"])
    code = next(row["verificationUrl"] for row in shown["certificates"]
                if row["certificateId"] == own.certificate).rsplit("/", 1)[1]
    for suffix in ("", "/certificate.pdf", "/inclusion"):
        told = {"a stranger": status("GET", path + suffix, None),
                "a stranger with another code": status("GET", path + suffix + "?token=" + ("1" if code[0] == "0" else "0") + code[1:], None),
                "a leader of elsewhere": status("GET", path + suffix, elsewhere_leader),
                "a stranger about nothing": status("GET", path[:-4] + "0000" + suffix, None)}
        report.check("a certificate%s is there for whoever has its code, and for nobody else" % suffix,
                     set(told.values()) == {404} and status("GET", path + suffix + "?token=" + code, None) == 200 and
                     status("GET", path + suffix, world.tokens["REGISTRAR"]) == 200, told)


def journal_scope(report, world):
    """GET /v1/journal/SERVICE: auditors and operators, their own subtree only."""
    client = world.client
    codes = {}
    for relation in ("own", "child", "sibling", "parent"):
        token, codes[relation] = world.deployment.grant("REGISTRAR", RELATIONS[relation]), "CODE-" + relation
        client.must("POST", "/v1/programmes", {"authority": RELATIONS[relation], "code": codes[relation], "title": "t"},
                    token=token)
    allowed, seen = {}, ""
    for role in ROLES:
        answer = client.get("/v1/journal/enrollment?wait=0", token=world.tokens[role],
                            headers={"Accept": "application/x-ndjson"})
        allowed[role] = answer.status
        if role == "AUDITOR":
            seen = answer.body.decode()
    want = {role: 200 if role in ("AUDITOR", "OPERATOR") else 403 for role in ROLES}
    report.check("facts are followed by auditors and operators only", allowed == want, allowed)
    visible = [relation for relation, code in codes.items() if code in seen]
    report.check("and only those of their own authority and below", visible == ["own", "child"],
                 "%s in %d bytes" % (visible, len(seen)))
    report.check("a stranger follows nothing", client.get("/v1/journal/enrollment").status == 401)


def accepted_everywhere(world, token):
    """Which services know the token, asked straight."""
    out = []
    figures = protos().figures.FiguresRequest(authority="AOWN")
    principal = protos().envelope.Principal(token_hash=token_hash(token))
    for service in SERVICES:
        with world.deployment.rpc(service, "gateway") as rpc:
            if rpc.call("Figures.Query", figures, principal=principal).status == 0:
                out.append(service)
    return out


def revocation(report, world):
    d = world.deployment
    token = d.grant("AUDITOR", "AOWN")
    wait_until("a granted token is known everywhere", lambda: len(accepted_everywhere(world, token)) == 4, 30)
    token_id = token_hash(token)[:8].hex()
    listed = world.client.must("GET", "/v1/tokens?authority=AOWN&pageSize=1000", token=world.tokens["OPERATOR"])
    report.check("it is listed", token_id in [t["tokenId"] for t in listed["tokens"]], listed)
    began = time.monotonic()
    world.client.must("DELETE", "/v1/tokens/" + token_id, token=world.tokens["OPERATOR"])
    wait_until("it is refused everywhere", lambda: not accepted_everywhere(world, token), REVOKED_LIMIT_S)
    report.ok("a revoked token is refused everywhere")
    report.note("revoked after %.2f s (promised: 5 s)" % (time.monotonic() - began))
    report.check("and over HTTP", world.client.get("/v1/whoami", token=token).status == 401)
    listed = world.client.must("GET", "/v1/tokens?authority=AOWN&pageSize=1000", token=world.tokens["OPERATOR"])
    report.check("it is listed no more", token_id not in [t["tokenId"] for t in listed["tokens"]])
    token = d.ctl("token", "--roles", "leader,auditor", "--authority", "AOWN", "--days", "1").stdout.strip()
    report.check("matricula token prints a token that works",
                 world.client.get("/v1/whoami", token=token).status == 200, token[:8])
    gone = d.ctl("token", "revoke", token_hash(token)[:8].hex(), check=False)
    wait_until("revoked by the command line", lambda: world.client.get("/v1/whoami", token=token).status == 401, 15)
    report.check("matricula token revoke revokes it", gone.returncode == 0, gone.stderr)
    return d.grant("AUDITOR", "AOWN", days=1)


def expiry(report, world, token):
    """The whole deployment a day later: only the clock of the wall is moved."""
    if why_no_clock():
        report.skip("an expired token is refused", why_no_clock())
        return
    d = world.deployment
    wait_until("a token of one day works today", lambda: len(accepted_everywhere(world, token)) == 4, 30)
    report.ok("a token of one day works today")
    d.stop()
    start_at(d, "+25h")
    known = accepted_everywhere(world, token)
    answer = d.http().get("/v1/whoami", token=token)
    report.check("an expired token is refused, by name", not known and answer.status == 401 and
                 "expired" in answer.problem[2], "%s %s" % (known, answer))
    report.check("one that lasts longer is not", len(accepted_everywhere(world, world.tokens["AUDITOR"])) == 4)


def quiet(world):
    """Sequence numbers of all nodes once nothing moves any more."""
    last = None
    for _ in range(100):
        world.deployment.wait_followed()
        now = world.deployment.seqs()
        if now == last:
            return now
        last = now
        time.sleep(0.3)
    raise Refused("the journals do not come to rest: %s" % last)


def test(report):
    methods = protos().methods
    one_source(report, methods)
    with Deployment() as deployment:
        world = World(deployment)
        start_at(deployment, None if why_no_clock() else "-25h")
        world.make_people()
        if not why_no_clock():
            deployment.stop()
            deployment.start()
        world.make()
        report.note("things made after %.0f s" % (time.monotonic() - report.began))
        before = quiet(world)
        run_http(report, world, methods.values(), allowed=False)
        run_straight(report, world, methods.values(), allowed=False)
        after = quiet(world)
        report.check("denied calls left no entry in any journal", before == after, "%s -> %s" % (before, after))
        run_http(report, world, methods.values(), allowed=True)
        run_straight(report, world, methods.values(), allowed=True)
        after = quiet(world)
        report.check("dry runs neither", before == after, "%s -> %s" % (before, after))
        for part in (seals, crossing, journal_scope):
            with report.case(part.__name__ + " ran"):
                part(report, world)
        lasting = None
        with report.case("revocation ran"):
            lasting = revocation(report, world)
        if lasting:
            with report.case("expiry ran"):
                expiry(report, world, lasting)


if __name__ == "__main__":
    main(test)
