package store

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"utkik/internal/call"
	"utkik/internal/match"
)

// fill puts a row into every table that a migration has made, whatever it is for: a table that is forgotten when copying
// is found by its row.
func fill(t *testing.T, s *Store) {
	t.Helper()
	ctx := t.Context()
	tables, err := s.tables(ctx, s.reader)
	if err != nil {
		t.Fatal(err)
	}
	for _, tab := range tables {
		var n int
		if err := s.writer.QueryRowContext(ctx, "SELECT COUNT(*) FROM "+tab.name).Scan(&n); err != nil {
			t.Fatal(err)
		}
		if n > 0 {
			continue
		}
		kinds := map[string]string{}
		rows, err := s.writer.QueryContext(ctx, "SELECT name, type FROM pragma_table_info($1)", tab.name)
		if err != nil {
			t.Fatal(err)
		}
		for rows.Next() {
			var name, kind string
			if err := rows.Scan(&name, &kind); err != nil {
				t.Fatal(err)
			}
			kinds[name] = kind
		}
		rows.Close()
		var values []any
		for _, c := range tab.columns {
			switch kind := kinds[c]; {
			case strings.HasPrefix(kind, "BIGINT"), strings.HasPrefix(kind, "INTEGER"):
				values = append(values, 1) // also what points to another table's first row
			case strings.HasPrefix(kind, "TEXT"):
				values = append(values, "å")
			case strings.HasPrefix(kind, "BLOB"):
				values = append(values, []byte{0, 255})
			default:
				t.Fatalf("%s.%s has type %s: the engines share BIGINT, TEXT and BLOB", tab.name, c, kind)
			}
		}
		if _, err := s.writer.ExecContext(ctx, tab.insert(1), values...); err != nil {
			t.Fatalf("a row for %s: %v: give this test one that the table takes", tab.name, err)
		}
	}
}

func TestCopy(t *testing.T) {
	t.Parallel()
	from := openSQLite(t)
	ctx := t.Context()
	var saves []Save
	for i := range 2*copyRows + 10 { // more than one statement's worth
		c := sample("ft-portal", fmt.Sprint(i))
		c.Title = fmt.Sprint("Åtgärd ", i)
		saves = append(saves, Save{Call: c, Version: true, Seen: true, Changes: appeared()})
	}
	saved(t, from, Batch{Source: "ft-portal", At: day(1), Saves: saves})
	run, err := from.BeginRun(ctx, "ft-portal", "crawl", day(2))
	if err != nil {
		t.Fatal(err)
	}
	if err := from.KeepDocument(ctx, run, answer("https://example.eu/", "raw"), ""); err != nil {
		t.Fatal(err)
	}
	if err := from.EndRun(ctx, run); err != nil {
		t.Fatal(err)
	}
	if err := from.SaveMatches(ctx, "p", "h", []Matched{{call.Key{Source: "ft-portal", Ref: "7"}, []match.Result{{Priority: "kultur", Score: 1}}}}, 3); err != nil {
		t.Fatal(err)
	}
	fill(t, from)
	before := dump(t, from)

	over := func(t *testing.T, from, to *Store) {
		t.Helper()
		var told []Copied
		got, err := Copy(ctx, from, to, func(c Copied) { told = append(told, c) })
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(got, told) {
			t.Errorf("told of %v, copied %v", told, got)
		}
		for _, c := range got {
			if c.Rows == 0 {
				t.Errorf("%s: no row was copied", c.Table)
			}
			var n int64
			if err := to.reader.QueryRowContext(ctx, "SELECT COUNT(*) FROM "+c.Table).Scan(&n); err != nil || n != c.Rows {
				t.Errorf("%s: %d rows, %v, want %d", c.Table, n, err, c.Rows)
			}
		}
		tables, err := to.tables(ctx, to.reader)
		if err != nil || len(got) != len(tables) {
			t.Errorf("%d tables copied of %d, %v", len(got), len(tables), err)
		}
		if diff := cmp.Diff(before, dump(t, to)); diff != "" {
			t.Errorf("(-from +to):\n%s", diff)
		}
		if _, err := Copy(ctx, from, to, nil); err == nil || !strings.Contains(err.Error(), "holds something already: name an empty one") {
			t.Errorf("over what is there: %v", err)
		}
	}
	there := openPostgres(t)
	over(t, from, there)
	over(t, there, openSQLite(t)) // and back

	// What is written next gets numbers that are free.
	next := saved(t, there, Batch{Source: "ft-portal", At: day(3), Saves: []Save{{Call: sample("ft-portal", "new"), Version: true, Changes: appeared()}}})
	if next.ID <= run.ID {
		t.Errorf("run %d after run %d", next.ID, run.ID)
	}
}

// What cannot be copied whole is not copied at all.
func TestCopyNothing(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, to *Store) {
		from := openSQLite(t)
		saved(t, from, Batch{Source: "ft-portal", At: day(1), Saves: []Save{{Call: sample("ft-portal", "1"), Changes: appeared()}}})
		empty := dump(t, to)
		for _, c := range []struct {
			name, want string
			told       func(context.CancelFunc)
		}{
			{"interrupted", "context canceled", func(cancel context.CancelFunc) { cancel() }},
			{"written to meanwhile", "was written to meanwhile: stop every utkik that uses it", func(context.CancelFunc) {
				run, err := from.BeginRun(t.Context(), "other", "crawl", day(2))
				if err == nil {
					err = from.EndRun(t.Context(), run)
				}
				if err != nil {
					t.Error(err)
				}
			}},
		} {
			ctx, cancel := context.WithCancel(t.Context())
			n := 0
			_, err := Copy(ctx, from, to, func(Copied) {
				if n++; n == 3 {
					c.told(cancel)
				}
			})
			cancel()
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "nothing was copied") {
				t.Errorf("%s: %v", c.name, err)
			}
			if diff := cmp.Diff(empty, dump(t, to)); diff != "" {
				t.Errorf("%s: a part was copied:\n%s", c.name, diff)
			}
		}
		if _, err := Copy(t.Context(), from, to, nil); err != nil {
			t.Errorf("afterwards: %v", err)
		}
	})
}
