package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"utkik/internal/call"
	"utkik/internal/match"
)

func sample(source, ref string) call.Call {
	return call.Call{
		Source: source, Ref: ref, Kind: call.KindCall, Title: "Cleaner waters in the north", Programme: "LIFE",
		Identifier: "LIFE-2026-SAP-NAT", Status: call.StatusOpen, Opens: call.Day(2026, 4, 21),
		Deadlines: []call.Moment{call.At(time.Date(2026, 9, 22, 17, 0, 0, 0, call.Brussels()))},
		BudgetEUR: 65_000_000, Language: "en", Text: "Rivers, lakes and coasts.\n\nAlso <wetlands> & bogs.",
		URL: "https://example.eu/" + ref, Topics: []string{"nature", "water"},
	}
}

func titled(title string) []call.Change {
	return []call.Change{{Event: call.EventTitle, Field: "title", Old: "before", New: title, Material: true}}
}

func appeared() []call.Change { return []call.Change{{Event: call.EventNew, Material: true}} }

// saved commits a batch in a run of its own.
func saved(t testing.TB, s *Store, b Batch) Run {
	t.Helper()
	run, err := s.BeginRun(t.Context(), b.Source, "crawl", b.At)
	if err != nil {
		t.Fatal(err)
	}
	run.Ended, run.Complete = b.At.Add(time.Minute), true
	if err := s.Commit(t.Context(), run, b); err != nil {
		t.Fatal(err)
	}
	return run
}

// dump is everything in the database, to compare.
func dump(t testing.TB, s *Store) string {
	t.Helper()
	var b strings.Builder
	for _, table := range []string{"counters", "runs ORDER BY id", "calls ORDER BY id", "versions ORDER BY id", "changes ORDER BY seq",
		"holds ORDER BY source, ref", "coverage ORDER BY run, field", "rulings ORDER BY id", "plans", "matches ORDER BY plan, call", "cursors", "digests", "documents ORDER BY id",
		"link_facts ORDER BY call", "link_keys ORDER BY key, source, call", "link_offers ORDER BY a, b", "links ORDER BY a, b", "link_groups ORDER BY call", "bodies ORDER BY hash"} {
		rows, err := s.reader.QueryContext(t.Context(), "SELECT * FROM "+table)
		if err != nil {
			t.Fatal(err)
		}
		cols, _ := rows.Columns()
		for rows.Next() {
			vals := make([]any, len(cols))
			for i := range vals {
				vals[i] = new(any)
			}
			if err := rows.Scan(vals...); err != nil {
				t.Fatal(err)
			}
			fmt.Fprint(&b, table)
			for _, v := range vals {
				if raw, ok := (*v.(*any)).([]byte); ok {
					fmt.Fprintf(&b, " %x", raw)
					continue
				}
				fmt.Fprintf(&b, " %v", *v.(*any))
			}
			b.WriteByte('\n')
		}
		if err := rows.Err(); err != nil {
			t.Fatal(err)
		}
		rows.Close()
	}
	return b.String()
}

