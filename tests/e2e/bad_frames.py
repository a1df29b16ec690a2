"""What may come in as a frame that should not: straight at a service's socket, and at the
door. Tables of (name, bytes, status, what the sentence says)."""

import os
import re
import socket
import threading
import time

from deployment import *

OK, INVALID, DEADLINE, NOT_FOUND, DENIED, EXHAUSTED, PRECONDITION, UNIMPLEMENTED, UNAUTHENTICATED = \
    0, 3, 4, 5, 7, 8, 9, 12, 16


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
        ("an unknown role number", call("Access.GrantToken", field(2, 2, b"\x4d")), INVALID,
         "roles.*enum does not know"),
        ("an unknown role in the principal", frame_of([good + field(5, 2, field(2, 2, b"\x4d"))], key), INVALID,
         "roles.*enum does not know"),
        ("a negative role in the principal", frame_of([good + field(5, 2, field(2, 2, b"\xff" * 9 + b"\x01"))], key),
         INVALID,
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
    report.check("%d bad frames are refused by name" % len(cases), not wrong,
                 "%d: %s" % (len(wrong), "; ".join(wrong[:8])))

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
    reply = wait_until("the door lets a registered key in", lambda: in_time(lambda rpc: push(rpc, "door-1",
        "BA-D1")), 20)[0]
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
            ("somebody else's source", frame_of([rpc.pack("Events.Push", foreign).SerializeToString()]), DENIED,
             "outside"),
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
        rpc.socket.send_multipart([b"", b"what a REQ would send"])
        said = rpc.replies(rpc.receive(10))
        report.check("a message of several parts is answered", len(said) == 1 and said[0].tag == 0 and
                     said[0].status == INVALID and "several parts" in said[0].message, said)
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
    with report.case("a key that is removed is told so in the middle of its session"), door() as rpc:
        assert rpc.exchange([push(rpc, "door-2", "BA-D2")], key=None)
        d.operator("enrollment").ask("Access.RemoveDoorKey", pb.access.RemoveDoorKeyRequest(door_key=public.decode()))

        def told_of_frame():
            rpc.send(frame_of([push(rpc, "door-2", "BA-D2").SerializeToString()]))
            said = rpc.replies(rpc.receive(5) or b"")
            return said and said[0].tag == 0 and said[0].status == UNAUTHENTICATED
        wait_until("the gateway itself refuses the key", told_of_frame, 20)


def tuple_of(endpoint):
    host, port = endpoint[len("tcp://"):].rsplit(":", 1)
    return host, int(port)
