#!/bin/bash
# The plugin of protoc: each shape that must not build is refused with its sentence, and a
# good file gives the row, C that compiles against what protoc-c generates, and an OpenAPI
# document. Prints a line per case; fails if one does.
set -u
cd "$(dirname "$0")/../.." || exit 1
gen=build/gen
plugin=$gen/bin/protoc-gen-matricula
make -s $plugin || exit 1
temp=$(mktemp -d)
trap 'rm -rf "$temp"' EXIT
mkdir -p "$temp/matricula"
failed=0

# ok_if NAME: what the status of the last command says
ok_if() {
	if [ $? = 0 ]; then
		echo "ok $1"
	else
		echo "not ok $1"
		failed=$((failed + 1))
	fi
}

# proto NAME <<BODY: matricula/NAME.proto, with the head that every file has
proto() {
	cat > "$temp/matricula/$1.proto" <<-END
		syntax = "proto3";
		package ${package:-matricula};
		import "matricula/options.proto";
		import "protobuf-c/protobuf-c.proto";
		option (pb_c_file).c_package = "mt";
		message Q { string id = 1; string authority_id = 2; int64 size = 3;
		            Sub sub = 4; repeated string tags = 5; }
		message Sub { string name = 1; }
		message R {}
		$(cat)
	END
}

generate() {
	mkdir -p "$temp/out"
	protoc --plugin=protoc-gen-matricula=$plugin --matricula_out="$temp/out" -I"$temp" -Iproto -I/usr/include "$@"
}

# refused NAME SENTENCE <<BODY: that sentence is all that protoc says, but for its warnings
refused() {
	proto bad
	local said
	said=$(generate "$temp/matricula/bad.proto" 2>&1 | grep -v ': warning: ')
	[ "$said" = "--matricula_out: matricula/bad.proto: $2" ] || { echo "# said: $said"; false; }
	ok_if "$1"
}

# refused_rule NAME SENTENCE OPTIONS: a method M of service S with these options in its rule
refused_rule() {
	refused "$1" "$2" <<< "service S { rpc M(Q) returns (R) { option (matricula.rule) = { $3 }; } }"
}

query='kind: QUERY scope: ANY roles: LEARNER'
get="$query verb: \"GET\""
post="$query verb: \"POST\""

refused no_rule 'method S.M has no rule' <<< 'service S { rpc M(Q) returns (R); }'
refused sealed_text 'field sealed of message P is not bytes with number 15, which makes it personal' \
	<<< 'message P { string name = 1; string sealed = 15; }'
refused sealed_number 'field sealed of message P is not bytes with number 15, which makes it personal' \
	<<< 'message P { string name = 1; bytes sealed = 2; }'
refused_rule without_personal_query 'method S.M is no reaction and cannot be without_personal' "$query without_personal: true"
refused_rule no_kind 'the rule of method S.M has no kind' 'scope: ANY roles: LEARNER'
refused_rule no_scope 'the rule of method S.M has no scope' 'kind: QUERY roles: LEARNER'
refused_rule query_no_roles 'the rule of method S.M has no roles and is not public' 'kind: QUERY scope: ANY'
refused_rule command_no_roles 'the rule of method S.M has no roles and is not public' 'kind: COMMAND scope: HANDLER'
refused_rule reaction_path 'method S.M is a reaction and may not have a path' \
	'kind: REACTION scope: ANY roles: NODE verb: "POST" path: "/v1/s"'
refused_rule timer_path 'method S.M is a timer and may not have a path' \
	'kind: TIMER scope: ANY verb: "POST" path: "/v1/s"'
refused_rule path_unknown_field 'path parameter nobody of method S.M is not a scalar field of Q' \
	"$post path: \"/v1/s/{nobody}\""
refused_rule path_message 'path parameter sub of method S.M is not a scalar field of Q' "$post path: \"/v1/s/{sub}\""
refused_rule path_list 'path parameter tags of method S.M is not a scalar field of Q' "$post path: \"/v1/s/{tags}\""
refused_rule path_proto_name 'path parameter authority_id of method S.M is not a scalar field of Q' \
	"$post path: \"/v1/s/{authority_id}\""
refused_rule path_malformed 'path /v1/s/{id of method S.M is malformed' "$post path: \"/v1/s/{id\""
refused_rule path_no_slash 'path v1/s of method S.M is malformed' "$post path: \"v1/s\""
refused_rule path_twice 'path /v1/{id}/{id} of method S.M is malformed' "$post path: \"/v1/{id}/{id}\""
refused_rule path_no_verb 'method S.M has a path but the verb ""' "$query path: \"/v1/s\""
refused_rule verb_unknown 'method S.M has a path but the verb "get"' "$query verb: \"get\" path: \"/v1/s\""
refused_rule verb_no_path 'method S.M has a verb but no path' "$get"
refused_rule query_message 'field sub of method S.M is a message and cannot be a query parameter' \
	"$get path: \"/v1/s\""