func TestCommit(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, s *Store) {
		ctx := t.Context()
		a, b := sample("ft-portal", "1"), sample("ft-portal", "2")
		run1 := saved(t, s, Batch{Source: "ft-portal", At: day(1), Saves: []Save{
			{Call: a, Version: true, Seen: true, Changes: appeared()},
			{Call: b, Seen: true, Changes: appeared()}, // new: gets a version unasked
		}})
		want := []Record{
			{Call: a, FirstSeen: day(1), LastSeen: day(1), Version: 1, Rev: 1, Touched: 1},
			{Call: b, FirstSeen: day(1), LastSeen: day(1), Version: 1, Rev: 2, Touched: 2},
		}
		records := func() []Record {
			t.Helper()
			got, err := s.Records(ctx, "ft-portal")
			if err != nil {
				t.Fatal(err)
			}
			return got
		}
		if diff := cmp.Diff(want, records()); diff != "" {
			t.Errorf("first (-want +got):\n%s", diff)
		}

		// A title changes, the other is unchanged.
		a2 := a
		a2.Title = "Cleaner waters in the far north"
		run2 := saved(t, s, Batch{Source: "ft-portal", At: day(2), Seen: []string{"2", "unknown"}, Saves: []Save{
			{Call: a2, Version: true, Seen: true, Changes: titled(a2.Title)},
		}})
		want[0] = Record{Call: a2, FirstSeen: day(1), LastSeen: day(2), Version: 2, Rev: 3, Touched: 3}
		want[1].LastSeen = day(2)
		if diff := cmp.Diff(want, records()); diff != "" {
			t.Errorf("second (-want +got):\n%s", diff)
		}

		// One is missed, which is no news; then it is gone, which is; then it is back.
		saved(t, s, Batch{Source: "ft-portal", At: day(3), Seen: []string{"1"}, Saves: []Save{{Call: b, Missed: 1}}})
		want[0].LastSeen, want[1].Missed = day(3), 1
		if diff := cmp.Diff(want, records()); diff != "" {
			t.Errorf("missed (-want +got):\n%s", diff)
		}
		saved(t, s, Batch{Source: "ft-portal", At: day(4), Saves: []Save{
			{Call: b, Missed: 2, Gone: day(4), Changes: []call.Change{{Event: call.EventWithdrawn, Material: true}}}}})
		want[1].Missed, want[1].Gone, want[1].Rev, want[1].Touched = 2, day(4), 4, 4
		if diff := cmp.Diff(want, records()); diff != "" {
			t.Errorf("gone (-want +got):\n%s", diff)
		}
		saved(t, s, Batch{Source: "ft-portal", At: day(5), Saves: []Save{{Call: b, Seen: true}}})
		want[1].Missed, want[1].Gone, want[1].Rev, want[1].Touched, want[1].LastSeen = 0, time.Time{}, 5, 5, day(5)
		if diff := cmp.Diff(want, records()); diff != "" {
			t.Errorf("back (-want +got):\n%s", diff)
		}

		versions, err := s.Versions(ctx, a.Key())
		if err != nil {
			t.Fatal(err)
		}
		line1, _ := call.Encode(&a)
		line2, _ := call.Encode(&a2)
		if diff := cmp.Diff([]Version{
			{N: 1, At: day(1), Run: run1.ID, Hash: digest(line1), Call: a},
			{N: 2, At: day(2), Run: run2.ID, Hash: digest(line2), Call: a2},
		}, versions); diff != "" {
			t.Errorf("versions (-want +got):\n%s", diff)
		}

		log, err := s.Changes(ctx, ChangeQuery{})
		if err != nil {
			t.Fatal(err)
		}
		wantLog := []call.Change{
			{Seq: 1, At: day(1), Source: "ft-portal", Ref: "1", Event: call.EventNew, Material: true},
			{Seq: 2, At: day(1), Source: "ft-portal", Ref: "2", Event: call.EventNew, Material: true},
			{Seq: 3, At: day(2), Source: "ft-portal", Ref: "1", Event: call.EventTitle, Field: "title", Old: "before", New: a2.Title, Material: true},
			{Seq: 4, At: day(4), Source: "ft-portal", Ref: "2", Event: call.EventWithdrawn, Material: true},
		}
		if diff := cmp.Diff(wantLog, log); diff != "" {
			t.Errorf("changes (-want +got):\n%s", diff)
		}
		for _, c := range []struct {
			name string
			q    ChangeQuery
			want []int64
		}{
			{"since is from then on", ChangeQuery{Since: day(2)}, []int64{3, 4}},
			{"until is before then", ChangeQuery{Until: day(2)}, []int64{1, 2}},
			{"just after a stamp", ChangeQuery{Since: day(2).Add(1)}, []int64{4}},
			{"after", ChangeQuery{After: 1, Limit: 2}, []int64{2, 3}},
			{"one call", ChangeQuery{Key: b.Key()}, []int64{2, 4}},
			{"one call of another source", ChangeQuery{Key: b.Key(), Source: "other"}, nil},
			{"source", ChangeQuery{Source: "ft-portal", Limit: 1}, []int64{1}},
			{"other source", ChangeQuery{Source: "other"}, nil},
		} {
			got, err := s.Changes(ctx, c.q)
			if err != nil {
				t.Fatal(err)
			}
			var seqs []int64
			for _, ch := range got {
				seqs = append(seqs, ch.Seq)
			}
			if !slices.Equal(seqs, c.want) {
				t.Errorf("%s: got %v, want %v", c.name, seqs, c.want)
			}
		}

		heads, err := s.Heads(ctx, "ft-portal")
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(Head{Key: a.Key(), Kind: call.KindCall, Status: call.StatusOpen, Identifier: a.Identifier, Title: a2.Title,
			Deadline: time.Date(2026, 9, 22, 15, 0, 0, 0, time.UTC), Rev: 3}, heads[0]); diff != "" {
			t.Errorf("head (-want +got):\n%s", diff)
		}

		texts, err := s.Texts(ctx, []call.Key{a.Key(), {Source: "x", Ref: "y"}})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(map[call.Key]string{a.Key(): a.Text}, texts); diff != "" {
			t.Errorf("texts (-want +got):\n%s", diff)
		}
		if _, err := s.Record(ctx, call.Key{Source: "x", Ref: "y"}); !errors.Is(err, ErrNotFound) {
			t.Errorf("unknown call: got %v", err)
		}
		if vs, err := s.Versions(ctx, call.Key{Source: "x", Ref: "y"}); err != nil || len(vs) != 0 {
			t.Errorf("versions of an unknown call: %v, %v", vs, err)
		}
	})
}

