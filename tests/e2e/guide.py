#!/usr/bin/python3 -B
"""What the gateway's README says to a province is so. Its commands are run by readme.sh; here
what stands beside them is held against the thing itself: routes against openapi.json, the
door's table of bytes against the messages, outcomes against the enum, the examples of event
types against the service, and Node's CloudEvents SDK (tests/web, a pinned version) against
POST /v1/events. Without npm, or without its registry, Node's part is skipped and says so."""

import re
import shutil

from deployment import *
from webtools import WEB, install

README = os.path.join(ROOT, "services", "gateway", "README.md")
STORY = ("hired", "updated", "qualification_gained", "appointed", "promoted", "rotated", "leave_begun", "leave_ended",
         "seconded", "returned", "corrected", "transferred", "retired", "deceased")
NODE_S = 60


def told():
    with open(README, encoding="utf-8") as file:
        return file.read()


# --- the text against the messages ----------------------------------------------------------------------------------

def plain_blocks(text):
    """Fenced blocks without a language."""
    blocks, lines, plain = [], None, False
    for line in text.splitlines():
        if not line.startswith("```"):
            if lines is not None:
                lines.append(line)
        elif lines is None:
            lines, plain = [], line == "```"
        else:
            if plain:
                blocks.append(lines)
            lines = None
    return blocks


