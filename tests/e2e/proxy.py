#!/usr/bin/python3 -B
"""The nginx sample of deploy/ in front of a gateway: it is run as it stands, but for its ports, its certificate and
the folder of its log. Streams come through at once, a roster larger than any other body is taken as it comes, the
address that was asked arrives with its port, look-ups are counted by who asks, the log holds no code, and what nginx
refuses itself looks like a refusal of ours. Without nginx it is skipped."""

import re
import ssl

from deployment import *

SAMPLE = os.path.join(ROOT, "deploy", "nginx.conf")
NAME = "matricula.example.vn"
FORMER = "https://former.example:8443"
ROSTER_MIB = 6
STREAM_S, HALF_S = 30, 20
OUTSIDE = """pid %(folder)s/pid;
error_log %(folder)s/error.log;
daemon off;
worker_processes 1;
events { worker_connections 256; }
http {
	client_body_temp_path %(folder)s/body; proxy_temp_path %(folder)s/proxy;
	fastcgi_temp_path %(folder)s/f; uwsgi_temp_path %(folder)s/u; scgi_temp_path %(folder)s/s;
	include %(folder)s/site.conf;
}
"""


def nginx_program():
    found = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if found is None:
        raise Skip("nginx is not installed")
    return found


class Proxy:
    """nginx with the sample, before a deployment."""

    def __init__(self, d):
        self.folder = os.path.join(d.folder, "nginx")
        self.tls, self.plain = free_port(), free_port()
        os.makedirs(self.folder)
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=" + NAME,
                        "-keyout", os.path.join(self.folder, "key.pem"), "-out",
                        os.path.join(self.folder, "fullchain.pem")], check=True, capture_output=True)
        self.write("site.conf", self.site(d))
        self.write("nginx.conf", OUTSIDE % {"folder": self.folder})
        command = [nginx_program(), "-p", self.folder, "-c", os.path.join(self.folder, "nginx.conf")]
        tried = subprocess.run(command + ["-t"], capture_output=True, text=True)
        if tried.returncode != 0:
            raise Refused("nginx does not take the sample: " + tried.stderr[-400:])
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                        preexec_fn=die_with_parent)
        wait_until("nginx answers", lambda: self.ask("GET", "/livez").status == 200)

    def site(self, d):
        with open(SAMPLE, encoding="utf-8") as file:
            text = file.read()
        for was, now in (("127.0.0.1:8080", "%s:%d" % d.address), ("listen 80;", "listen 127.0.0.1:%d;" % self.plain),
                         ("listen 443 ", "listen 127.0.0.1:%d " % self.tls), ("/etc/ssl/matricula", self.folder),
                         ("/var/log/nginx", self.folder)):
            assert was in text, "the sample has no %s" % was
            text = text.replace(was, now)
        return text

    def write(self, name, text):
        with open(os.path.join(self.folder, name), "w", encoding="utf-8") as file:
            file.write(text)

    def read(self, name):
        with open(os.path.join(self.folder, name), encoding="utf-8") as file:
            return file.read()

    def connect(self):
        trust = ssl.create_default_context(cafile=os.path.join(self.folder, "fullchain.pem"))
        trust.check_hostname = False
        return http.client.HTTPSConnection("127.0.0.1", self.tls, timeout=HTTP_TIMEOUT_S, context=trust)

    def ask(self, verb, path, body=None, host=NAME, **headers):
        connection = self.connect()
        try:
            connection.request(verb, path, body, {"Host": host, **{n.replace("_", "-"): v for n, v in headers.items()}})
            answer = connection.getresponse()
            return Answer(answer.status, answer.headers, answer.read())
        finally:
            connection.close()

    def end(self):
        self.process.terminate()
        self.process.wait(STOP_S)


def roster(d, token):
    """A body beyond every other limit. In its middle it waits until the gateway knows of it: nginx did not gather it.
    Its rows are refused one by one, which is all that is wanted of them."""
    row = (",".join(["x" * 200] * 5) + "\n").encode()
    rows = (ROSTER_MIB << 20) // len(row)
    yield b"staff_code,name,birth_date,category,position\n"
    for at in range(rows):
        if at == rows // 2:
            wait_until("half a roster has come through",
                       lambda: d.http(token).must("GET", "/v1/rosters?authority=VN")["rosters"], HALF_S)
        yield row