func TestQuarantine(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, s *Store) {
		odd := call.Call{Source: "ft-portal", Ref: "9", Kind: "riddle", Title: "Half a call"} // invalid, and kept
		run := saved(t, s, Batch{Source: "ft-portal", At: day(1), Holds: []Hold{{Ref: "9", Reason: "no deadline", Call: odd}, {Ref: "8", Reason: "jump", Call: sample("ft-portal", "8")}}})
		holds := func(source string) []Hold {
			t.Helper()
			got, err := s.Holds(t.Context(), source)
			if err != nil {
				t.Fatal(err)
			}
			return got
		}
		want := []Hold{
			{Source: "ft-portal", Ref: "8", Reason: "jump", Call: sample("ft-portal", "8"), Since: day(1), LastSeen: day(1), Run: run.ID},
			{Source: "ft-portal", Ref: "9", Reason: "no deadline", Call: odd, Since: day(1), LastSeen: day(1), Run: run.ID},
		}
		if diff := cmp.Diff(want, holds("")); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		run = saved(t, s, Batch{Source: "ft-portal", At: day(2), Holds: []Hold{{Ref: "9", Reason: "no kind", Call: odd}}, Release: []string{"8", "unknown"}})
		want = []Hold{{Source: "ft-portal", Ref: "9", Reason: "no kind", Call: odd, Since: day(1), LastSeen: day(2), Run: run.ID}}
		if diff := cmp.Diff(want, holds("ft-portal")); diff != "" {
			t.Errorf("later (-want +got):\n%s", diff)
		}
		if got := holds("other"); len(got) != 0 {
			t.Errorf("of another source: %v", got)
		}
	})
}

