"""A whole deployment for a test: keys, data folder, `matricula up`, tokens, clients.

A test opens one, talks to it over HTTP, over the door or straight to a service's
socket with sealed frames, kills what it likes by process id, and closes it. It
promises to end every process it started, and no other, however the test ends, and
that nothing here waits without a limit."""

import contextlib
import ctypes
import os
import secrets
import shutil
import signal
import subprocess
import tempfile

from clients import *
from report import *

PUBLIC_URL = "https://matricula.example"
FOLLOWS = {"enrollment": ("assessment",), "assessment": ("enrollment",), "certificate": ("enrollment",),
           "notification": ("enrollment", "certificate")}
ROLES = ("PROVINCE_SYSTEM", "HR_OFFICER", "HR_RELEASER", "REGISTRAR", "LECTURER", "EXAMINER", "LEARNER", "LEADER",
         "DASHBOARD", "AUDITOR", "OPERATOR", "PRIVACY_OFFICER")

FAKETIME = "/usr/lib/%s-linux-gnu/faketime/libfaketime.so.1" % os.uname().machine
READY_S = 90    # a shared machine, a sanitizer build
STOP_S = 30


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


def private_kib(pid):
    """Memory that is the process's own; LMDB's map is the kernel's cache and not counted."""
    total = 0
    with open("/proc/%d/smaps_rollup" % pid) as file:
        for line in file:
            if line.startswith(("Private_Dirty:", "Anonymous:")):
                total = max(total, int(line.split()[1]))
    return total


def why_no_clock():
    """Why the clock of the wall cannot be moved here; empty if it can."""
    if SANITIZED:
        return "faketime and the sanitizer both want to be loaded first"
    return "" if os.path.exists(FAKETIME) else "faketime is not installed"


def start_at(deployment, shift):
    """Starts it with the clock of the wall moved, "+25h"; None is as it is."""
    moved = dict(LD_PRELOAD=FAKETIME, FAKETIME=shift, FAKETIME_DONT_FAKE_MONOTONIC="1",
                 DONT_FAKE_MONOTONIC="1") if shift else {}
    os.environ.update(moved)
    try:
        deployment.start()
    finally:
        for name in moved:
            del os.environ[name]


class Deployment:
    def __init__(self, data=None, memory_mib=None, options=(), keep=False, public_url=PUBLIC_URL):
        self.folder = None
        if data is None:
            self.folder = tempfile.mkdtemp(prefix="mt-")
            data = os.path.join(self.folder, "d")
        self.data = data
        self.keys = os.path.join(data, "keys")
        self.address = ("127.0.0.1", free_port())
        self.door = "tcp://127.0.0.1:%d" % free_port()
        # A real address, so that certificates are no specimens; options may say otherwise.
        self.options = list(options) if public_url is None else ["--public-url", public_url] + list(options)
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
