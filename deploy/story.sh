#!/bin/bash
# deploy/story.sh
#
# The main job, told in nine steps against the servers that deploy/run.sh started. Each
# request is shown as a curl command that anyone may repeat (after `. DATA/story.env`), with
# its answer. Every command carries an Idempotency-Key of its own, so a story that was cut
# off is told again from the start and does nothing twice (for a day: so long replies are saved).
# Without PUBLIC_URL it is told on trial: certificates are specimens, and every verdict says so.
set -euo pipefail
: "${M:?started by deploy/run.sh}" "${DATA:?}" "${HTTP:?}" "${DOOR:?}"
API=http://$HTTP
ENV=$DATA/story.env PUBLIC_URL=${PUBLIC_URL:-}
exec > >(tee "$DATA/story.log") 2>&1

SSE=
trap '[ -z "$SSE" ] || kill "$SSE" 2>/dev/null || true' EXIT

die() { echo; echo "the story stops here: $*"; exit 1; }
step() { printf '\n\n== %s\n' "$*"; }
say() { printf '\n-- %s\n' "$*"; }

# grant NAME ROLES AUTHORITY SUBJECT: a token as a shell variable, here and in story.env
grant() {
	local token
	token=$("$M" token --roles "$2" --authority "$3" --subject "$4" --days 30 --data "$DATA")
	printf -v "$1" '%s' "$token"
	printf 'export %s=%s\n' "$1" "$token" >>"$ENV"
}

# ask VERB PATH TOKEN-VARIABLE [BODY [KEY]]: shows request and answer; the answer is in $ANSWER
ask() {
	local verb=$1 path=$2 who=$3 body=${4:-} key=${5:-} code attempt
	local -a args=(-sS -X "$verb" "$API$path")
	printf "\n\$ curl -sS -X %s '%s%s'" "$verb" "$API" "$path"
	[ -z "$who" ] || { args+=(-H "Authorization: Bearer ${!who}"); printf " -H \"Authorization: Bearer \$%s\"" "$who"; }
	[ -z "$key" ] || { args+=(-H "Idempotency-Key: $key"); printf " -H 'Idempotency-Key: %s'" "$key"; }
	if [ -n "$body" ]; then
		local type=application/json
		[ "$path" != /v1/events ] || type=application/cloudevents-batch+json
		args+=(-H "Content-Type: $type" --data-binary "$body")
		printf " -H 'Content-Type: %s' \\\\\n    -d '%s'" "$type" "$(sed "s/'/'\\\\''/g" <<<"$body")"
	fi
	printf '\n'
	# 503 while a service starts; 404 and 409 while a follower has not heard of what happened elsewhere.
	for attempt in $(seq 50); do
		code=$(curl -o "$DATA/story.answer" -w '%{http_code}' "${args[@]}") || code=000
		case $code in 2*) break ;; 404|409|503|429|000) [ "$verb" = GET ] || [ -n "$key" ] || break; sleep 0.2 ;; *) break ;; esac
	done
	ANSWER=$(cat "$DATA/story.answer")
	{ jq . <<<"$ANSWER" 2>/dev/null || printf '%s\n' "$ANSWER"; } | awk 'NR <= 24 { print "  " $0 } NR == 25 { print "  ..." }'
	case $code in 2*) ;; *) die "$verb $path was answered $code" ;; esac
}

get() { jq -er "$1" <<<"$ANSWER" || die "the answer has no $1"; }
wait_for() { # PATH TOKEN-VARIABLE JQ-CONDITION: until it holds, quietly
	for _ in $(seq 100); do
		curl -sS "$API$1" -H "Authorization: Bearer ${!2}" | jq -e "$3" >/dev/null 2>&1 && return
		sleep 0.1
	done
	die "it did not come true: $3 at $1"
}

