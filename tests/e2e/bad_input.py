#!/usr/bin/python3
"""Whatever may come in that should not: each is refused clearly, by name, costs bounded
memory, harms nobody else, and the next good request is answered.

Over HTTP (raw sockets), through the door, and straight at a service's socket."""

import base64
import http.client
import json
import os
import re
import resource
import secrets
import socket
import threading
import time

import story
from deployment import *

MEMORY_GROWTH_MIB = 256      # of any one process, over everything below
IDLE_CONNECTIONS = 10000
SLOW_LIMIT_S = 100           # a request that drips ends after 60 s
SLOW_CLIENTS = 50
OK, INVALID, DEADLINE, NOT_FOUND, DENIED, EXHAUSTED, PRECONDITION, UNIMPLEMENTED, UNAUTHENTICATED = \
    0, 3, 4, 5, 7, 8, 9, 12, 16


class World:
    def __init__(self, deployment):
        self.deployment = deployment

    def make(self):
        d = self.deployment
        d.add_authority("VN", "", "nation")
        for code in ("BA", "BB"):
            d.add_authority(code, "VN", "province")
        everything = [r for r in ROLES if r not in ("LEARNER", "OPERATOR")]
        self.token, self.other = d.grant(everything, "BA"), d.grant(everything, "BB")
        self.root = d.grant("OPERATOR", "VN")
        self.client = d.http(self.token)
        self.person = story.hire(self.client, self.token, "BA", ["BA-1"])[0]
        school = story.School(self.client, "BA", self.token)
        self.programme = school.programme()
        self.cls = school.open_class(self.programme)
        d.wait_followed()
        self.memory = {name: private_kib(d.pid(name)) for name in SERVERS}
        self.pids = {name: d.pid(name) for name in SERVERS}

    def good(self):
        """A good request and a good command, as everybody else sends them."""
        found = self.client.must("GET", "/v1/persons?authority=BA&staffCode=BA-1")
        assert found["persons"][0]["personId"] == self.person
        self.client.must("GET", "/v1/classes/" + self.cls)

    def died(self):
        """Servers that are not the process they were."""
        return [name for name in SERVERS if d_pid(self.deployment, name) != self.pids[name]]


def d_pid(d, name):
    try:
        return d.pid(name)
    except (OSError, ValueError):
        return None


# --- HTTP, raw ------------------------------------------------------------------------------------------------------

def raw(world, data, limit_s=10):
    """What came back for these bytes: an Answer, or None if the connection was closed without one."""
    with socket.create_connection(world.deployment.address, timeout=limit_s) as stream:
        try:
            stream.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            pass
        response = http.client.HTTPResponse(stream)
        try:
            response.begin()
            return Answer(response.status, response.headers, response.read())
        except (http.client.HTTPException, ConnectionResetError):
            return None
        except TimeoutError:
            return Answer(SILENCE, {}, b"neither an answer nor an end within %d s" % limit_s)


def head(verb, target, *headers, host="Host: x"):
    return ("\r\n".join(["%s %s HTTP/1.1" % (verb, target)] + ([host] if host else []) + list(headers)) +
            "\r\n\r\n").encode("latin-1")


def post(world, path, body, *headers, type="application/json"):
    body = body if isinstance(body, bytes) else body.encode()
    return head("POST", path, "Authorization: Bearer " + world.token, "Content-Type: " + type,
                "Content-Length: %d" % len(body), *headers) + body


CLOSED = 0    # as a status: closed without an answer will do
SILENCE = -1


