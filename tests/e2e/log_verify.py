#!/usr/bin/python3 -B
"""A transparency log's auditor and verifier that shares no code with the one it audits: the
Merkle tree by the recursive definitions of RFC 6962, section 2.1, signed notes and
checkpoints by c2sp.org/signed-note and c2sp.org/tlog-checkpoint, Multikeys by W3C Controlled
Identifiers 1.0. Ed25519 is OpenSSL's, by python3-cryptography.

    log_verify.py URL FILE                        audits; FILE keeps all leaves and the checkpoint
    log_verify.py URL FILE CREDENTIAL INCLUSION   and holds a proof of inclusion against the log

Whatever is wrong is a Broken, and exit code 1."""

import base64
import hashlib
import json
import os
import sys
import urllib.error
import urllib.request

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

PAGE = 700
BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"


class Broken(Exception):
    """The log, a proof, or a signature is not what it says."""


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


# --- RFC 6962, section 2.1 ------------------------------------------------------------------------------------------

def leaf_hash(data):
    return sha256(b"\0", data)


def node_hash(left, right):
    return sha256(b"\1", left, right)


def split(count):
    """The largest power of two that is smaller than count."""
    return 1 << (count - 1).bit_length() - 1


def tree_root(leaves):
    """MTH of the leaves' data."""
    if not leaves:
        return sha256()
    level = [leaf_hash(data) for data in leaves]
    while len(level) > 1:    # pairs from the left, an odd last one goes up as it is: the same tree
        level = [node_hash(*level[at:at + 2]) if at + 1 < len(level) else level[at] for at in range(0, len(level), 2)]
    return level[0]


def take(path):
    if not path:
        raise Broken("the proof is too short")
    return path.pop(0)


def root_by_path(index, size, leaf, path):
    """The root that PATH(index, D[size]) gives; the path's hashes are used up from the front."""
    if size == 1:
        return leaf
    half = split(size)
    if index < half:
        left = root_by_path(index, half, leaf, path)
        return node_hash(left, take(path))
    right = root_by_path(index - half, size - half, leaf, path)
    return node_hash(take(path), right)


def check_inclusion(index, size, data, path, root):
    path = list(path)
    if not 0 <= index < size:
        raise Broken("leaf %d is not in a tree of %d" % (index, size))
    if root_by_path(index, size, leaf_hash(data), path) != root or path:
        raise Broken("the proof of inclusion does not lead to the checkpoint's root")


def roots_by_proof(first, second, whole, old_root, path):
    """(root of the first, root of the second) that SUBPROOF gives."""
    if first == second:
        part = old_root if whole else take(path)
        return part, part
    half = split(second)
    if first <= half:
        old, new = roots_by_proof(first, half, whole, old_root, path)
        return old, node_hash(new, take(path))
    old, new = roots_by_proof(first - half, second - half, False, old_root, path)
    left = take(path)
    return node_hash(left, old), node_hash(left, new)


def check_consistency(first, second, old_root, new_root, path):
    path = list(path)
    if first > second:
        raise Broken("the log shrank from %d to %d leaves" % (first, second))
    if first == 0:
        return
    if first == second and (old_root != new_root or path):
        raise Broken("two trees of %d leaves differ" % first)
    if roots_by_proof(first, second, True, old_root, path) != (old_root, new_root) or path:
        raise Broken("the proof of consistency does not lead from the old root to the new one")


# --- notes and checkpoints ------------------------------------------------------------------------------------------

class NoteKey:
    def __init__(self, name, public):
        self.name, self.public = name, public
        self.id = sha256(name.encode(), b"\n\1", public)[:4]


def open_note(note, keys):
    """The text that one of the keys signed, and that key."""
    text, separator, signatures = note.rpartition("\n\n")
    if not separator or not note.endswith("\n"):
        raise Broken("this is no signed note")
    text += "\n"
    for line in signatures.splitlines():
        dash, name, value = line.split(" ")
        blob = base64.b64decode(value, validate=True)
        for key in keys:
            if dash != "\u2014" or name != key.name or blob[:4] != key.id:
                continue
            try:
                Ed25519PublicKey.from_public_bytes(key.public).verify(blob[4:], text.encode())
            except InvalidSignature:
                raise Broken("the checkpoint's signature is false")
            return text, key
    raise Broken("no known key signed the checkpoint")


class Checkpoint:
    def __init__(self, text):
        origin, size, root = text.split("\n")[:3]
        if not size.isdigit() or (size != "0" and size.startswith("0")):
            raise Broken("the checkpoint's size is no number")
        self.origin, self.size, self.root = origin, int(size), base64.b64decode(root, validate=True)

    def __str__(self):
        return "%d leaves with root %s" % (self.size, base64.b64encode(self.root).decode())


