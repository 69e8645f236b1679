package store

// query names a statement.
type query int

// The statements. Reads may run on any connection of the reading pool; the rest run in a transaction of
// the writing connection.
const (
	runOpen query = iota
	runList
	runListSource
	runBefore
	runLastComplete
	runCounts
	sourceCounts
	outboxWaiting
	sentCounts
	sentLast
	sentContents
	noticeCount
	counterGet
	callBehind
	coverageList
	rulingList
	bodyOne
	bodyKnown
	documentNewest
	documentOrigin
	documentAnswers
	documentList
	recordOne
	recordList
	recordListSource
	recordAfter
	recordListOf
	recordChanged
	recordTouched
	markListOf
	markStanding
	headList
	headListSource
	versionList
	versionBody
	holdList
	holdListSource
	changeList
	changeListSource
	changeListCall
	changeListOf
	cursorGet
	planHash
	robotsGet
	matchOne
	matchList
	digestList
	digestHeads
	digestOne
	digestListDepartment
	orphans
	reminderList
	recipientOne
	recipientList
	subscriptionOne
	subscriptionList
	suspensionOne
	decisionList
	decisionListAll
	changeBefore
	changeUpTo
	changeLast
	contentOne
	outboxOne
	outboxAll
	outboxAllCounts
	outboxList
	outboxBefore
	outboxQueued
	outboxCounts
	sentList
	noticeList
	noticeEvery
	noticeUntold
	noticeOne
	linkFactList
	linkList
	linkListCall
	groupList
	groupListOf
	groupOne
	signingKeyList
	feedList
	actList
	changeTold
	auditList
	batchOne
	batchOpen
	sessionOne
	sessionList
	signinOne
	apiKeyOne
	apiKeyList
	nodeList
	recordLast
	planStates
	matchListCall
	matchListOf

	reads // the number of reading statements
)

const (
	runInterrupt query = reads + iota
	runInsert
	runUpdate
	runEnded
	coverageInsert
	rulingInsert
	bodyStands
	bodyInsert
	bodyPrune
	documentInsert
	documentLastComplete
	documentPrune
	counterTake
	callState
	callInsert
	callContent
	callWhere
	callSeen
	callTouch
	versionInsert
	changeKnown
	changeInsert
	holdSet
	holdRelease
	cursorSet
	planSet
	hostReserve
	hostPostpone
	robotsSet
	matchState
	matchSet
	matchDelete
	digestInsert
	reminderInsert
	recipientInsert
	recipientUpdate
	recipientDelete
	recipientPause
	recipientTold
	subscriptionInsert
	subscriptionDelete
	subscriptionLast
	subscriptionThere
	recipientThere
	recipientLock
	suspensionInsert
	suspensionDelete
	decisionCall
	decisionInsert
	contentInsert
	contentWeed
	headWeed
	outboxInsert
	outboxClaim
	outboxState
	outboxSent
	outboxRequeue
	outboxUnclaim
	outboxHold
	outboxResume
	outboxAgain
	sentInsert
	noticeRaise
	noticeTold
	noticeMend
	cursorState
	linkFactState
	linkFactSet
	linkFactClear
	linkFactsOf
	linkKeyClear
	linkKeysAdd
	linkKeysDrop
	linkKeysShared
	linkNear
	offerSet
	offerDrop
	offerClear
	offersOf
	linkEnds
	signingKeyNewest
	signingKeyInsert
	signingKeyPrune
	feedInsert
	feedRenew
	recipientPaused
	decisionLast
	actInsert
	linkStates
	linksOf
	linkSet
	linkDelete
	linkJudged
	groupStatesOf
	groupSet
	groupDelete
	auditInsert
	auditPrune
	batchForget
	batchInsert
	batchDone
	sessionInsert
	sessionSeen
	sessionDelete
	sessionDeleteOf
	sessionPrune
	signinCount
	signinInsert
	signinUse
	signinPrune
	signinTries
	signinMails
	apiKeyInsert
	apiKeyRevoke
	apiKeyUsed
	nodeBeat
	nodeLeave
	nodeForget
	limitTake
	limitForget

	queries // the number of statements
)

const (
	sessionSelect = `SELECT hash, actor, name, mail, role, made, seen, ends FROM sessions `
	apiKeySelect  = `SELECT name, hash, role, made, ends, used, revoked FROM api_keys `

	runColumns = `id, source, kind, started, ended, requests, not_modified, bytes, seen, added, changed, gone,
		quarantined, complete, baseline, suspect, judged, error, fault, findings, notes, trace`

	documentColumns = `d.request, d.url, d.status, d.header, d.fetched, d.not_modified, d.problem, b.body`

	recordSelect = `SELECT c.source, c.ref, c.first_seen, c.last_seen, c.gone, c.missed, c.version, c.rev, c.touched, v.body
		FROM calls c JOIN versions v ON v.call = c.id AND v.n = c.version `

	headSelect = `SELECT source, ref, kind, status, identifier, title, deadline, gone, rev FROM calls `

	markSelect = `SELECT source, ref, hash, first_seen, last_seen, gone, missed, version, rev, touched FROM calls `

	holdSelect = `SELECT source, ref, reason, since, last_seen, run, runs, body FROM holds `

	linkSelect = `SELECT x.source, x.ref, y.source, y.ref, l.relation, l.strength, l.reason, l.made, l.state, l.who, l.why
		FROM links l JOIN calls x ON x.id = l.a JOIN calls y ON y.id = l.b `

	groupSelect = `SELECT c.source, c.ref, h.source, h.ref FROM link_groups g JOIN calls c ON c.id = g.call JOIN calls h ON h.id = g.head `

	changeSelect = `SELECT h.seq, h.at, c.source, c.ref, h.event, h.field, h.old, h.new, h.material, h.baseline, h.mended
		FROM changes h JOIN calls c ON c.id = h.call `

	recipientSelect = `SELECT r.id, r.address, r.name, r.department, r.language, r.zone, r.hour, r.rhythm, r.weekday, r.lifesign,
		r.paused, r.stand_in, r.seq, r.waiting, r.period, r.mailed, COALESCE(s.since, 0), COALESCE(s.reason, '')
		FROM recipients r LEFT JOIN suspensions s ON s.address = LOWER(r.address) `

	subscriptionSelect = `SELECT recipient, name, departments, priorities, programmes, kinds, search FROM subscriptions `

	decisionSelect = `SELECT c.source, c.ref, d.department, d.recipient, d.choice, d.why, d.who, d.at
		FROM decisions d JOIN calls c ON c.id = d.call `

	outboxSelect = `SELECT recipient, period, kind, content, items, address, name, language, message_id, written, state, since,
		due, tries, error, head, hash FROM outbox `

	digestSelect = `SELECT department, date, language, hash, at, body FROM digests `
)