def http_cases(world):
    """(name, bytes, statuses, field or None, pattern in the sentence)."""
    auth = "Authorization: Bearer " + world.token
    json_type = "Content-Type: application/json"
    body = b'{"classId":"x"}'
    length = "Content-Length: %d" % len(body)

    def framing(name, *headers, **more):
        return head("POST", "/v1/classes", auth, json_type, *headers, **more)
    yield "two Hosts", head("GET", "/v1/whoami", "Host: y", auth), 400, None, "Host twice"
    yield "two Content-Lengths", framing("", length, length) + body, 400, None, "Content-Length"
    yield "two Content-Lengths that differ", framing("", length, "Content-Length: 3") + body, 400, None, "Content-Length"
    yield "Content-Length beside Transfer-Encoding", (framing("", length, "Transfer-Encoding: chunked") +
                                                      b"f\r\n" + body + b"\r\n0\r\n\r\n"), 400, None, "Transfer-Encoding"
    yield "two Transfer-Encodings", (framing("", "Transfer-Encoding: chunked", "Transfer-Encoding: identity") +
                                     b"0\r\n\r\n"), 400, None, "Transfer-Encoding"
    yield "two Authorizations", head("GET", "/v1/whoami", auth, auth), 400, None, "Authorization twice"
    yield "two Idempotency-Keys", framing("", "Idempotency-Key: a", "Idempotency-Key: b", length) + body, 400, None, "Key"
    yield "no Host", head("GET", "/v1/whoami", auth, host=None), (400, CLOSED), None, ""
    for value in ("abc", "-1", "1e3", "99999999999999999999999999", "5, 5", "0x10", ""):
        yield "Content-Length %r" % value, framing("", "Content-Length: " + value) + body, (400, 413, CLOSED), None, ""
    yield "an encoding nobody knows", framing("", "Transfer-Encoding: gzip") + body, (400, 501, CLOSED), None, ""
    for chunk in (b"zz\r\n", b"ffffffffffffffffff\r\n", b"-1\r\n", b"\r\n\r\n"):
        yield "chunk %r" % chunk[:12], framing("", "Transfer-Encoding: chunked") + chunk, (400, 413, CLOSED), None, ""
    yield "no HTTP at all", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + os.urandom(400) + b"\r\n\r\n", (400, CLOSED), None, ""
    yield "a request line of garbage", os.urandom(200).replace(b"\n", b"x") + b"\r\n\r\n", (400, 404, 405, 414, CLOSED), None, ""
    yield "a version nobody knows", b"GET / HTTP/9.9\r\nHost: x\r\n\r\n", (400, 505, CLOSED), None, ""
    yield "a method nobody knows", head("BREW", "/v1/classes"), 405, None, ""
    yield "a header without a colon", head("GET", "/v1/whoami", auth, "nonsense"), (400, CLOSED), None, ""
    yield "a folded header", head("GET", "/v1/whoami", "X: a\r\n\tb", auth), (200, 400, CLOSED), None, ""
    yield "a NUL in a header", head("GET", "/v1/whoami", auth + "\0b"), (400, 401, CLOSED), None, ""
    yield "a NUL in a key", post(world, "/v1/classes", "{}", "Idempotency-Key: a\0b"), (400, CLOSED), None, "^(?!.*programme)"
    yield "a header of 64 KiB", head("GET", "/v1/whoami", "X: " + "a" * 65536), (400, 413, 431, CLOSED), None, ""
    yield "5,000 headers", head("GET", "/v1/whoami", *["X%d: y" % n for n in range(5000)]), (400, 413, 431, CLOSED), None, ""
    yield "a path of 3 KiB", head("GET", "/v1/" + "a" * 3000, auth), 414, None, "longer than 2048"
    yield "a path nobody knows", head("GET", "/v1/no-such-thing", auth), 404, None, "openapi.json"
    for path in ("/v1/classes/%zz", "/v1/classes/%", "/v1/classes/%c0%af", "/v1/classes/%00", "/v1/classes/%ff"):
        yield "path " + path, head("GET", path, auth), 400, None, "percent-encoded UTF-8|is not an id"
    yield "path with dots", head("GET", "/v1/classes/../whoami", auth), (400, 404), None, ""
    yield "a body where none belongs", head("GET", "/v1/whoami", auth, "Content-Length: 3") + b"abc", 400, None, "no body"
    yield "a body that is too large, said before", framing("", "Content-Length: 2000000"), 413, None, "larger than 1048576"
    yield "a body that is too large, in chunks", (framing("", "Transfer-Encoding: chunked") +
                                                  b"100000\r\n" + b" " * 0x100000 + b"\r\n" +
                                                  b"100000\r\n" + b" " * 0x100000 + b"\r\n0\r\n\r\n"), 413, None, "larger than"
    yield "Authorization of another kind", head("GET", "/v1/whoami", "Authorization: Basic eDp5"), 401, None, "Bearer"
    yield "an empty bearer", head("GET", "/v1/whoami", "Authorization: Bearer "), 401, None, "Bearer"
    yield "a bearer of 1 KiB", head("GET", "/v1/whoami", "Authorization: Bearer " + "a" * 1024), 401, None, "Bearer"
    yield "a bearer nobody knows", head("GET", "/v1/whoami", "Authorization: Bearer abc"), 401, None, "unknown or revoked"
    yield "no bearer", head("GET", "/v1/whoami"), 401, None, "bearer token"
    for key in ("a" * 81, "a b", "\x7f"):
        yield "Idempotency-Key %r" % key[:5], post(world, "/v1/classes", "{}", "Idempotency-Key: " + key), 400, None, \
            "Idempotency-Key is not"
    yield "another type of body", post(world, "/v1/classes", "a=b", type="application/x-www-form-urlencoded"), 415, None, \
        "not application/json"
    for query, field in (("nonsense=1", "nonsense"), ("authority=BA&authority=BA", "authority")):
        yield "query " + query, head("GET", "/v1/persons?" + query, auth), 400, field, "not known|twice"
    yield "a page too large", head("GET", "/v1/persons?authority=BA&pageSize=1001", auth), 400, "pageSize", "more than 1000"
    yield "a page size that is none", head("GET", "/v1/persons?authority=BA&pageSize=ten", auth), 400, "pageSize", ""
    for token in ("!!!", "AAAA", base64.urlsafe_b64encode(os.urandom(40)).decode().rstrip("=")):
        yield "page token %.8s" % token, head("GET", "/v1/persons?authority=BA&pageToken=" + token, auth), 400, "pageToken", \
            "not of this list"
    yield "an authority nobody knows", head("GET", "/v1/persons?authority=ZZ", auth), 400, "authority", "ZZ is unknown"
    yield "40 query parameters", head("GET", "/v1/persons?" + "&".join("a%d=1" % n for n in range(40)), auth), 400, None, \
        "too many|not known"
    yield "a body behind the answer", head("GET", "/v1/whoami", auth, "Connection: close") + b"junk" * 100, 200, None, ""


