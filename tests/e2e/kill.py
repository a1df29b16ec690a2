#!/usr/bin/python3 -B
"""Real processes, killed with -9 at random moments under load, and what every client was
told held against what is there at the end.

  tests/e2e/kill.py [--count 8] [--seconds 0] [--seed N]

Clients push personnel events (single and in batches, sent again, in conflict) and run
classes from programme to certificate; each command has a key and is asked again with
it until it is answered. Meanwhile one of the four services, the gateway, or all of them
are killed, also while they recover. At the end nothing that was acknowledged may be
missing, nothing may have acted twice, chains and states verify, figures equal a
recount. Kills end after --count, or after --seconds if that is longer."""

import argparse
import collections
import random
import threading
import time

import zmq

import story
from deployment import *
from kill_check import *
from kill_clients import *

EVENT_CLIENTS, SCHOOL_CLIENTS, CROWD_CLIENTS = 2, 2, 2
RECOVERS_S = 90
DOOR_BACK_S = 20


class World:
    def __init__(self, deployment):
        self.deployment = deployment
        self.stopping = threading.Event()
        self.token = self.crowd = self.crowd_class = None

    def make(self):
        d = self.deployment
        d.add_authority("VN", "", "nation")
        d.add_authority("PROV", "VN", "province")
        for code in ["ET", "CROWD"] + ["E%d" % n for n in range(EVENT_CLIENTS)] + ["S%d" % n
                                                                                 for n in range(SCHOOL_CLIENTS)]:
            d.add_authority(code, "PROV")
        self.token = d.grant([r for r in ROLES if r != "LEARNER"], "VN")
        client = d.http(self.token)
        codes = ["CROWD-%04d" % n for n in range(CROWD_CLIENTS * CROWD_PEOPLE)]
        self.crowd = story.hire(client, self.token, "CROWD", codes)
        school = story.School(client, "CROWD", self.token)
        self.crowd_class = school.open_class(school.programme(), seats=CROWD_SEATS)
        self.door_pair = zmq.curve_keypair()
        self.door_server = curve_public(d.keys, "door")
        d.operator("enrollment").ask("Access.RegisterDoorKey", protos().access.RegisterDoorKeyRequest(
            door_key=self.door_pair[0].decode(), authority="PROV", name="kill"))
        d.wait_followed()


# --- killing --------------------------------------------------------------------------------------------------------

def kill_loop(report, world, clients, count, seconds, rng):
    """How often each was killed."""
    d = world.deployment
    kills, began = collections.Counter(), time.monotonic()
    dead, stuck_since = {}, time.monotonic()
    while sum(kills.values()) < count or time.monotonic() - began < seconds:
        pause = rng.choice((rng.random() * 0.3, 0.3 + rng.expovariate(1.0), 1.5))
        time.sleep(min(pause, 4))
        target = rng.choice(SERVERS + ("enrollment", "all"))
        names = list(SERVERS) if target == "all" else [target]
        rng.shuffle(names)
        hit = [name for name in names if dead.get(name) != d_pid(d, name) and kill_one(d, name, dead)]
        if hit:
            kills[target] += 1
            stuck_since = time.monotonic()
        if time.monotonic() - stuck_since > RECOVERS_S:
            raise Refused("nobody is left to kill: the supervisor restarts nobody")
        failed = [c for c in clients if c.failure]
        if failed:
            break
        if sum(kills.values()) % 20 == 0 and hit:
            report.note("%d kills, %d answers" % (sum(kills.values()), sum(len(c.history) for c in clients)))
            d.wait_ready(RECOVERS_S)     # now and then all are up together
    return kills


def d_pid(d, name):
    try:
        return d.pid(name)
    except (OSError, ValueError):
        return None


def kill_one(d, name, dead):
    pid = d.kill(name)
    if pid is not None:
        dead[name] = pid
    return pid is not None


def door_outlives(report, world):
    """A province's client keeps one socket for ever: when the gateway comes back it must be let in again soon,
    though the new gateway does not know the door keys in its first moments."""
    door = Door(world)
    one = event("hired", "/authorities/E0/hr", "door-outlives", "E0-OUTLIVES", hired())
    wait_until("the door takes an event", lambda: door.push([one]), 60)
    with report.case("a door client's connection outlives the gateway"):
        world.deployment.kill("gateway")
        time.sleep(0.2)
        world.deployment.wait_ready(RECOVERS_S)
        began = time.monotonic()
        while True:
            assert time.monotonic() - began < DOOR_BACK_S, "no answer on the old socket within %d s" % DOOR_BACK_S
            try:
                call = door.rpc.pack("Events.Push", door.request(one))
                door.rpc.exchange([call], 2, key=None)
                break
            except Refused:
                pass
        report.note("the door answered the old socket after %.1f s" % (time.monotonic() - began))
    door.close()


def test(report):
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=0)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    options = parser.parse_args()
    report.note("seed %d" % options.seed)
    with Deployment() as deployment:
        deployment.start()
        world = World(deployment)
        world.make()
        events = [EventClient(world, n, options.seed + n) for n in range(EVENT_CLIENTS)]
        schools = [SchoolClient(world, n, options.seed + 100 + n) for n in range(SCHOOL_CLIENTS)]
        crowd = [CrowdClient(world, n, options.seed + 200 + n) for n in range(CROWD_CLIENTS)]
        clients = events + schools + crowd
        for client in clients:
            client.start()
        time.sleep(1)
        try:
            kills = kill_loop(report, world, clients, options.count, options.seconds, random.Random(options.seed))
        finally:
            world.stopping.set()
        for client in clients:
            client.join(ANSWER_LIMIT_S + 30)
        stuck = ["%s: %s" % (c.name, "is stuck" if c.is_alive() else c.failure) for c in clients
                 if c.is_alive() or c.failure]
        report.check("every request was answered in the end, as it should", not stuck, "; ".join(stuck))
        report.check("%d kills" % sum(kills.values()), sum(kills.values()) >= options.count or stuck, kills)
        report.note("killed: %s" % ", ".join("%s %d" % item for item in sorted(kills.items())))
        report.note("events: %s" % dict(sum((c.counts for c in events), collections.Counter())))
        report.note("classes %d, answers without which nobody knew: %d" % (sum(len(c.classes) for c in schools),
                                                                          sum(c.unknown for c in clients)))
        deployment.wait_ready(RECOVERS_S)
        check_nodes(report, deployment)
        for part, arguments in ((check_events, (world, events)), (check_replies, (world, schools + crowd)),
                                (check_classes, (world, schools, crowd)),
                                (check_figures, (world, events, schools, crowd))):
            with report.case(part.__name__ + " ran"):
                part(report, *arguments)
        door_outlives(report, world)
        report.check("it stops cleanly", deployment.stop() == 0)


if __name__ == "__main__":
    main(test)
