/* common/core/figures.c
 *
 * Counting as facts are applied. Sums of a batch gather in a small hash table keyed by
 * the authority that counts, and are spread over its ancestors when the batch ends, so
 * a roster of one province costs a few rows. What was counted at exactly one authority
 * is kept beside, so that figures can be added up over another tree than the one of
 * their time. Which rows changed lately is kept in a
 * ring for Watch; it is memory only, and readers older than the ring are told to reset. */
#include "common/core/figures.h"

#include "common/base/fatal.h"
#include "common/core/impl.h"

#include <assert.h>
#include <stdlib.h>

enum {
	SUMS_CAPACITY = 16384,
	/* A batch that counts more is settled half way. Each may bring its ancestors along, and the table stays half
	   empty. */
	SUMS_COUNTED_MAX = SUMS_CAPACITY / 2 / TREE_DEPTH_MAX,
	NEWEST_SLOTS = FIGURES_WATCHED_MAX * 2,
};

/* Odd, with about half of their bits set: the fractions of the golden ratio and of the root of 2. */
static const uint64_t SPREAD_A = UINT64_C(0x9e3779b97f4a7c15);
static const uint64_t SPREAD_B = UINT64_C(0x6a09e667f3bcc909);

void
figures_init(struct figures *figures)
{
	*figures = (struct figures){.sums_capacity = SUMS_CAPACITY};
	figures->sums = calloc(SUMS_CAPACITY, sizeof(*figures->sums));
	figures->sums_used = calloc(SUMS_CAPACITY, sizeof(*figures->sums_used));
	figures->changes = calloc(FIGURES_WATCHED_MAX, sizeof(*figures->changes));
	figures->newest = calloc(NEWEST_SLOTS, sizeof(*figures->newest));
	if (figures->sums == NULL || figures->sums_used == NULL || figures->changes == NULL || figures->newest == NULL)
		fatal("no memory for figures");
}

void
figures_free(struct figures *figures)
{
	free(figures->sums);
	free(figures->sums_used);
	free(figures->changes);
	free(figures->newest);
}

void
figures_begin(struct node *node)
{
	figures_settle(node, node->head.seq);
	node->figures.changes_count = 0;
	node->figures.changes_since_seq = node->head.seq;
	node->figures.changed = false;
}

/* What a sum is of. */
struct counted {
	const uint8_t *authority;
	const char *category;
	uint64_t category_begins; /* its first bytes, zeros behind a short one */
	uint16_t metric;
	uint8_t category_size;
	uint32_t month;
};

static bool
sum_is(const struct figure_sum *sum, const struct counted *wanted)
{
	return sum->metric == wanted->metric && sum->month == wanted->month &&
	       sum->category_size == wanted->category_size &&
	       memcmp(sum->authority, wanted->authority, ID_BYTES) == 0 &&
	       memcmp(sum->category, wanted->category, wanted->category_size) == 0;
}

/* An id ends in randomness; figures of one authority differ in the rest. The high bits of a product depend on all. */
static size_t
sum_place(const struct figures *figures, const struct counted *wanted)
{
	uint64_t spread = get_u64(wanted->authority + ID_BYTES - sizeof(uint64_t)) * SPREAD_A;
	spread ^= ((uint64_t)wanted->metric << 32 | wanted->month) * SPREAD_B;
	spread = (spread ^ spread >> 32 ^ wanted->category_begins) * SPREAD_A;
	return (spread >> 32) & (figures->sums_capacity - 1);
}

static struct figure_sum *
sum_of(struct figures *figures, const struct counted *wanted)
{
	size_t at = sum_place(figures, wanted);
	while (figures->sums[at].used && !sum_is(&figures->sums[at], wanted))
		at = (at + 1) & (figures->sums_capacity - 1);
	struct figure_sum *sum = &figures->sums[at];
	if (!sum->used) {
		*sum = (struct figure_sum){
			.metric = wanted->metric,
			.category_size = wanted->category_size,
			.used = true,
			.month = wanted->month,
		};
		memcpy(sum->authority, wanted->authority, ID_BYTES);
		memcpy(sum->category, wanted->category, wanted->category_size);
		figures->sums_used[figures->sums_count++] = (uint16_t)at;
	}
	return sum;
}

void
figures_add(struct apply *apply, const struct metric *metric, const char *authority, const char *category,
	    uint32_t month, int64_t delta)
{
	struct figures *figures = &apply->node->figures;
	struct id id;
	size_t size = strlen(category);
	if (apply->scratch || delta == 0)
		return;
	bool valid = id_parse(authority, &id);
	assert(valid);
	assert(size < CODE_BYTES_MAX);
	assert(metric->kind == METRIC_FLOW || month == 0);
	struct counted wanted = {
		.authority = id.bytes,
		.category = category,
		.metric = metric->number,
		.category_size = (uint8_t)size,
		.month = month,
	};
	memcpy(&wanted.category_begins, category, size < sizeof(uint64_t) ? size : sizeof(uint64_t));
	if (figures->sums_count == SUMS_COUNTED_MAX)
		figures_settle(apply->node, apply->seq);
	sum_of(figures, &wanted)->delta += delta;
}

