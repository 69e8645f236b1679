package store

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"utkik/internal/subscription"
	"utkik/internal/trace"
)

func TestCount(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, s *Store) {
		ctx := t.Context()
		c, err := s.Count(ctx, Tries{})
		if err != nil || len(c.Runs)+len(c.Sources)+len(c.Mails)+len(c.Tries.By)+c.Notices != 0 {
			t.Fatalf("of an empty store: %+v, %v", c, err)
		}
		run := func(ctx context.Context, source string, n int, alter func(*Run)) {
			t.Helper()
			r, err := s.BeginRun(ctx, source, "crawl", day(n))
			if err == nil && alter != nil {
				r.Ended = day(n).Add(time.Minute)
				alter(&r)
				err = s.EndRun(ctx, r)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		run(trace.With(ctx, "job-7-1"), "a", 1, func(r *Run) { r.Complete, r.Seen, r.Added, r.Bytes, r.Requests = true, 10, 9, 100, 3 })
		run(ctx, "a", 2, func(r *Run) { r.Complete, r.Seen, r.Changed, r.Bytes, r.Requests = true, 11, 2, 50, 3 })
		run(ctx, "a", 3, func(r *Run) { r.Error = "status 503" })
		run(ctx, "b", 1, func(r *Run) { r.Complete, r.Seen, r.Suspect, r.Quarantined = true, 90, true, 80 })
		run(ctx, "b", 2, func(r *Run) { r.Seen, r.Gone = 4, 1 })
		run(ctx, "b", 3, nil)
		if err := s.RaiseNotice(ctx, "mail:server", "gone", day(1)); err != nil {
			t.Fatal(err)
		}
		rs, err := s.Runs(ctx, "a", 0)
		if err != nil || rs[2].Trace != "job-7-1" || rs[1].Trace != "" {
			t.Errorf("traces of %+v, %v", rs, err)
		}
		if c, err = s.Count(ctx, Tries{}); err != nil {
			t.Fatal(err)
		}
		want := Counts{
			Runs: []RunCount{
				{Source: "a", Kind: "crawl", Result: RunComplete, Runs: 2, Requests: 6, Bytes: 150, Seen: 21, Added: 9, Changed: 2},
				{Source: "a", Kind: "crawl", Result: RunFailed, Runs: 1},
				{Source: "b", Kind: "crawl", Result: RunIncomplete, Runs: 1, Seen: 4, Gone: 1},
				{Source: "b", Kind: "crawl", Result: RunQuarantined, Runs: 1, Seen: 90, Held: 80},
			},
			Sources: []SourceCount{{Source: "a", Complete: day(2).Add(time.Minute)}, {Source: "b", Complete: day(1).Add(time.Minute), Open: day(3)}},
			Notices: 1,
		}
		if diff := cmp.Diff(want, c); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		if n, err := s.Size(ctx); err != nil || n < 10_000 {
			t.Errorf("size %d, %v", n, err)
		}
	})
}

// What was counted of the outbox before is not read again, and comes to the same.
func TestCountTries(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, s *Store) {
		ctx := t.Context()
		var so Tries
		for n, state := range []MailState{MailSent, MailQueued, MailSent} {
			key := MailKey{"kultur", day(n).Format(time.DateOnly)}
			body, err := PackContent(&Content{Subject: "news"})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := s.Post(ctx, Mail{MailKey: key, Kind: "digest", Address: "kultur@example.org", MessageID: key.Period + "@example.org"}, body, []subscription.Reminder(nil)...); err != nil {
				t.Fatal(err)
			}
			if _, err := s.TakeMails(ctx, day(9), 10); err != nil {
				t.Fatal(err)
			}
			if err := s.RecordMails(ctx, []Outcome{{Mail: key, Address: "kultur@example.org", State: state, At: day(n), Due: day(n + 30), Answer: "250 ok"}}); err != nil {
				t.Fatal(err)
			}
			c, err := s.Count(ctx, so)
			if err != nil {
				t.Fatal(err)
			}
			so = c.Tries
			fresh, err := s.Count(ctx, Tries{})
			slices.SortFunc(so.By, func(a, b TryCount) int { return strings.Compare(a.Outcome, b.Outcome) })
			if diff := cmp.Diff(fresh.Tries, so); diff != "" || err != nil {
				t.Errorf("after %d mails (-anew +on): %v\n%s", n+1, err, diff)
			}
			if waiting := min(n, 1); len(c.Mails) != waiting {
				t.Errorf("after %d mails %v wait", n+1, c.Mails)
			}
		}
		if want := []TryCount{{"digest", "later", 1}, {"digest", "sent", 2}}; !slices.Equal(so.By, want) {
			t.Errorf("tries %+v", so)
		}
	})
}

func TestLook(t *testing.T) {
	t.Parallel()
	addresses(t, func(t *testing.T, url string) {
		ctx := t.Context()
		l, err := Inspect(ctx, url)
		if err != nil || len(l.Have) != 0 || l.Fits() || strings.Contains(l.Name, "secret") {
			t.Errorf("before there is a store: %+v, %v", l, err)
		}
		s, err := open(t, url)
		if err != nil {
			t.Fatal(err)
		}
		if l, err = Inspect(ctx, url); err != nil || !l.Fits() {
			t.Errorf("of a store: %+v, %v", l, err)
		}
		if err := errors.Join(s.Fits(ctx), s.Ping(ctx)); err != nil {
			t.Error(err)
		}
		if ms, err := s.Clock(ctx); err != nil || time.Since(time.UnixMilli(ms)).Abs() > time.Minute {
			t.Errorf("clock %d, %v", ms, err)
		}
		// Another program, which is newer, comes by.
		if _, err := s.writer.ExecContext(ctx, "INSERT INTO "+versionTable+" (version_id, is_applied) VALUES (99999, "+map[bool]string{true: "TRUE", false: "1"}[s.locks != nil]+")"); err != nil {
			t.Fatal(err)
		}
		if err := s.Fits(ctx); !errors.Is(err, ErrNewer) {
			t.Errorf("with a newer schema: %v", err)
		}
		if _, err := Inspect(ctx, url); !errors.Is(err, ErrNewer) {
			t.Errorf("with a newer schema: %v", err)
		}
	})
}

// A file that was taken away is missed, though what has it open goes on answering.
func TestFitsWithoutFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "utkik.db")
	s := openAt(t, path)
	if err := os.Rename(path, path+".gone"); err != nil {
		t.Fatal(err)
	}
	if err := s.Fits(t.Context()); err == nil || !strings.Contains(err.Error(), "the database is gone") {
		t.Errorf("got %v", err)
	}
}