def json_cases(world):
    """(name, path, body, field or None, pattern): all 400."""
    cls, programme = "/v1/classes", world.programme
    deep = "[" * 5000
    yield "no JSON", cls, "nonsense", None, "cannot be read"
    yield "nothing", cls, " ", None, "cannot be read|missing|not a JSON object"
    yield "cut short", cls, '{"seats": 3', None, "ends early"
    yield "more behind it", cls, '{"seats": 3} {}', None, "behind"
    yield "an array", cls, "[]", None, "not a JSON object"
    yield "a field twice", cls, '{"seats":3,"seats":3}', "seats", "twice"
    yield "a field twice, spelt both ways", cls, '{"programmeId":"a","programme_id":"a"}', "programme", "twice"
    yield "a field nobody knows", cls, '{"seatz":3}', "seatz", "not known"
    yield "a field nobody knows, inside", cls, '{"sessions":[{"beginsAt":"x","colour":"red"}]}', r"sessions\[0\].colour", \
        "not known"
    for value in ('"three"', "{}", "[]", "true", "-1", "1.5", "4294967296", "1e99", '"0x10"', '""'):
        yield "seats %s" % value, cls, '{"seats":%s}' % value, "seats", "number|range|single|whole"
    for value in ("5", "{}", "[]", "false"):
        yield "title %s" % value, cls, '{"title":%s}' % value, "title", "string|single"
    yield "sessions that are no list", cls, '{"sessions":{}}', "sessions", "list"
    yield "a list that holds null", cls, '{"sessions":[null]}', "sessions", "null"
    yield "NaN", cls, '{"seats":NaN}', None, "expected|spelt"
    yield "a comma too many", cls, '{"seats":3,}', None, "comma|name"
    yield "single quotes", cls, "{'seats':3}", None, "name"
    yield "a comment", cls, '{/* */"seats":3}', None, "name"
    yield "a control character", cls, '{"title":"a\nb"}', None, "control character"
    yield "a lone surrogate", cls, '{"title":"\\ud800"}', None, "surrogate"
    yield "a NUL", cls, '{"title":"a\\u0000b"}', "title", "NUL"
    yield "bad UTF-8", cls, b'{"title":"\xc3\x28"}', None, "UTF-8"
    yield "overlong UTF-8", cls, b'{"title":"\xc0\x80"}', None, "UTF-8"
    yield "a byte order mark", cls, b'\xef\xbb\xbf{"seats":3}', None, ""
    yield "UTF-16", cls, '{"seats":3}'.encode("utf-16"), None, ""
    yield "a depth bomb of arrays", cls, deep, None, "deep|not a JSON object"
    yield "a depth bomb in a field", cls, '{"sessions":' + deep, None, "deep|list|single|object"
    yield "a depth bomb of objects", cls, '{"sessions":[' + '{"a":' * 5000, None, "deep|not known"
    yield "an unknown enum name", "/v1/classes/%s/sessions/1/attendance" % world.cls, \
        '{"marks":[{"personId":"x","state":"MAYBE"}]}', r"marks\[0\].state", "enum does not know"
    yield "an unknown enum number", "/v1/classes/%s/sessions/1/attendance" % world.cls, \
        '{"marks":[{"personId":"x","state":77}]}', r"marks\[0\].state", "enum does not know"
    yield "bytes that are no base64", "/v1/tokens", '{"tokenHash":"***"}', "tokenHash", "base64"
    yield "an id that is none", "/v1/classes", '{"programmeId":"x"}', "programmeId", "is not an id"
    yield "no title", "/v1/programmes", '{"authority":"BA","code":"X"}', "title", "is missing"
    yield "a title too long", "/v1/programmes", json.dumps({"authority": "BA", "code": "X", "title": "a" * 257}), "title", \
        "longer than 256"
    yield "no seats", "/v1/classes", '{"programmeId":"%s","seats":0}' % programme, "seats", "1 to"
    yield "a time that is none", "/v1/classes", \
        '{"programmeId":"%s","seats":1,"sessions":[{"beginsAt":"tomorrow","minutes":5}]}' % programme, "sessions", "RFC 3339"
    yield "201 sessions", "/v1/classes", json.dumps({"programmeId": programme, "seats": 1, "sessions": [
        {"beginsAt": story.PAST[0], "minutes": 5}] * 201}), "sessions", "1 to 200"
    yield "100,000 numbers where 200 fit", "/v1/exams", json.dumps({"classId": world.cls, "authority": "BA", "title": "t",
                                                                   "minutes": 5, "items": [{}] * 100000}), None, ""


def over_http(report, world):
    wrong, count = [], 0
    for name, data, statuses, field, pattern in http_cases(world):
        count += 1
        wrong += judge(name, raw(world, data), statuses, field, pattern)
        world.good()
    report.check("%d malformed requests are refused by name" % count, not wrong,
                 "%d: %s" % (len(wrong), "; ".join(wrong[:10])))
    wrong, count = [], 0
    for name, path, body, field, pattern in json_cases(world):
        count += 1
        answer = world.client.request("POST", path, body, token=world.root if path == "/v1/tokens" else None,
                                      headers={"Content-Type": "application/json"})
        wrong += judge(name, answer, 400, field, pattern)
        world.good()
    report.check("%d bodies of bad JSON are refused by field" % count, not wrong,
                 "%d: %s" % (len(wrong), "; ".join(wrong[:10])))


def judge(name, answer, statuses, field, pattern):
    statuses = statuses if isinstance(statuses, tuple) else (statuses,)
    if answer is None:
        return [] if CLOSED in statuses else ["%s: closed without an answer" % name]
    status, told_field, detail = answer.problem if answer.status >= 400 else (answer.status, "", "")
    if status not in statuses:
        return ["%s: %s" % (name, answer)]
    if field is not None and not re.match(field, told_field):
        return ["%s: field %r, not %r (%s)" % (name, told_field, field, detail)]
    if not re.search(pattern, detail):
        return ["%s: says %r" % (name, detail)]
    return []


