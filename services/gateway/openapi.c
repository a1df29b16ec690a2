/* services/gateway/openapi.c
 *
 * The generated text is read with jansson once, at the start; each endpoint without a
 * rule adds its operation, and where an answer has a shape of its own the table below says
 * so. What cannot be read is served as it was generated. */
#include "services/gateway/openapi.h"

#include <assert.h>
#include <ctype.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

/* What the generator cannot know: operations that have a shape of their own. Members given here replace those
 * generated. In these texts ' stands for ", which keeps them readable. */
#define TEXT "{'type':'string'}"
#define OBJECT "{'type':'object'}"
#define OUTCOME "{'enum':['accepted','duplicate','conflict','parked','held','rejected','dead','discarded']}"
#define TAKEN "{'$ref':'#/components/schemas/TakenEvent'}"
#define RESULT "{'$ref':'#/components/schemas/EventResult'}"
#define RESULT_JSON "'content':{'application/json':{'schema':" RESULT "}}"
#define OBJECT_JSON "'content':{'application/json':{'schema':" OBJECT "}}"
#define EVENT "{'$ref':'#/components/schemas/CloudEvent'}"
#define PROBLEM "{'$ref':'#/components/responses/Problem'}"
#define BINARY "{'type':'string','format':'binary'}"
#define DID_ANSWER                                                                                                     \
	"{'200':{'description':'The DID document.','content':{'application/did+json':{'schema':" OBJECT "}}},"         \
	"'default':" PROBLEM "}"
#define FILE_ANSWER(says, type, schema)                                                                                \
	"{'200':{'description':'" says "','content':{'" type "':{'schema':" schema "}}},'default':" PROBLEM "}"
#define PDF_ANSWER(says) FILE_ANSWER(says, "application/pdf", BINARY)
#define JSON_ANSWER(says) FILE_ANSWER(says, "application/json", OBJECT)
#define CSV_ANSWER(says) FILE_ANSWER(says, "text/csv", TEXT)
#define LAST_EVENT_ID "{'in':'header','name':'Last-Event-ID','schema':" TEXT "}"

