"""The table of access.py: what stands in the tree, what each method is asked about it, and
what the rules and a few lines here expect. A method that has no row is asked with ids
guessed from the names of its fields, so that a new one is covered from its first day."""

import base64
import json
import re
import secrets
import urllib.parse

import story
from deployment import *

RELATIONS = {"self": "AOWN", "own": "AOWN", "child": "ACHD", "sibling": "ASIB", "parent": "APAR"}
REACHED = ("self", "own", "child")
PROVINCE_PEOPLE = 4500  # of these, 4 * BRAKE_CHANGES are less than 2 %
BRAKE_CHANGES = 21    # one more than act, services/enrollment/brake_window.h


def there_is_no_hold():
    """The brake counts nobody who was hired within a day: without a moved clock there is no hold."""
    return why_no_clock() != ""


# --- what is expected -----------------------------------------------------------------------------------------------

def expected(method, role, relation):
    """True if the caller gets past access; None for a method that is for no caller at all."""
    if method.kind in ("REACTION", "TIMER"):
        return None
    if method.scope == "PUBLIC":
        return True
    if role not in method.roles:
        return False
    if method.scope == "ANY" and method.name != "Authorities.Add":
        return True
    if method.name == "CodeLists.Put":
        return False    # the lists are the nation's: see crossing()
    if role == "LEARNER":
        return relation == "self"
    if method.name in ("Certificates.List", "Passports.Get"):
        return True    # where a person serves is not known there: rows are left out instead, see crossing()
    if method.name == "Persons.Lookup":
        return True    # who is elsewhere is nobody: see crossing()
    if method.name.startswith("Brake.") and method.name != "Brake.List" and there_is_no_hold():
        return True    # no hold: the scope of one that does not exist is the caller's own
    return relation in REACHED


# --- what is asked --------------------------------------------------------------------------------------------------

class Thing:
    """One of everything, at one authority."""

    def __init__(self, world, relation):
        code = RELATIONS[relation]
        self.code = code
        if relation == "own":
            self.__dict__.update(world.things["self"].__dict__)
            self.person = world.people[code][1]
            self.attempt = world.attempts[1]
            self.recognition = world.recognitions[1]
        else:
            self.person = world.people[code][0]


def guessed(method, thing):
    """A request for a method that the table below does not know: ids by the names of its fields."""
    known = {"class_id": thing.cls, "person_id": thing.person, "exam_id": thing.exam, "attempt_id": thing.attempt,
             "certificate_id": thing.certificate, "programme_id": thing.programme, "token_id": thing.token_id,
             "authority": thing.code, "parent": thing.code, "door_key": thing.door_key, "hold_id": thing.hold,
             "roster_id": thing.roster, "team_id": thing.team, "recognition_id": thing.recognition}
    message = {}
    for field in method.input.DESCRIPTOR.fields:
        if field.label == field.LABEL_REPEATED or field.message_type is not None:
            continue
        if field.name in known:
            message[field.json_name] = known[field.name]
        elif field.type == field.TYPE_STRING and not field.name.startswith("page_"):
            is_date = "date" in field.name or field.name in ("since", "until")
            message[field.json_name] = "2026-01-14" if is_date else "x"
        elif field.type in (field.TYPE_UINT32, field.TYPE_UINT64) and field.name not in ("page_size", "depth",
            "wait_ms"):
            message[field.json_name] = 1
    return message


