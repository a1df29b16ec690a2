"""Ours: a deployment on a data folder of its own, and what its processes cost.

It promises to end what it started, and nothing else. CPU time is user and system time of
each process from /proc, in microseconds; private memory is what is anonymous, since pages
of LMDB's map are the kernel's cache."""

import http.client
import json
import os
import signal
import socket
import subprocess
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
UNITS = os.path.join(ROOT, "tests", "data", "vietnam-units-2025.csv")
SERVERS = ("enrollment", "assessment", "certificate", "notification", "gateway")
# In every credential for ever; without one what is issued would be specimens.
PUBLIC_URL = "https://matricula.example"
ROLES = "PROVINCE_SYSTEM,HR_OFFICER,REGISTRAR,EXAMINER,LEADER,DASHBOARD"
READY_S = 60
TICK_US = 1000000 // os.sysconf("SC_CLK_TCK")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(what, probe, limit_s, pause_s=0.02):
    until = time.monotonic() + limit_s
    while True:
        value = probe()
        if value:
            return value
        if time.monotonic() > until:
            raise RuntimeError("%s: not within %d s" % (what, limit_s))
        time.sleep(pause_s)


def cpu_us(pid, with_children=False):
    """User and system time; 0 if the process is gone."""
    try:
        with open("/proc/%d/stat" % pid) as file:
            fields = file.read().rsplit(")", 1)[1].split()
    except OSError:
        return 0
    return sum(int(field) for field in fields[11:15 if with_children else 13]) * TICK_US


def memory_bytes(pid):
    try:
        with open("/proc/%d/smaps_rollup" % pid) as file:
            for line in file:
                if line.startswith("Anonymous:"):
                    return int(line.split()[1]) * 1024
    except OSError:
        pass
    return 0


def written_bytes(pid):
    """What the process caused to be written to the disk."""
    with open("/proc/%d/io" % pid) as file:
        return int([line for line in file if line.startswith("write_bytes")][0].split()[1])


