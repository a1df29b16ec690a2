#!/usr/bin/env bash
# Proves the checkers: into a copy of the tree one fault is sown at a time, the simulator (or
# the runner of scenarios) is built from it and must fail, naming the invariant that the fault
# breaks (or the scenario). A checker that sleeps lets its mutant live, and that is a failed test.
#
#   tests/sim/mutants.sh [BUILD-FOLDER] [NAME...]     default build/release, all mutants
#
# A mutant is a name, a file, a sed script and what the failing line must match: mutant is for
# the simulator, story for the scenarios in the pure way. The script must change the file: when
# the code moves on, the mutant says so instead of passing.
set -u
cd "$(dirname "$0")/../.." || exit 2
build=${1:-build/release}
[ $# -gt 0 ] && shift
wanted=" $* "
tree=$(mktemp -d) || exit 2
trap 'rm -rf "$tree"' EXIT
passed=0 failed=0

cp -r common services proto Makefile "$tree"
mkdir -p "$tree/tests" "$tree/build"
cp -r tests/sim tests/scenario tests/data "$tree/tests"
# What is built already is taken along, so that each mutant costs one compilation.
[ -d build/gen ] && cp -a build/gen "$tree/build/gen"
mkdir -p "$tree/build/mutant"
for part in gen common services tests/sim tests/scenario lib; do
	[ -d "$build/$part" ] && mkdir -p "$tree/build/mutant/$part" && cp -a "$build/$part/." "$tree/build/mutant/$part"
done
find "$tree/build/mutant" -name '*.d' -exec sed -i "s|$build/|build/mutant/|g" {} +

say() { # VERDICT NAME WHY
	echo "$1 $2${3:+: $3}"
	case $1 in ok) passed=$((passed + 1)) ;; *) failed=$((failed + 1)) ;; esac
}

build_it() { # PROGRAM
	make -s -C "$tree" B=build/mutant "build/mutant/tests/$1" >"$tree/build.log" 2>&1
}