figure() { # METRIC AUTHORITY
	curl -sS "$API/v1/figures?metric=$1&authority=$2" -H "Authorization: Bearer $DASHBOARD" |
		jq '[.figures[]? | .value | tonumber] | add // 0'
}

day() { date -u -d "$1" +"${2:-%F}"; }

# --- certificates, as a stranger has them: files in $PAPERS
PAPERS=$DATA/papers
mkdir -p "$PAPERS/trust"

# fetch FILE PATH [TOKEN-VARIABLE]
fetch() {
	local -a args=(-sSf -o "$PAPERS/$1" "$API$2")
	printf "\n\$ curl -sSf -o %s '%s%s'" "$PAPERS/$1" "$API" "$2"
	[ -z "${3:-}" ] || { args+=(-H "Authorization: Bearer ${!3}"); printf " -H \"Authorization: Bearer \$%s\"" "$3"; }
	printf '\n'
	curl --retry 20 --retry-delay 1 "${args[@]}" || die "GET $2 gave nothing"
	echo "  $(wc -c <"$PAPERS/$1") bytes"
}

# On trial every verdict but "invalid" is "specimen".
expected() { if [ -n "$PUBLIC_URL" ] || [ "$1" = invalid ]; then echo "$1"; else echo specimen; fi; }

# page CODE CLASS WORDS: the public page says so, or that it is a specimen
page() {
	local words=$3
	[ -n "$PUBLIC_URL" ] || words="BẢN THỬ"
	printf "\n\$ curl -sS '%s/v/%s'\n" "$API" "$1"
	curl -sS "$API/v/$1" | grep -oE '<h1 class="verdict.*</p>' | head -1 | sed -E 's#</(dt|dd|b|h1|p)>#\n#g; s/<[^>]*>/ /g' |
		sed -E '/^ *$/d; s/^ */  /' | head -8 | tee "$DATA/story.page"
	grep -q "$words" "$DATA/story.page" || die "the page does not say: $words"
}

# present FILE TYPE VERDICT WORDS-OF-A-REASON
present() {
	ask_file "$1" "$2"
	[ "$(get .verdict)" = "$(expected "$3")" ] || die "the verdict is not $(expected "$3")"
	[ -z "$4" ] || get '.reasons | join("; ")' | grep -q "$4" || die "no reason says: $4"
}
ask_file() {
	printf "\n\$ curl -sS '%s/v1/certificates:verify' -H 'Content-Type: %s' --data-binary @%s\n" "$API" "$2" "$PAPERS/$1"
	ANSWER=$(curl -sS "$API/v1/certificates:verify" -H "Content-Type: $2" --data-binary @"$PAPERS/$1")
	jq '{verdict, reasons, since, checkedAt, statusListAsOf}' <<<"$ANSWER" | sed 's/^/  /'
}

