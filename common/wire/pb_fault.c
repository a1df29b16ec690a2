/* common/wire/pb_fault.c
 *
 * The path and the sentence of a fault. Names may come from hostile input, so they
 * are cut to what struct fault holds; nothing else of the input is ever repeated,
 * because error texts must carry no personal data. */
#include "common/wire/pb_fault.h"

#include <stdio.h>

const char pb_memory_problem[] = "needs more memory than a call may use";

/* Copies what fits of bytes behind the used part of a text, and ends it. */
static void
text_add(char *text, size_t capacity, struct slice bytes)
{
	size_t used = strlen(text);
	size_t size = capacity - 1 - used;
	if (bytes.size <= size)
		size = bytes.size;
	else
		while (size > 0 && (bytes.data[size] & 0xc0) == 0x80)
			size--;
	if (size > 0)
		memcpy(text + used, bytes.data, size);
	text[used + size] = '\0';
}

void
pb_fault_begin(struct fault *fault)
{
	fault->field[0] = '\0';
	fault->message[0] = '\0';
}

void
pb_fault_name(struct fault *fault, struct slice name)
{
	if (fault->field[0] != '\0')
		text_add(fault->field, sizeof fault->field, slice_text("."));
	text_add(fault->field, sizeof fault->field, name);
}

void
pb_fault_index(struct fault *fault, size_t index)
{
	char text[24];
	snprintf(text, sizeof text, "[%zu]", index);
	text_add(fault->field, sizeof fault->field, slice_text(text));
}

void
pb_fault_says(struct fault *fault, const char *problem)
{
	fault->message[0] = '\0';
	text_add(fault->message, sizeof fault->message, slice_text(fault->field[0] != '\0' ? "field " : "message"));
	text_add(fault->message, sizeof fault->message, slice_text(fault->field));
	text_add(fault->message, sizeof fault->message, slice_text(" "));
	text_add(fault->message, sizeof fault->message, slice_text(problem));
}
