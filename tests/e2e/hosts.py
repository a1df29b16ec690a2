#!/usr/bin/python3 -B
"""The four services and the gateway on three hosts: network namespaces, joined by a bridge
in a fourth, every socket tcp with CURVE, each server started alone with the keys that
are its own and no others. The core of the story goes through; a client whose key is not
let in gets nothing, nor does one that has the key and no seal.

Needs root. Whatever happens, namespaces and processes are gone at the end."""

import ctypes
import os
import shutil
import subprocess
import tempfile

import story
from deployment import *

HOSTS = {"a": ("gateway",), "b": ("enrollment", "assessment"), "c": ("certificate", "notification")}
PORT = {"enrollment": 7001, "assessment": 7002, "certificate": 7003, "notification": 7004}
PREFIX = "mt%d" % (os.getpid() % 100000)
CLONE_NEWNET = 0x40000000


def ip(*words, check=True):
    done = subprocess.run(["ip", *words], capture_output=True, text=True)
    if check and done.returncode != 0:
        raise Skip("ip %s: %s" % (" ".join(words), done.stderr.strip()))


def host_of(name):
    return next(host for host, names in HOSTS.items() if name in names)


def address_of(host):
    return "10.213.7.%d" % (1 + sorted(HOSTS).index(host))


def endpoint(name):
    return "tcp://%s:%d" % (address_of(host_of(name)), PORT[name])


def namespaces_make():
    ip("netns", "add", PREFIX + "hub")
    ip("-n", PREFIX + "hub", "link", "add", "br0", "type", "bridge")
    ip("-n", PREFIX + "hub", "link", "set", "br0", "up")
    for host in HOSTS:
        ip("netns", "add", PREFIX + host)
        ip("-n", PREFIX + host, "link", "add", "eth0", "type", "veth", "peer", "name", "to" + host, "netns",
           PREFIX + "hub")
        ip("-n", PREFIX + "hub", "link", "set", "to" + host, "master", "br0", "up")
        ip("-n", PREFIX + host, "addr", "add", address_of(host) + "/24", "dev", "eth0")
        ip("-n", PREFIX + host, "link", "set", "eth0", "up")
        ip("-n", PREFIX + host, "link", "set", "lo", "up")


def namespaces_remove():
    for name in list(HOSTS) + ["hub"]:
        ip("netns", "del", PREFIX + name, check=False)


def enter(host):
    """This thread, and those it starts, stand on that host from now on."""
    with open("/run/netns/" + PREFIX + host) as file:
        if ctypes.CDLL(None, use_errno=True).setns(file.fileno(), CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), "setns")


def keys_of(name, keys, folder):
    """The files a machine needs that runs this server: its own, and public ones."""
    os.makedirs(folder, mode=0o700, exist_ok=True)
    for file in os.listdir(keys):
        stem = file.rsplit(".", 1)[0]
        pair = stem.split("-") if file.endswith(".seal") else []
        wanted = (file.endswith(".curve.pub") or name in pair or file in (name + ".curve", name + ".secret") or
                  (name == "gateway" and file == "door.curve"))
        if wanted:
            shutil.copy(os.path.join(keys, file), folder)


class Hosts:
    def __init__(self, folder):
        self.folder, self.keys, self.processes = folder, os.path.join(folder, "master", "keys"), {}
        subprocess.run([os.path.join(BIN, "matricula"), "keys", "create", "--data", os.path.join(folder, "master")],
                       check=True, capture_output=True)

    def start(self, name):
        data = os.path.join(self.folder, name)
        keys_of(name, self.keys, os.path.join(data, "keys"))
        words = ["ip", "netns", "exec", PREFIX + host_of(name), os.path.join(BIN, "matricula-" + name), "--data", data,
                 "--keys", os.path.join(data, "keys")]
        if name == "gateway":
            words += ["--http", "127.0.0.1:8080", "--door", "tcp://%s:5570" % address_of("a")]
            for service in SERVICES:
                words += ["--peer", "%s=%s" % (service, endpoint(service))]
        else:
            words += ["--listen", endpoint(name), "--memory", "64"]
            for peer in FOLLOWS[name]:
                words += ["--peer", "%s=%s" % (peer, endpoint(peer))]
        if name == "certificate":
            words += ["--public-url", PUBLIC_URL]
        log = open(os.path.join(self.folder, name + ".log"), "ab")
        self.processes[name] = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
                                                preexec_fn=die_with_parent, cwd="/")
        log.close()

    def rpc(self, service, curve="operator", sealer="operator"):
        pair = curve_read(self.keys, curve) if isinstance(curve, str) else curve
        key = SealKey.read(self.keys, sealer, service) if sealer else None
        return Rpc(endpoint(service), key, pair, curve_public(self.keys, service))

    def stop(self):
        codes = {}
        for process in self.processes.values():
            if process.poll() is None:
                process.terminate()
        for name, process in self.processes.items():
            try:
                codes[name] = process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                process.kill()
                codes[name] = process.wait()
        self.processes = {}
        return codes

    def logs(self):
        out = []
        for name in SERVERS:
            try:
                with open(os.path.join(self.folder, name + ".log")) as file:
                    out += ["%s: %s" % (name, line.strip()) for line in file.readlines()[-4:]]
            except OSError:
                pass
        return out


