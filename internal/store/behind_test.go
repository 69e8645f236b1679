package store

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"utkik/internal/call"
)

// What is read page by page, each behind the last row of the one before, is what is read at once.
func TestBehind(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, s *Store) {
		ctx := t.Context()
		if c, err := s.ChangeUpTo(ctx, 1<<60); c != nil || err != nil {
			t.Errorf("the last line of an empty log: %v, %v", c, err)
		}
		for i, source := range []string{"b", "a", "B", "a", "å"} {
			run, err := s.BeginRun(ctx, source, "crawl", day(i))
			if err != nil {
				t.Fatal(err)
			}
			b := Batch{Source: source, At: day(i)}
			for _, ref := range []string{"1", "10", "2", "x/y", "Å"} {
				b.Saves = append(b.Saves, Save{Call: sample(source, ref), Version: true, Seen: true, Changes: titled(fmt.Sprint(i))})
			}
			if err := s.Commit(ctx, run, b); err != nil {
				t.Fatal(err)
			}
		}
		for _, source := range []string{"", "a", "none"} {
			at, err := s.Records(ctx, source)
			if err != nil {
				t.Fatal(err)
			}
			var want, got []call.Key
			for _, r := range at {
				want = append(want, r.Call.Key())
			}
			for last := (call.Key{}); ; {
				page, err := s.RecordsAfter(ctx, last, source, 3)
				if err != nil {
					t.Fatal(err)
				}
				if len(page) == 0 {
					break
				}
				for _, r := range page {
					last = r.Call.Key()
					got = append(got, last)
				}
			}
			if d := cmp.Diff(want, got); d != "" {
				t.Errorf("calls of %q (-at once +paged):\n%s", source, d)
			}
			runs, err := s.RunsBefore(ctx, source, 0, 0)
			if err != nil {
				t.Fatal(err)
			}
			var ids, paged []int64
			for _, r := range runs {
				ids = append(ids, r.ID)
			}
			for last := int64(0); ; {
				page, err := s.RunsBefore(ctx, source, last, 1)
				if err != nil {
					t.Fatal(err)
				}
				if len(page) == 0 {
					break
				}
				last = page[0].ID
				paged = append(paged, last)
			}
			if d := cmp.Diff(ids, paged); d != "" || len(ids) != map[string]int{"": 5, "a": 2}[source] {
				t.Errorf("runs of %q: %v (-at once +paged):\n%s", source, ids, d)
			}
		}
		log, err := s.Changes(ctx, ChangeQuery{})
		if err != nil {
			t.Fatal(err)
		}
		for i, c := range log {
			got, err := s.ChangeUpTo(ctx, c.Seq)
			if err != nil || got == nil || *got != log[i] {
				t.Errorf("the line up to %d: %v, %v", c.Seq, got, err)
			}
		}
		if c, err := s.ChangeUpTo(ctx, log[0].Seq-1); c != nil || err != nil {
			t.Errorf("before the first line: %v, %v", c, err)
		}
	})
}

func TestMailsBehind(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, s *Store) {
		ctx := t.Context()
		for i := range 5 {
			s.now = func() time.Time { return day(i / 2) } // some are written at the same time
			for _, kind := range []string{"digest", "reminder"} {
				c, err := PackContent(&Content{Subject: fmt.Sprint(i, kind)})
				if err != nil {
					t.Fatal(err)
				}
				m := Mail{MailKey: MailKey{fmt.Sprint("r", i%2), fmt.Sprint(kind, i)}, Kind: kind, Address: "a@example.org", MessageID: fmt.Sprint(kind, i)}
				if ok, err := s.Post(ctx, m, c); !ok || err != nil {
					t.Fatal(ok, err)
				}
			}
		}
		for _, tt := range []struct {
			recipient, kind, without string
			want                     int
		}{{"", "", "", 10}, {"r0", "", "", 6}, {"", "digest", "", 5}, {"r1", "reminder", "", 2}, {"none", "", "", 0}, {"", "", "digest", 5}, {"", "digest", "digest", 0}} {
			once, err := s.MailsBefore(ctx, Mail{}, tt.recipient, tt.kind, tt.without, 0)
			if err != nil {
				t.Fatal(err)
			}
			var want, got []MailKey
			for _, m := range once {
				want = append(want, m.MailKey)
			}
			for last := (Mail{}); ; {
				page, err := s.MailsBefore(ctx, last, tt.recipient, tt.kind, tt.without, 2)
				if err != nil {
					t.Fatal(err)
				}
				if len(page) == 0 {
					break
				}
				for _, m := range page {
					last = m
					got = append(got, m.MailKey)
				}
			}
			if d := cmp.Diff(want, got); d != "" || len(want) != tt.want {
				t.Errorf("%v: %d, want %d (-at once +paged):\n%s", tt, len(want), tt.want, d)
			}
		}
	})
}
