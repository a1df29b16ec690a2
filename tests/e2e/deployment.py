"""A whole deployment for a test: keys, data folder, `matricula up`, tokens, clients.

A test opens one, talks to it over HTTP, over the door or straight to a service's
socket with sealed frames, kills what it likes by process id, and closes it. It
promises to end every process it started, and no other, however the test ends, and
that nothing here waits without a limit.

Results are lines "ok NAME", "not ok NAME: why", "skip NAME: why"; see Report."""

import base64
import contextlib
import ctypes
import hashlib
import http.client
import importlib
import itertools
import json
import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
VARIANT = os.environ.get("V", "release")
BIN = os.environ.get("MATRICULA_BIN", os.path.join(ROOT, "build", VARIANT, "bin"))
SERVICES = ("enrollment", "assessment", "certificate", "notification")
SERVERS = SERVICES + ("gateway",)
FOLLOWS = {"enrollment": ("assessment",), "assessment": ("enrollment",), "certificate": ("enrollment",),
           "notification": ("enrollment", "certificate")}
ROLES = ("PROVINCE_SYSTEM", "HR_OFFICER", "HR_RELEASER", "REGISTRAR", "LECTURER", "EXAMINER", "LEARNER", "LEADER",
         "DASHBOARD", "AUDITOR", "OPERATOR")

READY_S = 90           # a shared machine, a sanitizer build
STOP_S = 30
HTTP_TIMEOUT_S = 70    # above the longest deadline of a call
RPC_TIMEOUT_S = 20


# --- results --------------------------------------------------------------------------------------------------------

class Report:
    """Counts and prints; the exit code of a test file is report.end()."""

    def __init__(self):
        self.passed, self.failed, self.skipped = 0, 0, 0
        self.lock = threading.Lock()
        self.began = time.monotonic()

    def _say(self, line):
        with self.lock:
            print(line, flush=True)

    def ok(self, name):
        self.passed += 1
        self._say("ok %s" % name)

    def fail(self, name, why):
        self.failed += 1
        self._say("not ok %s: %s" % (name, " ".join(str(why).split())[:600]))

    def skip(self, name, why):
        self.skipped += 1
        self._say("skip %s: %s" % (name, why))

    def note(self, text):
        self._say("# %s" % text)

    def check(self, name, good, why=""):
        if good:
            self.ok(name)
        else:
            self.fail(name, why if why != "" else "it is not so")
        return bool(good)

    @contextlib.contextmanager
    def case(self, name):
        """The body raises (assert, Refused, OSError...) or it passed."""
        try:
            yield
        except Skip as why:
            self.skip(name, why)
        except Exception as why:  # a test must end with a line, whatever went wrong
            where = sys.exc_info()[2]
            while where.tb_next is not None:
                where = where.tb_next
            self.fail(name, "%s: %s (%s:%d)" % (type(why).__name__, why,
                                                os.path.basename(where.tb_frame.f_code.co_filename), where.tb_lineno))
        else:
            self.ok(name)

    def end(self):
        tail = ", %d skipped" % self.skipped if self.skipped else ""
        self._say("# %.0f s" % (time.monotonic() - self.began))
        self._say("%d passed, %d failed%s" % (self.passed, self.failed, tail))
        return 0 if self.failed == 0 else 1


class Skip(Exception):
    pass


class Refused(Exception):
    """An answer that is no success where the test needs one."""


def wait_until(what, probe, limit_s=60, pause_s=0.05):
    """The first true value of probe(); Refused naming what was waited for."""
    until = time.monotonic() + limit_s
    last = None
    while True:
        try:
            value = probe()
            if value:
                return value
            last = value
        except (OSError, Refused, http.client.HTTPException, ValueError) as error:
            last = error
        if time.monotonic() > until:
            raise Refused("%s: not within %d s (last: %s)" % (what, limit_s, str(last)[:300]))
        time.sleep(pause_s)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def need_binaries():
    missing = [name for name in ["matricula"] + ["matricula-" + s for s in SERVERS]
               if not os.access(os.path.join(BIN, name), os.X_OK)]
    if missing:
        print("not ok binaries: %s missing in %s, run make" % (", ".join(missing), BIN))
        print("0 passed, 1 failed")
        sys.exit(1)


