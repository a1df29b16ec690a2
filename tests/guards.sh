#!/usr/bin/env bash
# The three guards of the house hold, and each is shown to catch a violation: the symbol
# list, const stores in decisions, and a switch that must know every fact. Also shown:
# what tidy says of an include that goes upward. Argument: the build folder.
set -u
cd "$(dirname "$0")/.." || exit 1
build=$1
gen=build/gen
work=$(mktemp -d) && trap 'rm -rf "$work"' EXIT
failed=0
is() { if [ "$2" = "$3" ]; then echo "ok $1"; else echo "not ok $1: wanted $2, got $3"; failed=1; fi; }
compile() { # FILE -> yes or no
	gcc -std=c11 -D_GNU_SOURCE -D'PROTOBUF_C__FORCE_ENUM_TO_BE_INT_SIZE(x)=' -Wall -Wextra -Werror -Wswitch-enum \
		-I. -I"$gen" -c "$1" -o "$work/out.o" 2>"$work/errors" && echo yes || echo no
}

archives=$build/lib/gen.a
for floor in base wire credential core; do archives="$archives $build/lib/common/$floor.a"; done
for service in enrollment assessment certificate notification; do
	cp "$build/lib/services/$service.a" "$work/$service.a"
	ar d "$work/$service.a" $(ar t "$work/$service.a" | grep -E '^(courier|signer)\.') 2>/dev/null
	archives="$archives $work/$service.a"
done
out=$(tests/symbols.sh $archives 2>&1) && is symbols_clean yes yes || is symbols_clean "" "$out"

for bad in 'long bad(void); #include <time.h>|long bad(void) { return time(0); }' \
	'#include <stdlib.h>|int bad(void); int bad(void) { return rand(); }' \
	'#include <stdio.h>|void *bad(void); void *bad(void) { return fopen("x", "r"); }' \
	'#include <sys/socket.h>|int bad(void); int bad(void) { return socket(1, 1, 0); }'; do
	printf '%s\n%s\n' "$(sed 's/.*\(#include\)/\1/' <<<"${bad%%|*}")" "${bad#*|}" >"$work/bad.c"
	gcc -c "$work/bad.c" -o "$work/bad.o" || exit 1
	tests/symbols.sh $archives "$work/bad.o" >/dev/null 2>&1 && caught=no || caught=yes
	is "symbols_catch_$(nm -u "$work/bad.o" | awk '{print $2}' | tail -n 1)" yes "$caught"
done

cat >"$work/decision.c" <<'C'
#include "common/core/call.h"
void bad(struct call *call);
void bad(struct call *call) { store_put(STORE, slice_text("k"), slice_text("v")); }
C
sed 's/STORE/call_store(call)/' "$work/decision.c" >"$work/bad.c"
is const_catches_a_write_in_a_decision no "$(compile "$work/bad.c")"
sed 's/STORE/(struct store *)call/' "$work/decision.c" >"$work/good.c"
is const_test_compiles_without_the_fault yes "$(compile "$work/good.c")"

# A fact added to the .proto that no switch applies.
mkdir -p "$work/tree/matricula"
cp proto/matricula/*.proto "$work/tree/matricula/"
sed -i 's/^    ClassClosed class_closed = 2;/&\n    ClassForgotten class_forgotten = 99;/; $a message ClassForgotten { string class_id = 1; }' "$work/tree/matricula/class.proto"
mkdir -p "$work/gen" && cp -r "$gen/google" "$work/gen/"
protoc-c --c_out="$work/gen" -I"$work/tree" -I/usr/include "$work"/tree/matricula/*.proto 2>/dev/null
is switch_test_compiles_without_the_fault yes "$(compile services/enrollment/class.c)"
gen=$work/gen
is switch_catches_a_fact_nobody_applies no "$(compile services/enrollment/class.c)"
grep -q 'CLASS_FORGOTTEN' "$work/errors" && named=yes || named=no
is switch_names_the_fact yes "$named"

# Every reason for which an event is not accepted has its Vietnamese sentence.
untold() { # C FILES -> codes without one
	cat "$@" | tr '\n\t' '  ' | grep -oE '(verdict_reject\([^;]*|merge_fault\)\{"[a-z_]+")' |
		sed -nE 's/^verdict_reject\([^,]*, *("[^"]*"|[^,"]*), *"([a-z_]+)".*/\2/p; s/^merge_fault\)\{"([a-z_]+)"$/\1/p' | sort -u |
		while read -r code; do grep -q "{\"$code\"," services/enrollment/event_words.c || echo "$code"; done
}
is every_reason_has_its_vietnamese_sentence "" "$(untold services/enrollment/*.c | tr '\n' ' ')"
printf 'return verdict_reject(verdict, "data.name",\n\t"never_told", "a sentence");\n' >"$work/reason.c"
is a_reason_without_one_is_caught never_told "$(untold "$work/reason.c")"
exit $failed