# --- events ---------------------------------------------------------------------------------------------------------

def over_events(report, world):
    client, source = world.client, "/authorities/BA/hr"
    one = {"Content-Type": "application/cloudevents+json"}
    many = {"Content-Type": "application/cloudevents-batch+json"}
    known = event("hired", source, "known-1", "BA-KNOWN", hired())
    assert client.post("/v1/events", known, headers=one).status == 200
    cases = [
        ("an unknown type", dict(known, id="b1", type="matricula.person.cloned.v1"), 422, "type", "unknown_type", "cloned"),
        ("a type of another family", dict(known, id="b1", type="com.example.order"), 422, "type", "unknown_type", ""),
        ("no subject", {k: v for k, v in dict(known, id="b2").items() if k != "subject"}, 422, "subject", "missing", "missing"),
        ("an empty subject", dict(known, id="b3", subject=""), 422, "subject", "missing", "missing"),
        ("no id", {k: v for k, v in known.items() if k != "id"}, 422, "id", "missing", ""),
        ("no source", {k: v for k, v in dict(known, id="b4").items() if k != "source"}, 422, "source", "missing", ""),
        ("another specversion", dict(known, id="b5", specversion="0.3"), 422, "specversion", "invalid", "1.0"),
        ("a subject that is a number", dict(known, id="b6", subject=5), 422, "subject", "invalid", "no string"),
        ("a time that is none", dict(known, id="b7", time="yesterday"), 422, "time", "invalid", "RFC 3339"),
        ("no data", {k: v for k, v in dict(known, id="b8").items() if k != "data"}, 422, "data", "missing", ""),
        ("data of another kind", dict(known, id="b9", data=[1]), 422, "data", "invalid_data", "object"),
        ("a field of data nobody knows", dict(known, id="c1", data=hired(nickname="x")), 422, "data.nickname",
         "invalid_data", "not known"),
        ("a date that is none", dict(known, id="c2", data=hired(on="2026-02-30")), 422, "data.effectiveDate", "bad_date",
         "calendar"),
        ("an enum nobody knows", dict(known, id="c3", data=hired(category="WIZARD")), 422, "data.category", "invalid_data",
         "enum"),
        ("no category", dict(known, id="c4", data=hired(category="UNSPECIFIED")), 422, "data.category", "missing", ""),
        ("a name too long", dict(known, id="c5", data=hired(name="a" * 300)), 422, "data.name", "too_long", "256"),
        ("a source of nobody", dict(known, id="c6", source="/authorities/ZZ/x"), 422, "source", "unknown_authority", "ZZ"),
        ("a source that is no path", dict(known, id="c7", source="urn:x"), 422, "source", "unknown_authority", ""),
        ("data in base64", dict(known, id="c8", data_base64="AAAA"), 422, "data_base64", "invalid", "JSON"),
        ("the same id with another payload", dict(known, data=hired(name="Somebody Else")), 409, "id", "conflict",
         "another payload"),
        ("somebody else's source", dict(known, id="c9", source="/authorities/BB/hr"), 403, None, None, "outside"),
    ]
    wrong = []
    for name, sent, status, field, code, pattern in cases:
        answer = client.post("/v1/events", sent, headers=one)
        said = answer.json
        text = said.get("message", said.get("detail", ""))
        if answer.status != status or not re.search(pattern, text) or (field is not None and (
                said.get("field") != field or not said.get("code", "").startswith(code))):
            wrong.append("%s: %s" % (name, answer))
        world.good()
    report.check("%d bad events alone are refused by field and code" % len(cases), not wrong,
                 "%d: %s" % (len(wrong), "; ".join(wrong[:6])))

    batch = [dict(known, id="good-1", subject="BA-G1")] + [case[1] for case in cases] + [
        7, None, "x", dict(known, id="good-2", subject="BA-G2"), known]
    answer = client.post("/v1/events", batch, headers=many)
    results = answer.json.get("results", []) if answer.status == 200 else []
    outcomes = [r["outcome"] for r in results]
    want = ["accepted"] + ["conflict" if c[2] == 409 else "rejected" for c in cases] + ["rejected"] * 3 + ["accepted",
                                                                                                    "duplicate"]
    report.check("in a batch each has its own outcome and the good ones go through", outcomes == want,
                 "%s" % (answer if not results else [(i, w, o) for i, (w, o) in enumerate(zip(want, outcomes)) if w != o]))

    whole = [
        ("no array", "{}", many, 400, "JSON array"), ("arrays in it", "[[]]", many, 400, "not arrays"),
        ("cut short", '[{"id":"x"}', many, 400, "ends early|comma"),
        ("more behind it", "[] []", many, 400, "behind"),
        ("a depth bomb", "[" + '{"data":' * 9000, many, 400, "deep"),
        ("an array where one event belongs", "[]", one, 400, "JSON object"),
        ("1,001 events", json.dumps([dict(known, id="m%d" % n) for n in range(1001)]), many, 413, "more than 1000"),
        ("more than 4 MiB", b" " * (4 << 20) + b"[]", many, 413, "larger than 4194304"),
        ("no known type of content", "[]", {"Content-Type": "text/plain"}, 415, "cloudevents"),
        ("bad UTF-8", b'[{"id":"\xff"}]', many, 400, "UTF-8"),
    ]
    wrong = []
    for name, body, headers, status, pattern in whole:
        wrong += judge(name, raw(world, post(world, "/v1/events", body, type=headers["Content-Type"])), status, None, pattern)
        world.good()
    report.check("%d bad bodies of events are refused as a whole" % len(whole), not wrong, "; ".join(wrong))
    seen = client.must("GET", "/v1/persons?authority=BA&pageSize=1000")["persons"]
    codes = sorted(p["staffCodes"][0]["code"] for p in seen)
    report.check("nothing that was refused left a trace", codes == ["BA-1", "BA-G1", "BA-G2", "BA-KNOWN"], codes)