refused_rule scope_field_missing 'the scope of method S.M needs a scope_field' \
	'kind: QUERY scope: FIELD roles: LEARNER'
refused_rule scope_self_missing 'the scope of method S.M needs a scope_field' \
	'kind: QUERY scope: SELF_OR roles: LEARNER'
refused_rule scope_field_number 'scope_field size of method S.M is not a string field of Q' \
	'kind: QUERY scope: FIELD scope_field: "size" roles: LEARNER'
refused_rule scope_field_list 'scope_field tags of method S.M is not a string field of Q' \
	'kind: QUERY scope: SELF_OR scope_field: "tags" roles: LEARNER'
refused_rule scope_field_json_name 'scope_field authorityId of method S.M is not a string field of Q' \
	'kind: QUERY scope: FIELD scope_field: "authorityId" roles: LEARNER'
refused route_twice 'method S.N has the same route as S.M: POST /v1/s/{authorityId}' <<END
service S {
  rpc M(Q) returns (R) { option (rule) = { $post path: "/v1/s/{id}" }; }
  rpc N(Q) returns (R) { option (rule) = { $post path: "/v1/s/{authorityId}" }; }
}
END
refused route_names_differ 'methods S.M and S.N name the parameters of one path differently: /v1/s/{authorityId}' <<END
service S {
  rpc M(Q) returns (R) { option (rule) = { $post path: "/v1/s/{id}" }; }
  rpc N(Q) returns (R) { option (rule) = { $query verb: "PUT" path: "/v1/s/{authorityId}" }; }
}
END
refused keyword_field 'field register of message K is a C keyword' <<< 'message K { string register = 1; }'
refused keyword_enum 'enum switch is a C keyword' <<< 'enum switch { NONE = 0; }'
refused keyword_value 'value long of enum Length is a C keyword' <<< 'enum Length { NONE = 0; long = 1; }'
refused keyword_method 'method S.Register is a C keyword in lower case' \
	<<< "service S { rpc Register(Q) returns (R) { option (matricula.rule) = { $query }; } }"
refused base_field 'field base of message K is a name of protobuf-c' <<< 'message K { string base = 1; }'
refused base_method 'method S.Base is a name of protobuf-c' \
	<<< "service S { rpc Base(Q) returns (R) { option (matricula.rule) = { $query }; } }"
refused map 'field rows of message K is a map' <<< 'message K { map<string, int32> rows = 1; }'
refused optional 'field note of message K is optional, use a sub-message or a oneof' \
	<<< 'message K { optional string note = 1; }'
refused recursion_direct 'message K contains itself through field k of message K' <<< 'message K { K k = 1; }'
refused recursion_far 'message A contains itself through field a of message C.D' \
	<<< 'message A { B b = 1; } message B { repeated C.D d = 1; }
               message C { message D { oneof any { A a = 1; } } }'
refused streaming_in 'method S.M is streaming' \
	<<< "service S { rpc M(stream Q) returns (R) { option (matricula.rule) = { $query }; } }"
refused streaming_out 'method S.M is streaming' \
	<<< "service S { rpc M(Q) returns (stream R) { option (matricula.rule) = { $query }; } }"
refused problem_name 'message Problem has the name of the schema of RFC 9457' <<END
message Problem {}
service S { rpc M(R) returns (Problem) { option (rule) = { $get path: "/v1/s" }; } }
END

same="service S { rpc M(Q) returns (R) { option (matricula.rule) = { $query }; } }"
proto first <<< "$same"
package=other proto second <<< "$same"
generate "$temp/matricula/first.proto" "$temp/matricula/second.proto" 2>&1 |
	grep -q 'matricula/second.proto: service S is also in matricula/first.proto'
ok_if service_twice

proto bad <<< 'message K { string int = 1; K k = 2; }'
[ "$(generate "$temp/matricula/bad.proto" 2>&1 | grep -vc ": warning: ")" = 2 ]
ok_if all_faults_at_once
[ -z "$(ls "$temp/out")" ]
ok_if refused_writes_nothing

# --- what is written ------------------------------------------------------------------------------------------------