def core_of_the_story(report, hosts):
    pb = protos()
    operator = hosts.rpc("enrollment")

    def add(code, parent, kind):
        operator.ask("Authorities.Add", pb.authority.AddAuthorityRequest(parent=parent, code=code, name=code,
            kind=kind),
                     retry_s=30)

    def grant(roles, authority):
        token = os.urandom(16).hex()
        operator.ask("Access.GrantToken", pb.access.GrantTokenRequest(
            token_hash=token_hash(token), roles=[pb.role(r) for r in roles], authority=authority), retry_s=30)
        return token
    add("VN", "", "nation")
    add("HP", "VN", "province")
    add("TR", "HP", "school")
    token = grant([r for r in ROLES if r not in ("LEARNER", "OPERATOR")], "VN")
    client = Http(("127.0.0.1", 8080), token)
    wait_until("all services know the token", lambda: client.get("/v1/figures").status == 200, 30)
    people = story.hire(client, token, "TR", ["TR-%d" % n for n in range(3)])
    report.check("an event goes in and three people are there", len(set(people)) == 3, people)
    done = story.School(client, "TR", token).whole_class(people)
    report.check("a class goes from nomination to certificates, across hosts", len(done["certificates"]) == 3, done)
    credential = client.get("/v1/certificates/" + done["certificates"][people[0]])
    verdict = client.must("POST", "/v1/certificates:verify", {"credential": credential.json})
    report.check("a certificate verifies", verdict["verdict"] == "valid", verdict)

    def figure(metric, authority):
        rows = client.must("GET", "/v1/figures?metric=%s&authority=%s" % (metric, authority)).get("figures", [])
        return sum(int(row.get("value", 0)) for row in rows)
    seen = {m: (figure(m, "TR"), figure(m, "HP"), figure(m, "VN"))
            for m in ("persons.active", "completions", "certificates.issued", "attempts.graded")}
    report.check("the figures of school, province and nation have moved", all(v == (3, 3, 3) for v in seen.values()),
                 seen)
    wait_until("messages reach the inbox", lambda: client.must(
        "GET", "/v1/persons/%s/messages" % people[0]).get("messages"), 30)
    report.ok("messages reach an inbox on the third host")
    operator.close()


def strangers(report, hosts):
    import zmq
    pb = protos()
    status = pb.node.StatusRequest()
    pair = zmq.curve_keypair()
    heard = {}
    for service in SERVICES:
        with hosts.rpc(service) as rpc:
            rpc.ask("Node.Status", status, retry_s=20)      # the server is there and answers whom it knows
        with hosts.rpc(service, pair) as rpc:               # the right seal, a key that is on no list
            rpc.send(frame_of([rpc.pack("Node.Status", status).SerializeToString()], rpc.key))
            heard[service + ", unknown CURVE key"] = rpc.receive(2)
        with Rpc(endpoint(service), SealKey.read(hosts.keys, "operator", service)) as rpc:
            rpc.send(frame_of([rpc.pack("Node.Status", status).SerializeToString()], rpc.key))
            heard[service + ", no CURVE"] = rpc.receive(1)
        other = curve_public(hosts.keys, "door")
        with Rpc(endpoint(service), SealKey.read(hosts.keys, "operator", service), curve_read(hosts.keys, "operator"),
                 other) as rpc:
            rpc.send(frame_of([rpc.pack("Node.Status", status).SerializeToString()], rpc.key))
            heard[service + ", another server's key"] = rpc.receive(1)
    answered = [name for name, frame in heard.items() if frame is not None]
    report.check("whoever's CURVE key is not let in gets nothing", not answered, answered)
    replies = {}
    for service in SERVICES:
        with hosts.rpc(service, "operator", None) as rpc:
            replies[service] = rpc.call("Node.Status", status).status
        with hosts.rpc(service, "gateway", "operator" if service == "enrollment" else "gateway") as rpc:
            rpc.key = SealKey(rpc.key.key_id, bytes(32))
            replies[service + " wrong seal"] = rpc.call("Node.Status", status).status
    report.check("a CURVE key without a seal is UNAUTHENTICATED", set(replies.values()) == {16}, replies)


def restart(report, hosts, client_token=None):
    """A host goes away and comes back at the same address."""
    with hosts.rpc("enrollment") as rpc:
        for name in HOSTS["c"]:
            hosts.processes[name].kill()
            hosts.processes[name].wait()
        before = rpc.ask("Node.Status", protos().node.StatusRequest(), retry_s=10).seq
        for name in HOSTS["c"]:
            hosts.start(name)

        def followed():
            for name in HOSTS["c"]:
                with hosts.rpc(name) as other:
                    feeds = other.ask("Node.Status", protos().node.StatusRequest(), retry_s=20).feeds
                    if not all(f.state == "following" for f in feeds) or feeds[0].seq < before:
                        return False
            return True
        wait_until("the third host has caught up again", followed, 60)
    report.ok("a host that was killed comes back and catches up")


def run(report, hosts):
    for name in SERVERS:
        hosts.start(name)
    client = Http(("127.0.0.1", 8080), timeout_s=5)
    with report.case("five servers on three hosts find each other"):
        wait_until("GET /readyz", lambda: client.get("/readyz").status == 200, READY_S)
    for part in (core_of_the_story, strangers, restart):
        with report.case(part.__name__ + " ran"):
            part(report, hosts)
    codes = hosts.stop()
    report.check("all five drain on SIGTERM", set(codes.values()) == {0}, codes)


def test(report):
    if os.geteuid() != 0:
        report.skip("three hosts", "network namespaces need root")
        return
    folder = tempfile.mkdtemp(prefix="mt-hosts-")
    hosts = None
    failed_before = report.failed
    try:
        namespaces_make()
        hosts = Hosts(folder)
        enter("a")
        run(report, hosts)
    except Skip as why:
        report.skip("three hosts", why)
    finally:
        if hosts is not None:
            hosts.stop()
            if report.failed > failed_before:
                print("# " + "\n# ".join(hosts.logs()))
        namespaces_remove()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main(test)