def call_ids(report, world):
    """A key belongs to its subject and its request."""
    client = world.client
    body = {"authority": "BA", "code": "KEYED", "title": "t"}
    key = story.new_key()
    first = client.post("/v1/programmes", body, key=key)
    again = client.post("/v1/programmes", body, key=key)
    report.check("the same key and request: the same reply, said to be repeated",
                 first.status == 200 and again.json == first.json and again.headers["Idempotent-Replayed"] == "true", again)
    wrong = judge("", client.post("/v1/programmes", dict(body, title="u"), key=key), 422, None, "another request")
    report.check("the same key, another request: refused by name", not wrong, wrong)
    stolen = client.post("/v1/programmes", body, key=key, token=world.other)
    report.check("another subject with that key and request does not get the reply",
                 stolen.status == 403 and "programmeId" not in stolen.body.decode(), stolen)
    own = client.post("/v1/programmes", dict(body, authority="BB"), key=key, token=world.other)
    report.check("but may use the key for a request of its own",
                 own.status == 200 and own.json["programmeId"] != first.json["programmeId"], own)


# --- frames ---------------------------------------------------------------------------------------------------------

def field(number, wire, payload):
    return varint(number << 3 | wire) + (varint(len(payload)) + payload if wire == 2 else payload)


def one_frame(world, frame, service="enrollment", timeout_s=10):
    """The replies to a frame of bytes; None if none came. A connection of its own."""
    with world.deployment.rpc(service) as rpc:
        rpc.send(frame)
        answer = rpc.receive(timeout_s)
        return None if answer is None else rpc.replies(answer)


def officer():
    """Under the operator's seal a call says for whom it acts."""
    return protos().envelope.Principal(subject="tester", authority="BA",
                                       roles=[protos().role(r) for r in ROLES if r != "LEARNER"])


