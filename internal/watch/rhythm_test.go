package watch_test

import (
	"fmt"
	"testing"
	"time"

	"utkik/crawler/kind"
	"utkik/internal/call"
	"utkik/internal/watch"
)

func hours(t *testing.T, s string) watch.Hours {
	t.Helper()
	h, err := watch.ParseHours(s)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func TestParseHours(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{"22", "22:00", "22:00-", "22:00-24:30", "06:00-06:00", "night"} {
		if _, err := watch.ParseHours(bad); err == nil {
			t.Errorf("%q is read", bad)
		}
	}
	night := hours(t, "22:00-06:00")
	for clock, want := range map[string]bool{"22:00": true, "23:59": true, "03:00": true, "05:59": true, "06:00": false, "12:00": false, "21:59": false} {
		at, err := time.ParseInLocation("2006-01-02 15:04", "2026-05-13 "+clock, call.Brussels())
		if err != nil {
			t.Fatal(err)
		}
		if got := night.Hold(at); got != want {
			t.Errorf("%s is in the night: %v, want %v", clock, got, want)
		}
		if !(watch.Hours{}).Hold(at) {
			t.Errorf("%s is not in the day", clock)
		}
	}
}

// TestRhythm follows sources through weeks, asking every half hour, and counts when they are read: as often as their
// rhythm says, in the hours, and not together.
func TestRhythm(t *testing.T) {
	t.Parallel()
	begin := time.Date(2026, 3, 20, 0, 0, 0, 0, time.UTC) // the clock is put forward in between
	const weeks = 2
	for _, tc := range []struct {
		hours string
		every time.Duration
		want  int
	}{
		{"", 24 * time.Hour, 7 * weeks},
		{"22:00-06:00", 24 * time.Hour, 7 * weeks},
		{"", 7 * 24 * time.Hour, weeks},
		{"22:00-06:00", 7 * 24 * time.Hour, weeks},
		{"", 3 * time.Hour, 8 * 7 * weeks},
		{"22:00-06:00", 12 * time.Hour, 7 * weeks},
	} {
		night := hours(t, tc.hours)
		together := map[time.Time]int{}
		for i := range 38 {
			src := kind.Source{ID: fmt.Sprint("source-", i), Enabled: true, Every: tc.every}
			last, reads := time.Time{}, 0
			for at := begin; at.Before(begin.AddDate(0, 0, 7*weeks)); at = at.Add(30 * time.Minute) {
				if !watch.Due(src, last, night, at) {
					continue
				}
				if !night.Hold(at) {
					t.Fatalf("%+v: %s is read at %s", tc, src.ID, at)
				}
				if !last.IsZero() {
					together[at]++
				}
				last = at
				reads++
			}
			if reads < tc.want-1 || reads > tc.want+1 {
				t.Errorf("%+v: %s is read %d times, want %d", tc, src.ID, reads, tc.want)
			}
		}
		for at, n := range together {
			if n > 16 {
				t.Errorf("%+v: %d of 38 sources are read at %s", tc, n, at)
			}
		}
	}
	off := kind.Source{ID: "off", Every: time.Hour}
	if watch.Due(off, time.Time{}, watch.Hours{}, begin) {
		t.Error("a source that is not enabled is due")
	}
}

// TestByHand: a reading by hand shortly before its place takes the place of the next one.
func TestByHand(t *testing.T) {
	t.Parallel()
	src := kind.Source{ID: "ft-portal", Enabled: true, Every: 24 * time.Hour}
	place := watch.Next(src, time.Date(2026, 5, 13, 0, 0, 0, 0, time.UTC), watch.Hours{})
	if next := watch.Next(src, place.Add(-time.Hour), watch.Hours{}); !next.Equal(place.AddDate(0, 0, 1)) {
		t.Errorf("read an hour before %s, and again at %s", place, next)
	}
}
