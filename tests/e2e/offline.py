#!/usr/bin/python3 -B
"""matricula-verify without a service: one certificate as PDF, JSON and JWT, by files that were
fetched by curl. Valid; revoked and suspended as soon as the list is fetched anew and not
before; unknown when the files are old, missing, or dated tomorrow; invalid when a byte is
changed; a specimen never valid; a key that was compromised needs the log's word."""

import time

from certified import *

VALID, NOT_VALID, UNKNOWN, USED_WRONGLY = 0, 1, 2, 64


class Verifier:
    def __init__(self, report, folder):
        self.report, self.trust = report, folder

    def run(self, file, *more, trust=None):
        return subprocess.run([os.path.join(BIN, "matricula-verify"), "--trust", trust or self.trust, *more, file],
                              capture_output=True, text=True, timeout=60, cwd="/")

    def says(self, name, file, code, verdict, *more, part="", trust=None):
        done = self.run(file, "--json", *more, trust=trust)
        said = json.loads(done.stdout) if done.returncode != USED_WRONGLY else {}
        self.report.check(name, done.returncode == code and said.get("verdict") == verdict and
                          part in " ".join(said.get("reasons", [])), "%d %s %s" % (
                              done.returncode, done.stdout, done.stderr))


def age(folder, seconds, names=None):
    for name in names or os.listdir(folder):
        at = time.time() - seconds
        os.utime(os.path.join(folder, name), (at, at))


def flipped(file, at):
    """A copy with one byte changed to another letter."""
    with open(file, "rb") as whole:
        data = bytearray(whole.read())
    data[at] = ord("a") if data[at] != ord("a") else ord("b")
    with open(file + ".flipped", "wb") as out:
        out.write(data)
    return file + ".flipped"


def fetch_forms(d, token, certificate, folder):
    path = "/v1/certificates/" + certificate
    return {"JSON": curl(d, path, os.path.join(folder, "c.json"), token, "application/vc"),
            "JWT": curl(d, path, os.path.join(folder, "c.jwt"), token, "application/vc+jwt"),
            "PDF": curl(d, path + "/certificate.pdf", os.path.join(folder, "c.pdf"), token)}


def honest(report, verifier, forms, inclusion):
    for form, file in forms.items():
        verifier.says("the %s is valid" % form, file, VALID, "valid")
    verifier.says("the JSON is in the log", forms["JSON"], VALID, "valid", "--inclusion", inclusion)
    verifier.says("the PDF is in the log", forms["PDF"], VALID, "valid", "--inclusion", inclusion)
    again = forms["JSON"] + ".indented"
    with open(again, "w") as file:
        json.dump(load(forms["JSON"]), file, indent=3, ensure_ascii=True)
    verifier.says("the JSON in another formatting is valid and in the log", again, VALID, "valid", "--inclusion",
                  inclusion)
    shown = verifier.run(forms["PDF"])
    report.check("said to people: verdict, name and register number", shown.returncode == VALID and
                 shown.stdout.startswith("valid: ") and "register" in shown.stdout and "Ánh" in shown.stdout,
                 shown.stdout)


