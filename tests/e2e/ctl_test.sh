#!/usr/bin/env bash
# Every command of `matricula` does on real processes what its README says.
#
#   tests/e2e/ctl_test.sh
#
# One deployment in a folder of its own, on free ports. Only processes started here are ended, by their number.
set -u
root=$(cd "$(dirname "$0")/../.." && pwd)
bin=${MATRICULA_BIN:-$root/build/${V:-release}/bin}
units=$root/tests/data/vietnam-units-2025.csv
work=$(mktemp -d /tmp/mt-ctl-XXXXXX)
data=$work/d
passed=0 failed=0 up=

ok() { passed=$((passed + 1)); echo "ok $1"; }
not_ok() { failed=$((failed + 1)); echo "not ok $1: $(tail -c 400 "$work/err" 2>/dev/null | tr '\n' ' ')"; }
# check NAME COMMAND...: the command succeeds
check() { local name=$1; shift; if "$@" >"$work/out" 2>"$work/err"; then ok "$name"; else not_ok "$name"; fi; }
# refuse NAME PATTERN COMMAND...: it fails, and says so on standard error
refuse() {
	local name=$1 pattern=$2; shift 2
	if ! "$@" >"$work/out" 2>"$work/err" && grep -qE "$pattern" "$work/err"; then ok "$name"; else not_ok "$name"; fi
}
# is NAME PATTERN: the last output has it
is() { if grep -qE -- "$2" "$work/out"; then ok "$1"; else cp "$work/out" "$work/err"; not_ok "$1"; fi; }
m() { timeout 120 "$bin/matricula" "$@" --data "$data"; }
free_port() { /usr/bin/python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
until_true() { local i; for i in $(seq 200); do "$@" >/dev/null 2>&1 && return 0; sleep 0.1; done; return 1; }
gone() { ! kill -0 "$1" 2>/dev/null; }
ready() { [ "$(curl -s -o /dev/null -w '%{http_code}' "http://$http/readyz")" = 200 ]; }

start() {
	: >"$work/up.out" # of the one before: its "ready" must not be taken for this one's
	"$bin/matricula" up --data "$data" --http "$http" --door "$door" --memory 64 >"$work/up.out" 2>>"$work/up.err" &
	up=$!
	until_true grep -q ^ready "$work/up.out" || { cp "$work/up.err" "$work/err"; not_ok "up is ready"; }
}
stop() {
	[ -n "$up" ] || return 0
	kill -TERM "$up" 2>/dev/null
	until_true gone "$up" || { echo "up ($up) did not end" >"$work/err"; not_ok "up drains"; kill -KILL "$up"; }
	wait "$up"
	stopped=$?
	up=
}
finish() { stop; rm -rf "$work"; }
trap finish EXIT
trap 'exit 143' TERM INT

[ -x "$bin/matricula" ] || { echo "not ok binaries: $bin/matricula is missing, run make"; echo "0 passed, 1 failed"; exit 1; }
http=127.0.0.1:$(free_port) door=tcp://127.0.0.1:$(free_port)

# --- usage
check "help names every command" "$bin/matricula" help
for word in up token door keys units sample push call follow status verify backup restore rejoin; do
	grep -qE "^  $word +[a-z]" "$work/out" || { echo "$word" >"$work/err"; not_ok "help has a line for $word"; }
done
refuse "an unknown command is refused by name" "no command frobnicate" "$bin/matricula" frobnicate
refuse "an unknown option is refused by name" "no option --colour" "$bin/matricula" status --colour

# --- before anything runs
check "keys create" m keys create
check "a token without a running enrollment" m token --roles auditor --authority VN --subject early
is "the token alone is printed" '^mtk_[A-Za-z0-9_-]{43}$'
[ "$(wc -l <"$work/out")" = 1 ] && ok "one line" || not_ok "one line"
check "units" m units "$units" --quiet
is "3,355 units are added" '^3355 added, 0 unchanged, 0 refused'
check "the same units again" m units "$units" --quiet
is "nothing changes" '^0 added, 3355 unchanged, 0 refused'
refuse "a call to nobody" "is not running" m call Authorities.Get '{"authority":"01"}'

# --- an authority in a tree that is still empty
fresh() { timeout 120 "$bin/matricula" "$@" --data "$work/fresh"; }
refuse "an authority that no file has is refused with the next step" "authority ZZ9 is unknown; load the units first: matricula units FILE.csv" fresh token --roles auditor --authority ZZ9
check "a token for 01 in an empty tree" fresh token --roles Province-System,HR_officer --authority 01
is "the token alone is printed" '^mtk_[A-Za-z0-9_-]{43}$'
[ "$(wc -l <"$work/out")" = 1 ] && ok "one line" || not_ok "one line"
grep -q "the tree was empty: 3355 units of .*csv are registered" "$work/err" && [ "$(wc -l <"$work/err")" = 1 ] && ok "one line tells of the units" || not_ok "one line tells of the units"
check "a second token" fresh token --roles HR-OFFICER --authority 48
[ -s "$work/err" ] && not_ok "registers nothing" || ok "registers nothing"
check "units know them" fresh units "$units" --quiet
is "nothing changes" '^0 added, 3355 unchanged, 0 refused'
mkdir -p "$work/installed" && cp "$bin"/matricula* "$work/installed/"
[ -e /usr/share/matricula/units.csv ] ||
	refuse "without a file the next step is said" "authority 01 is unknown; load the units first" "$work/installed/matricula" token --roles auditor --authority 01 --data "$work/bare"
rm -rf "$work/installed" "$work/fresh" "$work/bare"

# --- up gives up on what cannot work
# gives_up NAME CODE PATTERN OPTIONS...: ends by itself with that code and the reason
gives_up() {
	local name=$1 code=$2 pattern=$3; shift 3
	timeout 30 "$bin/matricula" up --data "$work/wrong" --memory 64 "$@" >"$work/out" 2>"$work/err"
	local got=$?
	if [ "$got" = "$code" ] && grep -qE "$pattern" "$work/err" && ! [ -s "$work/out" ]; then ok "$name"; else echo "exit code $got" >>"$work/err"; not_ok "$name"; fi
}
busy=$(free_port)
/usr/bin/python3 -c 'import socket, sys, time; s = socket.socket(); s.bind(("127.0.0.1", int(sys.argv[1]))); s.listen(); time.sleep(60)' "$busy" &
holder=$!
until_true bash -c "</dev/tcp/127.0.0.1/$busy"
gives_up "up gives up on an HTTP port that is taken" 1 "^gateway .*(in use|cannot|listen)" --http "127.0.0.1:$busy" --door "$door"
gives_up "up gives up on a door port that is taken" 1 "^gateway .*(in use|cannot|bind)" --http "$http" --door "tcp://127.0.0.1:$busy"
kill "$holder"; wait "$holder" 2>/dev/null
gives_up "up gives up on an open address without a proxy" 2 "^gateway .*proxy" --http "0.0.0.0:$busy" --door "$door"
gives_up "up gives up on a wrong option" 2 "zone" --http "$http" --door "$door" --zone nowhere
check "nothing is left running" bash -c "! ls '$work'/wrong/*/pid"
rm -rf "$work/wrong"

# --- up
start
grep -qE "^ready http://$http " "$work/up.out" && ok "up says ready" || not_ok "up says ready"
refuse "a second up is refused by the number of the first" "in use by process $up" m up
for name in enrollment assessment certificate notification gateway; do
	kill -0 "$(cat "$data/$name/pid")" 2>"$work/err" && ok "$name/pid is a process" || not_ok "$name/pid is a process"
done
before=$(cat "$data/assessment/pid")
kill -KILL "$before"
until_true grep -q "assessment was ended by signal 9" "$work/up.err" && until_true ready &&
	until_true test -e "$data/assessment/pid" && [ "$(cat "$data/assessment/pid")" != "$before" ] && ok "a server that dies is started again" || not_ok "a server that dies is started again"

# --- call, token, door, keys
check "call" m call Authorities.Get '{"authority":"01"}'
is "the reply is ProtoJSON" '"nameEn":"Hanoi City"'
refuse "a refusal names status and field" 'INVALID_ARGUMENT: .*\(authority\)' m call Authorities.Get '{"authority":"none"}'
refuse "an unknown member is refused" 'colour' m call Authorities.Get '{"colour":1}'
refuse "roles act for real" 'PERMISSION_DENIED' m call Authorities.Add '{"parent":"01","code":"Q","name":"q","kind":"agency"}' --roles lecturer --authority 01
check "a dry run" m call Authorities.Add '{"parent":"01","code":"DRY","name":"q","kind":"agency"}' --dry-run
refuse "leaves nothing" 'unknown' m call Authorities.Get '{"authority":"DRY"}'
check "a call id" m call Authorities.Add '{"parent":"01","code":"ONCE","name":"q","kind":"agency"}' --id ctl-1
cp "$work/out" "$work/first"
check "the same id again" m call Authorities.Add '{"parent":"01","code":"ONCE","name":"q","kind":"agency"}' --id ctl-1
cmp -s "$work/out" "$work/first" && ok "has the same reply" || not_ok "has the same reply"

token=$(m token --roles province_system,hr_officer --authority 01 --subject ctl-province --days 2 2>"$work/err")
curl -s "http://$http/v1/whoami" -H "Authorization: Bearer $token" >"$work/out"
is "a token works at once" '"subject": ?"ctl-province"'
check "token list" m token list --authority 01
is "lists it with its roles" 'ctl-province +province_system,hr_officer'
victim=$(m token --roles dashboard --authority 01 --subject ctl-victim)
id=$(m token list --authority 01 | awk '/ctl-victim/ { print $1 }')
check "token revoke" m token revoke "$id"
code=$(curl -s -o /dev/null -w '%{http_code}' "http://$http/v1/whoami" -H "Authorization: Bearer $victim")
[ "$code" = 401 ] && ok "a revoked token is refused" || { echo "$code" >"$work/err"; not_ok "a revoked token is refused"; }
refuse "an unknown role is refused with the list" "no role king; there are province_system, .*auditor" m token --roles king --authority 01

check "door add --generate" m door add --authority 48 --name danang --generate "$work/48.key"
check "door list" m door list
is "lists it" 'danang'
[ "$(stat -c %a "$work/48.key")" = 600 ] && ok "the pair is for its owner" || not_ok "the pair is for its owner"
check "keys show" m keys show
is "shows public keys and ids" '^gateway-enrollment.seal +ids [0-9]+'
grep -qE '[0-9a-f]{64}' "$work/out" && not_ok "shows no secret" || ok "shows no secret"

# --- sample, push
check "sample" m sample --people 1000 --seed 5 --authority 01 --units "$units"
cp "$work/out" "$work/01.ndjson"
check "sample again" m sample --people 1000 --seed 5 --authority 01 --units "$units"
cmp -s "$work/out" "$work/01.ndjson" && ok "the same seed, the same lines" || not_ok "the same seed, the same lines"
lines=$(wc -l <"$work/01.ndjson")
check "push over HTTP" m push "$work/01.ndjson" --authority 01 --http "http://$http" --token "$token" --quiet
is "every event has its outcome" "^$lines events: $lines accepted"
check "push again" m push "$work/01.ndjson" --authority 01 --http "http://$http" --token "$token" --quiet
is "all are duplicates" "^$lines events: 0 accepted, $lines duplicate"
m sample --people 1500 --seed 6 --authority 48 >"$work/48.ndjson"
lines=$(wc -l <"$work/48.ndjson")
check "push through the door" m push "$work/48.ndjson" --authority 48 --door "$door" --key "$work/48.key" --quiet
is "every event has its outcome" "^$lines events: $lines accepted"
echo '{"specversion":"1.0","id":"x","source":"/authorities/01/x","type":"matricula.person.lost.v1","subject":"1","data":{}}' >"$work/bad.ndjson"
refuse "a rejected event is shown" "rejected.*(type|unknown)" m push "$work/bad.ndjson" --authority 01 --http "http://$http" --token "$token" --quiet
m keys create >/dev/null
refuse "a key that is not registered" "does not answer" m push "$work/48.ndjson" --authority 48 --door "$door" --key "$data/keys/operator.curve"
key=$(sed -n 1p "$work/48.key")
check "door remove" m door remove "$key"

# --- SIGTERM while requests are in flight
cat >"$work/flight.py" <<'PYTHON'
# Requests whose last byte is sent just before the SIGTERM: each is answered, 2xx or a 503 problem, none is reset.
import os, signal, socket, sys, time
http, token, file, up = sys.argv[1:5]
lines = open(file, encoding="utf-8").read().splitlines()
host, port = http.split(":")
clients = [socket.create_connection((host, int(port)), timeout=20) for _ in range(24)]
for at, client in enumerate(clients):
    body = ("[" + ",".join(lines[at * 200:at * 200 + 200]) + "]").encode()
    client.sendall((f"POST /v1/events HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n"
                    f"Content-Type: application/cloudevents-batch+json\r\nContent-Length: {len(body)}\r\n\r\n").encode() + body[:-1])
time.sleep(0.5)
for client in clients:
    client.sendall(b"]")
os.kill(int(up), signal.SIGTERM)
answers = []
for client in clients:
    answer = b""
    while chunk := client.recv(65536):
        answer += chunk
    answers.append(answer)
for answer in answers:
    status = answer.split(b" ", 2)[1]
    assert status[:1] == b"2" or (status == b"503" and b"application/problem+json" in answer), answer[:300]
good = sum(answer.split(b" ", 2)[1][:1] == b"2" for answer in answers)
print(f"{len(answers)} answered, {good} with 2xx")
assert good > 0
PYTHON
m sample --people 5000 --seed 9 --authority 01 >"$work/flight.ndjson"
check "requests in flight at SIGTERM are all answered" /usr/bin/python3 "$work/flight.py" "$http" "$token" "$work/flight.ndjson" "$up"
is "none is reset" '^24 answered'
stop
[ "$stopped" = 0 ] && ok "and the exit code is 0" || not_ok "and the exit code is 0"
tail -n 20 "$work/up.err" >"$work/err"
ended=$(grep -nE '^gateway +\| .*ended' "$work/up.err" | tail -1 | cut -d: -f1)
drained=$(grep -nE '^enrollment +\| .*draining' "$work/up.err" | tail -1 | cut -d: -f1)
[ "${ended:-0}" -gt 0 ] && [ "$ended" -lt "${drained:-0}" ] && ok "the gateway ends before the others drain" || not_ok "the gateway ends before the others drain"
start

# --- follow, status
check "follow --once" m follow enrollment --once --after 3300
is "facts as lines of JSON" '"fact":"PersonHired"'
[ "$(jq -r .seq "$work/out" | sort -n | head -1)" -gt 3300 ] && ok "behind the position" || not_ok "behind the position"
check "status" m status --interval 0
is "every node is ready" '^notification +ready'
check "status --json" m status --json
jq -e '.enrollment.durableSeq != null and .certificate.feeds != null' "$work/out" >/dev/null 2>"$work/err" && ok "as JSON" || not_ok "as JSON"

# --- verify, backup, restore, rejoin
until_true bash -c "jq -e '(.enrollment.flushedSeq // \"0\" | tonumber) > 4000' <('$bin/matricula' status --json --data '$data')"
check "verify while all runs" m verify
is "it has compared" '^enrollment: chain of [0-9]+ entries is whole; state at [0-9]{4,}: [0-9]{5,} keys equal, 0 different'
m sample --people 4000 --seed 7 --authority 01 >"$work/more.ndjson"
"$bin/matricula" push "$work/more.ndjson" --authority 01 --http "http://$http" --token "$token" --quiet --data "$data" >"$work/push.out" 2>&1 &
push=$!
sleep 0.1
check "backup under load" m backup "$work/b"
wait "$push" && ok "the load went on" || not_ok "the load went on"
[ "$(ls "$work/b/keys" | grep -vc '\.pub$')" = 0 ] && ok "a backup holds no secrets" || not_ok "a backup holds no secrets"
refuse "a backup is not written over" "holds a backup already" m backup "$work/b"
refuse "restore is refused while a service runs" "in use by process" m restore "$work/b" --service enrollment
m sample --people 50 --seed 8 --authority 01 >"$work/lost.ndjson"
check "events that will be lost" m push "$work/lost.ndjson" --authority 01 --http "http://$http" --token "$token" --quiet
until_true bash -c "jq -e '.notification.feeds[0] | .seq == .headSeq' <('$bin/matricula' status --json --data '$data')"
stop
[ "$stopped" = 0 ] && ok "SIGTERM drains, exit code 0" || not_ok "SIGTERM drains, exit code 0"
[ ! -e "$data/enrollment/pid" ] && ok "no pid file stays" || not_ok "no pid file stays"
check "verify while nothing runs" m verify
# A state that lies is found out, in a copy of the folder.
cp -r "$data" "$work/lying"
/usr/bin/python3 - "$work/lying/enrollment/state/data.mdb" <<'PYTHON'
import sys
data = open(sys.argv[1], "rb").read()
at = data.find(b"Hanoi City")
assert at > 0
with open(sys.argv[1], "r+b") as file:
    while at >= 0:
        file.seek(at)
        file.write(b"Hanoy")
        at = data.find(b"Hanoi City", at + 1)
PYTHON
refuse "verify finds changed values" "has two values" "$bin/matricula" verify --service enrollment --data "$work/lying"
is "and counts them: the authority and its first version" ' 2 different'
rm -rf "$work/lying"
check "restore one service" m restore "$work/b" --service enrollment
start
stopped_feed() { m status --json | jq -e '.notification.feeds[] | select(.producer == "enrollment") | .state == "stopped"'; }
until_true stopped_feed && ok "a follower that is ahead stops" || not_ok "a follower that is ahead stops"
check "rejoin --dry-run" m rejoin notification enrollment --dry-run
is "shows what is lost" 'entries [0-9]+ to [0-9]+ are lost'
is "and what was made of it" '"fact":"ContactNoted"'
# Whoever made nothing of the lost events is not ahead: its journal never recorded them.
for follower in $(m status --json | jq -r 'to_entries[] | select(any(.value.feeds[]?; .producer == "enrollment" and .state == "stopped")) | .key'); do
	check "rejoin $follower" m rejoin "$follower" enrollment
done
check "the lost events can be pushed again" m push "$work/lost.ndjson" --authority 01 --http "http://$http" --token "$token" --quiet
following() { [ "$(m status --json | jq '[.[].feeds[]? | select(.state == "following")] | length')" -ge 5 ]; }
until_true following && ok "all feeds go on" || not_ok "all feeds go on"
refuse "a feed that is not stopped is left alone" "is not stopped" m rejoin notification enrollment
check "verify after that" m verify
stop

# --- a whole deployment from its backup
rm -rf "$work/d2"
data=$work/d2
cp -r "$work/d/keys" "$work/keys" && mkdir -p "$data" && mv "$work/keys" "$data/keys"
check "restore all into an empty folder" m restore "$work/b"
start
until_true following && ok "everybody follows everybody" || not_ok "everybody follows everybody"
check "verify it" m verify
server=$(cat "$data/enrollment/pid")
kill -KILL "$up"
wait "$up" 2>/dev/null
up=
until_true gone "$server" && ok "servers end with their supervisor" || not_ok "servers end with their supervisor"

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
