/* common/core/personal.c
 *
 * Personal sub-messages (personal_find.c finds them) sealed on their way into a fact or a
 * record, opened on their way out. What is sealed is never the caller's message but a copy of the
 * parts that lead to it; what is opened was unpacked for that and is changed in place.
 *
 * The same text goes through here three times in a row (emitted, applied, put into a
 * record). So what was sealed for a fact goes with it to where it is applied. The last
 * pieces are remembered, with everything that makes them what they are: a piece in the
 * wrong place is never found here. And a message that a fact being applied, or a record
 * beside it, was opened into is put back as the bytes it came out of, as long as it is what
 * it was. */
#include "common/core/impl.h"

#include "common/base/fatal.h"
#include "common/core/personal_find.h"

#include <assert.h>
#include <sodium.h>

/* --- the last pieces -------------------------------------------------------------------------------------------- */

static size_t
place_of_sealed(struct slice sealed)
{
	return get_u32(sealed.data + SEALED_SLOT_BYTES) % SEALED_CACHED; /* of the nonce */
}

/* Ids end in randomness; a subject has few texts of one type at a time. */
static size_t
place_of_text(const struct personal_type *type, struct id subject, struct slice text)
{
	size_t place = get_u32(subject.bytes + ID_BYTES - sizeof(uint32_t)) ^ (uintptr_t)type->descriptor / 32;
	return (place + text.size) % SEALED_CACHED;
}

static bool
is_cached(const struct sealed_cached *cached, const struct personal_type *type, struct id subject)
{
	return cached->type == type->descriptor && memcmp(cached->subject.bytes, subject.bytes, ID_BYTES) == 0;
}

static void
remember(struct node *node, const struct personal_type *type, struct id subject, struct slice text, struct slice sealed)
{
	if (sealed.size > SEALED_CACHED_BYTES_MAX)
		return;
	size_t place = place_of_sealed(sealed);
	struct sealed_cached *cached = &node->personal->sealed[place];
	cached->type = type->descriptor;
	cached->subject = subject;
	cached->text_size = (uint16_t)text.size;
	cached->sealed_size = (uint16_t)sealed.size;
	memcpy(cached->text, text.data, text.size);
	memcpy(cached->sealed, sealed.data, sealed.size);
	node->personal->sealed_by_text[place_of_text(type, subject, text)] = (uint8_t)place;
}

void
personal_forget(struct node *node)
{
	sodium_memzero(node->personal->sealed, sizeof(node->personal->sealed));
	sodium_memzero(node->personal->keys, sizeof(node->personal->keys));
}

/* --- sealing ---------------------------------------------------------------------------------------------------- */

struct sealing {
	struct node *node;
	struct arena *arena;
	struct call *call;                /* in a decision; or */
	struct apply *apply;              /* in apply */
	const struct piece **pieces_last; /* where the next one goes; NULL: nobody wants them */
};

/* Whose it is: not to say so is a bug of the service, or of its .proto. */
static struct id
subject_id(const struct spot *spot)
{
	struct id id;
	bool is_id = id_parse(spot->subject, &id);
	assert(is_id);
	return id;
}

/* False if nothing may be sealed for the subject (any more). */
static bool
sealing_slot(const struct sealing *sealing, struct id id, uint32_t *slot)
{
	if (sealing->call != NULL)
		return subject_slot(sealing->call, id, slot);
	struct subject subject = subject_find(sealing->node, sealing->apply->store, id);
	assert(subject.state != SUBJECT_NEW); /* a record holds what a fact brought */
	*slot = subject.slot;
	return subject.state == SUBJECT_KNOWN;
}