def frame_rows(text):
    """(depth, tags, names) of the lines of the door's tables that give fields by their first bytes."""
    rows = []
    for lines in plain_blocks(text):
        if not any("Call.tag" in line or "Reply.tag" in line for line in lines):
            continue
        for line in lines:
            columns = re.split(r" {2,}", line.strip())
            tags = re.match(r"[0-9A-F]{2}(, [0-9A-F]{2})*\b", columns[0])
            if tags is None or len(columns) < 2:
                continue
            tags = [int(tag, 16) for tag in tags.group().split(", ")]
            names = re.split(r", | and | ", re.sub(r"\b(Call|Reply)\.", "", columns[1]))[:len(tags)]
            rows.append(((len(line) - len(line.lstrip())) // 2, tags, names))
    return rows


def table_faults(text):
    """How many bytes of the tables were looked at, and those that are not the field's."""
    pb = protos()
    messages = {0: {"call": pb.envelope.Frame, "reply": pb.envelope.Frame},
                1: {"call": pb.envelope.Call, "reply": pb.envelope.Reply},
                2: {"call": pb.event.PushEventRequest, "reply": pb.event.PushEventReply}}
    side, checked, wrong = "call", 0, []
    for depth, tags, names in frame_rows(text):
        if depth == 0:
            side = "reply" if tags == [0x12] else "call"
            names = ["replies" if side == "reply" else "calls"]
        message = messages[depth][side].DESCRIPTOR
        for tag, name in zip(tags, names):
            field = message.fields_by_name.get(name)
            piece = field is not None and field.type in (field.TYPE_STRING, field.TYPE_BYTES, field.TYPE_MESSAGE)
            if field is None or tag != field.number << 3 | (2 if piece else 0):
                wrong.append("%02X %s of %s" % (tag, name, message.name))
            checked += 1
    return checked, wrong


def check_table(report, text):
    pb = protos()
    with report.case("the door's tables give each field the byte it has"):
        checked, wrong = table_faults(text)
        assert checked >= 20 and not wrong, "%d checked, wrong: %s" % (checked, wrong)
        for was, fault in (("32 <varint> <utf-8>                      sequence", "3A <varint> <utf-8>                      sequence"),
                           ("10 <varint>                              Reply.status", "12 <varint>                              Reply.status")):
            assert was in text and table_faults(text.replace(was, fault))[1], "a wrong byte is not seen: " + fault
    with report.case("and every field of an event and of its answer stands in them"):
        shown = " ".join(name for _, _, names in frame_rows(text) for name in names)
        missing = [f.name for m in (pb.event.PushEventRequest, pb.event.PushEventReply)
                   for f in m.DESCRIPTOR.fields if not re.search(r"\b%s\b" % f.name, shown)]
        assert not missing, missing
    with report.case("all outcomes are told, with the numbers they have at the door"):
        outcomes = pb.event.Event.Outcome.items()
        table = text[text.index("| outcome |"):text.index("3. Send many")]
        missing = [name.lower() for name, number in outcomes if number and name.lower() not in table]
        numbers = dict((word, int(n)) for n, word in re.findall(r"(\d) (accepted|duplicate|conflict|parked|held|rejected|dead|discarded)", text))
        assert not missing and numbers == {name.lower(): number for name, number in outcomes if number}, (missing, numbers)


def check_routes(report, text, client):
    paths = client.must("GET", "/openapi.json")["paths"]
    known = {(verb.upper(), re.sub(r"\{\w+\}", "{}", path)) for path, of in paths.items() for verb in of}
    known |= {("GET", "/"), ("GET", "/dashboard"), ("GET", "/rosters"), ("GET", "/verify"), ("GET", "/v/{}")}
    with report.case("every route that the guide names exists"):
        wrong, named = [], re.findall(r"`(GET|POST|DELETE|PUT) (/[^`?\s]*)", text)
        for verb, path in named:
            if (verb, re.sub(r"\{\w+\}", "{}", path)) not in known:
                wrong.append("%s %s" % (verb, path))
        assert len(named) >= 20 and not wrong, wrong


# --- the examples ---------------------------------------------------------------------------------------------------

def check_examples(report, client, token):
    types = client.must("GET", "/v1/event-types")["eventTypes"]
    with report.case("every type of event has an example"):
        kinds = [field.name for field in protos().event.EventData.DESCRIPTOR.fields]
        assert sorted(t["type"] for t in types) == sorted("matricula.person.%s.v1" % kind for kind in kinds)
    wrong = []
    for kind in types:
        answer = client.request("POST", "/v1/events", json.dumps(kind["example"]), token=token,
                                headers={"Content-Type": "application/cloudevents+json"})
        wanted = "accepted" if kind["type"].split(".")[2] in STORY else "parked"
        if answer.json.get("outcome") != wanted:
            wrong.append("%s: %s" % (kind["type"], answer))
    report.check("the examples as they stand, one after the other, are one person's story; the others wait", not wrong,
                 "; ".join(wrong))


# --- Node -----------------------------------------------------------------------------------------------------------

def check_node(report, d, token):
    folder = os.path.join(d.folder, "web")
    os.makedirs(folder)
    installed = False
    with report.case("the CloudEvents SDK is installed, in the version that is pinned"):
        install(folder, "cloudevents.mjs")
        installed = True
    if not installed:
        report.skip("the SDK's events are taken", "the SDK is not there")
        return
    done = subprocess.run(["node", "cloudevents.mjs"], cwd=folder, text=True, capture_output=True, timeout=NODE_S,
                          env=dict(os.environ, URL="http://%s:%d" % d.address, TOKEN=token, AUTHORITY="01"))
    lines = [line for line in done.stdout.splitlines() if line.startswith(("ok ", "not ok "))]
    for line in lines:
        report.check(line.split("ok ", 1)[1].split(": ")[0] if line.startswith("not") else line[3:], line.startswith("ok "),
                     line)
    report.check("the SDK's script ran to its end", len(lines) >= 8 and done.returncode in (0, 1), done.stderr[-300:])


def test(report):
    text = told()
    with report.case("the guide names the version of the SDK that is tested"):
        with open(os.path.join(WEB, "package.json")) as file:
            version = json.load(file)["dependencies"]["cloudevents"]
        assert "cloudevents@%s" % version in text, version
    check_table(report, text)
    with Deployment() as d:
        d.start()
        d.ctl("units", os.path.join(ROOT, "tests", "data", "vietnam-units-2025.csv"), "--quiet")
        token = d.grant("PROVINCE_SYSTEM", "01")
        client = d.http(token)
        check_routes(report, text, client)
        check_examples(report, client, token)
        check_node(report, d, token)


if __name__ == "__main__":
    main(test)
