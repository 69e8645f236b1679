package intake_test

import (
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"utkik/crawler"
	"utkik/crawler/kind"
	"utkik/internal/call"
	"utkik/internal/intake"
	"utkik/internal/store"
)

// ledger keeps what a store would keep between runs, and checks every verdict against what was known before it.
type ledger struct {
	known    map[string]store.Record
	held     map[string]store.Hold
	news     map[string]int // how often a ref was new
	everHeld map[string]bool
	last     time.Time // of the last complete run
}

func newLedger() *ledger {
	return &ledger{known: map[string]store.Record{}, held: map[string]store.Hold{}, news: map[string]int{}, everHeld: map[string]bool{}}
}

func brusselsDay(t time.Time) string { return t.In(call.Brussels()).Format(time.DateOnly) }

// crawl judges a reading and applies it. It gives the change log's lines.
func (l *ledger) crawl(t rapid.TB, at time.Time, list []call.Call, complete bool) (intake.Verdict, []string) {
	in := intake.Reading{
		Mode: intake.Crawl, Source: kind.Source{ID: "s", Expect: kind.Expect{MaxJump: .25}}, At: at, Listed: complete,
		Baseline: l.last.IsZero(), Again: !l.last.IsZero() && brusselsDay(l.last) == brusselsDay(at),
	}
	for _, c := range list {
		in.Items = append(in.Items, kind.Item{Call: c})
	}
	for _, ref := range slices.Sorted(keys(l.known)) {
		in.Known = append(in.Known, l.known[ref])
	}
	for _, ref := range slices.Sorted(keys(l.held)) {
		in.Held = append(in.Held, l.held[ref])
	}
	v := intake.Judge(in)
	if d := cmp.Diff(v, intake.Judge(in)); d != "" {
		t.Fatalf("equal readings, other verdicts: %s", d)
	}
	var lines []string
	for _, s := range v.Batch.Saves {
		ref := s.Call.Ref
		was, stored := l.known[ref]
		if stored && s.Version != (len(intake.Diff(was.Call, s.Call)) > 0) {
			t.Fatalf("%s: version %v, difference %+v", ref, s.Version, intake.Diff(was.Call, s.Call))
		}
		if !complete && stored && (s.Missed > was.Missed || was.Gone.IsZero() && !s.Gone.IsZero()) {
			t.Fatalf("%s: an incomplete listing tells of absence", ref)
		}
		for _, c := range s.Changes {
			lines = append(lines, fmt.Sprintf("%s %s %s %s -> %s %v", c.Ref, c.Event, c.Field, c.Old, c.New, c.Material))
			l.check(t, at, was, s.Call, stored, in.Baseline, c)
		}
		if !stored {
			was.FirstSeen, was.LastSeen = at, at
		}
		was.Call, was.Gone, was.Missed = s.Call, s.Gone, s.Missed
		if s.Seen {
			was.LastSeen = at
		}
		l.known[ref] = was
	}
	for _, ref := range v.Batch.Seen {
		r := l.known[ref]
		r.LastSeen = at
		l.known[ref] = r
	}
	for _, ref := range v.Batch.Release {
		delete(l.held, ref)
	}
	for _, h := range v.Batch.Holds {
		l.held[h.Ref] = h
		l.everHeld[h.Ref] = true
	}
	if complete {
		l.last = at
	}
	return v, lines
}

// check holds one change against what was known.
func (l *ledger) check(t rapid.TB, at time.Time, was store.Record, is call.Call, stored, baseline bool, c call.Change) {
	if c.Old == c.New && c.Event != call.EventNew {
		t.Fatalf("an event without a difference: %+v", c)
	}
	if c.Baseline && (!baseline || c.Event != call.EventNew) {
		t.Fatalf("baseline: %+v", c)
	}
	switch c.Event {
	case call.EventNew:
		if l.news[c.Ref]++; stored || l.news[c.Ref] > 1 {
			t.Fatalf("%s is new again", c.Ref)
		}
	case call.EventOpened:
		if was.Call.Status != call.StatusForthcoming || c.New != "open" {
			t.Fatalf("opened from %q to %q", was.Call.Status, c.New)
		}
	case call.EventDeadlines:
		last, _ := was.Call.LastDeadline()
		end := c.New[len(c.New)-len("2006-01-02"):]
		if h, ok := l.held[c.Ref]; is.Status != call.StatusClosed && end < last.Date() && end < brusselsDay(at) && (!ok || at.Sub(h.Since) < 7*24*time.Hour) {
			t.Fatalf("a deadline is moved back into the past at once: %+v", c)
		}
	}
}

