/* tests/sim/standard.c
 *
 * Which places: three wards of Hanoi, two of Ho Chi Minh City; the rest of the list
 * is the load test's business. */
#include "tests/sim/standard.h"

#include <stdio.h>

#include "common/base/text.h"
#include "common/core/access.h"
#include "common/wire/pb.h"

#define UNITS "vn-units"

/* The wards of 79 are taken from the list as they come. */
static const struct standard_authority places[] = {
	{.code = "VN",
	 .parent = "",
	 .code_list = UNITS,
	 .list_version = "2025",
	 .kind = "nation",
	 .name = "Việt Nam",
	 .name_en = "Viet Nam"},
	{.code = "01", .parent = "VN", .code_list = UNITS, .list_version = "2025"},
	{.code = "79", .parent = "VN", .code_list = UNITS, .list_version = "2025"},
	{.code = "00004", .parent = "01", .code_list = UNITS, .list_version = "2025"},
	{.code = "00008", .parent = "01", .code_list = UNITS, .list_version = "2025"},
	{.code = "00025", .parent = "01", .code_list = UNITS, .list_version = "2025"},
	{.code = "25747", .parent = "79", .code_list = UNITS, .list_version = "2025"},
	{.code = "25750", .parent = "79", .code_list = UNITS, .list_version = "2025"},
	{.code = "SCHOOL-1",
	 .parent = "VN",
	 .code_list = "bodies",
	 .list_version = "1",
	 .kind = "school",
	 .name = "Học viện Hành chính Quốc gia",
	 .name_en = "National Academy of Public Administration"},
	{.code = "SCHOOL-2",
	 .parent = "01",
	 .code_list = "bodies",
	 .list_version = "1",
	 .kind = "school",
	 .name = "Trường Đào tạo cán bộ Hà Nội",
	 .name_en = "Hanoi Cadre Training School"},
};

static const char *
kind_known(const char *kind)
{
	static const char *const kinds[] = {"city", "province", "ward", "commune", "special_zone"};
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strcmp(kinds[i], kind) == 0)
			return kinds[i];
	}
	return NULL;
}

/* code,name,name_en,parent_code,kind */
static void
take_line(struct standard *standard, char *line)
{
	char *columns[5];
	char *rest = line;
	line[strcspn(line, "\r\n")] = '\0';
	for (size_t i = 0; i < 5; i++) {
		columns[i] = strsep(&rest, ",");
		if (columns[i] == NULL)
			return;
	}
	struct standard_authority *authority = standard_find(standard, columns[0]);
	if (authority == NULL || authority->name[0] != '\0')
		return;
	snprintf(authority->name, sizeof(authority->name), "%s", columns[1]);
	snprintf(authority->name_en, sizeof(authority->name_en), "%s", columns[2]);
	authority->kind = kind_known(columns[4]);
}

bool
standard_load(struct standard *standard, const char *csv_path)
{
	char line[1024];
	*standard = (struct standard){.count = sizeof(places) / sizeof(places[0])};
	memcpy(standard->authorities, places, sizeof(places));
	FILE *file = fopen(csv_path, "r");
	if (file == NULL)
		return false;
	while (fgets(line, sizeof(line), file) != NULL)
		take_line(standard, line);
	fclose(file);
	for (size_t i = 0; i < standard->count; i++) {
		if (standard->authorities[i].kind == NULL)
			return false;
	}
	return true;
}

struct standard_authority *
standard_find(struct standard *standard, const char *code)
{
	for (size_t i = 0; i < standard->count; i++) {
		if (strcmp(standard->authorities[i].code, code) == 0)
			return &standard->authorities[i];
	}
	return NULL;
}

bool
errand_wait(struct office *office, struct errand *errand)
{
	struct sim *sim = office->sim;
	int64_t end_us = sim->time_us + STANDARD_LIMIT_US;
	while (!errand->answered) {
		if (sim->time_us <= end_us && world_step(sim))
			continue;
		world_blame(sim, "every call is answered", "%s has no answer after %u tries", errand->rule->name,
			    errand->tries);
		return false;
	}
	return !world_blamed(sim);
}

