/* services/gateway/figures.c
 *
 * Every metric belongs to one service, so merging is putting one behind the other. The
 * position says what the figures stand for: a stream resumes there. Without a metric
 * all services must answer, since a nation without its certificates would be a lie. */
#include "services/gateway/figures.h"

#include "common/wire/pb_json.h"
#include "services/gateway/csv.h"
#include "services/gateway/figure_events.h"
#include "services/gateway/forward.h"
#include "services/gateway/gather.h"

#include "matricula/figures.pb-c.h"

static const void *
unpack(struct request *request, const Mt__Reply *reply, const ProtobufCMessageDescriptor *type)
{
	if (reply->status != MT__STATUS__OK)
		return NULL;
	return pb_unpack_trusted(type, &request->arena, slice_of(reply->reply.data, reply->reply.len));
}

static void
figures_csv(struct buf *body, const Mt__FiguresReply *const parts[SERVICES])
{
	buf_text(body, "metric,authority_id,authority_code,category,month,value,masked\r\n");
	for (int i = 0; i < SERVICES; i++) {
		for (size_t j = 0; parts[i] != NULL && j < parts[i]->n_figures; j++) {
			const Mt__Figure *figure = parts[i]->figures[j];
			const char *const texts[] = {figure->metric, figure->authority_id, figure->authority_code,
						     figure->category, figure->month};
			for (size_t k = 0; k < sizeof(texts) / sizeof(texts[0]); k++) {
				csv_write(body, texts[k], ',');
				buf_byte(body, ',');
			}
			buf_format(body, "%lld,%s\r\n", (long long)figure->value, figure->masked ? "true" : "false");
		}
	}
}

static void
figures_json(struct buf *body, const Mt__FiguresReply *const parts[SERVICES], const char *position)
{
	bool first = true;
	buf_format(body, "{\"position\":\"%s\",\"figures\":[", position);
	for (int i = 0; i < SERVICES; i++) {
		for (size_t j = 0; parts[i] != NULL && j < parts[i]->n_figures; j++) {
			if (!first)
				buf_byte(body, ',');
			first = false;
			figure_write(body, parts[i]->figures[j]);
		}
	}
	buf_text(body, "]}\n");
}

static void
on_figures(struct request *request, const Mt__Reply *const replies[SERVICES])
{
	const Mt__FiguresReply *parts[SERVICES];
	struct position position = {.places = {{0, 0}}};
	char text[POSITION_TEXT_BYTES];
	struct buf body;
	const char *metric = request_query(request, "metric");
	const Mt__Reply *refusal = gather_refusal(replies, metric != NULL && metric[0] != '\0');
	if (refusal != NULL) {
		request_refuse_reply(request, refusal);
		return;
	}
	for (int i = 0; i < SERVICES; i++) {
		parts[i] = unpack(request, replies[i], &mt__figures_reply__descriptor);
		if (parts[i] != NULL)
			position.places[i] = (struct place){parts[i]->incarnation, parts[i]->seq};
	}
	position_format(&position, text);
	request_header_add(request, "Matricula-Position", text);
	buf_init(&body, RESPONSE_BYTES_MAX);
	if (request_accepts(request, "text/csv")) {
		figures_csv(&body, parts);
		request_answer(request, 200, "text/csv; charset=utf-8", &body);
		return;
	}
	figures_json(&body, parts, text);
	request_answer(request, 200, "application/json", &body);
}

void
figures_serve(struct request *request, void *context)
{
	bool dry_run;
	const ProtobufCMessage *message = forward_message(request, &dry_run);
	if (message != NULL)
		gather_begin(request, context, "Figures.Query", message, on_figures);
}

static void
on_definitions(struct request *request, const Mt__Reply *const replies[SERVICES])
{
	bool first = true;
	struct buf body;
	const Mt__Reply *refusal = gather_refusal(replies, false);
	if (refusal != NULL) {
		request_refuse_reply(request, refusal);
		return;
	}
	buf_init(&body, RESPONSE_BYTES_MAX);
	buf_text(&body, "{\"definitions\":[");
	for (int i = 0; i < SERVICES; i++) {
		const Mt__FigureDefinitionsReply *part =
			unpack(request, replies[i], &mt__figure_definitions_reply__descriptor);
		for (size_t j = 0; part != NULL && j < part->n_definitions; j++) {
			if (!first)
				buf_byte(&body, ',');
			first = false;
			pb_to_json(&body, &part->definitions[j]->base);
		}
	}
	buf_text(&body, "]}\n");
	request_answer(request, 200, "application/json", &body);
}

void
figure_definitions_serve(struct request *request, void *context)
{
	bool dry_run;
	const ProtobufCMessage *message = forward_message(request, &dry_run);
	if (message != NULL)
		gather_begin(request, context, "Figures.Definitions", message, on_definitions);
}
