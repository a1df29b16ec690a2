#!/usr/bin/env bash
# The stories of tests/scenario once more, over HTTP against real processes, with kill -9
# where a story says restart. Stories that advance time need a clock of their own: skipped.
#   tests/e2e/live.sh BUILD-FOLDER
set -u
cd "$(dirname "$0")/../.." || exit 1
build=${1:-build/release}
work=$(mktemp -d /tmp/mt-live-XXXXXX)
free_port() { /usr/bin/python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
http=127.0.0.1:$(free_port)
"$build/bin/matricula" up --data "$work/d" --http "$http" --door "tcp://127.0.0.1:$(free_port)" >"$work/out" 2>"$work/log" &
up=$!
trap 'kill -TERM $up 2>/dev/null; wait $up; rm -rf "$work"' EXIT
for _ in $(seq 200); do
	grep -qs '^ready' "$work/out" && break
	sleep 0.1
done
grep -q '^ready' "$work/out" || { echo "not ok started: $(tail -n 3 "$work/log")"; exit 1; }
"$build/tests/scenario-run" --way live --http "http://$http" --data "$work/d" tests/scenario/*.txt