static bool
seal_text(const struct sealing *sealing, const struct spot *spot, struct slice text, struct slice *sealed)
{
	struct id id = subject_id(spot);
	uint32_t slot;
	if (!sealing_slot(sealing, id, &slot))
		return false;
	struct personal *personal = sealing->node->personal;
	struct sealed_cached *cached = &personal->sealed[personal->sealed_by_text[place_of_text(spot->type, id, text)]];
	if (is_cached(cached, spot->type, id) && get_u32(cached->sealed) == slot &&
	    slice_equal(slice_of(cached->text, cached->text_size), text)) {
		*sealed = arena_copy(sealing->arena, slice_of(cached->sealed, cached->sealed_size));
		return true;
	}
	uint8_t key[SEALED_KEY_BYTES];
	if (!subject_key(sealing->node, slot, key))
		return false;
	struct sealed_label label = {.subject = id, .type = spot->type->descriptor->name};
	*sealed = sealed_make(sealing->arena, slot, key, &label, text);
	sodium_memzero(key, sizeof(key));
	remember(sealing->node, spot->type, id, text, *sealed);
	return true;
}

/* The bytes that the message came out of, if it is still the same and the subject's. */
static bool
sealed_before(const struct sealing *sealing, const struct spot *spot, struct slice *sealed)
{
	const struct personal *personal = sealing->node->personal;
	if (sealing->apply == NULL)
		return false;
	for (size_t i = 0; i < personal->opened_count; i++) {
		const struct opened *opened = &personal->opened[i];
		uint32_t slot;
		if (opened->message != *spot->at ||
		    memcmp(opened->message, opened->then, spot->type->descriptor->sizeof_message) != 0)
			continue;
		struct id id = subject_id(spot);
		*sealed = opened->sealed;
		return memcmp(id.bytes, opened->subject.bytes, ID_BYTES) == 0 && sealing_slot(sealing, id, &slot) &&
		       get_u32(opened->sealed.data) == slot;
	}
	return false;
}

static void
piece_add(struct sealing *sealing, struct slice text, struct slice sealed)
{
	struct piece *piece = arena_alloc(sealing->arena, sizeof(*piece));
	*piece = (struct piece){NULL, text, sealed};
	*sealing->pieces_last = piece;
	sealing->pieces_last = &piece->next;
}

static void
seal_spot(void *context, const struct spot *spot)
{
	struct sealing *sealing = context;
	struct slice before;
	if (sealed_before(sealing, spot, &before)) {
		*spot->at = pb_new(spot->type->descriptor, sealing->arena);
		personal_sealed_set(spot->type, *spot->at, before);
		return;
	}
	/* What a caller wrote into the field is nothing of ours. */
	ProtobufCMessage *plain = personal_copy(sealing->arena, *spot->at);
	personal_sealed_set(spot->type, plain, slice_of(NULL, 0));
	struct slice text = pb_pack(sealing->arena, plain);
	struct slice sealed;
	*spot->at = pb_new(spot->type->descriptor, sealing->arena);
	if (text.size == 0 || !seal_text(sealing, spot, text, &sealed))
		return;
	personal_sealed_set(spot->type, *spot->at, sealed);
	if (sealing->pieces_last != NULL)
		piece_add(sealing, text, sealed);
}

static const ProtobufCMessage *
seal_message(struct sealing *sealing, const ProtobufCMessage *message)
{
	const struct personal_type *type = personal_type_of(sealing->node, message->descriptor);
	if (type->verdict == PERSONAL_NOT)
		return message;
	ProtobufCMessage *copy = personal_copy_paths(sealing->arena, type, message);
	personal_search(sealing->node, copy, seal_spot, sealing);
	return copy;
}

const ProtobufCMessage *
personal_sealed(struct call *call, const ProtobufCMessage *message, const struct piece **pieces)
{
	struct sealing sealing = {.node = call->node, .arena = call->arena, .call = call, .pieces_last = pieces};
	return seal_message(&sealing, message);
}

const ProtobufCMessage *
personal_sealed_again(struct apply *apply, const ProtobufCMessage *message)
{
	struct sealing sealing = {.node = apply->node, .arena = apply->arena, .apply = apply};
	return seal_message(&sealing, message);
}

/* --- opening ---------------------------------------------------------------------------------------------------- */

struct opening {
	struct node *node;
	const struct store *store;
	struct arena *arena;
	const struct piece *pieces; /* those that come next, as they were sealed; NULL: they have to be opened */
};

