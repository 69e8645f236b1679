package bench

import (
	"context"
	"database/sql"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/blevesearch/bleve/v2"
	"github.com/blevesearch/bleve/v2/search/query"
	_ "modernc.org/sqlite" // the driver "sqlite"

	"utkik/index"
	"utkik/internal/call"
	"utkik/internal/store/storetest"
)

// Peers hold the same calls and are asked the same questions, as their own guides say: with seven facets, the filters, the
// twenty best hits and what is marked in them. None of them knows both languages, typing mistakes or facets that count
// without their own filter, so they find other things, and mostly less.

// askPeers fills the peers and asks them.
func askPeers(b *testing.B, entries []index.Entry, asked []question, now time.Time, f *figures) {
	for _, peer := range []struct {
		name string
		run  func(*testing.B, []index.Entry, []question, time.Time, *figures)
	}{
		{"Bleve", askBleve}, {"FTS5", askFTS5}, {"PostgreSQL", askPostgres},
	} {
		before := len(f.peers)
		f.peers = append(f.peers, peer.name)
		b.Run(fmt.Sprintf("%s-%d", peer.name, f.size), func(b *testing.B) { // a name of its own: a # would cut SQLite's address
			if peer.run(b, entries, asked, now, f); f.of[peer.name+" n"] == 0 {
				f.peers = f.peers[:before]
			}
		})
		if f.of[peer.name+" n"] == 0 { // it is not on this machine, or failed and said so
			f.peers = f.peers[:before]
		}
	}
}

// seven are the fields that peers filter and count by.
var seven = []string{"status", "kind", "programme", "source", "language", "priority", "department"}

// values gives what a call has of a field.
func values(e *index.Entry, name string, now time.Time) []string {
	one := ""
	switch name {
	case "status":
		one = string(e.Call.StatusAt(now))
	case "kind":
		one = string(e.Call.Kind)
	case "programme":
		one = e.Call.Programme
	case "source":
		one = e.Call.Source
	case "language":
		one = e.Call.Language
	case "priority":
		return e.Priorities
	case "department":
		return e.Departments
	}
	if one == "" {
		return nil
	}
	return []string{one}
}

// more is what is searched besides title, text and codes.
func more(c *call.Call) string {
	return strings.Join(append(append([]string{c.Programme, c.CallTitle, c.ParentTitle, c.Project, c.Eligible}, c.Topics...), c.Divisions...), "\n")
}

func askBleve(b *testing.B, entries []index.Entry, asked []question, now time.Time, f *figures) {
	dir := filepath.Join(b.TempDir(), "bleve")
	keyword, document := bleve.NewKeywordFieldMapping(), bleve.NewDocumentMapping()
	for _, name := range seven {
		document.AddFieldMappingsAt(name, keyword)
	}
	document.AddFieldMappingsAt("deadline", bleve.NewDateTimeFieldMapping())
	mapping := bleve.NewIndexMapping()
	mapping.DefaultMapping = document
	x, err := bleve.New(dir, mapping)
	if err != nil {
		b.Fatal(err)
	}
	defer func() {
		if err := x.Close(); err != nil {
			b.Error(err)
		}
		f.of["Bleve of text"] = float64(disk(b, dir)) / f.of["text"] // when it has let go of what it merged
	}()
	began := time.Now()
	batch := x.NewBatch()
	for i := range entries {
		e := &entries[i]
		doc := map[string]any{"title": e.Call.Title, "text": e.Call.Text, "more": more(&e.Call), "code": e.Call.Identifier + " " + e.Call.Call}
		for _, name := range seven {
			doc[name] = values(e, name, now)
		}
		var days []time.Time
		for _, d := range e.Call.Deadlines {
			days = append(days, d.Time())
		}
		doc["deadline"] = days
		if err := batch.Index(e.Call.Key().String(), doc); err != nil {
			b.Fatal(err)
		}
		if batch.Size() == 500 || i == len(entries)-1 {
			if err := x.Batch(batch); err != nil {
				b.Fatal(err)
			}
			batch.Reset()
		}
	}
	f.of["Bleve calls/s"] = float64(len(entries)) / time.Since(began).Seconds()
	ask(b, f, "Bleve", asked, 2, func(q question) (int, error) {
		all := bleve.NewBooleanQuery()
		var words []query.Query
		for i, w := range q.words {
			switch {
			case q.op == "phrase":
				words = []query.Query{bleve.NewMatchPhraseQuery(strings.Join(q.words, " "))}
			case q.op == "star" && i == len(q.words)-1:
				words = append(words, bleve.NewPrefixQuery(strings.ToLower(w)))
			default:
				words = append(words, bleve.NewMatchQuery(w))
			}
		}
		switch {
		case len(words) == 0:
			all.AddMust(bleve.NewMatchAllQuery())
		case q.op == "or":
			all.AddMust(bleve.NewDisjunctionQuery(words...))
		default:
			all.AddMust(words...)
		}
		for _, w := range q.not {
			all.AddMustNot(bleve.NewMatchQuery(w))
		}
		for name, wanted := range q.filter.values() {
			any := bleve.NewDisjunctionQuery()
			for _, v := range wanted {
				term := bleve.NewTermQuery(v)
				term.SetField(name)
				any.AddQuery(term)
			}
			all.AddMust(any)
		}
		if !q.filter.from.IsZero() {
			days := bleve.NewDateRangeQuery(q.filter.from, q.filter.to.AddDate(0, 0, 1))
			days.SetField("deadline")
			all.AddMust(days)
		}
		ask := bleve.NewSearchRequestOptions(all, 20, 0, false)
		ask.Highlight = bleve.NewHighlight()
		for _, name := range seven {
			ask.AddFacet(name, bleve.NewFacetRequest(name, 30))
		}
		res, err := x.SearchInContext(b.Context(), ask)
		if err != nil {
			return 0, err
		}
		return int(res.Total), nil
	})
}

