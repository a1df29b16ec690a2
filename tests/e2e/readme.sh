#!/usr/bin/env bash
# The commands in the READMEs are what people try first: each ```sh block is run, in order,
# against a deployment started for it as `make run` starts one, its story told.
#
#   tests/e2e/readme.sh [BUILD-FOLDER] [FILE.md...]        default: README.md and services/*/README.md
#
# Where a file has blocks marked by a line <!-- test --> just before them, those are run;
# else all of its ```sh blocks. A block of another language that names a file (```js hire.mjs)
# is written to that file, as a reader would save it. The blocks of one file share one shell, as they would for a
# reader. A block that builds, installs or tests everything (make run, make check, apt...)
# is listed as skipped. Addresses and the folder ./var are those of the test's deployment.
set -u
root=$(cd "$(dirname "$0")/../.." && pwd)
build=$root/build/${V:-release}
if [ $# -gt 0 ] && [ -d "$1/bin" ]; then build=$(realpath "$1") && shift; fi
bin=${MATRICULA_BIN:-$build/bin}
block_s=120 ready_s=180
work=$(mktemp -d /tmp/mt-readme-XXXXXX)
passed=0 failed=0 skipped=0
up=

finish() {
	if [ -n "$up" ]; then
		kill -TERM "$up" 2>/dev/null
		for _ in $(seq 300); do kill -0 "$up" 2>/dev/null || break; sleep 0.1; done
		kill -KILL "$up" 2>/dev/null
	fi
	rm -rf "$work"
}
trap finish EXIT
trap 'exit 143' TERM INT

ok() { passed=$((passed + 1)); echo "ok $1"; }
not_ok() { failed=$((failed + 1)); echo "not ok $1: $2"; }
skip() { skipped=$((skipped + 1)); echo "skip $1: $2"; }
free_port() { /usr/bin/python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
token() { "$bin/matricula" token --roles "$1" --authority VN --data "$work/copy/var"; }

end() {
	if [ "$skipped" -eq 0 ]; then echo "$passed passed, $failed failed"; else echo "$passed passed, $failed failed, $skipped skipped"; fi
	[ "$failed" -eq 0 ]
	exit
}

# blocks FILE FOLDER: one file a block, numbered, with its first line number; "marked" tells which kind there is.
blocks() {
	/usr/bin/python3 - "$1" "$2" <<'PY'
import os, re, sys
path, folder = sys.argv[1:]
found, block, marked, before = [], None, False, ""
for number, line in enumerate(open(path, encoding="utf-8"), 1):
    fence = re.match(r"\s*(`{3,}|~{3,})\s*(\w*)(?: +(\S+))?\s*$", line)
    if block is None and fence and fence.group(2) in ("sh", "bash", "shell", "console"):
        block = (number, before == "<!-- test -->", [], fence.group(1), None)
    elif block is None and fence and fence.group(3):
        block = (number, before == "<!-- test -->", [], fence.group(1), fence.group(3))
    elif block is None and fence and fence.group(1):
        block = (number, None, [], fence.group(1), None)
    elif block is not None and fence and fence.group(2) == "" and fence.group(1).startswith(block[3]):
        if block[1] is not None:
            found.append(block)
        block = None
    elif block is not None:
        block[2].append(line)
    if line.strip():
        before = line.strip()
if block is not None:
    sys.exit("%s:%d: a fence is never closed" % (path, block[0]))
marked = any(b[1] for b in found)
for number, is_marked, lines, _, name in found:
    if marked and not is_marked:
        continue
    if name is not None:
        lines = ["cat >'%s' <<'END OF THE FILE'\n" % name] + lines + ["END OF THE FILE\n"]
    prompts = [line for line in lines if line.startswith("$ ")]
    text = "".join(line[2:] for line in prompts) if prompts else "".join(lines)
    with open(os.path.join(folder, "%05d" % number), "w", encoding="utf-8") as out:
        out.write(text)
PY
}

# Node's packages come from its registry: without npm, or without the net, what needs them is skipped.
node_lacks() {
	command -v node >/dev/null && command -v npm >/dev/null || { echo "there is no node or no npm here"; return 0; }
	[ "$(node -p 'process.versions.node.split(".")[0]')" -ge 20 ] || { echo "node is older than 20"; return 0; }
	timeout 60 npm view cloudevents version >/dev/null 2>&1 || { echo "npm reaches no registry"; return 0; }
	return 1
}

start() {
	# A copy of what a reader has, so that ./var and what a block writes is ours.
	mkdir -p "$work/copy/build/release" "$work/bin"
	for entry in "$root"/*; do
		case $(basename "$entry") in build | var) ;; *) ln -s "$entry" "$work/copy/" ;; esac
	done
	ln -s "$bin" "$work/copy/build/release/bin"
	ln -s /usr/bin/python3 "$work/bin/python3" # the one that python3-zmq is for
	http=$(free_port) door=$(free_port)
	: >"$work/up.log"
	# What `make run` leaves, with few people: units, the story and its tokens, the five servers.
	SMTP=127.0.0.1:$(free_port) DOOR=tcp://127.0.0.1:$door PEOPLE=1 PUBLIC_URL=https://training.example.vn \
		"$root/deploy/run.sh" "$bin" "$work/copy/var" "127.0.0.1:$http" >"$work/up.log" 2>&1 &
	up=$!
	for _ in $(seq $((ready_s * 5))); do
		grep -q '^It stays up' "$work/up.log" && return 0
		kill -0 "$up" 2>/dev/null || break
		sleep 0.2
	done
	not_ok "the deployment is ready" "$(tail -3 "$work/up.log" | tr '\n' ' ')"
	end
}

run_file() {
	local file=$1 name=${1#"$root"/} folder block number text list=() why
	folder=$work/blocks/${name//\//_}
	mkdir -p "$folder"
	if ! why=$(blocks "$file" "$folder" 2>&1); then
		not_ok "$name" "$why"
		return
	fi
	for block in "$folder"/[0-9]*; do
		[ -e "$block" ] || continue
		number=$((10#$(basename "$block")))
		text=$(cat "$block")
		# The deployment is there already: what would start another is left out of its block.
		sed -i -E 's#^([^\#]*/)?matricula (up|run)\b.*#: the test has started it#' "$block"
		if grep -qE '^[^#]*\b(make( +-j ?[0-9]+)?( +[A-Z]+=[^ ]+)*( +(run|check|bench|deps|sim|fuzz|all|clean|format))?( |$|;)|apt(-get)? |debootstrap|git clone|systemctl|chroot|cd matricula)\b' <<<"$text"; then
			skip "$name:$number" "it builds, installs or starts everything: $(grep -vE '^\s*(#|$)' "$block" | head -1)"
			continue
		fi
		if grep -qE '^ *(npm|node) ' <<<"$text" && why=$(node_lacks); then
			skip "$name:$number" "$why"
			continue
		fi
		# The deployment's public address is answered here.
		sed -i -E "s#https://training\.example\.vn#http://127.0.0.1:$http#g; s#(127\.0\.0\.1|localhost):8080#127.0.0.1:$http#g; s#(127\.0\.0\.1|localhost):5570#127.0.0.1:$door#g" "$block"
		list+=("$block")
	done
	[ ${#list[@]} -gt 0 ] || return
	(
		cd "$work/copy" || exit 1
		export PATH="$work/bin:$work/copy/build/release/bin:$PATH" TERM=dumb
		for block in "${list[@]}"; do echo "$block"; done >"$folder/list"
		# shellcheck disable=SC2016
		timeout -k 5 $((block_s * ${#list[@]})) bash -o pipefail -c '
			while IFS= read -r __block <&9; do
				echo "$__block" >"$1/now"
				set -e; . "$__block" </dev/null; set +e
				echo "$__block" >>"$1/done"
			done 9<"$1/list"' readme "$folder" >"$folder/out" 2>&1
		echo $? >"$folder/code"
	)
	for block in "${list[@]}"; do
		number=$((10#$(basename "$block")))
		if grep -qxF "$block" "$folder/done" 2>/dev/null; then
			ok "$name:$number"
		elif [ "$(cat "$folder/now" 2>/dev/null)" = "$block" ]; then
			not_ok "$name:$number" "exit $(cat "$folder/code"): $(tail -3 "$folder/out" | cut -c1-300 | tr '\n' ' ')"
		else
			skip "$name:$number" "a block before it failed"
		fi
	done
}

if [ $# -gt 0 ]; then files=("$@"); else files=("$root/README.md" "$root"/services/*/README.md); fi
there=()
for file in "${files[@]}"; do [ -f "$file" ] && there+=("$(realpath "$file")"); done
if [ ${#there[@]} -eq 0 ]; then
	skip "READMEs" "there are none yet"
	end
fi
[ -x "$bin/matricula" ] || { not_ok "binaries" "$bin/matricula is missing, run make"; end; }
start
for file in "${there[@]}"; do run_file "$file"; done
end