class Stack:
    def __init__(self, folder, binaries, memory_mib):
        self.data = os.path.join(folder, "data")
        self.log_path = os.path.join(folder, "up.log")
        self.command = os.path.join(binaries, "matricula")
        self.memory_mib = memory_mib
        self.http_port, self.door_port = free_port(), free_port()
        self.door = "tcp://127.0.0.1:%d" % self.door_port
        self.key_file = os.path.join(folder, "door.key")
        self.up = None
        self.token = ""

    def start(self):
        log = open(self.log_path, "ab")
        self.up = subprocess.Popen([self.command, "up", "--data", self.data, "--http", "127.0.0.1:%d" % self.http_port,
                                    "--door", self.door, "--memory", str(self.memory_mib),
                                    "--public-url", PUBLIC_URL],
                                   stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True)
        log.close()
        try:
            wait_for("the stack is ready", self.is_ready, READY_S, 0.005)
        except BaseException:
            self.stop()
            raise

    def prepare(self):
        """Units, a token for everything, a door key."""
        self.run("units", UNITS, "--quiet")
        self.token = self.run("token", "--roles", ROLES, "--authority", "VN", "--subject", "bench").strip()
        self.run("door", "add", "--authority", "VN", "--name", "bench", "--generate", self.key_file)
        time.sleep(1.5)  # the gateway learns of door keys once a second

    def run(self, *words):
        done = subprocess.run([self.command] + list(words) + ["--data", self.data], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True, timeout=120)
        if done.returncode != 0:
            raise RuntimeError("matricula %s: %s" % (" ".join(words), done.stderr.strip()[:500]))
        return done.stdout

    def stop(self):
        if self.up is None:
            return
        if self.up.poll() is None:
            self.up.send_signal(signal.SIGTERM)
            try:
                self.up.wait(40)
            except subprocess.TimeoutExpired:
                self.kill()
        self.up = None

    def kill(self):
        """SIGKILL to all, the supervisor first so that it starts nothing again."""
        pids = list(self.pids().values())
        self.up.kill()
        for pid in pids:
            kill(pid)
        self.up.wait()

    # --- what it says ------------------------------------------------------------------------------------------

    def is_ready(self):
        if self.up.poll() is not None:
            raise RuntimeError("matricula up ended, see %s" % self.log_path)
        try:
            return self.ask("GET", "/readyz", timeout_s=2)[0] == 200
        except (OSError, http.client.HTTPException):
            return False

    def ask(self, verb, path, body=None, key=None, timeout_s=60, content="application/json"):
        headers = {"Content-Type": content} if body is not None else {}
        if self.token:
            headers["Authorization"] = "Bearer " + self.token
        if key:
            headers["Idempotency-Key"] = key
        connection = http.client.HTTPConnection("127.0.0.1", self.http_port, timeout=timeout_s)
        try:
            connection.request(verb, path, None if body is None else json.dumps(body), headers)
            answer = connection.getresponse()
            said = answer.read()
            return answer.status, json.loads(said) if said.strip() and said[:1] in b"{[" else said
        finally:
            connection.close()

    def fetch(self, path, headers):
        """As a stranger: (status, body as bytes, ETag or None)."""
        connection = http.client.HTTPConnection("127.0.0.1", self.http_port, timeout=60)
        try:
            connection.request("GET", path, None, headers)
            answer = connection.getresponse()
            return answer.status, answer.read(), answer.getheader("ETag")
        finally:
            connection.close()

    def get(self, path):
        status, said = self.ask("GET", path)
        if status != 200:
            raise RuntimeError("GET %s: %d %s" % (path, status, said))
        return said

    def post(self, path, body, key):
        status, said = self.ask("POST", path, body, key)
        if status not in (200, 201):
            raise RuntimeError("POST %s: %d %s" % (path, status, said))
        return said

    def put(self, path, body, key):
        status, said = self.ask("PUT", path, body, key)
        if status != 200:
            raise RuntimeError("PUT %s: %d %s" % (path, status, said))
        return said

    def server_key(self):
        return self.get("/v1/door")["serverKey"]

    def status(self, service="enrollment"):
        """Node.Status, numbers as numbers, absent ones 0."""
        return Status(json.loads(self.run("status", "--json"))[service] or {})

    def figure(self, metric):
        rows = self.get("/v1/figures?metric=%s&authority=VN" % metric).get("figures", [])
        return sum(int(row.get("value", 0)) for row in rows)

    # --- what it costs -----------------------------------------------------------------------------------------

    def pids(self):
        found = {}
        for name in SERVERS:
            try:
                with open(os.path.join(self.data, name, "pid")) as file:
                    found[name] = int(file.read())
            except (OSError, ValueError):
                pass
        return found

    def cpu(self):
        return {name: cpu_us(pid) for name, pid in self.pids().items()}

    def memory(self):
        return {name: memory_bytes(pid) for name, pid in self.pids().items()}

    def written(self):
        return {name: written_bytes(pid) for name, pid in self.pids().items()}

    def upload(self, path, query):
        """A roster, streamed as a browser would: its view once it is through."""
        connection = http.client.HTTPConnection("127.0.0.1", self.http_port, timeout=120)
        try:
            with open(path, "rb") as file:
                connection.request("POST", "/v1/rosters?" + query, file,
                                   {"Content-Type": "text/csv", "Authorization": "Bearer " + self.token,
                                    "Content-Length": str(os.path.getsize(path))})
                answer = connection.getresponse()
                said = answer.read()
        finally:
            connection.close()
        if answer.status != 201:
            raise RuntimeError("POST /v1/rosters: %d %s" % (answer.status, said[:500]))
        return json.loads(said)

    def settle(self, limit_s=300):
        """Until followers have caught up and all that is durable stands in the state."""
        def settled():
            said = json.loads(self.run("status", "--json"))
            return all(node and all(int(feed.get("seq", 0)) >= int(feed.get("headSeq", 0))
                                    for feed in node.get("feeds", [])) for node in said.values())
        wait_for("followers have caught up", settled, limit_s, 0.2)


class Status(dict):
    def number(self, name):
        return int(self.get(name, 0))


def kill(pid):
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
