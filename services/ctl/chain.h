/* services/ctl/chain.h
 *
 * A journal's files from the outside: is the chain whole, where does it end. */
#ifndef SERVICES_CTL_CHAIN_H
#define SERVICES_CTL_CHAIN_H

#include "common/base/hash.h"
#include "common/core/node.h"
#include "common/host/files.h"
#include "common/host/journal_file.h"

struct chain_end {
	uint64_t seq; /* 0: empty */
	uint8_t hash[HASH_BYTES];
	uint64_t incarnation;
	int64_t time_us;
};

/* Where it ends; false, and said, if its last entry cannot be read. */
bool chain_end(struct chain_end *end, const struct module *module, struct journal_file *journal);
/* Every entry from the first on follows from the one before. False, and said, at the first that does not. */
bool chain_check(const struct module *module, struct journal_file *journal);

/* DIR/NAME/journal holds one. */
bool journal_is_there(const char *data, const char *name);
/* A reader of it; NULL, and said. */
struct journal_file *journal_reader(const char *data, const char *name);

#endif
