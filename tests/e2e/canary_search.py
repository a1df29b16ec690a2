"""Looks for texts in every byte of every file of a folder, in the spellings in which they could
have been kept. See canary.py, which proves first that it finds what is there to be found."""

import base64
import json
import os
import unicodedata
import urllib.parse

FAMILY, MIDDLE, GIVEN = "Quỳnhzx", "Đạtqvwj", "Canarîwk"
NAME = "%s %s %s" % (FAMILY, MIDDLE, GIVEN)
FORMER = "Phượngkz Trầnwxq Tuyếtjvf"    # before a correction
OTHER = "Khươngxq Nguyễnzj Vươngqkw"    # of events that did not act
BORN, BORN_WRONG = "1963-11-29", "1961-10-27"
EMAIL, PHONE, CITIZEN = "kanarzq.7731@hatch.example", "+84 971 553 2086", "079163553208"
PROVINCE = "KN"

CHUNK_BYTES, OVERLAP_BYTES = 8 << 20, 256


def folded(text):
    plain = "".join(c for c in unicodedata.normalize("NFD", text) if not unicodedata.combining(c))
    return plain.replace("Đ", "D").replace("đ", "d").lower()


def spellings(text):
    """What a file would hold of a text: {how: bytes}."""
    out = {}
    for how, said in (("as it is", text), ("NFC", unicodedata.normalize("NFC", text)),
                      ("NFD", unicodedata.normalize("NFD", text)), ("folded", folded(text)),
                      ("lower case", text.lower()), ("upper case", text.upper())):
        raw = said.encode()
        out["UTF-8 " + how] = raw
        out["UTF-16LE " + how] = said.encode("utf-16-le")
        out["UTF-16BE " + how] = said.encode("utf-16-be")
        out["hex " + how] = raw.hex().encode()
        out["HEX " + how] = raw.hex().upper().encode()
        out["JSON " + how] = json.dumps(said)[1:-1].encode()
        out["URL " + how] = urllib.parse.quote(said).encode()
        for shift in range(3):    # base64 at each place it may begin; without the letters that share bits with others
            coded = base64.b64encode(b"\0" * shift + raw)
            begin = (0, 2, 3)[shift]
            end = len(coded) - {0: 0, 2: 3, 1: 2}[(shift + len(raw)) % 3 and 3 - (shift + len(raw)) % 3]
            out["base64+%d %s" % (shift, how)] = coded[begin:end]
            out["base64url+%d %s" % (shift, how)] = coded[begin:end].replace(b"+", b"-").replace(b"/", b"_")
    return out


def found_in(path, wanted):
    """{needle: place} of the first of each in a file, holes and all."""
    found = {}
    with open(path, "rb") as file:
        before, at = b"", 0
        while True:
            chunk = file.read(CHUNK_BYTES)
            if not chunk:
                return found
            text = before + chunk
            if text.strip(b"\0"):
                for needle in wanted:
                    place = text.find(needle)
                    if place >= 0 and needle not in found:
                        found[needle] = at - len(before) + place
            before, at = text[-OVERLAP_BYTES:], at + len(chunk)


def search(folder, wanted):
    """["FILE at PLACE: what"], and how many files and bytes were looked at."""
    hits, files, size = [], 0, 0
    for parent, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(parent, name)
            if not os.path.isfile(path):    # sockets
                continue
            files += 1
            size += os.path.getsize(path)
            for needle, place in found_in(path, wanted).items():
                hits.append("%s at %d: %s" % (os.path.relpath(path, folder), place, wanted[needle]))
            if any(needle in name.encode() for needle in wanted):
                hits.append("the name of %s" % name)
    return hits, files, size
