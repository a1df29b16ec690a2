#!/usr/bin/python3 -B
"""/openapi.json against the thing itself. One class from hiring to certificates is told over HTTP, then every GET of
the document is asked with ids that came up on the way. Each request and each answer, refusals too, must be what the
document says: its content type, its members and no others. And every operation it lists is there."""

import copy
import itertools
import re
import socket

from jsonschema import Draft202012Validator

import certified
import story
from deployment import *

SHARE_ANSWERED = 0.7    # of the GETs that must be answered 200: the rest need holds, duplicates, rosters of their own
TRIES = 6


class Watched(Http):
    """Keeps what went over it: (verb, path, body sent, answer)."""

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.seen = []

    def request(self, verb, path, body=None, **more):
        answer = super().request(verb, path, body, **more)
        self.seen.append((verb, path.partition("?")[0], body, answer))
        return answer


def close(schema):
    """Objects hold the members that are listed and no others, so that what is left out shows."""
    if isinstance(schema, dict):
        if "properties" in schema:
            schema.setdefault("additionalProperties", False)
        for member in schema.values():
            close(member)
    elif isinstance(schema, list):
        for member in schema:
            close(member)


class Document:
    def __init__(self, text):
        self.shown = json.loads(text)
        closed = copy.deepcopy(self.shown)
        close(closed)
        # As it stands too: with closed objects at most one schema of a oneOf fits.
        self.readings = (closed, self.shown)
        self.components, self.paths = closed["components"], closed["paths"]
        # The most literal first, as the gateway looks them up.
        self.known = sorted(((re.compile(re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(path)) + "$"), path)
                             for path in self.paths), key=lambda known: known[1].count("{"))

    def template(self, verb, path):
        for pattern, template in self.known:
            if pattern.match(path) and verb.lower() in self.paths[template]:
                return template
        return None

    def resolve(self, part):
        while "$ref" in part:
            at = {"components": self.components}
            for name in part["$ref"][2:].split("/"):
                at = at[name]
            part = at
        return part

    def judge(self, verb, path, sent, answer):
        """What of a request that was granted, or of any answer, is not as the document says."""
        template = self.template(verb, path)
        if template is None:
            return ["no such operation"]
        return [fault for reading in self.readings
                for fault in self.faults(reading["paths"][template][verb.lower()], reading["components"], sent, answer)]

    def faults(self, operation, components, sent, answer):
        responses = operation["responses"]
        content = self.resolve(responses.get(str(answer.status), responses["default"])).get("content", {})
        kind = (answer.headers["Content-Type"] or "").partition(";")[0]
        if kind not in content:
            return ["HTTP %d is %s, not one of %s" % (answer.status, kind, list(content))]
        wrong = []
        if re.search(r"[/+]json$", kind):
            wrong += unfit(content[kind]["schema"], components, answer.json)
        if isinstance(sent, dict) and answer.status == 200:
            body = operation["requestBody"]["content"]["application/json"]["schema"]
            wrong += ["request " + fault for fault in unfit(body, components, sent)]
        return wrong


def unfit(schema, components, value):
    checker = Draft202012Validator(dict(schema, components=components))
    return ["%s: %s" % ("/".join(map(str, e.absolute_path)), e.message[:160]) for e in checker.iter_errors(value)]


def harvest(ids, value):
    """Members whose names are those of path parameters, wherever they stand."""
    if isinstance(value, dict):
        for name, member in value.items():
            if isinstance(member, str) and member:
                ids.setdefault(name, {}).setdefault(member)
            else:
                harvest(ids, member)
    elif isinstance(value, list):
        for member in value:
            harvest(ids, member)


def questions(document, path, operation, ids):
    """Paths with their parameters filled in, and queries: none, then the authority and ids that are known."""
    names = re.findall(r"\{(\w+)\}", path)
    query = [document.resolve(p)["name"] for p in operation.get("parameters", [])
             if document.resolve(p)["in"] == "query"]
    filled = ["%s=%s" % (name, next(iter(ids[name]))) for name in query
              if name in ids and (name == "authority" or name.endswith("Id"))]
    for values in itertools.islice(itertools.product(*(list(ids.get(name, {"x": None}))[:3] for name in names)), TRIES):
        target = path
        for name, value in zip(names, values):
            target = target.replace("{%s}" % name, value)
        yield target
        if filled:
            yield target + "?" + "&".join(filled)


def ask_all(document, client, ids, tokens):
    """Paths whose GET was answered 200, of those there are."""
    answered, asked = set(), [path for path, of in document.paths.items() if "get" in of]
    for path in asked + asked:    # the second time with what the first brought up
        operation = document.paths[path]["get"]
        if path in answered or path.endswith("/stream"):
            continue
        for target, token in itertools.product(questions(document, path, operation, ids), tokens):
            answer = client.request("GET", target, token=token)
            if answer.status == 200:
                answered.add(path)
                if answer.headers["Content-Type"] == "application/json":
                    harvest(ids, answer.json)
                break
    return answered, asked