func keys[V any](m map[string]V) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

// drawList draws what a source lists on a day, of four calls.
func drawList(t *rapid.T, days []string) []call.Call {
	var list []call.Call
	for i := range 4 {
		if rapid.IntRange(0, 3).Draw(t, "listed") == 0 {
			continue
		}
		c := open(fmt.Sprintf("r%d", i))
		c.Status = rapid.SampledFrom([]call.Status{call.StatusForthcoming, call.StatusOpen, call.StatusOpen, call.StatusClosed, ""}).Draw(t, "status")
		from := rapid.IntRange(0, len(days)-1).Draw(t, "from")
		upto := min(len(days), from+rapid.IntRange(0, 2).Draw(t, "cutoffs"))
		c.Deadlines = open("", days[from:upto]...).Deadlines
		c.Title = rapid.SampledFrom([]string{"", "One", "Two"}).Draw(t, "title")
		c.BudgetEUR = rapid.SampledFrom([]int64{0, 1000, 2000}).Draw(t, "budget")
		list = append(list, c)
	}
	return list
}

// TestRunReadsEnough plays arbitrary days in a store, of which a run reads what it needs, and in a ledger that is judged with
// all that is known: both tell the same.
func TestRunReadsEnough(t *testing.T) {
	t.Parallel()
	st, err := store.Open(t.Context(), store.Options{URL: "sqlite:" + filepath.Join(t.TempDir(), "utkik.db"), Now: func() time.Time { return time.Date(2026, 4, 21, 6, 0, 0, 0, time.UTC) }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() })
	days := []string{"2026-04-10", "2026-04-25", "2026-04-28", "2026-05-02", "2026-06-30"}
	sources, told := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		sources++
		src := kind.Source{ID: fmt.Sprintf("s%d", sources), Expect: kind.Expect{MaxJump: .25}}
		l := newLedger()
		at := time.Date(2026, 4, 21, 6, 0, 0, 0, time.UTC)
		var seq int64
		for range rapid.IntRange(2, 12).Draw(t, "days") {
			at = at.AddDate(0, 0, rapid.IntRange(0, 2).Draw(t, "later")).Add(time.Minute)
			list, complete := drawList(t, days), rapid.IntRange(0, 4).Draw(t, "whole") > 0
			want, lines := l.crawl(t, at, list, complete)
			rep := crawler.Report{Source: src.ID, Complete: complete, Listed: complete, Started: at, Ended: at}
			for _, c := range list {
				c.Source = src.ID
				rep.Items = append(rep.Items, kind.Item{Call: c})
			}
			run, err := intake.Begin(t.Context(), st, src, intake.Crawl, at)
			if err != nil {
				t.Fatal(err)
			}
			row, err := run.Finish(t.Context(), rep, at)
			if err != nil {
				t.Fatal(err)
			}
			if got := []int{row.Seen, row.Added, row.Changed, row.Gone, row.Quarantined}; !slices.Equal(got, []int{want.Seen, want.Added, want.Changed, want.Gone, want.Quarantined}) || row.Suspect != want.Suspect {
				t.Fatalf("%s: seen, added, changed, gone, held %v, want %+v", at, got, want)
			}
			changes, err := st.Changes(t.Context(), store.ChangeQuery{Source: src.ID, After: seq})
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, c := range changes {
				seq = c.Seq
				got = append(got, fmt.Sprintf("%s %s %s %s -> %s %v", c.Ref, c.Event, c.Field, c.Old, c.New, c.Material))
			}
			told += len(got)
			if d := cmp.Diff(lines, got); d != "" {
				t.Fatalf("%s: (-judged with all +run):\n%s", at, d)
			}
			for ref, k := range l.known {
				rec, err := st.Record(t.Context(), call.Key{Source: src.ID, Ref: ref})
				if err != nil || !rec.LastSeen.Equal(k.LastSeen) || rec.Missed != k.Missed || !rec.Gone.Equal(k.Gone) {
					t.Fatalf("%s: %s is stored as %+v, %v, and known as %+v", at, ref, rec, err, k)
				}
			}
		}
	})
	if told < 100 {
		t.Errorf("%d changes are too few to tell anything", told)
	}
}