struct key
figures_key(uint8_t table, struct id authority, uint16_t metric)
{
	struct key key = key_of(table);
	key_bytes(&key, slice_of(authority.bytes, ID_BYTES));
	if (metric != 0)
		key_u16(&key, metric);
	return key;
}

static struct key
figure_key(uint8_t table, const struct figure_sum *sum)
{
	struct id authority;
	memcpy(authority.bytes, sum->authority, ID_BYTES);
	struct key key = figures_key(table, authority, sum->metric);
	key_text(&key, sum->category);
	key_u32(&key, sum->month);
	return key;
}

/* The former change of the row, if it still stands in the ring, is dead now. */
static void
forget_former(struct figures *figures, uint64_t former, struct slice key)
{
	if (former >= figures->changes_count || figures->changes_count - former > FIGURES_WATCHED_MAX)
		return;
	struct figure_change *change = &figures->changes[former % FIGURES_WATCHED_MAX];
	if (slice_equal(slice_of(change->key, change->key_size), key))
		change->key_size = 0;
}

static void
note_change(struct figures *figures, const struct key *key, uint64_t seq)
{
	uint64_t *newest = &figures->newest[hash_spread(key_slice(key)) % NEWEST_SLOTS];
	struct figure_change *change = &figures->changes[figures->changes_count % FIGURES_WATCHED_MAX];
	forget_former(figures, *newest, key_slice(key));
	if (figures->changes_count >= FIGURES_WATCHED_MAX)
		figures->changes_since_seq = change->seq;
	assert(key->size <= sizeof(change->key));
	change->seq = seq;
	change->key_size = (uint8_t)key->size;
	memcpy(change->key, key->data, key->size);
	*newest = figures->changes_count++;
	figures->changed = true;
}

struct figure_row {
	uint64_t all; /* counted there and below */
	uint64_t own; /* counted at exactly that authority */
};

static struct figure_row
figure_row_read(struct slice value)
{
	struct figure_row row = {.all = get_u64(value.data)};
	if (value.size == FIGURE_OWN_BYTES)
		row.own = get_u64(value.data + FIGURE_BYTES);
	return row;
}

/* In place where that leaves the row as long as it was: one search less than to read it and to write it. */
static bool
figure_row_changed(struct store *store, const struct key *key, const struct figure_row *delta, enum memtable_hit *hit)
{
	size_t size;
	uint8_t *value;
	*hit = store_writable(store, key_slice(key), &value, &size);
	if (*hit != MEMTABLE_PRESENT)
		return false;
	struct figure_row row = figure_row_read(slice_of(value, size));
	row.all += delta->all;
	row.own += delta->own;
	if ((row.own != 0) != (size == FIGURE_OWN_BYTES) || (row.all == 0 && row.own == 0))
		return false;
	put_u64(value, row.all);
	if (row.own != 0)
		put_u64(value + FIGURE_BYTES, row.own);
	return true;
}

/* A row that comes to nothing is deleted: whether it was ever more depends on where
 * batches ended, and the state must not. */
static void
add_to_row(struct node *node, const struct key *key, int64_t all, int64_t own)
{
	struct figure_row delta = {.all = (uint64_t)all, .own = (uint64_t)own};
	struct figure_row row = {.all = 0};
	struct slice value;
	uint8_t bytes[FIGURE_OWN_BYTES];
	enum memtable_hit hit;
	if (figure_row_changed(&node->store, key, &delta, &hit))
		return;
	if (hit == MEMTABLE_PRESENT ? store_get(&node->store, key_slice(key), &value)
				    : hit == MEMTABLE_ABSENT && store_get_below(&node->store, key_slice(key), &value))
		row = figure_row_read(value);
	row.all += delta.all;
	row.own += delta.own;
	put_u64(bytes, row.all);
	put_u64(bytes + FIGURE_BYTES, row.own);
	if (row.all == 0 && row.own == 0)
		store_delete(&node->store, key_slice(key));
	else
		store_put(&node->store, key_slice(key),
			  slice_of(bytes, row.own != 0 ? FIGURE_OWN_BYTES : FIGURE_BYTES));
}

/* What stands above an authority in the tree of a month: of the sum spread last, since those of one authority
 * mostly follow each other. */
struct ancestors {
	struct id of;
	uint32_t month;
	unsigned count;
	struct id above[TREE_DEPTH_MAX];
};