static bool
add(struct office *office, struct standard_authority *authority)
{
	struct proof proof = proof_operator();
	char id[CALL_ID_BYTES_MAX + 1];
	snprintf(id, sizeof(id), "standard-%s", authority->code);
	Mt__AddAuthorityRequest request = MT__ADD_AUTHORITY_REQUEST__INIT;
	request.parent = (char *)authority->parent;
	request.code_list = (char *)authority->code_list;
	request.list_version = (char *)authority->list_version;
	request.code = (char *)authority->code;
	request.name = authority->name;
	request.name_en = authority->name_en;
	request.kind = (char *)authority->kind;
	struct errand *errand =
		errand_new(office, 0, ENROLLMENT, &proof, rule_find("Authorities.Add"), id, &request.base);
	errand->patient = true;
	errand_send(office, errand);
	if (!errand_wait(office, errand))
		return false;
	struct arena arena;
	arena_init(&arena, 1024, 0);
	const Mt__AddAuthorityReply *reply = (const void *)errand_reply(errand, &arena);
	if (reply == NULL)
		world_blame(office->sim, "the standard world can be set up", "authority %s: %s", authority->code,
			    errand->message);
	else
		snprintf(authority->id, sizeof(authority->id), "%s", reply->authority_id);
	arena_free(&arena);
	return reply != NULL;
}

bool
standard_add(struct standard *standard, struct office *office)
{
	for (size_t i = 0; i < standard->count; i++) {
		if (!add(office, &standard->authorities[i]))
			return false;
	}
	return true;
}

/* Durably: what is in memory only, a crash may take back. */
static bool
node_has_token(const struct process *process, const struct proof *proof)
{
	struct arena arena;
	if (process->node == NULL || !node_opened(process->node) ||
	    node_durable_seq(process->node) != node_seq(process->node))
		return false;
	arena_init(&arena, 1024, 0);
	bool has = access_token(node_store(process->node), &arena, slice_of(proof->token, HASH_BYTES)) != NULL;
	arena_free(&arena);
	return has;
}

static bool
await_token(struct office *office, uint32_t node, const struct proof *proof)
{
	struct sim *sim = office->sim;
	int64_t end_us = sim->time_us + STANDARD_LIMIT_US;
	while (!node_has_token(&sim->processes[node], proof)) {
		if (sim->time_us <= end_us && world_step(sim))
			continue;
		world_blame(sim, "tokens reach every node", "%s has no token that was granted",
			    world_modules[node]->name);
		return false;
	}
	return true;
}

bool
standard_grant(struct office *office, const Mt__Role *roles, size_t roles_count, const char *authority,
	       const char *subject, struct proof *proof, char token_id[17])
{
	char token[64];
	char id[CALL_ID_BYTES_MAX + 1];
	struct proof operator= proof_operator();
	snprintf(token, sizeof(token), "token %llu", (unsigned long long)office->count);
	snprintf(id, sizeof(id), "grant-%llu", (unsigned long long)office->count);
	*proof = proof_token(token, subject);
	text_hex(slice_of(proof->token, 8), token_id);
	if (subject[0] == '\0')
		snprintf(proof->subject, sizeof(proof->subject), "token:%.8s", token_id);
	Mt__GrantTokenRequest request = MT__GRANT_TOKEN_REQUEST__INIT;
	request.token_hash = (ProtobufCBinaryData){HASH_BYTES, proof->token};
	request.roles = (Mt__Role *)roles;
	request.n_roles = roles_count;
	request.authority = (char *)authority;
	request.subject = (char *)subject;
	struct errand *errand =
		errand_new(office, 0, ENROLLMENT, &operator, rule_find("Access.GrantToken"), id, &request.base);
	errand->patient = true;
	errand_send(office, errand);
	if (!errand_wait(office, errand))
		return false;
	if (errand->status != MT__STATUS__OK) {
		world_blame(office->sim, "tokens can be granted", "for %s: %s", authority, errand->message);
		return false;
	}
	for (uint32_t i = 0; i < WORLD_NODES; i++) {
		if (!await_token(office, i, proof))
			return false;
	}
	return true;
}