func TestCommitRefuses(t *testing.T) {
	t.Parallel()
	good := sample("ft-portal", "1")
	for _, c := range []struct {
		name string
		b    Batch
		want string
	}{
		{"another source", Batch{Source: "other", At: day(1)}, `a batch of source "other" in a run of "ft-portal"`},
		{"no time", Batch{Source: "ft-portal"}, "a batch without a time"},
		{"invalid call", Batch{Source: "ft-portal", At: day(1), Saves: []Save{{Call: call.Call{Source: "ft-portal", Ref: "1"}}}}, "none of call, consultation"},
		{"call of another source", Batch{Source: "ft-portal", At: day(1), Saves: []Save{{Call: sample("other", "1")}}}, `call other/1 in a batch`},
		{"unknown event", Batch{Source: "ft-portal", At: day(1), Saves: []Save{{Call: good, Changes: []call.Change{{Event: "sold"}}}}}, `event "sold"`},
		{"change of another call", Batch{Source: "ft-portal", At: day(1), Saves: []Save{{Call: good, Changes: []call.Change{{Event: "new", Source: "ft-portal", Ref: "2"}}}}}, "a change of ft-portal/2"},
		{"hold without a ref", Batch{Source: "ft-portal", At: day(1), Holds: []Hold{{Reason: "odd"}}}, "without a ref"},
		{"row that the database refuses", Batch{Source: "ft-portal", At: day(1), Saves: []Save{
			{Call: good, Version: true, Changes: appeared()},
			{Call: sample("ft-portal", "2"), Version: true, Changes: []call.Change{{Event: "text", Field: "boom"}}}}}, "a row was refused"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := openSQLite(t)
			if _, err := s.writer.Exec(`CREATE TRIGGER boom BEFORE INSERT ON changes WHEN NEW.field = 'boom' BEGIN SELECT RAISE(ABORT, 'boom'); END`); err != nil {
				t.Fatal(err)
			}
			run, err := s.BeginRun(t.Context(), "ft-portal", "crawl", day(1))
			if err != nil {
				t.Fatal(err)
			}
			before := dump(t, s)
			err = s.Commit(t.Context(), run, c.b)
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), nothingSavedRun) {
				t.Errorf("got %v, want %q and %q", err, c.want, nothingSavedRun)
			}
			if diff := cmp.Diff(before, dump(t, s)); diff != "" {
				t.Errorf("left a trace:\n%s", diff)
			}
			// The run still has hold of its source, and ends with the error.
			if _, err := s.BeginRun(t.Context(), "ft-portal", "crawl", day(1)); !errors.Is(err, ErrRunning) {
				t.Errorf("after a refused commit: got %v, want ErrRunning", err)
			}
			run.Error = "refused"
			if err := s.EndRun(t.Context(), run); err != nil {
				t.Error(err)
			}
		})
	}

	t.Run("cancelled", func(t *testing.T) {
		t.Parallel()
		s := openSQLite(t)
		run, err := s.BeginRun(t.Context(), "ft-portal", "crawl", day(1))
		if err != nil {
			t.Fatal(err)
		}
		before := dump(t, s)
		ctx, cancel := context.WithCancelCause(t.Context())
		stop := errors.New("the operator pressed stop")
		cancel(stop)
		if err := s.Commit(ctx, run, Batch{Source: "ft-portal", At: day(1), Saves: []Save{{Call: good, Version: true}}}); !errors.Is(err, stop) {
			t.Errorf("got %v", err)
		}
		if diff := cmp.Diff(before, dump(t, s)); diff != "" {
			t.Errorf("left a trace:\n%s", diff)
		}
	})
}

// wipe empties the database, so that dumps stay short.
func wipe(t *testing.T, s *Store) {
	t.Helper()
	for _, q := range []string{"DELETE FROM changes", "DELETE FROM versions", "DELETE FROM calls", "DELETE FROM holds", "DELETE FROM runs",
		"UPDATE counters SET rev = 0, seq = 0"} {
		if _, err := s.writer.ExecContext(t.Context(), q); err != nil {
			t.Fatal(err)
		}
	}
}

