/* services/ctl/audit_state.c */
#include "services/ctl/audit_state.h"

#include "services/ctl/ctl.h"

#include "common/base/buf.h"
#include "common/base/text.h"
#include "common/credential/jcs.h"
#include "common/host/files.h"
#include "common/wire/json.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { STATE_BYTES_MAX = 16 << 10, ALARM_BYTES = 1024 };

bool
alarm_say(const char *format, ...)
{
	char text[ALARM_BYTES];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	say("ALARM: %s", text);
	return false;
}

const char *
audit_tree_text(struct arena *arena, uint64_t size, const uint8_t root[HASH_BYTES])
{
	char text[TEXT_BASE64_BYTES(HASH_BYTES)];
	text_base64(slice_of(root, HASH_BYTES), text);
	return arena_format(arena, "%llu leaves with root %s", (unsigned long long)size, text);
}

bool
audit_tree_is(struct arena *arena, const struct merkle_frontier *frontier, const struct note_checkpoint *checkpoint,
	      const char *what)
{
	uint8_t root[HASH_BYTES];
	merkle_root(frontier, root);
	if (frontier->size == checkpoint->size && memcmp(root, checkpoint->root, HASH_BYTES) == 0)
		return true;
	return alarm_say("%s has %s, but the signed checkpoint has %s", what,
			 audit_tree_text(arena, frontier->size, root),
			 audit_tree_text(arena, checkpoint->size, checkpoint->root));
}

static struct slice
member_text(const struct jcs_value *root, const char *name)
{
	const struct jcs_value *member = root == NULL ? NULL : jcs_member(root, name);
	return member != NULL && member->kind == JSON_STRING ? member->text : slice_of(NULL, 0);
}

static const char *
state_fault(struct audit_state *state, struct arena *arena, struct slice text)
{
	uint8_t bytes[MERKLE_FRONTIER_BYTES_MAX];
	uint8_t root[HASH_BYTES];
	size_t size;
	struct note note;
	const struct jcs_value *json = jcs_parse(arena, text).root;
	state->note = member_text(json, "checkpoint");
	const char *fault = note_key_parse(member_text(json, "key"), &state->key);
	if (fault == NULL)
		fault = note_parse(state->note, &note);
	if (fault == NULL)
		fault = note_fault(&note, &state->key);
	if (fault == NULL)
		fault = note_checkpoint_parse(note.text, &state->checkpoint);
	if (fault != NULL)
		return fault;
	if (!text_from_base64(member_text(json, "frontier"), bytes, sizeof(bytes), &size) ||
	    !merkle_frontier_read(slice_of(bytes, size), &state->frontier))
		return "its frontier cannot be read";
	merkle_root(&state->frontier, root);
	if (state->frontier.size != state->checkpoint.size || memcmp(root, state->checkpoint.root, HASH_BYTES) != 0)
		return "its frontier is not that of its checkpoint";
	return NULL;
}

bool
audit_state_read(struct audit_state *state, struct arena *arena, const char *path)
{
	struct host_error error;
	*state = (struct audit_state){.kept = false};
	if (path == NULL || !path_exists(path))
		return true;
	char *text = arena_alloc(arena, STATE_BYTES_MAX);
	if (!file_read(path, text, STATE_BYTES_MAX, &error)) {
		say("%s", error.text);
		return false;
	}
	const char *fault = state_fault(state, arena, slice_text(text));
	if (fault != NULL)
		return alarm_say("%s is not what an audit wrote: %s", path, fault);
	state->kept = true;
	return true;
}

bool
audit_state_write(const struct audit_state *state, struct arena *arena, const char *path)
{
	char frontier[TEXT_BASE64_BYTES(MERKLE_FRONTIER_BYTES_MAX)];
	struct buf json;
	struct host_error error = {.text = "the audit's state is too large"};
	text_base64(merkle_frontier_write(arena, &state->frontier), frontier);
	buf_init(&json, STATE_BYTES_MAX);
	buf_text(&json, "{\"key\":");
	json_write_string(&json, slice_text(note_key_format(arena, &state->key)));
	buf_text(&json, ",\n \"checkpoint\":");
	json_write_string(&json, state->note);
	buf_format(&json, ",\n \"frontier\":\"%s\"}\n", frontier);
	bool good = !buf_failed(&json) && file_replace(path, arena_text(arena, buf_slice(&json)), 0600, &error);
	buf_free(&json);
	if (!good)
		say("%s", error.text);
	return good;
}
