package store

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestUntoldNotices: the operator is told once of a matter, and once that it is mended.
func TestUntoldNotices(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, s *Store) {
		ctx := t.Context()
		untold := func(want ...string) {
			t.Helper()
			all, err := s.UntoldNotices(ctx)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, n := range all {
				word := " lasts"
				if !n.Mended.IsZero() {
					word = " mended"
				}
				got = append(got, n.Key+word)
			}
			if d := cmp.Diff(want, got); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		}
		must := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		must(s.RaiseNotice(ctx, "a", "a is broken", day(1)))
		must(s.RaiseNotice(ctx, "b", "b is late", day(2)))
		untold("a lasts", "b lasts")
		must(s.NoticeTold(ctx, "a", day(2)))
		must(s.RaiseNotice(ctx, "a", "a is broken still", day(3)))
		untold("b lasts")
		must(s.MendNotice(ctx, "b", day(3))) // nobody was told: nobody need be told that it is mended
		untold()
		must(s.MendNotice(ctx, "a", day(4)))
		untold("a mended")
		must(s.NoticeTold(ctx, "a", day(5)))
		untold()
		must(s.RaiseNotice(ctx, "a", "a is broken again", day(6)))
		untold("a lasts")
		all, err := s.EveryNotice(ctx)
		if err != nil || len(all) != 2 || all[1].Key != "a" || !all[1].Since.Equal(day(6)) {
			t.Errorf("every notice: %+v, %v", all, err)
		}
	})
}
