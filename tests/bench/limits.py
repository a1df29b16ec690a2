"""Where a figure is limited: what ran, and what waited for what, between two looks.

Of each process the loop is its first thread. /proc gives how long it ran and how long it was
ready and waited for a core (schedstat); the machine's own share of busy cores; and the share
of time in which some task waited for the disk, that is for a sync or a page (pressure/io).
The rule is simple and says what it goes by: a loop that runs most of the time, or would if it
had a core, is the limit; else the cores, if they are all busy; else the disk, if it was waited
for; else nothing is full, and the rate is that of round trips at this concurrency. What else
ran on the machine counts among the busy cores."""

import os
import time

from stack import cpu_us

FULL = 85  # percent


def first_line(path, starts=""):
    try:
        with open(path) as file:
            return [line for line in file if line.startswith(starts)][0]
    except (OSError, IndexError):
        return ""


def loop_us(pid):
    """(ran, waited for a core), of the first thread."""
    fields = first_line("/proc/%d/task/%d/schedstat" % (pid, pid)).split()
    return (int(fields[0]) / 1000, int(fields[1]) / 1000) if fields else (0, 0)


def pressure_us(kind):
    line = first_line("/proc/pressure/io", kind)
    return int(line.rsplit("total=", 1)[1]) if line else 0


def cores_us():
    """(all, idle), of all cores; waiting for the disk is idle."""
    fields = [int(field) for field in first_line("/proc/stat", "cpu ").split()[1:9]]
    return sum(fields) * 10000, (fields[3] + fields[4]) * 10000


def io_bytes(pid, name):
    line = first_line("/proc/%d/io" % pid, name)
    return int(line.split()[1]) if line else 0


class Look:
    def __init__(self, stack):
        self.pids = stack.pids()
        self.commits = stack.status().number("commits")
        self.cpu = {name: cpu_us(pid) for name, pid in self.pids.items()}
        self.loops = {name: loop_us(pid) for name, pid in self.pids.items()}
        self.bytes = {kind: io_bytes(self.pids.get("enrollment", 0), kind) for kind in ("read_bytes", "write_bytes")}
        self.disk = pressure_us("some")
        self.cores = cores_us()
        self.at = time.monotonic()

    def until(self, later, done, load_cpu_us=0):
        """Shares in percent, and the rest an operation. load_cpu_us: of the generator."""
        span = max(1.0, (later.at - self.at) * 1e6)
        used = {name: (later.cpu.get(name, 0) - self.cpu[name]) / span * 100 for name in self.cpu}
        loops = {name: [(later.loops.get(name, (0, 0))[i] - self.loops[name][i]) / span * 100 for i in (0, 1)]
                 for name in self.loops}
        busy = later.cores[0] - self.cores[0] - (later.cores[1] - self.cores[1])
        commits = later.commits - self.commits
        top = max(loops, key=lambda name: loops[name][0])
        return {"loop": top, "ran": loops[top][0], "waited": loops[top][1], "used": used,
                "enrollment": loops.get("enrollment", [0, 0]),
                "gateway": used.get("gateway", 0), "load": load_cpu_us / span * 100,
                "cores": busy / max(1, later.cores[0] - self.cores[0]) * 100,
                "disk": (later.disk - self.disk) / span * 100, "commits": commits / span * 1e6,
                "per_commit": done / commits if commits > 0 else 0,
                "written": (later.bytes["write_bytes"] - self.bytes["write_bytes"]) / max(1, done),
                "read": (later.bytes["read_bytes"] - self.bytes["read_bytes"]) / max(1, done)}


def middle(looks):
    """The round in the middle, by how long the busiest loop ran."""
    return sorted(looks, key=lambda look: look["ran"])[len(looks) // 2]


def limited_by(looks):
    if not looks:
        return ""
    look = middle(looks)
    loop = "loop of %s runs %.0f %%" % (look["loop"], look["ran"])
    if look["ran"] >= FULL:
        return "loop CPU of %s, %.0f %%" % (look["loop"], look["ran"])
    if look["ran"] + look["waited"] >= FULL:
        return "%s, and waits for a core %.0f %%" % (loop, look["waited"])
    if look["cores"] >= FULL:
        parts = sorted([*look["used"].items(), ("generator", look["load"])], key=lambda part: -part[1])
        return "CPU, cores %.0f %% busy: %s" % (look["cores"], ", ".join("%s %.0f" % part for part in parts[:4]))
    if look["disk"] >= FULL / 2:
        return "disk (sync, pages), waited for %.0f %% of the time; %s" % (look["disk"], loop)
    return "nothing full, round trips: %s, cores %.0f %%, disk %.0f %%" % (loop, look["cores"], look["disk"])


HEAD = ["work", "enrollment's loop runs %", "waits for a core %", "all of enrollment %", "gateway %", "the others %",
        "generator %", "cores busy %", "disk waited for %", "commits/s", "things a commit", "disk bytes written a thing",
        "read"]


def cells(row):
    look = middle(row.looks)
    used = look["used"]
    others = sum(share for name, share in used.items() if name not in ("enrollment", "gateway"))
    shares = [*look["enrollment"], used.get("enrollment", 0), look["gateway"], others, look["load"], look["cores"],
              look["disk"], look["commits"], look["per_commit"], look["written"], look["read"]]
    return [row.work] + ["%.0f" % share for share in shares]


def folder_bytes(folder):
    """What the files below it take on the disk, by file name."""
    found = {}
    for where, _, names in os.walk(folder):
        for name in names:
            try:
                size = os.lstat(os.path.join(where, name)).st_blocks * 512
            except OSError:
                continue
            path = os.path.relpath(os.path.join(where, name), folder)
            found[path] = found.get(path, 0) + size
    return found
