"""Clients of a deployment: sealed frames straight to a service (Rpc), requests over HTTP (Http),
and the messages they speak, generated from proto/ when first wanted."""

import atexit
import hashlib
import http.client
import importlib
import itertools
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time

from report import ROOT, Refused

HTTP_TIMEOUT_S = 70    # above the longest deadline of a call
RPC_TIMEOUT_S = 20
SEND_TIMEOUT_S = 5


# --- protobuf -------------------------------------------------------------------------------------------------------

class Protos:
    """Python code generated from proto/, in a folder of its own: pb.envelope.Call, pb.rules()."""

    def __init__(self, folder):
        os.makedirs(folder, exist_ok=True)
        files = sorted(f for f in os.listdir(os.path.join(ROOT, "proto", "matricula")) if f.endswith(".proto"))
        subprocess.run(["protoc", "--python_out=" + folder, "-I", os.path.join(ROOT, "proto"), "-I", "/usr/include",
                        "/usr/include/protobuf-c/protobuf-c.proto"] + ["matricula/" + f for f in files],
                       check=True, cwd=os.path.join(ROOT, "proto"))
        sys.path.insert(0, folder)
        self.files = {}
        for name in files:
            module = importlib.import_module("matricula.%s_pb2" % name[:-6])
            self.files[name[:-6]] = module
            setattr(self, name[:-6], module)
        self.methods = {}
        for name, module in self.files.items():
            for service in module.DESCRIPTOR.services_by_name.values():
                for method in service.methods:
                    rule = method.GetOptions().Extensions[self.options.rule]
                    owner = module.DESCRIPTOR.GetOptions().Extensions[self.options.owner]
                    self.methods["%s.%s" % (service.name, method.name)] = Method(method, rule, owner, self.options)

    def role(self, name):
        return self.options.Role.Value(name)


class Method:
    def __init__(self, descriptor, rule, owner, options):
        self.name = "%s.%s" % (descriptor.containing_service.name, descriptor.name)
        self.owner = owner
        self.kind = options.Kind.Name(rule.kind)
        self.scope = options.Scope.Name(rule.scope)
        self.scope_field = rule.scope_field
        self.roles = [options.Role.Name(role) for role in rule.roles]
        self.verb, self.path = rule.verb, rule.path
        self.input = _message_class(descriptor.input_type)
        self.output = _message_class(descriptor.output_type)


def _message_class(descriptor):
    if hasattr(descriptor, "_concrete_class"):
        return descriptor._concrete_class
    from google.protobuf import message_factory
    return message_factory.GetMessageClass(descriptor)


_PROTOS = None


def protos(folder=None):
    global _PROTOS
    if _PROTOS is None:
        keep = folder or tempfile.mkdtemp(prefix="mt-proto-")
        if folder is None:
            atexit.register(shutil.rmtree, keep, True)
        _PROTOS = Protos(keep)
    return _PROTOS


# --- frames straight to a service -----------------------------------------------------------------------------------

class SealKey:
    def __init__(self, key_id, key):
        self.key_id, self.key = key_id, key

    @classmethod
    def read(cls, keys, sealer, service):
        with open(os.path.join(keys, "%s-%s.seal" % (sealer, service))) as file:
            key_id, key = file.readline().split()
        return cls(int(key_id), bytes.fromhex(key))


