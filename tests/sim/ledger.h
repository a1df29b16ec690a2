/* tests/sim/ledger.h
 *
 * A journal as the checks read it: entry by entry, unpacked with protobuf-c alone
 * and by none of the core's own code, so that a fault there cannot hide itself. */
#ifndef TESTS_SIM_LEDGER_H
#define TESTS_SIM_LEDGER_H

#include "common/base/arena.h"
#include "common/core/node.h"

struct ledger_entry {
	const Mt__Entry *entry;
	const Mt__EntryHeader *header;
	size_t facts_count;
	const ProtobufCMessage **facts; /* the leaves, such as LearnerEnrolled */
};

/* False if the bytes are no entry of that module's journal. Everything stands in the arena. */
bool ledger_read(const struct module *module, struct arena *arena, struct slice bytes, struct ledger_entry *out);
/* The header alone, for walks that need no facts. NULL if corrupt. */
const Mt__EntryHeader *ledger_header(struct arena *arena, struct slice bytes);
/* Whether anything follows from this entry for others. */
bool ledger_has_facts(struct slice bytes);
/* "LearnerEnrolled" */
const char *ledger_name(const ProtobufCMessage *fact);
/* The innermost message of a oneof in a oneof. NULL if nothing is set. */
const ProtobufCMessage *ledger_leaf(const ProtobufCMessage *fact);

#endif
