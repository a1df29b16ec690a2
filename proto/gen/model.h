/* proto/gen/model.h
 *
 * The descriptors of one protoc run as flat tables: every message, enum, service
 * and method with its file and its comment, and each method's rule. Pointers lead
 * into the request, which outlives the model. Sentences of refusal gather here, so
 * that one run tells all that is wrong. */
#ifndef PROTO_GEN_MODEL_H
#define PROTO_GEN_MODEL_H

#include "gen/plugin.pb-c.h"
#include "matricula/options.pb-c.h"

#include <stdbool.h>
#include <stdio.h>

/* Ten times what the house is meant to hold; beyond them a build is refused, not truncated. */
#define MESSAGES_MAX 8192
#define ENUMS_MAX 1024
#define SERVICES_MAX 512
#define METHODS_MAX 4096
/* Messages within messages within a file: two steps a level. */
#define PLACE_STEPS_MAX 24

/* Where a declaration stands in its file, as SourceCodeInfo counts it. */
struct place {
	int32_t steps[PLACE_STEPS_MAX];
	size_t count;
};

enum visit {
	VISIT_NOT_YET,
	VISIT_OPEN,
	VISIT_DONE,
};

struct message {
	const char *name; /* ".matricula.EnrolRequest", as fields name their type */
	const Google__Protobuf__FileDescriptorProto *file;
	const Google__Protobuf__DescriptorProto *proto;
	struct place place;
	enum visit visit; /* for the search of cycles */
};

struct enumeration {
	const char *name;
	const Google__Protobuf__FileDescriptorProto *file;
	const Google__Protobuf__EnumDescriptorProto *proto;
	struct place place;
};

struct service {
	const Google__Protobuf__FileDescriptorProto *file;
	const Google__Protobuf__ServiceDescriptorProto *proto;
};

struct method {
	const char *name; /* "Classes.Enrol" */
	const Google__Protobuf__FileDescriptorProto *file;
	const Google__Protobuf__ServiceDescriptorProto *service;
	const Google__Protobuf__MethodDescriptorProto *proto;
	struct place place;
	const Mt__Rule *rule; /* NULL if it has none */
	const struct message *input;
	const struct message *output;
};

struct model {
	struct message messages[MESSAGES_MAX]; /* those of google/ too: ours may hold them */
	size_t messages_count;
	struct enumeration enums[ENUMS_MAX];
	size_t enums_count;
	struct service services[SERVICES_MAX]; /* ours only, like methods */
	size_t services_count;
	struct method methods[METHODS_MAX]; /* sorted by name */
	size_t methods_count;
	char *refusals; /* one sentence a line; complete after model_refused */
	size_t refusals_size;
	FILE *refusals_out;
};

void model_build(struct model *model, const Plugin__CodeGeneratorRequest *request);

/* Adds "FILE: sentence". */
__attribute__((format(printf, 3, 4))) void
model_refuse(struct model *model, const Google__Protobuf__FileDescriptorProto *file, const char *format, ...);
bool model_refused(struct model *model);

/* By type name; NULL for a name that is none, and for NULL. */
struct message *model_message(struct model *model, const char *type_name);
const struct enumeration *model_enum(const struct model *model, const char *type_name);
/* NULL if the message has no such field. */
const Google__Protobuf__FieldDescriptorProto *message_field(const struct message *message, const char *name);
const Google__Protobuf__FieldDescriptorProto *message_field_json(const struct message *message, const char *json_name);

/* False for google/ and protobuf-c/: read, never checked, nothing generated. */
bool file_is_ours(const Google__Protobuf__FileDescriptorProto *file);
/* The name without dot and package: "EnrolRequest", "EnrolRequest.Row". */
const char *name_short(const Google__Protobuf__FileDescriptorProto *file, const char *name);
/* The package that C names begin with, as protobuf-c sees it. */
const char *file_c_package(const Google__Protobuf__FileDescriptorProto *file);
/* The service whose node answers the file's methods: the file option (owner), or "". */
const char *file_owner(const Google__Protobuf__FileDescriptorProto *file);
/* The comment before the declaration, or else behind it, without its margin; NULL if there is none. */
const char *comment_of(const Google__Protobuf__FileDescriptorProto *file, const struct place *place);
struct place place_child(const struct place *place, int32_t kind, size_t index);

/* Copies the name of the next "{name}" in *cursor and moves past it; false when there is none. */
#define PARAMETER_BYTES_MAX 64
bool path_parameter_next(const char **cursor, char name[PARAMETER_BYTES_MAX]);

/* printf into memory of its own. */
__attribute__((format(printf, 1, 2))) char *text_of(const char *format, ...);

/* Field numbers in descriptor.proto, which places are made of. */
#define PLACE_FILE_MESSAGE 4
#define PLACE_FILE_ENUM 5
#define PLACE_FILE_SERVICE 6
#define PLACE_MESSAGE_FIELD 2
#define PLACE_MESSAGE_MESSAGE 3
#define PLACE_MESSAGE_ENUM 4
#define PLACE_SERVICE_METHOD 2
#define PLACE_ENUM_VALUE 2

#endif