def over_frames(report, world):
    d, pb = world.deployment, protos()
    key = SealKey.read(d.keys, "operator", "enrollment")
    gateway = SealKey.read(d.keys, "gateway", "enrollment")
    rpc = d.rpc("enrollment")
    rpc.principal = officer()
    find = pb.person.FindPersonsRequest(authority="BA").SerializeToString()
    good = rpc.pack("Persons.Find", find).SerializeToString()

    def call(method="Persons.Find", request=b"", raw_call=b"", **more):
        return frame_of([rpc.pack(method, request, **more).SerializeToString() + raw_call], key)
    deep = b""
    for _ in range(2000):
        deep = field(15, 2, deep)
    groups = varint(15 << 3 | 3) * 5000
    push = pb.event.PushEventRequest(source="/authorities/BA/hr", id="x", subject="y")
    cases = [
        ("nothing", b"", INVALID, "cannot be read|no calls"),
        ("garbage", b"\xff" * 100, INVALID, "cannot be read"),
        ("one byte", b"\x0a", INVALID, "cannot be read"),
        ("cut short", frame_of([good], key)[:-40], (INVALID, UNAUTHENTICATED), "cannot be read|not sealed"),
        ("cut in the seal", frame_of([good], key)[:-1], INVALID, "cannot be read"),
        ("more behind the seal", frame_of([good], key) + b"\x0a\x00", INVALID, "cannot be read"),
        ("a length beyond the end", b"\x0a" + varint(1 << 40) + b"x", INVALID, "cannot be read"),
        ("a field nobody knows", frame_of([good]) + field(9, 2, b"x"), INVALID, "cannot be read"),
        ("1,001 calls", frame_of([good] * 1001, key), INVALID, "cannot be read"),
        ("replies where calls belong", b"\x12\x00", (INVALID, UNAUTHENTICATED), ""),
        ("a call of garbage", frame_of([b"\xff\xff\xff"], key), INVALID, "cannot be read"),
        ("a group", frame_of([good + groups], key), INVALID, "group"),
        ("an unknown method", call("Persons.Clone"), UNIMPLEMENTED, "Persons.Clone is unknown"),
        ("no method", call(""), UNIMPLEMENTED, "unknown"),
        ("a method of 100 KiB", call("a" * 100000), UNIMPLEMENTED, "a{64} is unknown"),
        ("a NUL in the method", frame_of([field(3, 2, b"Persons\0Find")], key), INVALID, "NUL"),
        ("bad UTF-8 in the method", frame_of([field(3, 2, b"\xc3\x28")], key), INVALID, "UTF-8"),
        ("a call id too long", call(request=find, id="a" * 81), INVALID, "longer than 80"),
        ("a request of garbage", call(request=b"\xff\xff"), INVALID, "cut short|tag|wire"),
        ("a request field nobody knows", call(request=field(99, 2, b"x")), INVALID, "99 is not known"),
        ("a request nested 2,000 deep", call(request=deep), INVALID, "not known|deep"),
        ("the wrong wire type", call(request=field(1, 0, b"\x05")), INVALID, "authority has the wrong wire type"),
        ("bad UTF-8 in a field", call(request=field(1, 2, b"\xff\xfe")), INVALID, "authority is not valid UTF-8"),
        ("a NUL in a field", call(request=field(1, 2, b"B\0A")), INVALID, "authority holds a NUL"),
        ("a length beyond the request", call(request=b"\x0a\x50x"), INVALID, "authority is longer"),
        ("an unknown role number", call("Access.GrantToken", field(2, 2, b"\x4d")), INVALID, "roles.*enum does not know"),
        ("an unknown role in the principal", frame_of([good + field(5, 2, field(2, 2, b"\x4d"))], key), INVALID,
         "roles.*enum does not know"),
        ("a negative role in the principal", frame_of([good + field(5, 2, field(2, 2, b"\xff" * 9 + b"\x01"))], key), INVALID,
         "roles.*enum does not know"),
        ("a request of 1 MiB and more", call(request=field(1, 2, b"a" * (1 << 20))), EXHAUSTED, "larger than 1048576"),
        ("a request that unpacks to too much", call("Exams.Create", field(5, 2, b"") * 500000), (INVALID, EXHAUSTED,
                                                                                              UNIMPLEMENTED), ""),
        ("marks without end", call("Attendance.Take", field(3, 2, b"") * 500000), (INVALID, EXHAUSTED), ""),
        ("an event without data", call("Events.Push", push, principal=pb.envelope.Principal(
            roles=[pb.role("PROVINCE_SYSTEM")], authority="BA")), OK, ""),
        ("a token hash of one byte", frame_of([rpc.pack("Persons.Find", find, principal=pb.envelope.Principal(
            token_hash=b"x")).SerializeToString()], gateway), UNAUTHENTICATED, "unknown or revoked"),
        ("a door key of 1 KiB", frame_of([rpc.pack("Events.Push", push, principal=pb.envelope.Principal(
            door_key=b"x" * 1024)).SerializeToString()], gateway), UNAUTHENTICATED, "not registered"),
    ]
    wrong = []
    for name, frame, statuses, pattern in cases:
        replies = one_frame(world, frame)
        statuses = statuses if isinstance(statuses, tuple) else (statuses,)
        if not replies:
            if name != "nothing":
                wrong.append("%s: no answer" % name)
        elif replies[0].status not in statuses or not re.search(pattern, replies[0].message):
            wrong.append("%s: status %d, %s" % (name, replies[0].status, replies[0].message[:120]))
        if rpc.call("Persons.Find", find).status != OK:
            wrong.append("%s: the next good call is refused" % name)
    report.check("%d bad frames are refused by name" % len(cases), not wrong, "%d: %s" % (len(wrong), "; ".join(wrong[:8])))

    with report.case("a frame larger than 8 MiB ends its connection only"):
        assert one_frame(world, b"\0" * (9 << 20), timeout_s=1) is None
        assert rpc.call("Persons.Find", find).status == OK
    with report.case("calls of a frame fare alone: the good ones between bad ones are answered"):
        rpc.send(frame_of([good, b"\xff\xff", rpc.pack("No.Such", b"").SerializeToString(), good], key))
        statuses = sorted(r.status for r in rpc.replies(rpc.receive()))
        assert statuses == [OK, OK, INVALID, UNIMPLEMENTED], statuses
    rpc.close()
    deadlines(report, world, key)
    parked(report, world)
    flood(report, world)


def deadlines(report, world, key):
    """A call whose time ran out while it waited behind 20,000 others."""
    with report.case("an expired deadline is refused by name"):
        with world.deployment.rpc("enrollment") as rpc:
            rpc.principal = officer()
            ahead = [rpc.pack("Persons.Find", protos().person.FindPersonsRequest(authority="BA")) for _ in range(1000)]
            packed = frame_of([call.SerializeToString() for call in ahead], key)
            late = rpc.pack("Persons.Find", protos().person.FindPersonsRequest(authority="BA"), deadline_ms=1)
            for _ in range(20):
                rpc.send(packed)
            rpc.send(frame_of([late.SerializeToString()], key))
            reply, until = None, time.monotonic() + 60
            while reply is None and time.monotonic() < until:
                frame = rpc.receive(10)
                assert frame is not None, "no answer"
                for one in rpc.replies(frame):
                    reply = one if one.tag == late.tag else reply
            assert reply is not None and reply.status == DEADLINE and "deadline passed" in reply.message, reply


def parked(report, world):
    """More long polls than a node holds: those beyond are refused by name, all others wait."""
    with report.case("the long poll too many is refused by name"):
        head_seq = world.deployment.status("assessment").seq + 1000000
        with world.deployment.rpc("assessment") as rpc:
            calls = [rpc.pack("Journal.Read", protos().journal.JournalReadRequest(after_seq=head_seq, wait_ms=3000),
                              deadline_ms=20000) for _ in range(4500)]
            for at in range(0, len(calls), 500):
                rpc.send(frame_of([call.SerializeToString() for call in calls[at:at + 500]], rpc.key))
            seen, until = [], time.monotonic() + 60
            while len(seen) < len(calls) and time.monotonic() < until:
                frame = rpc.receive(15)
                if frame is None:
                    break
                seen += rpc.replies(frame)
            refused = [r for r in seen if r.status == EXHAUSTED]
            assert len(seen) == len(calls), "%d of %d answered" % (len(seen), len(calls))
            assert refused and "too many calls are waiting" in refused[0].message, "%d refused" % len(refused)
            assert all(r.status in (OK, EXHAUSTED) for r in seen)