static void
ancestors_find(struct node *node, const struct figure_sum *counted, struct ancestors *ancestors)
{
	struct id id;
	memcpy(id.bytes, counted->authority, ID_BYTES);
	if (ancestors->count > 0 && ancestors->month == counted->month &&
	    memcmp(ancestors->of.bytes, id.bytes, ID_BYTES) == 0)
		return;
	*ancestors = (struct ancestors){.of = id, .month = counted->month};
	while (ancestors->count < TREE_DEPTH_MAX - 1 && tree_parent_in(&node->store, &id, counted->month))
		ancestors->above[ancestors->count++] = id;
}

/* Adds what was counted at an authority to the sums of all its ancestors, a flow's in the tree of its month: so a
 * late one, or one that is taken back, meets the rows that it belongs to. */
static void
spread_sum(struct node *node, const struct figure_sum *counted, struct ancestors *ancestors)
{
	struct counted above = {
		.category = counted->category,
		.metric = counted->metric,
		.category_size = counted->category_size,
		.month = counted->month,
	};
	memcpy(&above.category_begins, counted->category, sizeof(above.category_begins));
	ancestors_find(node, counted, ancestors);
	for (unsigned i = 0; i < ancestors->count; i++) {
		above.authority = ancestors->above[i].bytes;
		sum_of(&node->figures, &above)->inherited += counted->delta;
	}
}

/* First upwards, then each row once: a roster of one province writes its province and the nation once. */
void
figures_settle(struct node *node, uint64_t seq)
{
	struct figures *figures = &node->figures;
	size_t counted = figures->sums_count;
	struct ancestors ancestors[2] = {{.count = 0}}; /* of a stock, of a flow: an event counts both */
	for (size_t i = 0; i < counted; i++) {
		const struct figure_sum *sum = &figures->sums[figures->sums_used[i]];
		if (sum->delta != 0)
			spread_sum(node, sum, &ancestors[sum->month != 0]);
	}
	for (size_t i = 0; i < figures->sums_count; i++) {
		struct figure_sum *sum = &figures->sums[figures->sums_used[i]];
		struct key key = figure_key(TABLE_FIGURE, sum);
		if (sum->delta != 0 || sum->inherited != 0)
			add_to_row(node, &key, sum->delta + sum->inherited, sum->delta);
		if (sum->delta + sum->inherited != 0)
			note_change(figures, &key, seq);
		sum->used = false;
	}
	figures->sums_count = 0;
}

static bool
is_or_is_below(const struct store *store, struct id id, struct id above, uint32_t month)
{
	for (unsigned depth = 0; depth < TREE_DEPTH_MAX; depth++) {
		if (memcmp(id.bytes, above.bytes, ID_BYTES) == 0)
			return true;
		if (!tree_parent_in(store, &id, month))
			return false;
	}
	return false;
}

/* Adds to the figure of that key at an authority and at all above it that do not stand above other as well. */
static void
add_above(struct apply *apply, struct key key, struct id at, struct id other, int64_t delta)
{
	struct node *node = apply->node;
	uint32_t month = get_u32(key.data + key.size - sizeof(month));
	do {
		if (is_or_is_below(&node->store, other, at, month))
			return;
		memcpy(key.data + 1, at.bytes, ID_BYTES);
		add_to_row(node, &key, delta, 0);
		note_change(&node->figures, &key, apply->seq);
	} while (tree_parent_in(&node->store, &at, month));
}

void
figures_move(struct apply *apply, struct id top, struct id from, struct id to, uint32_t first_month)
{
	struct node *node = apply->node;
	figures_settle(node, apply->seq); /* sums so far belong to the tree as it was */
	struct key prefix = figures_key(TABLE_FIGURE, top, 0);
	struct store_walk walk = store_walk(&node->store, key_slice(&prefix));
	while (store_walk_next(&walk)) {
		struct key key = key_copy(walk.key);
		uint32_t month = get_u32(key.data + key.size - sizeof(month));
		int64_t value = (int64_t)get_u64(walk.value.data);
		if (value == 0 || (month != 0 && month < first_month))
			continue;
		add_above(apply, key, from, to, -value);
		add_above(apply, key, to, from, value);
	}
}

void
figures_wake(struct node *node)
{
	int64_t now_us = node->world->monotonic_us(node->world->context);
	if (!node->figures.changed)
		return;
	if (now_us - node->figures.woken_us < (int64_t)FIGURES_WATCH_MS * 1000) {
		node_wake_in(node, FIGURES_WATCH_MS);
		return;
	}
	node->figures.changed = false;
	node->figures.woken_us = now_us;
	park_wake(node, PARK_ON_FIGURES);
}
