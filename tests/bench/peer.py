"""The peer: a PostgreSQL 15 cluster of our own from Debian's package, on the same disk.

Settings are the defaults (fsync and synchronous_commit on), except shared_buffers = 512MB,
max_connections for 256 clients, loopback only, and, since each client lives for seconds, no
JIT and a generic plan from the first statement on. It keeps the rows that our node keeps:

    a hiring      journal, person, unique staff code, history, unique event id, three words of
                  the name, two blocks by which doubles are found (name and birth date, citizen id)
    an update     journal, person (found by staff code), history, unique event id
    a transfer    journal, person under another staff code, history, unique event id, three words moved
    an enrolment  journal, enrolment, the row by which a person's classes are found

each one prepared statement (a WITH), so one round trip and one transaction; in bulk 500 of
them as one set. The tables hold 2.5 million people with a history row, an event id, three
words and two blocks each before it begins. It is given every advantage that its defaults
allow: no HTTP, no CURVE, no checks, no figures, no sealing, no mass-change brake, no outcome
for each event, no seats counted."""

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
set maintenance_work_mem = '512MB';
create function word(text) returns bigint language sql immutable as 'select hashtextextended($1, 0)';
create table person (
	id bigint not null, unit int not null, staff_code text not null, name text not null, birth_date date not null,
	citizen text not null, email text not null, phone text not null, category smallint not null, position text not null,
	rank text not null, office text not null, hired date not null, state smallint not null, version int not null);
insert into person
	select k, k::bigint * 3321 / {rows}, 'GV' || k, 'Nguyen' || k % 16 || ' Van' || k / 16 % 16 || ' Binh' || k / 256 % 32,
	date '1965-01-01' + k * 7 % 14000, '9' || lpad(k::text, 11, '0'), 'binh' || k || '@hanoi.gov.example', '0000' || k % 1000000,
	3, 'GV', 'V.07.03.29', 'Truong Tieu hoc so ' || k % 3321, '2010-09-05', 1, 1 from generate_series(0, {rows} - 1) k;
alter table person add primary key (id);
create unique index person_staff on person (unit, staff_code);
create sequence person_ids start {rows};
create sequence enrol_ids start 1;
create table journal (
	seq bigserial primary key, at timestamptz not null default now(), subject text not null, call text not null,
	facts bytea not null);
select setval('journal_seq_seq', {rows});
create table history (person bigint not null, seq bigint not null, kind smallint not null, effective date not null,
	data bytea not null);
insert into history select k, k, 1, '2010-09-05', {data} from generate_series(0, {rows} - 1) k;
alter table history add primary key (person, seq);
create table event (source int not null, id text not null, seq bigint not null);
insert into event select unit, 'n1-' || id || '-0', id from person;
alter table event add primary key (source, id);
create table name_word (word bigint not null, unit int not null, person bigint not null);
insert into name_word select word(split_part(name, ' ', n)), unit, id from person, generate_series(1, 3) n;
alter table name_word add primary key (word, unit, person);
create table block (kind smallint not null, hash bigint not null, person bigint not null);
insert into block select 1, word(name || birth_date), id from person union all select 2, word(citizen), id from person;
alter table block add primary key (kind, hash, person);
create table enrolment (class int not null, person bigint not null, state smallint not null, at timestamptz not null,
	primary key (class, person));
create table person_class (person bigint not null, class int not null, primary key (person, class));
vacuum analyze;
checkpoint;
"""
DATA = "decode(repeat('cd', 90), 'hex')"
JOURNAL = "insert into journal (seq, subject, call, facts) select seq, 'bench', 'call', decode(repeat('ab', 200), 'hex') from d"
HIRED = """with d as materialized (select nextval('journal_seq_seq') as seq, nextval('person_ids') as id, unit,
	'Nguyen' || a % 16 || ' Van' || a / 16 % 16 || ' Binh' || a / 256 % 32 as name, date '1965-01-01' + a / 8192 as birth
	from (select (random() * 3320)::int as unit, (random() * 110000000)::int as a from generate_series(1, {count})) drawn),
p as (insert into person select id, unit, 'GV' || id, name, birth, '9' || lpad(id::text, 11, '0'), 'binh' || id ||
	'@hanoi.gov.example', '0000' || id % 1000000, 3, 'GV', 'V.07.03.29', 'Truong Tieu hoc so ' || unit, '2015-09-05', 1, 1 from d),
h as (insert into history select id, seq, 1, '2015-09-05', {data} from d),
e as (insert into event select unit, 'n2-' || id || '-0', seq from d),
w as (insert into name_word select word(split_part(name, ' ', n)), unit, id from d, generate_series(1, 3) n),
b as (insert into block select 1, word(name || birth), id from d union all
	select 2, word('9' || lpad(id::text, 11, '0')), id from d)
{journal};
"""
# Even people are updated where they always were, odd ones transferred: found by their id, which is easier still.
UPDATED = """with d as materialized (select nextval('journal_seq_seq') as seq, {draw} / 2 * 2 as k from generate_series(1, {count})),
u as (update person set version = version + 1, phone = '0000' || seq % 1000000 from d
	where unit = (k * 3321 / {rows})::int and staff_code = 'GV' || k),
h as (insert into history select k, seq, 2, '2026-02-01', {data} from d),
e as (insert into event select (k * 3321 / {rows})::int, 'u-' || seq, seq from d)
{journal};
"""
TRANSFERRED = """with d as materialized (select nextval('journal_seq_seq') as seq, {draw} / 2 * 2 + 1 as k
	from generate_series(1, {count})),
