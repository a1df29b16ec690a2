"""The peer: a PostgreSQL 15 cluster of our own from Debian's package, on the same disk.

Settings are the defaults (fsync and synchronous_commit on), except shared_buffers = 512MB,
max_connections for 256 clients, and loopback only. The table has 2.5 million rows and three
indexes; the statement is one, prepared (a WITH of four), that inserts a journal row and
updates three rows of the table, each found by another index: what our node writes for
an event. It is given every advantage that its defaults allow: no HTTP, no checks, no figures."""

import glob
import os
import pwd
import re
import shutil
import subprocess
import time

from stack import cpu_us, free_port, memory_bytes

BIN = "/usr/lib/postgresql/15/bin"
SQL = """
create table person (
	id bigint not null, unit int not null, staff_code text not null, citizen bigint not null,
	name text not null, position text not null, changed date not null, version int not null);
insert into person
	select k, k::bigint * 3321 / {rows}, 'S' || k, k::bigint * 7919 % {rows}, 'Nguyen Van ' || k, 'CV.' || k % 64, '2026-01-05', 1
	from generate_series(0, {rows} - 1) k;
create unique index person_id on person (id);
create unique index person_staff on person (unit, staff_code);
create unique index person_citizen on person (citizen);
create table journal (
	seq bigserial primary key, at timestamptz not null default now(), subject text not null, call text not null,
	facts bytea not null);
vacuum analyze person;
checkpoint;
"""
FACTS = "decode(repeat('ab', 200), 'hex')"
ONE = """\\set a random(0, {last})
\\set b random(0, {last})
\\set c random(0, {last})
with one as (update person set version = version + 1, position = 'CV.1' where id = :a),
two as (update person set version = version + 1, position = 'CV.2'
	where unit = (:b::bigint * 3321 / {rows})::int and staff_code = 'S' || :b::bigint),
three as (update person set version = version + 1, position = 'CV.3' where citizen = :c)
insert into journal (subject, call, facts) values ('bench', 'call', {facts}) returning seq;
""".replace("{facts}", FACTS)
# 500 of them as one set. Each client in a quarter of its own, or they would end in deadlocks.
MANY = """with drawn as materialized (select {draw} as a, {draw} as b, {draw} as c from generate_series(1, 500)),
one as (update person set version = version + 1, position = 'CV.1' from drawn where id = a),
two as (update person set version = version + 1, position = 'CV.2' from drawn
	where unit = (b * 3321 / {rows})::int and staff_code = 'S' || b),
three as (update person set version = version + 1, position = 'CV.3' from drawn where citizen = c * 7919 % {rows})
insert into journal (subject, call, facts) select 'bench', 'call', {facts} from drawn;
""".replace("{facts}", FACTS).replace(
    "{draw}", "((random() * ({last} / 4 - 1))::bigint + :client_id * ({last} / 4))")
READ = "\\set a random(0, {last})\nselect * from person where id = :a;\n"


class Peer:
    def __init__(self, folder, rows):
        self.folder = os.path.join(folder, "postgres")
        self.data = os.path.join(self.folder, "data")
        self.port = free_port()
        self.rows = rows
        self.user = pwd.getpwnam("postgres")
        self.pid = 0
        self.version = ""

    def run(self, words, timeout_s=300, cwd=None):
        done = subprocess.run(words, user=self.user.pw_uid, group=self.user.pw_gid, extra_groups=[], cwd=self.folder,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=timeout_s,
                              env={"PATH": BIN + ":/usr/bin:/bin", "LC_ALL": "C", "HOME": self.folder})
        if done.returncode != 0:
            raise RuntimeError("%s: %s" % (words[0], done.stdout[-800:]))
        return done.stdout

    def start(self):
        if not os.path.isdir(BIN):
            raise RuntimeError("PostgreSQL 15 is missing: %s" % BIN)
        os.makedirs(self.folder)
        os.chown(self.folder, self.user.pw_uid, self.user.pw_gid)
        self.run([BIN + "/initdb", "-D", self.data, "-A", "trust", "-E", "UTF8", "--locale=C"])
        self.launch()
        with open(os.path.join(self.folder, "make.sql"), "w") as file:
            file.write(SQL.replace("{rows}", str(self.rows)))
        self.run([BIN + "/psql", "-h", self.folder, "-p", str(self.port), "-q", "-v", "ON_ERROR_STOP=1", "-d", "postgres",
                  "-f", "make.sql"])
        for name, text in (("one.sql", ONE), ("many.sql", MANY), ("read.sql", READ)):
            with open(os.path.join(self.folder, name), "w") as file:
                file.write(text.replace("{last}", str(self.rows - 1)).replace("{rows}", str(self.rows)))
        self.version = self.run([BIN + "/postgres", "--version"]).strip()

    def launch(self):
        options = ("-c shared_buffers=512MB -c max_connections=300 -c listen_addresses=127.0.0.1 -c port=%d "
                   "-c unix_socket_directories=%s -c fsync=on -c synchronous_commit=on" % (self.port, self.folder))
        self.run([BIN + "/pg_ctl", "-D", self.data, "-w", "-l", os.path.join(self.folder, "log"), "-o", options, "start"])
        with open(os.path.join(self.data, "postmaster.pid")) as file:
            self.pid = int(file.readline())

    def stop(self):
        if self.pid:
            try:
                self.run([BIN + "/pg_ctl", "-D", self.data, "-m", "immediate", "-w", "stop"])
            except (RuntimeError, subprocess.TimeoutExpired):
                pass
        self.pid = 0
        shutil.rmtree(self.folder, ignore_errors=True)

    def backends(self):
        found = []
        for path in glob.glob("/proc/[0-9]*/stat"):
            try:
                with open(path) as file:
                    if int(file.read().rsplit(")", 1)[1].split()[1]) == self.pid:
                        found.append(int(path.split("/")[2]))
            except (OSError, ValueError, IndexError):
                pass
        return found

    def cpu(self):
        """The server, the backends that live, and those it has reaped."""
        return cpu_us(self.pid, with_children=True) + sum(cpu_us(pid) for pid in self.backends())

    def memory(self):
        return memory_bytes(self.pid) + sum(memory_bytes(pid) for pid in self.backends())

    def bench(self, script, clients, seconds, things=1):
        """{"rate", "p50_us": mean latency, "cpu_us": a thing}; things: how many one statement does."""
        before = self.cpu()
        said = self.run([BIN + "/pgbench", "-n", "-M", "prepared", "-h", "127.0.0.1", "-p", str(self.port), "-c",
                         str(clients), "-j", "2", "-T", str(seconds), "-f", script, "--max-tries=3", "postgres"])
        time.sleep(0.3)  # the last backends are being reaped
        used = self.cpu() - before
        done = int(re.search(r"actually processed: (\d+)", said).group(1)) * things
        rate = float(re.search(r"tps = ([0-9.]+)", said).group(1)) * things
        latency = float(re.search(r"latency average = ([0-9.]+)", said).group(1)) * 1000
        return {"rate": rate, "mean_us": latency, "cpu_us": used / max(1, done)}