// values gives the filter's values by field.
func (f filter) values() map[string][]string {
	out := map[string][]string{}
	for name, values := range map[string][]string{"status": f.status, "kind": f.kind, "source": f.source, "programme": f.programme} {
		if len(values) > 0 {
			out[name] = values
		}
	}
	return out
}

// where gives the filter as SQL over a table of calls c; place takes a value and gives what stands for it.
func (f filter) where(place func(any) string) string {
	var out []string
	for _, name := range seven {
		if values := f.values()[name]; len(values) > 0 {
			var places []string
			for _, v := range values {
				places = append(places, place(v))
			}
			out = append(out, "c."+name+" IN ("+strings.Join(places, ", ")+")")
		}
	}
	if !f.from.IsZero() {
		out = append(out, "EXISTS (SELECT 1 FROM deadline d WHERE d.call = c.id AND d.day BETWEEN "+place(f.from.Format(time.DateOnly))+" AND "+place(f.to.Format(time.DateOnly))+")")
	}
	if len(out) == 0 {
		return "TRUE"
	}
	return strings.Join(out, " AND ")
}

// Both SQL databases have these tables for what a call has several of, and count facets over the calls h that were found.
const (
	listTables = `CREATE TABLE deadline (call INTEGER NOT NULL, day TEXT NOT NULL);
		CREATE TABLE priority (call INTEGER NOT NULL, value TEXT NOT NULL);
		CREATE TABLE department (call INTEGER NOT NULL, value TEXT NOT NULL)`
	listIndexes = `CREATE INDEX deadline_call ON deadline (call, day);
		CREATE INDEX priority_call ON priority (call, value);
		CREATE INDEX department_call ON department (call, value)`
	counted = `SELECT 'total', '', COUNT(*) FROM h
		UNION ALL SELECT 'status', status, COUNT(*) FROM h GROUP BY status
		UNION ALL SELECT 'kind', kind, COUNT(*) FROM h GROUP BY kind
		UNION ALL SELECT 'programme', programme, COUNT(*) FROM h GROUP BY programme
		UNION ALL SELECT 'source', source, COUNT(*) FROM h GROUP BY source
		UNION ALL SELECT 'language', language, COUNT(*) FROM h GROUP BY language
		UNION ALL SELECT 'priority', p.value, COUNT(*) FROM h JOIN priority p ON p.call = h.id GROUP BY p.value
		UNION ALL SELECT 'department', d.value, COUNT(*) FROM h JOIN department d ON d.call = h.id GROUP BY d.value`
)

