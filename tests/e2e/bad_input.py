#!/usr/bin/python3 -B
"""Whatever may come in that should not: each is refused clearly, by name, costs bounded
memory, harms nobody else, and the next good request is answered.

Over HTTP (raw sockets), through the door, and straight at a service's socket."""

import resource
import socket
import threading
import time

import story
from bad_frames import over_door, over_frames
from bad_http import call_ids, head, over_events, over_http
from deployment import *

MEMORY_GROWTH_MIB = 1536 if SANITIZED else 256    # of any one process, over everything below
IDLE_MIB = 1024 if SANITIZED else 512
IDLE_CONNECTIONS = 10000
SLOW_LIMIT_S = 100           # a request that drips ends after 60 s
SLOW_CLIENTS = 50

class World:
    def __init__(self, deployment):
        self.deployment = deployment

    def make(self):
        d = self.deployment
        d.add_authority("VN", "", "nation")
        for code in ("BA", "BB"):
            d.add_authority(code, "VN", "province")
        everything = [r for r in ROLES if r not in ("LEARNER", "OPERATOR")]
        self.token, self.other = d.grant(everything, "BA"), d.grant(everything, "BB")
        self.root = d.grant("OPERATOR", "VN")
        self.client = d.http(self.token)
        self.person = story.hire(self.client, self.token, "BA", ["BA-1"])[0]
        school = story.School(self.client, "BA", self.token)
        self.programme = school.programme()
        self.cls = school.open_class(self.programme)
        d.wait_followed()
        self.memory = {name: private_kib(d.pid(name)) for name in SERVERS}
        self.pids = {name: d.pid(name) for name in SERVERS}

    def good(self):
        """A good request and a good command, as everybody else sends them."""
        found = self.client.must("GET", "/v1/persons?authority=BA&staffCode=BA-1")
        assert found["persons"][0]["personId"] == self.person
        self.client.must("GET", "/v1/classes/" + self.cls)

    def died(self):
        """Servers that are not the process they were."""
        return [name for name in SERVERS if d_pid(self.deployment, name) != self.pids[name]]


def d_pid(d, name):
    try:
        return d.pid(name)
    except (OSError, ValueError):
        return None


# --- slow and many --------------------------------------------------------------------------------------------------

class Slow(threading.Thread):
    """Clients that drip: one byte of a header, or of a body, every two seconds."""

    def __init__(self, world):
        super().__init__(daemon=True)
        self.world, self.began, self.ended, self.stop = world, time.monotonic(), {}, threading.Event()
        self.streams = {}
        for number in range(SLOW_CLIENTS):
            stream = socket.create_connection(world.deployment.address, timeout=10)
            if number % 2 == 0:
                stream.sendall(b"GET /v1/whoami HTTP/1.1\r\nHost: x\r\nX-Slow: ")
            else:
                stream.sendall(head("POST", "/v1/classes", "Authorization: Bearer " + world.token,
                                    "Content-Type: application/json", "Content-Length: 1000") + b'{"title":"')
            stream.setblocking(False)
            self.streams[number] = stream

    def run(self):
        while not self.stop.is_set() and len(self.ended) < len(self.streams):
            for number, stream in self.streams.items():
                if number in self.ended:
                    continue
                try:
                    if stream.recv(65536) == b"":
                        raise ConnectionResetError
                except BlockingIOError:
                    pass
                except OSError:
                    self.ended[number] = time.monotonic() - self.began
                    continue
                try:
                    stream.send(b"a")
                except OSError:
                    pass
            self.stop.wait(2)

    def finish(self, report):
        self.join(max(0, self.began + SLOW_LIMIT_S - time.monotonic()))
        self.stop.set()
        report.check("%d slow clients were cut off" % len(self.streams), len(self.ended) == len(self.streams),
                     "%d of them after %d s" % (len(self.ended), time.monotonic() - self.began))
        if self.ended:
            report.note("after %.0f to %.0f s" % (min(self.ended.values()), max(self.ended.values())))
        for stream in self.streams.values():
            stream.close()


def idle_connections(report, world):
    """10,000 that say nothing, a part of them after one good request, while others are served."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    wanted = min(IDLE_CONNECTIONS, hard - 500 if hard != resource.RLIM_INFINITY else IDLE_CONNECTIONS)
    if wanted < IDLE_CONNECTIONS:
        report.note("only %d idle connections: the limit of open files is %d" % (wanted, hard))
    streams = []
    gateway = world.deployment.pid("gateway")
    before = private_kib(gateway)
    try:
        for number in range(wanted):
            stream = socket.create_connection(world.deployment.address, timeout=30)
            if number % 4 == 0:
                stream.sendall(b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n")
            streams.append(stream)
            if number % 1000 == 0:
                world.good()
        answered = 0
        for stream in streams[::4]:
            stream.settimeout(30)
            answered += stream.recv(20).startswith(b"HTTP/1.1 200")
        for _ in range(50):
            world.good()
        fresh = world.deployment.http(world.token)
        fresh.must("GET", "/v1/whoami")
        fresh.close()
        grown = (private_kib(gateway) - before) // 1024
        report.check("%d idle connections are held and others served beside them" % len(streams),
                     len(streams) == wanted and answered == len(streams[::4]) and gateway == world.deployment.pid("gateway"),
                     "%d of %d answered" % (answered, len(streams[::4])))
        report.note("they cost the gateway %d MiB" % grown)
        report.check("for bounded memory", grown < IDLE_MIB, "%d MiB" % grown)
    finally:
        for stream in streams:
            stream.close()
    with report.case("and when they are gone all is as before"):
        time.sleep(1)
        world.good()


def unread(report, world):
    """Clients that ask and never read: their answers must not pile up."""
    with report.case("clients that do not read harm nobody else"):
        streams = []
        try:
            for _ in range(20):
                stream = socket.socket()
                stream.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                stream.connect(world.deployment.address)
                stream.settimeout(2)
                try:
                    for _ in range(200):
                        stream.sendall(head("GET", "/openapi.json"))
                except OSError:
                    pass
                streams.append(stream)
            for _ in range(20):
                world.good()
        finally:
            for stream in streams:
                stream.close()


def memory(report, world):
    grown = {name: (private_kib(world.deployment.pid(name)) - world.memory[name]) // 1024 for name in SERVERS}
    report.note("memory grew by (MiB): %s" % grown)
    report.check("memory stayed bounded", max(grown.values()) < MEMORY_GROWTH_MIB, grown)


def test(report):
    with Deployment(memory_mib=64) as deployment:
        deployment.start()
        world = World(deployment)
        world.make()
        slow = Slow(world)
        slow.start()
        for part in (over_http, over_events, call_ids, over_frames, over_door, unread, idle_connections):
            with report.case(part.__name__ + " ran"):
                part(report, world)
            died = world.died()
            if died:
                report.fail(part.__name__ + " left all servers alive", "%s died: %s" % (died, deployment.log_tail(12)))
                deployment.wait_ready()
                world.pids = {name: deployment.pid(name) for name in SERVERS}
        slow.finish(report)
        with report.case("memory was looked at"):
            memory(report, world)
        report.check("all servers are the processes they were", not world.died(), world.died())
        world.good()


if __name__ == "__main__":
    main(test)
