package watch

import (
	"fmt"
	"hash/fnv"
	"strings"
	"time"

	"utkik/crawler/kind"
	"utkik/internal/call"
)

// Hours are the hours of a day, in Brussels, in which sources are read by their rhythm. The zero value is the whole day.
type Hours struct {
	from, length time.Duration // of the day
}

// ParseHours reads hours such as 22:00-06:00; nothing is the whole day.
func ParseHours(s string) (Hours, error) {
	if s == "" {
		return Hours{}, nil
	}
	a, b, ok := strings.Cut(s, "-")
	from, err := time.Parse("15:04", a)
	to, err2 := time.Parse("15:04", b)
	if !ok || err != nil || err2 != nil || from.Equal(to) {
		return Hours{}, fmt.Errorf("hours %q: want two times of day such as 22:00-06:00", s)
	}
	midnight := time.Date(0, 1, 1, 0, 0, 0, 0, time.UTC)
	length := to.Sub(from)
	if length < 0 {
		length += day24
	}
	return Hours{from.Sub(midnight), length}, nil
}

const day24 = 24 * time.Hour

// span is how long the hours are.
func (h Hours) span() time.Duration {
	if h.length == 0 {
		return day24
	}
	return h.length
}

// Hold tells whether t is in the hours.
func (h Hours) Hold(t time.Time) bool {
	t = t.In(call.Brussels())
	since := time.Duration(t.Hour())*time.Hour + time.Duration(t.Minute())*time.Minute + time.Duration(t.Second())*time.Second - h.from
	if since < 0 {
		since += day24
	}
	return since < h.span()
}

// Due tells whether a source is to be read at now: its place in the rhythm has come since last, which is when it was read
// the last time, and now is in the hours. One that was never read is due in the hours at once.
func Due(src kind.Source, last time.Time, hours Hours, now time.Time) bool {
	return src.Enabled && hours.Hold(now) && (last.IsZero() || !now.Before(Next(src, last, hours)))
}

// Next gives the first place of a source in its rhythm after it was read. Places are a hash of the source's id, so that
// sources of one rhythm do not start together, and those of several installations not either, as long as their sources
// are called otherwise. A reading by hand, shortly before, takes the place of the next one.
func Next(src kind.Source, last time.Time, hours Hours) time.Time {
	every := max(src.Every, time.Minute)
	after := last.Add(every / 2)
	h := fnv.New64a()
	h.Write([]byte(src.ID))
	seed := h.Sum64()
	if every < hours.span() {
		offset := time.Duration(seed%uint64(every/time.Second)) * time.Second
		for at := after.Truncate(every).Add(offset); ; at = at.Add(every) {
			if at.After(after) && hours.Hold(at) {
				return at
			}
		}
	}
	// Nobody's place is in the last quarter of the hours: whoever looks seldom, or comes late, would miss it until the next night.
	places := hours.span()
	if hours.length != 0 {
		places -= places / 4
	}
	offset := time.Duration(seed%uint64(max(places/time.Second, 1))) * time.Second
	days := max(int64(every/day24), 1)
	local := after.In(call.Brussels())
	for n := -1; ; n++ {
		date := time.Date(local.Year(), local.Month(), local.Day()+n, 0, 0, 0, 0, time.UTC)
		if (date.Unix()/86400+int64(seed>>32))%days != 0 {
			continue
		}
		// By the clock on the wall: a day of 23 hours has its places as well.
		since := hours.from + offset
		at := time.Date(date.Year(), date.Month(), date.Day(), 0, 0, int(since/time.Second), 0, call.Brussels())
		if at.After(after) {
			return at
		}
	}
}