# --- keys -----------------------------------------------------------------------------------------------------------

def multikey(text):
    if not text.startswith("z"):
        raise Broken("a Multikey begins with z")
    number = 0
    for letter in text[1:]:
        number = number * 58 + BASE58.index(letter)
    key = number.to_bytes(34, "big")
    if key[:2] != b"\xed\x01":
        raise Broken("this is no Multikey of Ed25519")
    return key[2:]


def log_keys(document):
    """The keys of the log that a deployment publishes in its did:web document."""
    did = document["id"]
    host = did[len("did:web:"):].replace("%3A", ":")
    return [NoteKey(host + "/log", multikey(method["publicKeyMultibase"]))
            for method in document["verificationMethod"]
            if method["type"] == "Multikey" and method["id"].startswith(did + "#log-") and "revoked" not in method]


# --- one log, from one audit to the next ----------------------------------------------------------------------------

class Witness:
    """Keeps every leaf and the last checkpoint in a file, and holds the next one against them."""

    def __init__(self, url, path):
        self.url, self.path, self.kept = url, path, None
        if os.path.exists(path):
            with open(path) as file:
                self.kept = json.load(file)

    def get(self, path):
        with urllib.request.urlopen(self.url + path, timeout=30) as answer:
            return answer.read().decode()

    def leaves_from(self, size):
        leaves = [] if self.kept is None else [base64.b64decode(leaf) for leaf in self.kept["leaves"]]
        del leaves[size:]
        while len(leaves) < size:
            page = json.loads(self.get("/v1/log/entries?from=%d&count=%d" % (len(leaves), PAGE))).get("data", [])
            if not page:
                raise Broken("the log gives %d leaves of %d" % (len(leaves), size))
            leaves += [base64.b64decode(leaf, validate=True) for leaf in page][:size - len(leaves)]
        return leaves

    def audit(self):
        """The new checkpoint, or Broken."""
        keys = log_keys(json.loads(self.get("/.well-known/did.json")))
        if self.kept is not None:
            keys = [key for key in keys if key.public.hex() == self.kept["key"]]
        note = self.get("/v1/log/checkpoint")
        text, key = open_note(note, keys)
        now = Checkpoint(text)
        leaves = self.leaves_from(now.size)
        if self.kept is not None:
            self.extends(now)
        if tree_root(leaves) != now.root:
            raise Broken("the leaves have another root than the checkpoint, %s" % now)
        self.kept = {"key": key.public.hex(), "size": now.size, "root": base64.b64encode(now.root).decode(),
                     "leaves": [base64.b64encode(leaf).decode() for leaf in leaves]}
        with open(self.path, "w") as file:
            json.dump(self.kept, file)
        return now

    def extends(self, now):
        size, root = self.kept["size"], base64.b64decode(self.kept["root"])
        if now.size < size:
            raise Broken("the log was rolled back: it had %d leaves with root %s, and has %s now"
                         % (size, self.kept["root"], now))
        proof = json.loads(self.get("/v1/log/consistency?oldSize=%d&newSize=%d" % (size, now.size)))
        check_consistency(size, now.size, root, now.root, [base64.b64decode(h) for h in proof.get("hashes", [])])

    def included(self, credential, inclusion):
        """That the credential is in the log, by a proof for whichever checkpoint; its leaf's index."""
        keys = log_keys(json.loads(self.get("/.well-known/did.json")))
        text, _ = open_note(inclusion["checkpoint"], keys)
        statement = json.loads(inclusion["statement"])
        wanted = base64.urlsafe_b64encode(sha256(credential)).decode().rstrip("=")
        if statement.get("credential") != wanted or statement.get("statement") not in ("issued", "corrected"):
            raise Broken("the statement is of another credential")
        checkpoint = Checkpoint(text)
        index = int(inclusion.get("index", 0))
        data = sha256(base64.b64decode(inclusion["salt"]), inclusion["statement"].encode())
        check_inclusion(index, checkpoint.size, data, [base64.b64decode(h) for h in inclusion.get("hashes", [])],
                        checkpoint.root)
        return index


def main(words):
    if len(words) not in (2, 4):
        print(__doc__, file=sys.stderr)
        return 2
    try:
        witness = Witness(words[0], words[1])
        print("the log has %s" % witness.audit())
        if len(words) == 4:
            with open(words[2], "rb") as credential, open(words[3]) as inclusion:
                print("the credential is leaf %d" % witness.included(credential.read(), json.load(inclusion)))
    except (Broken, urllib.error.URLError, ValueError, KeyError) as why:
        print("ALARM: %s: %s" % (type(why).__name__, why), file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
