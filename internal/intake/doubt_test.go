package intake_test

import (
	"slices"
	"testing"

	"utkik/crawler/kind"
	"utkik/internal/call"
	"utkik/internal/intake"
	"utkik/internal/store"
)

// TestReparseLeavesHeldAlone reads a document again that a crawl did not believe.
func TestReparseLeavesHeldAlone(t *testing.T) {
	w := newWorld(t)
	good, old := many("a", 1, "2026-09-01"), many("a", 1, "2024-09-01")
	w.crawl(reading{list: good})
	w.crawl(reading{list: old})
	want(t, w.crawl(reading{list: old, mode: intake.Reparse, cut: true}))
	if len(w.held) != 1 {
		t.Error("reading it again lets a held call go")
	}
	want(t, w.crawl(reading{list: good}))
	if len(w.held) != 0 {
		t.Error("still held after the portal returned")
	}
	// Nor does it confirm a crowd.
	crowd := append(many("a", 1, "2026-09-01"), many("n", 30, "2026-12-01")...)
	w.crawl(reading{list: crowd})
	w.crawl(reading{list: crowd})
	want(t, w.crawl(reading{list: crowd, mode: intake.Reparse, cut: true}))
	if v := w.crawl(reading{list: crowd}); v.Added != 30 {
		t.Errorf("%d of the crowd are told by the crawl that confirms it, want 30", v.Added)
	}
}

// TestGoneCallComesBack lists a call again that had left after its deadline: as it was it is stale, extended it is news.
func TestGoneCallComesBack(t *testing.T) {
	w := newWorld(t)
	keep := many("k", 1, "2026-12-01")
	old, extended := slices.Concat(keep, []call.Call{open("a", "2026-04-22")}), slices.Concat(keep, []call.Call{open("a", "2026-06-01")})
	w.crawl(reading{list: old})
	w.crawl(reading{list: old})
	w.crawl(reading{list: keep})
	want(t, w.crawl(reading{list: keep}), "a closed status: open -> closed")
	v := w.crawl(reading{list: old})
	if want(t, v); v.Quarantined != 1 {
		t.Errorf("held %d, want the stale row", v.Quarantined)
	}
	want(t, w.crawl(reading{list: extended}), "a deadlines deadlines: 2026-04-22 -> 2026-06-01 material", "a status listed: gone -> listed material")
}

// TestRowThatCannotBeReadInFull shows a known call with one of two deadlines unreadable: the other is not all there is.
func TestRowThatCannotBeReadInFull(t *testing.T) {
	both := open("a", "2026-09-01", "2026-12-01")
	part := open("a", "2026-12-01")
	part.Title = "Other"
	v := intake.Judge(intake.Reading{
		Mode: intake.Crawl, At: newWorld(t).day, Listed: true, Known: []store.Record{{Call: both}},
		Items: []kind.Item{{Call: part, Hold: `deadline "1 Sept" cannot be read`}},
	})
	want(t, v, "a title title: Title of a -> Other")
}

// TestOpenBeforeItsDay marks a forthcoming call as open weeks before its opening day: believed on a usual day, not on one
// when the portal is not itself.
func TestOpenBeforeItsDay(t *testing.T) {
	forthcoming := open("f", "2026-12-01")
	forthcoming.Status = call.StatusForthcoming
	forthcoming.Opens = open("", "2026-08-01").Deadlines[0]
	opened := forthcoming
	opened.Status = call.StatusOpen
	base := many("k", 60, "2026-12-01")
	w := newWorld(t)
	w.crawl(reading{list: slices.Concat(base, []call.Call{forthcoming})})
	v := w.crawl(reading{list: slices.Concat(base, []call.Call{opened}, many("z", 50, "2023-01-01"))})
	if want(t, v); !v.Suspect {
		t.Error("fifty stale rows are not suspect")
	}
	want(t, w.crawl(reading{list: slices.Concat(base, []call.Call{opened})}), "f opened status: forthcoming -> open material")
}
