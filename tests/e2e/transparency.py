#!/usr/bin/python3 -B
"""The transparency log, held to its promise by two auditors that share no code: `matricula
audit` and log_verify.py. Certificates are issued, corrected, suspended and revoked; every one
is proven to be in the log; then the log is tampered with: a byte flipped in state or
journal, leaves exchanged, deleted, put in, an older backup restored, another history
grown from it. Whoever holds the later checkpoint finds each of them."""

import base64
import shutil

import log_verify
from certified import *

HASH = 32


def url_of(d):
    return "http://%s:%d" % d.address


class Auditors:
    """Both, each with what it keeps."""

    def __init__(self, report, folder):
        self.report, self.folder = report, folder
        self.state, self.witness = os.path.join(folder, "audit.json"), os.path.join(folder, "witness.json")

    def ctl(self, *words):
        return subprocess.run([os.path.join(BIN, "matricula"), "audit", *words], capture_output=True, text=True,
                              timeout=120, cwd="/")

    def pass_both(self, what, d):
        done = self.ctl("--url", url_of(d), "--state", self.state)
        self.report.check("matricula audit: %s" % what, done.returncode == 0, done.stdout + done.stderr)
        with self.report.case("log_verify.py: %s" % what):
            log_verify.Witness(url_of(d), self.witness).audit()
        return done.stdout

    def alarm_both(self, what, d, fresh=False, part="ALARM"):
        """fresh: auditors who hold nothing yet. Neither may keep what it found."""
        before = [open(path, "rb").read() for path in (self.state, self.witness)]
        states = [self.state + ".fresh", self.witness + ".fresh"] if fresh else [self.state, self.witness]
        done = self.ctl("--url", url_of(d), "--state", states[0])
        self.report.check("matricula audit finds: %s" % what, done.returncode == 1 and "ALARM" in done.stderr and
                          part in done.stderr, "%d %s" % (done.returncode, done.stdout + done.stderr))
        python = subprocess.run([os.path.join(ROOT, "tests/e2e/log_verify.py"), url_of(d), states[1]],
                                capture_output=True, text=True, timeout=120)
        self.report.check("log_verify.py finds: %s" % what, python.returncode == 1 and "ALARM: Broken" in python.stderr,
                          "%d %s" % (python.returncode, python.stdout + python.stderr))
        self.report.check("nothing of it is kept: %s" % what, not any(os.path.exists(s + ".fresh") for s in (
            self.state, self.witness)) and before == [open(path, "rb").read() for path in (self.state, self.witness)])

    def data(self, what, data, wanted, state=True):
        """The audit of a copy; wanted: parts of what it says, none: it passes."""
        done = self.ctl("--data", data, *(["--state", self.state] if state else []))
        said = done.stdout + done.stderr
        self.report.check("audit --data %s: %s" % ("finds" if wanted else "passes", what),
                          done.returncode == (1 if wanted else 0) and all(part in said for part in wanted or ["root"]),
                          "%d %s" % (done.returncode, said))


# --- an honest log --------------------------------------------------------------------------------------------------

def proofs(report, d, token, auditors, certificates):
    witness = log_verify.Witness(url_of(d), auditors.witness)
    for certificate in certificates:
        path = "/v1/certificates/" + certificate
        credential = d.http(token).get(path, headers={"Accept": "application/vc"}).body
        inclusion = d.http(token).must("GET", path + "/inclusion")
        with report.case("log_verify.py: certificate %s is in the log" % certificate):
            witness.included(credential, inclusion)
        for name, bad in faulty(inclusion):
            with report.case("log_verify.py: a proof with %s does not hold" % name):
                refuse(witness, credential, bad)
        with report.case("log_verify.py: the proof is of no other credential"):
            refuse(witness, credential + b" ", inclusion)


def refuse(witness, credential, inclusion):
    try:
        witness.included(credential, inclusion)
    except log_verify.Broken:
        return
    raise AssertionError("it was taken")


