"""What was measured, as one table, and what a goal of DESIGN 9 makes of it."""

import statistics

import limits


def median(values):
    return statistics.median(values) if values else 0


def short(value, unit):
    if unit == "s":
        return "%.2f s" % value
    if unit == "MiB":
        return "%.0f MiB" % value
    if unit in ("ms", "KB"):
        return "%.2f %s" % (value, unit)
    return "%.0f%s" % (value, unit) if value >= 100 else "%.1f%s" % (value, unit)


def spread(values, unit):
    if len(values) < 2:
        return short(median(values), unit)
    return "%s (%s-%s)" % (short(median(values), unit), short(min(values), ""), short(max(values), ""))


class Row:
    """One work. goal: ("times peer", N), ("at least", N) or ("at most", N)."""

    def __init__(self, work, unit="/s", goal=None, peer=None):
        self.work, self.unit, self.goal, self.peer_row = work, unit, goal, peer
        self.values, self.latencies, self.cpu, self.load_cpu, self.failed = [], [], [], [], 0
        self.looks = []  # of limits.py
        self.failure = ""

    def add(self, value, cpu=None, latency=None, load_cpu=0.0, failed=0, failure=""):
        self.values.append(value)
        self.load_cpu.append(load_cpu)
        if cpu is not None:
            self.cpu.append(cpu)
        if latency is not None:
            self.latencies.append(latency)
        self.failed += failed
        self.failure = self.failure or failure

    def cpu_text(self):
        if not self.cpu:
            return ""
        names = sorted({name for used in self.cpu for name in used})
        parts = [(name, median([used.get(name, 0) for used in self.cpu])) for name in names]
        text = " ".join("%s %.1f" % (name[:5], used) for name, used in parts if used >= 0.05)
        if len(parts) > 1:
            text = "**%.1f** (%s)" % (sum(used for _, used in parts), text)
        return text

    def ratio(self):
        if self.peer_row is None or not self.peer_row.values or not median(self.values):
            return None
        return median(self.values) / median(self.peer_row.values)

    def goal_text(self):
        if self.goal is None or not self.values:
            return ""
        kind, wanted = self.goal
        got = median(self.values)
        if kind == "times peer":
            reached = (self.ratio() or 0) / wanted
            text = "%gx peer" % wanted
        elif kind == "at least":
            reached = got / wanted
            text = ">= %s" % short(wanted, self.unit)
        else:
            reached = wanted / got if got else 0
            text = "<= %s" % short(wanted, self.unit)
        return "%s: %s" % (text, "met (%.2f of it)" % reached if reached >= 1 else "short, %.2f of it" % reached)

    def cells(self):
        ratio = self.ratio()
        peer = self.peer_row
        latency = ""
        if self.latencies:
            latency = "%.1f / %.1f" % (median([p50 for p50, _ in self.latencies]) / 1000,
                                       median([p99 for _, p99 in self.latencies]) / 1000)
        return [self.work, spread(self.values, self.unit), spread(peer.values, self.unit) if peer else "",
                "%.2f" % ratio if ratio else "", latency, self.cpu_text(), peer.cpu_text() if peer else "",
                self.goal_text(), limits.limited_by(self.looks)]


HEAD = ["work", "ours: median (min-max)", "peer", "ratio", "p50 / p99 ms", "CPU us an operation, ours", "peer", "goal",
        "limited by"]


def write_table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    lines += ["| " + " | ".join(str(cell) for cell in row) + " |" for row in rows]
    return "\n".join(lines) + "\n"