# trust FILE.json: the keys of its issuer and its status lists, as its own words lead to them
trust() {
	local url
	for url in $(jq -r '(.issuer | .id? // .) | sub("^did:web:"; "https://") | gsub(":issuers:"; "/issuers/") | . + "/did.json"' "$PAPERS/$1") \
		$(jq -r '.credentialStatus[].statusListCredential' "$PAPERS/$1"); do
		url=/${url#https://*/}
		fetch "trust/$(basename "$(dirname "$url")").$(basename "$url")" "$url"
	done
}

# offline [--inclusion FILE] FILE VERDICT
offline() {
	local -a args=("${@:1:$#-2}" "$PAPERS/${*: -2:1}")
	printf '\n$ %s --trust %s %s\n' "$VERIFY" "$PAPERS/trust" "${args[*]}"
	"$VERIFY" --trust "$PAPERS/trust" "${args[@]}" | sed 's/^/  /' | tee "$DATA/story.offline" || true
	grep -q "^  $(expected "${*: -1}"):" "$DATA/story.offline" || die "matricula-verify does not say $(expected "${*: -1}")"
}

# ---------------------------------------------------------------------------------------------------------------------
step "Before: the school, and the tokens of everybody who acts"
: >"$ENV"; chmod 600 "$ENV"
"$M" call Authorities.Add '{"parent":"01","codeList":"schools","listVersion":"2026","code":"TBD01","name":"Trường Bồi dưỡng cán bộ Hà Nội","nameEn":"Ha Noi School of Public Service","kind":"school"}' --data "$DATA"
grant PROVINCE province_system 01 story-province
grant HR hr_officer 01 story-hr
grant REGISTRAR registrar TBD01 story-registrar
grant LECTURER lecturer TBD01 story-lecturer
grant EXAMINER examiner TBD01 story-examiner
grant LEADER leader TBD01 story-leader
grant DASHBOARD dashboard,auditor VN story-dashboard
echo "tokens are in $ENV"
curl -sSN "$API/v1/figures/stream?authority=VN&depth=3" -H "Authorization: Bearer $DASHBOARD" >"$DATA/story.sse" 2>/dev/null &
SSE=$!
sleep 0.5
for place in 00004 01 VN; do
	printf -v "BEFORE_$place" '%s' "$(figure persons.active "$place")"
done

# ---------------------------------------------------------------------------------------------------------------------
step "1. A province pushes personnel events, another one through the ZeroMQ door"
event() { # ID TYPE STAFF-CODE DATA
	printf '{"specversion":"1.0","id":"story-%s","source":"/authorities/00004/hrm","type":"matricula.person.%s.v1","subject":"%s","data":%s}' "$@"
}
names=("Trần Thị Minh Hà" "Lê Quang Sơn" "Phạm Thu Trang" "Nguyễn Văn Hùng" "Đỗ Khánh Linh" "Võ Thành Nam")
mails=(ha.tran son.le trang.pham hung.nguyen linh.do nam.vo)
batch=
for i in 0 1 2 3 4 5; do
	batch+="$(event "h$i" hired "ST-$i" "{\"name\":\"${names[$i]}\",\"birthDate\":\"19$((80 + i))-03-1$i\",\"email\":\"${mails[$i]}@badinh.gov.example\",\"category\":\"CIVIL_SERVANT\",\"position\":\"CV\",\"effectiveDate\":\"2024-05-0$((i + 1))\"}"),"
done
ask POST /v1/events PROVINCE "[${batch%,}]"
say "one is transferred to the next ward, one retires; the same events again change nothing"
ask POST /v1/events PROVINCE "[$(event t5 transferred ST-5 '{"toAuthority":"00008","toStaffCode":"NH-5","position":"CV","effectiveDate":"2026-01-05"}'),$(event r4 retired ST-4 '{"effectiveDate":"2026-02-01"}'),$(event h0 hired ST-0 "{\"name\":\"${names[0]}\",\"birthDate\":\"1980-03-10\",\"email\":\"${mails[0]}@badinh.gov.example\",\"category\":\"CIVIL_SERVANT\",\"position\":\"CV\",\"effectiveDate\":\"2024-05-01\"}")]"
say "Hải Phòng pushes through the door: its CURVE key says who it is"
[ -e "$DATA/door-31.key" ] || "$M" door add --authority 31 --name "Hai Phong" --generate "$DATA/door-31.key" --data "$DATA"
"$M" sample --people 500 --seed 31 --authority 31 >"$DATA/story-31.ndjson"
echo "\$ $M push $DATA/story-31.ndjson --authority 31 --door $DOOR --key $DATA/door-31.key --data $DATA"
"$M" push "$DATA/story-31.ndjson" --authority 31 --door "$DOOR" --key "$DATA/door-31.key" --data "$DATA"
P=()
for i in 0 1 2 3; do
	ask GET "/v1/persons?authority=00004&staffCode=ST-$i" HR
	P+=("$(get '.persons[0].personId')")
done