def requests(thing):
    """The request of each method, as ProtoJSON."""
    source = "/authorities/%s/hr" % thing.code
    pair = {"personId": thing.provisional[0], "otherId": thing.provisional[1]}
    push = {"source": source, "id": thing.event_id, "subject": thing.staff_code, "data": {"hired": thing.event_data}}
    return {
        "Access.GrantToken": {"tokenHash": base64.b64encode(secrets.token_bytes(32)).decode(), "roles": ["DASHBOARD"],
                              "authority": thing.code},
        "Access.RevokeToken": {"tokenId": thing.token_id},
        "Access.ListTokens": {"authority": thing.code},
        "Access.RegisterDoorKey": {"doorKey": thing.new_door_key, "authority": thing.code, "name": "n"},
        "Access.RemoveDoorKey": {"doorKey": thing.door_key},
        "Access.ListDoorKeys": {},
        "Access.Whoami": {},
        "Attempts.Get": {"attemptId": thing.attempt},
        "Attempts.GetPaper": {"attemptId": thing.attempt},
        "Attempts.Start": {"examId": thing.exam, "personId": thing.person},
        "Attempts.Submit": {"attemptId": thing.attempt, "answers": story.RIGHT},
        "Attendance.Take": {"classId": thing.cls, "session": 1,
                            "marks": [{"personId": thing.person, "state": "ABSENT"}]},
        "Authorities.Add": {"parent": thing.code, "codeList": "test", "listVersion": "1", "code": "NEW" + thing.code,
                            "name": "x", "kind": "agency"},
        "Authorities.Get": {"authority": thing.code},
        "Authorities.List": {"authority": thing.code},
        "Certificates.Get": {"certificateId": thing.certificate},
        "Certificates.List": {"personId": thing.person},
        "Certificates.Revoke": {"certificateId": thing.certificate, "reason": "mistake"},
        "Classes.Open": {"programmeId": thing.programme, "seats": 2,
                         "sessions": [{"beginsAt": story.PAST[0], "minutes": 60}]},
        "Classes.Close": {"classId": thing.cls},
        "Classes.Get": {"classId": thing.cls},
        "Classes.List": {"authority": thing.code},
        "CompletionLists.Approve": {"classId": thing.cls, "decisionNumber": "1", "decisionDate": "2026-01-14"},
        "CompletionLists.Get": {"classId": thing.cls},
        "Duplicates.Dismiss": dict(pair, reason="r"),
        "Duplicates.Merge": dict(pair, proof="p"),
        "Duplicates.Preview": pair,
        "Duplicates.Split": dict(pair, reason="r"),
        "Enrolments.Nominate": {"classId": thing.cls, "personId": thing.person},
        "Enrolments.Withdraw": {"classId": thing.cls, "personId": thing.person, "reason": "ill"},
        "Enrolments.Get": {"classId": thing.cls, "personId": thing.person},
        "Enrolments.List": {"classId": thing.cls},
        "Events.Push": push,
        "Events.Get": {"source": source, "id": thing.event_id},
        "Events.Retry": {"source": source, "id": thing.event_id},
        "Exams.Create": {"classId": thing.cls, "authority": thing.code, "title": "t", "minutes": 10,
                         "items": story.ITEMS},
        "Exams.Get": {"examId": thing.exam},
        "Figures.Query": {"authority": thing.code},
        "Figures.Watch": {"authority": thing.code},
        "Figures.Definitions": {},
        "Journal.Read": {},
        "Messages.Inbox": {"personId": thing.person},
        "Messages.Outbox": {},
        "Messages.ReportDelivery": {"messageId": thing.person, "sent": True},
        "Node.Status": {},
        "Node.ListRefused": {},
        "Node.RetryRefused": {"refusalId": "0" * 24},
        "Node.DismissRefused": {"refusalId": "0" * 24},
        "Node.Rejoin": {"producer": "enrollment"},
        "Persons.Get": {"personId": thing.person},
        "Persons.Find": {"authority": thing.code},
        "Persons.Lookup": {"citizenId": "0" * 12},
        "ProvisionalPersons.Adopt": {"provisionalId": thing.provisional[0], "personId": thing.person, "proof": "p"},
        "Programmes.Publish": {"authority": thing.code, "code": "NEW", "title": "t"},
        "Programmes.Get": {"programmeId": thing.programme},
        "Programmes.List": {"authority": thing.code},
        "Verifications.Verify": {"credential": "{}"},
    }