// hostFree is when a host is free for a request: never before now, nor before its time and ours since the last request.
// A clock that was set back must not close a host for longer than an hour.
const hostFree = `LEAST(GREATEST(CLOCK, h.next, h.last + $2), CLOCK + 3600000)`

// among is the condition that a column holds one of the members of a JSON list of numbers that a statement is handed; see [list].
// AMONG opens three parentheses. On PostgreSQL it makes the list an array first, for which the key is looked up member by
// member: of the rows of a function it expects so many that it reads a whole table beside them. EACH gives the members of a
// list, one a row, as value.
func among(column, parameter string) string { return column + ` AMONG ` + parameter + `)))` }

// statements is every SQL text that runs after the migrations, in the words that SQLite and PostgreSQL
// share; the words CLOCK, GREATEST, LEAST, EACH and AMONG are exchanged for the engine's own (see dialect). Parameters are numbered in the order in which they first appear: SQLite numbers them so. A
// "LIMIT" of the greatest integer means no limit on both engines.
var statements = [queries]string{
	runOpen: `SELECT started FROM runs WHERE source = $1 AND ended = 0 ORDER BY id DESC LIMIT 1`,
	runList: `SELECT ` + runColumns + ` FROM runs ORDER BY id DESC LIMIT $1`,
	runListSource: `SELECT ` + runColumns + ` FROM runs WHERE source = $1
		ORDER BY id DESC LIMIT $2`,
	runBefore: `SELECT ` + runColumns + ` FROM runs WHERE id < $1 AND (source = $2 OR $2 = '')
		ORDER BY id DESC LIMIT $3`,
	runLastComplete: `SELECT ` + runColumns + ` FROM runs
		WHERE source = $1 AND kind = 'crawl' AND complete = 1 AND ended <> 0 ORDER BY id DESC LIMIT 1`,
	// How a run went is told in the order in which internal/watch judges it.
	runCounts: `SELECT source, kind, CASE WHEN error = 'interrupted' THEN 'interrupted'
			WHEN seen = 0 AND (complete = 0 OR error <> '') THEN 'failed'
			WHEN suspect = 1 THEN 'quarantined'
			WHEN complete = 0 OR error <> '' THEN 'incomplete' ELSE 'complete' END AS result,
		COUNT(*), CAST(SUM(requests) AS BIGINT), CAST(SUM(bytes) AS BIGINT), CAST(SUM(seen) AS BIGINT), CAST(SUM(added) AS BIGINT),
		CAST(SUM(changed) AS BIGINT), CAST(SUM(gone) AS BIGINT), CAST(SUM(quarantined) AS BIGINT)
		FROM runs WHERE ended <> 0 GROUP BY 1, 2, 3 ORDER BY 1, 2, 3`,
	sourceCounts: `SELECT s.source, (SELECT COUNT(*) FROM calls c WHERE c.source = s.source), (SELECT COUNT(*) FROM holds h WHERE h.source = s.source),
		COALESCE((SELECT r.ended FROM runs r WHERE r.source = s.source AND r.kind = 'crawl' AND r.complete = 1 AND r.ended <> 0
			ORDER BY r.id DESC LIMIT 1), 0),
		COALESCE((SELECT CASE WHEN r.ended = 0 THEN r.started ELSE 0 END FROM runs r WHERE r.source = s.source ORDER BY r.id DESC LIMIT 1), 0)
		FROM (SELECT source FROM runs UNION SELECT source FROM calls) s ORDER BY s.source`,
	outboxWaiting: `SELECT state, COUNT(*), MIN(due) FROM outbox WHERE state IN ('queued', 'sending', 'refused', 'suspended')
		GROUP BY state ORDER BY state`,
	// Only who holds the outbox adds to it, so that numbers rise in the order in which they become visible.
	sentCounts: `SELECT o.kind, s.outcome, COUNT(*) FROM sent s JOIN outbox o ON o.recipient = s.recipient AND o.period = s.period
		WHERE s.id > $1 AND s.id <= $2 GROUP BY o.kind, s.outcome ORDER BY o.kind, s.outcome`,
	sentLast: `SELECT COALESCE(MAX(id), 0) FROM sent`,
	sentContents: `SELECT kind, content, COUNT(*) FROM outbox WHERE ` + within(`recipient`) + `
		AND state = 'sent' AND since >= $2 AND since < $3 GROUP BY kind, content ORDER BY kind, content`,
	noticeCount: `SELECT COUNT(*) FROM notices WHERE mended = 0`,
	counterGet:  `SELECT rev, seq FROM counters WHERE id = 1`,
	callBehind:  `SELECT (SELECT COUNT(*) FROM calls WHERE rev > $1), (SELECT COUNT(*) FROM calls WHERE touched > $2)`,

	runInterrupt: `UPDATE runs SET ended = $1, error = 'interrupted', fault = 'program' WHERE source = $2 AND ended = 0`,
	runInsert: `INSERT INTO runs (source, kind, started, ended, requests, not_modified, bytes, seen, added, changed, gone,
		quarantined, complete, baseline, suspect, error, notes, trace)
		VALUES ($1, $2, $3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, '', '[]', $4) RETURNING id`,
	runUpdate: `UPDATE runs SET ended = $1, requests = $2, not_modified = $3, bytes = $4, seen = $5, added = $6,
		changed = $7, gone = $8, quarantined = $9, complete = $10, baseline = $11, suspect = $12, judged = $13, error = $14, fault = $15,
		findings = $16, notes = $17
		WHERE id = $18 AND error <> 'interrupted'`, // whose source was taken over does not come back
	runEnded: `SELECT ended FROM runs WHERE id = $1`,
	coverageInsert: `INSERT INTO coverage (run, field, have, items) VALUES ($1, $2, $3, $4)
		ON CONFLICT (run, field) DO UPDATE SET have = excluded.have, items = excluded.items`,
	coverageList: `SELECT c.run, r.started, c.field, c.have, c.items FROM coverage c JOIN runs r ON r.id = c.run
		WHERE r.source = $1 AND r.kind = 'crawl' AND r.complete = 1 AND r.started >= $2 ORDER BY c.run DESC, c.field`,
	rulingInsert: `INSERT INTO rulings (source, ref, decision, reason, why, at, likeness) VALUES ($1, $2, $3, $4, $5, $6, $7)
		ON CONFLICT (source, ref, at, decision, likeness) DO NOTHING`,
	rulingList: `SELECT id, source, ref, decision, reason, why, at, likeness FROM rulings WHERE source = $1 ORDER BY id`,

	bodyOne:    `SELECT body FROM bodies WHERE hash = $1`,
	bodyKnown:  `SELECT COUNT(*) FROM bodies WHERE hash = $1`,
	bodyStands: `SELECT COUNT(*) FROM bodies WHERE hash = $1`,
	bodyInsert: `INSERT INTO bodies (hash, body) VALUES ($1, $2) ON CONFLICT (hash) DO NOTHING`,
	bodyPrune: `DELETE FROM bodies
		WHERE NOT EXISTS (SELECT 1 FROM documents d WHERE d.body = bodies.hash)`,
	documentInsert: `INSERT INTO documents
		(run, source, key, request, url, status, header, fetched, not_modified, problem, body)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
	documentNewest: `SELECT ` + documentColumns + ` FROM documents d JOIN bodies b ON b.hash = d.body
		WHERE d.source = $1 AND d.key = $2 AND d.status = 200 AND d.problem = '' ORDER BY d.id DESC LIMIT 1`,
	// What was read then, or what of it is left.
	documentOrigin: `SELECT d.url, d.fetched, d.header, d.body FROM documents d
		WHERE d.source = $1 AND d.key = $2 AND d.status = 200 AND d.problem = ''
		ORDER BY CASE WHEN d.run <= $3 THEN 0 ELSE 1 END, d.id DESC LIMIT 1`,
	documentAnswers: `SELECT ` + documentColumns + ` FROM documents d JOIN bodies b ON b.hash = d.body JOIN runs r ON r.id = d.run
		WHERE d.source = $1 AND d.key = $2 AND d.status = 200 AND (r.judged = 1 OR EXISTS (SELECT 1 FROM runs n
			WHERE n.source = d.source AND n.id > d.run AND n.kind = 'crawl' AND n.complete = 1 AND n.judged = 1))
		ORDER BY d.id DESC LIMIT $3`,
	documentList: `SELECT ` + documentColumns + ` FROM documents d JOIN bodies b ON b.hash = d.body
		WHERE d.run = $1 ORDER BY d.id`,
	documentLastComplete: `SELECT id FROM runs
		WHERE source = $1 AND kind = 'crawl' AND complete = 1 AND ended <> 0 ORDER BY id DESC LIMIT 1`,
	// The newest of a key stays, and so does the newest that Document would give.
	documentPrune: `DELETE FROM documents WHERE source = $1 AND fetched < $2 AND run <> $3
		AND EXISTS (SELECT 1 FROM documents n
			WHERE n.source = documents.source AND n.key = documents.key AND n.id > documents.id)
		AND (status <> 200 OR problem <> '' OR EXISTS (SELECT 1 FROM documents n
			WHERE n.source = documents.source AND n.key = documents.key AND n.id > documents.id
				AND n.status = 200 AND n.problem = ''))`,

	recordOne:        recordSelect + `WHERE c.source = $1 AND c.ref = $2`,
	recordList:       recordSelect + `ORDER BY c.source, c.ref`,
	recordListSource: recordSelect + `WHERE c.source = $1 ORDER BY c.ref`,
	recordAfter:      recordSelect + `WHERE (c.source, c.ref) > ($1, $2) AND (c.source = $3 OR $3 = '') ORDER BY c.source, c.ref LIMIT $4`,
	recordListOf:     recordSelect + `WHERE c.source = $1 AND c.ref IN (SELECT value FROM EACH($2)) ORDER BY c.ref`,
	recordChanged:    recordSelect + `WHERE c.rev > $1 ORDER BY c.rev LIMIT $2`,
	recordTouched:    recordSelect + `WHERE c.touched > $1 ORDER BY c.touched LIMIT $2`,
	markListOf:       markSelect + `WHERE source = $1 AND ref IN (SELECT value FROM EACH($2)) ORDER BY ref`,
	markStanding:     markSelect + `WHERE source = $1 AND gone = 0 AND status <> 'closed' ORDER BY ref`,
	headList:         headSelect + `ORDER BY source, ref`,
	headListSource:   headSelect + `WHERE source = $1 ORDER BY ref`,
	versionList: `SELECT v.n, v.at, v.run, v.hash, v.origins, v.body FROM versions v JOIN calls c ON c.id = v.call
		WHERE c.source = $1 AND c.ref = $2 ORDER BY v.n`,
	versionBody: `SELECT v.body FROM calls c JOIN versions v ON v.call = c.id AND v.n = c.version
		WHERE c.source = $1 AND c.ref = $2`,
	orphans: `SELECT COUNT(*) FROM calls c
		WHERE NOT EXISTS (SELECT 1 FROM versions v WHERE v.call = c.id AND v.n = c.version AND v.hash = c.hash)`,

	counterTake: `UPDATE counters SET rev = rev + $1, seq = seq + $2 WHERE id = 1 RETURNING rev, seq`,
	callState: `SELECT id, version, hash, last_seen, gone, missed, rev, touched FROM calls
		WHERE source = $1 AND ref = $2`,
	callInsert: `INSERT INTO calls (source, ref, kind, status, identifier, title, deadline, version, hash,
		first_seen, last_seen, gone, missed, rev, touched)
		VALUES ($1, $2, $3, $4, $5, $6, $7, 1, $8, $9, $10, $11, $12, $13, $14)
		ON CONFLICT (source, ref) DO NOTHING RETURNING id`,
	callContent: `UPDATE calls SET last_seen = $1, gone = $2, missed = $3, rev = $4, touched = $5,
		kind = $6, status = $7, identifier = $8, title = $9, deadline = $10, version = $11, hash = $12
		WHERE id = $13`,
	callWhere: `UPDATE calls SET last_seen = $1, gone = $2, missed = $3, rev = $4, touched = $5 WHERE id = $6`,
	callSeen: `UPDATE calls SET last_seen = $1, missed = 0 WHERE source = $2 AND ref IN (SELECT value FROM EACH($3))
		AND (last_seen <> $1 OR missed <> 0)`,
	callTouch:     `UPDATE calls SET touched = $1 WHERE id = $2`,
	versionInsert: `INSERT INTO versions (call, n, at, run, hash, body, origins) VALUES ($1, $2, $3, $4, $5, $6, $7)`,

	changeList: changeSelect + `WHERE h.seq > $1 AND h.at >= $2 AND h.at < $3
		ORDER BY h.seq LIMIT $4`,
	changeListSource: changeSelect + `WHERE h.seq > $1 AND h.at >= $2 AND h.at < $3
		AND c.source = $4 ORDER BY h.seq LIMIT $5`,
	changeListCall: changeSelect + `WHERE h.seq > $1 AND h.at >= $2 AND h.at < $3
		AND c.source = $4 AND c.ref = $5 ORDER BY h.seq LIMIT $6`,
	changeListOf: changeSelect + `WHERE c.source = $1 AND c.ref IN (SELECT value FROM EACH($2)) ORDER BY h.seq`,
	changeKnown: `SELECT COUNT(*) FROM changes
		WHERE call = $1 AND at = $2 AND event = $3 AND field = $4 AND old = $5 AND new = $6`,
	changeInsert: `INSERT INTO changes (seq, at, call, event, field, old, new, material, baseline, mended)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,

	holdList:       holdSelect + `ORDER BY source, ref`,
	holdListSource: holdSelect + `WHERE source = $1 ORDER BY ref`,
	holdSet: `INSERT INTO holds (source, ref, reason, since, last_seen, run, runs, body) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
		ON CONFLICT (source, ref) DO UPDATE
		SET reason = excluded.reason, last_seen = excluded.last_seen, run = excluded.run, runs = excluded.runs, body = excluded.body`,
	holdRelease: `DELETE FROM holds WHERE source = $1 AND ref = $2`,

	cursorGet: `SELECT value FROM cursors WHERE name = $1`,
	cursorSet: `INSERT INTO cursors (name, value) VALUES ($1, $2)
		ON CONFLICT (name) DO UPDATE SET value = excluded.value`,

	// CLOCK is the database's own, in milliseconds; see dialect.
	hostReserve: `INSERT INTO hosts AS h (host, last, next) VALUES ($1, CLOCK, CLOCK + $2)
		ON CONFLICT (host) DO UPDATE SET last = ` + hostFree + `, next = ` + hostFree + ` + $2
		RETURNING last - CLOCK`,
	hostPostpone: `INSERT INTO hosts AS h (host, last, next) VALUES ($1, 0, CLOCK + $2)
		ON CONFLICT (host) DO UPDATE SET next = GREATEST(h.next, CLOCK + $2)`,
	robotsGet: `SELECT asked, body FROM robots WHERE origin = $1`,
	robotsSet: `INSERT INTO robots (origin, asked, body) VALUES ($1, $2, $3)
		ON CONFLICT (origin) DO UPDATE SET asked = excluded.asked, body = excluded.body`,

	planHash: `SELECT hash FROM plans WHERE plan = $1`,
	planSet: `INSERT INTO plans (plan, hash) VALUES ($1, $2)
		ON CONFLICT (plan) DO UPDATE SET hash = excluded.hash`,
	matchOne: `SELECT m.results FROM matches m JOIN calls c ON c.id = m.call
		WHERE m.plan = $1 AND c.source = $2 AND c.ref = $3`,
	matchList: `SELECT c.source, c.ref, m.results FROM matches m JOIN calls c ON c.id = m.call
		WHERE m.plan = $1`,
	matchState: `SELECT c.id, COALESCE(m.plan, ''), COALESCE(m.hash, '') FROM calls c LEFT JOIN matches m ON m.call = c.id
		WHERE c.source = $1 AND c.ref = $2`,
	planStates: `SELECT p.plan, p.hash, COALESCE(c.value, 0) FROM plans p LEFT JOIN cursors c ON c.name = 'match:' || p.plan ORDER BY p.plan`,
	matchListCall: `SELECT m.plan, m.results FROM matches m JOIN calls c ON c.id = m.call
		WHERE c.source = $1 AND c.ref = $2 ORDER BY m.plan`,
	matchListOf: `SELECT c.source, c.ref, m.results FROM calls c JOIN matches m ON m.call = c.id
		WHERE m.plan = $1 AND c.source = $2 AND c.ref IN (SELECT value FROM EACH($3)) ORDER BY c.ref`,
	matchSet: `INSERT INTO matches (plan, call, hash, results) VALUES ($1, $2, $3, $4)
		ON CONFLICT (plan, call) DO UPDATE SET hash = excluded.hash, results = excluded.results`,
	matchDelete: `DELETE FROM matches WHERE plan = $1 AND call = $2`,

	digestInsert: `INSERT INTO digests (department, date, language, hash, at, body) VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (department, date, language, hash) DO NOTHING`,
	digestHeads:          `SELECT department, date, language, hash, at FROM digests WHERE ` + within(`department`) + `ORDER BY date DESC, at DESC, department, language, hash LIMIT $2`,
	digestOne:            digestSelect + `WHERE department = $1 AND date = $2 AND language = $3 ORDER BY at DESC, hash LIMIT 1`,
	digestList:           digestSelect + `WHERE ` + within(`department`) + `ORDER BY date DESC, at DESC, department, language, hash LIMIT $2`,
	digestListDepartment: digestSelect + `WHERE department = $1 ORDER BY date DESC, at DESC, language, hash LIMIT $2`,

	reminderList: `SELECT r.recipient, c.source, c.ref, r.deadline, r.step FROM reminders r JOIN calls c ON c.id = r.call
		WHERE ` + within(`r.recipient`) + `AND r.deadline >= $2 ORDER BY r.recipient, c.source, c.ref, r.deadline, r.step`,
	reminderInsert: `INSERT INTO reminders (recipient, call, deadline, step, period, at) VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (recipient, call, deadline, step) DO NOTHING`,
	recipientOne:     recipientSelect + `WHERE r.id = $1`,
	recipientList:    recipientSelect + `WHERE ` + within(`r.id`) + `ORDER BY r.id`,
	subscriptionOne:  subscriptionSelect + `WHERE recipient = $1 ORDER BY n`,
	subscriptionList: subscriptionSelect + `WHERE ` + within(`recipient`) + `ORDER BY recipient, n`,
	recipientInsert: `INSERT INTO recipients (id, address, name, department, language, zone, hour, rhythm, weekday, lifesign,
		paused, stand_in, seq, waiting, period, mailed)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, '[]', '', $14) ON CONFLICT (id) DO NOTHING`,
	recipientUpdate: `UPDATE recipients SET address = $1, name = $2, department = $3, language = $4, zone = $5, hour = $6,
		rhythm = $7, weekday = $8, lifesign = $9, paused = $10, stand_in = $11 WHERE id = $12`,
	recipientDelete: `DELETE FROM recipients WHERE id = $1`,
	recipientPause:  `UPDATE recipients SET paused = $1, stand_in = $2 WHERE id = $3`,
	recipientTold: `UPDATE recipients SET seq = $1, waiting = $2, period = $3, mailed = $4
		WHERE id = $5 AND seq = $6 AND period = $7`,
	subscriptionInsert: `INSERT INTO subscriptions (recipient, n, name, departments, priorities, programmes, kinds, search)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
	subscriptionThere:  subscriptionSelect + `WHERE recipient = $1 ORDER BY n`,
	subscriptionLast:   `SELECT COALESCE(MAX(n), 0) FROM subscriptions WHERE recipient = $1`,
	recipientThere:     recipientSelect + `WHERE r.id = $1`,
	recipientLock:      `UPDATE recipients SET name = name WHERE id = $1`,
	subscriptionDelete: `DELETE FROM subscriptions WHERE recipient = $1`,
	suspensionOne:      `SELECT since, reason FROM suspensions WHERE address = LOWER($1)`,
	suspensionInsert: `INSERT INTO suspensions (address, since, reason) VALUES (LOWER($1), $2, $3)
		ON CONFLICT (address) DO NOTHING`,
	suspensionDelete: `DELETE FROM suspensions WHERE address = LOWER($1)`,
	decisionList: decisionSelect + `WHERE ` + within(`d.department || d.recipient`) + `AND d.id = (SELECT MAX(l.id) FROM decisions l
		WHERE l.call = d.call AND l.department = d.department AND l.recipient = d.recipient)
		ORDER BY c.source, c.ref, d.department, d.recipient`,
	decisionListAll: decisionSelect + `WHERE ` + within(`d.department || d.recipient`) + `AND c.source = $2 AND c.ref = $3 ORDER BY d.id`,
	decisionInsert: `INSERT INTO decisions (call, department, recipient, choice, why, who, at)
		VALUES ($1, $2, $3, $4, $5, $6, $7)`,
	decisionCall: `SELECT id FROM calls WHERE source = $1 AND ref = $2`,
	changeBefore: `SELECT COALESCE(MAX(seq), 0) FROM changes WHERE at < $1`,
	changeUpTo:   changeSelect + `WHERE h.seq <= $1 ORDER BY h.seq DESC LIMIT 1`,
	changeLast:   `SELECT seq FROM counters WHERE id = 1`,

	contentOne: `SELECT body FROM contents WHERE hash = $1`,
	contentInsert: `INSERT INTO contents AS c (hash, body) VALUES ($1, $2)
		ON CONFLICT (hash) DO UPDATE SET body = excluded.body WHERE LENGTH(c.body) = 0`, // one that was weeded is said again
	// Mails that may still be sent keep what they say.
	contentWeed: `UPDATE contents SET body = $1 WHERE LENGTH(body) > 0
		AND EXISTS (SELECT 1 FROM outbox o WHERE o.content = contents.hash AND o.written < $2)
		AND NOT EXISTS (SELECT 1 FROM outbox o WHERE o.content = contents.hash
			AND (o.written >= $2 OR o.state IN ('queued', 'sending', 'suspended')))`,
	headWeed:        `UPDATE outbox SET head = $1 WHERE written < $2 AND LENGTH(head) > 0 AND state IN ('sent', 'refused')`,
	outboxOne:       outboxSelect + `WHERE recipient = $1 AND period = $2`,
	outboxAll:       outboxSelect + `WHERE state = $1 OR $1 = '' ORDER BY written DESC, recipient, period LIMIT $2`,
	outboxAllCounts: `SELECT state, COUNT(*), MIN(due) FROM outbox GROUP BY state ORDER BY state`,
	outboxList:      outboxSelect + `WHERE ` + within(`recipient`) + `AND (state = $2 OR $2 = '') ORDER BY written DESC, recipient, period LIMIT $3`,
	outboxBefore: outboxSelect + `WHERE ` + within(`recipient`) + `AND (written < $2 OR written = $2 AND (recipient, period) > ($3, $4))
		AND (recipient = $5 OR $5 = '') AND (kind = $6 OR $6 = '') AND (kind <> $7 OR $7 = '')
		ORDER BY written DESC, recipient, period LIMIT $8`,
	outboxQueued: outboxSelect + `WHERE state = 'queued' AND due <= $1
		ORDER BY due, content, recipient, period LIMIT $2`, // who is told the same stands together
	outboxCounts: `SELECT state, COUNT(*), MIN(due) FROM outbox WHERE ` + within(`recipient`) + `GROUP BY state ORDER BY state`,
	outboxInsert: `INSERT INTO outbox (recipient, period, kind, content, items, address, name, language, message_id, written,
		state, since, due, tries, error, head, hash)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 'queued', $10, $11, 0, '', $12, '')
		ON CONFLICT (recipient, period) DO NOTHING`,
	outboxClaim: `UPDATE outbox SET state = 'sending', since = $1, tries = tries + 1
		WHERE recipient = $2 AND period = $3 AND state = 'queued'`,
	outboxState: `UPDATE outbox SET state = $1, since = $2, due = $3, error = $4
		WHERE recipient = $5 AND period = $6 AND state = 'sending'`,
	outboxSent: `UPDATE outbox SET state = 'sent', since = $1, error = '', head = $2, hash = $3
		WHERE recipient = $4 AND period = $5 AND state = 'sending'`,
	outboxUnclaim: `UPDATE outbox SET state = 'queued', since = $1, tries = tries - 1
		WHERE recipient = $2 AND period = $3 AND state = 'sending'`,
	outboxRequeue: `UPDATE outbox SET state = 'queued', since = $1 WHERE state = 'sending'`,
	outboxHold: `UPDATE outbox SET state = 'suspended', since = $1, error = $2
		WHERE LOWER(address) = LOWER($3) AND state = 'queued'`,
	outboxResume: `UPDATE outbox SET state = 'queued', since = $1, due = $1, tries = 0
		WHERE LOWER(address) = LOWER($2) AND state IN ('suspended', 'refused')`,
	outboxAgain: `UPDATE outbox SET state = 'queued', since = $1, due = $1, tries = 0
		WHERE recipient = $2 AND period = $3 AND state = 'refused'
		AND EXISTS (SELECT 1 FROM contents c WHERE c.hash = outbox.content AND LENGTH(c.body) > 0)`,
	sentInsert: `INSERT INTO sent (recipient, period, at, address, outcome, answer, hash) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
	sentList: `SELECT recipient, period, at, address, outcome, answer, hash FROM sent
		WHERE recipient = $1 AND period = $2 ORDER BY id`,

	noticeOne:   `SELECT key, since, text, told, mended FROM notices WHERE key = $1`,
	noticeList:  `SELECT key, since, text, told, mended FROM notices WHERE mended = 0 ORDER BY since, key`,
	noticeEvery: `SELECT key, since, text, told, mended FROM notices ORDER BY since, key`,
	noticeUntold: `SELECT key, since, text, told, mended FROM notices
		WHERE mended = 0 AND told = 0 OR mended <> 0 AND told <> 0 AND told < mended ORDER BY since, key`,
	// A matter that was mended and comes again begins anew; one that lasts keeps its beginning.
	noticeRaise: `INSERT INTO notices (key, since, text, told, mended) VALUES ($1, $2, $3, 0, 0)
		ON CONFLICT (key) DO UPDATE SET text = excluded.text, mended = 0,
		since = CASE WHEN notices.mended = 0 THEN notices.since ELSE excluded.since END,
		told = CASE WHEN notices.mended = 0 THEN notices.told ELSE 0 END`,
	noticeTold: `UPDATE notices SET told = $1 WHERE key = $2`,
	noticeMend: `UPDATE notices SET mended = $1 WHERE key = $2 AND mended = 0`,

	cursorState:  `SELECT value FROM cursors WHERE name = $1`,
	linkFactList: `SELECT c.source, c.ref, f.gone, f.facts FROM link_facts f JOIN calls c ON c.id = f.call ORDER BY c.source, c.ref`,
	linkFactState: `SELECT c.id, COALESCE(f.gone, 0), COALESCE(f.facts, '') FROM calls c LEFT JOIN link_facts f ON f.call = c.id
		WHERE c.source = $1 AND c.ref = $2`,
	linkFactSet: `INSERT INTO link_facts (call, gone, facts) VALUES ($1, $2, $3)
		ON CONFLICT (call) DO UPDATE SET gone = excluded.gone, facts = excluded.facts`,
	linkFactClear: `DELETE FROM link_facts`,
	linkFactsOf: `SELECT c.id, c.source, c.ref, f.gone, f.facts FROM calls c JOIN link_facts f ON f.call = c.id
		WHERE ` + among(`c.id`, `$1`) + ` ORDER BY c.id`,
	linkKeyClear: `DELETE FROM link_keys`,
	linkKeysAdd: `INSERT INTO link_keys (key, source, call, since, until)
		SELECT CAST(value AS BIGINT), CAST($1 AS BIGINT), CAST($2 AS BIGINT), CAST($3 AS BIGINT), CAST($4 AS BIGINT) FROM EACH($5)`,
	linkKeysDrop: `DELETE FROM link_keys WHERE source = $1 AND call = $2 AND ` + among(`key`, `$3`),
	// No more are counted than it takes to know that they are a crowd.
	linkKeysShared: `SELECT CAST(e.value AS BIGINT), (SELECT COUNT(*) FROM
		(SELECT 1 FROM link_keys k WHERE k.key = CAST(e.value AS BIGINT) LIMIT $1) AS shelf) FROM EACH($2) AS e`,
	// In two stretches of every key, so that the source's own calls, which may be nearly all, are not read.
	linkNear: `SELECT c.id, c.source, c.ref, f.gone, f.facts FROM (
			SELECT call FROM link_keys WHERE source < $1 AND ` + among(`key`, `$2`) + `
			UNION SELECT call FROM link_keys WHERE source > $1 AND ` + among(`key`, `$2`) + `
			UNION SELECT w.call FROM (
				SELECT call FROM link_keys WHERE source < $1 AND since <= $3 AND until >= $4 AND ` + among(`key`, `$5`) + `
				UNION ALL SELECT call FROM link_keys WHERE source > $1 AND since <= $3 AND until >= $4 AND ` + among(`key`, `$5`) + `
			) AS w GROUP BY w.call HAVING COUNT(*) > 1
		) AS near JOIN calls c ON c.id = near.call JOIN link_facts f ON f.call = c.id ORDER BY c.id`,
	offerSet: `INSERT INTO link_offers (a, b, relation, strength, reason) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (a, b) DO UPDATE SET relation = excluded.relation, strength = excluded.strength, reason = excluded.reason`,
	offerDrop:  `DELETE FROM link_offers WHERE a = $1 AND b = $2`,
	offerClear: `DELETE FROM link_offers`,
	offersOf: `SELECT l.a, l.b, x.source, x.ref, y.source, y.ref, l.relation, l.strength, l.reason, 'auto'
		FROM link_offers l JOIN calls x ON x.id = l.a JOIN calls y ON y.id = l.b WHERE (l.a, l.b) IN (SELECT a, b FROM link_offers WHERE ` + among(`a`, `$1`) + `
			UNION SELECT a, b FROM link_offers WHERE ` + among(`b`, `$1`) + `) ORDER BY l.a, l.b`,
	linkEnds: `SELECT a FROM links UNION SELECT b FROM links UNION SELECT call FROM link_groups`,
	linkList: linkSelect + `ORDER BY x.source, x.ref, y.source, y.ref`,
	linkListCall: linkSelect + `WHERE (l.a, l.b) IN (SELECT a, b FROM links WHERE a IN (SELECT id FROM calls WHERE source = $1 AND ref = $2)
			UNION SELECT a, b FROM links WHERE b IN (SELECT id FROM calls WHERE source = $1 AND ref = $2))
		ORDER BY x.source, x.ref, y.source, y.ref`,
	linkStates: linkSelect + `ORDER BY x.source, x.ref, y.source, y.ref`,
	linksOf: `SELECT l.a, l.b, x.source, x.ref, y.source, y.ref, l.relation, l.strength, l.reason, l.state
		FROM links l JOIN calls x ON x.id = l.a JOIN calls y ON y.id = l.b WHERE (l.a, l.b) IN (SELECT a, b FROM links WHERE ` + among(`a`, `$1`) + `
			UNION SELECT a, b FROM links WHERE ` + among(`b`, `$1`) + `) ORDER BY l.a, l.b`,
	linkSet: `INSERT INTO links (a, b, relation, strength, reason, made, state, who, why)
		VALUES ($1, $2, $3, $4, $5, $6, 'auto', '', '')
		ON CONFLICT (a, b) DO UPDATE SET relation = excluded.relation, strength = excluded.strength, reason = excluded.reason`,
	linkDelete: `DELETE FROM links WHERE a = $1 AND b = $2 AND state = 'auto'`,
	// What was found stays beside a person's word, so that it can be read why the two were thought to be one.
	linkJudged: `INSERT INTO links (a, b, relation, strength, reason, made, state, who, why) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
		ON CONFLICT (a, b) DO UPDATE SET made = excluded.made, state = excluded.state, who = excluded.who, why = excluded.why,
			relation = CASE WHEN excluded.state = 'hand' THEN excluded.relation ELSE links.relation END`,
	groupList: groupSelect + `ORDER BY h.source, h.ref, g.place`,
	groupListOf: groupSelect + `WHERE g.head IN (SELECT o.head FROM link_groups o JOIN calls k ON k.id = o.call
		WHERE k.source = $1 AND k.ref IN (SELECT value FROM EACH($2))) ORDER BY h.source, h.ref, g.place`,
	groupOne: `SELECT c.source, c.ref FROM link_groups g JOIN calls c ON c.id = g.call
		WHERE g.head IN (SELECT o.head FROM link_groups o JOIN calls k ON k.id = o.call WHERE k.source = $1 AND k.ref = $2)
		ORDER BY g.place`,
	groupStatesOf: `SELECT call, head, place FROM link_groups WHERE ` + among(`call`, `$1`) + ` ORDER BY call`,
	groupSet: `INSERT INTO link_groups (call, head, place) VALUES ($1, $2, $3)
		ON CONFLICT (call) DO UPDATE SET head = excluded.head, place = excluded.place`,
	groupDelete: `DELETE FROM link_groups WHERE call = $1`,

	signingKeyList:   `SELECT id, made, secret FROM signing_keys ORDER BY made, id`,
	signingKeyNewest: `SELECT COALESCE(MAX(made), 0) FROM signing_keys`,
	signingKeyInsert: `INSERT INTO signing_keys (made, secret) VALUES ($1, $2)`,
	signingKeyPrune:  `DELETE FROM signing_keys WHERE made < $1`,
	feedList:         `SELECT id, secret, made FROM feeds WHERE ` + within(`id`) + `ORDER BY id`,
	feedInsert:       `INSERT INTO feeds (id, secret, made) VALUES ($1, $2, $3) ON CONFLICT (id) DO NOTHING`,
	feedRenew:        `UPDATE feeds SET secret = $1, made = $2 WHERE id = $3`,
	recipientPaused:  `SELECT paused, stand_in FROM recipients WHERE id = $1`,
	decisionLast: `SELECT c.id, COALESCE(d.choice, 'none'), COALESCE(d.why, '') FROM calls c
		LEFT JOIN decisions d ON d.id = (SELECT MAX(l.id) FROM decisions l WHERE l.call = c.id AND l.department = $1 AND l.recipient = $2)
		WHERE c.source = $3 AND c.ref = $4`,
	actInsert: `INSERT INTO acts (at, recipient, act, source, ref, detail, way) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
	actList: `SELECT at, recipient, act, source, ref, detail, way FROM acts
		WHERE ` + within(`recipient`) + `AND (recipient = $2 OR $2 = '') ORDER BY id DESC LIMIT $3`,
	changeTold: `SELECT c.source, c.ref, MAX(h.at) FROM changes h JOIN calls c ON c.id = h.call
		WHERE h.material = 1 AND h.mended = 0 GROUP BY c.source, c.ref`,

	auditList: `SELECT id, at, who, way, what, about, detail FROM audit
		WHERE ` + within(`who`) + `AND (who = $2 OR $2 = '') AND (what = $3 OR $3 = '') AND (about = $4 OR $4 = '')
		AND at >= $5 AND at < $6 AND id < $7 ORDER BY id DESC LIMIT $8`,
	auditInsert: `INSERT INTO audit (at, who, way, what, about, detail) VALUES ($1, $2, $3, $4, $5, $6)`,
	auditPrune:  `DELETE FROM audit WHERE at < $1`,

	batchOne: `SELECT r.source, b.work, b.result, b.done FROM batches b JOIN runs r ON r.id = b.run
		WHERE b.run = $1 AND b.n = $2 AND r.ended = 0`,
	batchOpen:       `SELECT n FROM batches WHERE run = $1 AND done = 0 ORDER BY n`,
	batchForget:     `DELETE FROM batches WHERE run IN (SELECT id FROM runs WHERE source = $1 AND id <> $2)`,
	batchInsert:     `INSERT INTO batches (run, n, work, result, done) VALUES ($1, $2, $3, '', 0)`,
	batchDone:       `UPDATE batches SET result = $1, done = 1 WHERE run = $2 AND n = $3 AND done = 0`,
	sessionOne:      sessionSelect + `WHERE hash = $1 AND ends > $2 AND seen > $3`,
	sessionList:     sessionSelect + `WHERE ` + within(`hash`) + `AND ends > $2 AND seen > $3 ORDER BY made DESC, hash`,
	sessionInsert:   `INSERT INTO sessions (hash, actor, name, mail, role, made, seen, ends) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
	sessionSeen:     `UPDATE sessions SET role = $1, seen = $2 WHERE hash = $3`,
	sessionDelete:   `DELETE FROM sessions WHERE hash = $1`,
	sessionDeleteOf: `DELETE FROM sessions WHERE actor = $1`,
	sessionPrune:    `DELETE FROM sessions WHERE ends <= $1 OR seen <= $2`,
	signinOne:       `SELECT id, address, browser, back, made, ends FROM signin_links WHERE id = $1 AND ends > $2 AND used = 0`,
	signinCount:     `SELECT COUNT(*) FROM signin_links WHERE address = $1 AND made > $2`,
	signinInsert:    `INSERT INTO signin_links (id, address, browser, back, made, ends, used) VALUES ($1, $2, $3, $4, $5, $6, 0)`,
	signinUse:       `UPDATE signin_links SET used = $1 WHERE id = $2 AND ends > $3 AND used = 0`,
	signinPrune:     `DELETE FROM signin_links WHERE made < $1`,
	signinTries: `DELETE FROM sent WHERE EXISTS (SELECT 1 FROM outbox o WHERE o.recipient = sent.recipient AND o.period = sent.period
		AND o.kind = $1 AND o.written < $2 AND o.state <> 'sending')`,
	signinMails: `DELETE FROM outbox WHERE kind = $1 AND written < $2 AND state <> 'sending'`,
	apiKeyOne:   apiKeySelect + `WHERE hash = $1 AND ends > $2 AND revoked = 0`,
	apiKeyList:  apiKeySelect + `WHERE ` + within(`name`) + `ORDER BY name`,
	apiKeyInsert: `INSERT INTO api_keys (name, hash, role, made, ends, used, revoked) VALUES ($1, $2, $3, $4, $5, '', 0)
		ON CONFLICT (name) DO NOTHING`,
	apiKeyRevoke: `UPDATE api_keys SET revoked = $1 WHERE name = $2 AND revoked = 0`,
	apiKeyUsed:   `UPDATE api_keys SET used = $1 WHERE name = $2`,

	nodeList: `SELECT n.name, n.address, n.secret, n.cursor, CLOCK - n.seen, (SELECT COUNT(*) FROM calls c WHERE c.touched > n.cursor)
		FROM nodes n ORDER BY n.cursor DESC, n.name`,
	recordLast: `SELECT COALESCE(MAX(touched), 0) FROM calls`,
	nodeBeat: `INSERT INTO nodes (name, address, secret, cursor, seen) VALUES ($1, $2, $3, $4, CLOCK)
		ON CONFLICT (name) DO UPDATE SET address = excluded.address, secret = excluded.secret, cursor = excluded.cursor, seen = excluded.seen`,
	nodeLeave:  `DELETE FROM nodes WHERE name = $1`,
	nodeForget: `DELETE FROM nodes WHERE seen < CLOCK - 86400000`,

	limitTake: `INSERT INTO limits AS l (name, free) VALUES ($1, CLOCK + $2)
		ON CONFLICT (name) DO UPDATE SET free = GREATEST(l.free, CLOCK) + $2 WHERE l.free <= CLOCK + $3`,
	// A clock that was set back must keep nobody out for longer than an hour.
	limitForget: `DELETE FROM limits WHERE free < CLOCK OR free > CLOCK + 3600000`,
}
