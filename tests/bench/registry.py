"""The works of the national registry: rosters as files, a minute of scattered changes, search
and figures while events come in, and what the nation takes on the disk."""

import concurrent.futures
import json
import os
import shutil
import subprocess
import threading
import time

import limits
import supply
from peer import MIXED
from stack import UNITS
from table import Row, median

STEADY_RATE = 5000
ASKED_RATE = 250  # searches or figures a second meanwhile
ROSTER_SEED = 90
ONES, TOGETHER = 3, 4


def say_rates(stack, ends, rates, every_s):
    """Facts a second of enrollment, from look to look."""
    facts, at = stack.status().number("facts"), time.monotonic()
    while not ends.wait(every_s):
        now_facts, now = stack.status().number("facts"), time.monotonic()
        rates.append((now_facts - facts) / (now - at))
        facts, at = now_facts, now


# --- rosters -------------------------------------------------------------------------------------------------------

def upload_all(bench, row, files):
    """All of them at once, one connection each: rows a second until the last one is durable."""
    look, began = limits.Look(bench.stack), time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(len(files)) as pool:
        views = list(pool.map(lambda file: bench.stack.upload(file[2], "authority=%s&mode=upsert" % file[0]), files))
    seconds = time.monotonic() - began
    done = max(1, sum(view["counts"].get("hired", 0) for view in views))
    asked = sum(rows for _, rows, _ in files)
    share = look.until(limits.Look(bench.stack), done)
    row.looks.append(share)
    row.add(done / seconds, {name: used * seconds * 1e4 / done for name, used in share["used"].items()},
            failed=asked - done, failure="" if done == asked else json.dumps(views[0])[:300])
    return views


def rosters(bench, people):
    folder = os.path.join(bench.folder, "rosters")
    bench.stack.run("nation", "--csv", folder, "--people", str(people), "--seed", str(ROSTER_SEED), "--events", "0",
                    "--noise", "0", "--units", UNITS)
    files = supply.rosters(folder, people)
    one = bench.row("a province's roster, CSV over HTTP, one upload", "/s", ("at least", 40000))
    four = bench.row("rosters of four provinces at once, CSV over HTTP", "/s", ("at least", 40000))
    same = bench.row("the first roster again: compared, nothing changed")
    for number in bench.rounds():
        upload_all(bench, one, files[number:number + 1])
        upload_all(bench, four, files[ONES + number * TOGETHER:][:TOGETHER])
    began = time.monotonic()
    view = bench.stack.upload(files[0][2], "authority=%s&mode=upsert" % files[0][0])
    same.add(view["counts"].get("unchanged", 0) / (time.monotonic() - began), failed=files[0][1] -
             int(view["counts"].get("unchanged", 0)), failure=json.dumps(view)[:300])
    shutil.rmtree(folder)
    bench.say("rosters of %s rows: " % ", ".join("%d" % rows for _, rows, _ in files[:len(one.values)]) +
              "; ".join("%.0f" % median(row.values) for row in (one, four, same)))


# --- a minute --------------------------------------------------------------------------------------------------------

def sustained(bench, seconds):
    peer, single = Row("peer", "/s"), Row("peer", "/s")
    row = bench.row("updates and transfers, scattered, %d s on end" % seconds, "/s", ("at least", 50000), peer)
    against = bench.row("the same against the peer's single statements", "/s", ("times peer", 5), single)
    bench.peer.calm()
    ends, rates = threading.Event(), []
    watch = threading.Thread(target=say_rates, args=(bench.stack, ends, rates, seconds / 12), daemon=True)
    watch.start()
    said = bench.measure(row, "door", "mixed", events="mixed", seconds=seconds, whole=True, sockets=4, flight=6)
    ends.set()
    watch.join()
    against.values = row.values
    bench.stack.settle()
    bench.measure_peer(peer, ["mixed-many.sql"], 4, seconds / 2, 500, whole=True)
    bench.measure_peer(single, MIXED, 64, seconds / 6, whole=True)
    bench.notes.append("Facts a second in each twelfth of the %d s of scattered changes (two facts an event): %s. A frame of "
                       "500 took %.0f ms at p50 and %.0f at p99." % (seconds, ", ".join("%.0f" % rate for rate in rates),
                                                                    said["p50_us"] / 1000, said["p99_us"] / 1000))
    bench.say("%d s on end: ours %.0f, peer %.0f in sets, %.0f one by one"
              % (seconds, median(row.values), median(peer.values), median(single.values)))


