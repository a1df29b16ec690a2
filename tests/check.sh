#!/usr/bin/env bash
# Runs the tests and counts. A test is a program that prints either cmocka's lines or
# "ok NAME", "not ok NAME: why", "skip NAME: why"; one that ends badly without a
# "not ok" counts as failed, and so does one that printed nothing.
#
#   tests/check.sh BUILD-FOLDER [-- COMMAND...]...      each command is one test program
#
# The last line is "N passed, N failed" (", N skipped"). Full output: BUILD-FOLDER/check.log
set -u
build=$1
shift
log=$build/check.log
: >"$log"
passed=0 failed=0 skipped=0

count() { # NAME EXIT-CODE OUTPUT
	local ok not_ok skip cmocka_ok cmocka_bad
	ok=$(grep -cE '^ok ' <<<"$3")
	not_ok=$(grep -cE '^not ok ' <<<"$3")
	skip=$(grep -cE '^skip ' <<<"$3")
	cmocka_ok=$(sed -nE 's/^\[  PASSED  \] ([0-9]+) test.*/\1/p' <<<"$3" | paste -sd+ | sed 's/^$/0/')
	cmocka_bad=$(sed -nE 's/^\[  FAILED  \] ([0-9]+) test.*/\1/p' <<<"$3" | paste -sd+ | sed 's/^$/0/')
	ok=$((ok + cmocka_ok))
	not_ok=$((not_ok + cmocka_bad))
	if [ "$2" -ne 0 ] && [ "$not_ok" -eq 0 ]; then not_ok=1; fi
	if [ $((ok + not_ok + skip)) -eq 0 ]; then not_ok=1; fi
	passed=$((passed + ok)) failed=$((failed + not_ok)) skipped=$((skipped + skip))
	printf '%-44s %4d passed %3d failed%s\n' "$1" "$ok" "$not_ok" "$([ "$skip" -eq 0 ] || printf ' %3d skipped' "$skip")"
	[ "$not_ok" -eq 0 ] || printf '%s\n' "$3" | grep -E '^not ok |\[  ERROR|\[  FAILED|Error|error|rror:|assert' | head -20
	grep -E '^skip ' <<<"$3" | sed 's/^/    /'
}

run() {
	local name=$* out code
	name=${name%% tests/scenario/*} # not all the stories by name
	out=$("$@" 2>&1 </dev/null)
	code=$?
	printf '=== %s (exit %d)\n%s\n' "$name" "$code" "$out" >>"$log"
	count "${name#"$build"/}" "$code" "$out"
}

command=()
for word in "$@" --; do
	if [ "$word" != -- ]; then
		command+=("$word")
	elif [ ${#command[@]} -gt 0 ]; then
		run "${command[@]}"
		command=()
	fi
done
printf '%d passed, %d failed%s\n' "$passed" "$failed" "$([ "$skipped" -eq 0 ] || printf ', %d skipped' "$skipped")"
[ "$failed" -eq 0 ]