static const struct {
	const char *path;
	const char *verb;
	const char *members;
} corrections[] = {
	{"/v1/events", "post",
	 "{'parameters':[],"
	 "'requestBody':{'required':true,'content':{"
	 "'application/cloudevents+json':{'schema':" EVENT "},"
	 "'application/cloudevents-batch+json':{'schema':{'type':'array','maxItems':1000,'items':" EVENT "}},"
	 "'application/json':{'schema':{'type':'object','description':'Data alone, attributes in ce- headers.'}}}},"
	 "'responses':{"
	 "'200':{'description':'Accepted or duplicate; of a batch, a result for each.','content':{'application/json':"
	 "{'schema':{'oneOf':[" RESULT ","
	 "{'type':'object','required':['results'],'properties':{'results':{'type':'array','items':" RESULT "}}}]}}}},"
	 "'202':{'description':'Parked or held.'," RESULT_JSON "},"
	 "'409':{'description':'Conflict: this id was taken with another payload.'," RESULT_JSON "},"
	 "'413':" PROBLEM ","
	 "'422':{'description':'Rejected.'," RESULT_JSON "},"
	 "'default':" PROBLEM "}}"},
	{"/v1/events", "get",
	 "{'responses':{'200':{'description':'The event; or, by outcome, a page of "
	 "them.','content':{'application/json':"
	 "{'schema':{'oneOf':[" TAKEN ",{'type':'object','required':['events'],'properties':{"
	 "'events':{'type':'array','items':" TAKEN "},'nextPageToken':" TEXT "}}]}}}},'default':" PROBLEM "}}"},
	{"/v1/event-types", "get", "{'responses':" JSON_ANSWER("Types, with fields and examples.") "}"},
	{"/v1/event-types/{type}", "get", "{'responses':" JSON_ANSWER("Its fields and an example.") "}"},
	{"/v1/door", "get", "{'responses':" JSON_ANSWER("Endpoint and public key.") "}"},
	{"/livez", "get", "{'responses':" JSON_ANSWER("It is alive.") "}"},
	{"/readyz", "get",
	 "{'responses':{'200':{'description':'All are ready.'," OBJECT_JSON "},"
	 "'503':{'description':'It says who is not.'," OBJECT_JSON "},'default':" PROBLEM "}}"},
	{"/openapi.json", "get", "{'responses':" JSON_ANSWER("This document.") "}"},
	{"/metrics", "get", "{'responses':" FILE_ANSWER("Numbers.", "text/plain", TEXT) "}"},
	{"/v1/certificates/{certificateId}", "get",
	 "{'responses':{'200':{'description':'The credential, byte for byte as it was signed; by Accept as a JWT.',"
	 "'content':{'application/vc':{'schema':" OBJECT "},'application/vc+jwt':{'schema':" TEXT "}}},"
	 "'default':" PROBLEM "}}"},
	{"/v1/certificates/{certificateId}/certificate.pdf", "get",
	 "{'parameters':[{'in':'path','name':'certificateId','required':true,'schema':" TEXT "},"
	 "{'in':'query','name':'token','description':'The code of its verification URL.','schema':" TEXT "},"
	 "{'in':'query','name':'edition','schema':{'type':'integer','minimum':0}}],"
	 "'responses':" PDF_ANSWER("The certificate, with its credential as the attachment credential.json.") "}"},
	{"/v1/certificates:verify", "post",
	 "{'requestBody':{'required':true,'description':'In JSON, credential may be the object itself.','content':{"
	 "'application/json':{'schema':{'$ref':'#/components/schemas/VerifyRequest'}},"
	 "'application/vc':{'schema':" OBJECT "},'application/vc+jwt':{'schema':" TEXT "},"
	 "'application/pdf':{'schema':" BINARY "}}}}"},
	{"/v1/certificates:verify-list", "post",
	 "{'security':[{'bearer':[]}],'x-roles':['HR_OFFICER','REGISTRAR','LEADER','AUDITOR'],'parameters':[],"
	 "'requestBody':{'required':true,'content':{'text/csv':{'schema':" TEXT "}}},"
	 "'responses':" CSV_ANSWER("The same rows with their verdicts.") "}"},
	{"/v1/persons/{personId}/passport.pdf", "get",
	 "{'security':[{'bearer':[]}],'x-roles':['LEARNER','HR_OFFICER','REGISTRAR','LEADER','AUDITOR'],'parameters':["
	 "{'in':'path','name':'personId','required':true,'schema':" TEXT "},"
	 "{'in':'query','name':'authority','description':'Whose point rules apply.','schema':" TEXT "}],"
	 "'responses':" PDF_ANSWER("The training passport.") "}"},
	{"/v1/authorities/{authority}/register/{year}/register.csv", "get",
	 "{'security':[{'bearer':[]}],'x-roles':['REGISTRAR','LEADER','AUDITOR'],'parameters':["
	 "{'in':'path','name':'authority','required':true,'schema':" TEXT "},"
	 "{'in':'path','name':'year','required':true,'schema':{'type':'integer'}},"
	 "{'in':'query','name':'separator','schema':{'enum':[',',';']}}],"
	 "'responses':" CSV_ANSWER("The register, a certificate a row.") "}"},
	{"/v1/authorities/{authority}/paper-certificates.csv", "post",
	 "{'security':[{'bearer':[]}],'x-roles':['REGISTRAR','LEADER'],'parameters':["
	 "{'in':'path','name':'authority','required':true,'schema':" TEXT "},"
	 "{'in':'header','name':'Idempotency-Key','schema':" TEXT "}],"
	 "'requestBody':{'required':true,'content':{'text/csv':{'schema':" TEXT "}}},"
	 "'responses':" CSV_ANSWER("A row each: recorded, unchanged or rejected, and why.") "}"},
	{"/.well-known/did.json", "get", "{'responses':" DID_ANSWER "}"},
	{"/issuers/{authorityId}/did.json", "get", "{'responses':" DID_ANSWER "}"},
	{"/v1/status-lists/{authority}/{number}/{purpose}", "get",
	 "{'parameters':[{'in':'path','name':'authority','required':true,'schema':" TEXT "},"
	 "{'in':'path','name':'number','required':true,'schema':{'type':'integer','minimum':1}},"
	 "{'in':'path','name':'purpose','required':true,'schema':{'enum':['revocation','suspension']}},"
	 "{'in':'header','name':'If-None-Match','schema':" TEXT "}],"
	 "'responses':{'200':{'description':'A BitstringStatusListCredential, signed; with an ETag.',"
	 "'content':{'application/vc':{'schema':" OBJECT "}}},'304':{'description':'It has not changed.'},"
	 "'default':" PROBLEM "}}"},
	{"/v1/log/checkpoint", "get",
	 "{'responses':{'200':{'description':'A signed note with a tlog-checkpoint.',"
	 "'content':{'text/plain':{'schema':" TEXT "}}},'default':" PROBLEM "}}"},
	{"/v1/figures", "get",
	 "{'responses':{'200':{'description':'All services merged; a stream resumes at the position.','content':{"
	 "'application/json':{'schema':{'type':'object','properties':{'position':" TEXT ","
	 "'figures':{'type':'array','items':{'$ref':'#/components/schemas/Figure'}}}}},"
	 "'text/csv':{'schema':" TEXT "}}},'default':" PROBLEM "}}"},
	{"/v1/figures/stream", "get",
	 "{'parameters':[{'in':'query','name':'metric','schema':" TEXT "},"
	 "{'in':'query','name':'authority','schema':" TEXT "},"
	 "{'in':'query','name':'depth','schema':{'type':'integer','minimum':0,'maximum':3}}," LAST_EVENT_ID "],"
	 "'responses':{'200':{'description':'Events figure, whose data is a Figure, and reset.',"
	 "'content':{'text/event-stream':{'schema':" TEXT "}}},'default':" PROBLEM "}}"},
	{"/v1/persons/{personId}/export", "get",
	 "{'security':[{'bearer':[]}],'x-roles':['LEARNER','PRIVACY_OFFICER'],'parameters':["
	 "{'in':'path','name':'personId','required':true,'schema':" TEXT "},"
	 "{'in':'query','name':'record','schema':" TEXT "},{'in':'query','name':'list','schema':" TEXT "},"
	 "{'in':'query','name':'pageToken','schema':" TEXT "}],"
	 "'responses':{'200':{'description':'A member for each service; next leads to what did not fit.','content':{"
	 "'application/json':{'schema':" OBJECT "},'text/html':{'schema':" TEXT "}}},'default':" PROBLEM "}}"},
	{"/v1/rosters", "post",
	 "{'security':[{'bearer':[]}],'x-roles':['PROVINCE_SYSTEM','HR_OFFICER'],'parameters':["
	 "{'in':'query','name':'authority','schema':" TEXT "},"
	 "{'in':'query','name':'mode','schema':{'enum':['upsert','full']}},"
	 "{'in':'query','name':'dryRun','schema':{'type':'boolean'}},"
	 "{'in':'query','name':'dateFormat','schema':{'enum':['dmy','mdy']}},"
	 "{'in':'query','name':'roster','description':'Goes on with this one.','schema':" TEXT "},"
	 "{'in':'header','name':'Idempotency-Key','schema':" TEXT "}],"
	 "'requestBody':{'required':true,'content':{'text/csv':{'schema':" TEXT "},"
	 "'application/x-ndjson':{'schema':" TEXT "}}},"
	 "'responses':{'201':{'description':'All rows are decided.','content':{'application/json':{'schema':"
	 "{'$ref':'#/components/schemas/RosterView'}}}},'default':" PROBLEM "}}"},
	{"/v1/rosters/{rosterId}/errors.csv", "get",
	 "{'security':[{'bearer':[]}],'x-roles':['PROVINCE_SYSTEM','HR_OFFICER'],'parameters':["
	 "{'in':'path','name':'rosterId','required':true,'schema':" TEXT "},"
	 "{'in':'query','name':'lang','schema':{'enum':['vi','en']}}],"
	 "'responses':{'200':{'description':'A line for each fault.','content':{'text/csv':{'schema':" TEXT "}}},"
	 "'default':" PROBLEM "}}"},
	{"/v1/rosters/template.csv", "get",
	 "{'parameters':[{'in':'query','name':'lang','schema':{'enum':['vi','en']}},"
	 "{'in':'query','name':'separator','schema':{'enum':[',',';']}}],"
	 "'responses':{'200':{'description':'A header and an example.','content':{'text/csv':{'schema':" TEXT "}}},"
	 "'default':" PROBLEM "}}"},
	{"/v1/journal/{service}", "get",
	 "{'security':[{'bearer':[]}],'x-roles':['OPERATOR','AUDITOR'],'parameters':["
	 "{'in':'path','name':'service','required':true,"
	 "'schema':{'enum':['enrollment','assessment','certificate','notification']}},"
	 "{'in':'query','name':'after','schema':{'type':'integer','minimum':0}},"
	 "{'in':'query','name':'wait','schema':{'type':'integer','minimum':0,'maximum':30}}," LAST_EVENT_ID "],"
	 "'responses':{'200':{'description':'Lines {seq, time, facts}; or events facts and reset.','content':{"
	 "'application/x-ndjson':{'schema':" TEXT "},'text/event-stream':{'schema':" TEXT "}}},"
	 "'default':" PROBLEM "}}"},
};

