// What libraries that share no code with ours say of our credentials: Digital Bazaar's vc, data-integrity,
// eddsa-jcs-2022 and bitstring status list for the JSON, jose for the JWT. Nothing is fetched but from the
// deployment under test: PUBLIC_URL, which credentials name, is answered by LOCAL_URL, and contexts come from
// packages. Reads lines {"name", "credential" or "jwt", "now", "expires"}, writes lines {"name", "verdict", "why"}.
//
// The libraries check signature, dates, and status. That a key must have been in force when it signed is for
// the verifier to check (Controlled Identifiers 1.0, "expires" and "revoked"): so it is here, in keyWasInForce.
import { createInterface } from "node:readline"
import * as contexts from "@digitalbazaar/credentials-context"
import { DataIntegrityProof } from "@digitalbazaar/data-integrity"
import { createVerifyCryptosuite } from "@digitalbazaar/eddsa-jcs-2022-cryptosuite"
import * as vc from "@digitalbazaar/vc"
import { checkStatus } from "@digitalbazaar/vc-bitstring-status-list"
import * as jose from "jose"

const { PUBLIC_URL: publicUrl, LOCAL_URL: localUrl } = process.env

const didUrl = did => {
	const [host, ...path] = did.split("#")[0].split(":").slice(2).map(decodeURIComponent)
	return `https://${host}/${path.length ? path.join("/") : ".well-known"}/did.json`
}

const fetchOurs = async (url, headers = {}) => {
	if (!url.startsWith(publicUrl + "/")) throw new Error(`nothing but ${publicUrl} is asked: ${url}`)
	const answer = await fetch(localUrl + url.slice(publicUrl.length), { headers })
	if (!answer.ok) throw new Error(`${url}: ${answer.status}`)
	return answer.json()
}

const methodOf = async url => {
	const document = await fetchOurs(didUrl(url))
	const method = document.verificationMethod.find(one => one.id === url)
	if (!method) throw new Error(`${url} is no key of its document`)
	return { document, method }
}

const documentLoader = async url => {
	const found = document => ({ contextUrl: null, documentUrl: url, document })
	if (contexts.contexts.has(url)) return found(contexts.contexts.get(url))
	if (url.startsWith("did:")) {
		const { document, method } = await methodOf(url.includes("#") ? url : `${url}#`).catch(error => {
			if (url.includes("#")) throw error
			return {}
		})
		if (url.includes("#")) return found({ "@context": "https://w3id.org/security/multikey/v1", ...method })
		return found(document || await fetchOurs(didUrl(url)))
	}
	return found(await fetchOurs(url))
}

let expiresAsIf // of a key that was retired earlier than its document says: what we never sign with, nobody can present
const keyWasInForce = (published, signed) => {
	const method = { ...published, expires: expiresAsIf || published.expires }
	for (const end of ["expires", "revoked"])
		if (method[end] && new Date(signed) >= new Date(method[end]))
			throw new Error(`the key was no longer in force on ${signed}`)
}

const reasonsOf = result => [result.error, ...result.error?.errors || [], result.statusResult?.error].filter(Boolean)
	.map(error => error.message).join("; ")

const verifyJson = async (credential, now) => {
	const suite = new DataIntegrityProof({ cryptosuite: createVerifyCryptosuite() })
	const result = await vc.verifyCredential({ credential: structuredClone(credential), suite, documentLoader, now,
		checkStatus: options => checkStatus({ ...options, suite }) })
	if (!result.verified) return ["invalid", reasonsOf(result)]
	const hit = result.statusResult.results.find(one => one.status)
	if (hit) return [hit.credentialStatus.statusPurpose === "revocation" ? "revoked" : "suspended", "its bit is set"]
	for (const proof of [credential.proof].flat())
		keyWasInForce((await methodOf(proof.verificationMethod)).method, proof.created)
	return ["valid", ""]
}

const verifyJwt = async (jwt, now) => {
	const { kid } = jose.decodeProtectedHeader(jwt)
	const { method } = await methodOf(kid)
	const algorithm = method.publicKeyJwk?.kty === "RSA" ? "RS256" : "EdDSA"
	const jwk = method.publicKeyJwk || { kty: "OKP", crv: "Ed25519", x: rawKeyOf(method.publicKeyMultibase) }
	const key = await jose.importJWK(jwk, algorithm)
	const { payload } = await jose.jwtVerify(jwt, key, { algorithms: [algorithm], currentDate: now, typ: "vc+jwt" })
	keyWasInForce(method, payload.validFrom)
	return ["valid", algorithm]
}

// Multikey: base58btc of 0xed 0x01 and the 32 bytes of the key.
const rawKeyOf = multibase => {
	const alphabet = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
	let number = 0n
	for (const letter of multibase.slice(1)) number = number * 58n + BigInt(alphabet.indexOf(letter))
	const bytes = Buffer.from(number.toString(16).padStart(68, "0"), "hex")
	if (bytes[0] !== 0xed || bytes[1] !== 1) throw new Error("no Ed25519 key")
	return bytes.subarray(2).toString("base64url")
}

for await (const line of createInterface({ input: process.stdin })) {
	const { name, credential, jwt, now, expires } = JSON.parse(line)
	expiresAsIf = expires
	const [verdict, why] = await (jwt ? verifyJwt(jwt, now ? new Date(now) : new Date())
		: verifyJson(credential, now ? new Date(now) : new Date())).catch(error => ["invalid", error.message])
	console.log(JSON.stringify({ name, verdict, why }))
}