def faulty(inclusion):
    def other(text):
        return base64.b64encode(bytes([base64.b64decode(text)[0] ^ 1]) + base64.b64decode(text)[1:]).decode()
    yield "another salt", dict(inclusion, salt=other(inclusion["salt"]))
    yield "another index", dict(inclusion, index=int(inclusion.get("index", 0)) ^ 1)
    yield "another statement", dict(inclusion, statement=inclusion["statement"].replace('"edition":1', '"edition":2'))
    yield "a hash too many", dict(inclusion, hashes=inclusion.get("hashes", []) + [inclusion["salt"]])
    if inclusion.get("hashes"):
        yield "a hash less", dict(inclusion, hashes=inclusion["hashes"][1:])
        yield "another hash", dict(inclusion, hashes=[other(inclusion["hashes"][0])] + inclusion["hashes"][1:])


def correct(report, d, token, certificate):
    """Another name; the new edition is proven, and the old one still."""
    change(d, token, certificate, "correct", {"content": {"name": "Nguyễn Thị Anh"}, "reason": {"text": "viết nhầm"}})
    for edition in (1, 2):
        said = d.http(token).must("GET", "/v1/certificates/%s/inclusion?edition=%d" % (certificate, edition))
        report.check("edition %d of a corrected certificate is in the log as such" % edition,
                     json.loads(said["statement"])["statement"] == ("issued", "corrected")[edition - 1], said)


def grow(report, d, token, auditors):
    """Backs it up in the middle; leaves are six before and more behind. The certificates."""
    certificates = certify(d, token, ["T-%d" % n for n in range(3)])
    first = auditors.pass_both("the first sight of the log", d)
    report.check("the key is kept at first sight, and said", "kept from now on: matricula.example/log+" in first, first)
    auditors.pass_both("the same log again", d)
    change(d, token, certificates[1], "suspend", {"reason": "xem xét"})
    with report.case("a correction is a leaf of its own"):
        correct(report, d, token, certificates[0])
    auditors.pass_both("leaves that came since", d)
    report.check("a backup is made", d.ctl("backup", os.path.join(d.folder, "backup")).returncode == 0)
    change(d, token, certificates[1], "reinstate", {"reason": "xong"})
    change(d, token, certificates[2], "revoke", {"reason": "gian lận"})
    auditors.pass_both("leaves that came after the backup", d)
    proofs(report, d, token, auditors, certificates[1:])
    return certificates


# --- tampering ------------------------------------------------------------------------------------------------------

class Copy:
    """Certificate's folder and the keys, elsewhere, to be spoilt."""

    def __init__(self, d, name):
        self.path = os.path.join(d.folder, name)
        shutil.rmtree(self.path, ignore_errors=True)
        for part in ("keys", "certificate"):
            shutil.copytree(os.path.join(d.data, part), os.path.join(self.path, part),
                            ignore=shutil.ignore_patterns("*.ipc", "pid"))

    def replace(self, which, *pairs):
        """Every place of each old one, at the same moment; there has to be one."""
        path = os.path.join(self.path, "certificate", which, {"journal": "entries", "state": "data.mdb"}[which])
        with open(path, "rb") as file:
            data = file.read()
        places = [(at, new) for old, new in pairs for at in find_all(data, old)]
        if len(places) < len(pairs):
            raise Refused("%s does not hold what is to be changed" % which)
        with open(path, "r+b") as file:
            for at, new in places:
                file.seek(at)
                file.write(new)
        return self.path


def find_all(data, wanted):
    at = data.find(wanted)
    while at >= 0:
        yield at
        at = data.find(wanted, at + 1)


def spoilt(data):
    return bytes([data[0] ^ 1]) + data[1:]


def row_key(index):
    return b"\x11" + index.to_bytes(8, "big")