def tampered(verifier, forms, inclusion, other_inclusion):
    with open(forms["JSON"], "rb") as file:
        text = file.read()
    verifier.says("a changed name is invalid", flipped(forms["JSON"], text.index("Ánh".encode()) + 2), NOT_VALID,
                  "invalid")
    size = os.path.getsize(forms["JWT"])
    verifier.says("a changed JWT is invalid", flipped(forms["JWT"], size // 2), NOT_VALID, "invalid")
    verifier.says("a JWT with another signature is invalid", flipped(forms["JWT"], size - 20), NOT_VALID, "invalid")
    with open(forms["PDF"], "rb") as file:
        pdf = file.read()
    cut = forms["PDF"] + ".cut"
    with open(cut, "wb") as file:
        file.write(pdf[:-400])
    verifier.says("a PDF without its end is invalid", cut, NOT_VALID, "invalid")
    verifier.says("another's proof of inclusion is none", forms["JSON"], UNKNOWN, "unknown", "--inclusion",
                  other_inclusion, part="another credential")
    broken = flipped(inclusion, open(inclusion).read().index('"salt"') + 12)
    verifier.says("a changed proof of inclusion is none", forms["JSON"], UNKNOWN, "unknown", "--inclusion", broken)


def old_files(verifier, forms):
    trust = verifier.trust
    for name in ("issuer.json", "revocation.json", "suspension.json"):
        age(trust, 2 * 86400, [name])
        verifier.says("with %s of the day before yesterday it is unknown since then" % name, forms["JSON"], UNKNOWN,
                      "unknown", part="unknown since")
        verifier.says("unless one asks for no better: %s" % name, forms["JSON"], VALID, "valid", "--max-age", "72")
        age(trust, 0)
    verifier.says("with --max-age 0 nothing is young enough", forms["JSON"], UNKNOWN, "unknown", "--max-age", "0",
                  part="unknown since")
    age(trust, -86400, ["revocation.json"])
    verifier.says("a list of tomorrow is not relied on", forms["JSON"], UNKNOWN, "unknown", part="later than")
    age(trust, 0)
    for name in ("issuer.json", "revocation.json", "suspension.json"):
        os.rename(os.path.join(trust, name), trust + ".away")
        verifier.says("without %s it is unknown" % name, forms["JSON"], UNKNOWN, "unknown")
        os.rename(trust + ".away", os.path.join(trust, name))
    report = verifier.report
    report.check("a missing file is a wrong call", verifier.run("/no/such.pdf").returncode == USED_WRONGLY)
    report.check("a folder that is not there is a wrong call",
                 verifier.run(forms["JSON"], trust="/no/such").returncode == USED_WRONGLY)


def state_changes(d, token, verifier, certificate, forms, credential):
    def step(verb, before, after, code):
        change(d, token, certificate, verb, {"reason": "kiểm tra"})
        verifier.says("%s: still %s by the old list" % (verb, before), forms["PDF"],
                      VALID if before == "valid" else NOT_VALID, before)
        fetch_trust(d, credential, verifier.trust)
        for form, file in forms.items():
            verifier.says("%s: the %s is %s by the new list" % (verb, form, after), file, code, after)
    step("suspend", "valid", "suspended", NOT_VALID)
    step("reinstate", "suspended", "valid", VALID)
    step("revoke", "valid", "revoked", NOT_VALID)
    age(verifier.trust, 30 * 86400)
    verifier.says("bad news may be old: revoked by the list of last month", forms["JSON"], NOT_VALID, "revoked")
    fetch_trust(d, credential, verifier.trust)


def keys(d, token, verifier, folder, certificate, forms, credential):
    """forms of a valid certificate; its key is rotated, then compromised."""
    client = d.http(token)
    fetch_trust(d, credential, verifier.trust)
    key = client.keep("POST", "/v1/issuers/%s/keys" % SCHOOL, {"algorithm": "ED25519"}, key=story.new_key())["keyId"]
    younger, = certify(d, token, ["K-9"])
    file = curl(d, "/v1/certificates/" + younger, os.path.join(folder, "younger.json"), token)
    verifier.report.check("the new key signs", load(file)["proof"][0]["verificationMethod"].endswith("#" + key), key)
    verifier.says("a key that is younger than the held document is unknown", file, UNKNOWN, "unknown")
    fetch_trust(d, load(file), verifier.trust)
    verifier.says("and known when it is fetched anew", file, VALID, "valid")
    verifier.says("what the retired key signed is valid still", forms["JSON"], VALID, "valid")
    since = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    client.keep("POST", "/v1/issuers/%s/keys/key-1:compromise" % SCHOOL, {"since": since, "reason": "mất máy"},
                key=story.new_key())
    fetch_trust(d, credential, verifier.trust)
    verifier.says("signed before its key was compromised: unknown", forms["JSON"], UNKNOWN, "unknown",
                  part="compromised")
    proof = curl(d, "/v1/certificates/%s/inclusion" % certificate, os.path.join(folder, "proof.json"), token)
    verifier.says("and valid if the log has it", forms["JSON"], VALID, "valid", "--inclusion", proof)
    verifier.says("of which a JWT cannot speak", forms["JWT"], UNKNOWN, "unknown", "--inclusion", proof, part="JWT")


def specimen(report):
    with Deployment(memory_mib=64, public_url=None) as d:
        d.start()
        token = make(d)
        certificate, = certify(d, token, ["S-1"])
        forms = fetch_forms(d, token, certificate, d.folder)
        verifier = Verifier(report, os.path.join(d.folder, "trust"))
        fetch_trust(d, load(forms["JSON"]), verifier.trust)
        for form, file in forms.items():
            verifier.says("on trial, the %s is a specimen" % form, file, NOT_VALID, "specimen")


def test(report):
    with Deployment(memory_mib=64) as d:
        d.start()
        token = make(d)
        certificate, other = certify(d, token, ["O-1", "O-2"])
        folders = [os.path.join(d.folder, name) for name in ("one", "two")]
        for folder in folders:
            os.makedirs(folder)
        forms = fetch_forms(d, token, certificate, folders[0])
        credential = load(forms["JSON"])
        verifier = Verifier(report, fetch_trust(d, credential, os.path.join(d.folder, "trust")))
        inclusion = curl(d, "/v1/certificates/%s/inclusion" % certificate, os.path.join(d.folder, "i1"), token)
        of_other = curl(d, "/v1/certificates/%s/inclusion" % other, os.path.join(d.folder, "i2"), token)
        with report.case("honest files were tried"):
            honest(report, verifier, forms, inclusion)
        with report.case("tampered files were tried"):
            tampered(verifier, forms, inclusion, of_other)
        with report.case("old files were tried"):
            old_files(verifier, forms)
        with report.case("changes of state were tried"):
            state_changes(d, token, verifier, certificate, forms, credential)
        with report.case("changes of keys were tried"):
            of_two = fetch_forms(d, token, other, folders[1])
            keys(d, token, verifier, folders[1], other, of_two, load(of_two["JSON"]))
    with report.case("a deployment on trial was tried"):
        specimen(report)


if __name__ == "__main__":
    main(test)
