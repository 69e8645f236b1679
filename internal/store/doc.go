// Package store is the truth: what every source was heard to say, when, and what came of it. Everything
// else (the index, pages, feeds) can be thrown away and made again from here.
//
// # Tables
//
//	runs        one row a run of a source; ended = 0 while it is going on
//	bodies      raw bodies, zstd, once for each SHA-256
//	batches     parts of a run that several machines do, while it goes on  -> runs
//	documents   answers as they came, in the order kept  -> runs, bodies
//	calls       one row a call: identity, what lists need, where it stands
//	versions    every content that a call ever had, whole, zstd, never altered  -> calls, runs
//	changes     the change log, never altered  -> calls
//	holds       items in quarantine; not calls yet, or not believed
//	plans       the plan of the stored matches, by hash
//	matches     results of one plan for one call, zstd  -> calls
//	link_facts  what a call can be recognised by, read from it  -> calls
//	link_keys   by what calls meet, made of their facts  -> calls
//	link_offers what was said of two that met, of which links are the best  -> calls
//	links       two calls of different sources, how they stand to each other, why, and whose word it is  -> calls
//	link_groups calls that are shown as one, made from links  -> calls
//	cursors     how far each reader of the feeds has come, by name
//	digests     digests as printed or sent, zstd
//	recipients  who is sent mail, and how far each has been told
//	subscriptions  what they follow  -> recipients
//	suspensions addresses that a mail server refused for good
//	decisions   what was decided about a call, never altered  -> calls
//	contents    what mails say, zstd
//	outbox      mails, one a recipient and period, and what came of them  -> contents
//	sent        every try to send one, never altered
//	notices     what the operator should know of, until it is mended
//	audit       who asked for which write, and when, never altered
//	sessions    who is signed in, in which browser
//	signin_links  links in mails by which somebody signs in, once
//	api_keys    by which programs are let in
//	hosts       when each host may next be asked, for all crawlers together
//	robots      what each host's robots.txt said
//	nodes       machines that answer readers, and how far the index of each has followed
//	limits      who has lately tried what is bounded, and how often
//	counters    one row: the last rev and the last seq given
//
// A call's current content is its newest version: the row in calls holds no copy of it, so that they
// cannot disagree. A reader joins the two.
//
// # Order
//
// Every transaction that raises rev, touched or seq begins by taking the row in counters, and holds it to
// its end. Numbers therefore become visible in the order in which they were given, also where several
// connections write at once, and a reader that remembers the highest number it has seen misses nothing.
//
//	rev      the call's content, or whether it is gone, was written, or a change of it was logged
//	touched  the same, or its matches of some plan or the calls that it is shown with became others
//	seq      a line of the change log
//
// # Organisations
//
// One database serves several organisations ([Store.Of]). What is one's own is stored under ids that bear its mark,
// ~skogsby.kultur, in recipients, subscriptions, decisions, digests, reminders, feeds, acts, outbox, sent, sessions,
// signin_links, api_keys and audit; those of the installation's own organisation bear none. All else is everybody's.
//
// # Two engines from one source
//
// Statements (sql.go) and migrations are written in the SQL that SQLite and PostgreSQL share. Times are
// BIGINT, milliseconds since 1970 UTC, 0 for none. Booleans are BIGINT 0 or 1. The few words that differ
// are exchanged when a migration is read (migrate.go). sqlite.go and postgres.go hold what only one engine
// understands: how it is opened, locked and checked, and what its errors mean. The tests run on both.
//
// # Durability
//
// What is committed survives the loss of power (synchronous=FULL; synchronous_commit=on and the server's own
// fsync, which is on unless somebody turned it off), except the newest raw documents: those
// survive the death of the process, and can be fetched again. A transaction is saved whole or not at all.
package store