def check_refs(report, document):
    operations = [(path, verb, of) for path, verbs in document.shown["paths"].items() for verb, of in verbs.items()]
    with report.case("its references lead somewhere, its operation ids are unique, its path parameters are declared"):
        for name in set(re.findall(r'"\$ref": ?"([^"]+)"', json.dumps(document.shown))):
            document.resolve({"$ref": name})
        named = [of["operationId"] for _, _, of in operations]
        assert len(named) == len(set(named)) > 100
        assert all("security" in of for _, _, of in operations)
        wrong = [path for path, _, of in operations if set(re.findall(r"\{(\w+)\}", path)) != {
            document.resolve(p)["name"] for p in of.get("parameters", []) if document.resolve(p)["in"] == "path"}]
        assert not wrong, wrong
    return operations


def check_there(report, client, operations):
    missing = []
    for path, verb, _ in operations:
        answer = client.request("HEAD" if verb == "get" else verb.upper(), re.sub(r"\{\w+\}", "x", path), token="x")
        allow = client.request("OPTIONS", re.sub(r"\{\w+\}", "x", path)).headers["Allow"]
        if answer.status == 405 or verb.upper() not in (allow or ""):
            missing.append("%s %s: %d, %s" % (verb, path, answer.status, allow))
    report.check("each of its %d operations is there" % len(operations), not missing, missing[:5])


def check_heads(report, client):
    """A HEAD says what its GET would; of a stream no length, since nobody knows it."""
    for path in ("/v1/whoami", "/v1/figures/stream", "/v1/journal/enrollment"):
        length = client.request("HEAD", path).headers["Content-Length"]
        report.check("HEAD %s is true of its length" % path,
                     length == (str(len(client.get(path).body)) if path == "/v1/whoami" else None), length)
        behind = behind_head(client, path)
        report.check("HEAD %s has no body" % path, behind == b"", behind)


def behind_head(client, path):
    """What came behind the header until the server closed, as it is asked to."""
    with socket.create_connection(client.address, timeout=10) as line:
        line.sendall(("HEAD %s HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\nConnection: close\r\n\r\n"
                      % (path, client.address[0], client.token)).encode())
        return b"".join(iter(lambda: line.recv(65536), b"")).partition(b"\r\n\r\n")[2]


def push_events(client):
    """An event of each outcome that one request can bring about, and what is told of it later."""
    source, taken = "/authorities/%s/hr" % certified.SCHOOL, {}
    for id, subject, data in (("1", "E-1", hired()), ("1", "E-2", hired()), ("2", "E-3", hired(position="x" * 2000)),
                              ("3", "E-4", hired(colour="red"))):
        answer = client.request("POST", "/v1/events", event("hired", source, id, subject, data),
                                headers={"Content-Type": "application/cloudevents+json"})
        taken[answer.status] = answer
    client.request("POST", "/v1/events", event("updated", source, "4", "NOBODY", {"unit": "U", "effectiveDate": "2026-01-05"}),
                   headers={"Content-Type": "application/cloudevents+json"})
    assert set(taken) == {200, 409, 422}, taken
    for query in ("source=%s&id=1" % source, "authority=%s&outcome=conflict" % certified.SCHOOL,
                  "authority=%s&outcome=parked" % certified.SCHOOL):
        client.must("GET", "/v1/events?" + query)


def test(report):
    with Deployment() as d:
        d.start()
        token = certified.make(d)
        client = Watched(d.address, token)
        people = story.hire(client, token, certified.SCHOOL, ["O-1", "O-2"], birthDate="1990-05-27")
        school = story.School(client, certified.SCHOOL, token)
        issued = school.whole_class(people)["certificates"]
        push_events(client)
        document = Document(client.get("/openapi.json").body)
        operations = check_refs(report, document)
        ids = {"authority": {certified.SCHOOL: None}, "service": {"enrollment": None}, "year": {"2026": None},
               "type": {"matricula.person.hired.v1": None}, "purpose": {"revocation": None}, "number": {"1": None}}
        harvest(ids, [{"personId": person, "certificateId": certificate} for person, certificate in issued.items()])
        learner = d.grant(["LEARNER"], certified.SCHOOL, subject=people[0])
        operator = d.grant(["OPERATOR"], "VN", subject="operator")
        d.wait_followed()
        answered, asked = ask_all(document, client, ids, (token, learner, operator))
        left = sorted(set(asked) - answered)
        report.check("a story's ids lead to most of its GETs", len(answered) >= SHARE_ANSWERED * len(asked),
                     "%d of %d; not: %s" % (len(answered), len(asked), left))
        report.note("%d of %d GETs answered 200; not: %s" % (len(answered), len(asked), " ".join(left)))
        wrong = {}
        for verb, path, sent, answer in client.seen:
            for fault in document.judge(verb, path, sent, answer):
                wrong.setdefault("%s %s: %s" % (verb, path, fault), None)
        report.check("all of %d requests and answers are as it says" % len(client.seen), not wrong, list(wrong)[:6])
        check_there(report, client, operations)
        check_heads(report, client)


main(test)