def check_stream(proxy, d, token):
    """A figure that changes after the stream began arrives while it lasts: nothing is held back."""
    connection = proxy.connect()
    connection.request("GET", "/v1/figures/stream?authority=VN", headers={
        "Host": NAME, "Authorization": "Bearer " + token, "Accept": "text/event-stream"})
    answer = connection.getresponse()
    assert answer.status == 200 and answer.headers["Content-Type"] == "text/event-stream", answer.status
    assert answer.readline() == b"retry: 1000\n"
    headers = {"Content-Type": "application/cloudevents+json"}
    d.http(token).must("POST", "/v1/events", event("hired", "/authorities/VN/hr", "1", "VN-1", hired()), headers=headers)
    until = time.monotonic() + STREAM_S
    while b"persons.active" not in answer.readline():
        assert time.monotonic() < until, "the change did not come"
    connection.close()


def check_alias(proxy, d):
    """The address moves; at the former one, which has a port, the former DID goes on to be told."""
    def change(url):
        d.stop()
        d.options[d.options.index("--public-url") + 1] = url
        d.start()
        d.ctl("call", "Issuers.ChangeUrl", json.dumps({"url": url}))
    change(FORMER)
    change(PUBLIC_URL)
    for host, did in (("former.example:8443", "did:web:former.example%3A8443"), (NAME, "did:web:matricula.example")):
        said = proxy.ask("GET", "/.well-known/did.json", host=host)
        assert said.json["id"] == did, said


def test(report):
    try:
        nginx_program()
    except Skip as why:
        report.skip("the nginx sample", why)
        return
    with Deployment(options=["--behind-proxy"]) as d:
        d.start()
        d.add_authority("VN", "", "nation")
        token = d.grant(["DASHBOARD", "PROVINCE_SYSTEM"], "VN", subject="office")
        d.wait_followed()
        proxy = Proxy(d)
        try:
            check_all(report, d, proxy, token)
        finally:
            proxy.end()


def check_all(report, d, proxy, token):
    with report.case("a stream is told as it happens"):
        check_stream(proxy, d, token)
    with report.case("a roster of %d MiB comes through as it is sent, in chunks" % ROSTER_MIB):
        said = proxy.ask("POST", "/v1/rosters?authority=VN", roster(d, token), Authorization="Bearer " + token,
                         Content_Type="text/csv")
        assert said.status == 201, said
    with report.case("of other bodies no more than the gateway takes, and the refusal is a problem"):
        said = proxy.ask("POST", "/v1/events", b" " * ((4 << 20) + 1), Content_Type="application/cloudevents-batch+json")
        assert said.status == 413 and said.headers["Content-Type"] == "application/problem+json", said
        assert said.json["code"] == "CONTENT_TOO_LARGE", said
    with report.case("look-ups are counted by who asks, whatever he says of himself"):
        statuses = [proxy.ask("GET", "/v/" + "0" * 17, X_Forwarded_For="198.51.100.%d" % n).status for n in range(40)]
        assert 404 in statuses and statuses[-1] == 429, statuses
    with report.case("no code and no query is in the log"):
        proxy.ask("GET", "/v1/certificates/X?token=SECRETCODE")
        proxy.ask("GET", "/v/SECRETCODE")
        log = proxy.read("matricula.log")
        assert '"GET /v1/certificates/X" ' in log and '"GET /v/-" ' in log, log[-300:]
        assert "SECRETCODE" not in log and not re.search(r"/v/0|authority=", log), log[-300:]
    with report.case("/metrics is for this machine"):
        assert proxy.ask("GET", "/metrics").status == 403
    with report.case("the address that was asked arrives with its port"):
        check_alias(proxy, d)
    with report.case("while the gateway is away it says so as the gateway would: 503, Retry-After, a problem"):
        d.stop()
        said = proxy.ask("GET", "/livez")
        assert said.status == 503 and said.headers["Retry-After"] == "1" and said.json["code"] == "UNAVAILABLE", said
        assert said.headers["Content-Type"] == "application/problem+json", said.headers


main(test)
