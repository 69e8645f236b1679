package crawler

import (
	"fmt"
	"slices"
	"time"

	"utkik/crawler/kind"
	"utkik/internal/call"
)

// missed tells what a source's listing lacks of what its file expects of a healthy run. Each is a gap: whoever relies on
// silence must hear that the reading is not what it used to be, and what is not in it must not be taken for gone.
func missed(want kind.Expect, items []kind.Item, now time.Time) []kind.Note {
	var out []kind.Note
	miss := func(format string, args ...any) {
		out = append(out, kind.Note{Text: fmt.Sprintf(format, args...), Gap: true, Fault: kind.FaultExpected})
	}
	if want.MinItems > len(items) {
		miss("%d items, fewer than the %d of a healthy run", len(items), want.MinItems)
	}
	if len(items) == 0 {
		return out // of nothing there is nothing more to say
	}
	for _, share := range want.Fields {
		have := 0
		for i := range items {
			if has(&items[i], share.Field) {
				have++
			}
		}
		if float64(have) < share.Least*float64(len(items)) {
			miss("%d of %d items have %s, fewer than the %.0f %% of a healthy run", have, len(items), share.Field, 100*share.Least)
		}
	}
	if want.MaxAge > 0 {
		newest := slices.MaxFunc(items, func(a, b kind.Item) int { return call.Moment.Compare(a.Published, b.Published) }).Published
		switch age := now.Sub(newest.Time()); {
		case newest.IsZero():
			miss("no item says when it was published, and the newest is expected to be at most %s old", days(want.MaxAge))
		case age > want.MaxAge:
			miss("the newest item is of %s, %s ago, older than the %s of a healthy run", newest.Date(), days(age), days(want.MaxAge))
		}
	}
	return out
}

func has(it *kind.Item, field string) bool {
	if field == "published" {
		return !it.Published.IsZero()
	}
	return slices.Contains(it.Call.Stated(), field)
}

func days(d time.Duration) string {
	if d < 48*time.Hour {
		return d.Round(time.Hour).String()
	}
	return fmt.Sprintf("%d days", int(d/(24*time.Hour)))
}
