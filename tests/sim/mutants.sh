#!/usr/bin/env bash
# Proves the simulator's checkers: into a copy of the tree one fault is sown at a time, the
# simulator is built from it and must fail, naming the invariant that the fault breaks. A
# checker that sleeps lets its mutant live, and that is a failed test.
#
#   tests/sim/mutants.sh [BUILD-FOLDER] [NAME...]     default build/release, all mutants
#
# A mutant is a name, a file, a sed script and what the failing line must match. The script
# must change the file: when the code moves on, the mutant says so instead of passing.
set -u
cd "$(dirname "$0")/../.." || exit 2
build=${1:-build/release}
[ $# -gt 0 ] && shift
wanted=" $* "
tree=$(mktemp -d) || exit 2
trap 'rm -rf "$tree"' EXIT
passed=0 failed=0

cp -r common services proto Makefile "$tree"
mkdir -p "$tree/tests/data" "$tree/tests/scenario" "$tree/build"
cp -r tests/sim "$tree/tests"
cp tests/data/vietnam-units-2025.csv "$tree/tests/data"
# What is built already is taken along, so that each mutant costs one compilation.
[ -d build/gen ] && cp -a build/gen "$tree/build/gen"
mkdir -p "$tree/build/mutant"
for part in gen common services tests/sim lib; do
	[ -d "$build/$part" ] && mkdir -p "$tree/build/mutant/$part" && cp -a "$build/$part/." "$tree/build/mutant/$part"
done
find "$tree/build/mutant" -name '*.d' -exec sed -i "s|$build/|build/mutant/|g" {} +

say() { # VERDICT NAME WHY
	echo "$1 $2${3:+: $3}"
	case $1 in ok) passed=$((passed + 1)) ;; *) failed=$((failed + 1)) ;; esac
}

build_it() { make -s -C "$tree" B=build/mutant build/mutant/tests/sim-run >"$tree/build.log" 2>&1; }

run_it() { (cd "$tree" && timeout 300 build/mutant/tests/sim-run --until-failure --seeds 1-60 "$@" 2>&1); }

# mutant NAME FILE SED-SCRIPT EXPECTED-REGEX
mutant() {
	local name=$1 file=$2 script=$3 expected=$4 out line
	case $wanted in "  " | *" $name "*) ;; *) return ;; esac
	cp "$tree/$file" "$tree/kept"
	sed -E -i "$script" "$tree/$file"
	if cmp -s "$tree/kept" "$tree/$file"; then
		say "not ok" "mutant $name" "its sed script changes nothing in $file"
		return
	fi
	if ! build_it; then
		say "not ok" "mutant $name" "does not build: $(grep -m1 error "$tree/build.log")"
	elif out=$(run_it); then
		say "not ok" "mutant $name" "it lives through 60 seeds"
	else
		line=$(grep -m1 '^not ok' <<<"$out")
		if grep -qE "$expected" <<<"$line"; then
			say ok "mutant $name" "$(cut -c1-160 <<<"${line#not ok }")"
		else
			say "not ok" "mutant $name" "caught otherwise: $(cut -c1-200 <<<"${line:-$(tail -n 1 <<<"$out")}")"
		fi
	fi
	cp "$tree/kept" "$tree/$file"
}

build_it || { cat "$tree/build.log"; exit 2; }
if out=$(run_it --steps 2000); then say ok "the tree itself, 60 seeds"; else say "not ok" "the tree itself" "$(grep -m1 '^not ok' <<<"$out")"; fi

# --- the six that the brief asks for ---------------------------------------------------------------------------------

# A reply leaves before its entry is durable; a crash then loses what was acknowledged.
mutant lost_reply common/core/replies.c \
	's/if \(seq <= node->durable_seq && node->replies\.first == NULL\)/if (seq > 0)/' \
	'replies wait for the disk'
# The same, seen by the callers' own files alone.
mutant lost_acknowledged tests/sim/disk.c \
	's/^disk_crash\(struct disk \*disk, bool commit_survives, bool flush_survives\)$/&/; /^disk_crash\(/,/^\}/ s/^\{$/{\n\tif (disk->head > 200 \&\& disk->head % 3 == 0)\n\t\tdisk->head -= 2;/' \
	'no acknowledged call is lost|reads its own writes|cursors never move back|feeds go on|a retry gets the same|aborted'