// Whatever is saved: again is nothing, the log is in order, a call's row is its newest version, and who
// follows the feed in small steps has seen the newest of everything.
func TestCommitProperties(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, s *Store) {
		n := 0
		rapid.Check(t, func(r *rapid.T) {
			n++
			wipe(t, s)
			source := fmt.Sprintf("source-%d", n)
			for d := range rapid.IntRange(1, 4).Draw(r, "days") {
				b := Batch{Source: source, At: day(d)}
				for _, ref := range rapid.SliceOfNDistinct(rapid.StringMatching(`[a-e]`), 0, 5, rapid.ID).Draw(r, "refs") {
					switch rapid.IntRange(0, 5).Draw(r, "what") {
					case 0:
						b.Seen = append(b.Seen, ref)
					case 1:
						b.Holds = append(b.Holds, Hold{Ref: ref, Reason: rapid.SampledFrom([]string{"jump", "odd"}).Draw(r, "reason"), Call: sample(source, ref)})
					case 2:
						b.Release = append(b.Release, ref)
					default:
						c := sample(source, ref)
						c.Title = rapid.StringMatching(`[åäö ]{0,3}`).Draw(r, "title")
						sv := Save{Call: c, Version: rapid.Bool().Draw(r, "version"), Seen: rapid.Bool().Draw(r, "seen"), Missed: rapid.IntRange(0, 2).Draw(r, "missed")}
						if rapid.Bool().Draw(r, "gone") {
							sv.Gone = day(d)
						}
						if rapid.Bool().Draw(r, "change") {
							sv.Changes = titled(c.Title)
						}
						b.Saves = append(b.Saves, sv)
					}
				}
				run := saved(t, s, b)
				before := dump(t, s)
				if err := s.Commit(t.Context(), run, b); err != nil {
					r.Fatal(err)
				}
				if diff := cmp.Diff(before, dump(t, s)); diff != "" {
					r.Fatalf("saving the same again changed:\n%s", diff)
				}
			}

			records, err := s.Records(t.Context(), source)
			if err != nil {
				r.Fatal(err)
			}
			for _, rec := range records {
				vs, err := s.Versions(t.Context(), rec.Call.Key())
				if err != nil {
					r.Fatal(err)
				}
				for i, v := range vs {
					line, _ := call.Encode(&v.Call)
					if v.N != i+1 || v.Hash != digest(line) || i > 0 && v.Hash == vs[i-1].Hash {
						r.Fatalf("version %d of %s: %+v", i+1, rec.Call.Key(), v)
					}
				}
				if diff := cmp.Diff(vs[len(vs)-1].Call, rec.Call); diff != "" || rec.Version != len(vs) {
					r.Fatalf("current is not the newest version:\n%s", diff)
				}
			}
			log, err := s.Changes(t.Context(), ChangeQuery{})
			if err != nil {
				r.Fatal(err)
			}
			for i := range log {
				if log[i].Seq != int64(i+1) {
					r.Fatalf("line %d of the log has seq %d", i, log[i].Seq)
				}
			}
			followed := map[call.Key]Record{}
			for after := int64(0); ; {
				step, err := s.Changed(t.Context(), after, 2)
				if err != nil {
					r.Fatal(err)
				}
				if len(step) == 0 {
					break
				}
				for _, rec := range step {
					if rec.Rev <= after {
						r.Fatalf("rev %d after %d", rec.Rev, after)
					}
					after = rec.Rev
					followed[rec.Call.Key()] = rec
				}
			}
			for _, rec := range records {
				if diff := cmp.Diff(rec, followed[rec.Call.Key()]); diff != "" {
					r.Fatalf("the feed has another record:\n%s", diff)
				}
			}
		})
	})
}

