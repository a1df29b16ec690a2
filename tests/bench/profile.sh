#!/usr/bin/env bash
# Where the instructions of an event go in the enrollment node, and those of a certificate in
# the certificate node and in notification: node_bench under callgrind. Writes
# tests/bench/callgrind.md.
#   tests/bench/profile.sh [BUILD_FOLDER]
set -eu
cd "$(dirname "$0")/../.."
build=${1:-build/release}
events=${EVENTS:-5000} people=${PEOPLE:-20000} certificates=${CERTIFICATES:-3000}
out=tests/bench/callgrind.md
work=$(mktemp -d /var/tmp/matricula-callgrind-XXXXXX)
trap 'rm -rf "$work"' EXIT

# What is counted of one run: functions that match, for that many events. Leaves the counts in $work/NAME.
count() { # NAME FUNCTIONS ARGUMENTS...
	local name=$1 functions=$2
	shift 2
	valgrind --tool=callgrind --callgrind-out-file="$work/$name" --collect-atstart=no --toggle-collect="$functions" \
		"$build/tests/bench/node_bench" "$@" >"$work/said" 2>"$work/err"
}

# One table from what callgrind_annotate says: function, place, instructions an event, share.
table() { # FILE inclusive|exclusive ROWS EVENTS
	local inclusive=no
	[ "$2" = inclusive ] && inclusive=yes
	callgrind_annotate --inclusive=$inclusive --threshold=100 --show-percs=no "$1" 2>/dev/null |
		awk -v events="$4" -v rows="$3" '
		/PROGRAM TOTALS/ { gsub(",", "", $1); total = $1 }
		$1 ~ /^[0-9,]+$/ && $2 ~ /:/ {
			count = $1; gsub(",", "", count); name = place = $2
			sub(/:[^:]*$/, "", place); sub(/.*:/, "", name); sub(/\..*$/, "", name)
			if (place !~ /^(\/work|common|services|build|tests)/) place = ""
			if (place ~ /^\// || name ~ /^(0x|main|issue$|measured|served|followed|following_run|alone_|push|settle|\(below|_start|__libc_start)/) next
			if (place == "") { place = $NF; sub(/^.*\//, "", place); sub(/\]$/, "", place) }
			if (seen[name]++) next
			if (shown++ < rows) printf "| %s | %s | %d | %.1f %% |\n", name, place, count / events, 100 * count / total
		}'
}

# A heading with the sum, then both tables.
section() { # NAME TITLE EVENTS
	local total crypto
	total=$(awk '/^(summary|totals):/ { print $2; exit }' "$work/$1")
	crypto=$(callgrind_annotate --threshold=100 --show-percs=no "$work/$1" 2>/dev/null |
		awk '/libcrypto/ { gsub(",", "", $1); sum += $1 } END { printf "%d", sum }')
	printf '\n## %s: %d instructions, %d of them in libcrypto\n' "$2" $((total / $3)) $((crypto / $3))
	for way in inclusive exclusive; do
		printf '\n| %s | where | instructions | share |\n|---|---|---|---|\n' "$way"
		[ $way = inclusive ] && rows=40 || rows=25
		table "$work/$1" $way $rows "$3"
	done
}

{
	echo "# The nodes under callgrind"
	echo
	echo "Made by tests/bench/profile.sh, without network and disk. Instructions an event, from the arrival of a frame of 500"
	echo "until its replies left, in the enrollment node, where the memtable knows all $people people; and instructions a"
	echo "certificate: decided, signed and applied in the certificate node, served by it to notification, and turned into a"
	echo "message there. Valgrind has no SHA instructions: libcrypto, which hashes in hardware elsewhere, is shown several"
	echo "times too large."
	for kind in hired mixed; do
		count $kind 'measured*' $kind "$events" "$people" tests/data/vietnam-units-2025.csv
		section $kind "$kind, an event" "$events"
	done
	count issued 'measured_issuing*' certificates "$certificates"
	section issued "a certificate issued" "$certificates"
	count officers 'measured_issuing*' officers "$certificates"
	section officers "a certificate of a kind with rules, an end and reminders issued" "$certificates"
	for part in served followed; do
		count $part "$part*" certificates "$certificates" notification
		section $part "a certificate $part" "$certificates"
	done
} >"$work/callgrind.md"
mv "$work/callgrind.md" "$out"
chmod 644 "$out"
cat "$out"
