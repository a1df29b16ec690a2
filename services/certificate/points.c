/* services/certificate/points.c
 *
 * Points are counted by local rules, and counted anew whenever a passport is read: rules
 * that change, change what the past is worth. The nearest rules from an authority upwards
 * apply as a whole; a certificate kind may have its own for what it certifies. */
#include "services/certificate/passport.h"

#include "common/core/access.h"
#include "common/wire/pb.h"
#include "services/certificate/kind.h"
#include "services/certificate/tables.h"

static struct key
rules_key(const char *authority_id)
{
	struct key key = key_of(TABLE_POINT_RULES);
	key_id_of(&key, authority_id);
	return key;
}

Mt__PointRulesRecord *
point_rules_for(struct call *call, const char *authority_id)
{
	const char *path[TREE_DEPTH_MAX];
	size_t count = authority_id[0] == '\0' ? 0 : tree_path(call_store(call), call_arena(call), authority_id, path);
	for (size_t i = 0; i < count; i++) {
		struct key key = rules_key(path[i]);
		const Mt__PointRulesRecord *point_rules = call_record(call, &key, &mt__point_rules_record__descriptor);
		if (point_rules != NULL)
			return (Mt__PointRulesRecord *)point_rules;
	}
	return (Mt__PointRulesRecord *)pb_new(&mt__point_rules_record__descriptor, call_arena(call));
}

/* A kind that was retired still says what its certificates are worth. */
uint32_t
points_per_10_hours(struct call *call, const Mt__PointRulesRecord *point_rules, const char *school_id,
		    const char *kind_code)
{
	const char *path[TREE_DEPTH_MAX];
	bool has_kind = kind_code[0] != '\0' && strcmp(kind_code, KIND_DEFAULT) != 0;
	size_t count = has_kind ? tree_path(call_store(call), call_arena(call), school_id, path) : 0;
	for (size_t i = 0; i < count; i++) {
		const Mt__CertificateKindRecord *kind = kind_get(call, path[i], kind_code);
		if (kind != NULL)
			return kind->points_per_10_hours > 0 ? kind->points_per_10_hours
							     : point_rules->points_per_10_hours;
	}
	return point_rules->points_per_10_hours;
}

static bool
rate_is_possible(struct call *call, const char *field, uint32_t points, uint32_t max)
{
	if (points <= max)
		return true;
	call_refuse_field(call, field, "%s is %u, at most %u is possible", field, points, max);
	return false;
}

void
passports_set_point_rules(Mt__Passports_Service *service, const Mt__SetPointRulesRequest *in,
			  Mt__SetPointRulesReply_Closure reply, void *call)
{
	(void)service;
	const Mt__AuthorityRecord *authority = call_authority_ref(call, "authority", in->authority);
	if (authority == NULL || !call_scope(call, authority->authority_id))
		return;
	if (in->rules == NULL) {
		call_refuse_field(call, "rules", "rules is missing");
		return;
	}
	if (!rate_is_possible(call, "rules.points_per_10_hours", in->rules->points_per_10_hours,
			      KIND_POINTS_PER_10_HOURS_MAX) ||
	    !rate_is_possible(call, "rules.recognition_points_per_10_hours", in->rules->recognition_points_per_10_hours,
			      KIND_POINTS_PER_10_HOURS_MAX) ||
	    !rate_is_possible(call, "rules.points_a_year_max", in->rules->points_a_year_max, POINTS_A_YEAR_MAX))
		return;
	struct key key = rules_key(authority->authority_id);
	const Mt__PointRulesRecord *before = call_record(call, &key, &mt__point_rules_record__descriptor);
	Mt__PointRulesRecord point_rules = *in->rules;
	Mt__PointRulesSet fact = MT__POINT_RULES_SET__INIT;
	point_rules.authority_id = authority->authority_id;
	point_rules.version = before == NULL ? 1 : before->version + 1;
	fact.rules = &point_rules;
	call_emit(call, &fact.base);
	Mt__SetPointRulesReply out = MT__SET_POINT_RULES_REPLY__INIT;
	out.version = point_rules.version;
	reply(&out, call);
}

void
point_rules_apply_set(struct apply *apply, const Mt__PointRulesSet *fact)
{
	struct key key = rules_key(fact->rules->authority_id);
	apply_put(apply, &key, &fact->rules->base);
}