def main(test):
    """Runs test(report) and ends with the line and the exit code that tests/check.sh counts."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    need_binaries()
    report = Report()
    with report.case("the test itself reached its end"):
        test(report)
    sys.exit(report.end())


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
            import atexit
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
        self.socket.send(frame)

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


# --- processes ------------------------------------------------------------------------------------------------------

def die_with_parent():
    """In a child before exec: a test that is killed takes what it started along."""
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)


def pid_alive(pid):
    try:
        with open("/proc/%d/stat" % pid) as file:
            return file.read().rsplit(")", 1)[1].split()[0] not in "ZX"
    except OSError:
        return False


def pid_is_ours(pid, data):
    """The process runs one of our programs on that data folder: numbers are used again."""
    try:
        exe = os.readlink("/proc/%d/exe" % pid)
        with open("/proc/%d/cmdline" % pid, "rb") as file:
            arguments = file.read().split(b"\0")
    except OSError:
        return False
    return (exe.startswith(BIN) or "/matricula" in exe) and any(data.encode() in a for a in arguments)


def rss_kib(pid):
    with open("/proc/%d/status" % pid) as file:
        for line in file:
            if line.startswith("VmRSS:"):
                return int(line.split()[1])
    return 0


def private_kib(pid):
    """Memory that is the process's own; LMDB's map is the kernel's cache and not counted."""
    total = 0
    with open("/proc/%d/smaps_rollup" % pid) as file:
        for line in file:
            if line.startswith(("Private_Dirty:", "Anonymous:")):
                total = max(total, int(line.split()[1]))
    return total