def copies(report, d, auditors, leaves):
    auditors.data("an honest copy", Copy(d, "copy").path, None)
    auditors.data("an honest copy without a checkpoint", Copy(d, "copy").path, None, state=False)
    path = Copy(d, "copy").replace("state", (leaves[1], spoilt(leaves[1])))
    auditors.data("a leaf flipped in the state", path, ["leaf 1 ", "another hash"], state=False)
    path = Copy(d, "copy").replace("state", (leaves[1], leaves[3]), (leaves[3], leaves[1]))
    auditors.data("two leaves exchanged in the state", path, ["leaf 1 ", "leaf 3 "], state=False)
    last = len(leaves) - 1
    path = Copy(d, "copy").replace("state", (row_key(last), row_key(last + 4)))
    auditors.data("a leaf deleted and one put in", path,
                  ["leaf %d " % last, "is missing", "leaf %d, which no entry" % (last + 4)], state=False)
    node = log_verify.node_hash(log_verify.leaf_hash(leaves[0]), log_verify.leaf_hash(leaves[1]))
    path = Copy(d, "copy").replace("state", (node, spoilt(node)))
    auditors.data("a subtree flipped", path, ["over leaves 0 to 1"], state=False)
    path = Copy(d, "copy").replace("journal", (leaves[2], spoilt(leaves[2])))
    auditors.data("a leaf flipped in the journal", path, ["entry ", "hash"], state=False)


def served(report, d, auditors, leaves):
    """The tampered state is served: even who never saw the log sees it."""
    def start(data):
        other = Deployment(data, memory_mib=64)
        other.log_path = data + ".log"
        return other
    path = os.path.join(d.folder, "served")
    shutil.copytree(d.data, path, ignore=shutil.ignore_patterns("*.ipc", "pid", "run"))
    Copy.replace(PathCopy(path), "state", (leaves[1], spoilt(leaves[1])))
    with start(path) as other:
        other.start()
        auditors.alarm_both("a flipped leaf in what is served", other, fresh=True)


class PathCopy(Copy):
    def __init__(self, path):
        self.path = path


def rolled_back(report, d, auditors):
    """The backup restored on an empty machine; then another history of the same length."""
    data = os.path.join(d.folder, "restored")
    os.makedirs(data)
    shutil.copytree(d.keys, os.path.join(data, "keys"))
    with Deployment(data, memory_mib=64) as other:
        other.log_path = data + ".log"
        other.ctl("restore", os.path.join(d.folder, "backup"))
        auditors.data("an older backup", data, ["rolled back"])
        auditors.data("an older backup, by who holds no later checkpoint", data, None, state=False)
        other.start()
        other.wait_followed()
        auditors.alarm_both("an older backup", other, part="rolled back")
        token = other.grant([r for r in ROLES if r not in ("LEARNER", "OPERATOR")], "VN", subject="director")
        certify(other, token, ["R-1", "R-2"])
        auditors.alarm_both("another history of the same length", other, part="leaves were exchanged")
        certify(other, token, ["R-3"])
        auditors.alarm_both("a longer one that does not extend what was kept", other, part="does not hold")
    auditors.data("another history", data, ["the beginning of the journal's log"])


def other_key(report, d, auditors):
    """A log of the same name with a key that nobody knows."""
    with Deployment(memory_mib=64) as other:
        other.start()
        certify(other, make(other), ["F-%d" % n for n in range(9)])
        auditors.alarm_both("another key", other, part="published no more")


def test(report):
    with Deployment(memory_mib=64) as d:
        auditors = Auditors(report, d.folder)
        d.start()
        nothing = auditors.ctl("--url", url_of(d))
        token = make(d)
        report.check("an empty log is said to be empty", nothing.returncode == 0 and "empty" in nothing.stdout,
                     nothing.stdout + nothing.stderr)
        with report.case("an honest log was audited"):
            grow(report, d, token, auditors)
        leaves = [base64.b64decode(leaf) for leaf in load(auditors.witness)["leaves"]]
        report.check("the log has a leaf for each change", len(leaves) == 7 and
                     all(len(leaf) == HASH for leaf in leaves), len(leaves))
        wait_until("the state on disk has them too", lambda: d.status("certificate").flushed_seq >= d.status(
            "certificate").seq)
        report.check("it stops", d.stop() == 0)
        for part, more in ((copies, (leaves,)), (served, (leaves,)), (rolled_back, ()), (other_key, ())):
            with report.case("%s: all was tried" % part.__name__):
                part(report, d, auditors, *more)


if __name__ == "__main__":
    main(test)
