#!/usr/bin/env bash
# The stories of tests/scenario once more, over HTTP against real processes, with kill -9
# where a story says restart. Stories that leave the clock alone share one deployment; one
# that sets or moves it gets its own, under faketime.
#   tests/e2e/live.sh BUILD-FOLDER [STORY.txt...]
set -u
cd "$(dirname "$0")/../.." || exit 1
build=${1:-build/release}
shift
export MATRICULA_BIN=${MATRICULA_BIN:-$build/bin} # what the player starts is of the same build
stories=("$@")
[ $# -gt 0 ] || stories=(tests/scenario/*.txt)
work=$(mktemp -d /tmp/mt-live-XXXXXX)
up= passed=0 failed=0 skipped=0
stop() { [ -z "$up" ] || { kill -TERM "$up" 2>/dev/null; wait "$up"; up=; }; }
trap 'stop; rm -rf "$work"' EXIT
free_port() { /usr/bin/python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }

# The programs once more, but that certificate is told its public address by a file: a story may restart it with another.
mkdir "$work/bin"
cp "$build/bin/matricula" "$work/bin/"
for program in "$build"/bin/matricula-*; do ln -s "$(realpath "$program")" "$work/bin/"; done
rm "$work/bin/matricula-certificate"
cat >"$work/bin/matricula-certificate" <<-end
	#!/bin/sh
	read -r address <"$work/address"
	exec "$(realpath "$build/bin/matricula-certificate")" "\$@" \${address:+--public-url "\$address"}
end
chmod +x "$work/bin/matricula-certificate"

start_once() { # ENVIRONMENT...
	http=127.0.0.1:$(free_port)
	rm -rf "$work/d"
	: >"$work/out"
	echo https://matricula.example >"$work/address"
	env "$@" "$work/bin/matricula" up --data "$work/d" --http "$http" --door "tcp://127.0.0.1:$(free_port)" \
		>"$work/out" 2>"$work/log" &
	up=$!
	for _ in $(seq 300); do
		grep -q '^ready' "$work/out" && return
		kill -0 "$up" 2>/dev/null || return 1
		sleep 0.1
	done
	return 1
}

# A port that was free may be taken by somebody's connection before it is listened on: then other ports.
start() { # ENVIRONMENT...
	for _ in 1 2 3; do
		start_once "$@" && return
		stop
	done
	echo "not ok started: $(grep -v level=info "$work/log" | head -n 4 | tr '\n' ';')"
	exit 1
}

is_sanitized() { grep -q -e __asan_init -e __tsan_init "$build/bin/matricula"; }

play() { # ARGUMENTS... STORIES...
	out=$("$build/tests/scenario-run" --way live --http "http://$http" --data "$work/d" "$@")
	printf '%s\n' "$out" | grep -E '^(ok|not ok|skip) '
	passed=$((passed + $(grep -c '^ok ' <<<"$out")))
	failed=$((failed + $(grep -c '^not ok ' <<<"$out")))
	skipped=$((skipped + $(grep -c '^skip ' <<<"$out")))
	stop
}

fake=$(find /usr/lib -name libfaketime.so.1 2>/dev/null | head -n 1)
timeless=$(grep -LE '^(now|advance) ' "${stories[@]}")
timed=$(grep -lE '^(now|advance) ' "${stories[@]}")
if [ -n "$timeless" ] || [ -z "$fake" ]; then
	start
	# shellcheck disable=SC2086
	if [ -n "$fake" ]; then play $timeless; else play "${stories[@]}"; fi
fi
if is_sanitized && [ -n "$fake" ] && [ -n "$timed" ]; then
	count=$(wc -w <<<"$timed")
	skipped=$((skipped + count))
	echo "skip $count stories that set or move the clock: faketime and the sanitizer both want to be loaded first"
	timed=
fi
for story in ${fake:+$timed}; do
	echo -400d >"$work/clock" # before any story; each sets its own
	start LD_PRELOAD="$fake" FAKETIME_TIMESTAMP_FILE="$work/clock" FAKETIME_NO_CACHE=1 FAKETIME_DONT_FAKE_MONOTONIC=1
	play --clock "$work/clock" --address "$work/address" "$story"
done
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