# ---------------------------------------------------------------------------------------------------------------------
step "2. A school publishes a programme and opens a class; the class fills, the next one waits, one withdraws"
ask POST /v1/programmes REGISTRAR '{"authority":"TBD01","code":"CV-2026","title":"Quản lý nhà nước ngạch chuyên viên","titleEn":"State management for specialists","hours":40,"attendancePercentMin":60,"markPercentMin":50,"absencesWarnedAt":2}' story-programme
PROGRAMME=$(get .programmeId)
sessions=
for i in 1 2 3; do
	sessions+="{\"beginsAt\":\"$(day "-$((5 - i)) days" %FT01:00:00Z)\",\"minutes\":180,\"place\":\"Phòng 20$i\"},"
done
# The dates are those of the first telling: a key stands for one request.
[ -e "$DATA/story.class" ] || printf '{"programmeId":"%s","title":"Lớp chuyên viên K1","seats":3,"sessions":[%s]}' "$PROGRAMME" "${sessions%,}" >"$DATA/story.class"
ask POST /v1/classes REGISTRAR "$(cat "$DATA/story.class")" story-class
CLASS=$(get .classId)
for i in 0 1 2 3; do
	ask POST "/v1/classes/$CLASS/enrolments" HR "{\"personId\":\"${P[$i]}\"}" "story-nominate-$i"
done
say "three seats are taken and one person waits; a seat is given back and the waitlist moves"
ask POST "/v1/classes/$CLASS/enrolments/${P[0]}:withdraw" HR '{"reason":"công tác đột xuất"}' story-withdraw
[ "$(get .movedUpPersonId)" = "${P[3]}" ] || die "nobody moved up"
ask GET "/v1/classes/$CLASS" ""

# ---------------------------------------------------------------------------------------------------------------------
step "3. Attendance is taken; who misses too much raises an early warning"
marks() { # PRESENT... then ABSENT person
	printf '{"marks":[{"personId":"%s","state":"PRESENT"},{"personId":"%s","state":"PRESENT"},{"personId":"%s","state":"%s"}]}' "${P[1]}" "${P[2]}" "${P[3]}" "$1"
}
ask POST "/v1/classes/$CLASS/sessions/1/attendance" LECTURER "$(marks ABSENT)" story-session-1
ask POST "/v1/classes/$CLASS/sessions/2/attendance" LECTURER "$(marks ABSENT)" story-session-2
[ "$(get '.warnedPersonIds[0]')" = "${P[3]}" ] || die "nobody was warned"
ask POST "/v1/classes/$CLASS/sessions/3/attendance" LECTURER "$(marks PRESENT)" story-session-3

# ---------------------------------------------------------------------------------------------------------------------
step "4. An exam is taken and graded; completion is computed as the mark comes in"
ask POST /v1/exams EXAMINER "{\"classId\":\"$CLASS\",\"authority\":\"TBD01\",\"title\":\"Bài kiểm tra cuối khóa\",\"minutes\":45,\"attemptsMax\":1,\"items\":[{\"stem\":\"Cơ quan nào ban hành nghị định?\",\"choices\":[\"Quốc hội\",\"Chính phủ\",\"Bộ\"],\"key\":2},{\"stem\":\"Thời hạn giải quyết hồ sơ được tính theo ngày nào?\",\"choices\":[\"ngày làm việc\",\"ngày dương lịch\"],\"key\":1,\"points\":2},{\"stem\":\"Ai ký quyết định cử đi học?\",\"choices\":[\"người đứng đầu cơ quan\",\"người học\"],\"key\":1}]}" story-exam
EXAM=$(get .examId)
for i in 1 2 3; do
	grant "LEARNER$i" learner 00004 "${P[$i]}"
	ask POST "/v1/exams/$EXAM/attempts" "LEARNER$i" "{\"personId\":\"${P[$i]}\"}" "story-attempt-$i"
	ATTEMPT=$(get .attemptId)
	[ "$i" != 1 ] || curl -sS "$API/v1/attempts/$ATTEMPT/paper" -H "Authorization: Bearer $LEARNER1" | jq -e '.items[0].key == null' >/dev/null ||
		[ -e "$DATA/story.submitted" ] || die "the paper shows its keys"
	ask POST "/v1/attempts/$ATTEMPT:submit" "LEARNER$i" '{"answers":[2,1,1]}' "story-submit-$i"
	touch "$DATA/story.submitted"