# A follower passes over a fact now and then.
mutant skipped_fact common/core/follow.c \
	's/if \(known\[i\]\.method != NULL\)$/if (known[i].method != NULL \&\& (header->seq < 200 || header->seq % 5 != 0))/' \
	'no fact is skipped|mirrors agree'
# A follower writes down a place it was at before.
mutant cursor_moves_back common/core/follow.c \
	's/^\tposition\.seq = feed->seq;$/\tposition.seq = node->head.seq % 9 == 0 ? feed->recorded_seq : feed->seq;/' \
	'cursors never move back|feeds go on'
# After a restart a feed begins again from the start.
mutant cursor_forgotten common/core/follow.c \
	's/^(\t\tfeed_goto\(feed, \(const Mt__Position \*\)position\);)$/\t\tif (node->head.seq % 2 == 0)\n\1/' \
	'cursors never move back|no fact is skipped'
# The saved reply is not looked at: a retry acts again.
mutant double_effect common/core/saved.c \
	's/^\t\treturn SAVED_SAME;$/\t\treturn SAVED_NONE;/' \
	'no call acts twice|a retry gets the same reply'
# A number is left out.
mutant not_dense common/core/journal.c \
	's/\.first_seq = node->committing\.first_seq,/.first_seq = node->committing.first_seq + (node->committing.first_seq > 60),/' \
	'the journal is dense and chained'
# The disk says done and has it in its cache only: what NOSYNC would do.
mutant unsynced_commit tests/sim/disk.c \
	's/^\tif \(disk->committing != NULL\)$/\tif (disk->head > 100)\n\t\tdisk->head -= 3;\n&/' \
	'no acknowledged call is lost|reads its own writes|cursors never move back|feeds go on|a retry gets the same|aborted'

# --- and some more ---------------------------------------------------------------------------------------------------

# A full disk is taken for a commit.
mutant full_is_done common/core/node.c \
	'/^node_committed\(/,/^\}/ s/outcome == OUTCOME_NO_SPACE/outcome == OUTCOME_NO_SPACE \&\& node == NULL/' \
	'replies wait for the disk|the journal is dense and chained|aborted'
# The chain forgets the entry before.
mutant broken_chain common/core/journal.c \
	's/^\tmemcpy\(node->head\.hash, hash, HASH_BYTES\);$/\tif (node->head.seq % 50 != 0)\n&/' \
	'the journal is dense and chained|feeds go on|aborted'
# One seat too many.
mutant overbooked services/enrollment/enrolment.c \
	's/if \(class->seats_taken < class->seats\) \{/if (class->seats_taken <= class->seats) {/' \
	'seats taken are enrolments'
# The nation's figure misses what the province counted.
mutant missing_ancestor common/core/figures.c \
	's/depth < TREE_DEPTH_MAX \&\& tree_parent/depth < 2 \&\& tree_parent/' \
	'figures equal a recount'
# What is being flushed is not seen meanwhile.
mutant blind_overlay common/core/store.c \
	'/^store_get\(/,/^\}/ s/store->frozen != NULL/store->frozen != NULL \&\& key.data[0] != 0xF4/' \
	'figures equal a recount|state equals its rebuild'
# Apply looks at something that the journal does not hold.
mutant impure_apply common/core/apply.c \
	's/^\treturn apply->seq;$/\treturn apply->seq + apply->node->counts.calls;/' \
	'state equals its rebuild|aborted'
# Chance that does not come from the world.
mutant own_chance common/core/call.c \
	's/^\tworld->random\(world->context, &value, sizeof\(value\)\);$/&\n\tstatic uint64_t own;\n\tvalue += own++;/' \
	'the same seed runs the same way'
# Access is looked up once and for all.
mutant stale_access common/core/access.c \
	's/node->caller_version == node->access_version && //' \
	'what is not allowed is refused'
# A split that one service does not act on.
mutant split_forgotten common/core/persons.c \
	's/^\tstand_alone\(apply, id_of\(fact->split_id\)\);$/\tif (apply->seq % 2 == 0)\n\t&/' \
	'mirrors agree'

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