o as materialized (select distinct on (id) id, unit, name, seq, (unit + 1571) % 3321 as to_unit from d join person on id = k),
u as (update person set version = version + 1, unit = to_unit, staff_code = 'DC' || o.id || '.' || seq from o
	where person.id = o.id),
w as (update name_word set unit = to_unit from o, generate_series(1, 3) n
	where name_word.word = word(split_part(name, ' ', n)) and name_word.unit = o.unit and person = o.id),
h as (insert into history select k, seq, 3, '2026-02-01', {data} from d),
e as (insert into event select unit, 't-' || seq, seq from o)
{journal};
"""
ENROL = """with d as materialized (select nextval('journal_seq_seq') as seq, nextval('enrol_ids') as k, (random() * 63)::int as class),
n as (insert into enrolment select class, k, 1, now() from d),
c as (insert into person_class select k, class from d)
{journal};
"""
READ = "\\set a random(0, {last})\nselect * from person where id = :a;\n"
ANYWHERE = "(random() * {last})::bigint"
# Each client in a quarter of its own, or sets would end in deadlocks.
QUARTER = "((random() * ({last} / 4 - 1))::bigint + :client_id * ({last} / 4))"
SCRIPTS = {
    "hired.sql": (HIRED, 1, ""), "hired-many.sql": (HIRED, 500, ""), "enrol.sql": (ENROL, 1, ""),
    "updated.sql": (UPDATED, 1, ANYWHERE), "transferred.sql": (TRANSFERRED, 1, ANYWHERE),
    # Of 500, four are updates to one transfer, as ours: two statements in one transaction.
    "mixed-many.sql": ("begin;\n" + UPDATED.replace("{count}", "400") + TRANSFERRED.replace("{count}", "100") + "commit;\n",
                       500, QUARTER),
    "read.sql": (READ, 1, ""),
}
MIXED = ["updated.sql@4", "transferred.sql@1"]


class Peer:
    def __init__(self, folder, rows):
        self.folder = os.path.join(folder, "postgres")
        self.data = os.path.join(self.folder, "data")
        self.port = free_port()
        self.rows = rows
        self.user = pwd.getpwnam("postgres")
        self.pid = 0
        self.version = ""
        self.filled_s = 0

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
            file.write(SQL.replace("{data}", DATA).replace("{rows}", str(self.rows)))
        began = time.monotonic()
        self.run([BIN + "/psql", "-h", self.folder, "-p", str(self.port), "-q", "-o", "/dev/null", "-v", "ON_ERROR_STOP=1",
                  "-d", "postgres", "-f", "make.sql"])
        self.filled_s = time.monotonic() - began
        for name, (text, count, draw) in SCRIPTS.items():
            text = text.replace("{journal}", JOURNAL).replace("{data}", DATA).replace("{draw}", draw)
            text = text.replace("{count}", str(count)).replace("{last}", str(self.rows - 1)).replace("{rows}", str(self.rows))
            with open(os.path.join(self.folder, name), "w") as file:
                file.write(text)
        self.version = self.run([BIN + "/postgres", "--version"]).strip()

    def launch(self):
        options = ("-c shared_buffers=512MB -c max_connections=300 -c listen_addresses=127.0.0.1 -c port=%d "
                   "-c unix_socket_directories=%s -c fsync=on -c synchronous_commit=on -c jit=off "
                   "-c plan_cache_mode=force_generic_plan" % (self.port, self.folder))
        self.run([BIN + "/pg_ctl", "-D", self.data, "-w", "-l", os.path.join(self.folder, "log"), "-o", options, "start"])
        with open(os.path.join(self.data, "postmaster.pid")) as file:
            self.pid = int(file.readline())

    def calm(self):
        """What it has put off is written now, so that it does not run beside somebody else's work."""
        self.run([BIN + "/psql", "-h", self.folder, "-p", str(self.port), "-q", "-d", "postgres", "-c", "checkpoint"])

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

    def bench(self, scripts, clients, seconds, things=1):
        """{"rate", "mean_us": latency, "cpu_us": a thing}; things: how many one transaction does. Clients connect,
        and their first transactions prepare and fill caches, in the seconds before; they leave in the one behind."""
        warm = 1 if clients <= 16 else 2
        words = [BIN + "/pgbench", "-n", "-M", "prepared", "-h", "127.0.0.1", "-p", str(self.port), "-c", str(clients),
                 "-j", "2", "-T", str(int(warm + seconds + 1)), "-P", "1", "--max-tries=3"]
        words += [word for script in scripts for word in ("-f", script)] + ["postgres"]
        rates, latencies, used, said = [], [], [], []
        process = subprocess.Popen(words, user=self.user.pw_uid, group=self.user.pw_gid, extra_groups=[], cwd=self.folder,
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                   env={"PATH": BIN + ":/usr/bin:/bin", "LC_ALL": "C", "HOME": self.folder})
        for line in process.stdout:
            said.append(line)
            found = re.match(r"progress: ([0-9.]+) s, ([0-9.]+) tps, lat ([0-9.]+) ms", line)
            if not found:
                continue
            at = float(found[1])
            if at < warm + 0.5:
                used = [self.cpu()]
            elif at < warm + seconds + 0.5:
                used.append(self.cpu())
                rates.append(float(found[2]) * things)
                latencies.append(float(found[3]) * 1000)
        if process.wait() != 0 or len(used) < 2:
            raise RuntimeError("pgbench: %s" % "".join(said)[-800:])
        return {"rate": sum(rates) / len(rates), "mean_us": sum(latencies) / len(latencies),
                "cpu_us": (used[-1] - used[0]) / max(1, sum(rates))}
