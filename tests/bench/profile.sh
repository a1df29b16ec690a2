#!/usr/bin/env bash
# Where the instructions of an event go in the enrollment node: node_bench under callgrind,
# for new people and for scattered changes. Writes tests/bench/callgrind.md.
#   tests/bench/profile.sh [BUILD_FOLDER]
set -eu
cd "$(dirname "$0")/../.."
build=${1:-build/release}
events=${EVENTS:-5000} people=${PEOPLE:-20000}
out=tests/bench/callgrind.md
work=$(mktemp -d /var/tmp/matricula-callgrind-XXXXXX)
trap 'rm -rf "$work"' EXIT

# One table from what callgrind_annotate says: function, place, instructions an event, share.
table() { # FILE inclusive|exclusive ROWS
	local inclusive=no
	[ "$2" = inclusive ] && inclusive=yes
	callgrind_annotate --inclusive=$inclusive --threshold=100 --show-percs=no "$1" 2>/dev/null |
		awk -v events="$events" -v rows="$3" '
		/PROGRAM TOTALS/ { gsub(",", "", $1); total = $1 }
		$1 ~ /^[0-9,]+$/ && $2 ~ /:/ {
			count = $1; gsub(",", "", count); name = place = $2
			sub(/:[^:]*$/, "", place); sub(/.*:/, "", name); sub(/\..*$/, "", name)
			if (place !~ /^(\/work|common|services|build|tests)/) place = ""
			if (place ~ /^\// || name ~ /^(0x|main|measured|alone_|push|settle|\(below|_start|__libc_start)/) next
			if (place == "") { place = $NF; sub(/^.*\//, "", place); sub(/\]$/, "", place) }
			if (seen[name]++) next
			if (shown++ < rows) printf "| %s | %s | %d | %.1f %% |\n", name, place, count / events, 100 * count / total
		}'
}

{
	echo "# The enrollment node under callgrind"
	echo
	echo "Made by tests/bench/profile.sh: node_bench, frames of 500 events, $people people of whom the memtable knows"
	echo "all, no network and no disk. Instructions an event, from the arrival of a frame until its replies left."
	echo "Valgrind has no SHA instructions: libcrypto, which hashes in hardware elsewhere, is shown several times too large."
	for kind in hired mixed; do
		valgrind --tool=callgrind --callgrind-out-file="$work/$kind" --collect-atstart=no --toggle-collect='measured*' \
			"$build/tests/bench/node_bench" $kind "$events" "$people" tests/data/vietnam-units-2025.csv >"$work/said" 2>"$work/err"
		total=$(awk '/^(summary|totals):/ { print $2; exit }' "$work/$kind")
		crypto=$(callgrind_annotate --threshold=100 --show-percs=no "$work/$kind" 2>/dev/null |
			awk '/libcrypto/ { gsub(",", "", $1); sum += $1 } END { printf "%d", sum }')
		printf '\n## %s: %d instructions an event, %d of them in libcrypto\n' "$kind" $((total / events)) \
			$((crypto / events))
		for way in inclusive exclusive; do
			printf '\n| %s | where | instructions an event | share |\n|---|---|---|---|\n' "$way"
			[ $way = inclusive ] && rows=40 || rows=25
			table "$work/$kind" $way $rows
		done
	done
} >"$work/callgrind.md"
mv "$work/callgrind.md" "$out"
chmod 644 "$out"
cat "$out"
