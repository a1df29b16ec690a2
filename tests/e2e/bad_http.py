"""What may come in over HTTP that should not: framing, headers, JSON, CloudEvents, keys that
belong to somebody else. Tables of (name, what is sent, what must be answered)."""

import base64
import http.client
import json
import os
import re
import socket

import story
from deployment import *

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

    def framing(*headers, **more):
        return head("POST", "/v1/classes", auth, json_type, *headers, **more)
    yield "two Hosts", head("GET", "/v1/whoami", "Host: y", auth), 400, None, "Host twice"
    yield "two Content-Lengths", framing(length, length) + body, 400, None, "Content-Length"
    yield "two Content-Lengths that differ", framing(length, "Content-Length: 3") + body, 400, None, \
        "Content-Length"
    yield "Content-Length beside Transfer-Encoding", (framing(length, "Transfer-Encoding: chunked") +
                                                      b"f\r\n" + body + b"\r\n0\r\n\r\n"), 400, None, \
                                                          "Transfer-Encoding"
    yield "two Transfer-Encodings", (framing("Transfer-Encoding: chunked", "Transfer-Encoding: identity") +
                                     b"0\r\n\r\n"), 400, None, "Transfer-Encoding"
    yield "two Authorizations", head("GET", "/v1/whoami", auth, auth), 400, None, "Authorization twice"
    yield "two Idempotency-Keys", framing("Idempotency-Key: a", "Idempotency-Key: b", length) + body, 400, None, \
        "Key"
    yield "no Host", head("GET", "/v1/whoami", auth, host=None), 400, None, "names no Host"
    for host in ("a b", "a/b", "a@b", "a\x80b"):
        yield "Host %r" % host, head("GET", "/v1/whoami", auth, host="Host: " + host), 400, None, "a Host that is none"
    yield "blanks behind values", head("GET", "/v1/whoami", auth + " \t", "Content-Encoding: identity ", host="Host: x "), \
        200, None, ""
    yield "blanks behind chunked", framing("Transfer-Encoding: chunked ") + b"0\r\n\r\n", 400, None, "chunked"
    yield "Transfer-Encoding in HTTP/1.0", (framing("Transfer-Encoding: chunked") + b"0\r\n\r\n").replace(
        b"HTTP/1.1", b"HTTP/1.0"), 400, None, "HTTP/1.0"
    yield "all of the server", head("OPTIONS", "*"), 204, None, ""
    yield "a blank before a colon", framing("Content-Length : %d" % len(body)) + body, 400, None, "blank before a colon"
    yield "a space in the target", head("GET", "/v1/whoami /x", auth), 400, None, "holds a space"
    for value in ("abc", "-1", "1e3", "99999999999999999999999999", "5, 5", "0x10", ""):
        yield "Content-Length %r" % value, framing("Content-Length: " + value) + body, (400, 413, CLOSED), None, ""
    yield "an encoding nobody knows", framing("Transfer-Encoding: gzip") + body, (400, 501, CLOSED), None, ""
    for chunk in (b"zz\r\n", b"ffffffffffffffffff\r\n", b"-1\r\n", b"\r\n\r\n"):
        yield "chunk %r" % chunk[:12], framing("Transfer-Encoding: chunked") + chunk, (400, 413, CLOSED), None, ""
    yield "no HTTP at all", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + os.urandom(400) + b"\r\n\r\n", \
        (400, CLOSED), None, ""
    yield "a request line of garbage", os.urandom(200).replace(b"\n", b"x") + b"\r\n\r\n", \
        (400, 404, 405, 414, CLOSED), None, ""
    yield "a version nobody knows", b"GET / HTTP/9.9\r\nHost: x\r\n\r\n", (400, 505, CLOSED), None, ""
    yield "a method nobody knows", head("BREW", "/v1/classes"), 405, None, ""
    yield "a header without a colon", head("GET", "/v1/whoami", auth, "nonsense"), (400, CLOSED), None, ""
    yield "a folded header", head("GET", "/v1/whoami", "X: a\r\n\tb", auth), (200, 400, CLOSED), None, ""
    # libmicrohttpd 0.9.75 ends a value at its NUL and tells nobody: what stands behind it counts for nothing.
    yield "a NUL in a header", head("GET", "/v1/whoami", auth + "\0, Bearer x"), (200, 400, CLOSED), None, ""
    yield "a header of 64 KiB", head("GET", "/v1/whoami", "X: " + "a" * 65536), (400, 413, 431, CLOSED), None, ""
    yield "5,000 headers", head("GET", "/v1/whoami", *["X%d: y" % n for n in range(5000)]), (400, 413, 431, CLOSED), \
        None, ""
    yield "a path of 3 KiB", head("GET", "/v1/" + "a" * 3000, auth), 414, None, "longer than 2048"
    yield "a path nobody knows", head("GET", "/v1/no-such-thing", auth), 404, None, "openapi.json"
    for path in ("/v1/classes/%zz", "/v1/classes/%", "/v1/classes/%c0%af", "/v1/classes/%00", "/v1/classes/%ff"):
        yield "path " + path, head("GET", path, auth), 400, None, "percent-encoded UTF-8|is not an id"
    yield "path with dots", head("GET", "/v1/classes/../whoami", auth), (400, 404), None, ""
    yield "a body where none belongs", head("GET", "/v1/whoami", auth, "Content-Length: 3") + b"abc", 400, None, \
        "no body"
    yield "a body that is too large, said before", framing("Content-Length: 2000000", "Expect: 100-continue"), 413, \
        None, \
        "larger than 1048576"
    yield "a body that is too large, in chunks", (framing("Transfer-Encoding: chunked") +
                                                  b"100000\r\n" + b" " * 0x100000 + b"\r\n" +
                                                  b"100000\r\n" + b" " * 0x100000 + b"\r\n0\r\n\r\n"), 413, None, \
                                                      "larger than"
    yield "Authorization of another kind", head("GET", "/v1/whoami", "Authorization: Basic eDp5"), 401, None, "Bearer"
    yield "an empty bearer", head("GET", "/v1/whoami", "Authorization: Bearer "), 401, None, "Bearer"
    yield "a bearer of 1 KiB", head("GET", "/v1/whoami", "Authorization: Bearer " + "a" * 1024), 401, None, "Bearer"
    yield "a bearer nobody knows", head("GET", "/v1/whoami", "Authorization: Bearer abc"), 401, None, \
        "unknown or revoked"
    yield "no bearer", head("GET", "/v1/whoami"), 401, None, "bearer token"
    for key in ("a" * 81, "a b", "\x7f"):
        yield "Idempotency-Key %r" % key[:5], post(world, "/v1/classes", "{}", "Idempotency-Key: " + key), 400, None, \
            "Idempotency-Key is not"
    yield "another type of body", post(world, "/v1/classes", "a=b", type="application/x-www-form-urlencoded"), 415, \
        None, \
        "not application/json"
    for query, field in (("nonsense=1", "nonsense"), ("authority=BA&authority=BA", "authority")):
        yield "query " + query, head("GET", "/v1/persons?" + query, auth), 400, field, "not known|twice"
    yield "a query of nothing", head("GET", "/v1/whoami?&&", auth), 200, None, ""
    yield "a parameter without a name", head("GET", "/v1/persons?authority=BA&=x", auth), 400, None, "without a name"
    yield "a page too large", head("GET", "/v1/persons?authority=BA&pageSize=1001", auth), 400, "pageSize", \
        "more than 1000"
    yield "a page size that is none", head("GET", "/v1/persons?authority=BA&pageSize=ten", auth), 400, "pageSize", ""
    for token in ("!!!", "AAAA", base64.urlsafe_b64encode(os.urandom(40)).decode().rstrip("=")):
        yield "page token %.8s" % token, head("GET", "/v1/persons?authority=BA&pageToken=" + token, auth), 400, \
            "pageToken", \
            "not of this list"
    yield "an authority nobody knows", head("GET", "/v1/persons?authority=ZZ", auth), 400, "authority", "ZZ is unknown"
    yield "40 query parameters", head("GET", "/v1/persons?" + "&".join("a%d=1" % n for n in range(40)), auth), 400, \
        None, \
        "too many|not known"
    yield "a body behind the answer", head("GET", "/v1/whoami", auth, "Connection: close") + b"junk" * 100, 200, \
        None, ""


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
    yield "a field nobody knows, inside", cls, '{"sessions":[{"beginsAt":"x","colour":"red"}]}', \
        r"sessions\[0\].colour", \
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
    yield "a byte order mark", cls, b'\xef\xbb\xbf{"seats":3}', None, "byte order mark"
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
    yield "a title too long", "/v1/programmes", json.dumps({"authority": "BA", "code": "X", "title": "a" * 257}), \
        "title", \
        "longer than 256"
    yield "no seats", "/v1/classes", '{"programmeId":"%s","seats":0}' % programme, "seats", "1 to"
    yield "a time that is none", "/v1/classes", \
        '{"programmeId":"%s","seats":1,"sessions":[{"beginsAt":"tomorrow","minutes":5}]}' % programme, "sessions", \
            "RFC 3339"
    yield "201 sessions", "/v1/classes", json.dumps({"programmeId": programme, "seats": 1, "sessions": [
        {"beginsAt": story.PAST[0], "minutes": 5}] * 201}), "sessions", "1 to 200"
    yield "100,000 numbers where 200 fit", "/v1/exams", json.dumps({"classId": world.cls, "authority": "BA",
                                                                    "title": "t",
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
        ("an unknown type", dict(known, id="b1", type="matricula.person.cloned.v1"), 422, "type", "unknown_type",
         "cloned"),
        ("a type of another family", dict(known, id="b1", type="com.example.order"), 422, "type", "unknown_type", ""),
        ("no subject", {k: v for k, v in dict(known, id="b2").items() if k != "subject"}, 422, "subject", "missing",
         "missing"),
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
        ("a date that is none", dict(known, id="c2", data=hired(on="2026-02-30")), 422, "data.effectiveDate",
         "bad_date",
         "calendar"),
        ("an enum nobody knows", dict(known, id="c3", data=hired(category="WIZARD")), 422, "data.category",
         "invalid_data",
         "enum"),
        ("no category", dict(known, id="c4", data=hired(category="UNSPECIFIED")), 422, "data.category", "missing", ""),
        ("a name too long", dict(known, id="c5", data=hired(name="a" * 300)), 422, "data.name", "too_long", "256"),
        ("a source of nobody", dict(known, id="c6", source="/authorities/ZZ/x"), 422, "source", "unknown_authority",
         "ZZ"),
        ("a source that is no path", dict(known, id="c7", source="urn:x"), 422, "source", "unknown_authority", ""),
        ("data in base64 too", dict(known, id="c8", data_base64="AAAA"), 422, "data_base64", "invalid", "beside data"),
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
                 "%s" % (answer if not results else [(i, w, o) for i,
                                                     (w, o) in enumerate(zip(want, outcomes)) if w != o]))

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
        wrong += judge(name, raw(world, post(world, "/v1/events", body, type=headers["Content-Type"])), status, None,
                       pattern)
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
                 first.status == 200 and again.json == first.json and again.headers["Idempotent-Replayed"] == "true",
                 again)
    wrong = judge("", client.post("/v1/programmes", dict(body, title="u"), key=key), 422, None, "another request")
    report.check("the same key, another request: refused by name", not wrong, wrong)
    stolen = client.post("/v1/programmes", body, key=key, token=world.other)
    report.check("another subject with that key and request does not get the reply",
                 stolen.status == 403 and "programmeId" not in stolen.body.decode(), stolen)
    own = client.post("/v1/programmes", dict(body, authority="BB"), key=key, token=world.other)
    report.check("but may use the key for a request of its own",
                 own.status == 200 and own.json["programmeId"] != first.json["programmeId"], own)