run_it() { # PROGRAM ARGUMENTS...
	case $1 in
	sim-run) set -- --until-failure --seeds 1-60 "${@:2}" ;;
	scenario-run) set -- --way pure $(cd "$tree" && ls tests/scenario/*.txt) ;;
	esac
	(cd "$tree" && timeout 300 "build/mutant/tests/$program" "$@" 2>&1)
}

# sow PROGRAM NAME FILE SED-SCRIPT EXPECTED-REGEX
sow() {
	local program=$1 name=$2 file=$3 script=$4 expected=$5 out line
	case $wanted in "  " | *" $name "*) ;; *) return ;; esac
	cp "$tree/$file" "$tree/kept"
	sed -E -i "$script" "$tree/$file"
	if cmp -s "$tree/kept" "$tree/$file"; then
		say "not ok" "mutant $name" "its sed script changes nothing in $file"
		return
	fi
	if ! build_it "$program"; then
		say "not ok" "mutant $name" "does not build: $(grep -m1 error "$tree/build.log")"
	elif out=$(run_it "$program"); then
		say "not ok" "mutant $name" "it lives through all of $program"
	else
		line=$(grep -E '^not ok' <<<"$out" | grep -m1 -E "$expected")
		if [ -n "$line" ]; then
			say ok "mutant $name" "$(cut -c1-160 <<<"${line#not ok }")"
		else
			line=$(grep -m1 '^not ok' <<<"$out")
			say "not ok" "mutant $name" "caught otherwise: $(cut -c1-200 <<<"${line:-$(tail -n 1 <<<"$out")}")"
		fi
	fi
	cp "$tree/kept" "$tree/$file"
}

mutant() { sow sim-run "$@"; }
story() { sow scenario-run "$@"; }

program=sim-run
build_it sim-run && build_it scenario-run || { cat "$tree/build.log"; exit 2; }
if out=$(run_it sim-run --steps 2000); then say ok "the tree itself, 60 seeds"; else say "not ok" "the tree itself" "$(grep -m1 '^not ok' <<<"$out")"; fi
program=scenario-run
if out=$(run_it scenario-run); then say ok "the tree itself, all scenarios"; else say "not ok" "the tree itself" "$(grep -m1 '^not ok' <<<"$out")"; fi

# --- the six that the brief asks for ---------------------------------------------------------------------------------

# A reply leaves before its entry is durable; a crash then loses what was acknowledged.
mutant lost_reply common/core/replies.c \
	's/^\tif \(seq <= node->durable_seq\) \{$/\tif (seq > 0) {/' \
	'replies wait for the disk'
# The same, seen by the callers' own files alone.
mutant lost_acknowledged tests/sim/disk.c \
	's/^disk_crash\(struct disk \*disk, bool commit_survives, bool flush_survives\)$/&/; /^disk_crash\(/,/^\}/ s/^\{$/{\n\tif (disk->head > 200 \&\& disk->head % 3 == 0)\n\t\tdisk->head -= 2;/' \
	'no acknowledged call is lost|reads its own writes|cursors never move back|feeds go on|a retry gets the same|aborted'
# A follower passes over a fact now and then.
mutant skipped_fact common/core/follow.c \
	's/if \(known\[i\]\.method != NULL\)$/if (known[i].method != NULL \&\& (header->seq < 200 || header->seq % 5 != 0))/' \
	'no fact is skipped|mirrors agree'
# A feed names a fact that something here reacts to among those it does nothing with.
mutant reaction_passed_over common/core/follow.c \
	's/^\t\t\tif \(reaction == NULL\)$/\t\t\tif (reaction == NULL || strcmp(leaf->short_name, "LearnerEnrolled") == 0)/' \
	'no fact is skipped'
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
	's/ancestors->count < TREE_DEPTH_MAX - 1/ancestors->count < 1/' \
	'figures equal a recount'
# What is being flushed is not seen meanwhile.
mutant blind_overlay common/core/store.c \
	'/^store_get_below\(/,/^\}/ s/store->frozen != NULL/store->frozen != NULL \&\& key.data[0] != 0xF4/' \
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
	's/node->caller_version != node->access_version \|\| //' \
	'what is not allowed is refused'
# A split that one service does not act on.
mutant split_forgotten common/core/persons.c \
	's/^\tstand_alone\(apply, id_of\(fact->split_id\)\);$/\tif (apply->seq % 2 == 0)\n\t&/' \
	'mirrors agree'

# What is remembered of who is one person outlives a merge.
story person_remembered common/core/persons.c \
	's/^\t\tapply->node->persons_known\.count = 0;$/\t\treturn;/' \
	'passport_merged'

# --- of the registry -------------------------------------------------------------------------------------------------

# The brake never goes on.
story deaf_brake services/enrollment/brake_window.c \
	's/return changes > BRAKE_CHANGES_MAX/return changes > UINT32_MAX/' \
	'brake_'
# Who pushed the events releases them.
story own_releaser services/enrollment/brake_hold.c \
	'/^may_decide\(/,/^\}/ s/if \(!is_pusher\(hold, call_subject\(call\)\)\)/if (hold->n_pushed_by > 0)/' \
	'brake_'
# What a correction takes back stays counted beside what it puts in its place.
story corrected_twice services/enrollment/person.c \
	's/correction_count\(apply, fact->person_id, change, -1\)/correction_count(apply, fact->person_id, change, 0)/' \
	'person_two_times'
# Personal data stays in the message beside its sealed form.
mutant sealed_in_clear common/core/personal.c \
	's/^\t\*spot->at = pb_new\(spot->type->descriptor, sealing->arena\);$/\t*spot->at = plain;/' \
	'personal data is sealed'
# A name leads to the person after the erasure.
mutant posting_left services/enrollment/search_rows.c \
	's/^\t\tif \(!words_hold\(&new, old\.at\[i\]\)\)$/\t\tif (!after->erased \&\& !words_hold(\&new, old.at[i]))/' \
	'state equals its rebuild'
# A name of before leads to the person after the erasure.
story past_left services/enrollment/erasure.c \
	's/^\tpast_follow\(apply, before, &was, after\);$//' \
	'search_then|state equals its rebuild'
# A split leaves what came through the other record to be found under this one.
story past_unsplit services/enrollment/person.c \
	'/^person_refresh\(/,/^\}/ s/past_of\(apply, before, &was\)/past_of(apply, changed, \&was)/' \
	'search_then|state equals its rebuild'
# Whoever the code was taken from is forgotten.
story holder_forgotten services/enrollment/person_settle.c \
	'/^code_put\(/,/^\}/ s/if \(another && held\.kind != STAFF_EXPECTED\)/if (another \&\& held.kind == STAFF_EXPECTED)/' \
	'person_code_reused'
# Who left from where a wrong transfer led stays counted there.
story departures_stay services/enrollment/person_effect.c \
	's/^\t\tif \(is_transfer\(&effects\[i\]\)\)$/\t\tif (count == 0)/' \
	'person_transfer_corrected|figures equal a recount'
# A receiver corrects whatever another source said.
story receiver_of_all services/enrollment/event_correct.c \
	's/if \(change->corrects_other_source &&$/if (change == NULL \&\&/' \
	'person_transfer_corrected'
# The province's sources are not added up.
story commune_by_commune services/enrollment/brake.c \
	'/^brake_count\(/,/^\}/ s/row_count\(apply, id_locality\(counted_at\), true\)/(void)counted_at/' \
	'brake_province'
# An authority that merges leaves its stocks where it stood.
mutant stocks_left common/core/figures.c \
	's/value == 0 \|\| \(month != 0 && month < first_month\)/value == 0 || month < first_month/' \
	'figures equal a recount'
# An event does not wait for its predecessor.
story sequence_ignored services/enrollment/event_sequence.c \
	's/if \(arrival->sequence == last \+ 1\)/if (arrival->sequence > last)/' \
	'event_sequence'
# What lies ahead acts at once.
story hasty_change services/enrollment/person.c \
	'/^change_lies_ahead\(/,/^\}/ s/date <= apply_today\(apply\)/date <= apply_today(apply) + 3650/' \
	'person_two_times'
# Somebody who serves elsewhere is told of.
story lookup_everywhere services/enrollment/search.c \
	'/^citizen_within\(/,/^\}/ s/if \(tree_covers\(.*\)\)$/if (person != NULL)/; /^person_lookup\(/,/^\}/ s/call_scope\(call, person->authority_id\)/call_scope(call, call_authority(call))/' \
	'search_citizen_id'
# One person gets two certificates of a class, under two ids that were merged.
story certified_twice services/certificate/completion.c \
	'/^certified_elsewhere\(/,/^\}/ s/^\t\t\treturn true;$/\t\t\treturn false;/' \
	'person_merged'
# A corrected certificate has two editions that stand.
mutant never_superseded services/certificate/correct.c \
	's/^\tedition->superseded_at = at;$/\t(void)at;/' \
	'status bits are what was decided'
# Whoever holds the edition before hears nothing of the correction.
mutant superseded_in_silence services/certificate/correct.c \
	'/^supersede\(/,/^\}/ s/MT__STATUS_LIST__PURPOSE__REVOCATION, true/MT__STATUS_LIST__PURPOSE__REVOCATION, false/' \
	'status bits are what was decided'
# A suspension that is lifted stays in the list.
mutant suspended_for_good services/certificate/change.c \
	'/^apply_reinstated\(/,/^\}/ s/PURPOSE__SUSPENSION, false/PURPOSE__SUSPENSION, true/' \
	'status bits are what was decided'
# Who corrects what is suspended lifts the suspension by it.
story corrected_free services/certificate/correct.c \
	'/^correct_apply\(/,/^\}/ s/PURPOSE__SUSPENSION, true/PURPOSE__SUSPENSION, false/' \
	'certificate_holder_corrected'
# What waits for approval keeps the name that the registry has corrected.
story waiting_name services/certificate/completion_apply.c \
	'/^completion_apply_holder\(/,/^\}/ s/it->personal == NULL/it->certificate_id[0] == 0/' \
	'certificate_holder_corrected'
# A name that was right on its day is corrected too.
story former_name services/certificate/holder.c \
	's/strcmp\(\*text, mistaken\) != 0/strcmp(*text, right) == 0/' \
	'certificate_holder_corrected'
# A reminder of what was renewed.
story reminded_again services/certificate/expiry.c \
	'/^emit_expiring\(/,/^\}/ s/ \|\| renewed_by\(call, certificate\)\[0\] != .*\)$/)/' \
	'certificate_recertified'
# A certificate ends a day early.
story early_end services/certificate/expiry.c \
	's/^\tset_timer\(apply, certificate, last \+ 1, 0\);$/\tset_timer(apply, certificate, last, 0);/' \
	'certificate_expiry'
# A corrected name settles what is to be looked at of the mark.
story review_settled services/certificate/correct.c \
	's/^\tif \(fact->mark_corrected\)$/\tif (fact->mark_corrected || certificate->edition > 1)/' \
	'certificate_review'
# A place of the register is left out now and then.
mutant register_gap services/certificate/issue.c \
	's/\+\+issuing->place/issuing->place += 1 + (issuing->place % 5 == 4)/' \
	'registers and the log have no gaps'
# A fact stays closed of which something personal is read.
story closed_and_read services/certificate/service.c \
	's/^\t&mt__certificate_issued__descriptor,$/\t\&mt__holder_corrected__descriptor,/' \
	'certificate_holder'
# Who was released by the rule goes on waiting, and is certified again with the next.
story released_again services/certificate/completion_apply.c \
	'/^completion_apply_certified\(/,/^\}/ s/^\tapply_delete\(/\tif (!completion->released)\n\t\tapply_delete(/' \
	'certificate_automatic'
# What is suspended or revoked stays counted as valid.
mutant valid_for_ever services/certificate/change.c \
	's/count_state\(apply, certificate, -1\)/count_state(apply, certificate, 0)/' \
	'status bits are what was decided'
# What the kind asks for does not matter.
story rules_ignored services/certificate/kind.c \
	's/if \(completion->mark_percent < kind->mark_percent_min\)/if (completion->mark_percent + 100 < kind->mark_percent_min)/' \
	'certificate_(automatic|regraded)'
# Anybody who leads may sign.
story anybody_signs services/certificate/kind.c \
	's/if \(kind->n_signatories == 0\)/if (kind->n_signatories < 1000)/' \
	'certificate_signatory'
# A code that is on no list is taken.
story codes_unchecked services/enrollment/event_check.c \
	's/&& (code_list_check\([^;]*\));/\&\& (\1 || (*verdict = (struct verdict){0}, true));/' \
	'code_list_'
# A pair that was dismissed comes back unasked.
story dismissed_again services/enrollment/duplicate_pair.c \
	's/return \(shared & ~\(dismissed != NULL \? dismissed->shared : 0\)\) != 0;/return shared != 0 || (dismissed != NULL \&\& shared > UINT16_MAX);/' \
	'duplicate_'
# A node of the log is hashed the wrong way round.
mutant log_turned common/credential/merkle.c \
	's/^\t\tmerkle_node_hash\(frontier->peaks\[level\], hash, hash\);$/\t\tmerkle_node_hash(hash, frontier->peaks[level], hash);/' \
	'the log is the tree of its facts'
# A leaf is told of and not appended.
mutant leaf_forgotten services/certificate/issue.c \
	'/^issue_apply_edition\(/,/^\}/ s/^\ttlog_apply\(apply, leaf\);$/\tif (edition->status_index % 4 != 0)\n&/' \
	'the log is the tree of its facts|registers and the log have no gaps|aborted'
# Another certificate is revoked than was meant.
mutant bit_mistaken services/certificate/status_list.c \
	's/0x80 >> within % 8/0x01 << within % 8/' \
	'status bits are what was decided'
# Two certificates share their bit.
mutant index_shared services/certificate/status_list.c \
	's/bits_place\(places->key, places->given\+\+\)/bits_place(places->key, places->given++ \/ 2)/' \
	'status bits are what was decided|registers and the log have no gaps'
# Whoever retires the last key leaves status lists that nobody can sign.
story key_without_successor services/certificate/issuer.c \
	'/^succeed\(/,/^\}/ s/if \(!signs \|\| /if (signs || /' \
	'issuer_keys|transparency_checkpoint|aborted'
# Credentials take whatever address the service was started with.
story address_drifts services/certificate/issuer_url.c \
	'/^public_url_agrees\(/,/^\}/ s/last->trial \|\| strcmp\(last->url, started\) == 0/last->url[0] != 0/' \
	'issuer_public_url'
# Anything is kept as a signature.
story signature_unchecked services/certificate/issuer_jwt.c \
	'/^take_signed\(/,/^\}/ s/if \(!is_signed\(/if (in->jwt.len > 100000 \&\& !is_signed(/' \
	'issuer_jwt_waits'
# By hand a kind's hours and mark are not asked for.
story by_hand_waived services/certificate/issue_by_hand.c \
	'/^rules_check\(/,/^\}/ s/short_of == NULL\)/short_of == NULL || kind->kind_code[0] != 0)/' \
	'certificate_by_hand_rules'
# An erasure passes over what came in conflict with an event that waits.
story conflict_left services/enrollment/event_kept.c \
	'/^erase_one\(/,/^\}/ s/event_erase_conflicts\(apply, locality, hash\);/(void)locality;/' \
	'subject_export_events'
# Whoever reads a whole file is shown what was sent about somebody else.
story shows_another services/enrollment/subject.c \
	'/^conflict_shown\(/,/^\}/ s/strcmp\(person->staff_codes\[i\]->code, event->subject\) == 0/event->subject[0] != 0/' \
	'subject_export_events'

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
