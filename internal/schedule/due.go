package schedule

import "time"

// mostDays is how many missed days are caught up. Who was away for longer reads the page.
const mostDays = 14

// Days gives the local days that a digest is to be written of at now, oldest first: those that have ended since the last
// one written of, or since yesterday where there is none. A day's digest is due on the first working day after it, at
// that hour by the clock on the wall. Days that were missed come once each, all together.
func Days(last string, now time.Time, hour int, works func(time.Time) bool) []string {
	today := time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, now.Location())
	var out []string
	for back := mostDays; back >= 1; back-- {
		day := today.AddDate(0, 0, -back)
		name := day.Format(time.DateOnly)
		if last == "" && back > 1 || name <= last {
			continue
		}
		if release(day, hour, works).After(now) {
			break
		}
		out = append(out, name)
	}
	return out
}

// release is when the digest of a day is due. In the night in which the clock jumps over the hour it is one later.
func release(day time.Time, hour int, works func(time.Time) bool) time.Time {
	for n := 1; ; n++ {
		if next := day.AddDate(0, 0, n); works(next) || n > mostDays { // a calendar without working days is no reason to hang
			return time.Date(next.Year(), next.Month(), next.Day(), hour, 0, 0, 0, next.Location())
		}
	}
}

// Nightly tells whether what is done once a night is due at now: the hour has struck since it was done last. Missed
// nights are made good once, as soon as they can be.
func Nightly(last, now time.Time, hour int) bool {
	struck := time.Date(now.Year(), now.Month(), now.Day(), hour, 0, 0, 0, now.Location())
	if struck.After(now) {
		struck = time.Date(now.Year(), now.Month(), now.Day()-1, hour, 0, 0, 0, now.Location())
	}
	return last.Before(struck)
}