# --- while 5,000 events a second come in --------------------------------------------------------------------------------

class Steady:
    """A generator at a fixed rate, whatever is answered."""

    def __init__(self, bench, seconds):
        self.bench, self.seconds = bench, seconds
        words = bench.words("door", dict(events="mixed", first=bench.next["mixed"], seconds=seconds, rate=STEADY_RATE,
                                         batch=50, sockets=4, flight=16))
        bench.next["mixed"] += STEADY_RATE * seconds + 10000
        self.process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True, errors="replace")

    def finish(self):
        said = json.loads(self.process.communicate(timeout=self.seconds + 30)[0])
        self.bench.notes.append("The generator at %d events/s came to %.0f/s; a frame of 50 had its answers after %.1f ms "
                                "at p50 and %.1f at p99, counted from when it was due; %d failed %s."
                                % (STEADY_RATE, said["rate"], said["p50_us"] / 1000, said["p99_us"] / 1000, said["failed"],
                                   said["failure"]))

    def kill(self):
        self.process.kill()
        self.process.wait()


def check_searches(bench, bodies):
    """That the searches find whom they look for: an empty answer would be a fast one."""
    for body in bodies[:20]:
        status, said = bench.stack.ask("POST", "/v1/persons:search", body)
        if status != 200 or not (said.get("persons") or said.get("nextPageToken")):
            raise RuntimeError("search %s found nothing: %d %s" % (json.dumps(body), status, said))


def asking(bench, scale):
    """Search and figures, paced, so that a slow answer does not slow the asking."""
    bodies = supply.searches(bench.stack, 2000 if scale == 1 else 400)
    check_searches(bench, bodies)
    path = supply.write_lines(bench.folder, "bodies", [json.dumps(body, ensure_ascii=False) for body in bodies])
    what = "while %d events/s come in" % STEADY_RATE
    found = bench.row("name search, p99, %s" % what, "ms", ("at most", 5))
    figure = bench.row("a national figure, p99, %s" % what, "ms", ("at most", 3))
    each = max(2, 5 * scale)
    steady = Steady(bench, int(2 + (3 if scale == 1 else 1) * 2 * (each + 1)))
    time.sleep(1)
    for number in bench.rounds():
        more = {"rate": ASKED_RATE, "connections": 16, "seconds": each, "whole": True, "value": "p99_us",
                "first": number * int(each * ASKED_RATE)}
        bench.measure(found, "load", work="search", bodies=path, **more)
        bench.measure(figure, "load", work="get", paths=bench.figure, **more)
    steady.finish()
    bench.say("%s: search p99 %.2f ms, figure p99 %.2f ms" % (what, median(found.values), median(figure.values)))


def killed(bench, scale):
    ready = bench.row("enrollment killed at %d events/s: /readyz again" % STEADY_RATE, "s", ("at most", 2))
    answer = bench.row("the same: next event accepted", "s")
    for _ in bench.rounds():
        steady = Steady(bench, 60)
        bench.next["mixed"] += 10000 - STEADY_RATE * 50
        time.sleep(max(2, 4 * scale))
        bench.kill_enrollment(ready, answer)
        steady.kill()
    bench.say("killed at %d events/s: ready after %.2f s" % (STEADY_RATE, median(ready.values)))


# --- the disk -----------------------------------------------------------------------------------------------------------

def sizes(bench, when):
    bench.stack.settle()
    time.sleep(11)  # the last memtable is flushed when it is ten seconds old
    people = bench.stack.figure("persons.active")
    found = limits.folder_bytes(bench.stack.data)
    total = sum(found.values())
    events = bench.stack.status().number("seq")
    row = bench.row(when, "KB", ("at most", 3))
    row.add(total / max(1, people) / 1000)
    largest = sorted(found, key=lambda path: -found[path])[:8]
    shares = ", ".join("%s %.0f" % (path, found[path] / max(1, people)) for path in largest)
    bench.notes.append("%s: %.0f MB for %d people in service: bytes a person %s. enrollment's journal stands at entry %d."
                       % (when[0].upper() + when[1:], total / 1e6, people, shares, events))
