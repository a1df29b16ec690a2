/* common/wire/pb_fault.h
 *
 * How pb.c and pb_json*.c say what is wrong: the field's path is put together from
 * the outside in ("roles[2].name"), then the sentence about it. Only a refusal pays
 * for it. What does not fit is cut between characters, never inside one. */
#ifndef COMMON_WIRE_PB_FAULT_H
#define COMMON_WIRE_PB_FAULT_H

#include "common/wire/pb.h"

/* The one problem that no field is to blame for. */
extern const char pb_memory_problem[];

void pb_fault_begin(struct fault *fault);                     /* the message as a whole */
void pb_fault_name(struct fault *fault, struct slice name);   /* one member down */
void pb_fault_index(struct fault *fault, size_t index);       /* that element of it */
void pb_fault_says(struct fault *fault, const char *problem); /* "is not valid UTF-8" */

#endif