def flood(report, world):
    """Garbage as fast as it goes, from many sides, while good requests go on."""
    with report.case("a flood of garbage harms nobody else"):
        stop, sent = threading.Event(), [0]

        def pour(number):
            while not stop.is_set():
                with world.deployment.rpc(SERVICES[number % 4]) as rpc:
                    for _ in range(200):
                        rpc.send(os.urandom(1 + sent[0] % 3000))
                        sent[0] += 1
                    rpc.receive(0.2)
        pourers = [threading.Thread(target=pour, args=(n,), daemon=True) for n in range(4)]
        for thread in pourers:
            thread.start()
        try:
            for n in range(100):
                world.good()
                time.sleep(0.02)
        finally:
            stop.set()
            for thread in pourers:
                thread.join(30)
        assert sent[0] > 1000, sent[0]
        assert not world.died(), world.died()


# --- the door -------------------------------------------------------------------------------------------------------

def over_door(report, world):
    import zmq
    d, pb = world.deployment, protos()
    told = world.client.must("GET", "/v1/door")
    server = next(v for v in told.values() if isinstance(v, str) and len(v) == 40).encode()
    public, secret = zmq.curve_keypair()
    stranger = zmq.curve_keypair()
    d.operator("enrollment").ask("Access.RegisterDoorKey", pb.access.RegisterDoorKeyRequest(
        door_key=public.decode(), authority="BA", name="test"))

    def door(pair=(public, secret), server_key=server):
        return Rpc(d.door, None, pair, server_key)

    def push(rpc, id, code, **more):
        request = pb.event.PushEventRequest(source="/authorities/BA/hr", id=id, subject=code)
        request.data.hired.name, request.data.hired.category = "Lê Thị Bích", 2
        request.data.hired.effective_date = "2026-01-05"
        return rpc.pack(more.pop("method", "Events.Push"), request, **more)

    def in_time(make):
        with door() as rpc:
            rpc.send(frame_of([make(rpc).SerializeToString()]))
            frame = rpc.receive(5)
            return None if frame is None else rpc.replies(frame)
    # A new key is known within a second or so.
    reply = wait_until("the door lets a registered key in", lambda: in_time(lambda rpc: push(rpc, "door-1", "BA-D1")), 20)[0]
    outcome = pb.event.PushEventReply.FromString(reply.reply).outcome
    report.check("the door takes an event", reply.status == OK and outcome in (1, 2), reply)

    foreign = pb.event.PushEventRequest(source="/authorities/BB/hr", id="f", subject="x")
    foreign.data.retired.effective_date = "2026-01-05"
    with door() as rpc:
        cases = [
            ("garbage", b"\xff" * 50, INVALID, "no matricula.Frame"),
            ("nothing in it", b"", INVALID, "no calls"),
            ("1,001 calls", frame_of([push(rpc, "x", "x").SerializeToString()] * 1001), INVALID, "at most 1000"),
            ("a call of garbage", frame_of([b"\xff\xff"]), INVALID, ""),
            ("another method", frame_of([push(rpc, "x", "x", method="Persons.Find").SerializeToString()]), DENIED,
             "Events.Push only"),
            ("somebody else's source", frame_of([rpc.pack("Events.Push", foreign).SerializeToString()]), DENIED, "outside"),
            ("a request of garbage", frame_of([rpc.pack("Events.Push", b"\xff\xff").SerializeToString()]), INVALID, ""),
            ("an unknown field", frame_of([rpc.pack("Events.Push", field(99, 2, b"x")).SerializeToString()]), INVALID,
             "99 is not known"),
            ("an operator's principal", frame_of([push(rpc, "door-1", "BA-D1", principal=pb.envelope.Principal(
                roles=[pb.role("OPERATOR")], authority="BB")).SerializeToString()]), OK, ""),
            ("replies instead of calls", b"\x12\x00", INVALID, ""),
        ]
        wrong = []
        for name, frame, status, pattern in cases:
            rpc.send(frame)
            answer = rpc.receive(10)
            replies = rpc.replies(answer) if answer is not None else []
            if not replies or replies[0].status != status or not re.search(pattern, replies[0].message):
                wrong.append("%s: %s" % (name, str(replies[:1]).replace("\n", " ")))
        report.check("%d bad frames at the door are refused by name" % len(cases), not wrong, "; ".join(wrong[:6]))
    wrong = []
    for name, pair, server_key in (("an unregistered key", stranger, server),
                                   ("the wrong key of the door", (public, secret), stranger[0])):
        with Rpc(d.door, None, pair, server_key) as rpc:
            rpc.send(frame_of([push(rpc, "s", "S").SerializeToString()]))
            if rpc.receive(1.5) is not None:
                wrong.append(name)
    with Rpc(d.door) as rpc:
        rpc.send(frame_of([push(rpc, "s", "S").SerializeToString()]))
        if rpc.receive(1.5) is not None:
            wrong.append("no CURVE at all")
    report.check("strangers get nothing at the door", not wrong, wrong)
    with socket.create_connection(tuple_of(d.door), timeout=5) as stream:
        stream.sendall(os.urandom(5000))
    with door() as rpc:
        rpc.send(b"\0" * (9 << 20))
    with report.case("after all that the door still takes events"):
        with door() as rpc:
            assert rpc.exchange([push(rpc, "door-2", "BA-D2")], key=None)
        world.good()


