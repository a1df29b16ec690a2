#!/usr/bin/python3 -B
"""The pages for people: sound HTML that a screen reader finds its way in, nothing fetched from elsewhere, and, where
Chromium is installed, no page wider than a phone."""

import html.parser
import json
import os
import re
import shutil

import certified
import story
from deployment import *

PHONE_PX = (360, 740)
VOID = {"meta", "input", "br", "hr", "img", "link", "col", "wbr"}


class Page(html.parser.HTMLParser):
    """What is wrong with its markup."""

    def __init__(self, text):
        super().__init__()
        self.open, self.ids, self.wrong, self.seen = [], set(), [], []
        self.feed(text)
        self.close()
        count = [name for name, _ in self.seen].count
        self.hold(text.lower().startswith("<!doctype html>"), "no doctype")
        self.hold(not self.open, "left open: %s" % self.open)
        self.hold(dict(self.seen[0][1]).get("lang") == "vi", "the language is not told")
        self.hold(count("title") == 1 and count("main") == 1 and count("h1") >= 1, "a title, a main or a heading lacks")
        self.hold(any(dict(of).get("name") == "viewport" for name, of in self.seen if name == "meta"), "no viewport")

    def hold(self, good, why):
        if not good:
            self.wrong.append(why)

    def handle_starttag(self, name, pairs):
        of = dict(pairs)
        self.seen.append((name, pairs))
        self.hold(len(of) == len(pairs), "%s has an attribute twice" % name)
        self.hold("id" not in of or of["id"] not in self.ids, "id %s twice" % of.get("id"))
        self.ids.add(of.get("id"))
        self.hold(name != "style" or "head" in self.open, "a style outside of the head")
        self.hold(name not in ("input", "select", "textarea") or "label" in self.open or "aria-label" in of,
                  "%s %s has no label" % (name, of.get("id")))
        self.hold(name not in ("input", "button") or "type" in of, "%s %s has no type" % (name, of.get("id")))
        self.hold(not re.match(r"(https?:)?//", of.get("src", of.get("href", "")) or ""), "%s leads elsewhere" % name)
        if name not in VOID:
            self.open.append(name)

    def handle_endtag(self, name):
        while self.open and self.open[-1] in ("p", "li", "dt", "dd", "tr", "td", "th") and self.open[-1] != name:
            self.open.pop()    # these may be left open
        self.hold(self.open and self.open.pop() == name, "</%s> closes nothing" % name)


class Browser:
    """Chromium without a window, spoken to over two pipes (--remote-debugging-pipe): JSON with a NUL behind it."""

    def __init__(self, folder):
        program = shutil.which("chromium") or shutil.which("chromium-browser")
        if program is None:
            raise Skip("there is no chromium here")
        ours_in, theirs_out = os.pipe()
        theirs_in, ours_out = os.pipe()

        def pipes():
            die_with_parent()
            first, second = os.dup(theirs_in), os.dup(theirs_out)    # neither is 3 or 4 any more
            os.dup2(first, 3)
            os.dup2(second, 4)
        self.process = subprocess.Popen(
            [program, "--headless", "--no-sandbox", "--disable-gpu", "--remote-debugging-pipe",
             "--user-data-dir=" + os.path.join(folder, "chromium"), "about:blank"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, preexec_fn=pipes,
            close_fds=False)
        os.close(theirs_in)
        os.close(theirs_out)
        self.reader, self.writer = os.fdopen(ours_in, "rb"), os.fdopen(ours_out, "wb")
        self.number, self.session = 0, None

    def close(self):
        self.process.kill()
        self.process.wait(STOP_S)

    def ask(self, method, **parameters):
        self.number += 1
        message = {"id": self.number, "method": method, "params": parameters}
        if self.session is not None:
            message["sessionId"] = self.session
        self.writer.write(json.dumps(message).encode() + b"\0")
        self.writer.flush()
        while True:
            said = b""
            while not said.endswith(b"\0"):
                byte = self.reader.read(1)
                if not byte:
                    raise Refused("chromium ended")
                said += byte
            said = json.loads(said[:-1])
            if said.get("id") == self.number:
                return said.get("result", {})

    def open(self, url):
        self.session = None
        target = self.ask("Target.createTarget", url=url)["targetId"]
        self.session = self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        self.ask("Emulation.setDeviceMetricsOverride", width=PHONE_PX[0], height=PHONE_PX[1], deviceScaleFactor=1,
                 mobile=False)
        wait_until("%s is there" % url, lambda: self.value("document.readyState") == "complete" and
                   self.value("location.href") == url)

    def value(self, expression):
        return self.ask("Runtime.evaluate", expression=expression, returnByValue=True)["result"].get("value")


def test(report):
    with Deployment() as d:
        d.start()
        token = certified.make(d)
        client = d.http(token)
        person = story.hire(client, token, certified.SCHOOL, ["W-1"])[0]
        school = story.School(client, certified.SCHOOL, token)
        issued = school.whole_class([person])["certificates"][person]
        listed = client.must("GET", "/v1/persons/%s/certificates" % person)["certificates"]
        code = next(c["verificationUrl"] for c in listed if c["certificateId"] == issued)[len(PUBLIC_URL):]
        stranger = Http(d.address)
        paths = ["/", "/dashboard", "/rosters", "/verify", code, "/v/nope"]
        pages = {path: stranger.get(path) for path in paths}
        learner = d.grant(["LEARNER"], certified.SCHOOL, subject=person)
        d.wait_followed()
        pages["the file of a person"] = client.request("GET", "/v1/persons/%s/export" % person, token=learner,
                                                       headers={"Accept": "text/html"})
        browser_says = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
        pages["where nothing is"] = stranger.request("GET", "/verfy", headers=browser_says)
        report.check("a browser is told so by a page, a program by JSON", pages["where nothing is"].status == 404 and
                     stranger.get("/verfy").headers["Content-Type"] == "application/problem+json")
        for path, answer in pages.items():
            wrong = Page(answer.body.decode()).wrong
            report.check("%s is sound HTML with labels" % path.replace(code, "/v/CODE"), answer.headers["Content-Type"] ==
                         "text/html; charset=utf-8" and not wrong, wrong[:5])
        rules = [page.headers["Content-Security-Policy"] or "" for page in pages.values()]
        report.check("none fetches, is framed, sends a form elsewhere, or runs another's script", all(
            rule.startswith("default-src 'none';") and "frame-ancestors 'none'" in rule and "form-action 'none'" in rule
            and "script-src 'unsafe-inline'" not in rule for rule in rules), rules)
        with report.case("none is wider than a phone of %d px" % PHONE_PX[0]):
            browser = Browser(d.folder)
            try:
                widths = {}
                for path in paths:
                    browser.open("http://%s:%d%s" % (*d.address, path))
                    widths[path] = browser.value("document.documentElement.scrollWidth")
                    scripts = browser.value("document.scripts.length")
                    assert scripts == 0 or browser.value("typeof $") == "function", "the script of %s does not run" % path
            finally:
                browser.close()
            assert all(width <= PHONE_PX[0] for width in widths.values()), widths


main(test)