// TestRandomDays plays arbitrary days in two ledgers, of which one is crawled three times every morning. Both must tell
// the same, and in the end know what the last complete listing says of every call that was never held.
func TestRandomDays(t *testing.T) {
	t.Parallel()
	days := []string{"2026-04-10", "2026-04-25", "2026-04-28", "2026-05-02", "2026-05-20", "2026-06-30"}
	rapid.Check(t, func(t *rapid.T) {
		once, thrice := newLedger(), newLedger()
		begin := time.Date(2026, 4, 21, 6, 0, 0, 0, time.UTC)
		var last []call.Call
		for n := range rapid.IntRange(2, 16).Draw(t, "days") {
			at := begin.AddDate(0, 0, n)
			list := drawList(t, days)
			complete := rapid.IntRange(0, 4).Draw(t, "whole") > 0
			_, want := once.crawl(t, at, list, complete)
			_, got := thrice.crawl(t, at, list, complete)
			if d := cmp.Diff(want, got); d != "" {
				t.Fatalf("%s: crawled three times a day (-once +thrice): %s", at, d)
			}
			for again := range 2 {
				v, lines := thrice.crawl(t, at.Add(time.Duration(again+1)*20*time.Minute), list, complete)
				if len(lines) > 0 || v.Added+v.Changed+v.Gone > 0 {
					t.Fatalf("%s: the same reading again changes %q", at, lines)
				}
			}
			if complete {
				last = list
			}
			for i := range list { // an incomplete listing may know better than the last complete one
				if !complete {
					last = slices.DeleteFunc(slices.Clone(last), func(c call.Call) bool { return c.Ref == list[i].Ref })
				}
			}
		}
		for _, c := range last {
			if once.everHeld[c.Ref] {
				continue
			}
			k := once.known[c.Ref].Call
			if c.Title != "" && c.Title != k.Title || c.BudgetEUR != 0 && c.BudgetEUR != k.BudgetEUR || len(c.Deadlines) > 0 && !slices.EqualFunc(c.Deadlines, k.Deadlines, call.Moment.Equal) {
				t.Fatalf("known %+v, listed %+v", k, c)
			}
			if c.Status != "" && c.Status != k.Status && !(c.Status == call.StatusClosed && len(k.Deadlines) > 1) {
				t.Fatalf("%s: known as %s, listed as %s", c.Ref, k.Status, c.Status)
			}
		}
	})
}

// TestSuspectDaysEnd plays crowds and losses of any size: whatever comes and stays, the source is believed again after
// three weeks, and every call that is told as new is listed.
func TestSuspectDaysEnd(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		l := newLedger()
		at := time.Date(2026, 4, 21, 6, 0, 0, 0, time.UTC)
		base := many("a", rapid.IntRange(30, 120).Draw(t, "known"), "2026-12-01")
		l.crawl(t, at, base, true)
		var list []call.Call
		for i, c := range base {
			switch rapid.IntRange(0, 9).Draw(t, "fate") {
			case 0: // lost
			case 1:
				list = append(list, open(c.Ref, "2024-02-01"))
			case 2:
				list = append(list, open(c.Ref, "2026-11-01"))
			default:
				list = append(list, base[i])
			}
		}
		if rapid.Bool().Draw(t, "halved") {
			list = list[:len(list)/2]
		}
		list = append(list, many("s", rapid.IntRange(0, 80).Draw(t, "stale"), "2024-03-01")...)
		list = append(list, many("n", rapid.IntRange(0, 80).Draw(t, "fresh"), "2026-12-01")...)
		for range 21 {
			at = at.AddDate(0, 0, 1)
			l.crawl(t, at, list, true)
		}
		if v, lines := l.crawl(t, at.AddDate(0, 0, 1), list, true); v.Suspect || len(lines) > 0 {
			t.Fatalf("after three weeks of the same: suspect %v, %d lines", v.Suspect, len(lines))
		}
		for _, c := range list {
			if _, ok := l.known[c.Ref]; ok == (c.Ref[0] == 's') {
				t.Fatalf("%s: known is %v", c.Ref, ok)
			}
		}
	})
}