def tuple_of(endpoint):
    host, port = endpoint[len("tcp://"):].rsplit(":", 1)
    return host, int(port)


# --- slow and many --------------------------------------------------------------------------------------------------

class Slow(threading.Thread):
    """Clients that drip: one byte of a header, or of a body, every two seconds."""

    def __init__(self, world):
        super().__init__(daemon=True)
        self.world, self.began, self.ended, self.stop = world, time.monotonic(), {}, threading.Event()
        self.streams = {}
        for number in range(SLOW_CLIENTS):
            stream = socket.create_connection(world.deployment.address, timeout=10)
            if number % 2 == 0:
                stream.sendall(b"GET /v1/whoami HTTP/1.1\r\nHost: x\r\nX-Slow: ")
            else:
                stream.sendall(head("POST", "/v1/classes", "Authorization: Bearer " + world.token,
                                    "Content-Type: application/json", "Content-Length: 1000") + b'{"title":"')
            stream.setblocking(False)
            self.streams[number] = stream

    def run(self):
        while not self.stop.is_set() and len(self.ended) < len(self.streams):
            for number, stream in self.streams.items():
                if number in self.ended:
                    continue
                try:
                    if stream.recv(65536) == b"":
                        raise ConnectionResetError
                except BlockingIOError:
                    pass
                except OSError:
                    self.ended[number] = time.monotonic() - self.began
                    continue
                try:
                    stream.send(b"a")
                except OSError:
                    pass
            self.stop.wait(2)

    def finish(self, report):
        self.join(max(0, self.began + SLOW_LIMIT_S - time.monotonic()))
        self.stop.set()
        report.check("%d slow clients were cut off" % len(self.streams), len(self.ended) == len(self.streams),
                     "%d of them after %d s" % (len(self.ended), time.monotonic() - self.began))
        if self.ended:
            report.note("after %.0f to %.0f s" % (min(self.ended.values()), max(self.ended.values())))
        for stream in self.streams.values():
            stream.close()


def idle_connections(report, world):
    """10,000 that say nothing, a part of them after one good request, while others are served."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    wanted = min(IDLE_CONNECTIONS, hard - 500 if hard != resource.RLIM_INFINITY else IDLE_CONNECTIONS)
    if wanted < IDLE_CONNECTIONS:
        report.note("only %d idle connections: the limit of open files is %d" % (wanted, hard))
    streams = []
    gateway = world.deployment.pid("gateway")
    before = private_kib(gateway)
    try:
        for number in range(wanted):
            stream = socket.create_connection(world.deployment.address, timeout=30)
            if number % 4 == 0:
                stream.sendall(b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n")
            streams.append(stream)
            if number % 1000 == 0:
                world.good()
        answered = 0
        for stream in streams[::4]:
            stream.settimeout(30)
            answered += stream.recv(20).startswith(b"HTTP/1.1 200")
        for _ in range(50):
            world.good()
        fresh = world.deployment.http(world.token)
        fresh.must("GET", "/v1/whoami")
        fresh.close()
        grown = (private_kib(gateway) - before) // 1024
        report.check("%d idle connections are held and others served beside them" % len(streams),
                     len(streams) == wanted and answered == len(streams[::4]) and gateway == world.deployment.pid("gateway"),
                     "%d of %d answered" % (answered, len(streams[::4])))
        report.note("they cost the gateway %d MiB" % grown)
        report.check("for bounded memory", grown < 512, "%d MiB" % grown)
    finally:
        for stream in streams:
            stream.close()
    with report.case("and when they are gone all is as before"):
        time.sleep(1)
        world.good()


def unread(report, world):
    """Clients that ask and never read: their answers must not pile up."""
    with report.case("clients that do not read harm nobody else"):
        streams = []
        try:
            for _ in range(20):
                stream = socket.socket()
                stream.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                stream.connect(world.deployment.address)
                stream.settimeout(2)
                try:
                    for _ in range(200):
                        stream.sendall(head("GET", "/openapi.json"))
                except OSError:
                    pass
                streams.append(stream)
            for _ in range(20):
                world.good()
        finally:
            for stream in streams:
                stream.close()


def memory(report, world):
    grown = {name: (private_kib(world.deployment.pid(name)) - world.memory[name]) // 1024 for name in SERVERS}
    report.note("memory grew by (MiB): %s" % grown)
    report.check("memory stayed bounded", max(grown.values()) < MEMORY_GROWTH_MIB, grown)


def test(report):
    with Deployment(memory_mib=64) as deployment:
        deployment.start()
        world = World(deployment)
        world.make()
        slow = Slow(world)
        slow.start()
        for part in (over_http, over_events, call_ids, over_frames, over_door, unread, idle_connections):
            with report.case(part.__name__ + " ran"):
                part(report, world)
            died = world.died()
            if died:
                report.fail(part.__name__ + " left all servers alive", "%s died: %s" % (died, deployment.log_tail(12)))
                deployment.wait_ready()
                world.pids = {name: deployment.pid(name) for name in SERVERS}
        slow.finish(report)
        with report.case("memory was looked at"):
            memory(report, world)
        report.check("all servers are the processes they were", not world.died(), world.died())
        world.good()


if __name__ == "__main__":
    main(test)