// fill writes every call, a thousand in a transaction.
func fill(b *testing.B, db *sql.DB, entries []index.Entry, now time.Time, insert func(tx *sql.Tx, id int, e *index.Entry, one func(string) string) error, place func(int) string) {
	b.Helper()
	for from := 0; from < len(entries); from += 1000 {
		tx, err := db.BeginTx(b.Context(), nil)
		if err != nil {
			b.Fatal(err)
		}
		for i := from; i < min(from+1000, len(entries)); i++ {
			e := &entries[i]
			one := func(name string) string { return strings.Join(values(e, name, now), "") }
			if err := insert(tx, i, e, one); err != nil {
				b.Fatal(err)
			}
			several := map[string][]string{"priority (call, value)": e.Priorities, "department (call, value)": e.Departments}
			for _, d := range e.Call.Deadlines {
				several["deadline (call, day)"] = append(several["deadline (call, day)"], d.Time().Format(time.DateOnly))
			}
			for table, list := range several {
				for _, v := range list {
					if _, err := tx.ExecContext(b.Context(), "INSERT INTO "+table+" VALUES ("+place(1)+", "+place(2)+")", i, v); err != nil {
						b.Fatal(err)
					}
				}
			}
		}
		if err := tx.Commit(); err != nil {
			b.Fatal(err)
		}
	}
}

// answer reads all rows of both statements, and gives the total that the first begins with.
func answer(ctx context.Context, db *sql.DB, counts string, hits string, args []any) (int, error) {
	total := 0
	rows, err := db.QueryContext(ctx, counts, args...)
	if err != nil {
		return 0, err
	}
	for rows.Next() {
		var facet, value sql.NullString
		var n int
		if err := rows.Scan(&facet, &value, &n); err != nil {
			return 0, err
		}
		if facet.String == "total" {
			total = n
		}
	}
	if err := rows.Err(); err != nil {
		return 0, err
	}
	if rows, err = db.QueryContext(ctx, hits, args...); err != nil {
		return 0, err
	}
	for rows.Next() {
		var id int
		var title, snippet sql.NullString
		if err := rows.Scan(&id, &title, &snippet); err != nil {
			return 0, err
		}
	}
	return total, rows.Err()
}

func askFTS5(b *testing.B, entries []index.Entry, asked []question, now time.Time, f *figures) {
	dir := b.TempDir()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(dir, "fts.db")+"?_pragma=journal_mode(WAL)&_pragma=synchronous(NORMAL)&_pragma=cache_size(-65536)")
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	exec := func(s string) {
		if _, err := db.ExecContext(b.Context(), s); err != nil {
			b.Fatal(err)
		}
	}
	exec(`CREATE VIRTUAL TABLE words USING fts5(title, more, body, code, tokenize = 'unicode61 remove_diacritics 0');
		CREATE TABLE call (id INTEGER PRIMARY KEY, status TEXT, kind TEXT, programme TEXT, source TEXT, language TEXT)`)
	exec(listTables)
	began := time.Now()
	fill(b, db, entries, now, func(tx *sql.Tx, id int, e *index.Entry, one func(string) string) error {
		c := &e.Call
		if _, err := tx.ExecContext(b.Context(), "INSERT INTO words (rowid, title, more, body, code) VALUES (?, ?, ?, ?, ?)", id, c.Title, more(c), c.Text, c.Identifier+" "+c.Call); err != nil {
			return err
		}
		_, err := tx.ExecContext(b.Context(), "INSERT INTO call VALUES (?, ?, ?, ?, ?, ?)", id, one("status"), one("kind"), one("programme"), one("source"), one("language"))
		return err
	}, func(int) string { return "?" })
	exec(listIndexes)
	f.of["FTS5 calls/s"] = float64(len(entries)) / time.Since(began).Seconds()
	exec("PRAGMA wal_checkpoint(TRUNCATE)")
	f.of["FTS5 of text"] = float64(disk(b, dir)) / f.of["text"]
	ask(b, f, "FTS5", asked, 2, func(q question) (int, error) {
		var args []any
		place := func(v any) string { args = append(args, v); return fmt.Sprintf("?%d", len(args)) }
		quoted := make([]string, len(q.words))
		for i, w := range q.words {
			quoted[i] = `"` + w + `"`
		}
		match := strings.Join(quoted, map[string]string{"or": " OR ", "phrase": " + "}[q.op])
		if q.op == "and" || q.op == "star" {
			match = strings.Join(quoted, " AND ")
		}
		if q.op == "star" {
			match += "*"
		}
		for _, w := range q.not {
			match = "(" + match + `) NOT "` + w + `"`
		}
		if len(q.words) == 0 {
			where := q.filter.where(place)
			return answer(b.Context(), db, "WITH h AS MATERIALIZED (SELECT * FROM call c WHERE "+where+") "+counted,
				"SELECT c.id, w.title, substr(w.body, 1, 240) FROM call c JOIN words w ON w.rowid = c.id WHERE "+where+" ORDER BY c.id DESC LIMIT 20", args)
		}
		at := place(match)
		where := q.filter.where(place)
		return answer(b.Context(), db,
			"WITH hit AS MATERIALIZED (SELECT rowid AS id FROM words WHERE words MATCH "+at+"), h AS MATERIALIZED (SELECT c.* FROM hit JOIN call c ON c.id = hit.id WHERE "+where+") "+counted,
			"SELECT c.id, highlight(words, 0, '<mark>', '</mark>'), snippet(words, 2, '<mark>', '</mark>', '…', 32) FROM words JOIN call c ON c.id = words.rowid WHERE words MATCH "+at+
				" AND "+where+" ORDER BY bm25(words, 3, 1, 1, 4) LIMIT 20", args)
	})
}

