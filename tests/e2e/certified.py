"""What tests of certificates share: a deployment with one school, certificates of a whole
class, the files that a verifier fetches by curl."""

import json
import os
import subprocess

import story
from deployment import *

PROVINCE, SCHOOL = "TP", "TS"


def make(d):
    """A nation, a province, a school; a token that may do all of the school's work."""
    d.add_authority("VN", "", "nation")
    d.add_authority(PROVINCE, "VN", "province")
    d.add_authority(SCHOOL, PROVINCE, "school")
    token = d.grant([r for r in ROLES if r not in ("LEARNER", "OPERATOR")], "VN", subject="director")
    d.wait_followed()
    return token


def certify(d, token, codes):
    """Certificate ids of people hired under these codes, who then completed a class."""
    client = d.http(token)
    people = story.hire(client, token, SCHOOL, codes)
    issued = story.School(client, SCHOOL, token).whole_class(people)["certificates"]
    return [issued[person] for person in people]


def change(d, token, certificate, verb, body):
    return d.http(token).keep("POST", "/v1/certificates/%s:%s" % (certificate, verb), body, key=story.new_key())


def curl(d, path, file, token=None, accept=None):
    """Fetched into a new file, then renamed, as services/verify/README.md has it."""
    words = ["curl", "-sS", "--fail-with-body", "-o", file + ".part", "http://%s:%d%s" % (*d.address, path)]
    words += ["-H", "Authorization: Bearer " + token] if token else []
    words += ["-H", "Accept: " + accept] if accept else []
    done = subprocess.run(words, capture_output=True, text=True, timeout=90)
    if done.returncode != 0:
        raise Refused("curl %s: %s" % (path, done.stderr))
    os.rename(file + ".part", file)
    return file


def fetch_trust(d, credential, folder):
    """What the credential is to be verified with."""
    os.makedirs(folder, exist_ok=True)
    issuer = credential["issuer"]["id"].rsplit(":", 1)[1]
    curl(d, "/issuers/%s/did.json" % issuer, os.path.join(folder, "issuer.json"))
    curl(d, "/.well-known/did.json", os.path.join(folder, "deployment.json"))
    curl(d, "/v1/log/checkpoint", os.path.join(folder, "checkpoint"))
    for status in credential["credentialStatus"]:
        url = status["statusListCredential"]
        curl(d, "/v1/" + url.split("/v1/", 1)[1], os.path.join(folder, status["statusPurpose"] + ".json"))
    return folder


def load(file):
    with open(file) as text:
        return json.load(text)