def varint(value):
    out = bytearray()
    while value > 0x7f:
        out.append(value & 0x7f | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def frame_of(calls, key=None, seal=None):
    """The bytes of a frame; the seal covers all before it (envelope.proto)."""
    body = b"".join(b"\x0a" + varint(len(call)) + call for call in calls)
    if key is not None:
        body += b"\x18" + varint(key.key_id)
        seal = hashlib.blake2b(body, key=key.key, digest_size=32).digest()
    if seal is not None:
        body += b"\x22" + varint(len(seal)) + seal
    return body


def token_hash(token):
    return hashlib.sha256(token.encode()).digest()


def curve_read(keys, name):
    """(public, secret) of keys/NAME.curve, Z85."""
    with open(os.path.join(keys, name + ".curve")) as file:
        return tuple(line.strip().encode() for line in file.readlines()[:2])


def curve_public(keys, name):
    with open(os.path.join(keys, name + ".curve.pub")) as file:
        return file.readline().strip().encode()


class Rpc:
    """A DEALER that waits: frames to one service, as whoever holds the key. One thread."""

    def __init__(self, endpoint, key=None, curve=None, server=None):
        import zmq
        self.zmq = zmq
        self.key = key
        self.context = zmq.Context()
        self.socket = self.context.socket(zmq.DEALER)
        self.socket.setsockopt(zmq.LINGER, 0)
        self.socket.setsockopt(zmq.SNDTIMEO, 1000 * SEND_TIMEOUT_S)
        self.socket.setsockopt(zmq.RECONNECT_IVL, 20)
        if curve is not None:
            self.socket.curve_publickey, self.socket.curve_secretkey = curve
            self.socket.curve_serverkey = server
        self.socket.connect(endpoint)
        self.tags = itertools.count(1)
        self.principal = None    # of calls that name none
        self.pb = protos()

    def close(self):
        self.socket.close(0)
        self.context.term()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def pack(self, method, request=None, id="", principal=None, dry_run=False, deadline_ms=0, tag=None):
        call = self.pb.envelope.Call(tag=next(self.tags) if tag is None else tag, method=method, id=id,
                                     deadline_ms=deadline_ms, dry_run=dry_run)
        if request is not None:
            call.request = request if isinstance(request, bytes) else request.SerializeToString()
        principal = principal if principal is not None else self.principal
        if principal is not None:
            call.principal.CopyFrom(principal)
        return call

    def send(self, frame):
        try:
            self.socket.send(frame)
        except self.zmq.Again:    # whoever is not let in has nobody to send to
            raise Refused("the connection took no frame within %d s" % SEND_TIMEOUT_S)

    def receive(self, timeout_s=RPC_TIMEOUT_S):
        """One frame, or None."""
        if not self.socket.poll(int(timeout_s * 1000)):
            return None
        return self.socket.recv()

    def replies(self, frame):
        out = []
        for part in self.pb.envelope.Frame.FromString(frame).replies:
            out.append(self.pb.envelope.Reply.FromString(part))
        return out

    def exchange(self, calls, timeout_s=RPC_TIMEOUT_S, key="own"):
        """Sends calls in one frame; the replies by tag. Raises if one is missing."""
        wanted = {call.tag for call in calls}
        self.send(frame_of([call.SerializeToString() for call in calls], self.key if key == "own" else key))
        got = {}
        until = time.monotonic() + timeout_s
        while wanted - got.keys():
            frame = self.receive(max(0, until - time.monotonic()))
            if frame is None:
                raise Refused("%d of %d replies did not come within %d s" % (len(wanted - got.keys()), len(wanted),
                                                                             timeout_s))
            for reply in self.replies(frame):
                if reply.tag in wanted:
                    got[reply.tag] = reply
        return got

    def call(self, method, request=None, timeout_s=RPC_TIMEOUT_S, **more):
        """The reply, whatever its status."""
        call = self.pack(method, request, **more)
        return self.exchange([call], timeout_s)[call.tag]

    def ask(self, method, request=None, retry_s=0, **more):
        """The reply's message, or Refused. With retry_s, again while the service is away."""
        until = time.monotonic() + retry_s
        while True:
            try:
                reply = self.call(method, request, **more)
                if reply.status == 0:
                    return self.pb.methods[method].output.FromString(reply.reply)
                if reply.status not in (4, 8, 14) or time.monotonic() > until:
                    raise Refused("%s: status %d, %s %s" % (method, reply.status, reply.message, reply.field))
            except Refused:
                if time.monotonic() > until:
                    raise
            time.sleep(0.1)


# --- HTTP -----------------------------------------------------------------------------------------------------------

class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def problem(self):
        """(status, field, detail) of a problem document; field and detail "" if absent."""
        try:
            said = self.json
        except ValueError:
            return self.status, "", self.body.decode(errors="replace")
        return self.status, said.get("field", ""), said.get("detail", "")

    def __str__(self):
        return "HTTP %d %s" % (self.status, self.body[:300].decode(errors="replace"))


class Http:
    """One keep-alive connection; opened again when it broke. One thread."""

    def __init__(self, address, token=None, timeout_s=HTTP_TIMEOUT_S):
        self.address, self.token, self.timeout_s = address, token, timeout_s
        self.connection = None

    def close(self):
        if self.connection is not None:
            self.connection.close()
            self.connection = None

    def request(self, verb, path, body=None, token=None, headers=None, key=None):
        """The answer, or an exception if none came: then nobody knows whether it was done."""
        out = dict(headers or {})
        token = token if token is not None else self.token
        if token:
            out["Authorization"] = "Bearer " + token
        if key is not None:
            out["Idempotency-Key"] = key
        if body is not None and not isinstance(body, (bytes, str)):
            body = json.dumps(body)
            out.setdefault("Content-Type", "application/json")
        if isinstance(body, str):
            body = body.encode()
        if self.connection is None:
            self.connection = http.client.HTTPConnection(*self.address, timeout=self.timeout_s)
        try:
            self.connection.request(verb, path, body, out)
            response = self.connection.getresponse()
            data = response.read()
            if response.will_close:
                self.close()
            return Answer(response.status, response.headers, data)
        except Exception:
            self.close()
            raise

    def get(self, path, **more):
        return self.request("GET", path, **more)

    def post(self, path, body=None, **more):
        return self.request("POST", path, {} if body is None else body, **more)

    def must(self, verb, path, body=None, **more):
        answer = self.request(verb, path, body, **more)
        if answer.status // 100 != 2:
            raise Refused("%s %s: %s" % (verb, path, answer))
        return answer.json if answer.body else None

    def keep(self, verb, path, body=None, limit_s=60, also=(), **more):
        """must(), again and again while the answer may change by itself: away, overloaded, not yet
        mirrored (also: further statuses that are worth waiting for)."""
        until = time.monotonic() + limit_s
        while True:
            try:
                answer = self.request(verb, path, body, **more)
                if answer.status // 100 == 2:
                    return answer.json if answer.body else None
                why = str(answer)
                again = answer.status in (429, 503, 504) or answer.status in also
            except (OSError, http.client.HTTPException) as error:
                why, again = str(error), True
            if not again or time.monotonic() > until:
                raise Refused("%s %s: %s" % (verb, path, why))
            time.sleep(0.05)


def events_batch(events):
    return json.dumps(events), {"Content-Type": "application/cloudevents-batch+json"}


def event(kind, source, id, subject, data):
    return {"specversion": "1.0", "type": "matricula.person.%s.v1" % kind, "source": source, "id": id,
            "subject": subject, "time": "2026-01-05T08:00:00Z", "datacontenttype": "application/json", "data": data}


def hired(name="Nguyễn Thị Ánh", category="CIVIL_SERVANT", on="2026-01-05", **more):
    return dict({"name": name, "birthDate": "1990-02-28", "category": category, "position": "CV.01",
                 "effectiveDate": on}, **more)