proto good <<'END'
enum Mood {
  MOOD_UNSET = 0;
  GLAD = 1; // smiles
}
// What a class is.
// In two lines.
message HR2Class {
  // How many seats.
  int64 seats_max = 1;
  Mood mood = 2;
  bytes photo = 3;
  repeated Row rows = 4;
  oneof either { uint32 left = 5; double right = 6; }
  message Row { bool taken = 1; }
}
message ABCRequest { string class_id = 1; string authority_id = 2; HR2Class class_record = 3; }
message ClassList { string authority_id = 1; uint32 page_size = 2; string page_token = 3; repeated Mood moods = 4; }
// Where people learn.
service Classes {
  // Takes a seat.
  rpc Enrol(ABCRequest) returns (HR2Class) {
    option (rule) = { kind: COMMAND scope: FIELD scope_field: "authority_id" roles: REGISTRAR roles: LEARNER
                      verb: "POST" path: "/v1/classes/{classId}/enrolments" summary: "Enrol \"one\" người??!" };
  }
  rpc Replace(HR2Class) returns (R) {
    option (rule).kind = COMMAND;
    option (rule).scope = HANDLER;
    option (rule).roles = REGISTRAR;
    option (rule).verb = "PUT";
    option (rule).path = "/v1/classes";
    option (rule).open = true;
  }
  rpc List(ClassList) returns (HR2Class.Row) {
    option (rule) = { kind: QUERY scope: PUBLIC verb: "GET" path: "/v1/classes" };
  }
}
service AReactions { rpc Seen(HR2Class) returns (R) { option (rule) = { kind: REACTION scope: ANY roles: NODE }; } }
END
generate "$temp/matricula/good.proto"
ok_if good_is_taken

cat > "$temp/row" <<'END'
	{
		.name = "Classes.Enrol",
		.file = "good",
		.owner = "",
		.kind = MT__KIND__COMMAND,
		.scope = MT__SCOPE__FIELD,
		.scope_field = "authority_id",
		.roles = 0 | 1u << MT__ROLE__REGISTRAR | 1u << MT__ROLE__LEARNER,
		.open = false,
		.without_personal = false,
		.verb = "POST",
		.path = "/v1/classes/{classId}/enrolments",
		.summary = "Enrol \"one\" người\?\?!",
		.input = &mt__abcrequest__descriptor,
		.output = &mt__hr2_class__descriptor,
	},
END
grep -qF '#include "matricula/good.pb-c.h"' "$temp/out/rules.c" &&
	[[ $(<"$temp/out/rules.c") == *"$(<"$temp/row")"* ]]
ok_if row