class Deployment:
    def __init__(self, data=None, memory_mib=None, options=(), keep=False):
        self.folder = None
        if data is None:
            self.folder = tempfile.mkdtemp(prefix="mt-")
            data = os.path.join(self.folder, "d")
        self.data = data
        self.keys = os.path.join(data, "keys")
        self.address = ("127.0.0.1", free_port())
        self.door = "tcp://127.0.0.1:%d" % free_port()
        self.options = list(options)
        if memory_mib:
            self.options += ["--memory", str(memory_mib)]
        self.keep = keep or bool(os.environ.get("KEEP"))
        self.log_path = os.path.join(self.folder or "/tmp", "up-%d.log" % os.getpid())
        self.process = None
        self.known_pids = set()
        self.rpcs = {}

    # -- life

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        self.stop()
        if kind is not None and issubclass(kind, Exception):
            print("# last lines of the log:\n# " + "\n# ".join(self.log_tail(15)), flush=True)
        if self.folder and not self.keep:
            shutil.rmtree(self.folder, ignore_errors=True)
        elif self.folder:
            print("# kept %s" % self.folder, flush=True)

    def start(self, ready_s=READY_S):
        log = open(self.log_path, "ab")
        self.process = subprocess.Popen(
            [os.path.join(BIN, "matricula"), "up", "--data", self.data, "--http", "%s:%d" % self.address,
             "--door", self.door] + self.options,
            stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, preexec_fn=die_with_parent, cwd="/")
        log.close()
        self.wait_ready(ready_s)
        return self

    def wait_ready(self, limit_s=READY_S):
        def ready():
            if self.process is not None and self.process.poll() is not None:
                raise SystemError("matricula up ended with %s: %s" % (self.process.returncode, self.log_tail(5)))
            return self.readyz() == 200
        wait_until("GET /readyz answers 200", ready, limit_s)
        for name in SERVERS:
            with contextlib.suppress(OSError, ValueError):
                self.known_pids.add(self.pid(name))

    def readyz(self):
        client = Http(self.address, timeout_s=10)
        try:
            return client.get("/readyz").status
        finally:
            client.close()

    def stop(self):
        for rpc in self.rpcs.values():
            rpc.close()
        self.rpcs = {}
        for name in SERVERS:
            with contextlib.suppress(OSError, ValueError):
                self.known_pids.add(self.pid(name))
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.terminate()
            try:
                self.process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(10)
        code = self.process.returncode if self.process is not None else None
        self.process = None
        for pid in self.known_pids:
            if pid_alive(pid) and pid_is_ours(pid, self.data):
                with contextlib.suppress(OSError):
                    os.kill(pid, signal.SIGKILL)
        self.known_pids = set()
        return code

    def log_tail(self, lines=20):
        try:
            with open(self.log_path, errors="replace") as file:
                return file.read().splitlines()[-lines:]
        except OSError:
            return []

    # -- its processes

    def pid(self, name):
        with open(os.path.join(self.data, name, "pid")) as file:
            return int(file.read().split()[0])

    def signal(self, name, number):
        """The pid that got it, or None if there is nobody just now."""
        try:
            pid = self.pid(name)
        except (OSError, ValueError):
            return None
        if not pid_alive(pid) or not pid_is_ours(pid, self.data):
            return None
        self.known_pids.add(pid)
        os.kill(pid, number)
        return pid

    def kill(self, name):
        return self.signal(name, signal.SIGKILL)

    # -- talking to it

    def http(self, token=None, timeout_s=HTTP_TIMEOUT_S):
        return Http(self.address, token, timeout_s)

    def endpoint(self, service):
        return "ipc://%s/run/%s.ipc" % (self.data, service)

    def rpc(self, service, sealer="operator", key="own"):
        """A connection of one's own; close it."""
        return Rpc(self.endpoint(service), SealKey.read(self.keys, sealer, service) if key == "own" else key)

    def operator(self, service):
        """A shared one, as the operator; main thread only."""
        if service not in self.rpcs:
            self.rpcs[service] = self.rpc(service)
        return self.rpcs[service]

    def ctl(self, *words, check=True, timeout_s=120, input=None):
        """`matricula WORDS --data DIR`: the completed process, text out."""
        done = subprocess.run([os.path.join(BIN, "matricula"), *map(str, words), "--data", self.data], text=True,
                              capture_output=True, timeout=timeout_s, input=input, cwd="/")
        if check and done.returncode != 0:
            raise Refused("matricula %s: exit %d: %s" % (" ".join(map(str, words)), done.returncode,
                                                          (done.stderr or done.stdout)[-600:]))
        return done

    # -- the operator's work, done by frames: quick

    def status(self, service):
        return self.operator(service).ask("Node.Status", protos().node.StatusRequest(), retry_s=30)

    def add_authority(self, code, parent, kind="agency", name=None):
        """Its id."""
        request = protos().authority.AddAuthorityRequest(parent=parent, code_list="test", list_version="1", code=code,
                                                         name=name or "Authority " + code, kind=kind)
        return self.operator("enrollment").ask("Authorities.Add", request, retry_s=30).authority_id

    def grant(self, roles, authority, subject="", days=30):
        """A bearer token, known to enrollment at once and to the others soon."""
        token = secrets.token_urlsafe(24)
        roles = [roles] if isinstance(roles, str) else roles
        request = protos().access.GrantTokenRequest(token_hash=token_hash(token), authority=authority, subject=subject,
                                                    days=days, roles=[protos().role(role) for role in roles])
        self.operator("enrollment").ask("Access.GrantToken", request, retry_s=30)
        return token

    def lag(self):
        """Entries not yet followed, of all feeds; stopped feeds as sentences."""
        heads = {service: self.status(service) for service in SERVICES}
        behind, stopped = 0, []
        for service in SERVICES:
            for feed in heads[service].feeds:
                behind += max(0, heads[feed.producer].durable_seq - feed.seq)
                if feed.state == "stopped":
                    stopped.append("%s of %s: %s" % (service, feed.producer, feed.reason))
        return behind, stopped

    def wait_followed(self, limit_s=120):
        """All feeds have caught up and stay so; Refused if one stopped."""
        quiet = 0

        def caught_up():
            nonlocal quiet
            behind, stopped = self.lag()
            if stopped:
                raise SystemError("a feed stopped: %s" % stopped)
            quiet = quiet + 1 if behind == 0 else 0
            return quiet >= 2
        wait_until("all feeds have caught up", caught_up, limit_s, 0.1)

    def seqs(self):
        return {service: self.status(service).seq for service in SERVICES}


def z85_to_bytes(text):
    import zmq.utils.z85
    return zmq.utils.z85.decode(text)


__all__ = [name for name in dir() if not name.startswith("_")]
