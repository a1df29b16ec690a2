#!/bin/bash
# deploy/run.sh BIN DATA HTTP
#
# What `make run` does once everything is built: a mail server on loopback, the five
# servers under `matricula up`, the units of Viet Nam, a sample of personnel events, the
# story; then it stays up until Ctrl-C, which drains. On the same data it goes on where it was.
# Certificates are specimens unless PUBLIC_URL=https://HOST says where the world will reach it.
set -euo pipefail
cd "$(dirname "$0")/.."
BIN=${1:-build/release/bin} DATA=${2:-./var} HTTP=${3:-127.0.0.1:8080}
DOOR=${DOOR:-tcp://127.0.0.1:5570} SMTP=${SMTP:-127.0.0.1:8025} PEOPLE=${PEOPLE:-2000}
UNITS=tests/data/vietnam-units-2025.csv
PUBLIC_URL=${PUBLIC_URL:-}
M=$BIN/matricula VERIFY=$BIN/matricula-verify
export BIN DATA HTTP DOOR SMTP M VERIFY PUBLIC_URL
UP= MAIL=

stop() {
	trap - INT TERM EXIT
	[ -z "$UP" ] || { kill -TERM "$UP" 2>/dev/null || true; wait "$UP" || true; }
	[ -z "$MAIL" ] || kill -TERM "$MAIL" 2>/dev/null || true
}
trap 'stop; exit 0' INT TERM
trap stop EXIT

mkdir -p "$DATA"
# A terminal's Ctrl-C goes to everybody; these two are told by us, so each gets a session of its own.
setsid /usr/bin/python3 deploy/mail_server.py "${SMTP%:*}" "${SMTP##*:}" "$DATA/mail" &
MAIL=$!
: >"$DATA/up.out" # a run before said "ready" there
setsid "$M" up --data "$DATA" --http "$HTTP" --door "$DOOR" --smtp "smtp://$SMTP" \
	${PUBLIC_URL:+--public-url "$PUBLIC_URL"} >"$DATA/up.out" 2>"$DATA/up.log" &
UP=$!
for _ in $(seq 600); do
	grep -q '^ready' "$DATA/up.out" && break
	kill -0 "$UP" 2>/dev/null || { cat "$DATA/up.log" >&2; echo "matricula up did not start" >&2; exit 1; }
	sleep 0.1
done
grep '^ready' "$DATA/up.out" || { tail -20 "$DATA/up.log" >&2; exit 1; }

if [ ! -e "$DATA/sample.done" ]; then
	echo; echo "== the authorities: 34 provinces, 3,321 communes"
	"$M" units "$UNITS" --data "$DATA"
	echo; echo "== personnel events of four provinces, the last one through the ZeroMQ door"
	seed=1
	for code in 01 46 79; do
		token=$("$M" token --roles province_system --authority $code --subject "province-$code" --days 1 --data "$DATA")
		"$M" sample --people "$PEOPLE" --seed $seed --authority $code --units "$UNITS" >"$DATA/sample.ndjson"
		"$M" push "$DATA/sample.ndjson" --authority $code --http "http://$HTTP" --token "$token"
		seed=$((seed + 1))
	done
	[ -e "$DATA/door-48.key" ] || "$M" door add --authority 48 --name "Da Nang" --generate "$DATA/door-48.key" --data "$DATA"
	"$M" sample --people "$PEOPLE" --seed $seed --authority 48 --units "$UNITS" >"$DATA/sample.ndjson"
	"$M" push "$DATA/sample.ndjson" --authority 48 --door "$DOOR" --key "$DATA/door-48.key" --data "$DATA"
	rm -f "$DATA/sample.ndjson"
	touch "$DATA/sample.done"
fi
if [ ! -e "$DATA/story.done" ]; then
	deploy/story.sh
	touch "$DATA/story.done"
else
	echo "the story was played on this data already: see $DATA/story.log"
fi

cat <<END

It stays up. Where to look:
  http://$HTTP/dashboard       the national dashboard
  http://$HTTP/verify          where anybody checks a certificate
  $DATA/papers/                 the story's certificate and passport as PDF, the register for a spreadsheet
  http://$HTTP/openapi.json    every route
  http://$HTTP/metrics         figures of the machines
  . $DATA/story.env                     the tokens of the story, as variables
  $M status --data $DATA     how the services are doing
  $M verify --data $DATA     the state against the journal
  $DATA/up.log, $DATA/mail/                what the servers say; the mails that went out
Ctrl-C drains and ends it; make run goes on with the same data.
END
[ -n "${ONCE:-}" ] || wait "$UP"