static const char event_schemas[] =
	"{'CloudEvent':{'type':'object','required':['specversion','type','source','id','subject'],"
	"'oneOf':[{'required':['data']},{'required':['data_base64']}],"
	"'properties':{'specversion':{'const':'1.0'},'type':" TEXT ",'source':" TEXT ",'id':" TEXT ",'subject':" TEXT
	",'time':{'type':'string','format':'date-time'},'sequence':" TEXT ",'dataschema':" TEXT
	",'datacontenttype':{'type':'string','description':'A type that is JSON.','default':'application/json'},"
	"'data':" OBJECT
	",'data_base64':{'type':'string','format':'byte','description':'Data as base64 of its JSON.'}}},"
	"'EventResult':{'type':'object','required':['index','source','id','outcome'],'properties':{'index':{'type':'"
	"integer'},'source':" TEXT ",'id':" TEXT ",'outcome':" OUTCOME ",'field':" TEXT ",'code':" TEXT
	",'message':" TEXT ",'messageVi':" TEXT "}},"
	"'TakenEvent':{'type':'object','required':['source','id'],'properties':{'source':" TEXT ",'id':" TEXT
	",'subject':" TEXT ",'outcome':" OUTCOME ",'field':" TEXT ",'code':" TEXT ",'message':" TEXT
	",'messageVi':" TEXT ",'personId':" TEXT ",'recordedAt':" TEXT "}}}";