/* The piece that these bytes are. Their nonce is made of all that they stand for. */
static const struct piece *
piece_take(struct opening *opening, struct slice sealed)
{
	const struct piece *piece = opening->pieces;
	if (piece == NULL)
		return NULL;
	opening->pieces = piece->next;
	assert(sealed.size == piece->sealed.size);
	assert(memcmp(sealed.data, piece->sealed.data, SEALED_SLOT_BYTES + SEALED_NONCE_BYTES) == 0);
	return piece;
}

/* The text of a sealed piece; false if it was erased. */
static bool
open_text(struct opening *opening, const struct spot *spot, struct slice sealed, struct slice *text)
{
	struct node *node = opening->node;
	struct id id = subject_id(spot);
	const struct piece *piece = piece_take(opening, sealed);
	uint8_t key[SEALED_KEY_BYTES];
	uint32_t slot;
	if (!sealed_slot(sealed, &slot))
		fatal("%s: sealed data of person %s is cut short", node->module->name, spot->subject);
	if (subject_find(node, opening->store, id).state == SUBJECT_ERASED)
		return false;
	if (piece != NULL) {
		*text = piece->text;
		return true;
	}
	const struct sealed_cached *cached =
		sealed.size > SEALED_CACHED_BYTES_MAX ? NULL : &node->personal->sealed[place_of_sealed(sealed)];
	if (cached != NULL && is_cached(cached, spot->type, id) &&
	    slice_equal(slice_of(cached->sealed, cached->sealed_size), sealed)) {
		*text = arena_copy(opening->arena, slice_of(cached->text, cached->text_size));
		return true;
	}
	if (!subject_key(node, slot, key))
		return false;
	struct sealed_label label = {.subject = id, .type = spot->type->descriptor->name};
	bool opens = sealed_open(opening->arena, key, &label, sealed, text);
	sodium_memzero(key, sizeof(key));
	if (!opens)
		fatal("%s: sealed data of person %s does not open with the key in slot %u", node->module->name,
		      spot->subject, slot);
	remember(node, spot->type, id, *text, sealed);
	return true;
}

/* In apply: what a message is, and the bytes that stand for it. */
static void
note_opened(const struct opening *opening, const struct spot *spot, struct slice sealed)
{
	struct personal *personal = opening->node->personal;
	if (opening->arena != &opening->node->apply_arena || personal->opened_count == OPENED_MAX)
		return;
	personal->opened[personal->opened_count++] = (struct opened){
		.message = *spot->at,
		.then = personal_copy(opening->arena, *spot->at),
		.sealed = sealed,
		.subject = subject_id(spot),
	};
}

static void
open_spot(void *context, const struct spot *spot)
{
	struct opening *opening = context;
	ProtobufCBinaryData sealed = personal_sealed_in(spot);
	struct slice text;
	if (sealed.len == 0)
		return; /* there was nothing to seal */
	if (!open_text(opening, spot, slice_of(sealed.data, sealed.len), &text)) {
		*spot->at = pb_new(spot->type->descriptor, opening->arena);
		return;
	}
	*spot->at = pb_unpack_trusted(spot->type->descriptor, opening->arena, text);
	if (*spot->at == NULL)
		fatal("%s: sealed data of person %s cannot be read", opening->node->module->name, spot->subject);
	note_opened(opening, spot, slice_of(sealed.data, sealed.len));
}

/* What stays closed is put back as it is, if it is remembered. */
static void
keep_spot(void *context, const struct spot *spot)
{
	struct opening *opening = context;
	ProtobufCBinaryData sealed = personal_sealed_in(spot);
	if (opening->node->personal->opened_count == OPENED_MAX)
		open_spot(context, spot);
	else if (sealed.len > 0)
		note_opened(opening, spot, slice_of(sealed.data, sealed.len));
}

void
personal_keep(struct apply *apply, ProtobufCMessage *record)
{
	struct opening opening = {.node = apply->node, .store = apply->store, .arena = apply->arena};
	personal_search(apply->node, record, keep_spot, &opening);
}

void
personal_next(struct node *node)
{
	node->personal->opened_count = 0;
}

void
personal_open(struct node *node, const struct store *store, struct arena *arena, ProtobufCMessage *message)
{
	struct opening opening = {.node = node, .store = store, .arena = arena};
	personal_search(node, message, open_spot, &opening);
}

