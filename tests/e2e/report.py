"""What a test says: lines "ok NAME", "not ok NAME: why", "skip NAME: why", and at the end
"N passed, N failed", which tests/check.sh counts. Also where the programs are: a build
folder may stand on the command line ("tests/e2e/kill.py build/asan --count 3")."""

import contextlib
import http.client
import os
import signal
import socket
import sys
import threading
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def _build_folder():
    for at, word in enumerate(sys.argv[1:], 1):
        if os.path.isdir(os.path.join(word, "bin")):
            del sys.argv[at]
            return os.path.abspath(word)
    return os.path.join(ROOT, "build", os.environ.get("V", "release"))


BUILD = _build_folder()
BIN = os.environ.get("MATRICULA_BIN", os.path.join(BUILD, "bin"))
SANITIZED = os.path.basename(BUILD) in ("asan", "tsan")    # memory is another matter there
SERVICES = ("enrollment", "assessment", "certificate", "notification")
SERVERS = SERVICES + ("gateway",)


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