static json_t *
text_read(const char *text)
{
	char *spelt = strdup(text);
	for (char *at = spelt; at != NULL && *at != '\0'; at++)
		*at = *at == '\'' ? '"' : *at;
	json_t *value = spelt == NULL ? NULL : json_loads(spelt, 0, NULL);
	assert(value != NULL);
	free(spelt);
	return value;
}

static void
corrections_make(json_t *root)
{
	json_t *paths = json_object_get(root, "paths");
	json_t *schemas = text_read(event_schemas);
	json_object_update(json_object_get(json_object_get(root, "components"), "schemas"), schemas);
	json_decref(schemas);
	for (size_t i = 0; i < sizeof(corrections) / sizeof(corrections[0]); i++) {
		json_t *members = text_read(corrections[i].members);
		json_object_update(json_object_get(json_object_get(paths, corrections[i].path), corrections[i].verb),
				   members);
		json_decref(members);
	}
}

static json_t *
parameters_of(const char *path)
{
	json_t *parameters = json_array();
	for (const char *open = strchr(path, '{'); open != NULL; open = strchr(open + 1, '{')) {
		const char *close = strchr(open, '}');
		json_array_append_new(parameters,
				      json_pack("{s:s%,s:s,s:b,s:{s:s}}", "name", open + 1, (size_t)(close - open - 1),
						"in", "path", "required", 1, "schema", "type", "string"));
	}
	return parameters;
}

static void
operation_add(json_t *paths, const struct endpoint *endpoint)
{
	char verb[16];
	size_t size = 0;
	json_t *path = json_object_get(paths, endpoint->path);
	for (; endpoint->verb[size] != '\0' && size < sizeof(verb) - 1; size++)
		verb[size] = (char)tolower((unsigned char)endpoint->verb[size]);
	verb[size] = '\0';
	if (path == NULL) {
		path = json_object();
		json_object_set_new(paths, endpoint->path, path);
	}
	json_object_set_new(path, verb,
			    json_pack("{s:s,s:s,s:[s],s:[],s:o,s:{s:{s:s},s:{s:s}}}", "operationId",
				      endpoint->operation, "summary", endpoint->summary, "tags", "Gateway", "security",
				      "parameters", parameters_of(endpoint->path), "responses", "200", "description",
				      "Done.", "default", "$ref", "#/components/responses/Problem"));
}

struct slice
openapi_make(struct arena *arena, const struct endpoint *endpoints, size_t count)
{
	struct slice generated = slice_of(openapi_json, openapi_json_size);
	json_t *root = json_loadb(openapi_json, openapi_json_size, 0, NULL);
	json_t *paths = json_object_get(root, "paths");
	for (size_t i = 0; paths != NULL && i < count; i++) {
		if (endpoints[i].rule == NULL && endpoints[i].summary != NULL)
			operation_add(paths, &endpoints[i]);
	}
	if (paths != NULL)
		corrections_make(root);
	char *text = root == NULL ? NULL : json_dumps(root, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
	json_decref(root);
	if (text == NULL)
		return generated;
	struct slice whole = arena_copy(arena, slice_text(text));
	free(text);
	return whole;
}