func TestMatches(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, s *Store) {
		ctx := t.Context()
		a, b, c := sample("ft-portal", "1"), sample("ft-portal", "2"), sample("ft-portal", "3")
		saved(t, s, Batch{Source: "ft-portal", At: day(1), Saves: []Save{{Call: a}, {Call: b}, {Call: c}}})
		if hash, cursor, err := s.MatchState(ctx, "rvn-2020"); hash != "" || cursor != 0 || err != nil {
			t.Errorf("before: %q %d %v", hash, cursor, err)
		}
		result := func(score float64) []match.Result {
			return []match.Result{{Priority: "miljo-klimat", Score: score, Included: true,
				Reasons: []match.Reason{{PriorityText: "Rent vatten", CallText: "Cleaner «waters»", Field: "title", Term: "water", Weight: 3}}}}
		}
		touched := func(after int64) []string {
			t.Helper()
			got, err := s.Touched(ctx, after, 0)
			if err != nil {
				t.Fatal(err)
			}
			var out []string
			for _, r := range got {
				out = append(out, fmt.Sprintf("%s at %d rev %d", r.Call.Ref, r.Touched, r.Rev))
			}
			return out
		}
		save := func(hash string, cursor int64, ms ...Matched) {
			t.Helper()
			if err := s.SaveMatches(ctx, "rvn-2020", hash, ms, cursor); err != nil {
				t.Fatal(err)
			}
		}
		save("h1", 3, Matched{a.Key(), result(1.0 / 3)}, Matched{b.Key(), nil}, Matched{c.Key(), result(0.5)})
		if diff := cmp.Diff([]string{"1 at 4 rev 1", "3 at 5 rev 3"}, touched(3)); diff != "" {
			t.Errorf("touched (-want +got):\n%s", diff)
		}
		before := dump(t, s)
		save("h1", 3, Matched{a.Key(), result(1.0 / 3)}, Matched{b.Key(), nil}, Matched{c.Key(), result(0.5)})
		if diff := cmp.Diff(before, dump(t, s)); diff != "" {
			t.Errorf("saving the same again changed:\n%s", diff)
		}
		save("h2", 2, Matched{a.Key(), nil}, Matched{c.Key(), result(0.6)})
		if diff := cmp.Diff([]string{"1 at 6 rev 1", "3 at 7 rev 3"}, touched(5)); diff != "" {
			t.Errorf("touched again (-want +got):\n%s", diff)
		}
		if hash, cursor, err := s.MatchState(ctx, "rvn-2020"); hash != "h2" || cursor != 2 || err != nil {
			t.Errorf("after: %q %d %v", hash, cursor, err)
		}
		if v, err := s.Cursor(ctx, "match:rvn-2020"); v != 2 || err != nil {
			t.Errorf("cursor: %d %v", v, err)
		}
		got, err := s.AllMatches(ctx, "rvn-2020")
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(map[call.Key][]match.Result{c.Key(): result(0.6)}, got); diff != "" {
			t.Errorf("all (-want +got):\n%s", diff)
		}
		if got, err := s.Matches(ctx, "rvn-2020", a.Key()); got != nil || err != nil {
			t.Errorf("taken away: %v %v", got, err)
		}
		before = dump(t, s)
		err = s.SaveMatches(ctx, "rvn-2020", "h3", []Matched{{b.Key(), result(1)}, {call.Key{Source: "x", Ref: "y"}, nil}}, 9)
		if !errors.Is(err, ErrNotFound) || !strings.Contains(err.Error(), "x/y") {
			t.Errorf("unknown call: %v", err)
		}
		if diff := cmp.Diff(before, dump(t, s)); diff != "" {
			t.Errorf("left a trace:\n%s", diff)
		}
	})
}

func TestCursors(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, s *Store) {
		for _, v := range []int64{0, 7, 3} {
			if v > 0 {
				if err := s.SetCursor(t.Context(), "index", v); err != nil {
					t.Fatal(err)
				}
			}
			if got, err := s.Cursor(t.Context(), "index"); got != v || err != nil {
				t.Errorf("got %d, %v, want %d", got, err, v)
			}
		}
	})
}