done
wait_for "/v1/classes/$CLASS/enrolments/${P[2]}" REGISTRAR '.state == "COMPLETED"'
ask GET "/v1/classes/$CLASS/enrolments" REGISTRAR

# ---------------------------------------------------------------------------------------------------------------------
step "5. A kind says who signs; the signatory approves the completion list, and certificates are issued"
ask PUT /v1/authorities/TBD01/certificate-kinds/cv LEADER "{\"kind\":{\"name\":\"Chứng chỉ bồi dưỡng ngạch chuyên viên\",\"nameEn\":\"Certificate of training for specialists\",\"classOf\":\"SHORT_COURSE\",\"programmeIds\":[\"$PROGRAMME\"],\"markPercentMin\":50,\"validMonths\":60,\"remindDays\":[90],\"signatories\":[{\"subject\":\"story-leader\",\"name\":\"Nguyễn Thị Thanh\",\"title\":\"Hiệu trưởng\",\"titleEn\":\"Principal\"}],\"pointsPer10Hours\":2}}" story-kind
wait_for "/v1/classes/$CLASS/completion-list" LEADER '.completions | length == 2'
[ -e "$DATA/story.decided" ] || day now >"$DATA/story.decided"
ask POST "/v1/classes/$CLASS/completion-list:approve" LEADER "{\"decisionNumber\":\"12/QĐ-TBD\",\"decisionDate\":\"$(day "$(cat "$DATA/story.decided") -1 day")\"}" story-approve
wait_for "/v1/classes/$CLASS/completion-list" LEADER '[.completions[] | select(.certificateId // "" != "")] | length == 2'
C=() CODE=()
for i in 1 2; do
	ask GET "/v1/persons/${P[$i]}/certificates" "LEARNER$i"
	C+=("$(get '.certificates[0].certificateId')")
	CODE+=("$(get '.certificates[0].verificationUrl | split("/") | last')")
done
SCHOOL=$(get '.certificates[0].schoolId')
YEAR=$(get '.certificates[0].registerNumber | split("/") | first') # specimens stand in a register of their own, 0000

# ---------------------------------------------------------------------------------------------------------------------
step "6. Anybody can check a certificate: by its QR code, by the file, and without asking us at all"
if [ -z "$PUBLIC_URL" ]; then
	say "ON TRIAL: every certificate says SPECIMEN / BẢN THỬ and no verifier calls it valid; make run PUBLIC_URL=https://... issues real ones"
fi
say "the certificate to hang on the wall, and the page that its QR code leads to"
fetch certificate.pdf "/v1/certificates/${C[0]}/certificate.pdf?token=${CODE[0]}"
head -c 5 "$PAPERS/certificate.pdf" | grep -q '^%PDF-' || die "the PDF is none"
page "${CODE[0]}" good "Chứng chỉ hợp lệ"
say "a stranger has the file checked"
present certificate.pdf application/pdf valid ""
say "and checks it offline, with keys and status lists that were fetched earlier"
fetch certificate.json "/v1/certificates/${C[0]}?token=${CODE[0]}"
trust certificate.json
offline certificate.pdf valid
say "the log that every certificate stands in"
fetch inclusion.json "/v1/certificates/${C[0]}/inclusion?token=${CODE[0]}"
fetch trust/log.did.json /.well-known/did.json
offline --inclusion "$PAPERS/inclusion.json" certificate.pdf valid
say "a changed name is seen"
sed 's/"name":"Lê/"name":"TS. Lê/' "$PAPERS/certificate.json" >"$PAPERS/forged.json"
present forged.json application/vc invalid ""

