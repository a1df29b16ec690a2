/* tests/scenario/console.c
 *
 * See console.h. A refusal is read back from the sentence that the command says:
 * "SERVICE refused METHOD: STATUS: message (field)". */
#include "tests/scenario/console.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/scenario/bridge.h"
#include "tests/scenario/shell.h"

/* A field's path; a sentence may end in other words in parentheses. */
static bool
is_path(const char *text, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		if (!islower((unsigned char)text[i]) && !isdigit((unsigned char)text[i]) &&
		    strchr("_.[]", text[i]) == NULL)
			return false;
	}
	return size > 0;
}

static void
take_sentence(struct answer *answer, const char *sentence, size_t size)
{
	const char *open = memrchr(sentence, '(', size);
	size_t left = open == NULL ? 0 : size - (size_t)(open - sentence);
	if (left > 2 && open > sentence && sentence[size - 1] == ')' && is_path(open + 1, left - 2)) {
		char field[sizeof(answer->field)];
		snprintf(field, sizeof(field), "%.*s", (int)(left - 2), open + 1);
		bridge_json_name(field, answer->field, sizeof(answer->field));
		size -= left + 1;
	}
	snprintf(answer->message, sizeof(answer->message), "%.*s", (int)size, sentence);
}

/* False if what was said is no refusal of this method. */
static bool
take_refusal(const struct order *order, struct answer *answer, const char *said)
{
	char lead[160];
	char status[40];
	snprintf(lead, sizeof(lead), " refused %s: ", order->rule->name);
	const char *at = strstr(said, lead);
	if (at == NULL)
		return false;
	at += strlen(lead);
	size_t size = strcspn(at, ":");
	snprintf(status, sizeof(status), "%.*s", (int)size, at);
	const ProtobufCEnumValue *value = protobuf_c_enum_descriptor_get_value_by_name(&mt__status__descriptor, status);
	if (value == NULL || at[size] == '\0' || at[size + 1] == '\0')
		return false;
	answer->status = (Mt__Status)value->value;
	at += size + 2;
	take_sentence(answer, at, strcspn(at, "\n"));
	return true;
}

bool
console_call(const char *data, const struct console_caller *caller, const struct order *order, struct answer *answer,
	     char *why)
{
	const char *words[SHELL_WORDS_MAX] = {"call", order->rule->name, order->json};
	size_t count = 3;
	char *said = NULL;
	if (caller->subject != NULL) {
		words[count++] = "--as-subject";
		words[count++] = caller->subject;
		words[count++] = "--roles";
		words[count++] = caller->roles;
		words[count++] = "--authority";
		words[count++] = caller->authority;
	}
	if (order->service != NULL) {
		words[count++] = "--service";
		words[count++] = order->service;
	}
	if (order->id[0] != '\0') {
		words[count++] = "--id";
		words[count++] = order->id;
	}
	if (order->dry_run)
		words[count++] = "--dry-run";
	char *text = shell_matricula(data, words, &said);
	bool answered = text != NULL || take_refusal(order, answer, said);
	if (text != NULL) {
		answer->status = MT__STATUS__OK;
		answer->reply = json_loads(text, 0, NULL);
	}
	if (!answered)
		snprintf(why, WHY_BYTES, "%s by the operators' command: %.200s", order->rule->name, said);
	free(said);
	free(text);
	return answered;
}