func TestDigests(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, s *Store) {
		keep := func(d Digest, want bool) {
			t.Helper()
			created, err := s.KeepDigest(t.Context(), d)
			if err != nil || created != want {
				t.Errorf("created %v, %v, want %v", created, err, want)
			}
		}
		one := Digest{Department: "kultur", Date: "2026-06-27", Language: "sv", Hash: "a", At: day(0), Body: []byte(`{"items":["Vårflod"]}`)}
		again := one
		again.At, again.Body = day(1), []byte(`{}`)
		other := Digest{Department: "kultur", Date: "2026-06-28", Language: "sv", Hash: "b", At: day(1), Body: []byte{}}
		fui := Digest{Department: "fui", Date: "2026-06-28", Language: "en", Hash: "c", At: day(1), Body: []byte(`[]`)}
		keep(one, true)
		keep(again, false)
		keep(other, true)
		keep(fui, true)
		for _, c := range []struct {
			department string
			limit      int
			want       []Digest
		}{
			{"kultur", 0, []Digest{other, one}},
			{"kultur", 1, []Digest{other}},
			{"", 0, []Digest{fui, other, one}},
			{"tandvard", 0, nil},
		} {
			got, err := s.Digests(t.Context(), c.department, c.limit)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, got, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("%q %d (-want +got):\n%s", c.department, c.limit, diff)
			}
		}
		heads, err := s.DigestHeads(t.Context(), 2)
		fui.Body, other.Body = nil, nil
		if diff := cmp.Diff([]Digest{fui, other}, heads); diff != "" || err != nil {
			t.Errorf("heads: %v (-want +got):\n%s", err, diff)
		}
		if got, err := s.Digest(t.Context(), "kultur", "2026-06-27", "sv"); err != nil || got.Hash != "a" {
			t.Errorf("one: %+v, %v", got, err)
		}
		if _, err := s.Digest(t.Context(), "kultur", "2026-06-27", "en"); !errors.Is(err, ErrNotFound) {
			t.Errorf("none: %v", err)
		}
	})
}

// Several write at once, and one follows the feed: it must miss nothing.
func TestFollowWhileWriting(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, s *Store) {
		ctx := t.Context()
		const writers, rounds = 4, 8
		var wg sync.WaitGroup
		for w := range writers {
			wg.Go(func() {
				source := fmt.Sprintf("source-%d", w)
				for n := range rounds {
					c := sample(source, "1")
					c.Title = fmt.Sprint("Title ", n)
					run, err := s.BeginRun(ctx, source, "crawl", day(n))
					if err == nil {
						err = s.Commit(ctx, run, Batch{Source: source, At: day(n), Saves: []Save{{Call: c, Version: true, Changes: titled(c.Title)}}})
					}
					if err == nil {
						err = s.SaveMatches(ctx, "p", "h", []Matched{{c.Key(), []match.Result{{Priority: "kultur", Score: float64(n)}}}}, int64(n))
					}
					if err != nil {
						t.Error(err)
						return
					}
				}
			})
		}
		done := make(chan struct{})
		go func() { wg.Wait(); close(done) }()
		latest := map[call.Key]int64{}
		var seqs []int64
		var after, seq int64
		for last := false; ; {
			step, err := s.Touched(ctx, after, 3)
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range step {
				after = r.Touched
				latest[r.Call.Key()] = r.Rev
			}
			log, err := s.Changes(ctx, ChangeQuery{After: seq})
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range log {
				seq = c.Seq
				seqs = append(seqs, c.Seq)
			}
			if last && len(step) == 0 && len(log) == 0 {
				break
			}
			select {
			case <-done:
				last = true
			default:
			}
		}
		if len(seqs) != writers*rounds {
			t.Errorf("followed %d changes, want %d", len(seqs), writers*rounds)
		}
		err := s.EachRecord(ctx, func(r Record) error {
			if latest[r.Call.Key()] != r.Rev || r.Version != rounds {
				t.Errorf("%s: followed to rev %d, stands at %d, version %d", r.Call.Key(), latest[r.Call.Key()], r.Rev, r.Version)
			}
			return nil
		})
		if err != nil || len(latest) != writers {
			t.Errorf("%d calls, %v", len(latest), err)
		}
	})
}