# ---------------------------------------------------------------------------------------------------------------------
step "7. Correct once, correct everywhere; what is revoked says so at once; the passport has it all"
fetch first-edition.json "/v1/certificates/${C[0]}?edition=1" LEARNER1
ask POST "/v1/certificates/${C[0]}:correct" LEADER '{"content":{"name":"Lê Quang Sơn (Sơn Tây)"},"reason":{"text":"trùng họ tên trong lớp"}}' story-correct
present first-edition.json application/vc superseded "replaced by a corrected edition"
ask POST "/v1/certificates/${C[1]}:revoke" LEADER '{"reason":"cấp nhầm"}' story-revoke
page "${CODE[1]}" bad "thu hồi"
say "who checks offline sees it with the next status list"
fetch revoked.json "/v1/certificates/${C[1]}?token=${CODE[1]}"
trust revoked.json
offline revoked.json revoked
ask GET "/v1/persons/${P[1]}/certificates" LEARNER1
CODE[0]=$(get '.certificates[0].verificationUrl | split("/") | last') # an edition has a code of its own
ask GET "/v1/persons/${P[1]}/passport" LEARNER1
[ "$(get .name)" = "Lê Quang Sơn (Sơn Tây)" ] || die "the passport has another name"
fetch passport.pdf "/v1/persons/${P[1]}/passport.pdf" LEARNER1
say "the school's register of the year, for a spreadsheet"
fetch register.csv "/v1/authorities/TBD01/register/$YEAR/register.csv" REGISTRAR
sed 's/^/  /' "$PAPERS/register.csv"
printf 'export %s=%s\n' SCHOOL "$SCHOOL" PERSON "${P[1]}" CERTIFICATE "${C[0]}" CODE "${CODE[0]}" YEAR "$((10#$YEAR))" >>"$ENV"

# ---------------------------------------------------------------------------------------------------------------------
step "8. Notifications reached an inbox and a mail server"
wait_for "/v1/persons/${P[2]}/messages" LEARNER2 '[.messages[] | select(.delivery == "SENT")] | length >= 3'
ask GET "/v1/persons/${P[2]}/messages?pageSize=2" LEARNER2
say "what the mail server on loopback has got"
grep -lF "trang.pham@badinh.gov.example" "$DATA"/mail/*.eml | tail -n 1 | while read -r mail; do
	/usr/bin/python3 - "$mail" <<'PYTHON'
import email, email.policy, sys
mail = email.message_from_binary_file(open(sys.argv[1], "rb"), policy=email.policy.default)
for name in ("From", "To", "Subject", "Message-ID"):
    print("  %s: %s" % (name, mail[name]))
print("\n".join("  " + line for line in mail.get_body(("plain",)).get_content().splitlines()[:8]))
PYTHON
done
echo "  $(find "$DATA/mail" -name '*.eml' | wc -l) mails in $DATA/mail"

# ---------------------------------------------------------------------------------------------------------------------
step "9. The figures of commune, province and nation have moved, and a subscriber saw it"
printf '\n%-34s %10s %10s\n' "persons.active" before now
for place in 00004 01 VN; do
	before=BEFORE_$place
	printf '%-34s %10s %10s\n' "$place" "${!before}" "$(figure persons.active "$place")"
done
ask GET "/v1/figures?metric=persons.active&authority=00004" DASHBOARD
say "curl -N '$API/v1/figures/stream?authority=VN&depth=3' has been told meanwhile"
grep -c '^data:' "$DATA/story.sse" | sed 's/^/  changes: /' || die "the subscriber saw nothing"
grep -A2 '^event:\|^id:' "$DATA/story.sse" | tail -n 6 | cut -c1-300 | sed 's/^/  /'
printf '\nThe story is told.\n'