cat > "$temp/main.c" <<'END'
#include "common/wire/rule.h"
#include <stdio.h>
int main(void)
{
	const char *names[] = { "AReactions.Seen", "Classes.Enrol", "Classes.List", "Classes.Replace", "Classes.Sing" };
	for (int i = 0; i < 5; i++) {
		const struct rule *rule = rule_find(names[i]);
		printf("%s %s %d\n", rule ? rule->name : "-", rule ? rule->output->name : "-", rule ? rule->open : 0);
	}
	return fwrite(openapi_json, 1, openapi_json_size, stderr) != openapi_json_size;
}
END
make -s $gen/matricula/options.pb-c.c $gen/google/protobuf/descriptor.pb-c.c &&
	protoc-c --c_out="$temp" -I"$temp" -Iproto -I/usr/include "$temp/matricula/good.proto" &&
	gcc -std=c11 -Wall -Wextra -Werror -I"$temp" -I. -I$gen -o "$temp/main" "$temp/main.c" "$temp"/out/*.c \
		"$temp/matricula/good.pb-c.c" $gen/matricula/options.pb-c.c $gen/google/protobuf/descriptor.pb-c.c \
		common/wire/rule.c $(pkg-config --libs libprotobuf-c)
ok_if compiles
"$temp/main" 2> "$temp/served.json" | diff - <(printf '%s\n' 'AReactions.Seen matricula.R 0' \
	'Classes.Enrol matricula.HR2Class 0' 'Classes.List matricula.HR2Class.Row 0' \
	'Classes.Replace matricula.R 1' '- - 0')
ok_if rule_find

# openapi NAME EXPRESSION: in Python, over the document d and its operations by id
cat > "$temp/ask.py" <<'END'
import json, sys
d = json.load(open(sys.argv[1]))
ops = {o['operationId']: o for p in d['paths'].values() for o in p.values()}
schemas = d['components']['schemas']
def header(op): return [p.get('$ref', '').split('/')[-1] for p in op.get('parameters', []) if '$ref' in p]
def places(op): return {p['name']: p['in'] for p in op.get('parameters', []) if 'in' in p}
def refs(x):
    if isinstance(x, dict):
        return [v for k, v in x.items() if k == '$ref'] + [r for v in x.values() for r in refs(v)]
    return [r for v in x for r in refs(v)] if isinstance(x, list) else []
def found(ref):
    at = d
    for step in ref[2:].split('/'):
        at = at.get(step, {})
    return bool(at)
enrol, replace, listing = (ops[k] for k in ('Classes.Enrol', 'Classes.Replace', 'Classes.List'))
body = lambda op: op['requestBody']['content']['application/json']['schema']
hr = schemas['HR2Class']
result = eval(sys.argv[2])
if not result:
    print('#', json.dumps(d, ensure_ascii=False))
sys.exit(not result)
END
openapi() {
	python3 "$temp/ask.py" "$temp/out/openapi.json" "$2"
	ok_if "openapi_$1"
}
python3 -c 'import json, sys; sys.exit(json.load(open(sys.argv[1])) != json.load(open(sys.argv[2])))' \
	"$temp/served.json" "$temp/out/openapi.json"
ok_if openapi_embedded_is_the_same
openapi version "d['openapi'].startswith('3.1') and sorted(ops) == ['Classes.Enrol', 'Classes.List', 'Classes.Replace']"
openapi routes "d['paths']['/v1/classes']['get'] is listing and d['paths']['/v1/classes']['put'] is replace"
openapi texts "enrol['summary'] == 'Enrol \"one\" người??!' and enrol['description'] == 'Takes a seat.'"
openapi comments "hr['description'] == 'What a class is.\nIn two lines.' and \
	hr['properties']['seatsMax']['description'] == 'How many seats.'"
openapi roles "enrol['x-roles'] == ['REGISTRAR', 'LEARNER'] and listing['x-roles'] == []"
openapi security "enrol['security'] == [{'bearer': []}] and listing['security'] == [{}, {'bearer': []}]"
openapi path_parameter "places(enrol) == {'classId': 'path'} and enrol['parameters'][0]['required'] is True"
openapi query "places(listing) == {k: 'query' for k in ('authorityId', 'pageSize', 'pageToken', 'moods')} and \
	'requestBody' not in listing"
openapi body_rest "sorted(body(enrol)['properties']) == ['authorityId', 'classRecord']"
openapi body_whole "body(replace) == {'\$ref': '#/components/schemas/HR2Class'}"
openapi headers "header(enrol) == header(replace) == ['IdempotencyKey', 'DryRun'] and header(listing) == []"
openapi int64 "hr['properties']['seatsMax']['type'] == 'string' and hr['properties']['seatsMax']['format'] == 'int64'"
openapi bytes "hr['properties']['photo'] == {'type': 'string', 'contentEncoding': 'base64'}"
openapi list "hr['properties']['rows'] == {'type': 'array', 'items': {'\$ref': '#/components/schemas/HR2Class.Row'}}"
openapi oneof "hr['properties']['left']['format'] == 'uint32' and hr['properties']['right']['format'] == 'double' and \
	'required' not in hr"
openapi enum "schemas['Mood']['enum'] == ['MOOD_UNSET', 'GLAD'] and 'GLAD: smiles' in schemas['Mood']['description']"
openapi reply "enrol['responses']['200']['content']['application/json']['schema'] == \
	{'\$ref': '#/components/schemas/HR2Class'}"
openapi problem "list(schemas['Problem']['properties']) == ['type', 'title', 'status', 'detail', 'field', 'code'] \
	and 'application/problem+json' in d['components']['responses']['Problem']['content']"
openapi references "all(found(r) for r in refs(d))"

# Lines of C end between characters, wherever a text is long.
for shift in '' a aa; do
	rm -r "$temp/out"
	proto long <<< "service S { rpc M(Q) returns (R) { option (rule) = { $get path: \"/v1/{id}\" summary: \"$shift$(printf 'ộ%.0s' {1..300})\" }; } }"
	sed -i 's/ Sub sub = 4; repeated string tags = 5;//' "$temp/matricula/long.proto"
	! generate "$temp/matricula/long.proto" 2>&1 | grep -v ': warning: ' && iconv -f UTF-8 "$temp"/out/*.c >"$temp/all"
	ok_if "long_text_${#shift}"
done

rm -r "$temp/out"
generate proto/matricula/options.proto && gcc -std=c11 -Wall -Werror -I. -I$gen -fsyntax-only "$temp"/out/*.c
ok_if no_services_yet

exit $((failed > 0))
