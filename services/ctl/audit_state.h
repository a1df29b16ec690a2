/* services/ctl/audit_state.h
 *
 * What an auditor remembers of a transparency log from one audit to the next: the key, the last
 * good checkpoint, and the frontier of its tree, from which a later one is grown. Kept in a file
 * of the auditor's own, where whoever runs the log cannot reach it. */
#ifndef SERVICES_CTL_AUDIT_STATE_H
#define SERVICES_CTL_AUDIT_STATE_H

#include "common/credential/merkle.h"
#include "common/credential/note.h"

struct audit_state {
	bool kept; /* false: nothing is remembered yet, and the tree is the empty one */
	struct note_key key;
	struct slice note; /* the checkpoint as signed */
	struct note_checkpoint checkpoint;
	struct merkle_frontier frontier;
};

/* In the arena. A file that is not there is an audit that was never made; path may be NULL. False, and said, if the
 * file cannot be read or is not what an audit wrote: nothing in it is believed that its own key did not sign. */
bool audit_state_read(struct audit_state *state, struct arena *arena, const char *path);
bool audit_state_write(const struct audit_state *state, struct arena *arena, const char *path);

/* Says "ALARM: " and the sentence. Always false, so that a check can return it. */
bool alarm_say(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* "12 leaves with root BASE64", in the arena. */
const char *audit_tree_text(struct arena *arena, uint64_t size, const uint8_t root[HASH_BYTES]);
/* That the tree has that root, else an alarm naming both. what: of which tree it is said. */
bool audit_tree_is(struct arena *arena, const struct merkle_frontier *frontier,
		   const struct note_checkpoint *checkpoint, const char *what);

#endif
