#!/usr/bin/env bash
# The manners of the house as a test: what may include what, which calls are banned, how long
# a file and a function may be, headers that stand alone. Prints each breach; silent when clean.
set -u
cd "$(dirname "$0")/.." || exit 1
gen=${GEN:-build/gen}
breach() { printf '%s\n' "$1"; }
each() { while IFS= read -r line; do [ -z "$line" ] || breach "$1: $line"; done; }
sources() { git ls-files --cached --others --exclude-standard "$@" | while IFS= read -r f; do [ -f "$f" ] && echo "$f"; done; }

check_all() {

# Floors include only downward; host stands beside them and only edges and main.c meet it.
# The notification courier and the signer of JWTs work beside their nodes: they are linked to main.c alone.
edges='^services/(gateway|ctl|verify)/|^services/[a-z]+/main\.c|^services/notification/courier|^services/certificate/signer'
includes() { grep -nE '^#include' "$@" /dev/null; }
includes $(sources 'common/base/*.[ch]') | grep -E '"(common/(wire|core|host)|services|matricula)/' | each 'base includes upward'
includes $(sources 'common/wire/*.[ch]') | grep -E '"(common/(core|host)|services)/' | each 'wire includes upward'
includes $(sources 'common/credential/*.[ch]') | grep -vE '"common/(base|wire|credential)/|<(assert|math|stdlib|sodium|zlib|openssl/(core_names|err|evp|param_build|x509))\.h>' | each 'credential includes more than base, wire and its libraries'
includes $(sources 'common/core/*.[ch]') | grep -E '"(common/host|services)/' | each 'core includes upward'
includes $(sources 'services/*.[ch]') | grep -vE "$edges" | grep -E '"common/(host/|core/impl\.h)' | each 'a service meets host or the inside of core'
includes $(sources 'common/*.[ch]' 'services/*.[ch]') | grep -vE '^common/host/' | grep -vE "$edges" |
	grep -E '<(uv|zmq|lmdb|microhttpd|curl/.*|sys/.*|unistd|time|pthread)\.h>' | grep -vE '^common/base/(hash\.c.*pthread|arena\.c.*sys/mman)' | each 'the outside is included'

# Banned calls.
calls() { grep -nE "(^|[^a-zA-Z0-9_])($1) *\(" "${@:2}" /dev/null | grep -vE '^[^:]*:[0-9]+: \*|/\*'; }
calls 'strcpy|strcat|sprintf|atoi|atol|gets|strtok|rand|srand|alloca' $(sources 'common/*.[ch]' 'services/*.[ch]' 'proto/gen/*.[ch]') | each 'banned call'
calls 'malloc|calloc|realloc|free|printf|fprintf|puts' $(sources 'services/*.c' | grep -vE "$edges") | each 'a service allocates or prints'
calls 'printf|fprintf|puts' $(sources 'common/core/*.c' 'common/wire/*.c' 'common/credential/*.c') | each 'a floor prints'
calls 'time|gettimeofday|clock_gettime|localtime|gmtime|mktime' $(sources 'common/base/*.c' 'common/wire/*.c' 'common/credential/*.c' 'common/core/*.c') | each 'a floor asks for the time'

# Sizes. Longer ones stand in tests/tidy.long with the reason.
long() { grep -qE "^$1( |$)" tests/tidy.long 2>/dev/null; }
for file in $(sources '*.c' '*.h' '*.sh' '*.py'); do
	lines=$(wc -l <"$file")
	[ "$lines" -le 500 ] || long "$file" || breach "$file has $lines lines"
done
for file in $(sources '*.c'); do
	awk -v file="$file" '/^{/ {start = NR} /^}/ && start {if (NR - start - 1 > 70) print file ":" start " function of " NR - start - 1 " lines"; start = 0}' "$file"
done | while IFS= read -r line; do long "${line%% *}" || echo "$line"; done | each 'too long'

grep -nE 'FIXME|TODO|\bXXX\b' $(sources '*.c' '*.h' '*.proto' '*.sh' '*.py' Makefile | grep -v tests/tidy.sh) /dev/null | each 'left over'

# Headers compile alone, if the generated ones are there.
if [ -d "$gen/matricula" ]; then
	flags="-std=c11 -D_GNU_SOURCE -I. -I$gen $(pkg-config --cflags libmicrohttpd libuv pangocairo 2>/dev/null)"
	export flags
	sources 'common/*.h' 'services/*.h' 'proto/gen/*.h' |
		xargs -P2 -I{} sh -c 'gcc $flags -fsyntax-only -x c {} 2>/dev/null || echo {}' | each 'header does not compile alone'
fi

# Format, which also keeps lines within 120 columns.
if command -v clang-format >/dev/null; then
	clang-format --dry-run --Werror $(sources '*.c' '*.h') 2>&1 | grep -oE '^[^:]+:[0-9]+' | sort -u -t: -k1,1 | each 'not formatted (make format)'
fi
}

found=$(check_all)
[ -z "$found" ] || { printf '%s\n%d breaches\n' "$found" "$(printf '%s\n' "$found" | wc -l)"; exit 1; }
