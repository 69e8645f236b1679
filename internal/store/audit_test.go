package store

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"utkik/internal/call"
	"utkik/internal/subscription"
)

func log(t *testing.T, s *Store, f AuditFilter) []Entry {
	t.Helper()
	got, err := s.AuditLog(t.Context(), f)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func TestAudit(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, s *Store) {
		ctx := t.Context()
		want := []Entry{
			{At: day(3), Who: "mail:berit@example.org", Way: WayWeb, What: "decision.set", On: "ft-portal/1"},
			{At: day(2), Who: "key:import", Way: WayAPI, What: "recipient.add", On: "kultur", Detail: "kultur@example.org"},
			{At: epoch, Who: "root", Way: WayCommand, What: "key.add", On: "import"},
		}
		for _, i := range []int{2, 1, 0} {
			e := want[i]
			if i == 2 {
				e.At = time.Time{}
			}
			if err := s.Audit(ctx, e); err != nil {
				t.Fatal(err)
			}
		}
		for _, tt := range []struct {
			name   string
			filter AuditFilter
			want   []Entry
		}{
			{"all", AuditFilter{}, want},
			{"who", AuditFilter{Who: "key:import"}, want[1:2]},
			{"what", AuditFilter{What: "key.add"}, want[2:]},
			{"on what", AuditFilter{On: "ft-portal/1"}, want[:1]},
			{"days", AuditFilter{Since: day(2), Until: day(3)}, want[1:2]},
			{"limit", AuditFilter{Limit: 2}, want[:2]},
			{"nobody", AuditFilter{Who: "x", What: "key.add"}, nil},
		} {
			if d := cmp.Diff(tt.want, log(t, s, tt.filter), cmpopts.IgnoreFields(Entry{}, "ID")); d != "" {
				t.Errorf("%s (-want +got):\n%s", tt.name, d)
			}
		}
		page := log(t, s, AuditFilter{Limit: 1})
		page = log(t, s, AuditFilter{Limit: 1, Before: page[0].ID})
		if len(page) != 1 || page[0].Who != want[1].Who {
			t.Errorf("the next page: %+v", page)
		}
		if n, err := s.PruneAudit(ctx, day(2)); n != 1 || err != nil {
			t.Errorf("%d are forgotten, %v, want 1", n, err)
		}
		if got := log(t, s, AuditFilter{}); len(got) != 2 {
			t.Errorf("%d stay, want 2", len(got))
		}
		long := strings.Repeat("å", maxAudit)
		if err := s.Audit(ctx, Entry{At: day(4), Who: "x", Detail: long, On: "a\x00b"}); err != nil {
			t.Fatal(err)
		}
		if got := log(t, s, AuditFilter{Limit: 1})[0]; len(got.Detail) > maxAudit || !utf8.ValidString(got.Detail) || !strings.HasSuffix(got.Detail, "å…") || got.On != "a\uFFFDb" {
			t.Errorf("a long text: %+v", got)
		}
	})
}

// A write and its line are kept together or not at all.
func TestAudited(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, s *Store) {
		ctx := t.Context()
		saved(t, s, Batch{Source: "ft-portal", At: day(1), Saves: []Save{{Call: sample("ft-portal", "1")}}})
		lines := func(want int, name string) {
			t.Helper()
			if got := log(t, s, AuditFilter{}); len(got) != want {
				t.Errorf("%s: %d lines, want %d: %+v", name, len(got), want, got)
			}
		}
		lines(0, "nobody asked")
		deed := func() Entry { return Entry{Who: "root", Way: WayCommand, What: "recipient.add", On: "a"} }
		asked := Audited(ctx, deed())
		for _, fresh := range []bool{true, false} {
			if err := s.SaveRecipients(asked, []subscription.Recipient{reader("a")}, fresh); err != nil {
				t.Fatal(err)
			}
		}
		lines(1, "two writes of one deed")
		if _, err := s.Do(Audited(ctx, deed()), Act{At: epoch, Recipient: "b", Act: "resume"}, &subscription.Pause{}); !errors.Is(err, ErrNotFound) {
			t.Errorf("a recipient that is not there: %v", err)
		}
		lines(1, "a write that failed")
		never := Act{At: epoch, Recipient: "a", Act: "unsubscribe", Way: "one-click"}
		for range 2 { // the second changes nothing
			if _, err := s.Do(Audited(ctx, deed()), never, &subscription.Pause{Until: subscription.Never}); err != nil {
				t.Fatal(err)
			}
		}
		lines(2, "what is so already")
		if err := s.Audit(Audited(ctx, deed()), deed()); err != nil {
			t.Fatal(err)
		}
		lines(3, "an entry of its own")

		asked = Audited(ctx, deed())
		var together sync.WaitGroup
		for range 4 {
			together.Go(func() {
				d := subscription.Decision{Key: call.Key{Source: "ft-portal", Ref: "1"}, Recipient: "a", Choice: subscription.Follow, Who: "A", At: epoch}
				if err := s.Decide(asked, d); err != nil {
					t.Error(err)
				}
			})
		}
		together.Wait()
		lines(4, "writes of one deed at once")
	})
}
