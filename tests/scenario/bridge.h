/* tests/scenario/bridge.h
 *
 * Between messages and JSON text, for files that read JSON with jansson: its names
 * and those of common/wire/json.h cannot stand in one file. */
#ifndef TESTS_SCENARIO_BRIDGE_H
#define TESTS_SCENARIO_BRIDGE_H

#include "common/wire/pb.h"
#include "tests/sim/ledger.h"

char *bridge_to_json(const ProtobufCMessage *message); /* the caller frees it */
ProtobufCMessage *
bridge_from_json(const ProtobufCMessageDescriptor *type, struct arena *arena, const char *json, struct fault *fault);
/* A journal entry from its base64, as JournalReadReply has it in JSON. */
bool bridge_entry(const struct module *module, struct arena *arena, const char *base64, struct ledger_entry *entry);
/* lowerCamelCase; cut at size. */
void bridge_json_name(const char *name, char *out, size_t size);

#endif
