// What Node's CloudEvents SDK emits, the gateway takes: structured, binary and batch, with attributes
// that JSON or a header could spell in more than one way. Prints "ok" and "not ok" lines; guide.py
// runs it with URL, TOKEN and AUTHORITY in the environment.
import { CloudEvent, HTTP } from "cloudevents"

const { URL: url, TOKEN: token, AUTHORITY: authority } = process.env
const source = `/authorities/${authority}/hr/node`
const run = Date.now().toString(36)
let failed = 0

const hired = (number, data = {}, more = {}) => new CloudEvent({
	type: "matricula.person.hired.v1", source, id: `${run}-${number}`, subject: `N-${run}-${number}`,
	data: { name: "Nguyễn Thị Ngọc Ánh", category: "CIVIL_SERVANT", effectiveDate: "2026-01-05", ...data }, ...more })

const post = async (headers, body) => {
	const answer = await fetch(`${url}/v1/events`,
		{ method: "POST", headers: { ...headers, authorization: `Bearer ${token}` }, body })
	return { status: answer.status, ...await answer.json() }
}
const send = message => post(message.headers, message.body)
const batch = events => post({ "content-type": "application/cloudevents-batch+json" }, JSON.stringify(events))

const check = (name, good, said) => {
	console.log(good ? `ok ${name}` : `not ok ${name}: ${JSON.stringify(said)}`)
	if (!good) failed++
}

let said = await send(HTTP.structured(hired(1)))
check("the SDK's structured mode is accepted", said.status === 200 && said.outcome === "accepted", said)
said = await send(HTTP.binary(hired(2)))
check("the SDK's binary mode is accepted", said.status === 200 && said.outcome === "accepted", said)
said = await batch([hired(3), hired(4)])
check("a batch of the SDK's events is accepted", said.results?.every(r => r.outcome === "accepted"), said)

// The same event in another mode is the same event: the payload is compared, not its spelling.
const twice = hired(5, {}, { time: "2026-01-05T08:30:00.000Z" })
const first = await send(HTTP.structured(twice)), second = await send(HTTP.binary(twice)), third = await batch([twice])
check("an event sent in all three modes is one event",
	first.outcome === "accepted" && second.outcome === "duplicate" && third.results[0].outcome === "duplicate",
	[first, second, third])

said = await send(HTTP.structured(hired(5, {}, { time: "2026-02-02T00:00:00Z" })))
check("made and sent again at another time it is still the same", said.outcome === "duplicate", said)

said = await send(HTTP.binary(hired(6, {}, { sequence: "1" })))
check("an extension attribute travels as a header: sequence", said.outcome === "accepted", said)
said = await send(HTTP.structured(hired(7, {}, { sequence: "2" })))
check("an event whose predecessor is missing is parked, not lost", said.status === 202 && said.outcome === "parked", said)
said = await send(HTTP.binary(hired(8, { effectiveDate: "tomorrow" })))
check("a rejected event says which field",
	said.status === 422 && said.outcome === "rejected" && said.field === "data.effectiveDate", said)
said = await batch([hired(9), hired(10, { category: "KING" }), hired(11)])
check("in a batch one bad event leaves the others",
	said.results?.map(r => r.outcome).join() === "accepted,rejected,accepted", said)
process.exit(failed === 0 ? 0 : 1)