class World:
    """The deployment with its tree, things and one token for each role."""

    def __init__(self, deployment):
        self.deployment = deployment
        self.client = deployment.http()
        self.people, self.things, self.tokens = {}, {}, {}

    def make_people(self):
        """A day before all else, if that can be had."""
        d = self.deployment
        d.add_authority("VN", "", "nation")
        d.add_authority("APAR", "VN", "province")
        for code in ("AOWN", "ASIB"):
            d.add_authority(code, "APAR", "school")
        d.add_authority("ACHD", "AOWN", "school")
        d.add_authority("AREST", "APAR", "school")
        self.root = d.grant([r for r in ROLES if r != "LEARNER"], "VN")
        for code in ("AOWN", "ACHD", "ASIB", "APAR"):
            self.people[code] = story.hire(self.client, self.root, code, ["%s-%d" % (code, n) for n in range(3)])
            story.hire(self.client, self.root, code, ["S%s-%d" % (code, n) for n in range(BRAKE_CHANGES)])
        # So many that what is held of each school is no mass change of the province.
        for first in range(0, PROVINCE_PEOPLE, 500):
            story.hire(self.client, self.root, "AREST", ["R%d" % n for n in range(first, first + 500)])

    def make(self):
        d = self.deployment
        for relation in ("self", "child", "sibling", "parent"):
            self.things[relation] = self.make_thing(relation)
        self.things["own"] = Thing(self, "own")
        self.learner = self.things["self"].person
        for role in ROLES:
            self.tokens[role] = d.grant(role, "AOWN", subject=self.learner if role == "LEARNER" else "")
        d.wait_followed()

    def make_thing(self, relation):
        d = self.deployment
        thing = Thing(self, relation)
        school = story.School(self.client, thing.code, self.root)
        members = self.people[thing.code][:2]
        done = school.whole_class(members, attempts_max=3)
        thing.cls, thing.exam = done["class"], done["exam"]
        thing.certificate = done["certificates"][thing.person]
        attempts = [school.start(thing.exam, person) for person in members]
        thing.attempt = attempts[0]
        recognitions = [self.make_recognition(thing.code, person) for person in members]
        thing.recognition = recognitions[0]
        if relation == "self":
            self.attempts, self.recognitions = attempts, recognitions
        thing.programme = school.programme()
        thing.provisional = [school.post("/v1/persons", {"authority": thing.code, "name": "Lê Văn Tạm", "employer": "x",
                                                         "birthDate": "1990-02-28"})["personId"] for _ in range(2)]
        thing.team = school.post("/v1/teams", {"authority": thing.code, "name": "t", "kind": "TEAM"})["teamId"]
        thing.hold = self.make_hold(thing.code)
        thing.roster = self.make_roster(thing.code)
        thing.token_id = token_hash(d.grant("DASHBOARD", thing.code))[:8].hex()
        import zmq
        thing.new_door_key = zmq.curve_keypair()[0].decode()
        thing.door_key = zmq.curve_keypair()[0].decode()
        d.operator("enrollment").ask("Access.RegisterDoorKey", protos().access.RegisterDoorKeyRequest(
            door_key=thing.door_key, authority=thing.code, name="n"))
        thing.event_id, thing.staff_code, thing.event_data = "known-" + thing.code, "E-" + thing.code, hired()
        source = "/authorities/%s/hr" % thing.code
        body, headers = events_batch([event("hired", source, thing.event_id, thing.staff_code, thing.event_data)])
        self.client.keep("POST", "/v1/events", body, headers=headers, token=self.root)
        return thing

    def make_recognition(self, code, person):
        body = {"authority": code, "form": "MENTORING", "hours": 4, "on": "2026-01-14", "text": {"title": "kèm cặp"}}
        return self.client.keep("POST", "/v1/persons/%s/recognitions" % person, body, token=self.root,
                                key=story.new_key())["recognitionId"]

    def make_hold(self, code):
        """Everybody leaves on one day; the last one's leaving is held. An id of nobody's if the brake cannot go on."""
        source = "/authorities/%s/hr" % code
        body, headers = events_batch([event("suspended", source, "s-%s-%d" % (code, n), "S%s-%d" % (code, n),
                                            {"reason": "inspection", "effectiveDate": "2026-01-12"})
                                      for n in range(BRAKE_CHANGES)])
        self.client.keep("POST", "/v1/events", body, headers=headers, token=self.root)
        holds = self.client.must("GET", "/v1/holds?authority=" + code, token=self.root).get("holds", [])
        own = [hold["holdId"] for hold in holds if len(holds) == 1 or hold["authorityId"] == self.id_of(code)]
        if there_is_no_hold():
            return "0" * 24
        if len(own) != 1:
            raise Refused("the brake of %s did not go on: %s" % (code, holds))
        return own[0]

    def id_of(self, code):
        return self.client.must("GET", "/v1/authorities/" + code)["authorityId"]

    def make_roster(self, code):
        rows = "staff_code,name,birth_date,category,position,effective_date\nR%s,Lê Thị Bảng,,,CV.01,someday\n" % code
        return self.client.must("POST", "/v1/rosters?authority=%s&mode=upsert" % code, rows, token=self.root,
                                headers={"Content-Type": "text/csv"})["rosterId"]


def http_request(method, message, dry_run):
    """(verb, target, body, headers) of a ProtoJSON message on the method's route."""
    left = dict(message)
    path = re.sub(r"\{(\w+)\}", lambda m: urllib.parse.quote(str(left.pop(m.group(1))), safe=""), method.path)
    if method.name == "Events.Push":
        return "POST", path, json.dumps(event("hired", message["source"], message["id"], message["subject"],
                                              message["data"]["hired"])), {
                                                  "Content-Type": "application/cloudevents+json"}
    if method.verb in ("GET", "DELETE"):
        query = urllib.parse.urlencode(left)
        if dry_run and method.kind == "COMMAND":
            query += "&dryRun=true" if query else "dryRun=true"
        return method.verb, path + ("?" + query if query else ""), None, {}
    return method.verb, path + ("?dryRun=true" if dry_run and method.kind == "COMMAND" else ""), json.dumps(left), {
        "Content-Type": "application/json"}