func askPostgres(b *testing.B, entries []index.Entry, asked []question, now time.Time, f *figures) {
	var server storetest.Server
	defer server.Stop()
	db, err := sql.Open("pgx", server.URL(b))
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	exec := func(s string) {
		if _, err := db.ExecContext(b.Context(), s); err != nil {
			b.Fatal(err)
		}
	}
	exec(`CREATE TABLE call (id INTEGER PRIMARY KEY, status TEXT, kind TEXT, programme TEXT, source TEXT, language TEXT, config REGCONFIG, title TEXT, body TEXT, words TSVECTOR)`)
	exec(listTables)
	began := time.Now()
	fill(b, db, entries, now, func(tx *sql.Tx, id int, e *index.Entry, one func(string) string) error {
		c := &e.Call
		config := "english"
		if c.Language == "sv" {
			config = "swedish"
		}
		_, err := tx.ExecContext(b.Context(), `INSERT INTO call VALUES ($1, $2, $3, $4, $5, $6, $7::text::regconfig, $8, $9,
			setweight(to_tsvector($7::text::regconfig, $8), 'A') || to_tsvector($7::text::regconfig, left($10 || ' ' || $9, 900000)) || setweight(to_tsvector('simple', $11), 'B'))`,
			id, one("status"), one("kind"), one("programme"), one("source"), one("language"), config, c.Title, c.Text, more(c), c.Identifier+" "+c.Call)
		return err
	}, func(n int) string { return fmt.Sprintf("$%d", n) })
	exec("CREATE INDEX call_words ON call USING GIN (words)")
	exec(listIndexes)
	f.of["PostgreSQL calls/s"] = float64(len(entries)) / time.Since(began).Seconds()
	exec("ANALYZE")
	var size int64
	if err := db.QueryRowContext(b.Context(), "SELECT pg_database_size(current_database())").Scan(&size); err != nil {
		b.Fatal(err)
	}
	f.of["PostgreSQL of text"] = float64(size) / f.of["text"]
	ask(b, f, "PostgreSQL", asked, 2, func(q question) (int, error) {
		var args []any
		place := func(v any) string { args = append(args, v); return fmt.Sprintf("$%d", len(args)) }
		if len(q.words) == 0 {
			where := q.filter.where(place)
			return answer(b.Context(), db, "WITH h AS MATERIALIZED (SELECT c.* FROM call c WHERE "+where+") "+counted,
				"SELECT c.id, c.title, left(c.body, 240) FROM call c WHERE "+where+" ORDER BY c.id DESC LIMIT 20", args)
		}
		parts := make([]string, len(q.words))
		for i, w := range q.words {
			parts[i] = "'" + w + "'"
		}
		join := map[string]string{"or": " | ", "phrase": " <-> "}[q.op]
		if join == "" {
			join = " & "
		}
		text := strings.Join(parts, join)
		if q.op == "star" {
			text += ":*"
		}
		for _, w := range q.not {
			text += " & !'" + w + "'"
		}
		at := place(text)
		find := "(to_tsquery('english', " + at + ") || to_tsquery('swedish', " + at + "))"
		if q.class == "code" {
			find = "to_tsquery('simple', " + at + ")"
		}
		where := q.filter.where(place)
		return answer(b.Context(), db,
			"WITH h AS MATERIALIZED (SELECT c.id, c.status, c.kind, c.programme, c.source, c.language FROM call c WHERE c.words @@ "+find+" AND "+where+") "+counted,
			"SELECT t.id, ts_headline(t.config, t.title, "+find+"), ts_headline(t.config, left(t.body, 32768), "+find+") FROM (SELECT * FROM call c WHERE c.words @@ "+find+
				" AND "+where+" ORDER BY ts_rank_cd(c.words, "+find+") DESC, c.id LIMIT 20) t", args)
	})
	delete(f.of, "PostgreSQL cpu-ms") // is another process's
}
