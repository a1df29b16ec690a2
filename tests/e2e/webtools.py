"""Node's part of the tests: packages of tests/web, installed in the versions that are pinned, and the verifier of
credentials there that shares no code with ours. Without Node, npm or a registry its checks are skipped and say so."""

import json
import os
import re
import shutil
import subprocess

from report import ROOT, Refused, Skip

WEB = os.path.join(ROOT, "tests", "web")
INSTALL_S, VERIFY_S = 240, 120


def install(folder, script):
    """The script and what it needs in a folder; Skip if there is no Node, no npm or no registry here."""
    for program in ("node", "npm"):
        if shutil.which(program) is None:
            raise Skip("there is no %s here" % program)
    for name in ("package.json", "package-lock.json", script):
        shutil.copy(os.path.join(WEB, name), folder)
    try:
        done = subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=folder, text=True,
                              capture_output=True, timeout=INSTALL_S)
    except subprocess.TimeoutExpired:
        raise Skip("npm did not end within %d s" % INSTALL_S) from None
    if done.returncode != 0:
        if re.search(r"ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ETIMEDOUT|ENOTCACHED|E40[34]", done.stderr):
            raise Skip("npm reaches no registry: " + done.stderr.strip().splitlines()[0])
        raise Refused("npm ci: " + done.stderr[-300:])


class Credentials:
    """credential.mjs, a process a question; nothing of ours but what the deployment serves."""

    def __init__(self, report, deployment, public_url):
        self.report, self.why_not = report, None
        self.folder = os.path.join(deployment.folder, "web")
        self.env = dict(os.environ, PUBLIC_URL=public_url, LOCAL_URL="http://%s:%d" % deployment.address)
        os.makedirs(self.folder)
        try:
            install(self.folder, "credential.mjs")
        except Skip as why:
            self.why_not = why

    def expect(self, verdict, name, **question):
        name = "a library that is not ours: %s is %s" % (name, verdict)
        if self.why_not is not None:
            self.report.skip(name, self.why_not)
            return
        done = subprocess.run(["node", "credential.mjs"], cwd=self.folder, text=True, capture_output=True,
                              timeout=VERIFY_S, env=self.env, input=json.dumps(dict(question, name=name)) + "\n")
        said = json.loads(done.stdout) if done.stdout else {"verdict": "", "why": done.stderr[-300:]}
        self.report.check(name, said["verdict"] == verdict, said)