ProtobufCMessage *
personal_unpack(struct node *node, const struct store *store, struct arena *arena,
		const ProtobufCMessageDescriptor *type, struct slice bytes)
{
	ProtobufCMessage *message = pb_unpack_trusted(type, arena, bytes);
	if (message != NULL)
		personal_open(node, store, arena, message);
	return message;
}

static void
note_spot(void *context, const struct spot *spot)
{
	struct apply *apply = context;
	ProtobufCBinaryData sealed = personal_sealed_in(spot);
	uint32_t slot;
	if (sealed.len > 0 && sealed_slot(slice_of(sealed.data, sealed.len), &slot))
		subject_note(apply, subject_id(spot), slot);
}

void
personal_note(struct apply *apply, ProtobufCMessage *fact)
{
	personal_search(apply->node, fact, note_spot, apply);
}

struct taking {
	struct apply *apply;
	struct opening opening;
};

static void
take_spot(void *context, const struct spot *spot)
{
	struct taking *taking = context;
	note_spot(taking->apply, spot);
	open_spot(&taking->opening, spot);
}

void
personal_take(struct apply *apply, ProtobufCMessage *fact, const struct piece *pieces)
{
	struct taking taking = {apply, {apply->node, apply->store, apply->arena, pieces}};
	personal_search(apply->node, fact, take_spot, &taking);
}

static void
take_closed_spot(void *context, const struct spot *spot)
{
	struct taking *taking = context;
	note_spot(taking->apply, spot);
	keep_spot(&taking->opening, spot);
}

void
personal_take_closed(struct apply *apply, ProtobufCMessage *fact)
{
	struct taking taking = {apply, {apply->node, apply->store, apply->arena, NULL}};
	personal_search(apply->node, fact, take_closed_spot, &taking);
}

/* --- for followers ---------------------------------------------------------------------------------------------- */

static void
texts_add_spot(void *context, const struct spot *spot)
{
	struct personal_texts *texts = context;
	struct opening opening = {texts->node, &texts->node->store, texts->arena, NULL};
	ProtobufCBinaryData sealed = personal_sealed_in(spot);
	struct slice text = slice_text("");
	if (sealed.len == 0)
		return;
	if (!open_text(&opening, spot, slice_of(sealed.data, sealed.len), &text))
		text = slice_text("");
	if (texts->count == texts->capacity) {
		size_t capacity = texts->capacity == 0 ? 16 : 2 * texts->capacity;
		struct slice *list = arena_alloc(texts->arena, capacity * sizeof(*list));
		if (texts->count > 0)
			memcpy(list, texts->list, texts->count * sizeof(*list));
		texts->list = list;
		texts->capacity = capacity;
	}
	texts->list[texts->count++] = text;
	texts->bytes += text.size;
}

void
personal_texts_add(struct personal_texts *texts, ProtobufCMessage *fact)
{
	personal_search(texts->node, fact, texts_add_spot, texts);
}

static void
strip_spot(void *context, const struct spot *spot)
{
	struct arena *arena = context;
	*spot->at = pb_new(spot->type->descriptor, arena);
}

void
personal_strip(struct node *node, struct arena *arena, ProtobufCMessage *fact)
{
	personal_search(node, fact, strip_spot, arena);
}

struct filling {
	struct arena *arena;
	const struct slice *texts;
	size_t count;
	size_t *used;
	bool fits;
};

static void
fill_spot(void *context, const struct spot *spot)
{
	struct filling *filling = context;
	struct fault fault;
	if (personal_sealed_in(spot).len == 0)
		return;
	filling->fits = filling->fits && *filling->used < filling->count;
	if (filling->fits)
		*spot->at = pb_unpack(spot->type->descriptor, filling->arena, filling->texts[(*filling->used)++], true,
				      &fault);
	filling->fits = filling->fits && *spot->at != NULL;
}

bool
personal_fill(struct node *node, struct arena *arena, ProtobufCMessage *fact, const struct slice *texts,
	      size_t texts_count, size_t *texts_used)
{
	struct filling filling = {arena, texts, texts_count, texts_used, true};
	personal_search(node, fact, fill_spot, &filling);
	return filling.fits;
}
